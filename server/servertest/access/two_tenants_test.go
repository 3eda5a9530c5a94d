package access_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/storetest"
)

// Two tenants share a server: adma manages a.test, admb b.test. Whatever adma and somebody who may create domains write, with
// names of b.test wherever a name goes, nothing of b.test changes. Nobody hosts external.test and gone.test, which accounts of
// b.test refer to, until the creator does.

// fuzzed says how long and from where TestTwoTenants goes: a number in TEST_TENANTS_STEPS and in TEST_TENANTS_SEED.
func fuzzed(t *testing.T) (steps int, seed uint64) {
	t.Helper()
	steps, seed = 400, 1
	if testing.Short() {
		steps = 150
	}
	if text := os.Getenv("TEST_TENANTS_STEPS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		steps = n
	}
	if text := os.Getenv("TEST_TENANTS_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
		seed = n
	}
	return steps, seed
}

// tenantNames are the domains of b.test.
var tenantNames = []string{"b.test", "alias-b.test"}

// tenantWords are what goes into paths and bodies.
var tenantWords = []string{
	"u1@a.test", "u2@a.test", "sales@a.test", "dev@a.test", "board@a.test", "new1@a.test", "new2@a.test", "u1@alias-a.test",
	"zoe@b.test", "yan@b.test", "boss@b.test", "team@b.test", "news@b.test", "panel@b.test", "z2@b.test", "ceo@b.test", "zoe@alias-b.test",
	"ZOE@B.test", "zoe+x@b.test", "news+subscribe@b.test", "news+owner@b.test", "admb@admins.test", "adma@admins.test",
	"me@external.test", "me2@external.test", "list@external.test", "ml@external.test", "me@gone.test", "anna@c.test", "post@c.test",
	"a.test", "alias-a.test", "b.test", "alias-b.test", "external.test", "gone.test", "c.test", "new.test", "sub.b.test", "B.TEST",
	"@b.test", "@.b.test", "@a.test", "*@b.test", "zoe@*", "192.0.2.1", "2001:db8::/32", "ipv4:b.test", "@.",
	"From: ceo@b.test", "Sender: zoe@b.test", "Reply-To: news@b.test", "X-Name: b.test", "From", "To",
	"mlmmj:b.test/news", "mlmmj:../b.test", "mlmmj:a.test/dev", "smtp:[mx.b.test]:25", "[mx.b.test]:25", "[192.0.2.1]:25", "smtp:b.test",
	"lmtp:unix:private/dovecot-lmtp", "/var/vmail/b.test/zoe", "b.test/news", "../b.test/news", "b.test/zoe/",
	"zoe@b.test\nyan@b.test", "u1@a.test,zoe@b.test", "u1@a.test\nzoe@b.test", "zoe@b.test@a.test", "Zoe of b.test", "", servertest.Password,
}

// openTenants opens an engine, or SQLite with lists that mlmmjadmin keeps.
func openTenants(t *testing.T, engine string) *servertest.Fixture {
	t.Helper()
	storetest.Mlmmj(t)
	if engine != "mlmmjadmin" {
		return servertest.NewFixtureOn(t, engine)
	}
	w := servertest.ThroughMlmmjadmin(t, t.TempDir())
	w.CreateRoot()
	return w
}

