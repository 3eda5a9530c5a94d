package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func mustThrottle(t *testing.T, f PoliciesFixture, account store.PolicyAccount, d store.Direction, s store.ThrottleSet) {
	t.Helper()
	_, err := f.Policies.SetThrottle(ctx(t), asGlobal, account, d, s)
	require.NoError(t, err)
}

func throttleOf(t *testing.T, f PoliciesFixture, account store.PolicyAccount, d store.Direction) store.Throttle {
	t.Helper()
	found, err := f.Policies.Throttle(ctx(t), account, d)
	require.NoError(t, err)
	return found
}

// limit is what iRedAPD finds for a message: of the rows of the account's candidates that have a period, by priority, the
// first that does not leave the limit to the next.
func limit(t *testing.T, f PoliciesFixture, account store.PolicyAccount, d store.Direction, column string) int64 {
	t.Helper()
	var found []int64
	query := "SELECT " + column + " FROM throttle WHERE kind = ? AND account IN (?) AND period > 0 AND " + column + " >= 0 ORDER BY priority DESC"
	require.NoError(t, f.Iredapd.Reader().Select(ctx(t), &found, query, string(d), names(account.Candidates())))
	if len(found) == 0 {
		return 0
	}
	return found[0]
}

func throttles(t *testing.T, open PoliciesOpen) {
	hour := store.ThrottleSet{Period: 3600, MsgSize: ptr(int64(1000)), MaxMsgs: ptr(int64(5))}
	t.Run("none", func(t *testing.T) {
		found := throttleOf(t, open(t), ofAnna, store.Inbound)
		require.Nil(t, found.Stored)
		require.Equal(t, store.Effective{Value: int64(0), Source: store.SourceDefault}, found.Effective.Get("max_msgs"))
	})
	t.Run("rows", func(t *testing.T) {
		f := open(t)
		for account, priority := range map[store.PolicyAccount]int64{everybody: 0, ofDomain: 60, ofAnna: 100} {
			for _, d := range []store.Direction{store.Inbound, store.Outbound} {
				mustThrottle(t, f, account, d, hour)
				require.Equal(t, store.Record{
					{Name: "account", Value: string(account)}, {Name: "kind", Value: string(d)}, {Name: "priority", Value: priority},
					{Name: "period", Value: int64(3600)}, {Name: "msg_size", Value: int64(1000)}, {Name: "max_msgs", Value: int64(5)},
					{Name: "max_quota", Value: int64(-1)}, {Name: "max_rcpts", Value: int64(-1)},
				}, throttleOf(t, f, account, d).Stored.Without("id"))
			}
		}
		require.EqualValues(t, 6, count(t, f.Iredapd, "SELECT COUNT(*) FROM throttle"))
	})
	t.Run("replaced in place", func(t *testing.T) { throttleReplaced(t, open) })
	t.Run("ended", func(t *testing.T) {
		f := open(t)
		mustThrottle(t, f, ofAnna, store.Outbound, hour)
		mustThrottle(t, f, ofAnna, store.Inbound, hour)
		Exec(t, f.Iredapd, "INSERT INTO throttle_tracking (tid, account) SELECT id, account FROM throttle")
		mustThrottle(t, f, ofAnna, store.Outbound, store.ThrottleSet{})
		require.Nil(t, throttleOf(t, f, ofAnna, store.Outbound).Stored)
		require.NotNil(t, throttleOf(t, f, ofAnna, store.Inbound).Stored)
		require.EqualValues(t, 1, count(t, f.Iredapd, "SELECT COUNT(*) FROM throttle_tracking"))
		mustThrottle(t, f, ofAnna, store.Outbound, store.ThrottleSet{})
	})
	t.Run("who decides", func(t *testing.T) { throttleLevels(t, open) })
	t.Run("refused", func(t *testing.T) {
		for name, s := range map[string]store.ThrottleSet{
			"period":    {Period: -1},
			"msg_size":  {Period: 1, MsgSize: ptr(int64(-2))},
			"max_msgs":  {Period: 1, MaxMsgs: ptr(int64(-9))},
			"max_quota": {Period: 1, MaxQuota: ptr(int64(-2))},
		} {
			f := open(t)
			_, err := f.Policies.SetThrottle(ctx(t), asGlobal, ofAnna, store.Outbound, s)
			requireCode(t, err, store.Invalid, store.CodeInvalidNumber)
			var known *store.Error
			require.ErrorAs(t, err, &known)
			require.Equal(t, name, known.Field)
			require.EqualValues(t, 0, count(t, f.Iredapd, "SELECT COUNT(*) FROM throttle"))
		}
		f := open(t)
		_, err := f.Policies.SetThrottle(ctx(t), asGlobal, ofAnna, store.Outbound, store.ThrottleSet{Period: 1 << 32})
		requireCode(t, err, store.Invalid, store.CodeInvalidNumber)
		mustThrottle(t, f, ofAnna, store.Outbound, store.ThrottleSet{Period: 1<<32 - 1, MaxQuota: ptr(int64(9007199254740991))})
	})
	t.Run("64 at once", func(t *testing.T) {
		f := open(t)
		together(t, 64, func(i int) error {
			_, err := f.Policies.SetThrottle(ctx(t), asGlobal, ofAnna, store.Outbound, store.ThrottleSet{Period: int64(i + 1)})
			return err
		})
		require.EqualValues(t, 1, count(t, f.Iredapd, "SELECT COUNT(*) FROM throttle"))
	})
	t.Run("dry run and precondition", func(t *testing.T) {
		f := open(t)
		mustThrottle(t, f, ofAnna, store.Outbound, hour)
		c, err := f.Policies.SetThrottle(ctx(t), dry(), ofAnna, store.Outbound, store.ThrottleSet{})
		require.NoError(t, err)
		require.NotNil(t, throttleOf(t, f, ofAnna, store.Outbound).Stored)
		w := asGlobal
		w.If = c.Before.Version()
		_, err = f.Policies.SetThrottle(ctx(t), w, ofAnna, store.Outbound, store.ThrottleSet{Period: 60})
		require.NoError(t, err)
		_, err = f.Policies.SetThrottle(ctx(t), w, ofAnna, store.Outbound, store.ThrottleSet{Period: 70})
		requireCode(t, err, store.PreconditionFailed, store.CodePreconditionFailed)
	})
}

