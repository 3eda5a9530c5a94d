package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/change"
	"github.com/postern-mail/postern/store/ldapstore"
	"github.com/postern-mail/postern/store/mlmmj"
	"github.com/postern-mail/postern/store/ownership"
	"github.com/postern-mail/postern/store/panelstore"
	passwords "github.com/postern-mail/postern/store/password"
	"github.com/postern-mail/postern/store/policystore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/statestore"
	"github.com/postern-mail/postern/store/storetest"
)

const (
	rootMail = "root@elsewhere.test"
	password = "Winter-1958-rain"
)

// fixture is a running server over real stores, with one global admin.
type fixture struct {
	databases
	t       testing.TB
	handler http.Handler
	sink    *storetest.Sink // where new mailing lists hand in their mail
	changes *change.Accounts
	inviter *change.Inviter
	names   *ownership.Accounts // what the accounts are to the server; new names have to be proven, and no DNS server is known
	codes   store.ProofCodes
	mail    *lateFollower // what a test has follow changes besides
	log     *bytes.Buffer
	logger  *slog.Logger
	dir     string

	deps     server.Deps
	stateURL string
	state    *sqldb.DB // to look at, opened when first needed
}

type option func(*server.Deps)

// newFixture opens fresh stores.
func newFixture(t testing.TB, options ...option) *fixture {
	t.Helper()
	w := openFixture(t, t.TempDir(), options...)
	w.createRoot()
	return w
}

// spool is the directory of its mailing lists.
func (w *fixture) spool() string { return filepath.Join(w.dir, "mlmmj") }

func (w *fixture) createRoot() {
	w.t.Helper()
	_, err := w.deps.Accounts.CreateAdmin(w.t.Context(), byRoot, store.AdminCreate{
		Mail: rootMail, Password: hashed(w.t, password), Active: true, Global: true,
	})
	require.NoError(w.t, err)
}

var byRoot = store.Write{Actor: store.Actor{Username: rootMail, Global: true}}

// openFixture opens the stores in dir, which may be a copy of another fixture's.
func openFixture(t testing.TB, dir string, options ...option) *fixture {
	t.Helper()
	return serveOn(t, dir, files(t, dir), "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off", options...)
}

// files are databases in a directory, their tables created.
func files(t testing.TB, dir string) databases {
	t.Helper()
	open := func(name string) *sqldb.DB {
		db, err := sqldb.Open("sqlite://" + filepath.Join(dir, name) + "?sync=off")
		require.NoError(t, err)
		return db
	}
	all := databases{vmail: open("vmail.db"), panel: open("iredadmin.db"), amavisd: open("amavisd.db"), iredapd: open("iredapd.db")}
	all.createTables(t, "sqlite")
	return all
}

// newFixtureOn is newFixture on an engine, by the scheme of its URLs: sqlite, mysql, postgres or ldap.
func newFixtureOn(t *testing.T, engine string, options ...option) *fixture {
	t.Helper()
	switch engine {
	case "sqlite":
		return newFixture(t, options...)
	case "ldap":
		w := directoryFixture(t, storetest.Directory(t), t.TempDir(), options...)
		w.createRoot()
		return w
	}
	empty := func() *sqldb.DB { return storetest.Database(t, engine) }
	all := databases{vmail: empty(), panel: empty(), amavisd: empty(), iredapd: empty()}
	all.createTables(t, engine)
	w := serveOn(t, t.TempDir(), all, storetest.DatabaseURL(t, engine), options...)
	w.createRoot()
	return w
}

// directoryFixture is a server over a directory. What iRedMail keeps in SQL beside it is in files.
func directoryFixture(t testing.TB, at storetest.DirectoryAt, dir string, options ...option) *fixture {
	t.Helper()
	open := func(name string) *sqldb.DB {
		db, err := sqldb.Open("sqlite://" + filepath.Join(dir, name) + "?sync=off")
		require.NoError(t, err)
		return db
	}
	all := databases{directory: &at, panel: open("iredadmin.db"), amavisd: open("amavisd.db"), iredapd: open("iredapd.db")}
	ctx := t.Context()
	require.NoError(t, errors.Join(panelstore.Schema.Migrate(ctx, all.panel), policystore.Amavisd.Migrate(ctx, all.amavisd),
		policystore.Iredapd.Migrate(ctx, all.iredapd)))
	return serveOn(t, dir, all, "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off", options...)
}

