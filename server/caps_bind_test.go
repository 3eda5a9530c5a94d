package server_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// capped is a cap of an admin, and how to use one of what it counts.
type capped struct {
	name, code string
	cap        int // with room for one more in a fixture where a mailbox of 10 MB is there
	add        func(c *client, i int, domain string) answer
}

var cappedKinds = []capped{
	{"maxUsers", "EXCEED_LIMIT_USERS", 2, func(c *client, i int, domain string) answer {
		return c.json("POST", fmt.Sprintf("/api/user/x%d@%s", i, domain), map[string]any{"password": password, "quota": 10})
	}},
	{"maxQuota", "EXCEED_LIMIT_QUOTA", 20, func(c *client, i int, domain string) answer {
		return c.json("POST", fmt.Sprintf("/api/user/x%d@%s", i, domain), map[string]any{"password": password, "quota": 10})
	}},
	{"maxAliases", "EXCEED_LIMIT_ALIASES", 1, func(c *client, i int, domain string) answer {
		return c.json("POST", fmt.Sprintf("/api/alias/x%d@%s", i, domain), map[string]any{})
	}},
	{"maxLists", "EXCEED_LIMIT_LISTS", 1, func(c *client, i int, domain string) answer {
		return c.json("POST", fmt.Sprintf("/api/ml/x%d@%s", i, domain), map[string]any{})
	}},
}

// withLimit adds the cap of an admin to a body.
func withLimit(body map[string]any, name string, n int) map[string]any {
	body[name] = n
	if name == "maxQuota" {
		body["quotaUnit"] = "MB"
	}
	return body
}

// A reseller with a cap appoints a mailbox of its own, which has none: the cap holds for both, on every engine and both
// surfaces, whether or not the reseller would rather leave.
func TestCapsBindWhoeverWrites(t *testing.T) {
	for _, engine := range everywhere {
		for _, k := range cappedKinds {
			t.Run(engine+"/"+k.name, func(t *testing.T) {
				w := newFixtureOn(t, engine)
				root := w.root()
				root.mustDomain("a.test", nil)
				root.mustUser("mate@a.test", map[string]any{"quota": 10})
				root.must(http.StatusCreated, "POST", "/api/admin/boss@admins.test", withLimit(map[string]any{"password": password}, k.name, k.cap))
				root.must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"boss@admins.test"}})
				boss := w.as("boss@admins.test", password)
				boss.must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"mate@a.test"}})
				mate := w.as("mate@a.test", password)
				require.Equal(t, "", k.add(mate, 1, "a.test").msg(), "there is room for one")
				for _, c := range []*client{boss, mate, boss.legacy(), mate.legacy()} {
					require.Equal(t, k.code, k.add(c, 2, "a.test").msg())
				}
				for _, c := range []*client{boss, mate} {
					for _, leave := range []map[string]any{{"removeAdmin": []string{"boss@admins.test"}}, {"removeAllAdmins": "yes"}} {
						a := c.json("PUT", "/api/domain/admins/a.test", leave)
						require.Equal(t, http.StatusForbidden, a.status, a.raw)
					}
				}
				require.Equal(t, k.code, k.add(mate, 2, "a.test").msg(), "nobody has left")
				a := mate.legacy().json("PUT", "/api/domain/admins/a.test", map[string]any{"removeAllAdmins": "yes"})
				require.True(t, a.ok(), a.raw)
				require.Equal(t, []any{"boss@admins.test"}, a.body["_discarded"])
				require.Equal(t, []any{"boss@admins.test"}, root.get("/api/domain/a.test").data()["admins"])
				root.must(http.StatusOK, "PUT", "/api/domain/admins/a.test",
					map[string]any{"removeAllAdmins": "yes", "addAdmin": []string{"mate@a.test"}})
				require.Equal(t, "", k.add(w.as("mate@a.test", password), 2, "a.test").msg(), "a global admin has let it go")
			})
		}
		t.Run(engine+"/maxDomains", func(t *testing.T) { capOfDomainsBinds(t, newFixtureOn(t, engine)) })
	}
}

