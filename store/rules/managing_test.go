package rules_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// admins is what the rules about caps look up. What is held is noted in order.
type admins struct {
	named   map[string][]string // by domain
	limits  map[string]store.AdminLimits
	global  []string
	count   int64
	held    []string
	changed []rules.Capped // while the admins were waited for
}

func (a *admins) AdminsOf(_ context.Context, domains ...string) (map[string][]string, error) {
	found := map[string][]string{}
	for _, d := range domains {
		found[d] = a.named[d]
	}
	return found, nil
}

func (a *admins) Capped(_ context.Context, names []string) ([]rules.Capped, error) {
	var capped []rules.Capped
	for _, name := range names {
		if limits, there := a.limits[name]; there {
			capped = append(capped, rules.Capped{Username: name, Limits: limits})
		}
	}
	return capped, nil
}

func (a *admins) Identities(_ context.Context, names []string) (map[string]store.Identity, error) {
	found := map[string]store.Identity{}
	for _, name := range names {
		limits, there := a.limits[name]
		if global := slices.Contains(a.global, name); there || global {
			found[name] = store.Identity{Username: name, Global: global, Limits: limits, Domains: a.manages(name)}
		}
	}
	return found, nil
}

func (a *admins) manages(name string) []string {
	var domains []string
	for domain, named := range a.named {
		if slices.Contains(named, name) {
			domains = append(domains, domain)
		}
	}
	return domains
}

func (a *admins) HoldAdmins(_ context.Context, names []string) ([]rules.Capped, error) {
	a.held = append(a.held, names...)
	return a.changed, nil
}

func (a *admins) HoldDomains(_ context.Context, domains []string) error {
	a.held = append(a.held, domains...)
	return nil
}

func (a *admins) Count(context.Context, string, store.Counted) (int64, error) { return a.count, nil }

// tenants has a.test, which adm and boss manage, and b.test, which boss manages alone. The cap of boss holds both.
func tenants() *admins {
	return &admins{
		named:  map[string][]string{"a.test": {"adm@a.test", "boss@b.test"}, "b.test": {"boss@b.test"}},
		limits: map[string]store.AdminLimits{"adm@a.test": {}, "boss@b.test": {Users: 2, CreateDomains: true, Domains: 1}},
		global: []string{"root@elsewhere.test"},
	}
}

func writer(a *admins, username string) rules.Managing {
	return rules.Managing{Admins: a, Actor: store.Actor{Username: username}}
}

func TestManagingCheckCaps(t *testing.T) {
	one := rules.New(store.Usage{Users: 1})
	t.Run("room is left, and who holds the actor is held", func(t *testing.T) {
		a := tenants()
		a.count = 1
		require.NoError(t, writer(a, "adm@a.test").CheckCaps(t.Context(), "a.test", one))
		require.Equal(t, []string{"boss@b.test"}, a.held)
	})
	t.Run("none is left", func(t *testing.T) {
		a := tenants()
		a.count = 2
		err := writer(a, "adm@a.test").CheckCaps(t.Context(), "a.test", one)
		require.True(t, store.HasCode(err, store.CodeLimitUsers))
	})
	t.Run("none is left once it is held", func(t *testing.T) {
		a := tenants()
		a.count, a.changed = 1, []rules.Capped{{Username: "boss@b.test", Limits: store.AdminLimits{Users: 1}}}
		err := writer(a, "adm@a.test").CheckCaps(t.Context(), "a.test", one)
		require.True(t, store.HasCode(err, store.CodeLimitUsers))
	})
	t.Run("who had it has it still", func(t *testing.T) {
		a := tenants()
		a.count = 2
		require.NoError(t, writer(a, "adm@a.test").CheckMove(t.Context(), "b.test", "a.test", store.Usage{Users: 1}))
	})
	t.Run("nothing holds a global admin, nor the program", func(t *testing.T) {
		m := writer(tenants(), "root@elsewhere.test")
		m.Actor.Global = true
		require.NoError(t, m.CheckCaps(t.Context(), "a.test", one))
		require.NoError(t, writer(tenants(), "").CheckCaps(t.Context(), "a.test", one))
	})
	t.Run("who is no admin any more", func(t *testing.T) {
		err := writer(tenants(), "gone@a.test").CheckCaps(t.Context(), "a.test", one)
		require.True(t, store.HasCode(err, store.CodePermissionDenied))
	})
}

