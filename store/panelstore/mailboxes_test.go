package panelstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

func TestMailboxesOnSQLite(t *testing.T) {
	storetest.Mailboxes(t, func(t *testing.T) storetest.MailboxesFixture {
		t.Helper()
		db := open(t)
		require.NoError(t, panelstore.Schema.Migrate(t.Context(), db))
		return storetest.MailboxesFixture{Mailboxes: panelstore.NewMailboxes(db), SQL: db}
	})
}

func TestMailboxesOnMySQL(t *testing.T) { mailboxesOnServer(t, "mysql") }

func TestMailboxesOnPostgres(t *testing.T) { mailboxesOnServer(t, "postgres") }

func mailboxesOnServer(t *testing.T, engine string) {
	t.Helper()
	db := storetest.Database(t, engine)
	require.NoError(t, panelstore.Schema.Create(t.Context(), db))
	require.NoError(t, panelstore.MailboxSchema.Create(t.Context(), db))
	require.Error(t, panelstore.MailboxSchema.Create(t.Context(), db), "again")
	empty := storetest.Emptier(t, db)
	storetest.Mailboxes(t, func(t *testing.T) storetest.MailboxesFixture {
		t.Helper()
		empty(t)
		return storetest.MailboxesFixture{Mailboxes: panelstore.NewMailboxes(db), SQL: db}
	})
}

// A panel without those tables knows nothing about mailboxes, and that is fine.
func TestMailboxesWithoutTables(t *testing.T) {
	dbs := map[string]*sqldb.DB{"sqlite": open(t)}
	if !testing.Short() {
		for _, engine := range storetest.Servers {
			dbs[engine] = storetest.Database(t, engine)
		}
	}
	for engine, db := range dbs {
		t.Run(engine, func(t *testing.T) {
			m := panelstore.NewMailboxes(db)
			used, err := m.MailboxUsage(t.Context(), []string{"anna@example.com"})
			require.NoError(t, err)
			require.Empty(t, used)
			used, err = m.MailboxUsageWhere(t.Context(), func(string) bool { return true })
			require.NoError(t, err)
			require.Empty(t, used)
			require.NoError(t, m.KeepMailboxes(t.Context(), []store.KeptMailbox{{Mail: "anna@example.com", Maildir: "/var/vmail/anna"}}))
			require.NoError(t, m.ForgetMailboxes(t.Context(), "example.com"))
			require.NoError(t, m.RenameMailbox(t.Context(), "anna@example.com", "anne@example.com"))
		})
	}
}