// capOfDomainsBinds proves that somebody with a cap of domains does not hand them on and make more.
func capOfDomainsBinds(t *testing.T, w *fixture) {
	w.root().must(http.StatusCreated, "POST", "/api/admin/boss@admins.test", map[string]any{"password": password, "maxDomains": 1})
	boss := w.as("boss@admins.test", password)
	boss.mustDomain("a.test", nil)
	w.root().must(http.StatusOK, "PUT", "/api/domain/a.test", map[string]any{"accountStatus": "active"})
	boss.mustUser("mate@a.test", nil)
	boss.must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"mate@a.test"}})
	mate := w.as("mate@a.test", password)
	require.Equal(t, "PERMISSION_DENIED", mate.json("POST", "/api/domain/b.test", map[string]any{}).msg(), "whom it appoints may create none")
	for _, c := range []*client{boss, mate} {
		a := c.json("PUT", "/api/domain/admins/a.test", map[string]any{"removeAdmin": []string{"boss@admins.test"}})
		require.Equal(t, http.StatusForbidden, a.status, a.raw)
	}
	require.Equal(t, "EXCEED_LIMIT_DOMAIN", boss.json("POST", "/api/domain/b.test", map[string]any{}).msg())
	require.Equal(t, "EXCEED_LIMIT_DOMAIN", boss.legacy().json("POST", "/api/domain/b.test", map[string]any{}).msg())
	require.Equal(t, http.StatusForbidden, mate.json("PUT", "/api/domain/admins/a.test", map[string]any{"removeAllAdmins": "yes"}).status)
}

// Who may create domains does not get rid of the cap of another admin by making the domain anew.
func TestDomainIsNotDeletedToLoseACap(t *testing.T) {
	for _, engine := range everywhere {
		for _, k := range cappedKinds {
			t.Run(engine+"/"+k.name, func(t *testing.T) {
				w := newFixtureOn(t, engine)
				root := w.root()
				root.must(http.StatusCreated, "POST", "/api/admin/maker@admins.test", map[string]any{"password": password, "maxDomains": 5})
				root.must(http.StatusCreated, "POST", "/api/admin/boss@admins.test", withLimit(map[string]any{"password": password}, k.name, k.cap))
				root.mustDomain("a.test", nil)
				root.must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"maker@admins.test", "boss@admins.test"}})
				maker := w.as("maker@admins.test", password)
				for _, c := range []*client{maker, maker.legacy()} {
					a := c.delete("/api/domain/a.test")
					require.Equal(t, "PERMISSION_DENIED", a.msg(), a.raw)
				}
				root.must(http.StatusOK, "PUT", "/api/admin/maker@admins.test", withLimit(map[string]any{}, k.name, k.cap))
				a := maker.delete("/api/domain/a.test")
				require.Equal(t, http.StatusOK, a.status, "its own cap goes along: %s", a.raw)
			})
		}
	}
}

func TestWhoIsForbiddenSomethingAppointsNobody(t *testing.T) {
	for _, limit := range []string{"maxUsers", "maxAliases", "maxLists", "maxQuota", "maxDomains"} {
		t.Run(limit, func(t *testing.T) {
			w, clients := rolesFixture(t)
			root := clients["global"]
			root.must(http.StatusOK, "PUT", "/api/admin/"+ownAdmin, withLimit(map[string]any{}, limit, -1))
			before := dump(t, w)
			for _, c := range []*client{clients["own"], clients["own"].legacy()} {
				a := c.json("PUT", "/api/domain/admins/own.test", map[string]any{"addAdmin": []string{plainUser}})
				require.Equal(t, "PERMISSION_DENIED", a.msg(), a.raw)
				require.Equal(t, "addAdmin", a.field())
			}
			require.Equal(t, before, dump(t, w))
			root.must(http.StatusOK, "PUT", "/api/domain/admins/own.test", map[string]any{"addAdmin": []string{plainUser}})
		})
	}
}

// A reseller may manage whom it appoints, and is not managed by it.
func TestRankCountsRights(t *testing.T) {
	for _, engine := range everywhere {
		t.Run(engine, func(t *testing.T) {
			w := newFixtureOn(t, engine)
			root := w.root()
			root.mustDomain("a.test", nil)
			for _, mail := range []string{"mate@a.test", "wide@a.test", "plain@a.test"} {
				root.mustUser(mail, nil)
			}
			root.must(http.StatusCreated, "POST", "/api/admin/boss@admins.test",
				map[string]any{"password": password, "maxDomains": 5, "maxUsers": 9})
			root.must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"boss@admins.test", "mate@a.test"}})
			boss, mate := w.as("boss@admins.test", password), w.as("mate@a.test", password)
			require.Equal(t, http.StatusOK, boss.json("PUT", "/api/user/mate@a.test", map[string]any{"name": "Mate"}).status)
			require.Equal(t, http.StatusOK, mate.json("PUT", "/api/user/plain@a.test", map[string]any{"name": "Plain"}).status)
			require.Equal(t, "PERMISSION_DENIED", mate.delete("/api/domain/a.test").msg())
			a := mate.legacy().json("PUT", "/api/domain/admins/a.test", map[string]any{"removeAdmin": []string{"boss@admins.test"}})
			require.Equal(t, "PERMISSION_DENIED", a.msg(), a.raw)
			require.Equal(t, []any{"boss@admins.test", "mate@a.test"}, root.get("/api/domain/a.test").data()["admins"])
		})
	}
}

