package access_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// capped is a cap of an admin, and how to use one of what it counts.
type capped struct {
	name, code string
	cap        int // with room for one more in a fixture where a mailbox of 10 MB is there
	add        func(c *servertest.Client, i int, domain string) servertest.Answer
}

var cappedKinds = []capped{
	{"maxUsers", "EXCEED_LIMIT_USERS", 2, func(c *servertest.Client, i int, domain string) servertest.Answer {
		return c.JSON("POST", fmt.Sprintf("/api/user/x%d@%s", i, domain), map[string]any{"password": servertest.Password, "quota": 10})
	}},
	{"maxQuota", "EXCEED_LIMIT_QUOTA", 20, func(c *servertest.Client, i int, domain string) servertest.Answer {
		return c.JSON("POST", fmt.Sprintf("/api/user/x%d@%s", i, domain), map[string]any{"password": servertest.Password, "quota": 10})
	}},
	{"maxAliases", "EXCEED_LIMIT_ALIASES", 1, func(c *servertest.Client, i int, domain string) servertest.Answer {
		return c.JSON("POST", fmt.Sprintf("/api/alias/x%d@%s", i, domain), map[string]any{})
	}},
	{"maxLists", "EXCEED_LIMIT_LISTS", 1, func(c *servertest.Client, i int, domain string) servertest.Answer {
		return c.JSON("POST", fmt.Sprintf("/api/ml/x%d@%s", i, domain), map[string]any{})
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
	for _, engine := range servertest.Everywhere {
		for _, k := range cappedKinds {
			t.Run(engine+"/"+k.name, func(t *testing.T) {
				w := servertest.NewFixtureOn(t, engine)
				root := w.Root()
				root.MustDomain("a.test", nil)
				root.MustUser("mate@a.test", map[string]any{"quota": 10})
				root.Must(http.StatusCreated, "POST", "/api/admin/boss@admins.test", withLimit(map[string]any{"password": servertest.Password}, k.name, k.cap))
				root.Must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"boss@admins.test"}})
				boss := w.As("boss@admins.test", servertest.Password)
				boss.Must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"mate@a.test"}})
				mate := w.As("mate@a.test", servertest.Password)
				require.Equal(t, "", k.add(mate, 1, "a.test").Msg(), "there is room for one")
				for _, c := range []*servertest.Client{boss, mate, boss.Legacy(), mate.Legacy()} {
					require.Equal(t, k.code, k.add(c, 2, "a.test").Msg())
				}
				for _, c := range []*servertest.Client{boss, mate} {
					for _, leave := range []map[string]any{{"removeAdmin": []string{"boss@admins.test"}}, {"removeAllAdmins": "yes"}} {
						a := c.JSON("PUT", "/api/domain/admins/a.test", leave)
						require.Equal(t, http.StatusForbidden, a.Status, a.Raw)
					}
				}
				require.Equal(t, k.code, k.add(mate, 2, "a.test").Msg(), "nobody has left")
				a := mate.Legacy().JSON("PUT", "/api/domain/admins/a.test", map[string]any{"removeAllAdmins": "yes"})
				require.True(t, a.OK(), a.Raw)
				require.Equal(t, []any{"boss@admins.test"}, a.Body["_discarded"])
				require.Equal(t, []any{"boss@admins.test"}, root.Get("/api/domain/a.test").Data()["admins"])
				root.Must(http.StatusOK, "PUT", "/api/domain/admins/a.test",
					map[string]any{"removeAllAdmins": "yes", "addAdmin": []string{"mate@a.test"}})
				require.Equal(t, "", k.add(w.As("mate@a.test", servertest.Password), 2, "a.test").Msg(), "a global admin has let it go")
			})
		}
		t.Run(engine+"/maxDomains", func(t *testing.T) { capOfDomainsBinds(t, servertest.NewFixtureOn(t, engine)) })
	}
}

