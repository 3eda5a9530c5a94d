package engines_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

// moveDifferences are all that differs between a noun and the one that is made of it elsewhere, by schema and key.
var moveDifferences = map[string]string{
	"created": "when it was made there", "modified": "when it was made there", "password_changed": "when it was made there",
	"Domain.admins": "who manages a domain is written by PUT /api/domain/admins", "Admin.managed_domains": "likewise",
	"Domain.services": "a directory keeps mail, domainalias, senderbcc and recipientbcc by itself and does not show them",
}

// TestNounsMove reads every noun on one engine and makes it on another of what was read.
func TestNounsMove(t *testing.T) {
	storetest.Mlmmj(t)
	for _, way := range [][2]string{{"sqlite", "ldap"}, {"ldap", "sqlite"}, {"postgres", "ldap"}, {"ldap", "mysql"}} {
		for _, situation := range []string{"nothing set", "everything set", "everything set and switched off", "a backup MX"} {
			t.Run(strings.Join(way[:], " to ")+"/"+situation, func(t *testing.T) {
				from := nounFixture(t, way[0])
				situations[situation](t, from)
				if from.Directory != nil { // only a directory has static lists
					require.Equal(t, http.StatusOK, from.Root().Delete("/api/maillist/board@example.com").Status)
				}
				from.Root().Must(http.StatusOK, "PUT", "/api/domain/example.com", map[string]any{"numberOfAliases": 9})
				from.Root().Must(http.StatusOK, "PUT", "/api/user/bert@example.com", map[string]any{"quota": 1024}) // within the domain's limit
				if situation != "nothing set" {                                                                     // names of services that a directory has by itself
					from.Root().Must(http.StatusOK, "PUT", "/api/domain/example.com", map[string]any{"addService": []string{"mail", "senderbcc"}})
				}
				to := servertest.NewFixtureOn(t, way[1])
				there := to.Root()
				there.Must(http.StatusCreated, "POST", "/api/domain/other.test", nil)
				read := map[string]map[string]any{}
				order := append([]noun{{name: "User", path: "/api/user/bert@example.com", fresh: "-"}}, nouns...)
				slices.SortStableFunc(order, func(a, b noun) int { // the domain first
					return map[bool]int{true: -1}[a.name == "Domain"] - map[bool]int{true: -1}[b.name == "Domain"]
				})
				for _, n := range order {
					if n.ldap {
						continue
					}
					read[n.path] = from.Root().Get(n.path).Data()
					require.NotEmpty(t, read[n.path], n.path)
					body := maps.Clone(read[n.path])
					method, status := "POST", http.StatusCreated
					switch n.name {
					case "Domain": // its mailboxes are not there yet
						delete(body, "catchall")
						delete(body, "recipientBcc")
					case "User", "Admin":
						body["password"] = servertest.Password
					case "SpamPolicy":
						method, status = "PUT", http.StatusOK
					}
					a := there.Must(status, method, n.path, body)
					require.NotContains(t, a.Body, "_adjusted", a.Raw)
				}
				there.Must(http.StatusOK, "PUT", "/api/domain/example.com", read["/api/domain/example.com"])
				for _, n := range order {
					if n.ldap {
						continue
					}
					got := there.Get(n.path).Data()
					for key, want := range read[n.path] {
						if moveDifferences[key] == "" && moveDifferences[n.name+"."+key] == "" {
							require.Equal(t, want, got[key], "%s %s", n.path, key)
						}
					}
					require.Equal(t, slices.Sorted(maps.Keys(read[n.path])), slices.Sorted(maps.Keys(got)), n.path)
				}
			})
		}
	}
}

// TestDomainAdminsCopyMailboxes has an admin of a domain make a mailbox of another that it has read. Where its mail is kept is for global
// admins to say, and who is one.
func TestDomainAdminsCopyMailboxes(t *testing.T) {
	w := nounFixture(t, "sqlite")
	setEverything(w)
	w.Root().Must(http.StatusOK, "PUT", "/api/domain/example.com", map[string]any{"disabledUserProfiles": []string{}})
	own := w.As(domainAdmin, servertest.Password)
	read := own.Get("/api/user/anna@example.com").Data()
	read["password"], read["aliases"] = servertest.Password, []string{}
	a := own.JSON("POST", "/api/user/copy@example.com", read)
	require.Equal(t, []any{http.StatusForbidden, "maildir"}, []any{a.Status, a.Field()}, a.Raw)
	delete(read, "maildir")
	read["transport"] = ""
	a = own.Must(http.StatusCreated, "POST", "/api/user/copy@example.com", read)
	require.Equal(t, read["department"], a.Data()["department"])
	read["isGlobalAdmin"] = "yes"
	a = own.JSON("POST", "/api/user/other@example.com", read)
	require.Equal(t, []any{http.StatusForbidden, "isGlobalAdmin"}, []any{a.Status, a.Field()}, a.Raw)
}
