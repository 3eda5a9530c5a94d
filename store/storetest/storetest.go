package storetest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// Fixture is a fresh store to test.
type Fixture struct {
	Accounts store.Accounts
	// SQL is the database below, to look at rows and to fill in what other programs write; nil on a directory.
	SQL *sqldb.DB
	// Directory is the directory below, and Panel iRedAdmin's database beside it; nil on SQL.
	Directory *DirectoryAt
	Panel     *sqldb.DB
	// Break makes every later insert, update and delete on the table fail until mend is called. On a directory, which has no
	// tables, it is every write.
	Break func(t *testing.T, table string) (mend func())
}

// Open returns a fresh store, closed when the test ends.
type Open func(t *testing.T) Fixture

// Accounts runs the whole suite of store.Accounts.
func Accounts(t *testing.T, open Open) {
	t.Helper()
	open = counted(t, open)
	t.Run("identity", func(t *testing.T) { identities(t, open) })
	t.Run("domain", func(t *testing.T) { domains(t, open) })
	t.Run("admin", func(t *testing.T) { admins(t, open) })
	t.Run("user", func(t *testing.T) { users(t, open) })
	t.Run("alias", func(t *testing.T) { aliases(t, open) })
	t.Run("ml", func(t *testing.T) { mls(t, open) })
	t.Run("lists", func(t *testing.T) { lists(t, open) })
	t.Run("usage", func(t *testing.T) { usages(t, open) })
	t.Run("made", func(t *testing.T) { made(t, open) })
	t.Run("tenants", func(t *testing.T) { tenants(t, open) })
	t.Run("spellings", func(t *testing.T) { spellings(t, open) })
	t.Run("rights", func(t *testing.T) { rights(t, open) })
	t.Run("leftovers", func(t *testing.T) { leftovers(t, open) })
	t.Run("parameters", func(t *testing.T) { parameters(t, open) })
	t.Run("computed", func(t *testing.T) { computed(t, open) })
}

// counted notes at the end of a suite how many stores it asked for, which is the same on every engine.
func counted[T any](t *testing.T, open func(t *testing.T) T) func(t *testing.T) T {
	t.Helper()
	n := 0
	t.Cleanup(func() { Count(t, "subtests with a store of their own", n) })
	return func(t *testing.T) T {
		t.Helper()
		n++
		return open(t)
	}
}

// Count notes how much a test covered, in the file that the variable TEST_COUNTS names when there is one.
func Count(t *testing.T, what string, n int) {
	t.Helper()
	line := fmt.Sprintf("%s: %d %s\n", t.Name(), n, what)
	t.Log(line)
	path := os.Getenv("TEST_COUNTS")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = f.WriteString(line)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// asGlobal is a write by a global admin, which no cap binds.
var asGlobal = store.Write{Actor: store.Actor{Username: "root@elsewhere.test", Global: true, API: true}}

// by is a write by an admin that is bound by its caps.
func by(username string) store.Write {
	return store.Write{Actor: store.Actor{Username: username, API: true}}
}

// ctx is the context of every call in the suite.
func ctx(t *testing.T) context.Context { return t.Context() }

// row reads one row as text; a missing row fails the test.
func row(t *testing.T, f Fixture, query string, args ...any) store.Record {
	t.Helper()
	records := rows(t, f, query, args...)
	require.Len(t, records, 1, "rows of %s", query)
	return records[0]
}

// rows reads rows.
func rows(t *testing.T, f Fixture, query string, args ...any) []store.Record {
	t.Helper()
	require.NotNil(t, f.SQL, "this engine has no tables")
	records, err := f.SQL.Reader().Records(ctx(t), query, args...)
	require.NoError(t, err)
	return records
}

// exec writes what another program would write.
func exec(t *testing.T, f Fixture, query string, args ...any) {
	t.Helper()
	require.NotNil(t, f.SQL, "this engine has no tables")
	require.NoError(t, f.SQL.Write(ctx(t), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx(t), query, args...)
		return err
	}))
}

// requireCode asserts an error of that code and kind.
func requireCode(t *testing.T, err error, kind store.Kind, code string) {
	t.Helper()
	var e *store.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code, "%v", err)
	require.Equal(t, kind, e.Kind, "%v", err)
}

func ptr[T any](v T) *T { return &v }

// mustDomain makes a domain without limits.
func mustDomain(t *testing.T, f Fixture, name string) {
	t.Helper()
	_, err := f.Accounts.CreateDomain(ctx(t), asGlobal, store.DomainCreate{Name: name})
	require.NoError(t, err)
}

// aHash is a stored password; the suite never logs in with it.
const aHash = store.Secret("{SSHA}Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE=")

// mustUser makes an active mailbox.
func mustUser(t *testing.T, f Fixture, mail string) {
	t.Helper()
	_, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{Mail: mail, Password: aHash, Active: true})
	require.NoError(t, err)
}

// mustAlias makes an active alias account.
func mustAlias(t *testing.T, f Fixture, mail string, members ...string) {
	t.Helper()
	_, err := f.Accounts.CreateAlias(ctx(t), asGlobal, store.AliasCreate{Mail: mail, Members: members, Active: true})
	require.NoError(t, err)
}
