package surface_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

// TestNoFaultOfOurs calls every operation over and over with bodies that are right, at the bounds and broken: whatever is sent
// is answered, and never with a fault of the server. TEST_WALK_ROUNDS and TEST_WALK_SEED say how often and from where.
func TestNoFaultOfOurs(t *testing.T) {
	rounds, seed := 8, 1
	if testing.Short() {
		rounds = 2
	}
	for name, target := range map[string]*int{"TEST_WALK_ROUNDS": &rounds, "TEST_WALK_SEED": &seed} {
		if text := os.Getenv(name); text != "" {
			n, err := strconv.Atoi(text)
			require.NoError(t, err)
			*target = n
		}
	}
	for _, engine := range []string{"sqlite", "mysql", "postgres", "ldap"} {
		t.Run(engine, func(t *testing.T) {
			x := &walk{Inventor: servertest.NewInventor(uint64(seed), walkWords()...), m: servertest.MatrixOn(t, engine), codes: map[string]int{}}
			x.callers = slices.Repeat([]*servertest.Client{x.m.Clients["global"]}, 4)
			for i, mail := range []string{"walks@admins.test", "makes@admins.test"} {
				x.m.Clients["global"].Must(http.StatusCreated, "POST", "/api/admin/"+mail, servertest.Body{"password": servertest.Password, "maxDomains": 20 * i})
				x.callers = append(x.callers, x.m.W.As(mail, servertest.Password))
			}
			x.restore()
			all := slices.DeleteFunc(servertest.Operations(servertest.Contract), func(op servertest.Operation) bool { return op.OperationID == "logout" })
			for range rounds {
				for i := range all { // in another order each time
					j := i + x.Random.IntN(len(all)-i)
					all[i], all[j] = all[j], all[i]
				}
				for _, op := range all {
					x.session(t, op)
				}
				x.restore()
			}
			storetest.Count(t, fmt.Sprintf("calls at random, seed %d: %v", seed, x.codes), x.calls)
			require.Empty(t, x.faults)
		})
	}
}

// walkWords are names of the matrix and texts that quoting, encoding or storing may get wrong.
func walkWords() []string {
	words := append(slices.Clone(servertest.Texts), "own.test", "other.test", "free.test", "new.test", "alias.test", "global",
		servertest.PlainUser, servertest.OtherUser, servertest.HigherUser, servertest.Elsewhere, servertest.OwnAdmin, servertest.OtherAdmin, servertest.Creator, "sales@own.test", "dev@own.test", "board@own.test",
		"fresh@own.test", "fresh@free.test", "sales@other.test", "dev@other.test", "out@far.test", "@own.test", "@.own.test", "@.", "192.0.2.1",
		"192.0.2.0/24", "2001:db8::1", "o'brien@own.test", "a&b@own.test", "a#b@own.test", "x+y@own.test", "a=b@own.test", "a/b@own.test",
		"ä@own.test", "anna@ÖWN.test", "xn--4ca@own.test", "ANNA@OWN.test", " anna@own.test ", "anna@own.test.", "@", "a@b", "*", "%", "_",
		"*)(mail=*", `a\2ab`, "cn=x,dc=y", "a,b", "a\nb", "a\r\nb: c", "\t", " ", "", "\u0001", "\u0000", "a\u0000b", "\ufeff", "\u202eabc",
		"e\u0301", "\U0001F1E9\U0001F1EA", "ß", "İ", "\ufffd", "null", "0", "-1", "yes", "no", "enable", "active", "1.0", "1e3", "0x10", "{}", "[]",
		"smtp:[192.0.2.1]:25", "lmtp:unix:private/dovecot-lmtp", "mlmmj:own.test/dev", "error:5.1.1 no such user", "/var/vmail/x", "../../etc", ":",
		"Subject: x", "X-Y: "+strings.Repeat("z", 900), "{SSHA512}AAAA", "{CRYPT}!", "{PLAIN}x", "{MD5-CRYPT}"+strings.Repeat("a", 32),
		"$2a$31$"+strings.Repeat("a", 53), servertest.Password)
	for _, n := range []int{63, 64, 65, 191, 192, 250, 255, 256, 257, 1000, 4096, 4097, 65535, 65536} {
		words = append(words, strings.Repeat("x", n), strings.Repeat("é", n), strings.Repeat("🐝", n), strings.Repeat("x", n)+"@own.test",
			"x@"+strings.Repeat("y", n)+".test", "x@"+strings.Repeat("y.", n/2)+"test")
	}
	return words
}

