package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// domains is the suite of store.Domains.
func domains(t *testing.T, open Open) {
	t.Run("create", func(t *testing.T) { createDomain(t, open) })
	t.Run("create wrongly", func(t *testing.T) { createDomainWrongly(t, open) })
	t.Run("create with what an update takes", func(t *testing.T) { createDomainWhole(t, open) })
	t.Run("create with what an update refuses", func(t *testing.T) { createDomainRefused(t, open) })
	t.Run("create with what an update drops", func(t *testing.T) { createDomainDropping(t, open) })
	t.Run("creator", func(t *testing.T) { domainCreator(t, open) })
	t.Run("caps", func(t *testing.T) { domainCaps(t, open) })
	t.Run("read", func(t *testing.T) { readDomain(t, open) })
	t.Run("list", func(t *testing.T) { listDomains(t, open) })
	t.Run("update", func(t *testing.T) { updateDomain(t, open) })
	t.Run("update settings", func(t *testing.T) { updateDomainSettings(t, open) })
	t.Run("update delivery", func(t *testing.T) { updateDomainDelivery(t, open) })
	t.Run("transports and next hops", func(t *testing.T) { transports(t, open) })
	t.Run("copies", func(t *testing.T) { domainBcc(t, open) })
	t.Run("catch-all", func(t *testing.T) { domainCatchall(t, open) })
	t.Run("alias domains", func(t *testing.T) { aliasDomains(t, open) })
	t.Run("names", func(t *testing.T) { domainNames(t, open) })
	t.Run("admins", func(t *testing.T) { domainAdmins(t, open) })
	t.Run("delete", func(t *testing.T) { deleteDomain(t, open) })
	t.Run("delete references", func(t *testing.T) { deleteDomainReferences(t, open) })
	t.Run("large", func(t *testing.T) { largeDomains(t, open) })
}

// mustReadDomain reads a domain.
func mustReadDomain(t *testing.T, f Fixture, name string) store.Domain {
	t.Helper()
	d, err := f.Accounts.Domain(ctx(t), name)
	require.NoError(t, err)
	return d
}

// mustUpdateDomain changes a domain.
func mustUpdateDomain(t *testing.T, f Fixture, name string, u store.DomainUpdate) store.Change {
	t.Helper()
	change, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, name, u)
	require.NoError(t, err)
	return change
}

func createDomain(t *testing.T, open Open) {
	t.Run("with nothing", func(t *testing.T) {
		f := open(t)
		change, err := f.Accounts.CreateDomain(ctx(t), asGlobal, store.DomainCreate{Name: "a.test"})
		require.NoError(t, err)
		require.Equal(t, store.ActionCreate, change.Action)
		require.Equal(t, store.NounDomain, change.Noun)
		require.Equal(t, "a.test", change.Name)
		require.Equal(t, "a.test", change.Domain)
		require.Nil(t, change.Before)
		require.NotNil(t, change.After)
		require.False(t, change.EndsSessions)
		require.False(t, change.Lasting)

		d := mustReadDomain(t, f, "a.test")
		require.Equal(t, "a.test", d.Name)
		require.Empty(t, d.Settings)
		for _, list := range [][]string{d.Catchall, d.AliasDomains, d.Admins} {
			require.NotNil(t, list)
			require.Empty(t, list)
		}
		requireCell(t, f, "dovecot", "SELECT transport FROM domain")
		requireCell(t, f, int64(1), "SELECT active FROM domain")
		requireCell(t, f, int64(0), "SELECT backupmx FROM domain")
		requireCell(t, f, "", "SELECT settings FROM domain")
		requireCell(t, f, int64(1), "SELECT COUNT(*) FROM domain"+
			" WHERE created > '2020-01-01 00:00:00' AND expired > '9000-01-01 00:00:00'")
		requireNoRows(t, f, "SELECT username FROM domain_admins")
	})
	t.Run("with everything", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "b.test")
		mustUser(t, f, "copy@b.test")
		_, err := f.Accounts.CreateDomain(ctx(t), asGlobal, store.DomainCreate{
			Name: "a.test", Description: "Ünï & 株式会社", Quota: 5000, Language: "de_DE", Transport: "smtp:[10.0.0.5]:25",
			DefaultQuota: 100, MaxUserQuota: 200, NumberOfUsers: 10, NumberOfAliases: 20, NumberOfLists: -1,
			SenderBcc: "copy@b.test", RecipientBcc: "copy@foreign.example",
		})
		require.NoError(t, err)
		d := mustReadDomain(t, f, "a.test")
		require.Equal(t, int64(5000), d.Quota)
		require.Equal(t, "copy@b.test", d.SenderBcc)
		require.Equal(t, "copy@foreign.example", d.RecipientBcc)
		for key, want := range map[string]any{
			"default_language": "de_DE", "default_user_quota": int64(100), "max_user_quota": int64(200),
		} {
			require.Equal(t, want, domainSetting(t, f, "a.test", key), key)
		}
		of := " FROM domain WHERE domain = 'a.test'"
		requireCell(t, f, "Ünï & 株式会社", "SELECT description"+of)
		requireCell(t, f, int64(5000), "SELECT maxquota"+of)
		requireCell(t, f, "smtp:[10.0.0.5]:25", "SELECT transport"+of)
		requireCell(t, f, int64(10), "SELECT mailboxes"+of)
		requireCell(t, f, int64(20), "SELECT aliases"+of)
		requireCell(t, f, int64(-1), "SELECT maillists"+of)
		requireCell(t, f, "default_language:de_DE;default_user_quota:100;max_user_quota:200;", "SELECT settings"+of)
		requireCell(t, f, int64(1), "SELECT active FROM sender_bcc_domain")
	})
	t.Run("dry run", func(t *testing.T) {
		f := open(t)
		same := unchanged(t, f)
		dry := asGlobal
		dry.DryRun = true
		change, err := f.Accounts.CreateDomain(ctx(t), dry, store.DomainCreate{Name: "a.test"})
		require.NoError(t, err)
		require.Equal(t, "a.test", change.Name)
		same()
		_, err = f.Accounts.Domain(ctx(t), "a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	t.Run("whole or absent", func(t *testing.T) {
		f := open(t)
		same := unchanged(t, f)
		mend := f.Break(t, "recipient_bcc_domain")
		d := store.DomainCreate{Name: "a.test", RecipientBcc: "copy@foreign.example"}
		_, err := f.Accounts.CreateDomain(ctx(t), asGlobal, d)
		require.Error(t, err)
		mend()
		same()
		_, err = f.Accounts.CreateDomain(ctx(t), asGlobal, d)
		require.NoError(t, err, "a repeat goes through")
	})
}