// databases are those of a fixture, but for the state. Accounts are in vmail or in the directory.
type databases struct {
	vmail, panel, amavisd, iredapd *sqldb.DB
	directory                      *storetest.DirectoryAt
	lists                          store.Mlmmj // what runs mailing lists; nil is mlmmj in the fixture's own directory
}

// accounts opens the store of accounts. The second one is nil on SQL.
func (d databases) accounts(t testing.TB, locks store.Locks) (store.Accounts, store.Directory) {
	t.Helper()
	if d.directory == nil {
		accounts, err := sqlstore.New(t.Context(), d.vmail, sqlstore.DefaultOptions())
		require.NoError(t, err)
		return accounts, nil
	}
	o := ldapstore.DefaultOptions(ldapstore.Server{
		URL: d.directory.URL, BindDN: d.directory.BindDN, BindPassword: store.Secret(d.directory.BindPassword),
	}, d.directory.Suffix)
	o.BaseDN, o.AdminBaseDN = d.directory.Base, d.directory.AdminBase
	directory, err := ldapstore.New(o, locks, panelstore.NewMailboxes(d.panel))
	require.NoError(t, err)
	return directory, directory
}

// createTables makes the tables.
func (d databases) createTables(t testing.TB, engine string) {
	t.Helper()
	ctx := t.Context()
	if engine == "sqlite" {
		require.NoError(t, errors.Join(sqlstore.Schema.Migrate(ctx, d.vmail), panelstore.Schema.Migrate(ctx, d.panel),
			policystore.Amavisd.Migrate(ctx, d.amavisd), policystore.Iredapd.Migrate(ctx, d.iredapd)))
		return
	}
	require.NoError(t, errors.Join(sqlstore.Schema.Create(ctx, d.vmail), panelstore.Schema.Create(ctx, d.panel),
		policystore.Amavisd.Create(ctx, d.amavisd), policystore.Iredapd.Create(ctx, d.iredapd)))
}

// serveOn is a server over databases whose tables are created.
func serveOn(t testing.TB, dir string, on databases, state string, options ...option) *fixture {
	t.Helper()
	w := &fixture{t: t, dir: dir, databases: on, log: &bytes.Buffer{}, stateURL: state}
	w.logger = slog.New(slog.NewTextHandler(w.log, nil))
	sessions, err := statestore.Open(t.Context(), state)
	require.NoError(t, err)
	accounts, directory := on.accounts(t, sessions)
	log := panelstore.New(on.panel)
	policies := policystore.New(on.amavisd, on.iredapd, policystore.DefaultOptions())
	w.sink = storetest.NewSink(t)
	lists := on.lists
	if lists == nil {
		lists = mlmmj.NewSpool(mlmmj.SpoolConfig{Spool: w.spool(), SMTPPort: w.sink.Port})
	}
	w.codes, w.mail = panelstore.NewProofCodes(on.panel), &lateFollower{}
	followed := change.New(accounts, sessions, w.logger, change.EndSessions(sessions, accounts), change.ForgetPolicies(policies),
		change.ForgetNames(sessions, w.codes), change.PanelLog(log), w.mail, change.FollowLists(accounts, lists, sessions))
	w.changes = followed
	w.inviter = change.NewInviter(followed, lists, sessions)
	w.names = ownership.New(followed, sessions, w.codes, nil, ownership.Options{Verify: true, InEntries: directory != nil, Log: w.logger})
	d := server.Deps{
		MailingLists: change.NewMailingLists(followed, lists, sessions, w.inviter), Ownerships: w.names,
		Accounts: w.names, Policies: change.NewPolicies(policies, followed, change.PanelLog(log)), State: sessions, Panel: log,
		LegacyPrefix: "/iredadmin", Log: w.logger, PasswordScheme: passwords.SSHA,
		SessionIdle: 30 * time.Minute, SessionMax: 12 * time.Hour,
	}
	if directory != nil {
		d.Directory = change.NewDirectory(directory, followed)
	}
	for _, set := range options {
		set(&d)
	}
	w.deps = d
	w.serve()
	t.Cleanup(func() {
		_ = accounts.Close()
		_ = sessions.Close()
		_ = log.Close()
		_ = policies.Close()
	})
	return w
}

