package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

func TestProofCodes(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		code := rules.NewProofCode()
		require.Regexp(t, `^iredmail-domain-verification-[A-Za-z0-9]{20}$`, code)
		require.False(t, seen[code])
		seen[code] = true
	}
}

func TestHowLongAProofIsGood(t *testing.T) {
	now := time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		last time.Time
		want bool
	}{
		"never":             {time.Time{}, false},
		"just now":          {now, true},
		"thirty days":       {now.Add(-30 * 24 * time.Hour), true},
		"a second more":     {now.Add(-30*24*time.Hour - time.Second), false},
		"the clock is fast": {now.Add(time.Hour), true},
	} {
		require.Equal(t, c.want, rules.IsProofStillGood(c.last, now), name)
	}
}

func TestWhoMustProveNames(t *testing.T) {
	require.False(t, rules.MustProveNames(store.Actor{}), "the program itself")
	require.False(t, rules.MustProveNames(store.Actor{Username: "root@elsewhere.test", Global: true}))
	require.True(t, rules.MustProveNames(store.Actor{Username: "boss@elsewhere.test"}))
}

func TestNumberOfAliasDomains(t *testing.T) {
	for _, c := range []struct {
		before, after int
		refused       bool
	}{{0, 1, false}, {99, 100, false}, {100, 101, true}, {100, 100, false}, {150, 149, false}, {150, 150, false}, {150, 151, true}} {
		err := rules.CheckAliasDomains(c.before, c.after)
		require.Equal(t, c.refused, store.HasCode(err, store.CodeLimitAliasDomains), "%d to %d", c.before, c.after)
	}
}

func TestReservedNames(t *testing.T) {
	reserved := []string{"mx.example.com"}
	require.NoError(t, rules.CheckNames([]string{"example.com", "a.mx.example.com"}, reserved))
	require.NoError(t, rules.CheckNames(nil, reserved))
	require.True(t, store.HasCode(rules.CheckNames([]string{"example.com", "mx.example.com"}, reserved), store.CodePermissionDenied))
}

func TestPlanAliasDomains(t *testing.T) {
	list := func(names ...string) *[]string { all := append([]string{}, names...); return &all }
	for name, c := range map[string]struct {
		set            store.Set
		inUse, pending []string
		proven         string
		want           rules.AliasDomainPlan
	}{
		"add":                         {set: store.Set{Add: []string{"x", "y"}}, inUse: []string{"y"}, want: rules.AliasDomainPlan{Pend: []string{"x"}}},
		"add what is proven":          {set: store.Set{Add: []string{"x", "y"}}, proven: "y", want: rules.AliasDomainPlan{Added: []string{"y"}, Pend: []string{"x"}}},
		"add what is pending":         {set: store.Set{Add: []string{"x"}}, pending: []string{"x"}, want: rules.AliasDomainPlan{}},
		"remove":                      {set: store.Set{Remove: []string{"x", "y", "z"}}, inUse: []string{"x"}, pending: []string{"y"}, want: rules.AliasDomainPlan{Removed: []string{"x"}, Unpend: []string{"y"}}},
		"remove and add what pends":   {set: store.Set{Add: []string{"x"}, Remove: []string{"x"}}, pending: []string{"x"}, want: rules.AliasDomainPlan{}},
		"an echo leaves pending ones": {set: store.Set{Replace: list("x")}, inUse: []string{"x"}, pending: []string{"y"}, want: rules.AliasDomainPlan{}},
		"an echo of none":             {set: store.Set{Replace: list()}, pending: []string{"y"}, want: rules.AliasDomainPlan{}},
		"replace":                     {set: store.Set{Replace: list("y", "z")}, inUse: []string{"x"}, pending: []string{"z"}, want: rules.AliasDomainPlan{Removed: []string{"x"}, Pend: []string{"y"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rules.PlanAliasDomains(c.set, c.inUse, c.pending, func(name string) (bool, error) { return name == c.proven, nil })
			require.NoError(t, err)
			for _, pair := range [][2][]string{{c.want.Added, got.Added}, {c.want.Removed, got.Removed}, {c.want.Pend, got.Pend}, {c.want.Unpend, got.Unpend}} {
				require.ElementsMatch(t, pair[0], pair[1])
			}
		})
	}
}
