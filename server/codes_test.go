package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	specs "github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/store"
	secret "github.com/postern-mail/postern/store/password"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// codesOf are the codes of a contract, and those that were seen. What is seen is added to the file that the variable TEST_CODES
// names when there is one, from which TestEveryCodeIsProduced takes what all packages together have seen.
type codesOf struct {
	operations map[string]map[string]bool // by operation
	universal  map[string]bool
	statuses   map[string][]int

	mu   sync.Mutex
	seen map[string]bool // "operation CODE", "CODE" and "CODE status"
}

var errorCodes = readCodes()

func readCodes() *codesOf {
	c := &codesOf{operations: map[string]map[string]bool{}, universal: map[string]bool{}, statuses: map[string][]int{}, seen: map[string]bool{}}
	all, err := specs.Load(contract)
	if err != nil {
		panic(err)
	}
	for _, op := range all {
		c.operations[op.ID] = map[string]bool{}
		for _, code := range op.Answers() {
			c.operations[op.ID][code] = true
		}
	}
	universal, _ := specs.UniversalErrors(contract) // which Load has read
	for _, code := range universal {
		c.universal[code] = true
	}
	listed, _ := specs.ErrorCodes(contract)
	for _, e := range listed {
		c.statuses[e.Code] = e.Statuses
	}
	return c
}

// check refuses a code that the contract does not list for the operation, which is "" where there is none.
func (c *codesOf) check(t testing.TB, operation, prefix string, a answer) {
	t.Helper()
	for _, code := range strings.Split(a.msg(), ",") {
		require.True(t, c.universal[code] || c.operations[operation][code], "%s does not list %s: %s", operation, code, a.raw)
		c.note(t, code)
		c.note(t, operation+" "+code)
		if prefix == "" {
			c.note(t, fmt.Sprintf("%s %d", code, a.status))
		}
		if prefix == "" {
			require.Contains(t, c.statuses[code], a.status, "ErrorCode has another status for %s", code)
		}
	}
}

// note adds what was seen to the file.
func (c *codesOf) note(t testing.TB, what string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	path := os.Getenv("TEST_CODES")
	if c.seen[what] || path == "" {
		return
	}
	c.seen[what] = true
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.WriteString(what + "\n")
	require.NoError(t, err)
}

// unseen are the codes that are not among those.
func (c *codesOf) unseen(seen map[string]bool) []string {
	var missing []string
	wanted := func(what string) {
		if !seen[what] {
			missing = append(missing, what)
		}
	}
	for operation, codes := range c.operations {
		for code := range codes {
			wanted(operation + " " + code)
		}
	}
	for code := range c.universal {
		wanted(code)
	}
	for code, statuses := range c.statuses {
		for _, status := range statuses {
			wanted(fmt.Sprintf("%s %d", code, status))
		}
	}
	slices.Sort(missing)
	return missing
}

// wrong are values that hardly any parameter takes.
var wrong = []string{"", "?? ??", "\x01", strings.Repeat("x", 200) + "!"}

// wrongFor is a value that the schema of a parameter does not allow, for which the contract has a code.
func wrongFor(t *testing.T, p *specs.Parameter) (value any, code string) {
	t.Helper()
	schema := p.Schema
	if p.Kind == specs.KindArray {
		schema = p.Items
	}
	code = specs.Code(schema)
	wrap := func(v any) any {
		if p.Kind == specs.KindArray {
			return []any{v}
		}
		return v
	}
	switch {
	case code == "":
		return nil, ""
	case p.IsNumber():
		return "many", code
	case len(schema.Enum) > 0:
		return wrap("no such choice"), code
	case schema.Pattern == "" && schema.MinLength == 0:
		return wrap(1), code
	}
	for _, value := range wrong {
		if pattern := regexp.MustCompile(schema.Pattern); schema.Pattern != "" && !pattern.MatchString(value) || uint64(len(value)) < schema.MinLength {
			return wrap(value), code
		}
	}
	require.Fail(t, "no wrong value for "+p.Name)
	return nil, ""
}

