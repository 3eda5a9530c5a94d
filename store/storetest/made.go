package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// made is the suite about what a create says that it made: what reading returns, after a dry run too.
func made(t *testing.T, open Open) {
	t.Run("user", func(t *testing.T) { madeUser(t, open) })
	t.Run("domain", func(t *testing.T) { madeDomain(t, open) })
	t.Run("admin", func(t *testing.T) { madeAdmin(t, open) })
	t.Run("alias", func(t *testing.T) { madeAlias(t, open) })
	t.Run("ml", func(t *testing.T) { madeMailingList(t, open) })
	t.Run("maillist", func(t *testing.T) { madeStaticList(t, open) })
}

// unwritten are the columns that no insert of ours names: a surrogate key, and settings that a mailing list never has.
var unwritten = []string{"id", "settings"}

// serverClock is by how much the clock of a directory may differ from ours, with the time that a test needs.
const serverClock = 30 * time.Second

// requireMade asserts that what a create made, and a dry run of it before, is what reading returns. Who reads says how.
func requireMade[T any](
	t *testing.T, f Fixture, w store.Write, create func(w store.Write) (store.Change, error), read func() (T, error),
) {
	t.Helper()
	dry := w
	dry.DryRun = true
	planned, err := create(dry)
	require.NoError(t, err)
	change, err := create(w)
	require.NoError(t, err)
	want, err := read()
	require.NoError(t, err)
	for _, c := range []store.Change{planned, change} {
		got, ok := c.Made.(T)
		require.True(t, ok, "%T", c.Made)
		require.Empty(t, cmp.Diff(want, got, asRead(f)))
	}
}

// asRead are the differences that there may be. On SQL none but those columns; a directory has no order of attributes and
// settings, what it notes by its own clock is about the same, and the number of a list and the time in a path made up are others
// in a dry run.
func asRead(f Fixture) cmp.Option {
	isOf := func(names ...string) func(cmp.Path) bool {
		return func(p cmp.Path) bool { return slices.Contains(names, p.Last().String()) }
	}
	if f.Directory == nil {
		return cmp.Options{
			cmp.FilterPath(isOf(".Stored"), cmp.Transformer("written", func(r store.Record) []store.Field {
				fields := slices.DeleteFunc(slices.Clone(r), func(f store.Field) bool { return slices.Contains(unwritten, f.Name) })
				return withoutTimes(fields, "created", "modified", "passwordlastchange", "mlid", "maildir")
			})),
			aboutNow("Created", "Modified", "PasswordChanged"), madeUpPath(),
		}
	}
	return cmp.Options{
		cmp.FilterPath(isOf(".Stored", ".Settings"), cmp.Transformer("unordered", func(r store.Record) map[string]any {
			all := map[string]any{}
			for _, f := range withoutTimes(slices.Clone(r), "mailingListID", "homeDirectory") {
				if values, isList := f.Value.([]string); isList {
					f.Value = slices.Sorted(slices.Values(values))
				}
				all[f.Name] = f.Value
			}
			return all
		})),
		aboutNow("Created", "Modified"), madeUpPath(),
	}
}

// withoutTimes blanks what differs between a dry run and the write a moment later.
func withoutTimes(fields []store.Field, names ...string) []store.Field {
	for i, f := range fields {
		if !slices.Contains(names, f.Name) {
			continue
		}
		switch v := f.Value.(type) {
		case time.Time:
			fields[i].Value = time.Since(v).Abs() < serverClock
		case string:
			fields[i].Value = len(v)
		case []string:
			fields[i].Value = len(v)
		}
	}
	return fields
}

// aboutNow compares times of those fields as far as they are now.
func aboutNow(fields ...string) cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool {
		return slices.Contains(fields, p.Last().String()[min(1, len(p.Last().String())):])
	}, cmp.Comparer(func(a, b time.Time) bool {
		return a.Equal(b) || a.Sub(b).Abs() < serverClock && !a.IsZero() && !b.IsZero()
	}))
}

// madeUpPath compares paths of mailboxes but for the time in them.
func madeUpPath() cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Maildir" }, cmp.Comparer(func(a, b string) bool {
		return pathTime.ReplaceAllString(a, "then") == pathTime.ReplaceAllString(b, "then")
	}))
}