func TestExtensionOfAnotherIsNotTaken(t *testing.T) {
	for _, engine := range everywhere {
		t.Run(engine, func(t *testing.T) {
			w := newFixtureOn(t, engine)
			root := w.root()
			root.mustDomain("a.test", nil)
			for _, mail := range []string{"boss@a.test", "plain@a.test"} {
				root.mustUser(mail, nil)
			}
			root.must(http.StatusOK, "PUT", "/api/user/boss@a.test", map[string]any{"isGlobalAdmin": "yes"})
			root.must(http.StatusCreated, "POST", "/api/ml/list@a.test", map[string]any{})
			root.must(http.StatusCreated, "POST", "/api/admin/own@admins.test", map[string]any{"password": password})
			root.must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"own@admins.test"}})
			own := w.as("own@admins.test", password)
			for _, mail := range []string{"boss+bills@a.test", "list+subscribe@a.test"} {
				for _, c := range []*client{own, own.legacy()} {
					require.Equal(t, "PERMISSION_DENIED", c.json("POST", "/api/alias/"+mail, map[string]any{}).msg())
				}
				require.Equal(t, http.StatusForbidden,
					own.json("PUT", "/api/user/plain@a.test", map[string]any{"addAlias": []string{mail}}).status)
				a := own.legacy().json("PUT", "/api/user/plain@a.test", map[string]any{"addAlias": []string{mail, "fine@a.test"}})
				require.True(t, a.ok(), a.raw)
				require.Equal(t, []any{mail}, a.body["_discarded"])
			}
			require.Equal(t, "PERMISSION_DENIED", root.json("POST", "/api/alias/list+help@a.test", map[string]any{}).msg())
			root.must(http.StatusCreated, "POST", "/api/alias/boss+news@a.test", map[string]any{})
			own.must(http.StatusCreated, "POST", "/api/alias/plain+news@a.test", map[string]any{})
		})
	}
}

func TestBulkChangesEndTheSessionsOfWhomTheyChange(t *testing.T) {
	for name, given := range map[string]map[string]any{
		"password": {"password": "Summer-1959-sun"}, "status": {"accountStatus": "disabled"},
	} {
		for _, engine := range everywhere {
			t.Run(engine+"/"+name, func(t *testing.T) {
				w := newFixtureOn(t, engine)
				root := w.root()
				// The address of a standalone admin comes to lie in a domain that is hosted only later.
				root.must(http.StatusCreated, "POST", "/api/admin/boss@a.test", map[string]any{"password": password})
				for _, d := range []string{"a.test", "b.test"} {
					root.mustDomain(d, nil)
				}
				for _, mail := range []string{"own@a.test", "mate@a.test", "more@a.test"} {
					root.mustUser(mail, nil)
				}
				root.must(http.StatusOK, "PUT", "/api/domain/admins/a.test",
					map[string]any{"addAdmin": []string{"boss@a.test", "own@a.test", "mate@a.test", "more@a.test"}})
				root.must(http.StatusOK, "PUT", "/api/domain/admins/b.test", map[string]any{"addAdmin": []string{"more@a.test"}})
				sessions := map[string]*client{}
				for _, mail := range []string{"boss@a.test", "mate@a.test", "more@a.test"} {
					sessions[mail] = w.as(mail, password)
				}
				a := w.as("own@a.test", password).json("PUT", "/api/users/a.test", given)
				require.Equal(t, http.StatusOK, a.status, a.raw)
				require.Equal(t, []any{"more@a.test"}, a.body["_discarded"], "it manages more")
				for mail, lives := range map[string]bool{"boss@a.test": true, "mate@a.test": false, "more@a.test": true} {
					require.Equal(t, lives, sessions[mail].get("/api/whoami").ok(), mail)
				}
				kept, err := w.deps.State.SessionAccounts(t.Context(), "a.test")
				require.NoError(t, err)
				require.Equal(t, []string{"boss@a.test", "more@a.test"}, kept)
			})
		}
	}
}
