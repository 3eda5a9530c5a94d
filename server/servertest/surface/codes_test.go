package surface_test

import (
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	specs "github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	secret "github.com/postern-mail/postern/store/password"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

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
		if value == "" && p.Nullable { // which unsets it
			continue
		}
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
	w := servertest.NewFixture(t)
	root := w.Root()
	all, err := specs.Load(servertest.Contract)
	require.NoError(t, err)
	count := 0
	refused := func(op *specs.Operation, a servertest.Answer, code, field string) {
		t.Helper()
		count++
		require.Equal(t, []any{http.StatusBadRequest, code, field}, []any{a.Status, a.Msg(), a.Field()}, "%s: %s", op.ID, a.Raw)
	}
	for _, op := range all {
		path := servertest.PathOf(op.Route.Path)
		for _, name := range slices.Sorted(maps.Keys(op.Body)) {
			value, code := wrongFor(t, op.Body[name])
			if code == "" {
				continue
			}
			given := map[string]any{}
			for _, required := range op.Route.Operation.RequestBody.Value.Content[specs.MediaJSON].Schema.Value.Required {
				given[required] = map[string]any{"username": servertest.RootMail, "password": servertest.Password, "period": 1}[required]
			}
			given[name] = value
			refused(op, root.JSON(op.Method, path, given), code, name)
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
					given[other] = map[string]any{"username": servertest.RootMail, "password": servertest.Password}[other]
				}
				refused(op, root.JSON(op.Method, path, given), code, name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(op.Query)) {
			if code := specs.Code(op.Query[name].Schema); code != "" {
				refused(op, root.Send(op.Method, path+"?"+url.Values{name: {"perhaps"}}.Encode(), "", ""), code, name)
			}
		}
		for name, p := range op.InPath {
			wrongPath := servertest.PathOf(strings.Replace(op.Route.Path, "{"+name+"}", "wr!ong", 1))
			refused(op, root.Send(op.Method, wrongPath, "", ""), specs.Code(p.Schema), name)
		}
	}
	storetest.Count(t, "codes of parameters", count)
}