// walk calls operations and notes what went wrong on our side.
type walk struct {
	*servertest.Inventor
	m       servertest.Matrix
	callers []*servertest.Client // whom no call names
	calls   int
	codes   map[string]int
	faults  []string
}

// session calls an operation with a body of each sort.
func (x *walk) session(t *testing.T, op servertest.Operation) {
	t.Helper()
	c := *servertest.Pick(x.Inventor, x.callers)
	if x.OneIn(2) {
		c = *c.Legacy()
	}
	if op.RequestBody == nil {
		x.call(t, &c, op, "", "")
		return
	}
	right := x.BodyFor(op, 6)
	if servertest.Properties(op.Operation)["password"] != nil {
		right["password"] = servertest.Password
	}
	x.call(t, &c, op, "application/json", x.raw(right))
	x.call(t, &c, op, "application/json", x.raw(x.atBounds(op)))
	x.call(t, &c, op, "application/json", x.raw(x.ofWrongKinds(op)))
	x.call(t, &c, op, "application/x-www-form-urlencoded", x.asForm(op))
	x.call(t, &c, op, servertest.Pick(x.Inventor, []string{"application/json", "application/json; charset=latin1", "text/plain", "multipart/form-data", "",
		"application/x-www-form-urlencoded"}), x.noBody())
}

// call makes a call and looks at its status.
func (x *walk) call(t *testing.T, c *servertest.Client, op servertest.Operation, media, sent string) {
	t.Helper()
	path := x.path(op)
	a := c.Send(op.Method, path, media, sent)
	x.calls++
	if a.OK() {
		x.codes["done"]++
	} else {
		x.codes[a.Msg()]++
	}
	if a.Status < 500 && a.Msg() != "INTERNAL_ERROR" || a.Status == http.StatusNotImplemented || a.Msg() == "SERVER_BUSY" ||
		testing.Short() && a.Status == http.StatusServiceUnavailable && op.Noun() == "ml" { // a quick run goes without mlmmj
		return
	}
	if len(sent) > 600 {
		sent = sent[:600] + "..."
	}
	x.faults = append(x.faults, fmt.Sprintf("%s %s%s %s %s: %s\n%s", op.Method, c.Prefix, path, media, sent, a.Raw, x.m.W.Cause(a)))
}

// path fills the path, mostly with what there is, and adds options.
func (x *walk) path(op servertest.Operation) string {
	path := op.Template
	g := servertest.Pick(x.Inventor, op.Targets())
	var query []string
	for _, p := range op.Parameters {
		schema := p.Value.Schema.Value
		switch {
		case p.Value.In == "query" && x.OneIn(2):
			value := servertest.Pick(x.Inventor, x.Words)
			if x.OneIn(2) {
				value = fmt.Sprint(x.Value(schema))
			}
			query = append(query, p.Value.Name+"="+url.QueryEscape(value))
		case p.Value.In == "path" && x.OneIn(5):
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", url.PathEscape(servertest.Pick(x.Inventor, x.Words)))
		case p.Value.In == "path" && g.Values[p.Value.Name] == "":
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", url.PathEscape(fmt.Sprint(x.Value(schema))))
		}
	}
	path = g.Path(path)
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	return path
}

