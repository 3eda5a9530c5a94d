package rules_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

func users(name string, n int64) rules.Capped {
	return rules.Capped{Username: name, Limits: store.AdminLimits{Users: n}}
}

func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *store.Error
	require.ErrorAs(t, err, &e)
	return e.Code
}

func TestCheckCaps(t *testing.T) {
	const limit = store.CodeLimitUsers
	one := rules.Addition{Usage: store.Usage{Users: 1}}
	for name, c := range map[string]struct {
		actor  rules.Capped
		admins []rules.Capped
		more   rules.Addition
		held   map[string]int64
		bound  []string
		want   string
	}{
		"nobody has a cap":                   {actor: users("a", 0), admins: []rules.Capped{users("b", 0)}, more: one},
		"room under its own":                 {actor: users("a", 3), more: one, held: map[string]int64{"a": 2}, bound: []string{"a"}},
		"its own is full":                    {actor: users("a", 3), more: one, held: map[string]int64{"a": 3}, bound: []string{"a"}, want: limit},
		"its own is passed":                  {actor: users("a", 3), more: one, held: map[string]int64{"a": 5}, bound: []string{"a"}, want: limit},
		"its own counts alone":               {actor: users("a", 3), admins: []rules.Capped{users("b", 1)}, more: one, held: map[string]int64{"b": 1}, bound: []string{"a"}},
		"forbidden":                          {actor: users("a", -1), admins: []rules.Capped{users("b", 9)}, more: one, bound: []string{"a"}, want: limit},
		"another's has room":                 {actor: users("a", 0), admins: []rules.Capped{users("b", 3)}, more: one, held: map[string]int64{"b": 2}, bound: []string{"b"}},
		"another's is full":                  {actor: users("a", 0), admins: []rules.Capped{users("b", 3)}, more: one, held: map[string]int64{"b": 3}, bound: []string{"b"}, want: limit},
		"one of two has room":                {actor: users("a", 0), admins: []rules.Capped{users("c", 3), users("b", 1)}, more: one, held: map[string]int64{"b": 1, "c": 2}, bound: []string{"b", "c"}},
		"none of two has room":               {actor: users("a", 0), admins: []rules.Capped{users("c", 3), users("b", 1)}, more: one, held: map[string]int64{"b": 1, "c": 3}, bound: []string{"b", "c"}, want: limit},
		"another is forbidden any":           {actor: users("a", 0), admins: []rules.Capped{users("b", -1)}, more: one},
		"another is forbidden, a third full": {actor: users("a", 0), admins: []rules.Capped{users("b", -1), users("c", 1)}, more: one, held: map[string]int64{"c": 1}, bound: []string{"c"}, want: limit},
		"a move within its domains":          {actor: users("a", 3), more: rules.Addition{Usage: one.Usage, Had: []string{"a"}}, held: map[string]int64{"a": 9}, bound: []string{"a"}},
		"a move within another's domains":    {actor: users("a", 0), admins: []rules.Capped{users("b", 3)}, more: rules.Addition{Usage: one.Usage, Had: []string{"b"}}, held: map[string]int64{"b": 9}, bound: []string{"b"}},
		"a move to a full one":               {actor: users("a", 0), admins: []rules.Capped{users("b", 3)}, more: rules.Addition{Usage: one.Usage, Had: []string{"a"}}, held: map[string]int64{"b": 3}, bound: []string{"b"}, want: limit},
		"a cap of another kind":              {actor: users("a", 1), more: rules.Addition{Usage: store.Usage{Aliases: 1}}},
		"no domains":                         {actor: rules.Capped{Username: "a", Limits: store.AdminLimits{Domains: 5}}, more: rules.Addition{Usage: store.Usage{Domains: 1}}, bound: []string{"a"}, want: store.CodeLimitDomain},
		"a domain": {actor: rules.Capped{Username: "a", Limits: store.AdminLimits{CreateDomains: true, Domains: 5}},
			more: rules.Addition{Usage: store.Usage{Domains: 1}}, held: map[string]int64{"a": 4}, bound: []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.bound, rules.Bound(c.actor, c.admins, c.more))
			err := rules.CheckCaps(c.actor, c.admins, c.more, func(username string, _ store.Counted) (int64, error) {
				require.Contains(t, c.bound, username, "who is not held is not counted")
				return c.held[username], nil
			})
			require.Equal(t, c.want, code(t, err))
		})
	}
	t.Run("the store fails", func(t *testing.T) {
		broken := errors.New("broken")
		fail := func(string, store.Counted) (int64, error) { return 0, broken }
		require.ErrorIs(t, rules.CheckCaps(users("a", 1), nil, one, fail), broken)
		require.ErrorIs(t, rules.CheckCaps(users("a", 1), nil, rules.Addition{Usage: store.Usage{Domains: 1}}, fail), broken)
	})
}

func TestCheckCapsOfQuota(t *testing.T) {
	boss := rules.Capped{Username: "b", Limits: store.AdminLimits{Quota: 100}}
	held := func(string, store.Counted) (int64, error) { return 60, nil }
	for name, c := range map[string]struct {
		actor  rules.Capped
		more   int64
		refuse bool
	}{
		"to its own":        {boss, 40, false},
		"beyond its own":    {boss, 41, true},
		"unlimited":         {boss, store.UnlimitedQuota, true},
		"to another's":      {rules.Capped{Username: "a"}, 40, false},
		"beyond another's":  {rules.Capped{Username: "a"}, 41, true},
		"unlimited, anyway": {rules.Capped{Username: "a"}, store.UnlimitedQuota, true},
		"nothing":           {rules.Capped{Username: "a"}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := rules.CheckCaps(c.actor, []rules.Capped{boss}, rules.Addition{Usage: store.Usage{Quota: c.more}}, held)
			require.Equal(t, c.refuse, code(t, err) == store.CodeLimitQuota, "%v", err)
		})
	}
}