// lateFollower is a follower that a test sets once the server runs; until then it does nothing.
type lateFollower struct{ change.Follower }

func (f *lateFollower) Name() string { return "set by a test" }

func (f *lateFollower) Follow(ctx context.Context, actor store.Actor, c store.Change) error {
	if f.Follower == nil {
		return nil
	}
	return f.Follower.Follow(ctx, actor, c)
}

// serve puts a server over the stores.
func (w *fixture) serve() {
	w.t.Helper()
	s, err := server.New(w.deps)
	require.NoError(w.t, err)
	w.changes.OnChange(s.Forget)
	w.handler = s.Handler()
}

// copyFixture opens a copy of another fixture's databases, sessions included.
func copyFixture(t testing.TB, from string, options ...option) *fixture {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(from)))
	return openFixture(t, dir, options...)
}

func hashed(t testing.TB, password string) store.Secret {
	t.Helper()
	hash, err := passwords.Hash(passwords.SSHA, password)
	require.NoError(t, err)
	return hash
}

// client calls the server as one principal.
type client struct {
	w       *fixture
	prefix  string // "" for the strict surface, "/iredadmin" for the legacy one
	address string // where it is; "" is 192.0.2.1
	cookie  *http.Cookie
}

func (w *fixture) anonymous() *client { return &client{w: w} }

// as logs in.
func (w *fixture) as(username, password string) *client {
	w.t.Helper()
	c := w.anonymous()
	a := c.json("POST", "/api/login", map[string]any{"username": username, "password": password})
	require.Equal(w.t, http.StatusOK, a.status, "log in as %s: %s", username, a.raw)
	c.cookie = a.cookie()
	require.NotNil(w.t, c.cookie)
	return c
}

func (w *fixture) root() *client { return w.as(rootMail, password) }