// TestErrorCodesAreThoseOfTheCode holds the codes that the contract lists against the constants of the program and the codes of
// single parameters.
func TestErrorCodesAreThoseOfTheCode(t *testing.T) {
	known := map[string]bool{}
	for _, dir := range []string{"../../../store", "../../../store/password", "../../reply"} {
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
	all, err := specs.Load(servertest.Contract)
	require.NoError(t, err)
	for _, op := range all {
		for _, code := range op.Answers() {
			if !slices.Contains(op.Errors, code) {
				known[code] = true
			}
		}
	}
	require.Equal(t, slices.Sorted(maps.Keys(known)), slices.Sorted(maps.Keys(servertest.ErrorCodes.Statuses)))
}

// TestCodesOfPasswords breaks each rule for passwords on each operation that takes one.
func TestCodesOfPasswords(t *testing.T) {
	w := servertest.NewFixture(t, func(o *server.Deps) { o.PasswordScheme = secret.Bcrypt })
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.MustUser("anna@example.com", nil)
	root.Must(http.StatusCreated, "POST", "/api/admin/olaf@admins.test", servertest.Body{"password": servertest.Password})
	for password, want := range map[string][]string{
		"":                                     {"PW_EMPTY"},
		"short":                                {"PW_SHORTER_THAN_MIN_LENGTH", "PW_NO_UPPERCASE", "PW_NO_DIGIT_NUMBER", "PW_NO_SPECIAL_CHAR"},
		"1958-1958-1958":                       {"PW_NO_LETTER", "PW_NO_UPPERCASE"},
		"Wïnter-1958-rain":                     {"PW_NON_ASCII"},
		strings.Repeat(servertest.Password, 5): {"PW_GREATER_THAN_MAX_LENGTH"}, // than bcrypt takes
	} {
		for _, call := range [][2]string{
			{"POST", "/api/admin/new@admins.test"}, {"PUT", "/api/admin/olaf@admins.test"}, {"POST", "/api/user/new@example.com"},
			{"PUT", "/api/user/anna@example.com"}, {"PUT", "/api/users/example.com"},
		} {
			a := root.JSON(call[0], call[1], servertest.Body{"password": password})
			require.Equal(t, http.StatusUnprocessableEntity, a.Status, "%v %q: %s", call, password, a.Raw)
			require.Equal(t, []any{"WEAK_PASSWORD", want, "password"}, []any{a.Msg(), a.Causes(), a.Field()}, "%v: %s", call, a.Raw)
			a = root.Legacy().JSON(call[0], call[1], servertest.Body{"password": password})
			require.Equal(t, []any{http.StatusOK, strings.Join(want, ","), "password"}, []any{a.Status, a.Msg(), a.Field()}, "%v: %s", call, a.Raw)
			require.NotContains(t, a.Body, "_causes")
		}
	}
}

// TestParametersThatExcludeOrNeedEachOther gives each pair of x-conflicts, and the first of each pair of x-needs alone.
func TestParametersThatExcludeOrNeedEachOther(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	all, err := specs.Load(servertest.Contract)
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
		path := servertest.PathOf(op.Route.Path)
		for _, pair := range op.Conflicts {
			a := root.JSON(op.Method, path, servertest.Body{pair[0]: right(op.Body[pair[0]]), pair[1]: right(op.Body[pair[1]])})
			require.Equal(t, []any{http.StatusBadRequest, "CONFLICTING_PARAMETERS", pair[1]}, []any{a.Status, a.Msg(), a.Field()}, "%s %v: %s", op.ID, pair, a.Raw)
			count++
		}
		for _, pair := range op.Needs {
			a := root.JSON(op.Method, path, servertest.Body{pair[0]: right(op.Body[pair[0]])})
			require.Equal(t, []any{http.StatusBadRequest, "CONFLICTING_PARAMETERS", pair[0]}, []any{a.Status, a.Msg(), a.Field()}, "%s %v: %s", op.ID, pair, a.Raw)
			count++
		}
	}
	root.MustDomain("example.com", nil)
	root.MustUser("anna@example.com", nil)
	for _, path := range []string{"global", "domain/example.com", "user/anna@example.com"} {
		a := root.JSON("PUT", "/api/spampolicy/"+path, servertest.Body{"quarantine_spam": "yes", "bypass_spam_checks": "yes"})
		require.Equal(t, "CONFLICTING_PARAMETERS", a.Msg(), a.Raw)
		count++
	}
	storetest.Count(t, "pairs of parameters", count)
}

// TestWhatIsNotThere calls each operation for an account or a domain that there is not, and for an account in such a domain.
func TestWhatIsNotThere(t *testing.T) {
	for _, engine := range []string{"sqlite", "ldap"} {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			root := w.Root()
			root.MustDomain("example.com", nil)
			for _, op := range servertest.Operations(servertest.Contract) {
				if op.Creates() || !strings.Contains(op.Template, "{") || op.Noun() == "ml" && testing.Short() {
					continue
				}
				for name, values := range map[string][2]string{
					"account": {"NO_SUCH_ACCOUNT", "nobody@example.com"}, "domain": {"NO_SUCH_DOMAIN", "missing.test"},
				} {
					if !servertest.ErrorCodes.Operations[op.OperationID][values[0]] || strings.Contains(op.Template, "{domain}") != (name == "domain") && !strings.Contains(op.Template, "{account}") {
						continue
					}
					g := servertest.Target{Name: name, Values: map[string]string{"domain": values[1], "mail": values[1], "account": values[1], "new_mail": "new@example.com"}}
					a := op.Call(root, g)
					if op.OperationID == "updateDomainAdmins" {
						a = root.JSON(op.Method, g.Path(op.Template), servertest.Body{"removeAdmin": servertest.List{"anna@example.com"}})
					}
					if stated, _ := op.Extensions["x-requires"].([]any); engine == "sqlite" && len(stated) > 0 && stated[0] == "directory" {
						continue
					}
					require.Equal(t, []any{http.StatusNotFound, values[0]}, []any{a.Status, a.Msg()}, "%s: %s", op.OperationID, a.Raw)
				}
			}
		})
	}
}