// tenantFixture is an engine with both tenants, and the clients of those who write.
func tenantFixture(t *testing.T, engine string) (*servertest.Fixture, []*servertest.Client) {
	t.Helper()
	w := openTenants(t, engine)
	w.Asks(storetest.NewZone(t))
	root := w.Root()
	for _, d := range []string{"a.test", "b.test", "c.test"} {
		root.MustDomain(d, nil)
	}
	for mail, domains := range map[string]int{"adma@admins.test": 0, "admb@admins.test": 0, "creator@admins.test": 50} {
		root.Must(http.StatusCreated, "POST", "/api/admin/"+mail, servertest.Body{"password": servertest.Password, "maxDomains": domains})
	}
	restoreTenants(t, root)
	done := func(method, path string, given servertest.Body) {
		t.Helper()
		a := root.JSON(method, path, given)
		require.True(t, a.OK(), "%s %s: %s", method, path, a.Raw)
	}
	for _, local := range []string{"zoe", "yan", "boss"} {
		root.MustUser(local+"@b.test", nil)
	}
	outside := servertest.List{"zoe@b.test", "me@external.test", "list@external.test", "ml@external.test", "u1@a.test", "sales@a.test", "me@gone.test"}
	done("PUT", "/api/domain/admins/b.test", servertest.Body{"addAdmin": servertest.List{"admb@admins.test", "boss@b.test"}})
	done("PUT", "/api/domain/b.test", servertest.Body{"addAliasDomain": servertest.List{"alias-b.test"}, "catchall": outside, "senderBcc": "me@external.test",
		"recipientBcc": "u1@a.test", "outboundRelay": "[smtp.external.test]:25"})
	done("PUT", "/api/user/zoe@b.test", servertest.Body{"forwarding": outside, "aliases": servertest.List{"z2@b.test"}, "senderBcc": "me@external.test",
		"recipientBcc": "u1@a.test"})
	done("PUT", "/api/user/yan@b.test", servertest.Body{"forwarding": servertest.List{"me@external.test"}, "recipientBcc": "me2@external.test"})
	done("POST", "/api/alias/team@b.test", servertest.Body{"members": outside})
	given := servertest.Body{"owner": outside, "moderators": outside, "subscription_moderators": outside, "require_confirm": "no"}
	done("POST", "/api/ml/news@b.test", given)
	done("PUT", "/api/ml/news@b.test", servertest.Body{"add_subscribers": outside, "require_confirm": "no"})
	if w.Directory != nil {
		done("POST", "/api/maillist/panel@b.test", servertest.Body{"members": outside})
	}
	for account, policy := range map[string]string{"b.test": "domain/b.test", "zoe@b.test": "user/zoe@b.test"} {
		done("PUT", "/api/spampolicy/"+policy, servertest.Body{"spam_score": 3})
		for _, direction := range []string{"inbound", "outbound"} {
			done("POST", "/api/throttle/"+account+"/"+direction, servertest.Body{"period": 60, "max_msgs": 5})
			done("POST", "/api/wblist/"+direction+"/whitelist/"+account,
				servertest.Body{"addresses": servertest.List{"me@external.test", "@external.test", "u1@a.test", "@a.test", "@gone.test"}})
		}
		done("POST", "/api/greylisting/"+account, servertest.Body{"status": "disable"})
		done("POST", "/api/greylisting/"+account+"/whitelists", servertest.Body{"senders": servertest.List{"me@external.test", "@external.test", "@a.test"}})
	}
	return w, []*servertest.Client{w.As("adma@admins.test", servertest.Password), w.As("creator@admins.test", servertest.Password)}
}

// restoreTenants makes again what those who write may have taken away of their own.
func restoreTenants(t *testing.T, root *servertest.Client) {
	t.Helper()
	there := []int{http.StatusCreated, http.StatusConflict, http.StatusNotImplemented}
	for _, path := range []string{
		"/api/domain/c.test", "/api/user/u1@a.test", "/api/user/u2@a.test", "/api/user/anna@c.test", "/api/alias/sales@a.test",
		"/api/ml/dev@a.test", "/api/maillist/board@a.test",
	} {
		given := servertest.Body{}
		if strings.Contains(path, "/user/") {
			given["password"] = servertest.Password
		}
		if domain := store.DomainOf(path); !strings.Contains(path, "/domain/") {
			root.Must(http.StatusOK, "PUT", "/api/domain/"+domain, servertest.Body{"minPasswordLength": 0, "maxPasswordLength": 0})
		}
		a := root.JSON("POST", path, given)
		require.Contains(t, there, a.Status, a.Raw)
	}
	root.Must(http.StatusOK, "PUT", "/api/domain/admins/a.test", servertest.Body{"addAdmin": servertest.List{"adma@admins.test"}})
	root.Must(http.StatusOK, "PUT", "/api/domain/admins/c.test", servertest.Body{"addAdmin": servertest.List{"creator@admins.test"}})
}

