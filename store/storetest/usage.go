package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// usages is the suite of store.Usages.
func usages(t *testing.T, open Open) {
	t.Run("every kind", func(t *testing.T) { usageOfEveryKind(t, open) })
	t.Run("of an empty domain", func(t *testing.T) {
		f := withDomain(t, open)
		require.Equal(t, []store.DomainUsage{{Domain: "a.test"}}, mustReadUsage(t, f, store.UsageFilter{}).Items)
	})
	t.Run("quotas", func(t *testing.T) { usageOfQuotas(t, open) })
	t.Run("log-ins", func(t *testing.T) { usageOfLogins(t, open) })
	t.Run("what is gone", func(t *testing.T) { usageOfWhatIsGone(t, open) })
	t.Run("which domains", func(t *testing.T) { usageOfDomains(t, open) })
	t.Run("sums of single reads", func(t *testing.T) { usageSums(t, open) })
}

// thatDay is from when on a mailbox counts as used.
var thatDay = time.Unix(1_700_000_000, 0)

func mustReadUsage(t *testing.T, f Fixture, filter store.UsageFilter) store.Page[store.DomainUsage] {
	t.Helper()
	if filter.Since.IsZero() {
		filter.Since = thatDay
	}
	list, err := f.Accounts.DomainUsages(ctx(t), filter, store.PageRequest{})
	require.NoError(t, err)
	return list
}

// usageOfA reads that of a.test, alone and among all: both are the same.
func usageOfA(t *testing.T, f Fixture) store.DomainUsage {
	t.Helper()
	list := mustReadUsage(t, f, store.UsageFilter{Domain: "a.test"})
	require.Len(t, list.Items, 1)
	require.Empty(t, list.Next)
	require.Contains(t, mustReadUsage(t, f, store.UsageFilter{}).Items, list.Items[0])
	return list.Items[0]
}

func usageOfEveryKind(t *testing.T, open Open) {
	f := withDomain(t, open)
	mustUser(t, f, "ann@a.test")
	mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Quota: ptr(int64(100))})
	mustUser(t, f, "off@a.test")
	mustUpdateUser(t, f, "off@a.test", store.UserUpdate{Quota: ptr(int64(20)), Active: ptr(false)})
	mustAlias(t, f, "all@a.test", "ann@a.test")
	mustAlias(t, f, "some@a.test", "ann@a.test")
	mustMailingListAccount(t, f, "dev@a.test")
	mustUpdateDomain(t, f, "a.test", store.DomainUpdate{
		AliasDomains: store.Set{Add: []string{"alias.test"}}, Catchall: &[]string{"ann@a.test"},
	})
	mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Aliases: adding("further@a.test")})
	want := store.DomainUsage{Domain: "a.test", Users: 2, Aliases: 2, MailingLists: 1, Allocated: 120, NeverLoggedIn: 2, Inactive: 2}
	if lists, ok := f.Accounts.(store.StaticLists); ok {
		_, err := lists.CreateStaticList(ctx(t), asGlobal, store.StaticListCreate{Mail: "board@a.test"})
		require.NoError(t, err)
		want.StaticLists = 1
	}
	for mail, bytes := range map[string]int64{"ann@a.test": 5_000_000_000, "off@a.test": 3} {
		note(t, f, "INSERT INTO used_quota (username, bytes, messages) VALUES (?, ?, 7)", mail, bytes)
	}
	want.Stored, want.Messages, want.OverQuota = 5_000_000_003, 14, 1
	require.Equal(t, want, usageOfA(t, f))
}

func usageOfQuotas(t *testing.T, open Open) {
	f := withDomain(t, open)
	const mb = 1 << 20
	for name, c := range map[string]struct {
		quota, bytes int64
		over         bool
	}{
		"full": {10, 10 * mb, false}, "over": {10, 10*mb + 1, true}, "much": {1, 1 << 50, true},
		"free": {0, 1 << 50, false}, "none": {10, 0, false},
	} {
		before := usageOfA(t, f).OverQuota
		mustUser(t, f, name+"@a.test")
		mustUpdateUser(t, f, name+"@a.test", store.UserUpdate{Quota: ptr(c.quota)})
		note(t, f, "INSERT INTO used_quota (username, bytes, messages) VALUES (?, ?, 1)", name+"@a.test", c.bytes)
		require.Equal(t, c.over, usageOfA(t, f).OverQuota > before, name)
	}
}

func usageOfLogins(t *testing.T, open Open) {
	f := withDomain(t, open)
	for name, c := range map[string]struct {
		imap, pop3, lda any
		never, inactive bool
	}{
		"imap": {1_700_000_000, nil, nil, false, false}, "pop": {5, 1_700_000_000, nil, false, false},
		"old": {1_699_999_999, 7, nil, false, true}, "mail": {nil, nil, 1_800_000_000, true, true}, "zero": {0, 0, nil, true, true},
	} {
		before := usageOfA(t, f)
		mail := name + "@a.test"
		mustUser(t, f, mail)
		require.Equal(t, before.NeverLoggedIn+1, usageOfA(t, f).NeverLoggedIn, "%s is new", name)
		note(t, f, "INSERT INTO last_login (username, domain, imap, pop3, lda) VALUES (?, 'a.test', ?, ?, ?)", mail, c.imap, c.pop3, c.lda)
		after := usageOfA(t, f)
		require.Equal(t, c.never, after.NeverLoggedIn > before.NeverLoggedIn, "%s never", name)
		require.Equal(t, c.inactive, after.Inactive > before.Inactive, "%s inactive", name)
	}
	long := mustReadUsage(t, f, store.UsageFilter{Domain: "a.test", Since: time.Unix(-1, 0)})
	require.Equal(t, long.Items[0].NeverLoggedIn, long.Items[0].Inactive, "since before there was time")
}

