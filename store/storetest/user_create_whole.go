package storetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// aroundUser opens a store with what a mailbox in a.test may name.
func aroundUser(t *testing.T, open Open) Fixture {
	t.Helper()
	f := withDomain(t, open)
	mustDomain(t, f, "b.test")
	mustUser(t, f, "bob@a.test")
	mustUser(t, f, "eve@b.test")
	mustUpdateUser(t, f, "bob@a.test", store.UserUpdate{Aliases: adding("bobby@a.test")})
	mustAlias(t, f, "team@a.test")
	mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: adding("alias.test")})
	return f
}

// wholeUser is a mailbox to be with everything that an update takes.
func wholeUser() store.UserCreate {
	return store.UserCreate{
		Mail: "ann@a.test", Name: "Änne 王", Password: aHash, Active: true, Language: "de_DE", Quota: ptr[int64](2048),
		MailboxFormat: "mdbox", MailboxFolder: "Mail", Maildir: "/srv/mail/ann",
		FirstName: "Änne", LastName: "Berg", EmployeeID: "E-7", Department: "Lager", Transport: "smtp:[192.0.2.10]:25", Global: true,
		Forwarding: []string{"x@elsewhere.test", "ann@a.test", "eve@b.test", "anna@a.test", "x@elsewhere.test"},
		Aliases:    []string{"info@alias.test", "anna@a.test"},
		SenderBcc:  "ann@a.test", RecipientBcc: "bobby@alias.test",
		Services:  &[]string{"imap", "smtp", "sogo", "sogowebmail", "deliver"},
		Telephone: []string{"+49 30 1"}, Mobile: []string{"+49 170 1"},
	}
}