func (x *walk) raw(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// atBounds returns a body with values at the bounds of their schemas and one beyond.
func (x *walk) atBounds(op servertest.Operation) servertest.Body {
	given := x.BodyFor(op, 2)
	all := servertest.Properties(op.Operation)
	names := slices.Sorted(maps.Keys(all))
	for range 1 + x.Random.IntN(4) {
		name := servertest.Pick(x.Inventor, names)
		given[name] = x.bound(all[name])
	}
	return given
}

// bound returns a value at a bound of a schema, or just beyond it.
func (x *walk) bound(s *openapi3.Schema) any {
	for len(s.AllOf) == 1 && s.Type == nil {
		s = s.AllOf[0].Value
	}
	switch {
	case s.Type.Is("integer"), s.Type.Is("number"):
		numbers := []string{"0", "-0", "-1", "1.0", "1e2", "1.5", "1e400", "-1e400", "1e-400", "9223372036854775807", "9223372036854775808",
			"-9223372036854775809", "2147483648", "0.1e1", "123456789012345678901234567890"}
		for _, end := range []*float64{s.Min, s.Max} {
			if end != nil {
				numbers = append(numbers, fmt.Sprintf("%.0f", *end), fmt.Sprintf("%.0f", *end-1), fmt.Sprintf("%.0f", *end+1), fmt.Sprintf("%.1f", *end))
			}
		}
		return json.RawMessage(servertest.Pick(x.Inventor, numbers))
	case s.Type.Is("array"):
		items := []any{}
		for range servertest.Pick(x.Inventor, []int{0, 1, 2, 40}) {
			items = append(items, x.bound(s.Items.Value))
		}
		return items
	case s.MaxLength != nil && x.OneIn(2):
		n := int(min(*s.MaxLength, 70000))
		return strings.Repeat(servertest.Pick(x.Inventor, []string{"x", "é", "🐝", " ", "'"}), max(0, n-1+x.Random.IntN(3)))
	}
	return servertest.Pick(x.Inventor, x.Words)
}

// ofWrongKinds returns a body with values of any kind under known and unknown names.
func (x *walk) ofWrongKinds(op servertest.Operation) servertest.Body {
	names := append(slices.Sorted(maps.Keys(servertest.Properties(op.Operation))), "unknown", "", "__proto__", "ä", strings.Repeat("n", 300))
	given := x.BodyFor(op, 1)
	for range 1 + x.Random.IntN(3) {
		given[servertest.Pick(x.Inventor, names)] = x.anything(3)
	}
	return given
}

// anything returns a value of any kind.
func (x *walk) anything(depth int) any {
	switch n := x.Random.IntN(9); {
	case n == 0:
		return nil
	case n == 1:
		return x.OneIn(2)
	case n == 2:
		return json.RawMessage(servertest.Pick(x.Inventor, []string{"1", "-1.5", "1e999", "123456789012345678901234567890"}))
	case n == 3 && depth > 0:
		return []any{x.anything(depth - 1), x.anything(depth - 1)}
	case n == 4 && depth > 0:
		return map[string]any{servertest.Pick(x.Inventor, x.Words): x.anything(depth - 1)}
	case n == 5:
		return json.RawMessage(strings.Repeat("[", 200) + strings.Repeat("]", 200))
	case n == 6:
		return json.RawMessage(`"\ud800"`)
	}
	return servertest.Pick(x.Inventor, x.Words)
}

// asForm returns parameters as a form.
func (x *walk) asForm(op servertest.Operation) string {
	names := append(slices.Sorted(maps.Keys(servertest.Properties(op.Operation))), "unknown", "")
	values := url.Values{}
	for range 1 + x.Random.IntN(5) {
		values.Add(servertest.Pick(x.Inventor, names), servertest.Pick(x.Inventor, x.Words))
	}
	return values.Encode()
}

// noBody returns what is no body of any kind.
func (x *walk) noBody() string {
	return servertest.Pick(x.Inventor, []string{
		"", "{", "}", "[]", "null", "true", `"x"`, "1", `{"a":1}{"a":2}`, `{"name":"a","name":"b"}`, `{"name":"\x"}`, "{\"name\":\"\xff\"}", "\xff\xfe{\x00}\x00",
		"\ufeff{}", `{"name":`, `{"name":"a",}`, "a=b=c&&=&%zz", "%", "name=%ff%fe", strings.Repeat("a=1&", 3000), strings.Repeat("[", 100000),
		strings.Repeat(`{"a":`, 20000), `{"` + strings.Repeat("k", 100000) + `":1}`, "--x\r\n\r\n--x--", "\x00",
	})
}

// restore makes again what the calls took away.
func (x *walk) restore() {
	root := x.m.As("global", x.m.W)
	for _, path := range []string{
		"/api/domain/own.test", "/api/domain/other.test", "/api/domain/free.test", "/api/user/" + servertest.PlainUser, "/api/user/" + servertest.OtherUser,
		"/api/alias/sales@own.test", "/api/alias/sales@other.test", "/api/ml/dev@own.test", "/api/ml/dev@other.test",
		"/api/maillist/board@own.test", "/api/admin/" + servertest.OwnAdmin, "/api/admin/" + servertest.Creator,
	} {
		given := servertest.Body{}
		if strings.Contains(path, "/user/") || strings.Contains(path, "/admin/") {
			given["password"] = servertest.Password
		}
		root.JSON("POST", path, given)
	}
	for _, domain := range []string{"own.test", "free.test"} {
		root.JSON("PUT", "/api/domain/admins/"+domain, servertest.Body{"addAdmin": servertest.List{"walks@admins.test", "makes@admins.test"}})
	}
}
