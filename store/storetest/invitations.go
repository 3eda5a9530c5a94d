package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// minutely has every try come a minute after noon.
func minutely(int) time.Time { return noon.Add(time.Minute) }

// invited are the addresses of invitations, in order.
func invited(taken []store.Invitation) []string {
	all := make([]string, len(taken))
	for i, one := range taken {
		all[i] = one.Address
	}
	return all
}

func invitations(t *testing.T, open func(t *testing.T) store.State) {
	add := func(t *testing.T, s store.State, list string, addresses ...string) {
		t.Helper()
		require.NoError(t, s.AddInvitations(ctx(t), list, store.SubscribeDigest, addresses, noon))
	}
	take := func(t *testing.T, s store.State, most int, now time.Time) []store.Invitation {
		t.Helper()
		taken, err := s.TakeInvitations(ctx(t), most, now, minutely)
		require.NoError(t, err)
		return taken
	}
	t.Run("is taken once and forgotten", func(t *testing.T) {
		s := open(t)
		add(t, s, "dev@a.test", "x@far.test")
		taken := take(t, s, 9, noon)
		require.Len(t, taken, 1)
		require.NotEmpty(t, taken[0].Claim)
		require.Equal(t, store.Invitation{List: "dev@a.test", Address: "x@far.test", Subscription: store.SubscribeDigest, Tries: 1,
			Created: noon, Claim: taken[0].Claim}, taken[0])
		require.Empty(t, take(t, s, 9, noon), "nobody else gets it")
		require.NoError(t, s.FinishInvitation(ctx(t), taken[0]))
		require.Empty(t, take(t, s, 9, noon.Add(time.Hour)))
		require.NoError(t, s.FinishInvitation(ctx(t), taken[0]), "a missing one is fine")
	})
	t.Run("comes again when nobody finishes it", func(t *testing.T) {
		s := open(t)
		add(t, s, "dev@a.test", "x@far.test")
		take(t, s, 9, noon)
		require.Empty(t, take(t, s, 9, noon.Add(59*time.Second)))
		again := take(t, s, 9, noon.Add(time.Minute))
		require.Len(t, again, 1)
		require.Equal(t, 2, again[0].Tries)
	})
	t.Run("requests take turns", func(t *testing.T) {
		s := open(t)
		add(t, s, "long@a.test", "1@far.test", "2@far.test", "3@far.test", "4@far.test")
		add(t, s, "short@b.test", "y@far.test")
		require.ElementsMatch(t, []string{"1@far.test", "y@far.test"}, invited(take(t, s, 2, noon)))
		require.Equal(t, []string{"2@far.test", "3@far.test"}, invited(take(t, s, 2, noon)))
	})
	t.Run("asked anew", func(t *testing.T) {
		s := open(t)
		add(t, s, "dev@a.test", "x@far.test", "y@far.test")
		old := take(t, s, 1, noon)
		require.NoError(t, s.AddInvitations(ctx(t), "dev@a.test", store.SubscribeNormal, []string{"x@far.test"}, noon))
		require.NoError(t, s.FinishInvitation(ctx(t), old[0]), "what was taken is not what is recorded now")
		taken := take(t, s, 9, noon)
		require.ElementsMatch(t, []string{"x@far.test", "y@far.test"}, invited(taken))
		for _, one := range taken {
			require.Equal(t, 1, one.Tries)
			require.Equal(t, one.Address == "x@far.test", one.Subscription == store.SubscribeNormal)
		}
	})
	t.Run("dropped", func(t *testing.T) {
		s := open(t)
		add(t, s, "dev@a.test", "x@far.test", "y@far.test", "z@far.test")
		add(t, s, "dev@b.test", "x@far.test")
		require.NoError(t, s.DropInvitations(ctx(t), "dev@a.test", []string{"y@far.test", "nobody@far.test"}))
		require.NoError(t, s.DropInvitations(ctx(t), "dev@a.test", []string{}))
		require.NoError(t, s.DropInvitations(ctx(t), "dev@b.test", nil))
		require.ElementsMatch(t, []string{"x@far.test", "z@far.test"}, invited(take(t, s, 9, noon)))
	})
	t.Run("a thousand", func(t *testing.T) {
		s := open(t)
		add(t, s, "dev@a.test", numbered(1001)...)
		add(t, s, "dev@a.test", numbered(1001)...)
		require.Len(t, take(t, s, 2000, noon), 1001)
		require.NoError(t, s.DropInvitations(ctx(t), "dev@a.test", numbered(1001)))
		require.Empty(t, take(t, s, 2000, noon.Add(time.Hour)))
	})
}

func numbered(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("m%d@far.test", i)
	}
	return all
}
