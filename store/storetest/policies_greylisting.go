package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

func mustGreylist(t *testing.T, f PoliciesFixture, account store.PolicyAccount, on bool) {
	t.Helper()
	_, err := f.Policies.SetGreylisting(ctx(t), asGlobal, account, on)
	require.NoError(t, err)
}

func greylistingOf(t *testing.T, f PoliciesFixture, account store.PolicyAccount) store.Greylisting {
	t.Helper()
	g, err := f.Policies.Greylisting(ctx(t), account)
	require.NoError(t, err)
	return g
}

// defers is whether iRedAPD greylists a message: of the settings of the recipient's candidates, by priority and by the
// priority of the sender, the first whose sender fits.
func defers(t *testing.T, f PoliciesFixture, recipient, sender store.PolicyAccount) bool {
	t.Helper()
	var found []int64
	query := "SELECT active FROM greylisting WHERE account IN (?) AND sender IN (?) ORDER BY priority DESC, sender_priority DESC"
	require.NoError(t, f.Iredapd.Reader().Select(ctx(t), &found, query, names(recipient.Candidates()), names(sender.Candidates())))
	return len(found) > 0 && found[0] == 1
}

// isExempt is whether iRedAPD lets a client or sender pass for a recipient whatever the settings are.
func isExempt(t *testing.T, f PoliciesFixture, recipient store.PolicyAccount, who string) bool {
	t.Helper()
	senders := []string{who}
	if strings.Contains(who, "@") {
		senders = names(store.PolicyAccount(who).Candidates())
	}
	n := int64(0)
	for _, table := range []string{"greylisting_whitelist_domain_spf", "greylisting_whitelists"} {
		n += count(t, f.Iredapd, "SELECT COUNT(*) FROM "+table+" WHERE account IN (?) AND sender IN (?)", names(recipient.Candidates()), senders)
	}
	return n > 0
}