// TestCodesOfParameters sends each operation a wrong value for each of its parameters that has a code of its own, and leaves
// out those that are required.
func TestCodesOfParameters(t *testing.T) {
	w := newFixture(t)
	root := w.root()
	all, err := specs.Load(contract)
	require.NoError(t, err)
	count := 0
	refused := func(op *specs.Operation, a answer, code, field string) {
		t.Helper()
		count++
		require.Equal(t, []any{http.StatusBadRequest, code, field}, []any{a.status, a.msg(), a.field()}, "%s: %s", op.ID, a.raw)
	}
	for _, op := range all {
		path := pathOf(op.Route.Path)
		for _, name := range slices.Sorted(maps.Keys(op.Body)) {
			value, code := wrongFor(t, op.Body[name])
			if code == "" {
				continue
			}
			given := map[string]any{}
			for _, required := range op.Route.Operation.RequestBody.Value.Content[specs.MediaJSON].Schema.Value.Required {
				given[required] = map[string]any{"username": rootMail, "password": password, "period": 1}[required]
			}
			given[name] = value
			refused(op, root.json(op.Method, path, given), code, name)
		}
		if body := op.Route.Operation.RequestBody; body != nil {
			schema := body.Value.Content[specs.MediaJSON].Schema.Value
			for _, name := range schema.Required {
				code := specs.CodeMissing(schema.Properties[name].Value)
				if code == "" {
					code = "MISSING_PARAMETER"
				}
				given := map[string]any{}
				for _, other := range schema.Required[:slices.Index(schema.Required, name)] {
					given[other] = map[string]any{"username": rootMail, "password": password}[other]
				}
				refused(op, root.json(op.Method, path, given), code, name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(op.Query)) {
			refused(op, root.send(op.Method, path+"?"+url.Values{name: {"perhaps"}}.Encode(), "", ""), specs.Code(op.Query[name].Schema), name)
		}
		for name, p := range op.InPath {
			wrongPath := pathOf(strings.Replace(op.Route.Path, "{"+name+"}", "wr!ong", 1))
			refused(op, root.send(op.Method, wrongPath, "", ""), specs.Code(p.Schema), name)
		}
	}
	storetest.Count(t, "codes of parameters", count)
}

// TestErrorCodesAreThoseOfTheCode holds the codes that the contract lists against the constants of the program and the codes of
// single parameters.
func TestErrorCodesAreThoseOfTheCode(t *testing.T) {
	known := map[string]bool{}
	for _, dir := range []string{"../store", "../store/password", "reply"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, found := range regexp.MustCompile(`(?m)^\tCode\w+ += "([A-Z0-9_]+)"`).FindAllStringSubmatch(string(raw), -1) {
				known[found[1]] = true
			}
		}
	}
	delete(known, "PRECONDITION_FAILED") // no request names the version that it has read
	all, err := specs.Load(contract)
	require.NoError(t, err)
	for _, op := range all {
		for _, code := range op.Answers() {
			if !slices.Contains(op.Errors, code) {
				known[code] = true
			}
		}
	}
	require.Equal(t, slices.Sorted(maps.Keys(known)), slices.Sorted(maps.Keys(errorCodes.statuses)))
}

// TestCodesOfPasswords breaks each rule for passwords on each operation that takes one.
func TestCodesOfPasswords(t *testing.T) {
	w := newFixture(t, func(o *server.Deps) { o.PasswordScheme = secret.Bcrypt })
	root := w.root()
	root.mustDomain("example.com", nil)
	root.mustUser("anna@example.com", nil)
	root.must(http.StatusCreated, "POST", "/api/admin/olaf@admins.test", body{"password": password})
	for password, want := range map[string][]string{
		"":                          {"PW_EMPTY"},
		"short":                     {"PW_SHORTER_THAN_MIN_LENGTH", "PW_NO_UPPERCASE", "PW_NO_DIGIT_NUMBER", "PW_NO_SPECIAL_CHAR"},
		"1958-1958-1958":            {"PW_NO_LETTER", "PW_NO_UPPERCASE"},
		"Wïnter-1958-rain":          {"PW_NON_ASCII"},
		strings.Repeat(password, 5): {"PW_GREATER_THAN_MAX_LENGTH"}, // than bcrypt takes
	} {
		for _, call := range [][2]string{
			{"POST", "/api/admin/new@admins.test"}, {"PUT", "/api/admin/olaf@admins.test"}, {"POST", "/api/user/new@example.com"},
			{"PUT", "/api/user/anna@example.com"}, {"PUT", "/api/users/example.com"},
		} {
			a := root.json(call[0], call[1], body{"password": password})
			require.Equal(t, http.StatusUnprocessableEntity, a.status, "%v %q: %s", call, password, a.raw)
			require.Equal(t, want, strings.Split(a.msg(), ","), "%v: %s", call, a.raw)
			require.Equal(t, "password", a.field())
		}
	}
}

// TestParametersThatExcludeOrNeedEachOther gives each pair of x-conflicts, and the first of each pair of x-needs alone.
func TestParametersThatExcludeOrNeedEachOther(t *testing.T) {
	w := newFixture(t)
	root := w.root()
	all, err := specs.Load(contract)
	require.NoError(t, err)
	right := func(p *specs.Parameter) any {
		switch {
		case p.Kind == specs.KindArray:
			return []any{}
		case len(p.Schema.Enum) > 0:
			return p.Schema.Enum[0]
		}
		return p.Schema.Example
	}
	count := 0
	for _, op := range all {
		path := pathOf(op.Route.Path)
		for _, pair := range op.Conflicts {
			a := root.json(op.Method, path, body{pair[0]: right(op.Body[pair[0]]), pair[1]: right(op.Body[pair[1]])})
			require.Equal(t, []any{http.StatusBadRequest, "CONFLICTING_PARAMETERS", pair[1]}, []any{a.status, a.msg(), a.field()}, "%s %v: %s", op.ID, pair, a.raw)
			count++
		}
		for _, pair := range op.Needs {
			a := root.json(op.Method, path, body{pair[0]: right(op.Body[pair[0]])})
			require.Equal(t, []any{http.StatusBadRequest, "CONFLICTING_PARAMETERS", pair[0]}, []any{a.status, a.msg(), a.field()}, "%s %v: %s", op.ID, pair, a.raw)
			count++
		}
	}
	root.mustDomain("example.com", nil)
	root.mustUser("anna@example.com", nil)
	for _, path := range []string{"global", "domain/example.com", "user/anna@example.com"} {
		a := root.json("PUT", "/api/spampolicy/"+path, body{"quarantine_spam": "yes", "bypass_spam_checks": "yes"})
		require.Equal(t, "CONFLICTING_PARAMETERS", a.msg(), a.raw)
		count++
	}
	storetest.Count(t, "pairs of parameters", count)
}

// TestWhatIsNotThere calls each operation for an account or a domain that there is not, and for an account in such a domain.
func TestWhatIsNotThere(t *testing.T) {
	for _, engine := range []string{"sqlite", "ldap"} {
		t.Run(engine, func(t *testing.T) {
			w := newFixtureOn(t, engine)
			root := w.root()
			root.mustDomain("example.com", nil)
			for _, op := range operations(contract) {
				if op.creates() || !strings.Contains(op.template, "{") || op.noun() == "ml" && testing.Short() {
					continue
				}
				for name, values := range map[string][2]string{
					"account": {"NO_SUCH_ACCOUNT", "nobody@example.com"}, "domain": {"NO_SUCH_DOMAIN", "missing.test"},
				} {
					if !errorCodes.operations[op.OperationID][values[0]] || strings.Contains(op.template, "{domain}") != (name == "domain") && !strings.Contains(op.template, "{account}") {
						continue
					}
					g := target{name, map[string]string{"domain": values[1], "mail": values[1], "account": values[1], "new_mail": "new@example.com"}}
					a := op.call(root, g)
					if op.OperationID == "updateDomainAdmins" {
						a = root.json(op.method, g.path(op.template), body{"removeAdmin": list{"anna@example.com"}})
					}
					if stated, _ := op.Extensions["x-requires"].([]any); engine == "sqlite" && len(stated) > 0 && stated[0] == "directory" {
						continue
					}
					require.Equal(t, []any{http.StatusNotFound, values[0]}, []any{a.status, a.msg()}, "%s: %s", op.OperationID, a.raw)
				}
			}
		})
	}
}

// TestLimitsOfDomainsAndAdmins reaches each limit by creating, changing and renaming.
func TestLimitsOfDomainsAndAdmins(t *testing.T) {
	for _, engine := range []string{"sqlite", "ldap"} {
		t.Run(engine, func(t *testing.T) {
			w := newFixtureOn(t, engine)
			root := w.root()
			code := func(c *client, want, method, path string, given body) {
				t.Helper()
				a := c.json(method, path, given)
				require.Equal(t, []any{http.StatusConflict, want}, []any{a.status, a.msg()}, "%s %s: %s", method, path, a.raw)
			}
			made := func(c *client, path string, given body) {
				t.Helper()
				a := c.json("POST", path, given)
				require.Equal(t, http.StatusCreated, a.status, "%s: %s", path, a.raw)
			}
			secret := body{"password": password}
			lists := []string{}
			if !testing.Short() {
				lists = append(lists, "ml") // a quick run goes without mlmmj
			}
			if engine == "ldap" {
				lists = append(lists, "maillist")
			}
			root.mustDomain("from.test", nil)
			root.mustUser("anna@from.test", nil)
			made(root, "/api/alias/sales@from.test", body{})

			root.mustDomain("none.test", map[string]any{"numberOfUsers": -1, "numberOfAliases": -1, "numberOfLists": -1})
			root.mustDomain("full.test", map[string]any{"numberOfUsers": 1, "numberOfAliases": 1, "numberOfLists": 1})
			root.mustUser("one@full.test", nil)
			made(root, "/api/alias/two@full.test", body{})
			if len(lists) > 0 {
				made(root, "/api/"+lists[0]+"/three@full.test", body{})
			}
			for domain, want := range map[string]string{"none.test": "NOT_ALLOWED", "full.test": "EXCEEDED_DOMAIN_ACCOUNT_LIMIT"} {
				code(root, want, "POST", "/api/user/new@"+domain, secret)
				code(root, want, "POST", "/api/alias/new@"+domain, body{})
				code(root, want, "POST", "/api/user/anna@from.test/change_email/new@"+domain, nil)
				code(root, want, "POST", "/api/alias/sales@from.test/change_email/new@"+domain, nil)
				for _, list := range lists {
					code(root, want, "POST", "/api/"+list+"/new@"+domain, body{})
				}
			}

			root.mustDomain("small.test", map[string]any{"quota": 100})
			root.mustUser("a@small.test", map[string]any{"quota": 50})
			root.mustUser("b@small.test", map[string]any{"quota": 50})
			code(root, "EXCEEDED_DOMAIN_QUOTA_SIZE", "POST", "/api/user/c@small.test", body{"password": password, "quota": 10})
			root.must(http.StatusOK, "PUT", "/api/user/anna@from.test", body{"quota": 10})
			code(root, "EXCEEDED_DOMAIN_QUOTA_SIZE", "POST", "/api/user/anna@from.test/change_email/c@small.test", nil)
			root.must(http.StatusOK, "PUT", "/api/domain/small.test", body{"quota": 50})
			code(root, "EXCEEDED_DOMAIN_QUOTA_SIZE", "PUT", "/api/user/b@small.test", body{"quota": 60})

			// One admin of capped.test has caps, which bind the other, who has none.
			made(root, "/api/admin/capped@admins.test", body{
				"password": password, "maxDomains": 5, "maxUsers": 1, "maxAliases": 1, "maxLists": 1, "maxQuota": 100, "quotaUnit": "MB",
			})
			made(root, "/api/admin/free@admins.test", secret)
			root.mustDomain("capped.test", nil)
			root.must(http.StatusOK, "PUT", "/api/domain/admins/capped.test", body{"addAdmin": []string{"capped@admins.test", "free@admins.test"}})
			root.must(http.StatusOK, "PUT", "/api/domain/admins/from.test", body{"addAdmin": []string{"free@admins.test"}})
			capped, free := w.as("capped@admins.test", password), w.as("free@admins.test", password)
			for name, want := range map[string]string{
				"numberOfUsers": "EXCEED_LIMIT_USERS", "numberOfAliases": "EXCEED_LIMIT_ALIASES", "numberOfLists": "EXCEED_LIMIT_LISTS",
				"quota": "EXCEED_LIMIT_QUOTA",
			} {
				code(capped, want, "POST", "/api/domain/more.test", body{name: 500})
			}
			code(capped, "EXCEED_LIMIT_QUOTA", "POST", "/api/user/big@capped.test", body{"password": password, "quota": 500})
			root.must(http.StatusOK, "PUT", "/api/user/anna@from.test", body{"quota": 500})
			code(free, "EXCEED_LIMIT_QUOTA", "POST", "/api/user/anna@from.test/change_email/anna@capped.test", nil)
			root.must(http.StatusOK, "PUT", "/api/user/anna@from.test", body{"quota": 10})
			made(capped, "/api/user/first@capped.test", body{"password": password, "quota": 10})
			code(capped, "EXCEED_LIMIT_QUOTA", "PUT", "/api/user/first@capped.test", body{"quota": 500})
			made(capped, "/api/alias/second@capped.test", body{})
			code(capped, "EXCEED_LIMIT_USERS", "POST", "/api/user/new@capped.test", secret)
			code(capped, "EXCEED_LIMIT_ALIASES", "POST", "/api/alias/new@capped.test", body{})
			code(free, "EXCEED_LIMIT_USERS", "POST", "/api/user/anna@from.test/change_email/anna@capped.test", nil)
			code(free, "EXCEED_LIMIT_ALIASES", "POST", "/api/alias/sales@from.test/change_email/sales@capped.test", nil)
			for i, list := range lists {
				if i == 0 {
					made(capped, "/api/"+list+"/third@capped.test", body{})
				}
				code(capped, "EXCEED_LIMIT_LISTS", "POST", "/api/"+list+"/new@capped.test", body{})
			}
		})
	}
}

// TestLastGlobalAdminStays tries each way to be without a global admin.
func TestLastGlobalAdminStays(t *testing.T) {
	w := newFixture(t)
	root := w.root()
	last := func(c *client, method, path string, given body) {
		t.Helper()
		a := c.json(method, path, given)
		require.Equal(t, []any{http.StatusConflict, "LAST_GLOBAL_ADMIN"}, []any{a.status, a.msg()}, "%s %s: %s", method, path, a.raw)
	}
	last(root, "DELETE", "/api/admin/"+rootMail, nil)
	last(root, "PUT", "/api/admin/"+rootMail, body{"isGlobalAdmin": "no"})
	root.mustDomain("example.com", nil)
	root.mustUser("boss@example.com", nil)
	root.must(http.StatusOK, "PUT", "/api/user/boss@example.com", body{"isGlobalAdmin": "yes"})
	boss := w.as("boss@example.com", password)
	boss.must(http.StatusOK, "DELETE", "/api/admin/"+rootMail, nil)
	last(boss, "DELETE", "/api/user/boss@example.com", nil)
	last(boss, "DELETE", "/api/user/boss@example.com/keep_mailbox_days/7", nil)
	last(boss, "PUT", "/api/user/boss@example.com", body{"accountStatus": "disabled"})
	last(boss, "PUT", "/api/users/example.com", body{"accountStatus": "disabled"})
	last(boss, "DELETE", "/api/domain/example.com", nil)
	last(boss, "DELETE", "/api/domain/example.com/keep_mailbox_days/7", nil)
}

// TestMembersBeyondTheLimit adds one to as many members as an alias may have.
func TestMembersBeyondTheLimit(t *testing.T) {
	w := newFixture(t)
	root := w.root()
	root.mustDomain("example.com", nil)
	root.must(http.StatusCreated, "POST", "/api/alias/all@example.com", body{"members": []string{"m0@example.net"}})
	err := w.vmail.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO forwardings (address, forwarding, domain, dest_domain, is_list, active)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
			SELECT 'all@example.com', 'm' || i || '@example.net', 'example.com', 'example.net', 1, 1 FROM n`, store.MostItems-1)
		return err
	})
	require.NoError(t, err)
	a := root.json("PUT", "/api/alias/all@example.com", body{"addMember": []string{"more@example.net"}})
	require.Equal(t, []any{http.StatusConflict, "TOO_MANY_ITEMS"}, []any{a.status, a.msg()}, a.raw)
	root.must(http.StatusOK, "PUT", "/api/alias/all@example.com", body{"removeMember": []string{"m0@example.net"}})
	root.must(http.StatusOK, "PUT", "/api/alias/all@example.com", body{"addMember": []string{"more@example.net"}})
}

// TestReferencesToNobody names addresses and domains that there are not as members, in passwords' domains, and as new addresses.
func TestReferencesToNobody(t *testing.T) {
	w := newFixture(t)
	root := w.root()
	root.mustDomain("example.com", nil)
	root.mustUser("anna@example.com", nil)
	root.must(http.StatusCreated, "POST", "/api/alias/sales@example.com", body{})
	for _, c := range []struct {
		status            int
		msg, method, path string
		given             body
	}{
		{http.StatusUnprocessableEntity, "NO_SUCH_ACCOUNT", "POST", "/api/alias/new@example.com", body{"members": list{"nobody@example.com"}}},
		{http.StatusNotFound, "NO_SUCH_DOMAIN", "POST", "/api/alias/sales@example.com/change_email/sales@missing.test", nil},
		{http.StatusNotFound, "NO_SUCH_DOMAIN", "POST", "/api/user/anna@example.com/change_email/anna@missing.test", nil},
		{http.StatusNotFound, "NO_SUCH_DOMAIN", "PUT", "/api/user/anna@missing.test", body{"password": password}},
	} {
		a := root.json(c.method, c.path, c.given)
		require.Equal(t, []any{c.status, c.msg}, []any{a.status, a.msg()}, "%s %s: %s", c.method, c.path, a.raw)
	}
}

// TestProvenNameOfADomainThatHoldsAccounts proves an alias domain whose name is a pending domain of somebody else, with a mailbox.
func TestProvenNameOfADomainThatHoldsAccounts(t *testing.T) {
	p := newProver(t, "sqlite")
	p.bob.must(http.StatusOK, "PUT", "/api/domain/b.test", addNames("u.test"))
	p.alice.mustDomain("u.test", nil)
	p.alice.mustUser("x@u.test", nil)
	p.zone.Publish("u.test", "v=spf1 -all", p.bob.record("u.test"))
	a := p.bob.send("POST", "/api/domain/u.test/ownership", "", "")
	require.Equal(t, []any{http.StatusConflict, "ALREADY_EXISTS"}, []any{a.status, a.msg()}, a.raw)
}
