package storetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func createUser(t *testing.T, open Open) {
	t.Run("with everything", func(t *testing.T) {
		f := withDomain(t, open)
		change, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{
			Mail: "ann@a.test", Name: "Änne 王", Password: aHash, Active: true, Language: "de_DE", Quota: ptr[int64](2048),
			MailboxFormat: "mdbox", MailboxFolder: "Mail", Maildir: "/srv/mail/ann",
			FirstName: "Änne", LastName: "Berg", EmployeeID: "E-7",
		})
		require.NoError(t, err)
		require.Equal(t, store.ActionCreate, change.Action)
		require.Equal(t, store.NounUser, change.Noun)
		require.Equal(t, "ann@a.test", change.Name)
		require.Equal(t, "a.test", change.Domain)
		require.Nil(t, change.Before)
		require.NotNil(t, change.After)
		require.Empty(t, change.Discarded)
		require.False(t, change.EndsSessions)
		require.False(t, change.Lasting)

		u := mustReadUser(t, f, "ann@a.test")
		require.Equal(t, "ann@a.test", u.Mail)
		require.Equal(t, aHash, u.Password)
		require.Equal(t, []string{"ann@a.test"}, u.Forwardings)
		for column, want := range map[string]any{
			"name": "Änne 王", "language": "de_DE", "quota": int64(2048), "mailboxformat": "mdbox", "mailboxfolder": "Mail",
			"storagebasedirectory": "/srv", "storagenode": "mail", "maildir": "ann", "domain": "a.test", "active": int64(1),
			"first_name": "Änne", "last_name": "Berg", "employeeid": "E-7", "transport": "", "isadmin": int64(0), "isglobaladmin": int64(0), "rank": "normal", "allow_nets": nil,
			"settings": "", "password": aHash.Reveal(),
		} {
			requireMailbox(t, f, "ann@a.test", column, want)
		}
	})
	t.Run("with defaults", func(t *testing.T) {
		f := withUser(t, open)
		u := mustReadUser(t, f, "ann@a.test")
		require.Equal(t, []string{"ann@a.test"}, u.Forwardings)
		require.Equal(t, []string{}, u.Aliases)
		require.Equal(t, []string{}, u.Domains)
		require.Equal(t, []string{}, u.MailingAliases)
		require.Equal(t, []string{}, u.MailingLists)
		require.Empty(t, u.Settings)
		require.Empty(t, u.LastLogin)
		for column, want := range map[string]any{
			"name": "", "language": "", "quota": int64(0), "mailboxformat": "maildir", "mailboxfolder": "Maildir",
			"enableimap": int64(1), "enablesogowebmail": "y", "enabledeliver": int64(1),
		} {
			requireMailbox(t, f, "ann@a.test", column, want)
		}
		requireColumn(t, f, []any{"ann@a.test"}, "SELECT username FROM mailbox WHERE created = modified AND"+
			" created = passwordlastchange AND created > '2020-01-01 00:00:00' AND expired > '9999-01-01 00:00:00'")
	})
	t.Run("delivers to itself", func(t *testing.T) {
		f := withUser(t, open)
		requireColumn(t, f, []any{"ann@a.test"}, "SELECT address FROM forwardings WHERE address = forwarding AND domain = 'a.test'"+
			" AND dest_domain = 'a.test' AND is_forwarding = 1 AND is_alias = 0 AND is_list = 0 AND active = 1")
	})
	t.Run("disabled", func(t *testing.T) {
		f := withDomain(t, open)
		_, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{Mail: "ann@a.test", Password: aHash})
		require.NoError(t, err)
		requireMailbox(t, f, "ann@a.test", "active", int64(0))
		requireCell(t, f, int64(0), "SELECT active FROM forwardings WHERE address = 'ann@a.test'")
	})
	t.Run("hides the password", func(t *testing.T) {
		f := withDomain(t, open)
		change, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{Mail: "ann@a.test", Password: aHash})
		require.NoError(t, err)
		shown, err := change.After.MarshalJSON()
		require.NoError(t, err)
		require.NotContains(t, string(shown), aHash.Reveal())
		u := mustReadUser(t, f, "ann@a.test")
		require.Nil(t, u.Stored.Get("password"))
		require.Nil(t, u.Stored.Get("settings"))
	})
	t.Run("dry run writes nothing", func(t *testing.T) {
		f := withDomain(t, open)
		same := unchanged(t, f)
		w := asGlobal
		w.DryRun = true
		change, err := f.Accounts.CreateUser(ctx(t), w, store.UserCreate{Mail: "ann@a.test", Password: aHash})
		require.NoError(t, err)
		require.Equal(t, store.ActionCreate, change.Action)
		require.NotEmpty(t, change.After)
		same()
		_, err = f.Accounts.User(ctx(t), "ann@a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("is no admin by what was left behind", func(t *testing.T) {
		f := withDomain(t, open)
		if f.Directory != nil {
			f.Directory.Put(t, f.Directory.DomainDN("a.test"), "domainAdmin", "ann@a.test")
		} else {
			exec(t, f, "INSERT INTO domain_admins (username, domain) VALUES ('ann@a.test', 'ALL')")
		}
		mustUser(t, f, "ann@a.test")
		require.Empty(t, mustReadUser(t, f, "ann@a.test").Domains)
	})
}