func greylistings(t *testing.T, open PoliciesOpen) {
	const stranger = store.PolicyAccount("pen@example.net")
	t.Run("none", func(t *testing.T) {
		g := greylistingOf(t, open(t), ofAnna)
		require.Nil(t, g.Stored)
		require.Equal(t, store.Effective{Value: "disable", Source: store.SourceDefault}, g.Effective.Get("status"))
	})
	t.Run("who decides", func(t *testing.T) {
		f := open(t)
		says := func(want bool, source string, account store.PolicyAccount) {
			t.Helper()
			require.Equal(t, want, defers(t, f, account, stranger))
			word := map[bool]string{true: "enable", false: "disable"}[want]
			require.Equal(t, store.Effective{Value: word, Source: source}, greylistingOf(t, f, account).Effective.Get("status"))
		}
		mustGreylist(t, f, everybody, true)
		says(true, "@.", ofAnna)
		mustGreylist(t, f, ofDomain, false)
		says(false, "@example.com", ofAnna)
		mustGreylist(t, f, ofAnna, true)
		says(true, string(ofAnna), ofAnna)
		says(false, "@example.com", ofBert)
		for i, account := range []store.PolicyAccount{ofAnna, ofDomain, everybody} {
			_, err := f.Policies.DeleteGreylisting(ctx(t), asGlobal, account)
			require.NoError(t, err)
			says([]bool{false, true, false}[i], []string{"@example.com", "@.", store.SourceDefault}[i], ofAnna)
		}
		_, err := f.Policies.DeleteGreylisting(ctx(t), asGlobal, ofAnna)
		require.NoError(t, err, "one that is not there")
	})
	t.Run("rows", func(t *testing.T) {
		f := open(t)
		Exec(t, f.Iredapd, "INSERT INTO greylisting (account, priority, sender, sender_priority, comment) VALUES (?, 50, '@.', 0, 'old')", string(ofAnna))
		Exec(t, f.Iredapd, "INSERT INTO greylisting (account, priority, sender, sender_priority, active) VALUES (?, 100, '192.0.2.1', 80, 0)", string(ofAnna))
		mustGreylist(t, f, ofAnna, false)
		g := greylistingOf(t, f, ofAnna).Stored
		require.Equal(t, store.Record{
			{Name: "status", Value: "disable"}, {Name: "account", Value: string(ofAnna)}, {Name: "priority", Value: int64(100)},
			{Name: "sender", Value: "@."}, {Name: "sender_priority", Value: int64(0)}, {Name: "comment", Value: "old"},
			{Name: "active", Value: int64(0)},
		}, g.Without("id"))
		mustGreylist(t, f, everybody, true)
		settings, err := f.Policies.GreylistingSettings(ctx(t), store.GreylistingFilter{}, store.PageRequest{})
		require.NoError(t, err)
		all := settings.Items
		order := make([]any, len(all))
		for i, one := range all {
			order[i] = one.Get("sender")
		}
		require.Equal(t, []any{"192.0.2.1", "@.", "@."}, order)
		require.Equal(t, "enable", all[2].Get("status"))
		_, err = f.Policies.DeleteGreylisting(ctx(t), asGlobal, ofAnna)
		require.NoError(t, err)
		require.Equal(t, []string{"192.0.2.1"}, cells(t, f.Iredapd, "SELECT sender FROM greylisting WHERE account = ?", string(ofAnna)))
	})
	t.Run("listed", func(t *testing.T) { listGreylistings(t, open) })
	t.Run("64 at once", func(t *testing.T) {
		f := open(t)
		together(t, 64, func(i int) error {
			_, err := f.Policies.SetGreylisting(ctx(t), asGlobal, ofAnna, i%2 == 0)
			return err
		})
		require.EqualValues(t, 1, count(t, f.Iredapd, "SELECT COUNT(*) FROM greylisting"))
	})
	t.Run("a name that the column does not take", func(t *testing.T) {
		f := open(t)
		long := store.PolicyAccount(strings.Repeat("a", 100) + "@example.com")
		_, err := f.Policies.SetGreylisting(ctx(t), asGlobal, long, true)
		if f.Iredapd.Dialect.Name == "mysql" {
			requireCode(t, err, store.Invalid, store.CodeValueTooLong)
			return
		}
		require.NoError(t, err)
	})
	t.Run("dry run and precondition", func(t *testing.T) {
		f := open(t)
		mustGreylist(t, f, ofAnna, true)
		c, err := f.Policies.DeleteGreylisting(ctx(t), dry(), ofAnna)
		require.NoError(t, err)
		require.NotNil(t, greylistingOf(t, f, ofAnna).Stored)
		w := asGlobal
		w.If = c.Before.Version()
		_, err = f.Policies.SetGreylisting(ctx(t), w, ofAnna, false)
		require.NoError(t, err)
		_, err = f.Policies.SetGreylisting(ctx(t), w, ofAnna, true)
		requireCode(t, err, store.PreconditionFailed, store.CodePreconditionFailed)
	})
}

