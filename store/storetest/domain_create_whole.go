package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// aroundDomain opens a store with what a domain a.test may name.
func aroundDomain(t *testing.T, open Open) Fixture {
	t.Helper()
	f := open(t)
	mustDomain(t, f, "b.test")
	mustUser(t, f, "copy@b.test")
	mustUpdateDomain(t, f, "b.test", store.DomainUpdate{AliasDomains: adding("of-b.test")})
	return f
}

// wholeDomain is a domain to be with everything that an update takes; a backup MX has no alias domains.
func wholeDomain() store.DomainCreate {
	return store.DomainCreate{
		Name: "a.test", Description: "Ünï & 株式会社", Quota: 5000, Language: "de_DE", Transport: "smtp:[10.0.0.5]:25",
		DefaultQuota: 100, MaxUserQuota: 200, NumberOfUsers: 10, NumberOfAliases: 20, NumberOfLists: -1,
		SenderBcc: "copy@b.test", RecipientBcc: "copy@of-b.test", MinPasswordLength: 12, MaxPasswordLength: 40,
		Catchall:      []string{"x@elsewhere.test", "copy@b.test", "x@elsewhere.test"},
		OutboundRelay: "smtp:[192.0.2.20]:587", AliasDomains: []string{"z.test", "y.test"},
		Services: &[]string{"self-service", "wiki"}, DomainProfiles: []string{"relay", "bcc"}, UserProfiles: []string{"forwarding"},
		UserPreferences: []string{"quarantine", "personal_info"},
	}
}

// asUpdate is what makes of a bare domain that one.
func asUpdate(d store.DomainCreate) store.DomainUpdate {
	u := store.DomainUpdate{
		Description: &d.Description, Quota: &d.Quota, Language: &d.Language, Transport: &d.Transport,
		MinPasswordLength: &d.MinPasswordLength, MaxPasswordLength: &d.MaxPasswordLength,
		DefaultQuota: &d.DefaultQuota, MaxUserQuota: &d.MaxUserQuota,
		NumberOfUsers: &d.NumberOfUsers, NumberOfAliases: &d.NumberOfAliases, NumberOfLists: &d.NumberOfLists,
		SenderBcc: &d.SenderBcc, RecipientBcc: &d.RecipientBcc, Catchall: &d.Catchall, OutboundRelay: &d.OutboundRelay,
		AliasDomains: replacing(d.AliasDomains...), DomainProfiles: replacing(d.DomainProfiles...),
		UserProfiles: replacing(d.UserProfiles...), UserPreferences: replacing(d.UserPreferences...),
		PendingAliasDomains: adding(d.PendingAliasDomains...),
	}
	if d.Services != nil {
		u.Services = replacing(*d.Services...)
	}
	if d.BackupMX {
		u.BackupMX, u.PrimaryMX = &d.BackupMX, &d.PrimaryMX
	}
	if d.Disabled {
		u.Active = ptr(false)
	}
	return u
}

