package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// admins is the suite of store.Admins.
func admins(t *testing.T, open Open) {
	t.Run("create", func(t *testing.T) { createAdmin(t, open) })
	t.Run("create limits", func(t *testing.T) { createAdminLimits(t, open) })
	t.Run("list", func(t *testing.T) { listAdmins(t, open) })
	t.Run("update", func(t *testing.T) { updateAdmin(t, open) })
	t.Run("update limits", func(t *testing.T) { updateAdminLimits(t, open) })
	t.Run("global", func(t *testing.T) { updateAdminGlobal(t, open) })
	t.Run("last global", func(t *testing.T) { lastGlobalAdmin(t, open) })
	t.Run("delete", func(t *testing.T) { deleteAdmin(t, open) })
}

// mustAdmin makes an active standalone admin.
func mustAdmin(t *testing.T, f Fixture, mail string, limits store.LimitsUpdate) {
	t.Helper()
	_, err := f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{
		Mail: mail, Name: "Boss", Password: aHash, Active: true, Limits: limits,
	})
	require.NoError(t, err)
}

// mustGlobalAdmin makes an active global admin.
func mustGlobalAdmin(t *testing.T, f Fixture, mail string) {
	t.Helper()
	_, err := f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{Mail: mail, Password: aHash, Active: true, Global: true})
	require.NoError(t, err)
}

// mustManage makes an account an admin of the domain.
func mustManage(t *testing.T, f Fixture, domain, username string) {
	t.Helper()
	_, err := f.Accounts.UpdateDomainAdmins(ctx(t), asGlobal, domain, store.Set{Add: []string{username}})
	require.NoError(t, err)
}

// mustReadAdmin reads a standalone admin.
func mustReadAdmin(t *testing.T, f Fixture, mail string) store.Admin {
	t.Helper()
	a, err := f.Accounts.Admin(ctx(t), mail)
	require.NoError(t, err)
	return a
}

func createAdmin(t *testing.T, open Open) {
	t.Run("with everything", func(t *testing.T) {
		f := open(t)
		change, err := f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{
			Mail: "boss@elsewhere.test", Name: "Jürgen 王", Password: aHash, Active: true, Language: "de_DE",
		})
		require.NoError(t, err)
		require.Equal(t, store.ActionCreate, change.Action)
		require.Equal(t, store.NounAdmin, change.Noun)
		require.Equal(t, "boss@elsewhere.test", change.Name)
		require.Empty(t, change.Domain)
		require.Nil(t, change.Before)
		require.NotNil(t, change.After)
		require.False(t, change.EndsSessions)

		a := mustReadAdmin(t, f, "boss@elsewhere.test")
		require.Equal(t, "boss@elsewhere.test", a.Mail)
		require.Equal(t, aHash, a.Password)
		require.False(t, a.Global)
		require.Equal(t, []string{}, a.Domains)
		require.Empty(t, a.Settings)
		require.Nil(t, a.Stored.Get("password"))
		require.Nil(t, a.Stored.Get("settings"))
		requireCell(t, f, "Jürgen 王", "SELECT name FROM admin")
		requireCell(t, f, "de_DE", "SELECT language FROM admin")
		requireCell(t, f, int64(1), "SELECT active FROM admin")
		requireNoRows(t, f, "SELECT domain FROM domain_admins")
	})
	t.Run("password is shown nowhere", func(t *testing.T) {
		f := open(t)
		change, err := f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{Mail: "boss@elsewhere.test", Password: aHash})
		require.NoError(t, err)
		requireHidden(t, change)
		password, err := f.Accounts.AdminPassword(ctx(t), "boss@elsewhere.test")
		require.NoError(t, err)
		require.Equal(t, aHash, password)
	})
	t.Run("disabled", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{Mail: "boss@elsewhere.test", Password: aHash})
		require.NoError(t, err)
		requireCell(t, f, int64(0), "SELECT active FROM admin")
	})
	t.Run("global", func(t *testing.T) {
		f := open(t)
		mustGlobalAdmin(t, f, "root@elsewhere.test")
		a := mustReadAdmin(t, f, "root@elsewhere.test")
		require.True(t, a.Global)
		require.Equal(t, []string{}, a.Domains)
		requireColumn(t, f, []any{"ALL"}, "SELECT domain FROM domain_admins WHERE username = 'root@elsewhere.test'")
	})
	t.Run("twice", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		_, err := f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{Mail: "boss@elsewhere.test", Password: aHash})
		requireCode(t, err, store.Conflict, store.CodeAlreadyExists)
	})
	t.Run("in a hosted domain", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: store.Set{Add: []string{"alias.test"}}})
		same := unchanged(t, f)
		for _, mail := range []string{"boss@a.test", "boss@alias.test"} {
			_, err := f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{Mail: mail, Password: aHash})
			requireCode(t, err, store.Unprocessable, store.CodeCanNotBeLocalDomain)
		}
		same()
	})
	t.Run("unknown language", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{
			Mail: "boss@elsewhere.test", Password: aHash, Language: "x;create_new_domains:yes",
		})
		requireCode(t, err, store.Invalid, store.CodeInvalidLanguage)
	})
	t.Run("dry run", func(t *testing.T) {
		f := open(t)
		same := unchanged(t, f)
		dry := asGlobal
		dry.DryRun = true
		change, err := f.Accounts.CreateAdmin(ctx(t), dry, store.AdminCreate{Mail: "boss@elsewhere.test", Password: aHash})
		require.NoError(t, err)
		require.Equal(t, store.ActionCreate, change.Action)
		same()
	})
	t.Run("whole or absent", func(t *testing.T) {
		f := open(t)
		same := unchanged(t, f)
		mend := f.Break(t, "domain_admins")
		root := store.AdminCreate{Mail: "root@elsewhere.test", Password: aHash, Global: true}
		_, err := f.Accounts.CreateAdmin(ctx(t), asGlobal, root)
		require.Error(t, err)
		mend()
		same()
		mustGlobalAdmin(t, f, "root@elsewhere.test")
	})
	t.Run("rights left behind are not taken up", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		if f.Directory != nil {
			f.Directory.Put(t, f.Directory.DomainDN("a.test"), "domainAdmin", "boss@elsewhere.test")
		} else {
			exec(t, f, "INSERT INTO domain_admins (username, domain) VALUES ('boss@elsewhere.test', 'ALL')")
			exec(t, f, "INSERT INTO domain_admins (username, domain) VALUES ('boss@elsewhere.test', 'a.test')")
		}
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
		require.False(t, mustReadAdmin(t, f, "boss@elsewhere.test").Global)
		require.Empty(t, mustReadAdmin(t, f, "boss@elsewhere.test").Domains)
	})
}