// usageOfWhatIsGone has rows of mailboxes that are not there, and of others' with the same name.
func usageOfWhatIsGone(t *testing.T, open Open) {
	f := withUser(t, open)
	mustDomain(t, f, "b.test")
	for _, mail := range []string{"gone@a.test", "ann@b.test", "ann@elsewhere.test"} {
		note(t, f, "INSERT INTO used_quota (username, bytes, messages) VALUES (?, 99, 9)", mail)
		note(t, f, "INSERT INTO last_login (username, domain, imap) VALUES (?, ?, 1800000000)", mail, store.DomainOf(mail))
	}
	got := usageOfA(t, f)
	require.Equal(t, []int64{1, 0, 0, 1, 1}, []int64{got.Users, got.Stored, got.Messages, got.NeverLoggedIn, got.Inactive})
}

func usageOfDomains(t *testing.T, open Open) {
	f := open(t)
	names := []string{"a.test", "b.test", "c.test", "d.test"}
	for _, name := range names {
		mustDomain(t, f, name)
	}
	mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: store.Set{Add: []string{"alias.test"}}})
	mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
	mustManage(t, f, "b.test", "boss@elsewhere.test")
	mustManage(t, f, "d.test", "boss@elsewhere.test")
	read := func(filter store.UsageFilter) func(page store.PageRequest) ([]string, string) {
		return func(page store.PageRequest) ([]string, string) {
			list, err := f.Accounts.DomainUsages(ctx(t), filter, page)
			require.NoError(t, err)
			found := make([]string, len(list.Items))
			for i, item := range list.Items {
				found[i] = item.Domain
			}
			return found, list.Next
		}
	}
	requirePages(t, names, read(store.UsageFilter{}))
	requirePages(t, []string{"b.test", "d.test"}, read(store.UsageFilter{ManagedBy: "boss@elsewhere.test"}))
	requirePages(t, []string{"c.test"}, read(store.UsageFilter{Domain: "c.test"}))
	list, err := f.Accounts.DomainUsages(ctx(t), store.UsageFilter{}, store.PageRequest{Limit: 1, Count: true})
	require.NoError(t, err)
	require.Equal(t, ptr(int64(4)), list.Total)
	for _, name := range []string{"none.test", "alias.test"} {
		_, err = f.Accounts.DomainUsages(ctx(t), store.UsageFilter{Domain: name}, store.PageRequest{})
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	}
	_, err = f.Accounts.DomainUsages(ctx(t), store.UsageFilter{}, store.PageRequest{Sort: store.SortName})
	requireCode(t, err, store.Invalid, store.CodeInvalidValue)
}

// usageSums compares more domains than a directory searches one by one with what is read of each.
func usageSums(t *testing.T, open Open) {
	f := open(t)
	domains := madeUp("d%02d.test", 18)
	for i, domain := range domains {
		mustDomain(t, f, domain)
		for n := range i % 4 {
			mail := fmt.Sprintf("u%d@%s", n, domain)
			mustUser(t, f, mail)
			mustUpdateUser(t, f, mail, store.UserUpdate{Quota: ptr(int64(n * i))})
			note(t, f, "INSERT INTO used_quota (username, bytes, messages) VALUES (?, ?, ?)", mail, i<<24, i)
			note(t, f, "INSERT INTO last_login (username, domain, pop3) VALUES (?, ?, ?)", mail, domain, 1_700_000_000-int64(i)+9)
		}
		for n := range i % 3 {
			mustAlias(t, f, fmt.Sprintf("a%d@%s", n, domain))
			mustMailingListAccount(t, f, fmt.Sprintf("l%d@%s", n, domain))
		}
	}
	all := mustReadUsage(t, f, store.UsageFilter{}).Items
	require.Len(t, all, len(domains))
	for i, got := range all {
		require.Equal(t, UsageBySingleReads(t, f.Accounts, domains[i], thatDay), got)
	}
}

// UsageBySingleReads is what a domain holds, from reads of the domain and of each mailbox alone. Static lists are not told from others.
func UsageBySingleReads(t testing.TB, accounts store.Accounts, domain string, since time.Time) store.DomainUsage {
	t.Helper()
	d, err := accounts.Domain(t.Context(), domain)
	require.NoError(t, err)
	users, err := accounts.Users(t.Context(), store.UserFilter{Domain: domain}, store.PageRequest{})
	require.NoError(t, err)
	require.Len(t, users.Items, int(d.Users))
	sum := store.DomainUsage{Domain: domain, Users: d.Users, Aliases: d.Aliases, MailingLists: d.Lists, Allocated: d.Allocated}
	for _, u := range users.Items {
		sum.Stored += u.StoredBytes
		sum.Messages += u.StoredMessages
		if u.Quota > 0 && u.StoredBytes > u.Quota*1024*1024 {
			sum.OverQuota++
		}
		at, err := time.Parse(store.TimeLayout, u.LastLogin)
		if u.LastLogin == "" {
			sum.NeverLoggedIn++
		} else {
			require.NoError(t, err)
		}
		if u.LastLogin == "" || at.Before(since) {
			sum.Inactive++
		}
	}
	return sum
}
