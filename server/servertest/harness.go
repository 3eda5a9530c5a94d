package servertest

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
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
	RootMail = "root@elsewhere.test"
	Password = "Winter-1958-rain"
)

// Fixture is a running server over real stores, with one global admin.
type Fixture struct {
	Databases
	T       testing.TB
	Handler http.Handler
	Sink    *storetest.Sink // where new mailing lists hand in their mail
	Changes *change.Accounts
	Inviter *change.Inviter
	Names   *ownership.Accounts // what the accounts are to the server; new names have to be proven, and no DNS server is known
	Codes   store.ProofCodes
	Mail    *lateFollower // what a test has follow changes besides
	Log     *bytes.Buffer
	Logger  *slog.Logger
	Dir     string

	Deps     server.Deps
	stateURL string
	state    *sqldb.DB // to look at, opened when first needed
}

type Option func(*server.Deps)

// NewFixture opens fresh stores.
func NewFixture(t testing.TB, options ...Option) *Fixture {
	t.Helper()
	w := OpenFixture(t, t.TempDir(), options...)
	w.CreateRoot()
	return w
}

// Spool is the directory of its mailing lists.
func (w *Fixture) Spool() string { return filepath.Join(w.Dir, "mlmmj") }

func (w *Fixture) CreateRoot() {
	w.T.Helper()
	_, err := w.Deps.Accounts.CreateAdmin(w.T.Context(), ByRoot, store.AdminCreate{
		Mail: RootMail, Password: Hashed(w.T, Password), Active: true, Global: true,
	})
	require.NoError(w.T, err)
}

var ByRoot = store.Write{Actor: store.Actor{Username: RootMail, Global: true}}

// OpenFixture opens the stores in dir, which may be a copy of another fixture's.
func OpenFixture(t testing.TB, dir string, options ...Option) *Fixture {
	t.Helper()
	return ServeOn(t, dir, Files(t, dir), "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off", options...)
}

// Files are databases in a directory, their tables created.
func Files(t testing.TB, dir string) Databases {
	t.Helper()
	all := openFiles(t, dir)
	all.CreateTables(t, "sqlite")
	return all
}

// openFiles are the databases in a directory as they are.
func openFiles(t testing.TB, dir string) Databases {
	t.Helper()
	open := func(name string) *sqldb.DB {
		db, err := sqldb.Open("sqlite://" + filepath.Join(dir, name) + "?sync=off")
		require.NoError(t, err)
		return db
	}
	return Databases{Vmail: open("vmail.db"), Panel: open("iredadmin.db"), Amavisd: open("amavisd.db"), Iredapd: open("iredapd.db")}
}

// NewFixtureOn is newFixture on an engine, by the scheme of its URLs: sqlite, mysql, postgres or ldap.
func NewFixtureOn(t *testing.T, engine string, options ...Option) *Fixture {
	t.Helper()
	return NewFixtureAt(t, engine, nil, options...)
}

// NewFixtureAt is NewFixtureOn with stores that take something else than the clock for the time.
func NewFixtureAt(t *testing.T, engine string, now func() time.Time, options ...Option) *Fixture {
	t.Helper()
	dir := t.TempDir()
	var all Databases
	state := "sqlite://" + filepath.Join(dir, "state.db") + "?sync=off"
	switch engine {
	case "sqlite":
		all = Files(t, dir)
	case "ldap":
		all = filesBeside(t, dir, storetest.Directory(t))
	default:
		empty := func() *sqldb.DB { return storetest.Database(t, engine) }
		all = Databases{Vmail: empty(), Panel: empty(), Amavisd: empty(), Iredapd: empty()}
		all.CreateTables(t, engine)
		state = storetest.DatabaseURL(t, engine)
	}
	all.Now = now
	w := ServeOn(t, dir, all, state, options...)
	w.CreateRoot()
	return w
}

// directoryFixture is a server over a directory. What iRedMail keeps in SQL beside it is in files.
func directoryFixture(t testing.TB, at storetest.DirectoryAt, dir string, options ...Option) *Fixture {
	t.Helper()
	return ServeOn(t, dir, filesBeside(t, dir, at), "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off", options...)
}