func TestQuotaAdded(t *testing.T) {
	for _, c := range []struct{ own, next, want int64 }{
		{100, 150, 50}, {100, 100, 0}, {100, 50, 0}, {100, 0, store.UnlimitedQuota}, {0, 100, 0}, {0, 0, 0},
	} {
		require.Equal(t, c.want, rules.QuotaAdded(c.own, c.next), "%d to %d", c.own, c.next)
	}
}

func TestStays(t *testing.T) {
	creator := rules.Capped{Username: "creator", Limits: store.AdminLimits{CreateDomains: true}}
	aliases := rules.Capped{Username: "z", Limits: store.AdminLimits{Aliases: 1}}
	for name, c := range map[string]struct {
		admins  []rules.Capped
		leaving []string
		want    []string
	}{
		"nobody of rank":             {[]rules.Capped{users("a", 0), users("b", 0)}, []string{"a", "b"}, nil},
		"who may create domains":     {[]rules.Capped{creator, users("a", 0)}, []string{"a", "creator"}, []string{"creator"}},
		"the last with a cap":        {[]rules.Capped{users("a", 0), users("b", 1)}, []string{"a", "b"}, []string{"b"}},
		"one of two with a cap":      {[]rules.Capped{users("a", 9), users("b", 1)}, []string{"a"}, nil},
		"both of two with a cap":     {[]rules.Capped{users("a", 9), users("b", 1)}, []string{"b", "a"}, []string{"b"}},
		"the last of each kind":      {[]rules.Capped{users("a", 9), aliases}, []string{"a", "z"}, []string{"a", "z"}},
		"somebody who is none":       {[]rules.Capped{users("a", 9)}, []string{"nobody"}, nil},
		"somebody who is forbidden":  {[]rules.Capped{users("a", -1)}, []string{"a"}, nil},
		"the last beside a creator":  {[]rules.Capped{creator, users("a", 1)}, []string{"a"}, []string{"a"}},
		"nobody leaves":              {[]rules.Capped{creator}, nil, nil},
		"the last, in another case":  {[]rules.Capped{users("a", 1)}, []string{"A"}, []string{"A"}},
		"one with a cap of two more": {[]rules.Capped{users("a", 1), users("b", 2), users("c", 3)}, []string{"a", "b"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, rules.Stays(c.admins, c.leaving))
		})
	}
}

func TestCheckAppoints(t *testing.T) {
	require.NoError(t, rules.CheckAppoints(users("a", 0)))
	require.NoError(t, rules.CheckAppoints(users("a", 5)))
	for _, l := range []store.AdminLimits{{Users: -1}, {Aliases: -1}, {Lists: -1}, {Quota: -1}, {Domains: -1}} {
		require.Equal(t, store.CodePermissionDenied, code(t, rules.CheckAppoints(rules.Capped{Limits: l})))
	}
}

func TestRemoval(t *testing.T) {
	capped := users("boss@x.test", 5)
	higher := store.Identity{Username: "high@a.test", Mailbox: true, Domains: []string{"a.test", "b.test"}}
	r := rules.Removal{
		Actor: store.Identity{Username: "me@a.test", Domains: []string{"a.test"}}, Admins: []rules.Capped{capped},
		Known: map[string]store.Identity{higher.Username: higher},
		Now:   []string{"boss@x.test", "high@a.test", "me@a.test"},
	}
	for name, c := range map[string]struct {
		set       store.Set
		rule      store.OnMissing
		want      []string
		discarded []string
		field     string
	}{
		"an equal":                    {set: store.Set{Remove: []string{"me@a.test"}}, want: []string{"boss@x.test", "high@a.test"}},
		"the last with a cap":         {set: store.Set{Remove: []string{"boss@x.test"}}, field: "removeAdmin"},
		"the last with a cap, named":  {set: store.Set{Remove: []string{"boss@x.test"}}, rule: store.Drop, field: "removeAdmin"},
		"somebody above":              {set: store.Set{Remove: []string{"high@a.test"}}, field: "removeAdmin"},
		"all":                         {set: store.Set{Replace: &[]string{}}, field: "removeAllAdmins"},
		"all, and who is named above": {set: store.Set{Replace: &[]string{}, Remove: []string{"boss@x.test"}}, rule: store.Drop, field: "removeAdmin"},
		"all but those who have to stay": {
			set: store.Set{Replace: &[]string{}, Add: []string{"new@a.test"}}, rule: store.Drop,
			want: []string{"boss@x.test", "high@a.test", "new@a.test"}, discarded: []string{"boss@x.test", "high@a.test"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var change store.Change
			r.Set = c.set
			next, err := r.Next(c.rule, &change)
			require.Equal(t, c.discarded, change.Discarded)
			if c.field == "" {
				require.NoError(t, err)
				require.Equal(t, c.want, next)
				return
			}
			var e *store.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, store.CodePermissionDenied, e.Code)
			require.Equal(t, c.field, e.Field)
		})
	}
}