func exempt(t *testing.T, open PoliciesOpen) {
	change := func(t *testing.T, f PoliciesFixture, account store.PolicyAccount, s store.Set) []string {
		t.Helper()
		c, err := f.Policies.UpdateGreylistingWhitelist(ctx(t), asGlobal, account, s)
		require.NoError(t, err)
		return c.Discarded
	}
	whitelist := func(t *testing.T, f PoliciesFixture, account store.PolicyAccount) []string {
		t.Helper()
		list, err := f.Policies.GreylistingWhitelist(ctx(t), account, store.PageRequest{})
		require.NoError(t, err)
		slices.Sort(list.Items)
		return list.Items
	}
	t.Run("senders", func(t *testing.T) {
		f := open(t)
		given := []string{"198.51.100.7", "192.0.2.0/24", "@wd.org", "@.ws.org", "w@one.org", "@.", "@.top", "2001:DB8::0:1"}
		bad := []string{"192.0.2.1/24", "pen@*", "192.0.2.*", "@com", "nonsense", ""}
		require.Equal(t, bad, change(t, f, ofDomain, store.Set{Add: append(slices.Clone(given), bad...)}))
		require.Equal(t, []string{"192.0.2.0/24", "198.51.100.7", "2001:db8::1", "@.", "@.top", "@.ws.org", "@wd.org", "w@one.org"},
			whitelist(t, f, ofDomain))
		require.True(t, isExempt(t, f, ofAnna, "198.51.100.7"))
		require.True(t, isExempt(t, f, ofAnna, "x@sub.ws.org"))
		require.False(t, isExempt(t, f, "zoe@other.test", "198.51.100.7"))
		require.Empty(t, whitelist(t, f, ofAnna), "the list of another account")
	})
	t.Run("added, removed and replaced", func(t *testing.T) {
		f := open(t)
		change(t, f, ofAnna, store.Set{Add: []string{"a@x.org", "b@x.org"}})
		change(t, f, ofAnna, store.Set{Add: []string{"b@x.org", "c@x.org"}, Remove: []string{"a@x.org", "z@x.org"}})
		require.Equal(t, []string{"b@x.org", "c@x.org"}, whitelist(t, f, ofAnna))
		change(t, f, ofAnna, store.Set{Replace: &[]string{"d@x.org"}})
		require.Equal(t, []string{"d@x.org"}, whitelist(t, f, ofAnna))
		change(t, f, ofAnna, store.Set{Replace: &[]string{}})
		require.Empty(t, whitelist(t, f, ofAnna))
	})
	t.Run("replacing spares what a lookup made", func(t *testing.T) {
		f := open(t)
		Exec(t, f.Iredapd, "INSERT INTO greylisting_whitelists (account, sender, comment) VALUES ('@.', '192.0.2.9', 'AUTO-UPDATE: old.org')")
		change(t, f, everybody, store.Set{Add: []string{"a@x.org"}})
		change(t, f, everybody, store.Set{Replace: &[]string{"b@x.org"}})
		require.Equal(t, []string{"192.0.2.9", "b@x.org"}, whitelist(t, f, everybody))
	})
	t.Run("64 at once", func(t *testing.T) {
		f := open(t)
		many := ManyAddresses(64)
		together(t, 64, func(i int) error {
			_, err := f.Policies.UpdateGreylistingWhitelist(ctx(t), asGlobal, ofAnna, store.Set{Add: []string{many[i], "all@x.org"}})
			return err
		})
		require.Len(t, whitelist(t, f, ofAnna), 65)
	})
	t.Run("pages", func(t *testing.T) {
		f := open(t)
		many := ManyAddresses(5)
		change(t, f, ofAnna, store.Set{Add: many})
		first, err := f.Policies.GreylistingWhitelist(ctx(t), ofAnna, store.PageRequest{Limit: 3})
		require.NoError(t, err)
		rest, err := f.Policies.GreylistingWhitelist(ctx(t), ofAnna, store.PageRequest{Limit: 3, After: first.Next})
		require.NoError(t, err)
		require.Equal(t, many, append(first.Items, rest.Items...))
		require.Empty(t, rest.Next)
	})
	t.Run("of domains", func(t *testing.T) { exemptDomains(t, open) })
}