// filesBeside are a directory and the databases beside it, in files.
func filesBeside(t testing.TB, dir string, at storetest.DirectoryAt) Databases {
	t.Helper()
	open := func(name string) *sqldb.DB {
		db, err := sqldb.Open("sqlite://" + filepath.Join(dir, name) + "?sync=off")
		require.NoError(t, err)
		return db
	}
	all := Databases{Directory: &at, Panel: open("iredadmin.db"), Amavisd: open("amavisd.db"), Iredapd: open("iredapd.db")}
	ctx := t.Context()
	require.NoError(t, errors.Join(panelstore.Schema.Migrate(ctx, all.Panel), policystore.Amavisd.Migrate(ctx, all.Amavisd),
		policystore.Iredapd.Migrate(ctx, all.Iredapd)))
	return all
}

// Databases are those of a fixture, but for the state. Accounts are in vmail or in the directory.
type Databases struct {
	Vmail, Panel, Amavisd, Iredapd *sqldb.DB
	Directory                      *storetest.DirectoryAt
	Lists                          store.Mlmmj      // what runs mailing lists; nil is mlmmj in the fixture's own directory
	Now                            func() time.Time // what the stores take for the time; nil is the clock
}

// accounts opens the store of accounts. The second one is nil on SQL.
func (d Databases) accounts(t testing.TB, locks store.Locks) (store.Accounts, store.Directory) {
	t.Helper()
	if d.Directory == nil {
		o := sqlstore.DefaultOptions()
		if d.Now != nil {
			o.Now = d.Now
		}
		accounts, err := sqlstore.New(t.Context(), d.Vmail, o)
		require.NoError(t, err)
		return accounts, nil
	}
	o := ldapstore.DefaultOptions(ldapstore.Server{
		URL: d.Directory.URL, BindDN: d.Directory.BindDN, BindPassword: store.Secret(d.Directory.BindPassword),
	}, d.Directory.Suffix)
	o.BaseDN, o.AdminBaseDN = d.Directory.Base, d.Directory.AdminBase
	if d.Now != nil {
		o.Now = d.Now
	}
	directory, err := ldapstore.New(o, locks, panelstore.NewMailboxes(d.Panel))
	require.NoError(t, err)
	return directory, directory
}

// CreateTables makes the tables.
func (d Databases) CreateTables(t testing.TB, engine string) {
	t.Helper()
	ctx := t.Context()
	if engine == "sqlite" {
		require.NoError(t, errors.Join(sqlstore.Schema.Migrate(ctx, d.Vmail), panelstore.Schema.Migrate(ctx, d.Panel),
			policystore.Amavisd.Migrate(ctx, d.Amavisd), policystore.Iredapd.Migrate(ctx, d.Iredapd)))
		return
	}
	require.NoError(t, errors.Join(sqlstore.Schema.Create(ctx, d.Vmail), panelstore.Schema.Create(ctx, d.Panel),
		policystore.Amavisd.Create(ctx, d.Amavisd), policystore.Iredapd.Create(ctx, d.Iredapd)))
}

