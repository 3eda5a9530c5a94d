package server_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// TestTenants has an admin of a.test and one who may create domains write at random, with names of b.test and with names that
// b.test refers to in every place, on both surfaces. Nothing of b.test changes: no row, no entry, no file of mlmmj's.
func TestTenants(t *testing.T) {
	storetest.Mlmmj(t)
	engines := everywhere
	if testing.Short() {
		engines = engines[:1]
	}
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) { playTenants(t, newWorldOn(t, engine), 400) })
	}
	t.Run("mlmmjadmin", func(t *testing.T) {
		w := throughMlmmjadmin(t, t.TempDir())
		w.createRoot()
		playTenants(t, w, 200)
	})
}

// between is how many writes there are between two looks at everything.
const between = 20

func playTenants(t *testing.T, w *world, writes int) {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g := tenantWrites{r: rand.New(rand.NewPCG(seed, 0)), directory: w.directory != nil}
	actors := w.tenants()
	before := w.belonging(t, "b.test")
	require.NotEmpty(t, before)
	done := map[string]int{}
	var last []string
	for i := range writes {
		method, path, body := g.next()
		c := actors[g.r.IntN(len(actors))]
		if g.r.IntN(2) == 0 {
			c = c.legacy()
		}
		a := c.json(method, path, body)
		require.Less(t, a.status, 500, "%s %s %v: %s", method, path, body, a.raw)
		if a.ok() {
			done[method]++
		}
		last = append(last, fmt.Sprintln(method, c.prefix+path, body, a.status, a.msg()))
		if i%between == between-1 {
			after := w.belonging(t, "b.test")
			require.Empty(t, store.LeaveOut(before, after), "gone by one of %v", last)
			require.Empty(t, store.LeaveOut(after, before), "come by one of %v", last)
			last = nil
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		require.Greater(t, done[method], writes/50, "too few writes were carried out: %v", done)
	}
}

// tenants makes the domains a.test and b.test, which refers to much that it does not have, and returns who writes: an admin of
// a.test, and one who may create domains and manages c.test.
func (w *world) tenants() []*client {
	w.t.Helper()
	root := w.root()
	for _, d := range []string{"a.test", "b.test", "c.test"} {
		root.mustDomain(d, nil)
		root.mustUser("ann@"+d, nil)
		root.mustUser("bo@"+d, nil)
	}
	for _, d := range []string{"a.test", "b.test", "c.test"} {
		named := []string{"ann@a.test", "me@external.test", "bo@c.test"}
		if d != "a.test" {
			root.must(http.StatusOK, "PUT", "/api/user/bo@"+d, map[string]any{"forwarding": []string{"ann@a.test", "me@external.test", "bo@c.test"}})
		}
		root.must(http.StatusOK, "PUT", "/api/user/ann@"+d, map[string]any{"senderBcc": "me@external.test", "recipientBcc": "bo@a.test"})
		root.must(http.StatusOK, "PUT", "/api/domain/"+d, map[string]any{
			"senderBcc": "bo@a.test", "recipientBcc": "me@external.test", "catchall": []string{"me@external.test", "bo@a.test"},
		})
		root.must(http.StatusCreated, "POST", "/api/alias/group@"+d, map[string]any{"members": append(named, "bo@"+d)})
		root.must(http.StatusCreated, "POST", "/api/ml/news@"+d, map[string]any{
			"owner": named, "moderators": named, "subscribers": append(named, "bo@"+d), "subscription_moderators": named, "require_confirm": "no",
		})
		if w.directory != nil {
			root.must(http.StatusCreated, "POST", "/api/maillist/all@"+d, map[string]any{"members": []string{"me@external.test", "bo@" + d}})
		}
		root.must(http.StatusOK, "PUT", "/api/spampolicy/domain/"+d, map[string]any{"bypass_virus_checks": "yes"})
		root.must(http.StatusOK, "POST", "/api/throttle/ann@"+d+"/outbound", map[string]any{"period": 60, "max_msgs": 5})
		root.must(http.StatusOK, "POST", "/api/greylisting/"+d, map[string]any{"status": "enable"})
		root.must(http.StatusOK, "POST", "/api/wblist/inbound/blacklist/bo@"+d, map[string]any{"addresses": []string{"me@external.test"}})
	}
	for _, admin := range []struct {
		mail, domain string
		domains      int
	}{{"adma@admins.test", "a.test", 0}, {"maker@admins.test", "c.test", 9}} {
		root.must(http.StatusCreated, "POST", "/api/admin/"+admin.mail, map[string]any{"password": password, "maxDomains": admin.domains})
		root.must(http.StatusOK, "PUT", "/api/domain/admins/"+admin.domain, map[string]any{"addAdmin": []string{admin.mail}})
	}
	return []*client{w.as("adma@admins.test", password), w.as("maker@admins.test", password)}
}

// tenantWrites makes up writes.
type tenantWrites struct {
	r         *rand.Rand
	directory bool
}

func (g *tenantWrites) one(of ...string) string { return of[g.r.IntN(len(of))] }

func (g *tenantWrites) domain() string {
	return g.one("a.test", "c.test", "external.test", "external.test", "b.test")
}

func (g *tenantWrites) mail() string {
	return g.one("ann", "bo", "me", "new", "group", "news", "all") + "@" + g.domain()
}

// own is an address that somebody who writes is likely to manage.
func (g *tenantWrites) own() string {
	if g.r.IntN(8) == 0 {
		return g.mail()
	}
	return g.one("ann", "bo", "me", "new", "group", "news", "all") + "@" + g.one("a.test", "c.test", "external.test")
}

func (g *tenantWrites) mails() []string {
	var all []string
	for range g.r.IntN(3) + 1 {
		all = append(all, g.mail())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// next is a write. Creations and removals come often, since it is names that come and go that are asked about.
func (g *tenantWrites) next() (method, path string, body map[string]any) {
	kinds := []string{"user", "alias", "ml"}
	if g.directory {
		kinds = append(kinds, "maillist")
	}
	kind := g.one(kinds...)
	switch g.r.IntN(12) {
	case 0, 1, 2:
		return "POST", "/api/" + kind + "/" + g.own(), g.created(kind)
	case 3, 4:
		return "DELETE", "/api/" + kind + "/" + g.own(), nil
	case 5, 6:
		return "POST", "/api/" + g.one("user", "alias") + "/" + g.own() + "/change_email/" + g.own(), nil
	case 7:
		return "PUT", "/api/" + kind + "/" + g.own(), g.updated(kind)
	case 8:
		return "POST", "/api/domain/external.test", map[string]any{}
	case 9:
		if g.r.IntN(2) == 0 {
			return "DELETE", "/api/domain/external.test", nil
		}
		return "PUT", "/api/domain/" + g.domain(), g.domainUpdate()
	case 10:
		return "PUT", "/api/users/" + g.domain(), map[string]any{"accountStatus": g.one("active", "disabled")}
	}
	return g.policy()
}

func (g *tenantWrites) created(kind string) map[string]any {
	switch kind {
	case "user":
		return map[string]any{"password": "Summer-1959-sun"}
	case "ml":
		return map[string]any{"owner": g.mails(), "subscribers": g.mails(), "require_confirm": "no"}
	}
	return map[string]any{"members": g.mails()}
}

func (g *tenantWrites) updated(kind string) map[string]any {
	switch kind {
	case "user":
		return map[string]any{g.one("forwarding", "addForwarding", "removeForwarding", "addAlias"): g.mails(), g.one("senderBcc", "recipientBcc"): g.mail()}
	case "ml":
		return map[string]any{g.one("owner", "moderators", "subscription_moderators", "add_subscribers", "remove_subscribers"): g.mails(), "require_confirm": "no"}
	}
	return map[string]any{g.one("members", "addMember", "removeMember"): g.mails()}
}

func (g *tenantWrites) domainUpdate() map[string]any {
	switch g.r.IntN(3) {
	case 0:
		return map[string]any{"catchall": g.mails()}
	case 1:
		return map[string]any{g.one("addAliasDomain", "removeAliasDomain"): []string{g.one("b.test", "alias.test", "external.test")}}
	}
	return map[string]any{g.one("senderBcc", "recipientBcc"): g.mail()}
}

func (g *tenantWrites) policy() (method, path string, body map[string]any) {
	account := g.one(g.mail(), g.domain())
	switch g.r.IntN(4) {
	case 0:
		return "POST", "/api/throttle/" + account + "/" + g.one("inbound", "outbound"), map[string]any{"period": 60, "max_msgs": 9}
	case 1:
		return "DELETE", "/api/greylisting/" + account, nil
	case 2:
		return g.one("POST", "PUT"), "/api/wblist/" + g.one("inbound", "outbound") + "/blacklist/" + account, map[string]any{"addresses": g.mails()}
	}
	return "DELETE", "/api/spampolicy/domain/" + g.domain(), nil
}

// ownerColumns are those that say whose a row is.
var ownerColumns = []string{"address", "username", "account", "email", "policy_name", "domain", "from_user", "alias_domain"}

// belonging is everything that belongs to a domain, in all databases, in the directory and with mlmmj.
func (w *world) belonging(t *testing.T, domain string) []string {
	t.Helper()
	var all []string
	if w.directory != nil {
		for dn, attributes := range w.directory.Entries(t) {
			if strings.Contains(dn, "domainName="+domain+",") {
				all = append(all, fmt.Sprint(dn, attributes))
			}
		}
	}
	for _, db := range []*sqldb.DB{w.vmail, w.panel, w.amavisd, w.iredapd} {
		if db == nil {
			continue
		}
		layout, err := db.Reader().Layout(w.t.Context())
		require.NoError(w.t, err)
		for table := range layout {
			if table == "log" || table == "mailaddr" { // what was done, and what lists are about: nobody's
				continue
			}
			rows, err := db.Reader().Records(w.t.Context(), "SELECT * FROM "+db.Reader().Quote(table))
			require.NoError(w.t, err)
			for _, row := range rows {
				if belongs(row, domain) {
					all = append(all, fmt.Sprint(table, row))
				}
			}
		}
	}
	listed, err := w.amavisd.Reader().Records(w.t.Context(), "SELECT u.email, l.wb, m.email AS listed FROM wblist l"+
		" JOIN users u ON u.id = l.rid JOIN mailaddr m ON m.id = l.sid")
	require.NoError(w.t, err)
	for _, row := range listed {
		if belongs(row[:1], domain) {
			all = append(all, fmt.Sprint("wblist", row))
		}
	}
	return append(inSorted(all), w.spoolOf(domain)...)
}

func inSorted(list []string) []string {
	slices.Sort(list)
	return list
}

func belongs(row store.Record, domain string) bool {
	return slices.ContainsFunc(row, func(f store.Field) bool {
		text := fmt.Sprintf("%s", f.Value)
		return slices.Contains(ownerColumns, f.Name) && (text == domain || strings.HasSuffix(text, "@"+domain))
	})
}

// spoolOf is every file that mlmmj holds of the lists of a domain, with its content.
func (w *world) spoolOf(domain string) []string {
	w.t.Helper()
	var all []string
	dir := filepath.Join(w.spool(), domain)
	require.NoError(w.t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Base(filepath.Dir(path)) == "text" {
			return err
		}
		content, err := os.ReadFile(path)
		all = append(all, fmt.Sprintf("%s %q", strings.TrimPrefix(path, dir), content))
		return err
	}))
	require.NotEmpty(w.t, all)
	return all
}
