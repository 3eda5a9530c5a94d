package sqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

func TestAccountsOnMySQL(t *testing.T) {
	storetest.Accounts(t, onServer(t, "mysql", breakOnMySQL))
}

func breakOnMySQL(db *sqldb.DB) func(t *testing.T, table string) func() {
	return func(t *testing.T, table string) func() {
		t.Helper()
		for _, e := range []string{"INSERT", "UPDATE", "DELETE"} {
			mustDo(t, db, "CREATE TRIGGER break_"+e+" BEFORE "+e+" ON "+table+
				" FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'broken by the test'")
		}
		return mending(t, db, "DROP TRIGGER break_INSERT", "DROP TRIGGER break_UPDATE", "DROP TRIGGER break_DELETE")
	}
}

// TestOtherSpellingsOnMySQL is about rows of other programs that are not in lower case: MySQL finds them all the same.
func TestOtherSpellingsOnMySQL(t *testing.T) {
	f := onServer(t, "mysql", breakOnMySQL)(t)
	w := store.Write{Actor: store.Actor{Global: true}}
	mustDo(t, f.SQL, "INSERT INTO domain (domain) VALUES ('A.Test')",
		"INSERT INTO mailbox (username, domain) VALUES ('Ann@A.Test', 'A.Test')",
		"INSERT INTO forwardings (address, forwarding, domain, dest_domain, is_forwarding)"+
			" VALUES ('Ann@A.Test', 'Ann@A.Test', 'A.Test', 'A.Test', 1)",
		"INSERT INTO alias_domain (alias_domain, target_domain) VALUES ('B.Test', 'A.Test')",
		"INSERT INTO admin (username) VALUES ('Boss@Elsewhere.Test')")

	u, err := f.Accounts.User(t.Context(), "ann@a.test")
	require.NoError(t, err)
	require.Equal(t, []string{"Ann@A.Test"}, u.Forwardings)
	list, err := f.Accounts.Users(t.Context(), store.UserFilter{Domain: "a.test"}, store.PageRequest{})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)

	_, err = f.Accounts.CreateUser(t.Context(), w, store.UserCreate{Mail: "ann@a.test", Password: "{PLAIN}x"})
	require.True(t, store.HasCode(err, store.CodeAlreadyExists), "%v", err)
	for _, name := range []string{"a.test", "b.test"} {
		_, err = f.Accounts.CreateDomain(t.Context(), w, store.DomainCreate{Name: name})
		require.True(t, store.HasCode(err, store.CodeAlreadyExists), "%v", err)
	}
	_, err = f.Accounts.CreateAdmin(t.Context(), w, store.AdminCreate{Mail: "boss@elsewhere.test", Password: "{PLAIN}x"})
	require.True(t, store.HasCode(err, store.CodeAlreadyExists), "%v", err)

	for _, member := range []string{"ann@a.test", "ann@b.test"} {
		alias := store.AliasCreate{Mail: "to" + member[4:5] + "@a.test", Members: []string{member}}
		change, err := f.Accounts.CreateAlias(t.Context(), w, alias)
		require.NoError(t, err)
		require.Empty(t, change.Discarded)
	}
	_, err = f.Accounts.UpdateDomainAdmins(t.Context(), w, "a.test", store.Set{Add: []string{"boss@elsewhere.test", "ann@a.test"}})
	require.NoError(t, err)
	_, err = f.Accounts.UpdateUser(t.Context(), w, "ann@a.test", store.UserUpdate{Aliases: store.Set{Add: []string{"info@b.test"}}})
	require.NoError(t, err)
	_, err = f.Accounts.DeleteUser(t.Context(), w, "ann@a.test", 0)
	require.NoError(t, err)
	_, err = f.Accounts.User(t.Context(), "ann@a.test")
	require.True(t, store.IsNotFound(err), "%v", err)
}
