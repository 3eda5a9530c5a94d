package faults_test

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
	"github.com/postern-mail/postern/server/servertest"
)

// TestLargestBodies holds x-max-body of each operation against the rule, and sends one byte more.
func TestLargestBodies(t *testing.T) {
	w := servertest.NewFixture(t)
	root := w.Root()
	for template, item := range servertest.Contract.Paths.Map() {
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
			path := servertest.PathOf(template)
			for _, c := range []*servertest.Client{root, root.Legacy()} {
				a := c.Do(servertest.Request(t, method, c.Prefix+path, servertest.Unreadable{T: t}, want+1))
				require.Equal(t, http.StatusRequestEntityTooLarge, a.Status, "%s %s%s: %s", method, c.Prefix, path, a.Raw)
				require.Equal(t, "BODY_TOO_LARGE", a.Msg())
			}
		}
	}
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
	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	const domain = "/api/domain/example.com"
	for _, x := range []struct {
		name, contentType, start string
		part                     func(i int) string
		legacy                   bool
		status                   int
		msg, field               string
		most                     int // bytes read
	}{
		{"unknown names", servertest.JSONType, "{", func(i int) string { return fmt.Sprintf(`"k%d":0,`, i) }, false, 400, "UNKNOWN_PARAMETER", "k0", 8 << 10},
		{"unknown names in a form", servertest.FormType, "", func(i int) string { return fmt.Sprintf(`k%d=0&`, i) }, false, 400, "UNKNOWN_PARAMETER", "k0", 8 << 10},
		{"one name over and over", servertest.JSONType, "{", func(int) string { return `"name":"x",` }, false, 400, "REPEATED_PARAMETER", "name", 8 << 10},
		{"the same in a form", servertest.FormType, "", func(int) string { return `name=x&` }, false, 400, "REPEATED_PARAMETER", "name", 8 << 10},
		{"the same on the legacy surface", servertest.JSONType, "{", func(int) string { return `"name":"x",` }, true, 200, "REPEATED_PARAMETER", "name", 8 << 10},
		{"unknown names that are ignored", servertest.JSONType, "{", func(i int) string { return fmt.Sprintf(`"k%d":0,`, i) }, true, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"the same in a form", servertest.FormType, "", func(i int) string { return fmt.Sprintf(`k%d=0&`, i) }, true, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"an unknown list", servertest.JSONType, `{"x":[`, func(int) string { return `0,` }, false, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"a list of another kind", servertest.JSONType, `{"catchall":[`, func(int) string { return `0,` }, false, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"a list for a text", servertest.JSONType, `{"name":[`, func(int) string { return `"x",` }, false, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"a long name", servertest.JSONType, `{"`, func(int) string { return `xxxxxxxx` }, false, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"a long number", servertest.JSONType, `{"quota":1`, func(int) string { return `00000000` }, false, 413, "BODY_TOO_LARGE", "", 9 << 20},
		{"deep nesting", servertest.JSONType, `{"x":`, func(int) string { return `[[[[[[[[` }, false, 400, "MALFORMED_BODY", "", 16 << 10},
		{"nesting that is ignored", servertest.JSONType, `{"x":`, func(int) string { return `{"a":` }, true, 200, "MALFORMED_BODY", "", 16 << 10},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := root
			if x.legacy {
				c = root.Legacy()
			}
			body := &endless{parts: x.part, left: x.start}
			r := servertest.Request(t, "PUT", c.Prefix+domain, body, -1)
			r.Header.Set("Content-Type", x.contentType)
			a := c.Do(r)
			require.Equal(t, x.status, a.Status, a.Raw)
			require.Equal(t, x.msg, a.Msg(), a.Raw)
			require.Equal(t, x.field, a.Field(), a.Raw)
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
	var exchanges []servertest.Exchange
	for _, legacy := range []bool{false, true} {
		status := map[bool]int{false: 400, true: 200}[legacy]
		for contentType, raw := range map[string]string{
			servertest.JSONType: `{"name":"x","catchall":[` + million(`"a%d@b.cc"`, ",") + `]}`,
			servertest.FormType: "name=x&catchall=" + million("a%d@b.cc", ","),
		} {
			exchanges = append(exchanges, servertest.Exchange{Name: "too many", Legacy: legacy, Method: "PUT", Path: domain, ContentType: contentType, Raw: raw,
				Status: status, Msg: "TOO_MANY_ITEMS", Field: "catchall", Domain: map[string]any{"description": "", "catchall": []any{}}})
		}
		exchanges = append(exchanges,
			servertest.Exchange{Name: "too many by a repeated key", Legacy: legacy, Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: million("catchall=a%d@b.cc", "&"),
				Status: status, Msg: "TOO_MANY_ITEMS", Field: "catchall", Domain: map[string]any{"catchall": []any{}}},
			servertest.Exchange{Name: "one item many times in a form", Legacy: legacy, Method: "PUT", Path: domain, ContentType: servertest.FormType,
				Raw: "catchall=" + strings.Repeat("anna@example.com,", 100_000), Status: 200, Domain: map[string]any{"catchall": []any{"anna@example.com"}}})
	}
	servertest.Run(t, exchanges)
}