// TestLimitsOfDomainsAndAdmins reaches each limit by creating, changing and renaming.
func TestLimitsOfDomainsAndAdmins(t *testing.T) {
	for _, engine := range []string{"sqlite", "ldap"} {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			root := w.Root()
			code := func(c *servertest.Client, want, method, path string, given servertest.Body) {
				t.Helper()
				a := c.JSON(method, path, given)
				require.Equal(t, []any{http.StatusConflict, want}, []any{a.Status, a.Msg()}, "%s %s: %s", method, path, a.Raw)
			}
			made := func(c *servertest.Client, path string, given servertest.Body) {
				t.Helper()
				a := c.JSON("POST", path, given)
				require.Equal(t, http.StatusCreated, a.Status, "%s: %s", path, a.Raw)
			}
			secret := servertest.Body{"password": servertest.Password}
			lists := []string{}
			if !testing.Short() {
				lists = append(lists, "ml") // a quick run goes without mlmmj
			}
			if engine == "ldap" {
				lists = append(lists, "maillist")
			}
			root.MustDomain("from.test", nil)
			root.MustUser("anna@from.test", nil)
			made(root, "/api/alias/sales@from.test", servertest.Body{})

			root.MustDomain("none.test", map[string]any{"numberOfUsers": -1, "numberOfAliases": -1, "numberOfLists": -1})
			root.MustDomain("full.test", map[string]any{"numberOfUsers": 1, "numberOfAliases": 1, "numberOfLists": 1})
			root.MustUser("one@full.test", nil)
			made(root, "/api/alias/two@full.test", servertest.Body{})
			if len(lists) > 0 {
				made(root, "/api/"+lists[0]+"/three@full.test", servertest.Body{})
			}
			for domain, want := range map[string]string{"none.test": "NOT_ALLOWED", "full.test": "EXCEEDED_DOMAIN_ACCOUNT_LIMIT"} {
				code(root, want, "POST", "/api/user/new@"+domain, secret)
				code(root, want, "POST", "/api/alias/new@"+domain, servertest.Body{})
				code(root, want, "POST", "/api/user/anna@from.test/change_email/new@"+domain, nil)
				code(root, want, "POST", "/api/alias/sales@from.test/change_email/new@"+domain, nil)
				for _, list := range lists {
					code(root, want, "POST", "/api/"+list+"/new@"+domain, servertest.Body{})
				}
			}

			root.MustDomain("small.test", map[string]any{"quota": 100})
			root.MustUser("a@small.test", map[string]any{"quota": 50})
			root.MustUser("b@small.test", map[string]any{"quota": 50})
			code(root, "EXCEEDED_DOMAIN_QUOTA_SIZE", "POST", "/api/user/c@small.test", servertest.Body{"password": servertest.Password, "quota": 10})
			root.Must(http.StatusOK, "PUT", "/api/user/anna@from.test", servertest.Body{"quota": 10})
			code(root, "EXCEEDED_DOMAIN_QUOTA_SIZE", "POST", "/api/user/anna@from.test/change_email/c@small.test", nil)
			root.Must(http.StatusOK, "PUT", "/api/domain/small.test", servertest.Body{"quota": 50})
			code(root, "EXCEEDED_DOMAIN_QUOTA_SIZE", "PUT", "/api/user/b@small.test", servertest.Body{"quota": 60})

			// One admin of capped.test has caps, which bind the other, who has none.
			made(root, "/api/admin/capped@admins.test", servertest.Body{
				"password": servertest.Password, "maxDomains": 5, "maxUsers": 1, "maxAliases": 1, "maxLists": 1, "maxQuota": 100, "quotaUnit": "MB",
			})
			made(root, "/api/admin/free@admins.test", secret)
			root.MustDomain("capped.test", nil)
			root.Must(http.StatusOK, "PUT", "/api/domain/admins/capped.test", servertest.Body{"addAdmin": []string{"capped@admins.test", "free@admins.test"}})
			root.Must(http.StatusOK, "PUT", "/api/domain/admins/from.test", servertest.Body{"addAdmin": []string{"free@admins.test"}})
			capped, free := w.As("capped@admins.test", servertest.Password), w.As("free@admins.test", servertest.Password)
			for name, want := range map[string]string{
				"numberOfUsers": "EXCEED_LIMIT_USERS", "numberOfAliases": "EXCEED_LIMIT_ALIASES", "numberOfLists": "EXCEED_LIMIT_LISTS",
				"quota": "EXCEED_LIMIT_QUOTA",
			} {
				code(capped, want, "POST", "/api/domain/more.test", servertest.Body{name: 500})
			}
			code(capped, "EXCEED_LIMIT_QUOTA", "POST", "/api/user/big@capped.test", servertest.Body{"password": servertest.Password, "quota": 500})
			root.Must(http.StatusOK, "PUT", "/api/user/anna@from.test", servertest.Body{"quota": 500})
			code(free, "EXCEED_LIMIT_QUOTA", "POST", "/api/user/anna@from.test/change_email/anna@capped.test", nil)
			root.Must(http.StatusOK, "PUT", "/api/user/anna@from.test", servertest.Body{"quota": 10})
			made(capped, "/api/user/first@capped.test", servertest.Body{"password": servertest.Password, "quota": 10})
			code(capped, "EXCEED_LIMIT_QUOTA", "PUT", "/api/user/first@capped.test", servertest.Body{"quota": 500})
			made(capped, "/api/alias/second@capped.test", servertest.Body{})
			code(capped, "EXCEED_LIMIT_USERS", "POST", "/api/user/new@capped.test", secret)
			code(capped, "EXCEED_LIMIT_ALIASES", "POST", "/api/alias/new@capped.test", servertest.Body{})
			code(free, "EXCEED_LIMIT_USERS", "POST", "/api/user/anna@from.test/change_email/anna@capped.test", nil)
			code(free, "EXCEED_LIMIT_ALIASES", "POST", "/api/alias/sales@from.test/change_email/sales@capped.test", nil)
			for i, list := range lists {
				if i == 0 {
					made(capped, "/api/"+list+"/third@capped.test", servertest.Body{})
				}
				code(capped, "EXCEED_LIMIT_LISTS", "POST", "/api/"+list+"/new@capped.test", servertest.Body{})
			}
		})
	}
}

