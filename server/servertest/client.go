package servertest

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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