func TestKindsOfValues(t *testing.T) {
	const domain, user, spam = "/api/domain/example.com", "/api/user/anna@example.com", "/api/spampolicy/domain/example.com"
	long := strings.Repeat("x", 100_000)
	var exchanges []servertest.Exchange
	add := func(x servertest.Exchange) { exchanges = append(exchanges, x) }
	for name, raw := range map[string]string{
		"quota": `"quota":1.0`, "quota with an exponent": `"quota":0.1e1`, "quota after what is skipped": `"quota":1`,
	} {
		add(servertest.Exchange{Name: name, Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: "{" + raw + "}", Status: 200,
			Domain: map[string]any{"quota": 1.0}})
	}
	add(servertest.Exchange{Name: "an exponent", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"quota":1e2}`, Status: 200, Domain: map[string]any{"quota": 100.0}})
	add(servertest.Exchange{Name: "an exponent in a form", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "quota=1e2&maxUserQuota=2.0", Status: 200,
		Domain: map[string]any{"quota": 100.0}})
	add(servertest.Exchange{Name: "an exponent in the path", Method: "DELETE", Path: user + "/keep_mailbox_days/3.0e1", Status: 200})
	for _, number := range []string{"1.5", "1e-1", "1e400", "-1e400", "1e99999999", "1e999999999999999999999", "9223372036854775808", "2147483648", "-1",
		"99999999999999999999999999999999", "1" + strings.Repeat("0", 5000), "true", `"1"`, `"ten"`, "[1]", "{}", "[]"} {
		for _, legacy := range []bool{false, true} {
			status := map[bool]int{false: 400, true: 200}[legacy]
			add(servertest.Exchange{Name: "quota " + number[:min(len(number), 40)], Legacy: legacy, Method: "PUT", Path: domain, ContentType: servertest.JSONType,
				Raw: `{"quota":` + number + `}`, Status: status, Msg: "INVALID_NUMBER", Field: "quota"})
		}
	}
	for _, number := range []string{"1.5", "1e400", "1e99999999", "2147483648", "ten", "0x10", "1_000", long} {
		add(servertest.Exchange{Name: "form quota " + number[:min(len(number), 40)], Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "quota=" + number,
			Status: 400, Msg: "INVALID_NUMBER", Field: "quota"})
	}
	for _, number := range []string{"1e400", "1e99999999", "-1e309", `"5"`, "[]"} {
		add(servertest.Exchange{Name: "score " + number, Method: "PUT", Path: spam, ContentType: servertest.JSONType, Raw: `{"spam_score":` + number + `}`,
			Status: 400, Msg: "INVALID_NUMBER", Field: "spam_score"})
	}
	for _, number := range []string{"01", "1.", ".5", "+1", "1e", "--1", "NaN", "Infinity", "0x10"} {
		add(servertest.Exchange{Name: "no JSON " + number, Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"quota":` + number + `}`,
			Status: 400, Msg: "MALFORMED_BODY"})
	}
	add(servertest.Exchange{Name: "a long text", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"name":"` + long + `"}`,
		Status: 400, Msg: "VALUE_TOO_LONG", Field: "name"})
	add(servertest.Exchange{Name: "a long text in a form", Method: "PUT", Path: domain, ContentType: servertest.FormType, Raw: "name=" + long,
		Status: 400, Msg: "VALUE_TOO_LONG", Field: "name"})
	add(servertest.Exchange{Name: "a long item", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"catchall":["` + long + `"]}`,
		Status: 400, Msg: "VALUE_TOO_LONG", Field: "catchall"})
	add(servertest.Exchange{Name: "a long word", Method: "PUT", Path: user, ContentType: servertest.JSONType, Raw: `{"accountStatus":"active` + long + `"}`,
		Status: 400, Msg: "INVALID_ACCOUNT_STATUS", Field: "accountStatus"})
	add(servertest.Exchange{Name: "a list with a number in it", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"catchall":["anna@example.com",5]}`,
		Status: 400, Msg: "INVALID_MAIL", Field: "catchall", Domain: map[string]any{"catchall": []any{}}})
	add(servertest.Exchange{Name: "a mistake leaves the rest unwritten", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"name":"x","quota":1.5}`,
		Status: 400, Msg: "INVALID_NUMBER", Field: "quota", Domain: map[string]any{"description": ""}})
	add(servertest.Exchange{Name: "the last part is read, too", Method: "PUT", Path: domain, ContentType: servertest.JSONType,
		Raw: `{"x":{"y":[1,{"z":"\u00e9"}]},"name":"x"}`, Legacy: true, Status: 200, Domain: map[string]any{"description": "x"}})
	add(servertest.Exchange{Name: "malformed behind a mistake", Method: "PUT", Path: domain, ContentType: servertest.JSONType, Raw: `{"x":1,"name":"x"`,
		Status: 400, Msg: "MALFORMED_BODY"})
	servertest.Run(t, exchanges)
}