// TestLastGlobalAdminStays tries each way to be without a global admin.
func TestLastGlobalAdminStays(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	last := func(c *servertest.Client, method, path string, given servertest.Body) {
		t.Helper()
		a := c.JSON(method, path, given)
		require.Equal(t, []any{http.StatusConflict, "LAST_GLOBAL_ADMIN"}, []any{a.Status, a.Msg()}, "%s %s: %s", method, path, a.Raw)
	}
	last(root, "DELETE", "/api/admin/"+servertest.RootMail, nil)
	last(root, "PUT", "/api/admin/"+servertest.RootMail, servertest.Body{"isGlobalAdmin": "no"})
	root.MustDomain("example.com", nil)
	root.MustUser("boss@example.com", nil)
	root.Must(http.StatusOK, "PUT", "/api/user/boss@example.com", servertest.Body{"isGlobalAdmin": "yes"})
	boss := w.As("boss@example.com", servertest.Password)
	boss.Must(http.StatusOK, "DELETE", "/api/admin/"+servertest.RootMail, nil)
	last(boss, "DELETE", "/api/user/boss@example.com", nil)
	last(boss, "DELETE", "/api/user/boss@example.com/keep_mailbox_days/7", nil)
	last(boss, "PUT", "/api/user/boss@example.com", servertest.Body{"accountStatus": "disabled"})
	last(boss, "PUT", "/api/users/example.com", servertest.Body{"accountStatus": "disabled"})
	last(boss, "DELETE", "/api/domain/example.com", nil)
	last(boss, "DELETE", "/api/domain/example.com/keep_mailbox_days/7", nil)
}