func exemptDomains(t *testing.T, open PoliciesOpen) {
	f := open(t)
	change := func(s store.Set) {
		_, err := f.Policies.UpdateSpfDomains(ctx(t), asGlobal, s)
		require.NoError(t, err)
	}
	domains := func() []string {
		list, err := f.Policies.SpfDomains(ctx(t))
		require.NoError(t, err)
		return list
	}
	replace := func(domain string, senders ...string) {
		require.NoError(t, f.Policies.ReplaceSpfSenders(ctx(t), domain, senders))
	}
	require.Equal(t, []string{}, domains())
	change(store.Set{Add: []string{"b.org", "a.org"}})
	change(store.Set{Add: []string{"a.org", "c.org"}, Remove: []string{"none.org"}})
	require.Equal(t, []string{"a.org", "b.org", "c.org"}, domains())

	Exec(t, f.Iredapd, "INSERT INTO greylisting_tracking (sender, recipient, client_address) VALUES ('x@a.org', 'anna@example.com', '192.0.2.1'),"+
		" ('x@a.org', 'anna@example.com', '192.0.2.200')")
	replace("a.org", "192.0.2.1", "198.51.100.0/24", "nonsense")
	replace("b.org", "192.0.2.1", "192.0.2.2")
	require.True(t, isExempt(t, f, ofAnna, "192.0.2.1"))
	require.True(t, isExempt(t, f, ofAnna, "198.51.100.0/24"))
	require.Equal(t, []string{"192.0.2.200"}, cells(t, f.Iredapd, "SELECT client_address FROM greylisting_tracking"), "others are still remembered")
	replace("a.org", "192.0.2.3")
	require.False(t, isExempt(t, f, ofAnna, "198.51.100.0/24"), "all of the domain is replaced")
	require.True(t, isExempt(t, f, ofAnna, "192.0.2.2"), "and nothing of another")
	replace("never-listed.org", "192.0.2.77")
	require.False(t, isExempt(t, f, ofAnna, "192.0.2.77"))

	Exec(t, f.Iredapd, "INSERT INTO greylisting_whitelists (account, sender, comment) VALUES ('@.', '192.0.2.99', 'AUTO-UPDATE: a.org')")
	change(store.Set{Remove: []string{"a.org"}})
	require.False(t, isExempt(t, f, ofAnna, "192.0.2.3"), "what was exempt on its behalf goes with it")
	require.False(t, isExempt(t, f, ofAnna, "192.0.2.99"))
	require.True(t, isExempt(t, f, ofAnna, "192.0.2.2"))
	change(store.Set{Replace: &[]string{}})
	require.Empty(t, domains())
	require.False(t, isExempt(t, f, ofAnna, "192.0.2.2"))
	t.Run("that share servers", func(t *testing.T) { sharedServers(t, open) })
}

// sharedServers proves that a server is exempt as long as any listed domain has it, whichever of them came first or goes first.
func sharedServers(t *testing.T, open PoliciesOpen) {
	const shared, single = "192.0.2.1", "192.0.2.9"
	f := open(t)
	change := func(s store.Set) {
		t.Helper()
		_, err := f.Policies.UpdateSpfDomains(ctx(t), asGlobal, s)
		require.NoError(t, err)
	}
	replace := func(domain string, senders ...string) {
		t.Helper()
		require.NoError(t, f.Policies.ReplaceSpfSenders(ctx(t), domain, senders))
	}
	exempt := func(sharedToo, singleToo bool) {
		t.Helper()
		require.Equal(t, sharedToo, isExempt(t, f, ofAnna, shared))
		require.Equal(t, singleToo, isExempt(t, f, ofAnna, single))
	}
	for _, order := range [][]string{{"a.org", "b.org", "c.org"}, {"c.org", "a.org", "b.org"}, {"b.org", "c.org", "a.org"}} {
		change(store.Set{Add: order})
		replace(order[0], shared, single)
		replace(order[1], shared)
		replace(order[2], shared)
		exempt(true, true)
		change(store.Set{Remove: []string{order[0]}})
		exempt(true, false)
		replace(order[1], single)
		exempt(true, true)
		replace(order[1], single, shared)
		change(store.Set{Remove: []string{order[2]}})
		exempt(true, true)
		replace(order[1], shared)
		exempt(true, false)
		change(store.Set{Remove: []string{order[1]}})
		exempt(false, false)
		require.Zero(t, count(t, f.Iredapd, "SELECT COUNT(*) FROM greylisting_whitelist_domain_spf"), "nothing is left over")
	}
	change(store.Set{Add: []string{"a.org", "b.org", "c.org"}})
	for _, d := range []string{"a.org", "b.org", "c.org"} {
		replace(d, shared)
	}
	change(store.Set{Remove: []string{"a.org", "b.org"}})
	exempt(true, false)
	change(store.Set{Replace: &[]string{}})
	exempt(false, false)
}

