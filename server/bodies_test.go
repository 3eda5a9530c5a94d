package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	specs "github.com/postern-mail/postern/server/contract"
)

// TestLargestBodies holds x-max-body of each operation against the rule, and sends one byte more.
func TestLargestBodies(t *testing.T) {
	w := newFixture(t)
	root := w.root()
	for template, item := range contract.Paths.Map() {
		for method, op := range item.Operations() {
			want := int64(256 << 10)
			if op.Extensions["x-access"] == "public" {
				want = 16 << 10
			} else if op.RequestBody != nil {
				for _, p := range op.RequestBody.Value.Content["application/json"].Schema.Value.Properties {
					schema := p.Value
					for len(schema.AllOf) == 1 && schema.Type == nil {
						schema = schema.AllOf[0].Value
					}
					if schema.Type.Is("array") {
						want = specs.MaxBody
					}
				}
			}
			require.InDelta(t, want, op.Extensions["x-max-body"], 0, "%s %s", method, template)
			path := pathOf(template)
			for _, c := range []*client{root, root.legacy()} {
				a := c.do(request(t, method, c.prefix+path, unreadable{t}, want+1))
				require.Equal(t, http.StatusRequestEntityTooLarge, a.status, "%s %s%s: %s", method, c.prefix, path, a.raw)
				require.Equal(t, "BODY_TOO_LARGE", a.msg())
			}
		}
	}
}

// pathOf is a concrete path of a template.
func pathOf(template string) string {
	return strings.NewReplacer("{domain}", "example.com", "{mail}", "anna@example.com", "{new_mail}", "ben@example.com",
		"{account}", "example.com", "{days}", "30", "{direction}", "inbound", "{colour}", "blacklist").Replace(template)
}

// endless is a body that shows how much of it was read.
type endless struct {
	parts func(i int) string
	i     int
	left  string
	read  int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == "" {
		e.left = e.parts(e.i)
		e.i++
	}
	n := copy(p, e.left)
	e.left = e.left[n:]
	e.read += n
	return n, nil
}

// TestFaultsInBodies sends bodies that go on with mistakes without end: reading stops after twenty, or at the size.
func TestFaultsInBodies(t *testing.T) {
	w := newFixture(t)
	root := w.root()
	root.mustDomain("example.com", nil)
	const domain = "/api/domain/example.com"
	for _, x := range []struct {
		name, contentType, start string
		part                     func(i int) string
		legacy                   bool
		status                   int
		msg, field               string
		most                     int // bytes read
	}{
		{"unknown names", jsonType, "{", func(i int) string { return fmt.Sprintf(`"k%d":0,`, i) }, false, 400, "UNKNOWN_PARAMETER", "k0", 8 << 10},
		{"unknown names in a form", formType, "", func(i int) string { return fmt.Sprintf(`k%d=0&`, i) }, false, 400, "UNKNOWN_PARAMETER", "k0", 8 << 10},
		{"one name over and over", jsonType, "{", func(int) string { return `"name":"x",` }, false, 400, "REPEATED_PARAMETER", "name", 8 << 10},
		{"the same in a form", formType, "", func(int) string { return `name=x&` }, false, 400, "REPEATED_PARAMETER", "name", 8 << 10},
		{"the same on the legacy surface", jsonType, "{", func(int) string { return `"name":"x",` }, true, 200, "REPEATED_PARAMETER", "name", 8 << 10},
		{"unknown names that are ignored", jsonType, "{", func(i int) string { return fmt.Sprintf(`"k%d":0,`, i) }, true, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"the same in a form", formType, "", func(i int) string { return fmt.Sprintf(`k%d=0&`, i) }, true, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"an unknown list", jsonType, `{"x":[`, func(int) string { return `0,` }, false, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"a list of another kind", jsonType, `{"catchall":[`, func(int) string { return `0,` }, false, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"a list for a text", jsonType, `{"name":[`, func(int) string { return `"x",` }, false, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"a long name", jsonType, `{"`, func(int) string { return `xxxxxxxx` }, false, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"a long number", jsonType, `{"quota":1`, func(int) string { return `00000000` }, false, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"deep nesting", jsonType, `{"x":`, func(int) string { return `[[[[[[[[` }, false, 400, "MALFORMED_BODY", "", 16 << 10},
		{"nesting that is ignored", jsonType, `{"x":`, func(int) string { return `{"a":` }, true, 200, "MALFORMED_BODY", "", 16 << 10},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := root
			if x.legacy {
				c = root.legacy()
			}
			body := &endless{parts: x.part, left: x.start}
			r := request(t, "PUT", c.prefix+domain, body, -1)
			r.Header.Set("Content-Type", x.contentType)
			a := c.do(r)
			require.Equal(t, x.status, a.status, a.raw)
			require.Equal(t, x.msg, a.msg(), a.raw)
			require.Equal(t, x.field, a.field(), a.raw)
			require.Less(t, body.read, x.most)
		})
	}
}