// TestMembersBeyondTheLimit adds one to as many members as an alias may have.
func TestMembersBeyondTheLimit(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.Must(http.StatusCreated, "POST", "/api/alias/all@example.com", servertest.Body{"members": []string{"m0@example.net"}})
	err := w.Vmail.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO forwardings (address, forwarding, domain, dest_domain, is_list, active)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
			SELECT 'all@example.com', 'm' || i || '@example.net', 'example.com', 'example.net', 1, 1 FROM n`, store.MostItems-1)
		return err
	})
	require.NoError(t, err)
	a := root.JSON("PUT", "/api/alias/all@example.com", servertest.Body{"addMember": []string{"more@example.net"}})
	require.Equal(t, []any{http.StatusConflict, "TOO_MANY_ITEMS"}, []any{a.Status, a.Msg()}, a.Raw)
	root.Must(http.StatusOK, "PUT", "/api/alias/all@example.com", servertest.Body{"removeMember": []string{"m0@example.net"}})
	root.Must(http.StatusOK, "PUT", "/api/alias/all@example.com", servertest.Body{"addMember": []string{"more@example.net"}})
}

// TestReferencesToNobody names addresses and domains that there are not as members, in passwords' domains, and as new addresses.
func TestReferencesToNobody(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.MustUser("anna@example.com", nil)
	root.Must(http.StatusCreated, "POST", "/api/alias/sales@example.com", servertest.Body{})
	for _, c := range []struct {
		status            int
		msg, method, path string
		given             servertest.Body
	}{
		{http.StatusUnprocessableEntity, "NO_SUCH_ACCOUNT", "POST", "/api/alias/new@example.com", servertest.Body{"members": servertest.List{"nobody@example.com"}}},
		{http.StatusNotFound, "NO_SUCH_DOMAIN", "POST", "/api/alias/sales@example.com/change_email/sales@missing.test", nil},
		{http.StatusNotFound, "NO_SUCH_DOMAIN", "POST", "/api/user/anna@example.com/change_email/anna@missing.test", nil},
		{http.StatusNotFound, "NO_SUCH_DOMAIN", "PUT", "/api/user/anna@missing.test", servertest.Body{"password": servertest.Password}},
	} {
		a := root.JSON(c.method, c.path, c.given)
		require.Equal(t, []any{c.status, c.msg}, []any{a.Status, a.Msg()}, "%s %s: %s", c.method, c.path, a.Raw)
	}
}

// TestProvenNameOfADomainThatHoldsAccounts proves an alias domain whose name is a pending domain of somebody else, with a mailbox.
func TestProvenNameOfADomainThatHoldsAccounts(t *testing.T) {
	p := servertest.NewProver(t, "sqlite")
	p.Bob.Must(http.StatusOK, "PUT", "/api/domain/b.test", servertest.AddNames("u.test"))
	p.Alice.MustDomain("u.test", nil)
	p.Alice.MustUser("x@u.test", nil)
	p.Zone.Publish("u.test", "v=spf1 -all", p.Bob.Record("u.test"))
	a := p.Bob.Send("POST", "/api/domain/u.test/ownership", "", "")
	require.Equal(t, []any{http.StatusConflict, "ALREADY_EXISTS"}, []any{a.Status, a.Msg()}, a.Raw)
}