// requireHidden asserts that a change shows no stored password.
func requireHidden(t *testing.T, change store.Change) {
	t.Helper()
	for _, record := range []store.Record{change.Before, change.After} {
		text, err := record.MarshalJSON()
		require.NoError(t, err)
		require.NotContains(t, string(text), "Zm9v")
		require.NotContains(t, string(text), "{S")
	}
}

func createAdminLimits(t *testing.T, open Open) {
	t.Run("every limit", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{
			Domains: ptr[int64](3), Quota: ptr[int64](2048), Users: ptr[int64](10), Aliases: ptr[int64](11), Lists: ptr[int64](12),
			NoMailLog: ptr(true), NoQuarantinedMail: ptr(true),
		})
		for key, want := range map[string]any{
			"create_new_domains": "yes", "create_max_domains": int64(3), "create_max_quota": int64(2048),
			"create_max_users": int64(10), "create_max_aliases": int64(11), "create_max_lists": int64(12),
			"disable_viewing_mail_log": "yes", "disable_managing_quarantined_mails": "yes",
		} {
			require.Equal(t, want, adminSetting(t, f, "boss@elsewhere.test", key), key)
		}
		requireCell(t, f, "create_new_domains:yes;create_max_domains:3;create_max_quota:2048;create_max_users:10;"+
			"create_max_aliases:11;create_max_lists:12;disable_viewing_mail_log:yes;disable_managing_quarantined_mails:yes;",
			"SELECT settings FROM admin")
	})
	t.Run("zero and no are not kept", func(t *testing.T) {
		f := open(t)
		mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{Users: ptr[int64](0), Domains: ptr[int64](0), NoMailLog: ptr(false)})
		require.Empty(t, mustReadAdmin(t, f, "boss@elsewhere.test").Settings)
	})
	t.Run("a global admin has none", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{
			Mail: "root@elsewhere.test", Password: aHash, Global: true, Limits: store.LimitsUpdate{Users: ptr[int64](1)},
		})
		require.NoError(t, err)
		require.Empty(t, mustReadAdmin(t, f, "root@elsewhere.test").Settings)
	})
	t.Run("below forbidden", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{
			Mail: "boss@elsewhere.test", Password: aHash, Limits: store.LimitsUpdate{Users: ptr[int64](-2)},
		})
		requireCode(t, err, store.Invalid, store.CodeInvalidNumber)
	})
}

func listAdmins(t *testing.T, open Open) {
	t.Run("empty", func(t *testing.T) {
		f := open(t)
		list, err := f.Accounts.Admins(ctx(t), store.AdminFilter{}, store.PageRequest{})
		require.NoError(t, err)
		require.NotNil(t, list.Items)
		require.Empty(t, list.Items)
		require.Empty(t, list.Next)
	})
	t.Run("by address, with what they manage", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustAdmin(t, f, "c@elsewhere.test", store.LimitsUpdate{})
		mustGlobalAdmin(t, f, "b@elsewhere.test")
		mustAdmin(t, f, "a@elsewhere.test", store.LimitsUpdate{})
		mustManage(t, f, "a.test", "c@elsewhere.test")

		list, err := f.Accounts.Admins(ctx(t), store.AdminFilter{}, store.PageRequest{})
		require.NoError(t, err)
		require.Len(t, list.Items, 3)
		require.Equal(t, "a@elsewhere.test", list.Items[0].Mail)
		require.True(t, list.Items[1].Global)
		require.Equal(t, []string{"a.test"}, list.Items[2].Domains)
		require.Equal(t, aHash, list.Items[0].Password)
	})
	t.Run("page by page", func(t *testing.T) {
		f := open(t)
		mails := []string{"a@x.test", "b@x.test", "c@x.test", "d@x.test", "e@x.test"}
		for _, mail := range mails {
			mustAdmin(t, f, mail, store.LimitsUpdate{})
		}
		requirePages(t, mails, func(page store.PageRequest) ([]string, string) {
			list, err := f.Accounts.Admins(ctx(t), store.AdminFilter{}, page)
			require.NoError(t, err)
			var names []string
			for _, a := range list.Items {
				names = append(names, a.Mail)
			}
			return names, list.Next
		})
	})
	t.Run("unknown", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.Admin(ctx(t), "nobody@elsewhere.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
		_, err = f.Accounts.AdminPassword(ctx(t), "nobody@elsewhere.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("a mail user is none", func(t *testing.T) {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, "user@a.test")
		mustManage(t, f, "a.test", "user@a.test")
		_, err := f.Accounts.Admin(ctx(t), "user@a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
}