// TestListsThatAreTooLong are counted while they are read.
func TestListsThatAreTooLong(t *testing.T) {
	const domain = "/api/domain/example.com"
	million := func(format, separator string) string {
		items := make([]string, 300_000)
		for i := range items {
			items[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(items, separator)
	}
	var exchanges []exchange
	for _, legacy := range []bool{false, true} {
		status := map[bool]int{false: 400, true: 200}[legacy]
		for contentType, raw := range map[string]string{
			jsonType: `{"name":"x","catchall":[` + million(`"a%d@b.cc"`, ",") + `]}`,
			formType: "name=x&catchall=" + million("a%d@b.cc", ","),
		} {
			exchanges = append(exchanges, exchange{name: "too many", legacy: legacy, method: "PUT", path: domain, contentType: contentType, raw: raw,
				status: status, msg: "TOO_MANY_ITEMS", field: "catchall", domain: map[string]any{"description": "", "catchall": []any{}}})
		}
		exchanges = append(exchanges,
			exchange{name: "too many by a repeated key", legacy: legacy, method: "PUT", path: domain, contentType: formType, raw: million("catchall=a%d@b.cc", "&"),
				status: status, msg: "TOO_MANY_ITEMS", field: "catchall", domain: map[string]any{"catchall": []any{}}},
			exchange{name: "one item many times in a form", legacy: legacy, method: "PUT", path: domain, contentType: formType,
				raw: "catchall=" + strings.Repeat("anna@example.com,", 100_000), status: 200, domain: map[string]any{"catchall": []any{"anna@example.com"}}})
	}
	run(t, exchanges)
}

func TestKindsOfValues(t *testing.T) {
	const domain, user, spam = "/api/domain/example.com", "/api/user/anna@example.com", "/api/spampolicy/domain/example.com"
	long := strings.Repeat("x", 100_000)
	var exchanges []exchange
	add := func(x exchange) { exchanges = append(exchanges, x) }
	for name, raw := range map[string]string{
		"quota": `"quota":1.0`, "quota with an exponent": `"quota":0.1e1`, "quota after what is skipped": `"quota":1`,
	} {
		add(exchange{name: name, method: "PUT", path: domain, contentType: jsonType, raw: "{" + raw + "}", status: 200,
			domain: map[string]any{"quota": 1.0}})
	}
	add(exchange{name: "an exponent", method: "PUT", path: domain, contentType: jsonType, raw: `{"quota":1e2}`, status: 200, domain: map[string]any{"quota": 100.0}})
	add(exchange{name: "an exponent in a form", method: "PUT", path: domain, contentType: formType, raw: "quota=1e2&maxUserQuota=2.0", status: 200,
		domain: map[string]any{"quota": 100.0}})
	add(exchange{name: "an exponent in the path", method: "DELETE", path: user + "/keep_mailbox_days/3.0e1", status: 200})
	for _, number := range []string{"1.5", "1e-1", "1e400", "-1e400", "1e99999999", "1e999999999999999999999", "9223372036854775808", "2147483648", "-1",
		"99999999999999999999999999999999", "1" + strings.Repeat("0", 5000), "true", `"1"`, `"ten"`, "[1]", "{}", "[]"} {
		for _, legacy := range []bool{false, true} {
			status := map[bool]int{false: 400, true: 200}[legacy]
			add(exchange{name: "quota " + number[:min(len(number), 40)], legacy: legacy, method: "PUT", path: domain, contentType: jsonType,
				raw: `{"quota":` + number + `}`, status: status, msg: "INVALID_NUMBER", field: "quota"})
		}
	}
	for _, number := range []string{"1.5", "1e400", "1e99999999", "2147483648", "ten", "0x10", "1_000", long} {
		add(exchange{name: "form quota " + number[:min(len(number), 40)], method: "PUT", path: domain, contentType: formType, raw: "quota=" + number,
			status: 400, msg: "INVALID_NUMBER", field: "quota"})
	}
	for _, number := range []string{"1e400", "1e99999999", "-1e309", `"5"`, "[]"} {
		add(exchange{name: "score " + number, method: "PUT", path: spam, contentType: jsonType, raw: `{"spam_score":` + number + `}`,
			status: 400, msg: "INVALID_NUMBER", field: "spam_score"})
	}
	for _, number := range []string{"01", "1.", ".5", "+1", "1e", "--1", "NaN", "Infinity", "0x10"} {
		add(exchange{name: "no JSON " + number, method: "PUT", path: domain, contentType: jsonType, raw: `{"quota":` + number + `}`,
			status: 400, msg: "MALFORMED_BODY"})
	}
	add(exchange{name: "a long text", method: "PUT", path: domain, contentType: jsonType, raw: `{"name":"` + long + `"}`,
		status: 400, msg: "VALUE_TOO_LONG", field: "name"})
	add(exchange{name: "a long text in a form", method: "PUT", path: domain, contentType: formType, raw: "name=" + long,
		status: 400, msg: "VALUE_TOO_LONG", field: "name"})
	add(exchange{name: "a long item", method: "PUT", path: domain, contentType: jsonType, raw: `{"catchall":["` + long + `"]}`,
		status: 400, msg: "VALUE_TOO_LONG", field: "catchall"})
	add(exchange{name: "a long word", method: "PUT", path: user, contentType: jsonType, raw: `{"accountStatus":"active` + long + `"}`,
		status: 400, msg: "INVALID_ACCOUNT_STATUS", field: "accountStatus"})
	add(exchange{name: "a list with a number in it", method: "PUT", path: domain, contentType: jsonType, raw: `{"catchall":["anna@example.com",5]}`,
		status: 400, msg: "INVALID_MAIL", field: "catchall", domain: map[string]any{"catchall": []any{}}})
	add(exchange{name: "a mistake leaves the rest unwritten", method: "PUT", path: domain, contentType: jsonType, raw: `{"name":"x","quota":1.5}`,
		status: 400, msg: "INVALID_NUMBER", field: "quota", domain: map[string]any{"description": ""}})
	add(exchange{name: "the last part is read, too", method: "PUT", path: domain, contentType: jsonType,
		raw: `{"x":{"y":[1,{"z":"\u00e9"}]},"name":"x"}`, legacy: true, status: 200, domain: map[string]any{"description": "x"}})
	add(exchange{name: "malformed behind a mistake", method: "PUT", path: domain, contentType: jsonType, raw: `{"x":1,"name":"x"`,
		status: 400, msg: "MALFORMED_BODY"})
	run(t, exchanges)
}

func TestQueryStrings(t *testing.T) {
	run(t, []exchange{
		{name: "an unknown name", method: "GET", path: "/api/domains?x=1", status: 400, msg: "UNKNOWN_PARAMETER", field: "x"},
		{name: "many unknown names", method: "GET", path: "/api/domains?" + strings.Repeat("x=1&", 10_000), status: 400, msg: "UNKNOWN_PARAMETER", field: "x"},
		{name: "many unknown names, legacy", legacy: true, method: "GET", path: "/api/domains?" + strings.Repeat("x=1&", 10_000), status: 200},
		{name: "a word with an end", method: "GET", path: "/api/domains?name_only=yes" + strings.Repeat("x", 1000), status: 400, msg: "INVALID_VALUE", field: "name_only"},
		{name: "not well-formed", method: "GET", path: "/api/domains?name_only=%zz", status: 400, msg: "MALFORMED_QUERY"},
		{name: "twice", method: "GET", path: "/api/domains?name_only=yes&name_only=no", status: 400, msg: "REPEATED_PARAMETER", field: "name_only"},
	})
}

// onLoopback serves the fixture to real connections.
func onLoopback(t *testing.T, w *fixture) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(w.handler)
	t.Cleanup(s.Close)
	return s
}

// slowly sends the start of a request and nothing more, and returns the answer.
func slowly(t *testing.T, s *httptest.Server, head string) (int, http.Header, string) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	_, err = io.WriteString(conn, head)
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	var body struct {
		Msg string `json:"_msg"`
	}
	require.NoError(t, json.Unmarshal(raw, &body), "%q", raw)
	return res.StatusCode, res.Header, body.Msg
}