// capOfDomainsBinds proves that somebody with a cap of domains does not hand them on and make more.
func capOfDomainsBinds(t *testing.T, w *servertest.Fixture) {
	w.Root().Must(http.StatusCreated, "POST", "/api/admin/boss@admins.test", map[string]any{"password": servertest.Password, "maxDomains": 1})
	boss := w.As("boss@admins.test", servertest.Password)
	boss.MustDomain("a.test", nil)
	w.Root().Must(http.StatusOK, "PUT", "/api/domain/a.test", map[string]any{"accountStatus": "active"})
	boss.MustUser("mate@a.test", nil)
	boss.Must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"mate@a.test"}})
	mate := w.As("mate@a.test", servertest.Password)
	require.Equal(t, "PERMISSION_DENIED", mate.JSON("POST", "/api/domain/b.test", map[string]any{}).Msg(), "whom it appoints may create none")
	for _, c := range []*servertest.Client{boss, mate} {
		a := c.JSON("PUT", "/api/domain/admins/a.test", map[string]any{"removeAdmin": []string{"boss@admins.test"}})
		require.Equal(t, http.StatusForbidden, a.Status, a.Raw)
	}
	require.Equal(t, "EXCEED_LIMIT_DOMAIN", boss.JSON("POST", "/api/domain/b.test", map[string]any{}).Msg())
	require.Equal(t, "EXCEED_LIMIT_DOMAIN", boss.Legacy().JSON("POST", "/api/domain/b.test", map[string]any{}).Msg())
	require.Equal(t, http.StatusForbidden, mate.JSON("PUT", "/api/domain/admins/a.test", map[string]any{"removeAllAdmins": "yes"}).Status)
}

// Who may create domains does not get rid of the cap of another admin by making the domain anew.
func TestDomainIsNotDeletedToLoseACap(t *testing.T) {
	for _, engine := range servertest.Everywhere {
		for _, k := range cappedKinds {
			t.Run(engine+"/"+k.name, func(t *testing.T) {
				w := servertest.NewFixtureOn(t, engine)
				root := w.Root()
				root.Must(http.StatusCreated, "POST", "/api/admin/maker@admins.test", map[string]any{"password": servertest.Password, "maxDomains": 5})
				root.Must(http.StatusCreated, "POST", "/api/admin/boss@admins.test", withLimit(map[string]any{"password": servertest.Password}, k.name, k.cap))
				root.MustDomain("a.test", nil)
				root.Must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"maker@admins.test", "boss@admins.test"}})
				maker := w.As("maker@admins.test", servertest.Password)
				for _, c := range []*servertest.Client{maker, maker.Legacy()} {
					a := c.Delete("/api/domain/a.test")
					require.Equal(t, "PERMISSION_DENIED", a.Msg(), a.Raw)
				}
				root.Must(http.StatusOK, "PUT", "/api/admin/maker@admins.test", withLimit(map[string]any{}, k.name, k.cap))
				a := maker.Delete("/api/domain/a.test")
				require.Equal(t, http.StatusOK, a.Status, "its own cap goes along: %s", a.Raw)
			})
		}
	}
}

func TestWhoIsForbiddenSomethingAppointsNobody(t *testing.T) {
	for _, limit := range []string{"maxUsers", "maxAliases", "maxLists", "maxQuota", "maxDomains"} {
		t.Run(limit, func(t *testing.T) {
			w, clients := servertest.RolesFixture(t)
			root := clients["global"]
			root.Must(http.StatusOK, "PUT", "/api/admin/"+servertest.OwnAdmin, withLimit(map[string]any{}, limit, -1))
			before := servertest.Dump(t, w)
			for _, c := range []*servertest.Client{clients["own"], clients["own"].Legacy()} {
				a := c.JSON("PUT", "/api/domain/admins/own.test", map[string]any{"addAdmin": []string{servertest.PlainUser}})
				require.Equal(t, "PERMISSION_DENIED", a.Msg(), a.Raw)
				require.Equal(t, "addAdmin", a.Field())
			}
			require.Equal(t, before, servertest.Dump(t, w))
			root.Must(http.StatusOK, "PUT", "/api/domain/admins/own.test", map[string]any{"addAdmin": []string{servertest.PlainUser}})
		})
	}
}

// A reseller may manage whom it appoints, and is not managed by it.
func TestRankCountsRights(t *testing.T) {
	for _, engine := range servertest.Everywhere {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			root := w.Root()
			root.MustDomain("a.test", nil)
			for _, mail := range []string{"mate@a.test", "wide@a.test", "plain@a.test"} {
				root.MustUser(mail, nil)
			}
			root.Must(http.StatusCreated, "POST", "/api/admin/boss@admins.test",
				map[string]any{"password": servertest.Password, "maxDomains": 5, "maxUsers": 9})
			root.Must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"boss@admins.test", "mate@a.test"}})
			boss, mate := w.As("boss@admins.test", servertest.Password), w.As("mate@a.test", servertest.Password)
			require.Equal(t, http.StatusOK, boss.JSON("PUT", "/api/user/mate@a.test", map[string]any{"name": "Mate"}).Status)
			require.Equal(t, http.StatusOK, mate.JSON("PUT", "/api/user/plain@a.test", map[string]any{"name": "Plain"}).Status)
			require.Equal(t, "PERMISSION_DENIED", mate.Delete("/api/domain/a.test").Msg())
			a := mate.Legacy().JSON("PUT", "/api/domain/admins/a.test", map[string]any{"removeAdmin": []string{"boss@admins.test"}})
			require.Equal(t, "PERMISSION_DENIED", a.Msg(), a.Raw)
			require.Equal(t, []any{"boss@admins.test", "mate@a.test"}, root.Get("/api/domain/a.test").Data()["admins"])
		})
	}
}