func createDomainWhole(t *testing.T, open Open) {
	disabled := wholeDomain()
	disabled.Disabled, disabled.PendingAliasDomains = true, []string{"waits.test"}
	for name, d := range map[string]store.DomainCreate{
		"everything":                 wholeDomain(),
		"everything, switched off":   disabled,
		"backup MX":                  {Name: "a.test", BackupMX: true, PrimaryMX: "[192.0.2.30]:25", Transport: "dovecot"},
		"backup MX of what DNS says": {Name: "a.test", BackupMX: true},
		"services, none":             {Name: "a.test", Services: &[]string{}, SenderBcc: "copy@b.test"},
	} {
		t.Run(name+" is what an update makes of it", func(t *testing.T) {
			f := aroundDomain(t, open)
			change, err := f.Accounts.CreateDomain(ctx(t), refusing, d)
			require.NoError(t, err)
			require.Equal(t, store.ActionCreate, change.Action)
			require.Empty(t, change.Discarded)
			made := everythingButTimes(t, f)

			f = aroundDomain(t, open)
			mustDomain(t, f, "a.test")
			mustUpdateDomain(t, f, "a.test", asUpdate(d))
			requireSame(t, everythingButTimes(t, f), made)
		})
	}
	t.Run("reads as it was given", func(t *testing.T) {
		f := aroundDomain(t, open)
		_, err := f.Accounts.CreateDomain(ctx(t), refusing, wholeDomain())
		require.NoError(t, err)
		d := mustReadDomain(t, f, "a.test")
		require.Equal(t, []string{"copy@b.test", "x@elsewhere.test"}, d.Catchall)
		require.Equal(t, []string{"y.test", "z.test"}, d.AliasDomains)
		require.Equal(t, "[192.0.2.20]:587", d.RelayHost)
		require.Equal(t, "copy@b.test", d.SenderBcc)
		require.Equal(t, "copy@of-b.test", d.RecipientBcc)
		for key, want := range map[string]any{
			"min_passwd_length": int64(12), "max_passwd_length": int64(40), "disabled_domain_profiles": []string{"bcc", "relay"},
			"disabled_user_profiles": []string{"forwarding"}, "disabled_user_preferences": []string{"personal_info", "quarantine"},
		} {
			require.Equal(t, want, domainSetting(t, f, "a.test", key), key)
		}
		rules, err := f.Accounts.DomainRules(ctx(t), "a.test")
		require.NoError(t, err)
		require.Equal(t, []string{"bcc", "relay"}, rules.DisabledDomainProfiles)
		mustUser(t, f, "ann@a.test")
		require.Equal(t, []string{"ann@a.test"}, forwardings(t, f, "ann@a.test"))
		primary, err := f.Accounts.PrimaryDomain(ctx(t), "y.test")
		require.NoError(t, err)
		require.Equal(t, "a.test", primary)
	})
	t.Run("where something was left behind", func(t *testing.T) {
		f := aroundDomain(t, open)
		if f.SQL != nil {
			exec(t, f, "INSERT INTO forwardings (address, forwarding, domain) VALUES ('a.test', 'old@elsewhere.test', 'a.test')")
			exec(t, f, "INSERT INTO sender_relayhost (account, relayhost) VALUES ('@a.test', '[192.0.2.1]')")
		}
		_, err := f.Accounts.CreateDomain(ctx(t), refusing, wholeDomain())
		require.NoError(t, err)
		d := mustReadDomain(t, f, "a.test")
		require.Equal(t, []string{"copy@b.test", "x@elsewhere.test"}, d.Catchall)
		require.Equal(t, "[192.0.2.20]:587", d.RelayHost)
	})
}