// legacy is the same principal on the legacy surface.
func (c *client) legacy() *client {
	return &client{w: c.w, prefix: "/iredadmin", cookie: c.cookie, address: c.address}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (a answer) msg() string { return textAt(a.body, "_msg") }

func (a answer) field() string { return textAt(a.body, "_field") }

func (a answer) ok() bool { return a.body["_success"] == true }

// data is the object in _data.
func (a answer) data() map[string]any {
	m, _ := a.body["_data"].(map[string]any)
	return m
}

// list is the array in _data.
func (a answer) list() []any {
	l, _ := a.body["_data"].([]any)
	return l
}

func (a answer) cookie() *http.Cookie {
	r := http.Response{Header: a.header}
	if all := r.Cookies(); len(all) > 0 {
		return all[0]
	}
	return nil
}

func textAt(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

func (c *client) get(path string) answer { c.w.t.Helper(); return c.send("GET", path, "", "") }

func (c *client) delete(path string) answer { c.w.t.Helper(); return c.send("DELETE", path, "", "") }

// json sends a JSON body.
func (c *client) json(method, path string, body any) answer {
	c.w.t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(c.w.t, err)
	return c.send(method, path, "application/json", string(raw))
}

// form sends a form body.
func (c *client) form(method, path string, values url.Values) answer {
	c.w.t.Helper()
	return c.send(method, path, "application/x-www-form-urlencoded", values.Encode())
}

// send sends a request as it is and holds the answer against the contract.
func (c *client) send(method, path, contentType, body string) answer {
	c.w.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(c.w.t.Context(), method, c.prefix+path, reader)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return c.do(r)
}

// do sends a prepared request.
func (c *client) do(r *http.Request) answer {
	c.w.t.Helper()
	if c.cookie != nil {
		r.AddCookie(c.cookie)
	}
	if c.address != "" {
		r.RemoteAddr = c.address + ":5000"
	}
	rec := httptest.NewRecorder()
	c.w.handler.ServeHTTP(rec, r)
	a := answer{status: rec.Code, header: rec.Header(), raw: rec.Body.String()}
	require.NoError(c.w.t, json.Unmarshal(rec.Body.Bytes(), &a.body), "every answer is JSON: %s %s: %d %q", r.Method, r.URL, a.status, a.raw)
	require.Equal(c.w.t, "application/json", a.header.Get("Content-Type"))
	checkAnswer(c.w.t, r, c.prefix, a)
	return a
}

var contract = func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromData(gen.SpecJSON)
	if err != nil {
		panic(err)
	}
	return doc
}()

// checkAnswer holds an answer against the response that the contract declares.
func checkAnswer(t testing.TB, r *http.Request, prefix string, a answer) {
	t.Helper()
	if a.body["_success"] == false {
		require.NotEmpty(t, a.msg(), "an error has a code: %s", a.raw)
		require.NotEmpty(t, a.body["_request_id"], "an error has a request id: %s", a.raw)
	}
	route := routeOf(r.Method, strings.TrimPrefix(r.URL.EscapedPath(), prefix))
	if route == nil || a.msg() == "NO_SUCH_PATH" {
		if a.body["_success"] == false {
			errorCodes.check(t, "", prefix, a)
		}
		return
	}
	if a.body["_success"] == false {
		errorCodes.check(t, route.Operation.OperationID, prefix, a)
	}
	status := a.status
	if prefix != "" && a.body["_success"] == false && status == http.StatusOK {
		require.NoError(t, contract.Components.Schemas["Failure"].Value.VisitJSON(a.body), "legacy error: %s", a.raw)
		return
	}
	if prefix != "" && status == http.StatusOK && route.Operation.Responses.Value("200") == nil {
		status = http.StatusCreated
	}
	require.NoError(t, openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 status,
		Header:                 a.header,
		Body:                   io.NopCloser(strings.NewReader(a.raw)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	}), "%s %s answered %d %s", r.Method, r.URL, a.status, a.raw)
}

// routeOf finds the operation of a path, nil when there is none.
func routeOf(method, path string) *routers.Route {
	var best *routers.Route
	for template, item := range contract.Paths.Map() {
		op := item.GetOperation(method)
		if op == nil || !templatePattern(template).MatchString(path) {
			continue
		}
		if best == nil || strings.Count(template, "{") < strings.Count(best.Path, "{") {
			best = &routers.Route{Spec: contract, Path: template, PathItem: item, Method: method, Operation: op}
		}
	}
	return best
}

var wildcard = regexp.MustCompile(`\\\{[a-z_]+\\\}`)

func templatePattern(template string) *regexp.Regexp {
	return regexp.MustCompile("^" + wildcard.ReplaceAllString(regexp.QuoteMeta(template), "[^/]+") + "$")
}

// mustDomain and mustUser make accounts through the API.
func (c *client) mustDomain(name string, settings map[string]any) {
	c.w.t.Helper()
	if settings == nil {
		settings = map[string]any{}
	}
	a := c.json("POST", "/api/domain/"+name, settings)
	require.Equal(c.w.t, http.StatusCreated, a.status, a.raw)
}

func (c *client) mustUser(mail string, settings map[string]any) {
	c.w.t.Helper()
	body := map[string]any{"password": password}
	for k, v := range settings {
		body[k] = v
	}
	a := c.json("POST", "/api/user/"+mail, body)
	require.Equal(c.w.t, http.StatusCreated, a.status, a.raw)
}

func (c *client) must(status int, method, path string, body any) answer {
	c.w.t.Helper()
	a := c.json(method, path, body)
	require.Equal(c.w.t, status, a.status, "%s %s: %s", method, path, a.raw)
	return a
}