func TestExtensionOfAnotherIsNotTaken(t *testing.T) {
	for _, engine := range servertest.Everywhere {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			root := w.Root()
			root.MustDomain("a.test", nil)
			for _, mail := range []string{"boss@a.test", "plain@a.test"} {
				root.MustUser(mail, nil)
			}
			root.Must(http.StatusOK, "PUT", "/api/user/boss@a.test", map[string]any{"isGlobalAdmin": "yes"})
			root.Must(http.StatusCreated, "POST", "/api/ml/list@a.test", map[string]any{})
			root.Must(http.StatusCreated, "POST", "/api/admin/own@admins.test", map[string]any{"password": servertest.Password})
			root.Must(http.StatusOK, "PUT", "/api/domain/admins/a.test", map[string]any{"addAdmin": []string{"own@admins.test"}})
			own := w.As("own@admins.test", servertest.Password)
			for _, mail := range []string{"boss+bills@a.test", "list+subscribe@a.test"} {
				for _, c := range []*servertest.Client{own, own.Legacy()} {
					require.Equal(t, "PERMISSION_DENIED", c.JSON("POST", "/api/alias/"+mail, map[string]any{}).Msg())
				}
				require.Equal(t, http.StatusForbidden,
					own.JSON("PUT", "/api/user/plain@a.test", map[string]any{"addAlias": []string{mail}}).Status)
				a := own.Legacy().JSON("PUT", "/api/user/plain@a.test", map[string]any{"addAlias": []string{mail, "fine@a.test"}})
				require.True(t, a.OK(), a.Raw)
				require.Equal(t, []any{mail}, a.Body["_discarded"])
			}
			require.Equal(t, "PERMISSION_DENIED", root.JSON("POST", "/api/alias/list+help@a.test", map[string]any{}).Msg())
			root.Must(http.StatusCreated, "POST", "/api/alias/boss+news@a.test", map[string]any{})
			own.Must(http.StatusCreated, "POST", "/api/alias/plain+news@a.test", map[string]any{})
		})
	}
}

func TestBulkChangesEndTheSessionsOfWhomTheyChange(t *testing.T) {
	for name, given := range map[string]map[string]any{
		"password": {"password": "Summer-1959-sun"}, "status": {"accountStatus": "disabled"},
	} {
		for _, engine := range servertest.Everywhere {
			t.Run(engine+"/"+name, func(t *testing.T) {
				w := servertest.NewFixtureOn(t, engine)
				root := w.Root()
				// The address of a standalone admin comes to lie in a domain that is hosted only later.
				root.Must(http.StatusCreated, "POST", "/api/admin/boss@a.test", map[string]any{"password": servertest.Password})
				for _, d := range []string{"a.test", "b.test"} {
					root.MustDomain(d, nil)
				}
				for _, mail := range []string{"own@a.test", "mate@a.test", "more@a.test"} {
					root.MustUser(mail, nil)
				}
				root.Must(http.StatusOK, "PUT", "/api/domain/admins/a.test",
					map[string]any{"addAdmin": []string{"boss@a.test", "own@a.test", "mate@a.test", "more@a.test"}})
				root.Must(http.StatusOK, "PUT", "/api/domain/admins/b.test", map[string]any{"addAdmin": []string{"more@a.test"}})
				sessions := map[string]*servertest.Client{}
				for _, mail := range []string{"boss@a.test", "mate@a.test", "more@a.test"} {
					sessions[mail] = w.As(mail, servertest.Password)
				}
				a := w.As("own@a.test", servertest.Password).JSON("PUT", "/api/users/a.test", given)
				require.Equal(t, http.StatusOK, a.Status, a.Raw)
				require.Equal(t, []any{"more@a.test"}, a.Body["_discarded"], "it manages more")
				for mail, lives := range map[string]bool{"boss@a.test": true, "mate@a.test": false, "more@a.test": true} {
					require.Equal(t, lives, sessions[mail].Get("/api/whoami").OK(), mail)
				}
				kept, err := w.Deps.State.SessionAccounts(t.Context(), "a.test")
				require.NoError(t, err)
				require.Equal(t, []string{"boss@a.test", "more@a.test"}, kept)
			})
		}
	}
}