func throttleReplaced(t *testing.T, open PoliciesOpen) {
	f := open(t)
	mustThrottle(t, f, ofAnna, store.Outbound, store.ThrottleSet{Period: 60, MaxMsgs: ptr(int64(9)), MaxQuota: ptr(int64(7))})
	id := throttleOf(t, f, ofAnna, store.Outbound).Stored.Get("id")
	Exec(t, f.Iredapd, "UPDATE throttle SET priority = 10, max_rcpts = 3")
	Exec(t, f.Iredapd, "INSERT INTO throttle_tracking (tid, account, cur_msgs) SELECT id, account, 4 FROM throttle")
	mustThrottle(t, f, ofAnna, store.Outbound, store.ThrottleSet{Period: 60, MsgSize: ptr(int64(1))})
	now := throttleOf(t, f, ofAnna, store.Outbound).Stored
	require.Equal(t, id, now.Get("id"))
	require.Equal(t, []any{int64(100), int64(1), int64(-1), int64(-1), int64(3)},
		[]any{now.Get("priority"), now.Get("msg_size"), now.Get("max_msgs"), now.Get("max_quota"), now.Get("max_rcpts")})
	require.EqualValues(t, 1, count(t, f.Iredapd, "SELECT COUNT(*) FROM throttle_tracking"), "what was counted still counts")
	mustThrottle(t, f, ofAnna, store.Outbound, store.ThrottleSet{Period: 61})
	require.EqualValues(t, 0, count(t, f.Iredapd, "SELECT COUNT(*) FROM throttle_tracking"), "by a new period it does not")

	if f.Iredapd.Dialect.Name != "postgres" {
		return
	}
	Exec(t, f.Iredapd, "INSERT INTO throttle (account, kind, period) VALUES (?, 'outbound', 5), (?, 'outbound', 6)", string(ofAnna), string(ofAnna))
	Exec(t, f.Iredapd, "INSERT INTO throttle_tracking (tid, account) SELECT id, account FROM throttle")
	mustThrottle(t, f, ofAnna, store.Outbound, store.ThrottleSet{Period: 61})
	require.EqualValues(t, 1, count(t, f.Iredapd, "SELECT COUNT(*) FROM throttle"), "one of several is left")
	require.Equal(t, id, throttleOf(t, f, ofAnna, store.Outbound).Stored.Get("id"))
}

func throttleLevels(t *testing.T, open PoliciesOpen) {
	f := open(t)
	says := func(want int64, source string, account store.PolicyAccount) {
		t.Helper()
		require.Equal(t, want, limit(t, f, account, store.Outbound, "max_msgs"), "as iRedAPD reads the rows")
		require.Equal(t, store.Effective{Value: want, Source: source}, throttleOf(t, f, account, store.Outbound).Effective.Get("max_msgs"))
	}
	most := func(n int64) store.ThrottleSet { return store.ThrottleSet{Period: 60, MaxMsgs: &n} }
	says(0, store.SourceDefault, ofAnna)
	mustThrottle(t, f, everybody, store.Outbound, most(50))
	says(50, "@.", ofAnna)
	mustThrottle(t, f, ofDomain, store.Outbound, store.ThrottleSet{Period: 60, MsgSize: ptr(int64(9))})
	says(50, "@.", ofAnna)
	mustThrottle(t, f, ofDomain, store.Outbound, most(20))
	says(20, "@example.com", ofAnna)
	mustThrottle(t, f, ofAnna, store.Outbound, most(0))
	says(0, string(ofAnna), ofAnna)
	says(20, "@example.com", ofBert)
	require.Equal(t, int64(0), limit(t, f, ofAnna, store.Inbound, "max_msgs"), "the other direction")
	for i, account := range []store.PolicyAccount{ofAnna, ofDomain, everybody} {
		mustThrottle(t, f, account, store.Outbound, store.ThrottleSet{})
		says([]int64{20, 50, 0}[i], []string{"@example.com", "@.", store.SourceDefault}[i], ofAnna)
	}
	for i := range 3 {
		mustThrottle(t, f, store.PolicyAccount(fmt.Sprintf("x%d@example.com", i)), store.Outbound, most(1))
	}
	says(0, store.SourceDefault, ofAnna)
}