func madeUser(t *testing.T, open Open) {
	check := func(t *testing.T, f Fixture, w store.Write, c store.UserCreate) {
		t.Helper()
		requireMade(t, f, w, func(w store.Write) (store.Change, error) { return f.Accounts.CreateUser(ctx(t), w, c) },
			func() (store.User, error) { return f.Accounts.User(ctx(t), c.Mail) })
	}
	t.Run("bare", func(t *testing.T) {
		check(t, withDomain(t, open), asGlobal, store.UserCreate{Mail: "ann@a.test", Password: aHash})
	})
	t.Run("with everything", func(t *testing.T) {
		check(t, aroundUser(t, open), asGlobal, wholeUser())
	})
	t.Run("of which some is dropped", func(t *testing.T) {
		c := wholeUser()
		c.Forwarding, c.Aliases = append(c.Forwarding, "no@a.test"), append(c.Aliases, "bob@a.test", "ann@a.test")
		check(t, aroundUser(t, open), dropping, c)
	})
	t.Run("in a domain with settings", func(t *testing.T) {
		f := aroundUser(t, open)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Quota: ptr[int64](500), MaxUserQuota: ptr[int64](100), DefaultQuota: ptr[int64](50)})
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{Active: ptr(false)})
		if f.Directory != nil {
			_, err := f.lists(t).CreateStaticList(ctx(t), asGlobal, store.StaticListCreate{Mail: "all@a.test"})
			require.NoError(t, err)
			f.Directory.Put(t, f.Directory.DomainDN("a.test"), "accountSetting", "defaultList:all@a.test", "disabledMailService:imap", "defaultQuota:50")
		} else {
			exec(t, f, "UPDATE domain SET settings = 'default_groups:team@a.test,gone@a.test;disabled_mail_services:imap,managesieve;'")
		}
		check(t, f, asGlobal, store.UserCreate{Mail: "ann@a.test", Password: aHash, Active: true, Quota: ptr[int64](200)})
	})
	for name, w := range map[string]store.Write{"a global admin": asGlobal, "an admin of the domain": by(adma)} {
		t.Run("where something was left behind, by "+name, func(t *testing.T) {
			f := withLeftovers(t, open, gone)
			if f.SQL != nil {
				exec(t, f, "INSERT INTO forwardings (address, forwarding, domain, dest_domain, is_alias, active)"+
					" VALUES ('once@a.test', '"+gone+"', 'a.test', 'a.test', 1, 0)")
			}
			check(t, f, w, store.UserCreate{Mail: gone, Password: aHash, Active: true, Aliases: []string{"more@a.test"}})
			require.NotEmpty(t, mustReadUser(t, f, gone).MailingAliases)
		})
	}
}

func madeDomain(t *testing.T, open Open) {
	check := func(t *testing.T, f Fixture, w store.Write, d store.DomainCreate) {
		t.Helper()
		requireMade(t, f, w, func(w store.Write) (store.Change, error) { return f.Accounts.CreateDomain(ctx(t), w, d) },
			func() (store.Domain, error) { return f.Accounts.Domain(ctx(t), d.Name) })
	}
	t.Run("bare", func(t *testing.T) { check(t, open(t), asGlobal, store.DomainCreate{Name: "a.test"}) })
	t.Run("with everything", func(t *testing.T) { check(t, aroundDomain(t, open), asGlobal, wholeDomain()) })
	t.Run("of which some is dropped", func(t *testing.T) {
		d := wholeDomain()
		d.AliasDomains = append(d.AliasDomains, "b.test")
		check(t, aroundDomain(t, open), dropping, d)
	})
	t.Run("backup MX that waits", func(t *testing.T) {
		check(t, aroundDomain(t, open), asGlobal, store.DomainCreate{
			Name: "a.test", Disabled: true, BackupMX: true, PrimaryMX: "[192.0.2.30]:25", PendingAliasDomains: []string{"waits.test"},
		})
	})
	t.Run("by its admin", func(t *testing.T) {
		f := aroundDomain(t, open)
		mustAdmin(t, f, adma, store.LimitsUpdate{Domains: ptr[int64](3)})
		check(t, f, by(adma), store.DomainCreate{Name: "a.test", SenderBcc: "copy@b.test"})
	})
	t.Run("where something was left behind", func(t *testing.T) {
		f := aroundDomain(t, open)
		if f.SQL != nil { // in a directory it went with the domain
			exec(t, f, "INSERT INTO mailbox (username, domain, quota) VALUES ('old@a.test', 'a.test', 7), ('elder@a.test', 'a.test', 8)")
			exec(t, f, "INSERT INTO alias (address, domain) VALUES ('olds@a.test', 'a.test')")
			exec(t, f, "INSERT INTO maillists (address, domain, mlid) VALUES ('oldies@a.test', 'a.test', 'x')")
			exec(t, f, "INSERT INTO forwardings (address, forwarding, domain) VALUES ('a.test', 'old@elsewhere.test', 'a.test')")
			exec(t, f, "INSERT INTO alias_domain (alias_domain, target_domain) VALUES ('of-a.test', 'a.test')")
			exec(t, f, "INSERT INTO domain_admins (username, domain) VALUES ('former@elsewhere.test', 'a.test')")
			for _, table := range []string{"sender_bcc_domain", "recipient_bcc_domain"} {
				exec(t, f, "INSERT INTO "+table+" (domain, bcc_address) VALUES ('a.test', 'old@elsewhere.test')")
			}
			exec(t, f, "INSERT INTO sender_relayhost (account, relayhost) VALUES ('@a.test', '[192.0.2.1]')")
		}
		check(t, f, asGlobal, store.DomainCreate{Name: "a.test"})
	})
}