// TestTwoTenants writes at random.
func TestTwoTenants(t *testing.T) {
	for _, engine := range []string{"sqlite", "mysql", "postgres", "ldap", "mlmmjadmin"} {
		t.Run(engine, func(t *testing.T) {
			w, writers := tenantFixture(t, engine)
			steps, seed := fuzzed(t)
			f := &tenantFuzz{w: w, writers: writers, Inventor: servertest.NewInventor(seed, tenantWords...)}
			f.prepare(t)
			admb := w.As("admb@admins.test", servertest.Password)
			before, root := ofTenant(t, w), w.Root()
			done := 0
			for i := 1; i <= steps; i++ {
				if i%20 == 1 {
					f.takeOver(t)
				}
				f.write(t)
				if i%20 > 0 && i < steps {
					continue
				}
				require.NoError(t, w.Changes.Resume(t.Context())) // those followers that are left
				require.NoError(t, w.Inviter.Send(t.Context()))
				if changed := servertest.Differences(before, ofTenant(t, w)); len(changed) > 0 {
					require.Empty(t, strings.Join(changed, "\n"), "seed %d, step %d, after\n%s", seed, i, strings.Join(f.calls[done:], "\n"))
				}
				restoreTenants(t, root)
				before, done = ofTenant(t, w), len(f.calls)
			}
			require.True(t, admb.Get("/api/whoami").OK(), "admb is still logged in")
			left, err := w.Deps.State.UnfinishedIntents(t.Context())
			require.NoError(t, err)
			require.Empty(t, left)
			require.Empty(t, f.idle(), "operations that never wrote")
			storetest.Count(t, fmt.Sprintf("random writes beside another tenant, seed %d; %d of them done", seed, f.written()), steps)
		})
	}
}

// tenantFuzz calls operations at random.
type tenantFuzz struct {
	*servertest.Inventor
	w          *servertest.Fixture
	writers    []*servertest.Client
	operations []servertest.Operation
	calls      []string
	successes  map[string]int
}

// prepare finds the operations that may be called, with those more often that make a name somebody's.
func (f *tenantFuzz) prepare(t *testing.T) {
	t.Helper()
	decided := rights(t)
	f.successes = map[string]int{}
	for _, op := range servertest.Operations(servertest.Contract) {
		level := decided[op.OperationID].Level
		if op.Method == http.MethodGet || level == "public" || level == "global-admin" || op.OperationID == "logout" ||
			op.Noun() == "maillist" && f.w.Directory == nil {
			continue
		}
		f.successes[op.OperationID] = 0
		often := 1
		switch {
		case strings.Contains(op.Template, "{new_mail}"):
			often = 5
		case op.Creates() || op.Method == http.MethodDelete:
			often = 2
		}
		for range often {
			f.operations = append(f.operations, op)
		}
	}
}

// takeOver makes names the creator's own that b.test refers to, and gives them up again or not.
func (f *tenantFuzz) takeOver(t *testing.T) {
	t.Helper()
	domain := servertest.Pick(f.Inventor, []string{"external.test", "gone.test"})
	steps := [][2]string{
		{"POST", "/api/domain/" + domain}, {"POST", "/api/user/me@" + domain}, {"POST", "/api/alias/list@" + domain}, {"POST", "/api/ml/ml@" + domain},
		{"POST", "/api/user/me@" + domain + "/change_email/me2@" + domain}, {"POST", "/api/alias/list@" + domain + "/change_email/list2@" + domain},
		{"DELETE", "/api/user/me2@" + domain}, {"DELETE", "/api/alias/list2@" + domain}, {"DELETE", "/api/ml/ml@" + domain},
		{"POST", "/api/user/me@" + domain}, {"DELETE", "/api/domain/" + domain},
	}
	if len(f.calls) > 0 {
		steps = steps[:2+f.Random.IntN(len(steps)-1)]
	}
	for _, step := range steps {
		var given servertest.Body
		if step[0] == "POST" && !strings.Contains(step[1], "change_email") {
			given = servertest.Body{}
		}
		if strings.Contains(step[1], "/user/") && given != nil {
			given["password"] = servertest.Password
		}
		a := f.call(t, f.writers[1], step[0], step[1], given)
		require.True(t, a.OK() || len(f.calls) > len(steps), "the creator may %s", f.calls[len(f.calls)-1])
	}
}