func createUserWhole(t *testing.T, open Open) {
	t.Run("is what an update makes of it", func(t *testing.T) {
		c := wholeUser()
		f := aroundUser(t, open)
		change, err := f.Accounts.CreateUser(ctx(t), refusing, c)
		require.NoError(t, err)
		require.Equal(t, store.ActionCreate, change.Action)
		require.Empty(t, change.Discarded)
		made := everythingButTimes(t, f)

		f = aroundUser(t, open)
		_, err = f.Accounts.CreateUser(ctx(t), refusing, store.UserCreate{Mail: c.Mail, Password: aHash, Active: true, Maildir: c.Maildir})
		require.NoError(t, err)
		mustUpdateUser(t, f, c.Mail, store.UserUpdate{Aliases: store.Set{Replace: &c.Aliases}})
		mustUpdateUser(t, f, c.Mail, store.UserUpdate{
			Name: &c.Name, Quota: c.Quota, Language: &c.Language, FirstName: &c.FirstName, LastName: &c.LastName,
			EmployeeID: &c.EmployeeID, Department: &c.Department, Transport: &c.Transport, Global: &c.Global,
			Forwarding: store.Set{Replace: &c.Forwarding}, SenderBcc: &c.SenderBcc, RecipientBcc: &c.RecipientBcc,
			Services:      store.Set{Replace: c.Services},
			MailboxFormat: &c.MailboxFormat, MailboxFolder: &c.MailboxFolder, Telephone: &c.Telephone, Mobile: &c.Mobile,
		})
		requireSame(t, everythingButTimes(t, f), made)
	})
	t.Run("reads as it was given", func(t *testing.T) {
		f := aroundUser(t, open)
		_, err := f.Accounts.CreateUser(ctx(t), refusing, wholeUser())
		require.NoError(t, err)
		u := mustReadUser(t, f, "ann@a.test")
		require.Equal(t, []string{"ann@a.test", "anna@a.test", "eve@b.test", "x@elsewhere.test"}, u.Forwardings)
		require.Equal(t, []string{"anna@a.test", "info@alias.test"}, u.Aliases)
		require.Equal(t, []string{"ALL"}, u.Domains)
		require.Equal(t, "ann@a.test", u.SenderBcc)
		require.Equal(t, "bobby@alias.test", u.RecipientBcc)
		for column, want := range map[string]any{
			"department": "Lager", "transport": "smtp:[192.0.2.10]:25", "isglobaladmin": int64(1), "telephone": "+49 30 1", "mobile": "+49 170 1",
			"enableimap": int64(1), "enablesogowebmail": "y", "enablelmtp": int64(1), "enablepop3": int64(0), "enablesogocalendar": "n",
			"enabledoveadm": int64(1),
		} {
			requireMailbox(t, f, "ann@a.test", column, want)
		}
		identity, err := f.Accounts.Identity(ctx(t), "ann@a.test")
		require.NoError(t, err)
		require.True(t, identity.Global)
	})
	t.Run("switched off", func(t *testing.T) {
		f := aroundUser(t, open)
		c := wholeUser()
		c.Active = false
		_, err := f.Accounts.CreateUser(ctx(t), refusing, c)
		require.NoError(t, err)
		of := " WHERE active = 1 AND "
		requireNoRows(t, f, "SELECT forwarding FROM forwardings"+of+"(address = 'ann@a.test' OR forwarding = 'ann@a.test')")
		requireNoRows(t, f, "SELECT bcc_address FROM sender_bcc_user"+of+"username = 'ann@a.test'")
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Active: ptr(true)})
		requireNoRows(t, f, "SELECT forwarding FROM forwardings WHERE active = 0")
		requireNoRows(t, f, "SELECT bcc_address FROM recipient_bcc_user WHERE active = 0")
	})
	for name, c := range map[string]struct {
		forwarding, want []string
	}{
		"forwarding without a copy": {[]string{"x@elsewhere.test"}, []string{"x@elsewhere.test"}},
		"forwarding with a copy":    {[]string{"x@elsewhere.test", "ann@a.test"}, []string{"ann@a.test", "x@elsewhere.test"}},
		"forwarding to itself":      {[]string{"ann@a.test"}, []string{"ann@a.test"}},
		"forwarding to its own extension": {
			[]string{"ann+x@a.test", "ann@alias.test"}, []string{"ann+x@a.test", "ann@alias.test"},
		},
		"no forwarding": {nil, []string{"ann@a.test"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := aroundUser(t, open)
			_, err := f.Accounts.CreateUser(ctx(t), refusing, store.UserCreate{
				Mail: "ann@a.test", Password: aHash, Active: true, Forwarding: c.forwarding,
			})
			require.NoError(t, err)
			require.Equal(t, c.want, forwardings(t, f, "ann@a.test"))
		})
	}
	t.Run("numbers that a table does not keep", func(t *testing.T) {
		f := aroundUser(t, open)
		phones, mobiles := []string{"1", "2"}, []string{"3", "4"}
		want := []store.Adjustment{
			{Field: "telephoneNumber", Asked: phones, Stored: phones[:1]}, {Field: "mobile", Asked: mobiles, Stored: mobiles[:1]},
		}
		if f.Directory != nil {
			want = nil
		}
		change, err := f.Accounts.CreateUser(ctx(t), refusing, store.UserCreate{Mail: "ann@a.test", Password: aHash, Telephone: phones, Mobile: mobiles})
		require.NoError(t, err)
		require.Equal(t, want, change.Adjusted)
		require.Equal(t, want, mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Telephone: &phones, Mobile: &mobiles}).Adjusted)
		require.Empty(t, mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Telephone: ptr(phones[:1]), Mobile: ptr([]string{})}).Adjusted)
	})
	t.Run("numbers that are the same to a directory", func(t *testing.T) {
		f := aroundUser(t, open)
		numbers := []string{"+49 30 1", "+49-301", "+49 30 1", "+49 30 2"}
		var want []store.Adjustment
		for _, field := range []string{"telephoneNumber", "mobile"} {
			stored := numbers[:1]
			if f.Directory != nil {
				stored = []string{"+49 30 1", "+49 30 2"}
			}
			want = append(want, store.Adjustment{Field: field, Asked: numbers, Stored: stored})
		}
		change, err := f.Accounts.CreateUser(ctx(t), refusing, store.UserCreate{Mail: "ann@a.test", Password: aHash, Telephone: numbers, Mobile: numbers})
		require.NoError(t, err)
		require.Equal(t, want, change.Adjusted)
		require.Equal(t, want, mustUpdateUser(t, f, "bob@a.test", store.UserUpdate{Telephone: &numbers, Mobile: &numbers}).Adjusted)
		require.Equal(t, want[0].Stored, mustReadUser(t, f, "bob@a.test").Telephone)
		twice := []string{"1", "1"}
		require.Empty(t, mustUpdateUser(t, f, "bob@a.test", store.UserUpdate{Telephone: &twice}).Adjusted)
		require.Equal(t, twice[:1], mustReadUser(t, f, "bob@a.test").Telephone)
	})
	t.Run("no services at all", func(t *testing.T) {
		f := aroundUser(t, open)
		_, err := f.Accounts.CreateUser(ctx(t), refusing, store.UserCreate{Mail: "ann@a.test", Password: aHash, Services: &[]string{}})
		require.NoError(t, err)
		for column, want := range map[string]any{"enableimap": int64(0), "enablesogowebmail": "n", "enabledoveadm": int64(1)} {
			requireMailbox(t, f, "ann@a.test", column, want)
		}
	})
	t.Run("where something was left behind", func(t *testing.T) {
		f := aroundUser(t, open)
		if f.Directory != nil {
			f.Directory.Put(t, f.Directory.DomainDN("b.test"), "domainAdmin", "ann@a.test")
		} else {
			exec(t, f, "INSERT INTO domain_admins (username, domain) VALUES ('ann@a.test', 'ALL'), ('ann@a.test', 'b.test')")
			exec(t, f, "INSERT INTO forwardings (address, forwarding, domain, dest_domain, is_alias, active)"+
				" VALUES ('anna@a.test', 'ann@a.test', 'a.test', 'a.test', 1, 0)")
			for _, table := range []string{"sender_bcc_user", "recipient_bcc_user"} {
				exec(t, f, "INSERT INTO "+table+" (username, bcc_address, domain) VALUES ('ann@a.test', 'old@elsewhere.test', 'a.test')")
			}
		}
		_, err := f.Accounts.CreateUser(ctx(t), refusing, wholeUser())
		require.NoError(t, err)
		u := mustReadUser(t, f, "ann@a.test")
		require.Equal(t, []string{"anna@a.test", "info@alias.test"}, u.Aliases)
		require.Equal(t, "ann@a.test", u.SenderBcc)
		require.Equal(t, []string{"ALL"}, u.Domains)
		_, err = f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{Mail: "root@elsewhere.test", Password: aHash, Active: true, Global: true})
		require.NoError(t, err)
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Global: ptr(false)})
		require.Empty(t, mustReadUser(t, f, "ann@a.test").Domains)
	})
}