func TestManagingCheckCreator(t *testing.T) {
	a := tenants()
	require.NoError(t, writer(a, "boss@b.test").CheckCreator(t.Context(), store.DomainCreate{Name: "new.test", NumberOfUsers: 2}))
	require.Equal(t, []string{"boss@b.test"}, a.held)
	err := writer(a, "boss@b.test").CheckCreator(t.Context(), store.DomainCreate{Name: "new.test", NumberOfUsers: 3})
	require.True(t, store.HasCode(err, store.CodeLimitUsers), "more than it may have itself")
	a.count = 1
	err = writer(a, "boss@b.test").CheckCreator(t.Context(), store.DomainCreate{Name: "new.test"})
	require.True(t, store.HasCode(err, store.CodeLimitDomain))
}

func TestManagingCheckLeaving(t *testing.T) {
	a := tenants()
	require.NoError(t, writer(a, "adm@a.test").CheckLeaving(t.Context(), map[string][]string{"a.test": {"adm@a.test"}}))
	require.Equal(t, []string{"a.test"}, a.held)
	leaving := map[string][]string{"b.test": {"boss@b.test"}, "a.test": {"boss@b.test"}}
	err := writer(a, "adm@a.test").CheckLeaving(t.Context(), leaving)
	require.True(t, store.HasCode(err, store.CodePermissionDenied), "it may create domains, and its cap is the last")
	require.Equal(t, []string{"a.test", "a.test", "b.test"}, a.held, "in one order, so that nobody waits in a circle")
	require.NoError(t, writer(a, "boss@b.test").CheckDeletes(t.Context(), "b.test"), "no cap but its own holds it")
	a.limits["adm@a.test"] = store.AdminLimits{CreateDomains: true}
	err = writer(a, "adm@a.test").CheckDeletes(t.Context(), "a.test")
	require.True(t, store.HasCode(err, store.CodePermissionDenied), "it could make the domain anew without the other's cap")
}

func TestManagingNextAdmins(t *testing.T) {
	current := []string{"adm@a.test", "boss@b.test"}
	var change store.Change
	next, err := writer(tenants(), "boss@b.test").NextAdmins(t.Context(), store.Refuse, "a.test", current,
		store.Set{Remove: []string{"adm@a.test"}}, &change)
	require.NoError(t, err)
	require.Equal(t, []string{"boss@b.test"}, next)
	_, err = writer(tenants(), "adm@a.test").NextAdmins(t.Context(), store.Refuse, "a.test", current,
		store.Set{Remove: []string{"boss@b.test"}}, &change)
	require.True(t, store.HasCode(err, store.CodePermissionDenied), "it outranks the actor")
	a := tenants()
	a.limits["adm@a.test"] = store.AdminLimits{Users: -1}
	_, err = writer(a, "adm@a.test").NextAdmins(t.Context(), store.Refuse, "a.test", current, store.Set{Add: []string{"new@a.test"}}, &change)
	require.True(t, store.HasCode(err, store.CodePermissionDenied), "something is forbidden to it")
}

func TestManagingOutranking(t *testing.T) {
	all := []string{"root@elsewhere.test", "boss@b.test", "adm@a.test", "boss@b.test", "nobody@a.test"}
	names, err := writer(tenants(), "").Outranking(t.Context(), "adm@a.test", all)
	require.NoError(t, err)
	require.Equal(t, []string{"boss@b.test", "root@elsewhere.test"}, names)
	names, err = writer(tenants(), "").Outranking(t.Context(), "root@elsewhere.test", all)
	require.NoError(t, err)
	require.Empty(t, names)
}

func TestCheckGlobalAdmins(t *testing.T) {
	require.NoError(t, rules.CheckGlobalAdmins([]string{"a@a.test", "b@a.test"}, []string{"a@a.test"}))
	require.NoError(t, rules.CheckGlobalAdmins(nil, []string{"a@a.test"}))
	require.True(t, store.HasCode(rules.CheckGlobalAdmins([]string{"A@a.test"}, []string{"a@a.test", "b@a.test"}), store.CodeLastGlobalAdmin))
}
