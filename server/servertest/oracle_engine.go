package servertest

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// Everywhere is where accounts are kept, by the schemes of their URLs.
var Everywhere = slices.Concat([]string{"sqlite"}, storetest.Servers, []string{"ldap"})

// Database is the name of an open database on its server. SQLite's is the path of its file.
func Database(t *testing.T, db *sqldb.DB) string {
	t.Helper()
	var name string
	require.NoError(t, db.Reader().Get(t.Context(), &name, map[string]string{
		"sqlite":   "SELECT file FROM pragma_database_list WHERE name = 'main'",
		"mysql":    "SELECT DATABASE()",
		"postgres": "SELECT current_database()",
	}[db.Dialect.Name]))
	require.NotEmpty(t, name)
	return name
}

// Beside is a second server over the accounts of a fixture, with settings and sessions of its own.
func (w *Fixture) Beside(t *testing.T, options ...Option) *Fixture {
	t.Helper()
	again := func(db *sqldb.DB) *sqldb.DB {
		address := "sqlite://" + Database(t, db) + "?sync=off"
		if db.Dialect.Name != "sqlite" {
			u := ServerURL(t, db.Dialect.Name)
			u.Path = "/" + Database(t, db)
			address = u.String()
		}
		opened, err := sqldb.Open(address)
		require.NoError(t, err)
		return opened
	}
	dir := t.TempDir()
	if w.Directory != nil {
		return directoryFixture(t, *w.Directory, dir, options...)
	}
	all := Databases{Vmail: again(w.Vmail), Panel: again(w.Panel), Amavisd: again(w.Amavisd), Iredapd: again(w.Iredapd)}
	return ServeOn(t, dir, all, "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off", options...)
}

func ServerURL(t *testing.T, engine string) *url.URL {
	t.Helper()
	u, err := url.Parse(storetest.ServerURL(t, engine))
	require.NoError(t, err)
	return u
}

// source is what Postfix and Dovecot have to be told about the database of a fixture.
type source struct {
	table, lines    string                 // the type of Postfix's tables, and how they reach the database
	Driver, connect string                 // the same of Dovecot
	Directory       *storetest.DirectoryAt // nil for a database
}

func (w *Fixture) Source(t *testing.T) source {
	t.Helper()
	if w.Directory != nil {
		return directorySource(*w.Directory)
	}
	return sourceOf(t, w.Vmail.Dialect.Name, Database(t, w.Vmail))
}

// sourceOf reaches the servers by their sockets.
func sourceOf(t *testing.T, engine, database string) source {
	t.Helper()
	if engine == "sqlite" {
		return source{table: "sqlite", lines: "dbpath = " + database + "\n", Driver: "sqlite", connect: database}
	}
	u := ServerURL(t, engine)
	socket := u.Query().Get("socket") + u.Query().Get("host") // MariaDB's, or the directory of PostgreSQL's
	require.NotEmpty(t, socket, "the URL of the server names a socket")
	name := u.User.Username()
	s := source{
		lines:   "hosts = unix:" + socket + "\nuser = " + name + "\ndbname = " + database + "\n",
		connect: "host=" + socket + " user=" + name + " dbname=" + database,
	}
	if engine == "postgres" {
		s.table, s.Driver = "pgsql", "pgsql"
		return s
	}
	options := standardSQL(t)
	s.table, s.Driver = "mysql", "mysql"
	s.lines += "option_file = " + options + "\noption_group = oracle\n"
	s.connect += " option_file=" + options + " option_group=oracle"
	return s
}

// standardSQL is a file that has MariaDB understand the queries as the others do: || joins, and names stand in double
// quotes.
func standardSQL(t *testing.T) string {
	t.Helper()
	file := filepath.Join(OpenDirectory(t), "my.cnf")
	text := []byte("[oracle]\ninit-command = SET sql_mode = 'ANSI'\n")
	require.NoError(t, os.WriteFile(file, text, 0o644)) //nolint:gosec // Dovecot's own user reads it, and it has no secret
	return file
}

// OpenDirectory is a directory that Dovecot's own users can enter. Its name leaves room for those of sockets.
func OpenDirectory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "d")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755)) //nolint:gosec // see above
	return dir
}
