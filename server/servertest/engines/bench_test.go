package engines_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	passwords "github.com/postern-mail/postern/store/password"
)

// fetch calls a real server over loopback, on one kept connection.
func fetch(b *testing.B, handler http.Handler, cookie *http.Cookie, method string, path func(i int) string, body string) {
	b.Helper()
	s := httptest.NewServer(handler)
	defer s.Close()
	b.ReportAllocs()
	for i := range b.N {
		r, err := http.NewRequestWithContext(b.Context(), method, s.URL+path(i), strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		if body != "" {
			r.Header.Set("Content-Type", servertest.JSONType)
		}
		r.AddCookie(cookie)
		answer, err := s.Client().Do(r)
		if err != nil {
			b.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode >= 300 {
			b.Fatal(answer.Status, string(text), err)
		}
		_ = answer.Body.Close()
	}
}

// BenchmarkPipeline is the way of a request without any database: who am I, against a handler that writes the same
// bytes.
func BenchmarkPipeline(b *testing.B) {
	w := servertest.NewFixture(b, servertest.Quiet)
	root := w.Root()
	body := []byte(root.Get("/api/whoami").Raw)
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", servertest.JSONType)
		_, _ = w.Write(body)
	})
	engine := gin.New()
	engine.GET("/api/whoami", func(c *gin.Context) { c.Data(http.StatusOK, servertest.JSONType, body) })
	for name, handler := range map[string]http.Handler{"bare": bare, "gin": engine, "postern": w.Handler} {
		b.Run(name, func(b *testing.B) { fetch(b, handler, root.Cookie, "GET", servertest.Fixed("/api/whoami"), "") })
	}
}

// reads are the statements that reading one mailbox takes.
var reads = []string{
	"SELECT * FROM mailbox WHERE username = ?",
	`SELECT address, forwarding, is_forwarding, is_alias, is_list FROM forwardings WHERE address IN (?) AND is_forwarding = 1 UNION
	 SELECT address, forwarding, is_forwarding, is_alias, is_list FROM forwardings WHERE forwarding IN (?1) AND (is_alias = 1 OR is_list = 1) ORDER BY 1, 2`,
	"SELECT username, domain FROM domain_admins WHERE username IN (?) ORDER BY username, domain",
	"SELECT username AS mail, bcc_address AS value FROM sender_bcc_user WHERE username IN (?) ORDER BY username",
	"SELECT username AS mail, bcc_address AS value FROM recipient_bcc_user WHERE username IN (?) ORDER BY username",
	"SELECT account AS mail, relayhost AS value FROM sender_relayhost WHERE account IN (?) ORDER BY account",
	"SELECT username, bytes, messages FROM used_quota WHERE username IN (?) ORDER BY username",
	"SELECT username, imap, pop3, lda FROM last_login WHERE username IN (?) ORDER BY username",
}

// BenchmarkGetUser reads one mailbox, against a handler that runs the same statements and writes the same bytes.
func BenchmarkGetUser(b *testing.B) {
	const path, mail = "/api/user/anna@example.com", "anna@example.com"
	w := servertest.NewFixture(b, servertest.Quiet)
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.MustUser(mail, nil)
	body := []byte(root.Get(path).Raw)
	db := openBare(b, w, "vmail.db")
	bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, query := range reads {
			if err := drain(r.Context(), db, query, mail); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		w.Header().Set("Content-Type", servertest.JSONType)
		_, _ = w.Write(body)
	})
	for name, handler := range map[string]http.Handler{"bare": bare, "postern": w.Handler} {
		b.Run(name, func(b *testing.B) { fetch(b, handler, root.Cookie, "GET", servertest.Fixed(path), "") })
	}
}

func openBare(b *testing.B, w *servertest.Fixture, name string) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+w.Dir+"/"+name+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_txlock=immediate")
	require.NoError(b, err)
	b.Cleanup(func() { _ = db.Close() })
	return db
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// drain reads every column of every row.
func drain(ctx context.Context, db querier, query string, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err = rows.Scan(targets...); err != nil {
			return err
		}
	}
	return rows.Err()
}