func createDomainRefused(t *testing.T, open Open) {
	for name, c := range map[string]struct {
		domain      store.DomainCreate
		kind        store.Kind
		code, field string
	}{
		"negative password length": {
			store.DomainCreate{MinPasswordLength: -1}, store.Invalid, store.CodeInvalidNumber, "minPasswordLength",
		},
		"negative longest password": {
			store.DomainCreate{MaxPasswordLength: -1}, store.Invalid, store.CodeInvalidNumber, "maxPasswordLength",
		},
		"relay that is no host": {store.DomainCreate{OutboundRelay: "a b"}, store.Invalid, store.CodeInvalidRelay, "outboundRelay"},
		"primary MX that is no host": {
			store.DomainCreate{BackupMX: true, PrimaryMX: "a b"}, store.Invalid, store.CodeInvalidRelay, "primarymx",
		},
		"catch-all that is nobody": {
			store.DomainCreate{Catchall: []string{"copy@b.test", "no@b.test"}}, store.Unprocessable, store.CodeNoSuchAccount, "catchall",
		},
		"catch-all in the domain": {
			store.DomainCreate{Catchall: []string{"copy@b.test", "ann@a.test"}}, store.Unprocessable, store.CodeNoSuchAccount, "catchall",
		},
		"catch-all under an alias domain to be": {
			store.DomainCreate{Catchall: []string{"ann@y.test"}, AliasDomains: []string{"y.test"}},
			store.Unprocessable, store.CodeNoSuchAccount, "catchall",
		},
		"alias domain that is a domain": {
			store.DomainCreate{AliasDomains: []string{"y.test", "b.test"}}, store.Conflict, store.CodeAlreadyExists, "aliasDomains",
		},
		"alias domain of another": {
			store.DomainCreate{AliasDomains: []string{"y.test", "of-b.test"}}, store.Conflict, store.CodeAlreadyExists, "aliasDomains",
		},
		"alias domain that is itself": {
			store.DomainCreate{AliasDomains: []string{"y.test", "a.test"}}, store.Conflict, store.CodeAlreadyExists, "aliasDomains",
		},
		"service that is no name": {
			store.DomainCreate{Services: &[]string{"wiki", "a;b"}}, store.Invalid, store.CodeInvalidService, "services",
		},
		"domain profile": {
			store.DomainCreate{DomainProfiles: []string{"bcc", "moon"}}, store.Invalid, store.CodeInvalidProfile, "disableDomainProfile",
		},
		"user profile": {
			store.DomainCreate{UserProfiles: []string{"bcc", "moon"}}, store.Invalid, store.CodeInvalidProfile, "disableUserProfile",
		},
		"user preference": {
			store.DomainCreate{UserPreferences: []string{"moon"}}, store.Invalid, store.CodeInvalidProfile, "disableUserPreference",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := aroundDomain(t, open)
			same := unchanged(t, f)
			c.domain.Name = "a.test"
			_, err := f.Accounts.CreateDomain(ctx(t), refusing, c.domain)
			requireCode(t, err, c.kind, c.code)
			requireField(t, err, c.field)
			same()
			mustDomain(t, f, "a.test")
		})
	}
	t.Run("alias domain of a backup MX", func(t *testing.T) {
		f := aroundDomain(t, open)
		needSQL(t, f)
		same := unchanged(t, f)
		_, err := f.Accounts.CreateDomain(ctx(t), refusing, store.DomainCreate{Name: "a.test", BackupMX: true, AliasDomains: []string{"y.test"}})
		requireCode(t, err, store.Conflict, store.CodeBackupMXAliasDomain)
		requireField(t, err, "is_backupmx")
		same()
	})
	for _, table := range []string{"domain", "alias_domain", "forwardings", "sender_relayhost", "sender_bcc_domain"} {
		t.Run("whole or absent without "+table, func(t *testing.T) {
			f := aroundDomain(t, open)
			same := unchanged(t, f)
			mend := f.Break(t, table)
			_, err := f.Accounts.CreateDomain(ctx(t), refusing, wholeDomain())
			require.Error(t, err)
			mend()
			same()
			_, err = f.Accounts.CreateDomain(ctx(t), refusing, wholeDomain())
			require.NoError(t, err, "a repeat goes through")
		})
	}
	t.Run("dry run", func(t *testing.T) {
		f := aroundDomain(t, open)
		same := unchanged(t, f)
		w := refusing
		w.DryRun = true
		_, err := f.Accounts.CreateDomain(ctx(t), w, wholeDomain())
		require.NoError(t, err)
		same()
	})
}

func createDomainDropping(t *testing.T, open Open) {
	for name, c := range map[string]struct{ asked, discarded, want []string }{
		"some": {[]string{"b.test", "y.test", "a.test"}, []string{"a.test", "b.test"}, []string{"y.test"}},
		"all":  {[]string{"of-b.test"}, []string{"of-b.test"}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			f := aroundDomain(t, open)
			change, err := f.Accounts.CreateDomain(ctx(t), dropping, store.DomainCreate{Name: "a.test", AliasDomains: c.asked})
			require.NoError(t, err)
			require.ElementsMatch(t, c.discarded, change.Discarded)
			require.Equal(t, c.want, mustReadDomain(t, f, "a.test").AliasDomains)
		})
	}
	t.Run("not a catch-all", func(t *testing.T) {
		f := aroundDomain(t, open)
		same := unchanged(t, f)
		_, err := f.Accounts.CreateDomain(ctx(t), dropping, store.DomainCreate{Name: "a.test", Catchall: []string{"copy@b.test", "no@b.test"}})
		requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
		same()
	})
}