func createUserRefused(t *testing.T, open Open) {
	for name, c := range map[string]struct {
		user        store.UserCreate
		kind        store.Kind
		code, field string
	}{
		"long department": {
			store.UserCreate{Department: strings.Repeat("ä", 256)}, store.Invalid, store.CodeValueTooLong, "department",
		},
		"long telephone": {
			store.UserCreate{Telephone: []string{"1", strings.Repeat("1", 256)}}, store.Invalid, store.CodeValueTooLong, "telephoneNumber",
		},
		"long mobile": {
			store.UserCreate{Mobile: []string{strings.Repeat("1", 256)}}, store.Invalid, store.CodeValueTooLong, "mobile",
		},
		"transport of a list": {
			store.UserCreate{Transport: "mlmmj:b.test/lst"}, store.Invalid, store.CodeInvalidTransport, "transport",
		},
		"service that is no name": {
			store.UserCreate{Services: &[]string{"imap", "no service"}}, store.Invalid, store.CodeInvalidService, "services",
		},
		"forwarding to nobody": {
			store.UserCreate{Forwarding: []string{"x@elsewhere.test", "gone@a.test"}}, store.Unprocessable, store.CodeNoSuchAccount, "forwarding",
		},
		"forwarding to nobody under an alias domain": {
			store.UserCreate{Forwarding: []string{"ann@a.test", "gone+x@alias.test"}}, store.Unprocessable, store.CodeNoSuchAccount, "forwarding",
		},
		"further address that a mailbox has": {
			store.UserCreate{Aliases: []string{"anna@a.test", "bob@a.test"}}, store.Conflict, store.CodeAlreadyExists, "aliases",
		},
		"further address that another has": {
			store.UserCreate{Aliases: []string{"anna@a.test", "bobby@alias.test"}}, store.Conflict, store.CodeAlreadyExists, "aliases",
		},
		"further address that is its own": {
			store.UserCreate{Aliases: []string{"anna@a.test", "ann@a.test"}}, store.Conflict, store.CodeAlreadyExists, "aliases",
		},
		"further address that is its own under an alias domain": {
			store.UserCreate{Aliases: []string{"anna@a.test", "ann@alias.test"}}, store.Conflict, store.CodeAlreadyExists, "aliases",
		},
		"further address elsewhere": {
			store.UserCreate{Aliases: []string{"anna@a.test", "ann@b.test"}}, store.Invalid, store.CodeInvalidMail, "aliases",
		},
		"copy of what it sends to nobody": {
			store.UserCreate{SenderBcc: "gone@a.test"}, store.Unprocessable, store.CodeNoSuchAccount, "senderBcc",
		},
		"copy of what it gets to nobody": {
			store.UserCreate{RecipientBcc: "gone@alias.test"}, store.Unprocessable, store.CodeNoSuchAccount, "recipientBcc",
		},
		"too many further addresses": {
			store.UserCreate{Forwarding: manyAddresses(store.MostItems + 1)}, store.Conflict, store.CodeTooManyItems, "forwarding",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := aroundUser(t, open)
			same := unchanged(t, f)
			c.user.Mail, c.user.Password = "ann@a.test", aHash
			_, err := f.Accounts.CreateUser(ctx(t), refusing, c.user)
			requireCode(t, err, c.kind, c.code)
			requireField(t, err, c.field)
			same()
			mustUser(t, f, "ann@a.test")
		})
	}
	for _, table := range []string{"mailbox", "forwardings", "sender_bcc_user", "recipient_bcc_user", "domain_admins"} {
		t.Run("whole or absent without "+table, func(t *testing.T) {
			f := aroundUser(t, open)
			same := unchanged(t, f)
			mend := f.Break(t, table)
			_, err := f.Accounts.CreateUser(ctx(t), refusing, wholeUser())
			require.Error(t, err)
			mend()
			same()
			_, err = f.Accounts.CreateUser(ctx(t), refusing, wholeUser())
			require.NoError(t, err, "a repeat goes through")
		})
	}
	t.Run("dry run", func(t *testing.T) {
		f := aroundUser(t, open)
		same := unchanged(t, f)
		w := refusing
		w.DryRun = true
		_, err := f.Accounts.CreateUser(ctx(t), w, wholeUser())
		require.NoError(t, err)
		same()
	})
}