func TestQueryStrings(t *testing.T) {
	servertest.Run(t, []servertest.Exchange{
		{Name: "an unknown name", Method: "GET", Path: "/api/domains?x=1", Status: 400, Msg: "UNKNOWN_PARAMETER", Field: "x"},
		{Name: "many unknown names", Method: "GET", Path: "/api/domains?" + strings.Repeat("x=1&", 10_000), Status: 400, Msg: "UNKNOWN_PARAMETER", Field: "x"},
		{Name: "many unknown names, legacy", Legacy: true, Method: "GET", Path: "/api/domains?" + strings.Repeat("x=1&", 10_000), Status: 200},
		{Name: "a word with an end", Method: "GET", Path: "/api/domains?name_only=yes" + strings.Repeat("x", 1000), Status: 400, Msg: "INVALID_VALUE", Field: "name_only"},
		{Name: "not well-formed", Method: "GET", Path: "/api/domains?name_only=%zz", Status: 400, Msg: "MALFORMED_QUERY"},
		{Name: "twice", Method: "GET", Path: "/api/domains?name_only=yes&name_only=no", Status: 400, Msg: "REPEATED_PARAMETER", Field: "name_only"},
	})
}

// onLoopback serves the fixture to real connections.
func onLoopback(t *testing.T, w *servertest.Fixture) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(w.Handler)
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
	w := servertest.NewFixture(t, func(d *server.Deps) { d.BodyGrace = 50 * time.Millisecond })
	s := onLoopback(t, w)
	for _, prefix := range []string{"", "/iredadmin"} {
		for contentType, start := range map[string]string{servertest.JSONType: `{"username":"`, servertest.FormType: "username="} {
			status, _, msg := slowly(t, s, "POST "+prefix+"/api/login HTTP/1.1\r\nHost: x\r\nContent-Type: "+contentType+
				"\r\nContent-Length: 1000\r\n\r\n"+start)
			require.Equal(t, http.StatusRequestTimeout, status)
			require.Equal(t, "REQUEST_TIMEOUT", msg)
			servertest.ErrorCodes.Check(t, "login", prefix, servertest.Answer{Status: status, Body: map[string]any{"_msg": msg}})
		}
	}
}

// TestBodyBudget keeps one large body half sent, so that the budget is used up until it ends.
func TestBodyBudget(t *testing.T) {
	w := servertest.NewFixture(t, func(d *server.Deps) { d.BodyBudget = 64 << 10 })
	root := w.Root()
	root.MustDomain("example.com", nil)
	s := onLoopback(t, w)
	sent, body := io.Pipe()
	held := make(chan error, 1)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/api/domain/example.com", sent)
	require.NoError(t, err)
	r.Header.Set("Content-Type", servertest.FormType)
	r.AddCookie(root.Cookie)
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
	for _, c := range []*servertest.Client{root, root.Legacy()} {
		a := c.Send("PUT", "/api/domain/example.com", servertest.FormType, "name="+value)
		require.Equal(t, http.StatusServiceUnavailable, a.Status, a.Raw)
		require.Equal(t, "SERVER_BUSY", a.Msg())
		require.NotEmpty(t, a.Header.Get("Retry-After"))
	}
	require.Equal(t, http.StatusOK, root.Send("PUT", "/api/domain/example.com", servertest.FormType, "name=short").Status, "a short body still fits")

	require.NoError(t, body.Close())
	require.NoError(t, <-held)
	require.Zero(t, metric(t, w, "postern_body_bytes"), "what ended gives back what it read")
	require.Equal(t, "VALUE_TOO_LONG", root.Send("PUT", "/api/domain/example.com", servertest.FormType, "name="+value).Msg())
}

// metric is the value of a metric without labels.
func metric(t *testing.T, w *servertest.Fixture, name string) float64 {
	t.Helper()
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, httptest.NewRequestWithContext(context.Background(), "GET", "/metrics", nil))
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