// ServeOn is a server over databases whose tables are created.
func ServeOn(t testing.TB, dir string, on Databases, state string, options ...Option) *Fixture {
	t.Helper()
	w := &Fixture{T: t, Dir: dir, Databases: on, Log: &bytes.Buffer{}, stateURL: state}
	w.Logger = slog.New(slog.NewTextHandler(w.Log, nil))
	sessions, err := statestore.Open(t.Context(), state)
	require.NoError(t, err)
	accounts, directory := on.accounts(t, sessions)
	log := panelstore.New(on.Panel)
	policies := policystore.New(on.Amavisd, on.Iredapd, policystore.DefaultOptions())
	w.Sink = storetest.NewSink(t)
	lists := on.Lists
	if lists == nil {
		lists = mlmmj.NewSpool(mlmmj.SpoolConfig{Spool: w.Spool(), SMTPPort: w.Sink.Port})
	}
	w.Codes, w.Mail = panelstore.NewProofCodes(on.Panel), &lateFollower{}
	followed := change.New(accounts, sessions, w.Logger, change.EndSessions(sessions, accounts), change.ForgetPolicies(policies),
		change.ForgetNames(sessions, w.Codes), change.PanelLog(log), w.Mail, change.FollowLists(accounts, lists, sessions))
	w.Changes = followed
	w.Inviter = change.NewInviter(followed, lists, sessions)
	w.Names = ownership.New(followed, sessions, w.Codes, nil, ownership.Options{Verify: true, InEntries: directory != nil, Log: w.Logger})
	d := server.Deps{
		MailingLists: change.NewMailingLists(followed, lists, sessions, w.Inviter), Ownerships: w.Names,
		Accounts: w.Names, Policies: change.NewPolicies(policies, followed, change.PanelLog(log)), State: sessions, Panel: log,
		LegacyPrefix: "/iredadmin", Log: w.Logger, PasswordScheme: passwords.SSHA,
		SessionIdle: 30 * time.Minute, SessionMax: 12 * time.Hour,
	}
	if directory != nil {
		d.Directory = change.NewDirectory(directory, followed)
	}
	for _, set := range options {
		set(&d)
	}
	w.Deps = d
	w.Serve()
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

// Serve puts a server over the stores.
func (w *Fixture) Serve() {
	w.T.Helper()
	s, err := server.New(w.Deps)
	require.NoError(w.T, err)
	w.Changes.OnChange(s.Forget)
	w.Handler = s.Handler()
}

// CopyFixture opens a copy of another fixture's databases, sessions included.
func CopyFixture(t testing.TB, from string, options ...Option) *Fixture {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(from)))
	return ServeOn(t, dir, openFiles(t, dir), "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off", options...)
}

func Hashed(t testing.TB, password string) store.Secret {
	t.Helper()
	hash, err := passwords.Hash(passwords.SSHA, password)
	require.NoError(t, err)
	return hash
}

// Client calls the server as one principal.
type Client struct {
	W       *Fixture
	Prefix  string // "" for the strict surface, "/iredadmin" for the legacy one
	address string // where it is; "" is 192.0.2.1
	Cookie  *http.Cookie
}

func (w *Fixture) Anonymous() *Client { return &Client{W: w} }

// As logs in.
func (w *Fixture) As(username, password string) *Client {
	w.T.Helper()
	c := w.Anonymous()
	a := c.JSON("POST", "/api/login", map[string]any{"username": username, "password": password})
	require.Equal(w.T, http.StatusOK, a.Status, "log in as %s: %s", username, a.Raw)
	c.Cookie = a.Cookie()
	require.NotNil(w.T, c.Cookie)
	return c
}

func (w *Fixture) Root() *Client { return w.As(RootMail, Password) }

// Legacy is the same principal on the legacy surface.
func (c *Client) Legacy() *Client {
	return &Client{W: c.W, Prefix: "/iredadmin", Cookie: c.Cookie, address: c.address}
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Raw    string
	Body   map[string]any
}

func (a Answer) Msg() string { return TextAt(a.Body, "_msg") }

func (a Answer) Field() string { return TextAt(a.Body, "_field") }

// Causes are the codes of the rules that a password breaks, on either surface.
func (a Answer) Causes() []string {
	listed, ok := a.Body["_causes"].([]any)
	if !ok {
		return strings.Split(a.Msg(), ",")
	}
	var codes []string
	for _, code := range listed {
		codes = append(codes, fmt.Sprint(code))
	}
	return codes
}

func (a Answer) OK() bool { return a.Body["_success"] == true }

// Data is the object in _data.
func (a Answer) Data() map[string]any {
	m, _ := a.Body["_data"].(map[string]any)
	return m
}

// List is the array in _data.
func (a Answer) List() []any {
	l, _ := a.Body["_data"].([]any)
	return l
}

func (a Answer) Cookie() *http.Cookie {
	r := http.Response{Header: a.Header}
	if all := r.Cookies(); len(all) > 0 {
		return all[0]
	}
	return nil
}