// listGreylistings walks the list of all settings, in both orders.
func listGreylistings(t *testing.T, open PoliciesOpen) {
	f := open(t)
	for _, one := range []struct {
		account, sender          string
		priority, senderPriority int
	}{
		{"@.", "@.", 0, 0}, {"@example.com", "@.", 60, 0}, {"@example.com", "192.0.2.1", 60, 10}, {"anna@example.com", "@.", 100, 0},
		{"cy_n%a@example.com", "@.", 100, 0}, {"bert@example.com", "@.", 100, 0}, {"bert@example.com", "@b.test", 100, 0},
	} {
		require.NoError(t, f.Iredapd.Write(ctx(t), func(tx *sqldb.Tx) error {
			return tx.Insert(ctx(t), "greylisting", "INSERT INTO greylisting (account, sender, priority, sender_priority{columns}) VALUES (?, ?, ?, ?{values})",
				one.account, one.sender, one.priority, one.senderPriority)
		}))
	}
	read := func(filter store.GreylistingFilter, page store.PageRequest) (names []string, next string) {
		list, err := f.Policies.GreylistingSettings(ctx(t), filter, page)
		require.NoError(t, err)
		names = []string{}
		for _, r := range list.Items {
			names = append(names, fmt.Sprint(r.Get("account"), " ", r.Get("sender")))
		}
		return names, list.Next
	}
	byAccount := []string{
		"@. @.", "@example.com 192.0.2.1", "@example.com @.", "anna@example.com @.", "bert@example.com @.",
		"bert@example.com @b.test", "cy_n%a@example.com @.",
	}
	byPrecedence := append(append([]string{}, byAccount[3:]...), byAccount[1], byAccount[2], byAccount[0])
	for order, want := range map[store.Sort][]string{store.SortKey: byPrecedence, store.SortAccount: byAccount} {
		requirePagesBy(t, order, want, func(page store.PageRequest) ([]string, string) { return read(store.GreylistingFilter{}, page) })
	}
	for text, want := range map[string][]string{"anna": byAccount[3:4], "BE": byAccount[4:6], "cy_": byAccount[6:], "cy%": {}, "*": {}, `\`: {}} {
		found, _ := read(store.GreylistingFilter{Prefix: text}, store.PageRequest{Sort: store.SortAccount})
		require.Equal(t, want, found, "prefix %s", text)
	}
	for text, want := range map[string][]string{"b.test": byAccount[5:6], "N%A": byAccount[6:], "192": byAccount[1:2], "_": byAccount[6:], "zz": {}} {
		found, _ := read(store.GreylistingFilter{Any: text}, store.PageRequest{Sort: store.SortAccount})
		require.Equal(t, want, found, "any %s", text)
	}
	list, err := f.Policies.GreylistingSettings(ctx(t), store.GreylistingFilter{Prefix: "bert"}, store.PageRequest{Limit: 1, Count: true})
	require.NoError(t, err)
	require.Equal(t, ptr(int64(2)), list.Total)
	_, err = f.Policies.GreylistingSettings(ctx(t), store.GreylistingFilter{}, store.PageRequest{Sort: store.SortName})
	requireCode(t, err, store.Invalid, store.CodeInvalidValue)
	_, err = f.Policies.GreylistingSettings(ctx(t), store.GreylistingFilter{Any: "\x01"}, store.PageRequest{})
	requireCode(t, err, store.Invalid, store.CodeInvalidValue)
}