func createDomainWrongly(t *testing.T, open Open) {
	t.Run("twice", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		same := unchanged(t, f)
		_, err := f.Accounts.CreateDomain(ctx(t), asGlobal, store.DomainCreate{Name: "a.test", Description: "other"})
		requireCode(t, err, store.Conflict, store.CodeAlreadyExists)
		same()
	})
	t.Run("named like an alias domain", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: store.Set{Add: []string{"alias.test"}}})
		_, err := f.Accounts.CreateDomain(ctx(t), asGlobal, store.DomainCreate{Name: "alias.test"})
		requireCode(t, err, store.Conflict, store.CodeAlreadyExists)
	})
	for name, wrong := range map[string]struct {
		code, field string
		create      store.DomainCreate
	}{
		"transport with a blank":         {store.CodeInvalidTransport, "transport", store.DomainCreate{Transport: "smtp: x"}},
		"transport with a line break":    {store.CodeInvalidTransport, "transport", store.DomainCreate{Transport: "smtp\n"}},
		"language with a setting":        {store.CodeInvalidLanguage, "language", store.DomainCreate{Language: "a;b:1"}},
		"negative quota":                 {store.CodeInvalidNumber, "quota", store.DomainCreate{Quota: -1}},
		"negative default quota":         {store.CodeInvalidNumber, "defaultQuota", store.DomainCreate{DefaultQuota: -1}},
		"negative quota of a user":       {store.CodeInvalidNumber, "maxUserQuota", store.DomainCreate{MaxUserQuota: -1}},
		"number below forbidden":         {store.CodeInvalidNumber, "numberOfUsers", store.DomainCreate{NumberOfUsers: -2}},
		"sender copy that is missing":    {store.CodeNoSuchAccount, "senderBcc", store.DomainCreate{SenderBcc: "no@b.test"}},
		"recipient copy that is missing": {store.CodeNoSuchAccount, "recipientBcc", store.DomainCreate{RecipientBcc: "no@b.test"}},
		"copy to the domain itself":      {store.CodeNoSuchAccount, "senderBcc", store.DomainCreate{SenderBcc: "no@a.test"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t)
			mustDomain(t, f, "b.test")
			same := unchanged(t, f)
			wrong.create.Name = "a.test"
			_, err := f.Accounts.CreateDomain(ctx(t), asGlobal, wrong.create)
			kind := store.Invalid
			if wrong.code == store.CodeNoSuchAccount {
				kind = store.Unprocessable
			}
			requireCode(t, err, kind, wrong.code)
			requireField(t, err, wrong.field)
			same()
		})
	}
}

// requireField asserts which parameter an error names.
func requireField(t *testing.T, err error, field string) {
	t.Helper()
	var e *store.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, field, e.Field)
}

func domainCreator(t *testing.T, open Open) {
	t.Run("becomes admin of the domain", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{Domains: ptr[int64](1)})
		_, err := f.Accounts.CreateDomain(ctx(t), by("boss@elsewhere.test"), store.DomainCreate{Name: "a.test"})
		require.NoError(t, err)
		require.Equal(t, []string{"boss@elsewhere.test"}, mustReadDomain(t, f, "a.test").Admins)
	})
	t.Run("who is a mail user is marked as admin", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "b.test")
		mustUser(t, f, "user@b.test")
		putSettings(t, f, "mailbox", "username", "user@b.test", f.dn(DirectoryAt.UserDN, "user@b.test"),
			"create_new_domains:yes", "create_max_domains:2")
		_, err := f.Accounts.CreateDomain(ctx(t), by("user@b.test"), store.DomainCreate{Name: "a.test"})
		require.NoError(t, err)
		require.Equal(t, []string{"user@b.test"}, mustReadDomain(t, f, "a.test").Admins)
		requireMailbox(t, f, "user@b.test", "isadmin", int64(1))
	})
	t.Run("who is global does not", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		require.Empty(t, mustReadDomain(t, f, "a.test").Admins)
	})
	t.Run("is alone with a name that somebody had before", func(t *testing.T) {
		f := open(t)
		needSQL(t, f)
		exec(t, f, "INSERT INTO domain_admins (username, domain) VALUES ('former@elsewhere.test', 'a.test')")
		mustDomain(t, f, "a.test")
		require.Empty(t, mustReadDomain(t, f, "a.test").Admins)
	})
}