func madeAdmin(t *testing.T, open Open) {
	for name, c := range map[string]store.AdminCreate{
		"bare": {},
		"with limits": {
			Name: "Änne 王", Active: true, Language: "de_DE", Limits: store.LimitsUpdate{
				Domains: ptr[int64](3), Quota: ptr[int64](100), Users: ptr[int64](-1), Aliases: ptr[int64](2), Lists: ptr[int64](0),
				NoMailLog: ptr(true), NoQuarantinedMail: ptr(true),
			},
		},
		"global": {Name: "Root", Active: true, Global: true, Limits: store.LimitsUpdate{Domains: ptr[int64](3)}},
	} {
		t.Run(name, func(t *testing.T) {
			f := withDomain(t, open)
			if f.Directory != nil {
				f.Directory.Put(t, f.Directory.DomainDN("a.test"), "domainAdmin", adma)
			} else {
				exec(t, f, "INSERT INTO domain_admins (username, domain) VALUES ('"+adma+"', 'a.test'), ('"+adma+"', 'ALL')")
			}
			c.Mail, c.Password = adma, aHash
			requireMade(t, f, asGlobal, func(w store.Write) (store.Change, error) { return f.Accounts.CreateAdmin(ctx(t), w, c) },
				func() (store.Admin, error) { return f.Accounts.Admin(ctx(t), adma) })
		})
	}
}

func madeAlias(t *testing.T, open Open) {
	for name, c := range map[string]store.AliasCreate{
		"bare": {},
		"active": {
			Active: true, Name: "Änne 王", AccessPolicy: store.PolicyDomain, Members: []string{"x@elsewhere.test", "bob@a.test", "no@a.test", "x@elsewhere.test"},
			Moderators: []string{"x@elsewhere.test", "bob@a.test", "x@elsewhere.test"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := aroundUser(t, open)
			if f.SQL != nil {
				exec(t, f, "INSERT INTO moderators (address, moderator) VALUES ('new@a.test', 'spy@elsewhere.test')")
			}
			c.Mail = "new@a.test"
			requireMade(t, f, dropping, func(w store.Write) (store.Change, error) { return f.Accounts.CreateAlias(ctx(t), w, c) },
				func() (store.Alias, error) { return f.Accounts.Alias(ctx(t), c.Mail) })
		})
	}
}

func madeMailingList(t *testing.T, open Open) {
	whole := wholeMailingList
	whole.Owners, whole.Moderators = []string{"bob@a.test", "eve@b.test"}, []string{"x@elsewhere.test"}
	whole.ExtraAddresses = append(slices.Clone(whole.ExtraAddresses), "bob@a.test")
	for name, c := range map[string]store.MailingListAccountCreate{"bare": {Mail: dev}, "with everything": whole} {
		t.Run(name, func(t *testing.T) {
			f := aroundUser(t, open)
			if f.SQL != nil {
				exec(t, f, "INSERT INTO maillist_owners (address, owner) VALUES ('"+c.Mail+"', 'spy@elsewhere.test')")
				exec(t, f, "INSERT INTO forwardings (address, forwarding, domain, dest_domain, is_alias, active)"+
					" VALUES ('once@a.test', '"+c.Mail+"', 'a.test', 'a.test', 1, 0)")
			}
			requireMade(t, f, dropping, func(w store.Write) (store.Change, error) { return f.Accounts.CreateMailingListAccount(ctx(t), w, c) },
				func() (store.MailingListAccount, error) { return f.Accounts.MailingListAccount(ctx(t), c.Mail) })
		})
	}
}

func madeStaticList(t *testing.T, open Open) {
	for name, c := range map[string]struct {
		w    store.Write
		list store.StaticListCreate
	}{
		"bare": {asGlobal, store.StaticListCreate{}},
		"with members": {dropping, store.StaticListCreate{
			Name: "Änne 王", AccessPolicy: store.PolicyDomain,
			Members: []string{"x@elsewhere.test", "bobby@alias.test", "eve@b.test", "team@a.test", "no@a.test"},
		}},
		"by an admin of the domain": {by(adma), store.StaticListCreate{Members: []string{"bobby@a.test", "x@elsewhere.test"}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := aroundUser(t, open)
			if f.Directory == nil {
				t.Skip("there are no such lists")
			}
			mustAdmin(t, f, adma, store.LimitsUpdate{})
			mustManage(t, f, "a.test", adma)
			f.Directory.Put(t, f.Directory.UserDN("eve@b.test"), "memberOfGroup", "all@a.test")
			c.list.Mail = "all@a.test"
			requireMade(t, f, c.w, func(w store.Write) (store.Change, error) { return f.lists(t).CreateStaticList(ctx(t), w, c.list) },
				func() (store.StaticList, error) { return f.lists(t).StaticList(ctx(t), c.list.Mail) })
		})
	}
}
