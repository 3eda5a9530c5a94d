package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// seed gives each account one of everything.
func seed(t *testing.T, f PoliciesFixture, accounts ...store.PolicyAccount) {
	t.Helper()
	for _, a := range accounts {
		mustPolicy(t, f, a, store.SpamPolicyUpdate{BypassSpam: set(true)})
		for _, d := range []store.Direction{store.Inbound, store.Outbound} {
			mustWblist(t, f, wblistOf(a, d, store.Blacklist), "pen@example.net")
			mustThrottle(t, f, a, d, store.ThrottleSet{Period: 60})
		}
		mustGreylist(t, f, a, true)
		_, err := f.Policies.UpdateGreylistingWhitelist(ctx(t), asGlobal, a, store.Set{Add: []string{"w@one.org"}})
		require.NoError(t, err)
	}
	Exec(t, f.Iredapd, "DELETE FROM throttle_tracking")
	Exec(t, f.Iredapd, "INSERT INTO throttle_tracking (tid, account) SELECT id, account FROM throttle")
}

// seeded is how many things the account has.
func seeded(t *testing.T, f PoliciesFixture, a store.PolicyAccount) int {
	t.Helper()
	n := 0
	if policyOf(t, f, a).Stored != nil {
		n++
	}
	for _, d := range []store.Direction{store.Inbound, store.Outbound} {
		n += len(listed(t, f, wblistOf(a, d, store.Blacklist)))
		if throttleOf(t, f, a, d).Stored != nil {
			n++
		}
	}
	if greylistingOf(t, f, a).Stored != nil {
		n++
	}
	list, err := f.Policies.GreylistingWhitelist(ctx(t), a, store.PageRequest{})
	require.NoError(t, err)
	return n + len(list.Items)
}

func forgotten(t *testing.T, open PoliciesOpen) {
	const all = 7
	others := []store.PolicyAccount{everybody, "@sub.example.com", "anna@xexample.com", "@exampleXcom.test", "zoe@other.test"}
	t.Run("an address", func(t *testing.T) {
		f := open(t)
		seed(t, f, append(others, ofAnna, ofBert, ofDomain)...)
		require.NoError(t, f.Policies.ForgetAccount(ctx(t), string(ofAnna)))
		require.NoError(t, f.Policies.ForgetAccount(ctx(t), string(ofAnna)), "again")
		require.Equal(t, 0, seeded(t, f, ofAnna))
		for _, a := range append(others, ofBert, ofDomain) {
			require.Equal(t, all, seeded(t, f, a), a)
		}
	})
	t.Run("a domain with all in it", func(t *testing.T) {
		f := open(t)
		seed(t, f, append(others, ofAnna, ofBert, ofDomain)...)
		require.NoError(t, f.Policies.ForgetAccount(ctx(t), "example.com"))
		for _, a := range []store.PolicyAccount{ofAnna, ofBert, ofDomain} {
			require.Equal(t, 0, seeded(t, f, a), a)
		}
		for _, a := range others {
			require.Equal(t, all, seeded(t, f, a), a)
		}
	})
	t.Run("a domain with an underscore", func(t *testing.T) {
		f := open(t)
		seed(t, f, "a@my_test.org", "a@myxtest.org")
		require.NoError(t, f.Policies.ForgetAccount(ctx(t), "my_test.org"))
		require.Equal(t, 0, seeded(t, f, "a@my_test.org"))
		require.Equal(t, all, seeded(t, f, "a@myxtest.org"))
	})
	t.Run("what is held", func(t *testing.T) {
		f := open(t)
		about, ok := f.Policies.(store.Leftovers)
		require.True(t, ok)
		holds := func(name string) bool {
			held, err := about.HoldsAccount(ctx(t), name)
			require.NoError(t, err)
			return held
		}
		seed(t, f, append(others, ofAnna)...)
		require.True(t, holds(string(ofAnna)))
		require.True(t, holds("example.com"))
		for _, name := range []string{string(ofBert), "ample.com"} {
			require.False(t, holds(name), name)
		}
		require.NoError(t, f.Policies.ForgetAccount(ctx(t), "example.com"))
		require.False(t, holds(string(ofAnna)))
		require.False(t, holds("example.com"))
		for _, query := range []string{
			"INSERT INTO throttle_tracking (tid, account) SELECT MAX(id), 'anna@example.com' FROM throttle",
			"INSERT INTO greylisting (account, sender, active) VALUES ('anna@example.com', '@.', 1)",
			"INSERT INTO greylisting_whitelists (account, sender) VALUES ('anna@example.com', '192.0.2.1')",
			"INSERT INTO greylisting_whitelist_domain_spf (account, sender) VALUES ('anna@example.com', '192.0.2.1')",
		} {
			Exec(t, f.Iredapd, query)
			require.True(t, holds(string(ofAnna)), query)
			require.NoError(t, f.Policies.ForgetAccount(ctx(t), string(ofAnna)))
			require.False(t, holds(string(ofAnna)), query)
		}
	})
	t.Run("renamed", func(t *testing.T) {
		f := open(t)
		seed(t, f, ofAnna, ofBert, "anne@example.com")
		mustWblist(t, f, wblistOf("anne@example.com", store.Inbound, store.Whitelist), "left@example.net")
		for range 2 { // the second time nothing is left to carry, and what was carried stays
			require.NoError(t, f.Policies.RenameAccount(ctx(t), string(ofAnna), "anne@example.com"))
			require.Equal(t, 0, seeded(t, f, ofAnna))
			require.Equal(t, all, seeded(t, f, "anne@example.com"))
			require.Equal(t, all, seeded(t, f, ofBert))
			require.Empty(t, listed(t, f, wblistOf("anne@example.com", store.Inbound, store.Whitelist)), "what the name had before goes")
		}
		require.EqualValues(t, 10, count(t, f.Amavisd, "SELECT priority FROM users WHERE email = ?", raw(f.Amavisd, "anne@example.com")))
	})
}