// call makes a call and notes it.
func (f *tenantFuzz) call(t *testing.T, c *servertest.Client, method, path string, given servertest.Body) servertest.Answer {
	t.Helper()
	var a servertest.Answer
	raw := ""
	if given == nil {
		a = c.Send(method, path, "", "")
	} else {
		b, err := json.Marshal(given)
		require.NoError(t, err)
		raw = string(b)
		a = c.Send(method, path, "application/json", raw)
	}
	f.calls = append(f.calls, fmt.Sprintf("%s %s%s %s: %d %s", method, c.Prefix, path, raw, a.Status, a.Msg()))
	require.True(t, a.Status < 500 || a.Status == http.StatusNotImplemented || a.Msg() == "SERVER_BUSY", "%s\n%s\n%s", f.calls[len(f.calls)-1], a.Raw, f.w.Cause(a))
	return a
}

// write makes one call.
func (f *tenantFuzz) write(t *testing.T) {
	t.Helper()
	op := servertest.Pick(f.Inventor, f.operations)
	writer := servertest.Pick(f.Inventor, f.writers)
	c := *writer
	if f.OneIn(2) {
		c = *writer.Legacy()
	}
	path := f.pathFor(op, writer == f.writers[0])
	var given servertest.Body
	if op.RequestBody != nil {
		given = f.BodyFor(op, 3)
	}
	if servertest.Properties(op.Operation)["password"] != nil && op.Creates() {
		delete(given, "password_hash")
		given["password"] = servertest.Password
	}
	if f.call(t, &c, op.Method, path, given).OK() {
		f.successes[op.OperationID]++
	}
}

// pathFor fills the path: mostly with what the writer manages, or nobody does.
func (f *tenantFuzz) pathFor(op servertest.Operation, adma bool) string {
	path := op.Template
	for _, p := range op.Parameters {
		schema := p.Value.Schema.Value
		switch p.Value.In {
		case "query":
			if f.OneIn(2) {
				path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + p.Value.Name + "=" + url.QueryEscape(fmt.Sprint(f.Value(schema)))
			}
		case "path":
			value := fmt.Sprint(f.Value(schema))
			if f.Random.IntN(4) > 0 {
				for range 20 { // another try or two
					domain := store.DomainOf(strings.ToLower(value))
					if adma && domain == "a.test" || !adma && slices.Contains([]string{"c.test", "external.test", "gone.test"}, domain) ||
						!strings.ContainsAny(value, "@.") {
						break
					}
					value = fmt.Sprint(f.Value(schema))
				}
			}
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", url.PathEscape(value))
		}
	}
	return path
}

func (f *tenantFuzz) written() int {
	n := 0
	for _, count := range f.successes {
		n += count
	}
	return n
}

// idle are the operations of which no call succeeded in a run that is long enough.
func (f *tenantFuzz) idle() []string {
	var idle []string
	for name, count := range f.successes {
		if count == 0 && len(f.calls) >= 2000 {
			idle = append(idle, name)
		}
	}
	slices.Sort(idle)
	return idle
}

