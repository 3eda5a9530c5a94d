package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/storetest"
)

// secret is a password in URLs, which must never be seen. The throw-away PostgreSQL takes any; MariaDB's root has none.
const secret = "hunter2"

// withPassword puts the password into a URL where the server does not mind.
func withPassword(t *testing.T, engine, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	if engine == "postgres" {
		u.User = url.UserPassword(u.User.Username(), secret)
	}
	return u.String()
}

// configure sets up a server with databases that are empty as yet.
func configure(t *testing.T, engine string, keys ...string) {
	t.Helper()
	without(t)
	t.Setenv("POSTERN_BACKEND", engine)
	t.Setenv("POSTERN_DATA_DIR", t.TempDir())
	for _, key := range keys {
		t.Setenv(variable(key), withPassword(t, engine, storetest.DatabaseURL(t, engine)))
	}
}

func onServers(t *testing.T, test func(t *testing.T, engine string)) {
	t.Helper()
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) { test(t, engine) })
	}
}

func requireHidden(t *testing.T, out result, err error) {
	t.Helper()
	require.NotContains(t, out.stdout+out.stderr, secret)
	if err != nil {
		require.NotContains(t, err.Error(), secret)
	}
}

func TestSchemaCreate(t *testing.T) {
	onServers(t, func(t *testing.T, engine string) {
		configure(t, engine, "vmail_dsn", "iredadmin_dsn", "state_dsn")
		out, err := command(t, "check")
		require.ErrorContains(t, err, `POSTERN_VMAIL_DSN: `)
		require.ErrorContains(t, err, `no table "admin"`)
		require.ErrorContains(t, err, `POSTERN_IREDADMIN_DSN: `)
		require.NotContains(t, err.Error(), "POSTERN_STATE_DSN")
		requireHidden(t, out, err)
		_, err = command(t, "jobs", "run", "sessions-purge")
		require.ErrorContains(t, err, `no table "log"`)
		require.ErrorContains(t, err, "`postern schema create` makes")

		out, err = command(t, "schema", "create")
		require.NoError(t, err)
		require.Equal(t, 2, strings.Count(out.stdout, "has its tables now"))
		requireHidden(t, out, err)
		out, err = command(t, "check")
		require.NoError(t, err)
		requireHidden(t, out, err)

		out, err = command(t, "schema", "create")
		require.ErrorContains(t, err, `POSTERN_VMAIL_DSN: `)
		require.ErrorContains(t, err, `POSTERN_IREDADMIN_DSN: `)
		require.ErrorContains(t, err, "already")
		require.NotContains(t, out.stdout, "now")
		requireHidden(t, out, err)
	})
	t.Run("sqlite", func(t *testing.T) {
		without(t)
		dir := filepath.Join(t.TempDir(), "data")
		out, err := command(t, "schema", "create", "--data-dir", dir)
		require.NoError(t, err)
		require.Contains(t, out.stdout, "`postern serve` creates")
		require.NoDirExists(t, dir)
	})
}

func TestSchemaIndexes(t *testing.T) {
	onServers(t, func(t *testing.T, engine string) {
		configure(t, engine)
		t.Setenv("POSTERN_VMAIL_DSN", engine+"://u:"+secret+"@127.0.0.1:1/vmail") // nobody has to be there
		out, err := command(t, "schema", "indexes")
		require.NoError(t, err)
		require.Equal(t, strings.Join(sqlstore.Schema.Indexes(engine), ";\n")+";\n", out.stdout)
		requireHidden(t, out, err)
	})
	t.Run("sqlite", func(t *testing.T) {
		without(t)
		out, err := command(t, "schema", "indexes")
		require.NoError(t, err)
		require.NotContains(t, out.stdout, "CREATE")
	})
}

func TestServeOnServers(t *testing.T) {
	const mail, password = "root@elsewhere.test", "Winter-1958-rain"
	for name, keys := range map[string][]string{
		"with everything":     {"vmail_dsn", "iredadmin_dsn", "state_dsn"},
		"with accounts alone": {"vmail_dsn"},
	} {
		onServers(t, func(t *testing.T, engine string) {
			t.Run(name, func(t *testing.T) {
				configure(t, engine, keys...)
				_, err := command(t, "schema", "create")
				require.NoError(t, err)
				t.Setenv("POSTERN_ADMIN", mail)
				t.Setenv("POSTERN_ADMIN_PASSWORD", password)
				r := mustStart(t)
				status, text := r.get(t, "/readyz")
				require.Equal(t, http.StatusOK, status, text)
				require.True(t, r.login(t, mail, password))
				require.False(t, r.login(t, mail, password+"x"))
				_, err = os.Stat(filepath.Join(os.Getenv("POSTERN_DATA_DIR"), "state.db"))
				require.Equal(t, len(keys) == 1, err == nil, "state is in a file of ours unless it is elsewhere")

				c, err := read(t)
				require.NoError(t, err)
				s, err := openStores(t.Context(), c, c.logger(os.Stderr))
				require.NoError(t, err)
				defer func() { require.NoError(t, s.close()) }()
				_, err = s.accounts.CreateDomain(t.Context(), asProgram, store.DomainCreate{Name: "example.com"})
				require.NoError(t, err)
				require.Equal(t, len(keys) == 1, s.panel == nil)
				if s.panel != nil {
					requireLogged(t, c, "example.com")
				}
			})
		})
	}
	onServers(t, func(t *testing.T, engine string) {
		t.Run("nobody becomes admin unasked", func(t *testing.T) {
			configure(t, engine, "vmail_dsn")
			_, err := command(t, "schema", "create")
			require.NoError(t, err)
			r := mustStart(t)
			require.NotContains(t, r.greets, "Password")
			require.NoFileExists(t, filepath.Join(os.Getenv("POSTERN_DATA_DIR"), "initial-admin"))
		})
		t.Run("a server that is not there", func(t *testing.T) {
			configure(t, engine)
			t.Setenv("POSTERN_VMAIL_DSN", engine+"://u:"+secret+"@127.0.0.1:1/vmail")
			_, err := start(t)
			require.ErrorContains(t, err, "POSTERN_VMAIL_DSN: ")
			requireHidden(t, result{}, err)
			out, err := command(t, "check")
			require.ErrorContains(t, err, "connection refused")
			requireHidden(t, out, err)
		})
		t.Run("state among the tables of another program", func(t *testing.T) {
			configure(t, engine, "vmail_dsn", "iredadmin_dsn")
			_, err := command(t, "schema", "create")
			require.NoError(t, err)
			// The same database by another name.
			u, err := url.Parse(os.Getenv("POSTERN_IREDADMIN_DSN"))
			require.NoError(t, err)
			require.NoError(t, os.Unsetenv("POSTERN_IREDADMIN_DSN"))
			t.Setenv("POSTERN_STATE_DSN", u.String())
			for _, args := range [][]string{{"check"}, {"jobs", "run", "sessions-purge"}} {
				_, err = command(t, args...)
				require.ErrorContains(t, err, "tables of another program")
			}
		})
	})
}

func requireLogged(t *testing.T, c Config, domain string) {
	t.Helper()
	db, err := sqldb.Open(c.IredadminDSN.Reveal())
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	rows, err := db.Reader().Records(t.Context(), "SELECT event FROM log WHERE domain = ?", domain)
	require.NoError(t, err)
	require.Equal(t, []store.Record{{{Name: "event", Value: "create"}}}, rows)
}
