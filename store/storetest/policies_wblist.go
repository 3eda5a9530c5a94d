package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func wblistOf(account store.PolicyAccount, d store.Direction, c store.Colour) store.WblistKey {
	return store.WblistKey{Account: account, Direction: d, Colour: c}
}

func inboundWhite(a store.PolicyAccount) store.WblistKey {
	return wblistOf(a, store.Inbound, store.Whitelist)
}

func inboundBlack(a store.PolicyAccount) store.WblistKey {
	return wblistOf(a, store.Inbound, store.Blacklist)
}

func listed(t *testing.T, f PoliciesFixture, key store.WblistKey) []string {
	t.Helper()
	list, err := f.Policies.Wblist(ctx(t), key, store.PageRequest{})
	require.NoError(t, err)
	return list.Items
}

func mustWblist(t *testing.T, f PoliciesFixture, key store.WblistKey, addresses ...string) {
	t.Helper()
	_, err := f.Policies.AddToWblist(ctx(t), asGlobal, key, addresses)
	require.NoError(t, err)
}

// verdict is what Amavisd and iRedAPD find for a message: the accounts of this side by priority, within each the other
// side by priority; the first entry decides.
func verdict(t *testing.T, f PoliciesFixture, d store.Direction, ours store.PolicyAccount, theirs string) string {
	t.Helper()
	table, own, other := "wblist", "rid", "sid"
	if d == store.Outbound {
		table, own, other = "outbound_wblist", "sid", "rid"
	}
	query := "SELECT l.wb FROM users u JOIN " + table + " l ON l." + own + " = u.id JOIN mailaddr a ON a.id = l." + other +
		" WHERE u.email IN (?) AND a.email IN (?) ORDER BY u.priority DESC, a.priority DESC"
	found := cells(t, f.Amavisd, query, raws(f.Amavisd, names(ours.Candidates())),
		raws(f.Amavisd, names(store.PolicyAccount(theirs).Candidates())))
	if len(found) == 0 {
		return ""
	}
	return found[0]
}

func wblists(t *testing.T, open PoliciesOpen) {
	const pen, ink = "pen@example.net", "ink@example.net"
	t.Run("empty", func(t *testing.T) {
		f := open(t)
		require.Equal(t, []string{}, listed(t, f, inboundWhite(ofAnna)))
		require.EqualValues(t, 0, count(t, f.Amavisd, "SELECT COUNT(*) FROM users"), "looking makes no row")
	})
	t.Run("each list is its own", func(t *testing.T) {
		f := open(t)
		all := map[store.WblistKey]string{}
		for _, a := range []store.PolicyAccount{everybody, ofDomain, ofAnna} {
			for i, d := range []store.Direction{store.Inbound, store.Outbound} {
				for j, c := range []store.Colour{store.Whitelist, store.Blacklist} {
					all[wblistOf(a, d, c)] = fmt.Sprintf("x%d%d%d@example.net", len(a), i, j)
				}
			}
		}
		for key, address := range all {
			mustWblist(t, f, key, address)
		}
		for key, address := range all {
			require.Equal(t, []string{address}, listed(t, f, key), "%v", key)
		}
		for key := range all {
			_, err := f.Policies.ClearWblist(ctx(t), asGlobal, key)
			require.NoError(t, err)
			require.Empty(t, listed(t, f, key))
			delete(all, key)
			for other, address := range all {
				require.Equal(t, []string{address}, listed(t, f, other), "%v after %v", other, key)
			}
		}
	})
	t.Run("the last colour wins", func(t *testing.T) {
		f := open(t)
		mustWblist(t, f, inboundWhite(ofAnna), pen, ink)
		mustWblist(t, f, inboundBlack(ofAnna), pen)
		require.Equal(t, []string{ink}, listed(t, f, inboundWhite(ofAnna)))
		require.Equal(t, []string{pen}, listed(t, f, inboundBlack(ofAnna)))
		mustWblist(t, f, inboundBlack(ofAnna), pen)
		require.Equal(t, []string{pen}, listed(t, f, inboundBlack(ofAnna)), "adding again changes nothing")
	})
	t.Run("removed from one colour alone", func(t *testing.T) {
		f := open(t)
		mustWblist(t, f, inboundWhite(ofAnna), pen, ink)
		_, err := f.Policies.RemoveFromWblist(ctx(t), asGlobal, inboundBlack(ofAnna), []string{pen})
		require.NoError(t, err)
		require.Len(t, listed(t, f, inboundWhite(ofAnna)), 2)
		c, err := f.Policies.RemoveFromWblist(ctx(t), asGlobal, inboundWhite(ofAnna), []string{"PEN@example.net", "nobody@example.net", "@com"})
		require.NoError(t, err)
		require.Equal(t, []string{"@com"}, c.Discarded)
		require.Equal(t, []string{ink}, listed(t, f, inboundWhite(ofAnna)))
	})
	t.Run("patterns", func(t *testing.T) { wblistPatterns(t, open) })
	t.Run("who decides", func(t *testing.T) { wblistLevels(t, open) })
	t.Run("pages", func(t *testing.T) {
		f := open(t)
		all := ManyAddresses(7)
		mustWblist(t, f, inboundWhite(ofAnna), all...)
		mustWblist(t, f, inboundWhite(ofBert), "aaa@example.net")
		for _, desc := range []bool{false, true} {
			var got []string
			page := store.PageRequest{Limit: 3, Desc: desc}
			for {
				part, err := f.Policies.Wblist(ctx(t), inboundWhite(ofAnna), page)
				require.NoError(t, err)
				require.LessOrEqual(t, len(part.Items), 3)
				got = append(got, part.Items...)
				if page.After = part.Next; page.After == "" {
					break
				}
			}
			if desc {
				slices.Reverse(got)
			}
			require.Equal(t, all, got)
		}
	})
	t.Run("a thousand", func(t *testing.T) {
		f := open(t)
		all := ManyAddresses(2500)
		mustWblist(t, f, inboundBlack(ofDomain), all[:1000]...)
		mustWblist(t, f, inboundWhite(ofDomain), all...)
		require.Equal(t, all, listed(t, f, inboundWhite(ofDomain)))
		require.Empty(t, listed(t, f, inboundBlack(ofDomain)))
		_, err := f.Policies.RemoveFromWblist(ctx(t), asGlobal, inboundWhite(ofDomain), all[1:])
		require.NoError(t, err)
		require.Equal(t, all[:1], listed(t, f, inboundWhite(ofDomain)))
	})
	t.Run("64 at once", func(t *testing.T) {
		f := open(t)
		together(t, 64, func(i int) error {
			_, err := f.Policies.AddToWblist(ctx(t), asGlobal, inboundBlack(ofAnna), []string{"all@example.net", fmt.Sprintf("n%02d@example.net", i)})
			return err
		})
		require.Len(t, listed(t, f, inboundBlack(ofAnna)), 65)
		require.EqualValues(t, 1, count(t, f.Amavisd, "SELECT COUNT(*) FROM users"))
	})
	t.Run("dry run", func(t *testing.T) {
		f := open(t)
		c, err := f.Policies.AddToWblist(ctx(t), dry(), inboundBlack(ofAnna), []string{pen, "nonsense"})
		require.NoError(t, err)
		require.Equal(t, []string{"nonsense"}, c.Discarded)
		require.EqualValues(t, 0, count(t, f.Amavisd, "SELECT COUNT(*) FROM mailaddr"))
	})
}