func TextAt(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

func (c *Client) Get(path string) Answer { c.W.T.Helper(); return c.Send("GET", path, "", "") }

func (c *Client) Delete(path string) Answer { c.W.T.Helper(); return c.Send("DELETE", path, "", "") }

// JSON sends a JSON body.
func (c *Client) JSON(method, path string, body any) Answer {
	c.W.T.Helper()
	raw, err := json.Marshal(body)
	require.NoError(c.W.T, err)
	return c.Send(method, path, "application/json", string(raw))
}

// Form sends a form body.
func (c *Client) Form(method, path string, values url.Values) Answer {
	c.W.T.Helper()
	return c.Send(method, path, "application/x-www-form-urlencoded", values.Encode())
}

// Send sends a request as it is and holds the answer against the contract.
func (c *Client) Send(method, path, contentType, body string) Answer {
	c.W.T.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(c.W.T.Context(), method, c.Prefix+path, reader)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return c.Do(r)
}

// Do sends a prepared request.
func (c *Client) Do(r *http.Request) Answer {
	c.W.T.Helper()
	if c.Cookie != nil {
		r.AddCookie(c.Cookie)
	}
	if c.address != "" {
		r.RemoteAddr = c.address + ":5000"
	}
	rec := httptest.NewRecorder()
	c.W.Handler.ServeHTTP(rec, r)
	a := Answer{Status: rec.Code, Header: rec.Header(), Raw: rec.Body.String()}
	if a.Header.Get("Content-Type") == TableType {
		checkTable(c.W.T, r, c.Prefix, a)
		return a
	}
	require.NoError(c.W.T, json.Unmarshal(rec.Body.Bytes(), &a.Body), "every answer is JSON: %s %s: %d %q", r.Method, r.URL, a.Status, a.Raw)
	require.Equal(c.W.T, "application/json", a.Header.Get("Content-Type"))
	checkAnswer(c.W.T, r, c.Prefix, a)
	return a
}

// TableType is the media type of a table.
const TableType = "text/csv; charset=utf-8"

// checkTable holds a table against the response that the contract declares: nothing but a success is one.
func checkTable(t testing.TB, r *http.Request, prefix string, a Answer) {
	t.Helper()
	route := RouteOf(r.Method, strings.TrimPrefix(r.URL.EscapedPath(), prefix))
	require.NotNil(t, route)
	response := route.Operation.Responses.Status(a.Status)
	require.NotNil(t, response, "a table is an answer of its own: %d", a.Status)
	require.NotNil(t, response.Value.Content["text/csv"], "the contract knows no table of %s", r.URL)
	rows, err := a.Table()
	require.NoError(t, err, a.Raw)
	require.NotEmpty(t, rows, "a table has a line with its columns")
	require.Equal(t, strings.Count(a.Raw, "\n"), strings.Count(a.Raw, "\r\n"), "lines end as RFC 4180 says")
}

// Table are the cells of an answer that is a table.
func (a Answer) Table() ([][]string, error) { return csv.NewReader(strings.NewReader(a.Raw)).ReadAll() }

var Contract = func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromData(gen.SpecJSON)
	if err != nil {
		panic(err)
	}
	return doc
}()

// checkAnswer holds an answer against the response that the contract declares.
func checkAnswer(t testing.TB, r *http.Request, prefix string, a Answer) {
	t.Helper()
	if a.Body["_success"] == false {
		require.NotEmpty(t, a.Msg(), "an error has a code: %s", a.Raw)
		require.NotEmpty(t, a.Body["_request_id"], "an error has a request id: %s", a.Raw)
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), prefix)
	if prefix != "" { // where slashes may be doubled
		path = "/" + strings.Join(strings.FieldsFunc(path, func(r rune) bool { return r == '/' }), "/")
	}
	method := r.Method
	if method == http.MethodPatch { // which is PUT
		method = http.MethodPut
	}
	route := RouteOf(method, path)
	if route == nil || a.Msg() == "NO_SUCH_PATH" {
		if a.Body["_success"] == false && (prefix == "" || a.Msg() == "NO_SUCH_PATH") { // else an older path of the legacy surface
			ErrorCodes.Check(t, "", prefix, a)
		}
		return
	}
	if a.Body["_success"] == false {
		ErrorCodes.Check(t, route.Operation.OperationID, prefix, a)
	}
	status := a.Status
	raw := a.Raw
	if prefix != "" && a.Body["_success"] == false {
		raw = wholeFailure(t, a)
	}
	if prefix != "" && a.Body["_success"] == false && status == http.StatusOK {
		var whole map[string]any
		require.NoError(t, json.Unmarshal([]byte(raw), &whole))
		require.NoError(t, Contract.Components.Schemas["Failure"].Value.VisitJSON(whole), "legacy error: %s", a.Raw)
		return
	}
	if name, ok := route.Operation.Extensions["x-legacy-reply"].(string); ok && prefix != "" && a.Body["_success"] == true {
		require.NoError(t, Contract.Components.Schemas[name].Value.VisitJSON(a.Body), "%s %s answered %s", r.Method, r.URL, a.Raw)
		return
	}
	if prefix != "" && status == http.StatusOK && route.Operation.Responses.Value("200") == nil {
		status = http.StatusCreated
	}
	if response := route.Operation.Responses.Status(status); response != nil && a.Body["_success"] == true {
		requireKnownKeys(t, response.Value.Content["application/json"].Schema.Value, a.Body, prefix)
	}
	require.NoError(t, openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 status,
		Header:                 a.Header,
		Body:                   io.NopCloser(strings.NewReader(raw)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	}), "%s %s answered %d %s", r.Method, r.URL, a.Status, a.Raw)
}