func createUserDropping(t *testing.T, open Open) {
	t.Run("some", func(t *testing.T) {
		f := aroundUser(t, open)
		change, err := f.Accounts.CreateUser(ctx(t), dropping, store.UserCreate{
			Mail: "ann@a.test", Password: aHash,
			Forwarding: []string{"gone@a.test", "x@elsewhere.test"}, Aliases: []string{"bob@a.test", "anna@a.test", "ann@a.test", "x@b.test"},
			Services: &[]string{"imap", "no service"},
		})
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"gone@a.test", "bob@a.test", "ann@a.test", "x@b.test", "no service"}, change.Discarded)
		u := mustReadUser(t, f, "ann@a.test")
		require.Equal(t, []string{"x@elsewhere.test"}, u.Forwardings)
		require.Equal(t, []string{"anna@a.test"}, u.Aliases)
	})
	t.Run("all", func(t *testing.T) {
		f := aroundUser(t, open)
		change, err := f.Accounts.CreateUser(ctx(t), dropping, store.UserCreate{
			Mail: "ann@a.test", Password: aHash, Forwarding: []string{"gone@a.test"}, Aliases: []string{"bob@a.test"},
		})
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"gone@a.test", "bob@a.test"}, change.Discarded)
		u := mustReadUser(t, f, "ann@a.test")
		require.Equal(t, []string{"ann@a.test"}, u.Forwardings)
		require.Empty(t, u.Aliases)
	})
	t.Run("not copies", func(t *testing.T) {
		f := aroundUser(t, open)
		same := unchanged(t, f)
		_, err := f.Accounts.CreateUser(ctx(t), dropping, store.UserCreate{Mail: "ann@a.test", Password: aHash, SenderBcc: "gone@a.test"})
		requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
		same()
	})
}