// ownedBy are the columns that say whose a row is, of tables in which other names or free text stand beside; in all other
// tables a row belongs to whoever is named in any column.
var ownedBy = map[string][]string{
	"domain": {"domain"}, "mailbox": {"username"}, "admin": {"username"}, "alias": {"address"}, "maillists": {"address"},
	"deleted_mailboxes": {"username", "domain"}, "forwardings": {"address"}, "moderators": {"address"}, "maillist_owners": {"address"}, "sender_bcc_user": {"username"},
	"recipient_bcc_user": {"username"}, "sender_bcc_domain": {"domain"}, "recipient_bcc_domain": {"domain"},
	"greylisting": {"account"}, "greylisting_whitelists": {"account"}, "greylisting_whitelist_domain_spf": {"account"},
	"invitations": {"list"}, "log": {"domain", "username"}, "share_folder": {"from_user"},
	"mailaddr": {}, "wblist": {}, "outbound_wblist": {}, "policy": {}, // by whom they are of: see amavisd
}

// isTenants reports whether a name is one of b.test.
func isTenants(v any) bool {
	name, ok := v.(string)
	return ok && slices.Contains(tenantNames, strings.TrimPrefix(store.DomainOf(strings.ToLower(name)), "."))
}

// ofTenant is what is of b.test in everything that a fixture keeps.
func ofTenant(t *testing.T, w *servertest.Fixture) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	add := func(where string, what any) {
		raw, err := json.Marshal(what)
		require.NoError(t, err)
		all[where] = append(all[where], string(raw))
	}
	for name, db := range w.All(t) {
		for table, records := range servertest.RowsOf(t, db) {
			for _, r := range records {
				if isOwned(table, r) {
					add(name+"."+table, r.Without(servertest.Unwatched...))
				}
			}
		}
	}
	for _, row := range amavisdRows(t, w) {
		add("amavisd by account", row)
	}
	if w.Directory != nil {
		for dn, values := range w.Directory.Entries(t) {
			add("directory", []any{dn, tenantValues(dn, values)})
		}
		all["directory"] = slices.DeleteFunc(all["directory"], func(line string) bool { return strings.HasSuffix(line, ",null]") })
	}
	for _, line := range w.Files(t) {
		if path, _, _ := strings.Cut(line, " "); strings.Contains(path+"/", "/b.test/") {
			all["spool"] = append(all["spool"], line)
		}
	}
	return all
}

func isOwned(table string, r store.Record) bool {
	columns, known := ownedBy[table]
	for _, field := range r {
		if (!known || slices.Contains(columns, field.Name)) && isTenants(field.Value) {
			return true
		}
	}
	return false
}

// amavisdRows are the rows that refer to an account by its number, with what they refer to.
func amavisdRows(t *testing.T, w *servertest.Fixture) []store.Record {
	t.Helper()
	var all []store.Record
	for _, query := range []string{
		"SELECT u.email, p.* FROM users u JOIN policy p ON p.id = u.policy_id",
		"SELECT u.email AS account, m.email, w.wb FROM wblist w JOIN users u ON u.id = w.rid JOIN mailaddr m ON m.id = w.sid",
		"SELECT u.email AS account, m.email, w.wb FROM outbound_wblist w JOIN users u ON u.id = w.sid JOIN mailaddr m ON m.id = w.rid",
	} {
		records, err := w.Amavisd.Reader().Records(t.Context(), query)
		require.NoError(t, err)
		for _, r := range records {
			if isTenants(r[0].Value) {
				all = append(all, r)
			}
		}
	}
	return all
}

// tenantValues are the attributes of an entry of b.test; of another one those that would make a name of b.test its own.
func tenantValues(dn string, values map[string][]string) any {
	if strings.Contains(strings.ToLower(dn), "domainname=b.test,") || strings.Contains(dn, "admb@") {
		return values
	}
	var taken []string
	if strings.Contains(dn, ",ou=Externals,") {
		return nil // whose mail is that of the members of a list
	}
	for _, attribute := range []string{"mail", "shadowAddress", "domainName", "domainAliasName", "domainPendingAliasName"} {
		for _, value := range values[attribute] {
			if isTenants(value) {
				taken = append(taken, attribute+": "+value)
			}
		}
	}
	if taken == nil {
		return nil
	}
	return taken
}