func wblistPatterns(t *testing.T, open PoliciesOpen) {
	valid := map[string]int64{ // by the priority that its row has
		"pen@example.net": 10, "192.0.2.1": 9, "2001:db8::1": 9, "192.0.2.*": 8, "192.0.2.0/24": 7, "2620:0:2d0:200::7": 9,
		"pen@*": 7, "@example.net": 5, "@.example.net": 3, "@.net": 2, "@.": 0,
	}
	invalid := []string{"192.0.2.5/24", "2001:db8::1/32", "@com", "@", "", "pen", "pen@", "example.net", "@ex ample.net", "pen@exämple.net", "@ip"}
	f := open(t)
	given := slices.Clone(invalid)
	for pattern := range valid {
		given = append(given, " "+pattern+" ")
	}
	c, err := f.Policies.AddToWblist(ctx(t), asGlobal, inboundBlack(ofAnna), append(given, "PEN@Example.NET", "2001:DB8:0::1", "2620:0:2d0:200::7/128"))
	require.NoError(t, err)
	require.Equal(t, invalid, c.Discarded)
	require.Len(t, listed(t, f, inboundBlack(ofAnna)), len(valid))
	for pattern, priority := range valid {
		require.Equal(t, priority, count(t, f.Amavisd, "SELECT priority FROM mailaddr WHERE email = ?", raw(f.Amavisd, pattern)), pattern)
	}
	t.Run("a wrong priority is put right", func(t *testing.T) {
		f := open(t)
		Exec(t, f.Amavisd, "INSERT INTO mailaddr (priority, email) VALUES (7, ?)", raw(f.Amavisd, "pen@example.net"))
		mustWblist(t, f, inboundBlack(ofAnna), "pen@example.net")
		require.EqualValues(t, 10, count(t, f.Amavisd, "SELECT priority FROM mailaddr"))
	})
}

func wblistLevels(t *testing.T, open PoliciesOpen) {
	for _, d := range []store.Direction{store.Inbound, store.Outbound} {
		t.Run(string(d), func(t *testing.T) {
			f := open(t)
			const pen = "pen@sub.example.net"
			says := func(want string, ours store.PolicyAccount, why string) {
				require.Equal(t, want, verdict(t, f, d, ours, pen), why)
			}
			says("", ofAnna, "nothing is listed")
			mustWblist(t, f, wblistOf(everybody, d, store.Blacklist), "@.example.net")
			says("B", ofAnna, "everybody's list")
			mustWblist(t, f, wblistOf(ofDomain, d, store.Whitelist), "@.")
			says("W", ofAnna, "the domain comes before everybody")
			mustWblist(t, f, wblistOf(ofAnna, d, store.Blacklist), "@sub.example.net")
			says("B", ofAnna, "the mailbox before its domain")
			says("W", ofBert, "another mailbox")
			mustWblist(t, f, wblistOf(ofAnna, d, store.Whitelist), pen)
			says("W", ofAnna, "the more exact address")
			for _, step := range []struct {
				key  store.WblistKey
				left string
			}{
				{wblistOf(ofAnna, d, store.Whitelist), "B"}, {wblistOf(ofAnna, d, store.Blacklist), "W"},
				{wblistOf(ofDomain, d, store.Whitelist), "B"}, {wblistOf(everybody, d, store.Blacklist), ""},
			} {
				_, err := f.Policies.ClearWblist(ctx(t), asGlobal, step.key)
				require.NoError(t, err)
				says(step.left, ofAnna, fmt.Sprintf("without %v", step.key))
			}
		})
	}
}