// BenchmarkCreateUser makes mailboxes, against a handler that makes the same hash and runs the same statements: what
// has to be known before, one transaction on the accounts, and a row in the panel's log.
func BenchmarkCreateUser(b *testing.B) {
	var serial atomic.Int64
	next := func(int) string { return fmt.Sprintf("/api/user/u%d@example.com", serial.Add(1)) }
	w := servertest.NewFixture(b, servertest.Quiet)
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.MustUser("anna@example.com", nil)
	creator := newBareCreator(b, w)
	bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := creator.create(r.Context(), strings.TrimPrefix(r.URL.Path, "/api/user/")); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", servertest.JSONType)
		_, _ = io.WriteString(w, `{"_success":true}`)
	})
	for name, handler := range map[string]http.Handler{"bare": bare, "postern": w.Handler} {
		b.Run(name, func(b *testing.B) {
			fetch(b, handler, root.Cookie, "POST", next, `{"password":"`+servertest.Password+`"}`)
		})
	}
}

// bareCreator makes mailboxes with nothing but database/sql.
type bareCreator struct {
	accounts, panel *sql.DB
	insert          string // of a whole row of mailbox
	row             store.Record
}

func newBareCreator(b *testing.B, w *servertest.Fixture) *bareCreator {
	b.Helper()
	rows, err := w.Vmail.Reader().Records(b.Context(), "SELECT * FROM mailbox WHERE username = 'anna@example.com'")
	require.NoError(b, err)
	columns := make([]string, len(rows[0]))
	for i, f := range rows[0] {
		columns[i] = w.Vmail.Dialect.Quote(f.Name)
	}
	insert := "INSERT INTO mailbox (" + strings.Join(columns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")"
	return &bareCreator{openBare(b, w, "vmail.db"), openBare(b, w, "iredadmin.db"), insert, rows[0]}
}

func (c *bareCreator) create(ctx context.Context, mail string) error {
	if err := drain(ctx, c.panel, "SELECT k, v FROM settings WHERE account = 'global' ORDER BY k"); err != nil {
		return err
	}
	if err := drain(ctx, c.accounts, "SELECT active, settings FROM domain WHERE domain = ?", "example.com"); err != nil {
		return err
	}
	hash, err := passwords.Hash(passwords.SSHA, servertest.Password)
	if err != nil {
		return err
	}
	tx, err := c.accounts.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do
	for _, query := range []string{
		"SELECT domain, maxquota, mailboxes, aliases, COALESCE(settings, '') AS settings FROM domain WHERE domain = 'example.com' OR domain = ?",
		"SELECT alias_domain, target_domain FROM alias_domain WHERE alias_domain IN (?) ORDER BY alias_domain",
		`SELECT username FROM mailbox WHERE username IN (?) UNION SELECT address FROM alias WHERE address IN (?1)
		 UNION SELECT address FROM forwardings WHERE address IN (?1) UNION SELECT address FROM maillists WHERE address IN (?1)`,
		"SELECT username FROM admin WHERE username IN (?)",
	} {
		if err = drain(ctx, tx, query, mail); err != nil {
			return err
		}
	}
	values := make([]any, len(c.row))
	for i, f := range c.row {
		values[i] = f.Value
	}
	values[0], values[1] = mail, hash.Reveal()
	for _, step := range []struct {
		query string
		args  []any
	}{
		{c.insert, values},
		{"DELETE FROM domain_admins WHERE username = ?", []any{mail}},
		{"INSERT INTO forwardings (address, forwarding, domain, dest_domain, is_forwarding, is_alias, is_list, active) VALUES (?, ?, ?, ?, 1, 0, 0, 1)",
			[]any{mail, mail, "example.com", "example.com"}},
	} {
		if _, err = tx.ExecContext(ctx, step.query, step.args...); err != nil {
			return err
		}
	}
	if err = tx.Commit(); err != nil {
		return err
	}
	_, err = c.panel.ExecContext(ctx, "INSERT INTO log (timestamp, admin, ip, domain, username, event, loglevel, msg) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		time.Now().UTC(), servertest.RootMail, "127.0.0.1", "example.com", "", "create", "info", "[API] Create user "+mail+".")
	return err
}