// requireKnownKeys refuses keys in a reply that its schema does not name, and the noun in a reply of the legacy surface to a write.
func requireKnownKeys(t testing.TB, schema *openapi3.Schema, value any, prefix string) {
	t.Helper()
	object, ok := value.(map[string]any)
	if !ok {
		if items, isList := value.([]any); isList && schema.Items != nil {
			for _, item := range items {
				requireKnownKeys(t, schema.Items.Value, item, prefix)
			}
		}
		return
	}
	for len(schema.AllOf) == 1 && schema.Type == nil {
		schema = schema.AllOf[0].Value
	}
	if len(schema.Properties) == 0 {
		return
	}
	for key, member := range object {
		if key == "_ignored" && prefix != "" {
			continue // in any answer of the legacy surface
		}
		property := schema.Properties[key]
		require.NotNil(t, property, "the contract knows no key %s of %v", key, value)
		require.False(t, prefix != "" && key == "_data" && schema.Properties["_omitted"] != nil, "a legacy write answers no _data")
		requireKnownKeys(t, property.Value, member, prefix)
	}
}

// wholeFailure is a failure of the legacy surface with the keys that it leaves out when they are empty.
func wholeFailure(t testing.TB, a Answer) string {
	t.Helper()
	whole := map[string]any{"_detail": "", "_field": nil}
	maps.Copy(whole, a.Body)
	raw, err := json.Marshal(whole)
	require.NoError(t, err)
	return string(raw)
}

// RouteOf finds the operation of a path, nil when there is none.
func RouteOf(method, path string) *routers.Route {
	var best *routers.Route
	for template, item := range Contract.Paths.Map() {
		op := item.GetOperation(method)
		if op == nil || !templatePattern(template).MatchString(path) {
			continue
		}
		if best == nil || strings.Count(template, "{") < strings.Count(best.Path, "{") {
			best = &routers.Route{Spec: Contract, Path: template, PathItem: item, Method: method, Operation: op}
		}
	}
	return best
}

var wildcard = regexp.MustCompile(`\\\{[a-z_]+\\\}`)

func templatePattern(template string) *regexp.Regexp {
	return regexp.MustCompile("^" + wildcard.ReplaceAllString(regexp.QuoteMeta(template), "[^/]+") + "$")
}

// MustDomain and mustUser make accounts through the API.
func (c *Client) MustDomain(name string, settings map[string]any) {
	c.W.T.Helper()
	if settings == nil {
		settings = map[string]any{}
	}
	a := c.JSON("POST", "/api/domain/"+name, settings)
	require.Equal(c.W.T, http.StatusCreated, a.Status, a.Raw)
}

func (c *Client) MustUser(mail string, settings map[string]any) {
	c.W.T.Helper()
	body := map[string]any{"password": Password}
	for k, v := range settings {
		body[k] = v
	}
	a := c.JSON("POST", "/api/user/"+mail, body)
	require.Equal(c.W.T, http.StatusCreated, a.Status, a.Raw)
}

func (c *Client) Must(status int, method, path string, body any) Answer {
	c.W.T.Helper()
	a := c.JSON(method, path, body)
	require.Equal(c.W.T, status, a.Status, "%s %s: %s", method, path, a.Raw)
	return a
}
