package storetest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqldb"
)

// Servers are the engines that are servers of their own, as the schemes of their URLs.
var Servers = []string{"mysql", "postgres"}

// ServerURL is the URL of the throw-away server of an engine, as one who may do anything there. In a quick run, which
// goes without servers, the test is skipped.
func ServerURL(t testing.TB, engine string) string {
	t.Helper()
	variable := "TEST_" + strings.ToUpper(engine) + "_URL"
	address := os.Getenv(variable)
	switch {
	case address != "":
	case testing.Short():
		t.Skip(variable + " names no server, and a quick run goes without")
	default:
		t.Fatal(variable + " names no server: run scripts/with-backends.sh go test ./..., or go test -short")
	}
	return address
}

// DatabaseURL makes an empty database on the server of an engine, which is removed when the test ends, and returns
// its URL.
func DatabaseURL(t testing.TB, engine string) string {
	t.Helper()
	server := ServerURL(t, engine)
	name := "test_" + strings.ToLower(rand.Text())
	admin, err := sqldb.Open(server)
	require.NoError(t, err)
	create, drop := "CREATE DATABASE "+name, "DROP DATABASE "+name
	switch engine {
	case "mysql":
		create += " CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
	case "postgres":
		drop += " WITH (FORCE)"
	}
	require.NoError(t, admin.Do(t.Context(), create))
	t.Cleanup(func() {
		require.NoError(t, admin.Do(context.WithoutCancel(t.Context()), drop))
		require.NoError(t, admin.Close())
	})
	u, err := url.Parse(server)
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}

// Database is DatabaseURL for a database that is open until the test ends.
func Database(t *testing.T, engine string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(DatabaseURL(t, engine))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// Emptier returns a function that removes all rows of the tables that the database has now. It takes far less time
// than making a fresh database. What the migrations note stays.
func Emptier(t *testing.T, db *sqldb.DB) func(t *testing.T) {
	t.Helper()
	tables, err := db.Reader().Layout(t.Context())
	require.NoError(t, err)
	delete(tables, "goose_db_version")
	return func(t *testing.T) {
		t.Helper()
		require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
			for table := range tables {
				if _, err := tx.Exec(t.Context(), "DELETE FROM "+table); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

// LimitedDatabase makes a database, has create make its tables, and opens it as its owner and as an account that may do what the uses
// say and no more.
func LimitedDatabase(
	t *testing.T, engine string, create func(context.Context, *sqldb.DB) error, uses []sqldb.Use,
) (owner, limited *sqldb.DB) {
	t.Helper()
	address := DatabaseURL(t, engine)
	owner, err := sqldb.Open(address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, owner.Close()) })
	require.NoError(t, create(t.Context(), owner))
	limited, _ = Limited(t, engine, address, uses)
	return owner, limited
}

// Limited opens a database of a test as an account of its own that may do what the uses say and no more, and returns its URL.
func Limited(t *testing.T, engine, database string, uses []sqldb.Use) (*sqldb.DB, string) {
	t.Helper()
	owner, err := sqldb.Open(database)
	require.NoError(t, err)
	u, err := url.Parse(database)
	require.NoError(t, err)
	name := "limited_" + strings.ToLower(rand.Text())[:16]
	account, statements := name, []string{"CREATE ROLE " + name + " LOGIN PASSWORD 'limited'"}
	undo := []string{"DROP OWNED BY " + name, "DROP ROLE " + name}
	if engine == "mysql" {
		account = "'" + name + "'@'localhost'"
		statements, undo = []string{"CREATE USER " + account + " IDENTIFIED BY 'limited'"}, []string{"DROP USER " + account}
	}
	there, err := owner.Reader().Layout(t.Context())
	require.NoError(t, err)
	for _, use := range uses {
		if there[use.Table] != nil {
			statements = append(statements, "GRANT "+strings.Join(use.Rights, ", ")+" ON "+use.Table+" TO "+account)
		}
	}
	if engine == "postgres" {
		statements = append(statements, "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "+account)
	}
	for _, s := range statements {
		require.NoError(t, owner.Do(t.Context(), s), s)
	}
	u.User = url.UserPassword(name, "limited")
	limited, err := sqldb.Open(u.String())
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, limited.Close())
		for _, s := range undo {
			require.NoError(t, owner.Do(context.WithoutCancel(t.Context()), s), s)
		}
		require.NoError(t, owner.Close())
	})
	return limited, u.String()
}
