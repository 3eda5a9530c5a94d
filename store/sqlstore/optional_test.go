package sqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqlstore"
)

// openWithout opens a database that lacks the tables.
func openWithout(t *testing.T, engine string, tables ...string) (*sqlstore.Store, error) {
	t.Helper()
	db := withTables(t, engine)
	for _, table := range tables {
		mustDo(t, db, "DROP TABLE "+table)
	}
	return sqlstore.New(t.Context(), db, sqlstore.DefaultOptions())
}

func TestTablesThatAreMissing(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) { useWithout(t, engine) })
	}
}

func useWithout(t *testing.T, engine string) {
	t.Helper()
	w := store.Write{Actor: store.Actor{Username: "root@elsewhere.test", Global: true}}
	t.Run("required", func(t *testing.T) {
		_, err := openWithout(t, engine, "forwardings")
		require.ErrorContains(t, err, "forwardings")
	})
	t.Run("optional", func(t *testing.T) {
		s, err := openWithout(t, engine, "moderators", "maillists", "maillist_owners", "sender_bcc_domain", "recipient_bcc_domain",
			"sender_bcc_user", "recipient_bcc_user", "sender_relayhost", "deleted_mailboxes", "share_folder", "anyone_shares",
			"used_quota", "last_login")
		require.NoError(t, err)
		copies, relay := "copy@foreign.example", "relay.example"
		_, err = s.CreateDomain(t.Context(), w, store.DomainCreate{Name: "a.test", SenderBcc: copies, NumberOfLists: 5})
		require.NoError(t, err)
		_, err = s.CreateUser(t.Context(), w, store.UserCreate{Mail: "user@a.test", Password: "{PLAIN}x", Active: true})
		require.NoError(t, err)
		_, err = s.UpdateDomain(t.Context(), w, "a.test", store.DomainUpdate{RecipientBcc: &copies, OutboundRelay: &relay})
		require.NoError(t, err)

		d, err := s.Domain(t.Context(), "a.test")
		require.NoError(t, err)
		require.Empty(t, d.SenderBcc)
		require.Empty(t, d.RelayHost)
		require.Zero(t, d.Lists)
		require.Equal(t, int64(1), d.Users)
		_, err = s.DeleteDomain(t.Context(), w, "a.test", 7)
		require.NoError(t, err)
		_, err = s.Domain(t.Context(), "a.test")
		require.True(t, store.HasCode(err, store.CodeNoSuchDomain))
	})
}