func createUserFails(t *testing.T, open Open) {
	for name, c := range map[string]struct {
		user store.UserCreate
		code string
	}{
		"format":       {store.UserCreate{MailboxFormat: "mbox"}, store.CodeInvalidMailboxFormat},
		"folder":       {store.UserCreate{MailboxFolder: "../up"}, store.CodeInvalidMailboxFolder},
		"long folder":  {store.UserCreate{MailboxFolder: strings.Repeat("a", 21)}, store.CodeInvalidMailboxFolder},
		"language":     {store.UserCreate{Language: "german"}, store.CodeInvalidLanguage},
		"long name":    {store.UserCreate{Name: strings.Repeat("ä", 256)}, store.CodeValueTooLong},
		"quota":        {store.UserCreate{Quota: ptr[int64](-1)}, store.CodeInvalidNumber},
		"path":         {store.UserCreate{Maildir: "srv/mail"}, store.CodeInvalidPath},
		"shared path":  {store.UserCreate{Maildir: "/var/vmail"}, store.CodeInvalidPath},
		"climbing out": {store.UserCreate{Maildir: "/var/vmail/vmail1/x/../../../etc"}, store.CodeInvalidPath},
	} {
		t.Run("bad "+name, func(t *testing.T) {
			f := withDomain(t, open)
			same := unchanged(t, f)
			c.user.Mail, c.user.Password = "ann@a.test", aHash
			_, err := f.Accounts.CreateUser(ctx(t), asGlobal, c.user)
			requireCode(t, err, store.Invalid, c.code)
			same()
		})
	}
	t.Run("longest name", func(t *testing.T) {
		f := withDomain(t, open)
		_, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{
			Mail: "ann@a.test", Password: aHash, Name: strings.Repeat("ä", 255),
		})
		require.NoError(t, err)
	})
	t.Run("unknown domain", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{Mail: "ann@a.test", Password: aHash})
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	t.Run("alias domain", func(t *testing.T) {
		f := withDomain(t, open)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: adding("b.test")})
		_, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{Mail: "ann@b.test", Password: aHash})
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	for _, table := range []string{"mailbox", "forwardings"} {
		t.Run("whole or absent without "+table, func(t *testing.T) {
			f := withDomain(t, open)
			same := unchanged(t, f)
			mend := f.Break(t, table)
			_, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{Mail: "ann@a.test", Password: aHash})
			require.Error(t, err)
			mend()
			same()
			mustUser(t, f, "ann@a.test")
		})
	}
}

func createUserSettings(t *testing.T, open Open) {
	t.Run("services that the domain switches off", func(t *testing.T) {
		f := withDomain(t, open)
		if f.Directory != nil {
			f.Directory.Put(t, f.Directory.DomainDN("a.test"), "accountSetting",
				"disabledMailService:imap", "disabledMailService:managesieve", "disabledMailService:sogowebmail")
		} else {
			exec(t, f, "UPDATE domain SET settings = 'disabled_mail_services:imap,managesieve,sogowebmail;'")
		}
		mustUser(t, f, "ann@a.test")
		for column, want := range map[string]any{
			"enableimap": int64(0), "enablemanagesieve": int64(0), "enablesieve": int64(0), "enablesogowebmail": "n",
			"enableimapsecured": int64(1), "enablesogocalendar": "y",
		} {
			requireMailbox(t, f, "ann@a.test", column, want)
		}
	})
	t.Run("joins the default groups that exist", func(t *testing.T) {
		f := withDomain(t, open)
		needSQL(t, f)
		mustAlias(t, f, "all@a.test")
		mustAlias(t, f, "idle@a.test")
		_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "idle@a.test", store.AliasUpdate{Active: ptr(false)})
		require.NoError(t, err)
		exec(t, f, "UPDATE domain SET settings = 'default_groups:all@a.test,gone@a.test,idle@a.test;'")
		mustUser(t, f, "ann@a.test")
		require.Equal(t, []string{"all@a.test", "idle@a.test"}, mustReadUser(t, f, "ann@a.test").MailingAliases)
		requireColumn(t, f, []any{int64(1), int64(0)}, "SELECT active FROM forwardings WHERE is_list = 1 ORDER BY address")
	})
}

func createUserTaken(t *testing.T, open Open) {
	for name, take := range map[string]func(t *testing.T, f Fixture){
		"by a mailbox":       func(t *testing.T, f Fixture) { mustUser(t, f, "x@a.test") },
		"by an alias":        func(t *testing.T, f Fixture) { mustAlias(t, f, "x@a.test") },
		"by a disabled user": func(t *testing.T, f Fixture) { mustDisabledUser(t, f, "x@a.test") },
		"by another's alias": func(t *testing.T, f Fixture) {
			mustUser(t, f, "ann@a.test")
			mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Aliases: adding("x@a.test")})
		},
		"by a list": func(t *testing.T, f Fixture) { addMailingList(t, f, "x@a.test") },
		"by a bare row": func(t *testing.T, f Fixture) {
			needSQL(t, f)
			exec(t, f, "INSERT INTO forwardings (address, forwarding, domain) VALUES ('x@a.test', 'y@elsewhere.test', 'a.test')")
		},
		"by a standalone admin": func(t *testing.T, f Fixture) { addStandalone(t, f, "x@a.test", "x") },
	} {
		t.Run(name, func(t *testing.T) {
			f := withDomain(t, open)
			take(t, f)
			same := unchanged(t, f)
			_, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{Mail: "x@a.test", Password: aHash})
			requireCode(t, err, store.Conflict, store.CodeAlreadyExists)
			_, err = f.Accounts.CreateAlias(ctx(t), asGlobal, store.AliasCreate{Mail: "x@a.test"})
			requireCode(t, err, store.Conflict, store.CodeAlreadyExists)
			same()
		})
	}
	t.Run("not by the same local part elsewhere", func(t *testing.T) {
		f := withUser(t, open)
		mustDomain(t, f, "b.test")
		mustUser(t, f, "ann@b.test")
	})
}

// mustDisabledUser makes a mailbox that is switched off.
func mustDisabledUser(t *testing.T, f Fixture, mail string) {
	t.Helper()
	_, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{Mail: mail, Password: aHash})
	require.NoError(t, err)
}
