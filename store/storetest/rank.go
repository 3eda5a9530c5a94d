package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// Ranked is an account as far as its rank goes. Its domains are "a" and "b", in the first of which it has its mailbox.
type Ranked struct {
	Global  bool
	Domains string // such as "ab"
	Limits  store.AdminLimits
}

// RankCase says whether one account is above another.
type RankCase struct {
	Name       string
	Who, Other Ranked
	Above      bool // Who is above Other
}

// creating are the limits of who may create domains.
func creating(domains int64) store.AdminLimits {
	return store.AdminLimits{CreateDomains: true, Domains: domains}
}

// RankCases is one table for the rule itself and for every engine that decides by it.
var RankCases = append([]RankCase{
	{"a plain mailbox", Ranked{}, Ranked{Domains: "a"}, false},
	{"a plain mailbox with caps and rights left over", Ranked{Limits: creating(5)}, Ranked{Domains: "a"}, false},
	{"an equal", Ranked{Domains: "a"}, Ranked{Domains: "a"}, false},
	{"an admin of less", Ranked{Domains: "a"}, Ranked{Domains: "ab"}, false},
	{"an admin of more", Ranked{Domains: "ab"}, Ranked{Domains: "a"}, true},
	{"an admin of another domain", Ranked{Domains: "b"}, Ranked{Domains: "a"}, true},
	{"a global admin", Ranked{Global: true}, Ranked{Domains: "ab"}, true},
	{"an admin, seen by a global one", Ranked{Domains: "ab", Limits: creating(9)}, Ranked{Global: true}, false},
	{"who may create domains", Ranked{Domains: "a", Limits: creating(5)}, Ranked{Domains: "a"}, true},
	{"who may create domains, seen by one that may too", Ranked{Domains: "a", Limits: creating(5)}, Ranked{Domains: "a", Limits: creating(5)}, false},
	{"who may create more domains", Ranked{Domains: "a", Limits: creating(6)}, Ranked{Domains: "a", Limits: creating(5)}, true},
	{"who may create fewer domains", Ranked{Domains: "a", Limits: creating(4)}, Ranked{Domains: "a", Limits: creating(5)}, false},
	{"a number of domains without the right to create any",
		Ranked{Domains: "a", Limits: store.AdminLimits{Domains: 6}}, Ranked{Domains: "a"}, false},
}, rankOfCaps()...)

// rankOfCaps are the cases of each kind of cap.
func rankOfCaps() []RankCase {
	var cases []RankCase
	for kind, set := range capKinds {
		capped := func(n int64) Ranked {
			r := Ranked{Domains: "a"}
			set(&r.Limits, n)
			return r
		}
		creator := func(n int64) Ranked {
			r := Ranked{Domains: "a", Limits: creating(5)}
			set(&r.Limits, n)
			return r
		}
		for name, c := range map[string]struct {
			who, other Ranked
			above      bool
		}{
			"a wider cap":   {capped(6), capped(5), true},
			"the same cap":  {capped(5), capped(5), false},
			"a smaller cap": {capped(4), capped(5), false},
			"no cap, seen by the one whose cap holds it": {capped(0), capped(5), false},
			"a cap, seen by one who is held by it":       {capped(5), capped(0), false},
			"a cap, where the other is forbidden any":    {capped(5), capped(-1), true},
			"no cap, where the other is forbidden any":   {capped(0), capped(-1), true},
			"forbidden any": {capped(-1), capped(5), false},
			"forbidden any, seen by one without a cap":       {capped(-1), capped(0), false},
			"forbidden any, seen by another":                 {capped(-1), capped(-1), false},
			"no cap and may create domains, seen by a cap":   {creator(0), creator(5), true},
			"a cap, seen by who has none and creates":        {creator(5), creator(0), false},
			"a smaller cap of who may create, seen by a cap": {creator(4), creator(5), false},
			"no cap, seen by a capped creator":               {capped(0), creator(5), false},
		} {
			cases = append(cases, RankCase{kind + ": " + name, c.who, c.other, c.above})
		}
	}
	return cases
}

// capKinds set the cap of each kind.
var capKinds = map[string]func(l *store.AdminLimits, n int64){
	"users":   func(l *store.AdminLimits, n int64) { l.Users = n },
	"aliases": func(l *store.AdminLimits, n int64) { l.Aliases = n },
	"lists":   func(l *store.AdminLimits, n int64) { l.Lists = n },
	"quota":   func(l *store.AdminLimits, n int64) { l.Quota = n },
}

// ranks proves that an engine decides by RankCases: who is above is neither listed nor changed.
func ranks(t *testing.T, open Open) {
	f := open(t)
	for i, c := range RankCases {
		domains := strings.NewReplacer("a", fmt.Sprintf("a%d.test ", i), "b", fmt.Sprintf("b%d.test ", i))
		home := strings.TrimSpace(domains.Replace("a"))
		mustDomain(t, f, home)
		mustDomain(t, f, strings.TrimSpace(domains.Replace("b")))
		for local, r := range map[string]Ranked{"who": c.Who, "other": c.Other} {
			mail := local + "@" + home
			mustUser(t, f, mail)
			for _, d := range strings.Fields(domains.Replace(r.Domains)) {
				mustManage(t, f, d, mail)
			}
			if r.Global {
				mustUpdateUser(t, f, mail, store.UserUpdate{Global: ptr(true)})
			}
			putLimits(t, f, mail, r.Limits)
		}
		t.Run(c.Name, func(t *testing.T) {
			seen, err := f.Accounts.UserAddresses(ctx(t), store.UserFilter{Domain: home, Viewer: "other@" + home}, store.PageRequest{})
			require.NoError(t, err)
			w := by("other@" + home)
			w.Actor.Global = c.Other.Global
			change, err := f.Accounts.UpdateUsers(ctx(t), w, home, store.UsersUpdate{Language: ptr("de_DE")})
			require.NoError(t, err)
			if c.Above {
				require.NotContains(t, seen.Items, "who@"+home)
				require.Equal(t, []string{"who@" + home}, change.Discarded)
				return
			}
			require.Contains(t, seen.Items, "who@"+home)
			require.Empty(t, change.Discarded)
		})
	}
}

// putLimits gives a mailbox the limits of an admin, as the panel does.
func putLimits(t *testing.T, f Fixture, mail string, l store.AdminLimits) {
	t.Helper()
	settings := []string{}
	if l.CreateDomains {
		settings = append(settings, "create_new_domains:yes")
	}
	for key, n := range map[string]int64{
		"create_max_domains": l.Domains, "create_max_quota": l.Quota, "create_max_users": l.Users, "create_max_aliases": l.Aliases,
		"create_max_lists": l.Lists,
	} {
		if n != 0 {
			settings = append(settings, fmt.Sprintf("%s:%d", key, n))
		}
	}
	if len(settings) > 0 {
		putSettings(t, f, "mailbox", "username", mail, f.dn(DirectoryAt.UserDN, mail), settings...)
	}
}
