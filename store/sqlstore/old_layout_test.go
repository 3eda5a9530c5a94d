package sqlstore_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqlstore"
)

// openOld opens a database as an iRedMail of years ago has it: columns that came later and all optional tables are
// missing.
func openOld(t *testing.T, engine string) *sqlstore.Store {
	t.Helper()
	db := withTables(t, engine)
	for _, column := range []string{
		"first_name", "last_name", "mobile", "telephone", "recovery_email", "birthday", "enablesogowebmail",
		"enablesogocalendar", "enablesogoactivesync", "enableimaptls", "enablepop3tls", "mailboxfolder", "department",
	} {
		mustDo(t, db, "ALTER TABLE mailbox DROP COLUMN "+column)
	}
	for _, table := range []string{
		"moderators", "maillists", "maillist_owners", "sender_bcc_domain", "recipient_bcc_domain", "sender_bcc_user",
		"recipient_bcc_user", "sender_relayhost", "deleted_mailboxes", "share_folder", "anyone_shares", "used_quota", "last_login",
	} {
		mustDo(t, db, "DROP TABLE "+table)
	}
	s, err := sqlstore.New(t.Context(), db, sqlstore.DefaultOptions())
	require.NoError(t, err)
	return s
}

func TestAccountsOnOldLayout(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) { useOldLayout(t, openOld(t, engine)) })
	}
}

// TestMadeOnOldLayout has a create tell what an old layout keeps of it, which is what reading returns.
func TestMadeOnOldLayout(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			s := openOld(t, engine)
			w, text := store.Write{Actor: store.Actor{Global: true}}, "x@elsewhere.test"
			change, err := s.CreateDomain(t.Context(), w, store.DomainCreate{
				Name: "a.test", SenderBcc: text, RecipientBcc: text, OutboundRelay: "[192.0.2.1]", Catchall: []string{text},
				AliasDomains: []string{"b.test"}, Services: &[]string{"wiki"}, MinPasswordLength: 9, NumberOfLists: 3,
			})
			require.NoError(t, err)
			domain, err := s.Domain(t.Context(), "a.test")
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(any(domain), change.Made))
			require.Empty(t, domain.SenderBcc+domain.RelayHost)
			change, err = s.CreateUser(t.Context(), w, store.UserCreate{
				Mail: "ann@a.test", Password: "{SSHA}x", Name: text, FirstName: text, LastName: text, Department: text, Global: true,
				Forwarding: []string{text}, Aliases: []string{"anna@b.test"}, SenderBcc: text, RecipientBcc: "no@a.test",
				Services: &[]string{"imap", "imaptls", "sogowebmail"}, Telephone: []string{"1"}, Mobile: []string{"2"},
			})
			require.NoError(t, err, "who gets no copies need not be there")
			user, err := s.User(t.Context(), "ann@a.test")
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(any(user), change.Made))
			require.Empty(t, user.SenderBcc+user.FirstName)
		})
	}
}

func useOldLayout(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	w := store.Write{Actor: store.Actor{Global: true}}
	text, phones := "x@elsewhere.test", []string{"+49 30 1"}
	_, err := s.CreateDomain(t.Context(), w, store.DomainCreate{Name: "a.test"})
	require.NoError(t, err)
	change, err := s.CreateUser(t.Context(), w, store.UserCreate{Mail: "ann@a.test", Password: "{SSHA}x", Active: true})
	require.NoError(t, err)
	require.Nil(t, change.After.Get("mailboxfolder"))
	_, err = s.CreateAlias(t.Context(), w, store.AliasCreate{Mail: "team@a.test", Members: []string{"ann@a.test"}, Active: true})
	require.NoError(t, err)

	_, err = s.UpdateUser(t.Context(), w, "ann@a.test", store.UserUpdate{
		Name: &text, FirstName: &text, LastName: &text, Department: &text, Telephone: &phones, Mobile: &phones, SenderBcc: &text, RecipientBcc: &text,
		Services: store.Set{Replace: &[]string{"imap", "imaptls", "sogowebmail"}},
	})
	require.NoError(t, err)
	u, err := s.User(t.Context(), "ann@a.test")
	require.NoError(t, err)
	require.Equal(t, text, u.Stored.Get("name"))
	require.Equal(t, int64(1), u.Stored.Get("enableimap"))
	require.Equal(t, int64(0), u.Stored.Get("enablesmtp"))
	require.Nil(t, u.Stored.Get("first_name"))
	require.Nil(t, u.Stored.Get("department"))
	require.Empty(t, u.SenderBcc)
	require.Equal(t, text, u.Name)
	require.Equal(t, []string{"imap"}, u.Services)
	require.Empty(t, u.FirstName+u.LastName+u.Department+u.MailboxFolder)
	require.Equal(t, [][]string{{}, {}}, [][]string{u.Telephone, u.Mobile})
	require.False(t, u.Created.IsZero())
	require.Equal(t, []string{"team@a.test"}, u.MailingAliases)

	_, err = s.RenameUser(t.Context(), w, "ann@a.test", "zoe@a.test")
	require.NoError(t, err)
	a, err := s.Alias(t.Context(), "team@a.test")
	require.NoError(t, err)
	require.Equal(t, []string{"zoe@a.test"}, a.Members)
	require.Equal(t, []string{}, a.Moderators)
	_, err = s.RenameAlias(t.Context(), w, "team@a.test", "crew@a.test")
	require.NoError(t, err)
	_, err = s.DeleteUser(t.Context(), w, "zoe@a.test", 7)
	require.NoError(t, err)
	_, err = s.DeleteAlias(t.Context(), w, "crew@a.test")
	require.NoError(t, err)
}