func TestSlowBodies(t *testing.T) {
	w := newFixture(t, func(d *server.Deps) { d.BodyGrace = 50 * time.Millisecond })
	s := onLoopback(t, w)
	for _, prefix := range []string{"", "/iredadmin"} {
		for contentType, start := range map[string]string{jsonType: `{"username":"`, formType: "username="} {
			status, _, msg := slowly(t, s, "POST "+prefix+"/api/login HTTP/1.1\r\nHost: x\r\nContent-Type: "+contentType+
				"\r\nContent-Length: 1000\r\n\r\n"+start)
			require.Equal(t, http.StatusRequestTimeout, status)
			require.Equal(t, "REQUEST_TIMEOUT", msg)
			errorCodes.check(t, "login", prefix, answer{status: status, body: map[string]any{"_msg": msg}})
		}
	}
}

// TestBodyBudget keeps one large body half sent, so that the budget is used up until it ends.
func TestBodyBudget(t *testing.T) {
	w := newFixture(t, func(d *server.Deps) { d.BodyBudget = 64 << 10 })
	root := w.root()
	root.mustDomain("example.com", nil)
	s := onLoopback(t, w)
	sent, body := io.Pipe()
	held := make(chan error, 1)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/api/domain/example.com", sent)
	require.NoError(t, err)
	r.Header.Set("Content-Type", formType)
	r.AddCookie(root.cookie)
	go func() {
		res, err := http.DefaultClient.Do(r)
		if err == nil {
			err = res.Body.Close()
			if res.StatusCode != http.StatusOK {
				err = fmt.Errorf("the body that was held answered %d", res.StatusCode)
			}
		}
		held <- err
	}()
	_, err = io.WriteString(body, "name=x&catchall="+strings.Repeat(",", 60<<10))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return metric(t, w, "postern_body_bytes") > 60<<10 }, 10*time.Second, time.Millisecond)

	value := strings.Repeat("x", 8<<10)
	for _, c := range []*client{root, root.legacy()} {
		a := c.send("PUT", "/api/domain/example.com", formType, "name="+value)
		require.Equal(t, http.StatusServiceUnavailable, a.status, a.raw)
		require.Equal(t, "SERVER_BUSY", a.msg())
		require.NotEmpty(t, a.header.Get("Retry-After"))
	}
	require.Equal(t, http.StatusOK, root.send("PUT", "/api/domain/example.com", formType, "name=short").status, "a short body still fits")

	require.NoError(t, body.Close())
	require.NoError(t, <-held)
	require.Zero(t, metric(t, w, "postern_body_bytes"), "what ended gives back what it read")
	require.Equal(t, "VALUE_TOO_LONG", root.send("PUT", "/api/domain/example.com", formType, "name="+value).msg())
}

// metric is the value of a metric without labels.
func metric(t *testing.T, w *fixture, name string) float64 {
	t.Helper()
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, httptest.NewRequestWithContext(context.Background(), "GET", "/metrics", nil))
	for line := range strings.Lines(rec.Body.String()) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			var n float64
			_, err := fmt.Sscan(value, &n)
			require.NoError(t, err)
			return n
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
