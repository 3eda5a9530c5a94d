package engines_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

// engineDifferences are all that an engine may answer otherwise than SQLite, as what takes the difference away from
// the answers of both. MariaDB compares addresses as iRedMail's collation says, in which the underscore follows the
// letters: a listing has the same items in another order, the same one on every page.
var engineDifferences = map[string]func(text string) string{"mysql": inOrder}

// inOrder sorts the items of a listing.
func inOrder(text string) string {
	status, raw, _ := strings.Cut(text, " ")
	var listing struct {
		Data []json.RawMessage `json:"_data"`
	}
	if json.Unmarshal([]byte(raw), &listing) != nil || len(listing.Data) == 0 {
		return text
	}
	slices.SortFunc(listing.Data, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
	return status + fmt.Sprintf(" %s", listing.Data)
}

// TestEnginesAnswerAlike plays the same requests on each engine, by both surfaces, and compares every answer with that
// over SQLite.
func TestEnginesAnswerAlike(t *testing.T) {
	for _, engine := range storetest.Servers {
		storetest.ServerURL(t, engine) // without a server there is nothing to compare
	}
	calls := enginePlay()
	for _, surface := range []string{"strict", "legacy"} {
		wanted := answersOn(t, "sqlite", surface, calls)
		for _, engine := range storetest.Servers {
			t.Run(engine+"/"+surface, func(t *testing.T) {
				got := answersOn(t, engine, surface, calls)
				for i, c := range calls {
					want, have := wanted[i], got[i]
					if adapt := engineDifferences[engine]; adapt != nil {
						want, have = adapt(want), adapt(have)
					}
					if want != have {
						from := fork(want, have)
						t.Errorf("%s\nsqlite: %.500s\n%s: %.500s", c, want[from:], engine, have[from:])
					}
				}
			})
		}
		t.Run("ldap/"+surface, func(t *testing.T) {
			got := answersOn(t, "ldap", surface, calls)
			for i, c := range calls {
				want, have := essence(wanted[i], false), essence(got[i], surface == "legacy")
				if surface == "strict" { // nouns have one form
					want, have = withoutDeclared(wanted[i]), withoutDeclared(got[i])
				}
				if want != have && !directoryDiffers(c) {
					from := fork(want, have)
					t.Errorf("%s\nsqlite: %.500s\nldap: %.500s", c, want[from:], have[from:])
				}
			}
		})
	}
}

// fork is a little before where two texts part.
func fork(a, b string) int {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	return max(0, at-100)
}

// answersOn plays the calls in a fixture of its own.
func answersOn(t *testing.T, engine, surface string, calls []servertest.Played) []string {
	t.Helper()
	w := servertest.NewFixtureOn(t, engine)
	servertest.Seed(w)
	v := servertest.Session{Client: w.Root()}
	if surface == "legacy" {
		v = servertest.Session{Client: v.Legacy(), Forms: true}
	}
	answers := make([]string, len(calls))
	for i, c := range calls {
		a := v.Write(c.Method, c.Path, c.Given)
		require.Less(t, a.Status, 500, "%s: %s", c, a.Raw)
		require.NotEqual(t, "LOGIN_REQUIRED", a.Msg(), "the session ended before %s", c)
		answers[i] = fmt.Sprint(a.Status, " ", stable(a.Raw))
	}
	return answers
}

var (
	// A list is given a UUID, and a row number that a server does not give again.
	ownID     = regexp.MustCompile(`"id":\d+|"mlid":"[^"]+"`)
	requestID = regexp.MustCompile(`"_request_id":"[^"]+"`)
	mailStamp = regexp.MustCompile(`-\d{4}(\.\d\d){5}/?`)
	moment    = regexp.MustCompile(`\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d|T\d\d:\d\d:\d\dZ)`)
)

// stable is an answer without what differs from one run to the next: ids of requests and the times of now. Other
// times stand for something and stay.
func stable(text string) string {
	text = requestID.ReplaceAllString(text, `"_request_id":"-"`)
	if strings.Contains(text, `"mlid":`) {
		text = ownID.ReplaceAllString(text, `"id":"-"`)
	}
	text = mailStamp.ReplaceAllString(text, "-now")
	return moment.ReplaceAllStringFunc(text, func(found string) string {
		at, err := time.Parse(time.DateTime, found)
		if err != nil {
			at, err = time.Parse(time.RFC3339, found)
		}
		most := time.Hour
		if at.Equal(at.Truncate(24 * time.Hour)) { // a directory keeps the day of a new password
			most = 25 * time.Hour
		}
		if err != nil || time.Since(at).Abs() > most {
			return found
		}
		return "now"
	})
}

// enginePlay is everything that the groups of accounts and policies offer: every parameter with all of its values, every refusal, and
// what engines are known to see differently.
func enginePlay() []servertest.Played {
	return slices.Concat(refusalCalls(servertest.ForbiddenStates), []servertest.Played{{Method: "DELETE", Path: "/api/admin/" + servertest.RootMail, Given: nil}}, oddNameCalls(),
		letterCaseCalls(), parameterCalls(), refusalCalls(servertest.Malformed, servertest.OverLong, servertest.Taken, servertest.Pointless), limitCalls(), renameCalls(),
		policyCalls(), mailingListCalls(), manyCalls(), removalCalls())
}

// mailingListCalls make, change and remove mailing lists.
func mailingListCalls() []servertest.Played {
	calls := []servertest.Played{
		{Method: "POST", Path: servertest.DevMailingList, Given: servertest.Body{"owner": servertest.List{"anna@example.com"}, "moderators": servertest.List{"anna@example.com"}, "require_confirm": "no",
			"subscribers": servertest.List{"anna@example.com", "b@far.test", "dev@example.com", "ghost@example.com", "no address"}}},
		{Method: "POST", Path: servertest.DevMailingList, Given: servertest.Body{"owner": servertest.List{"anna@example.com"}, "moderators": servertest.List{"anna@example.com"}, "require_confirm": "no",
			"subscribers": servertest.List{"anna@example.com", "b@far.test"}}},
		{Method: "POST", Path: servertest.DevMailingList, Given: servertest.Body{}}, {Method: "POST", Path: "/api/ml/DEV@Example.com", Given: servertest.Body{}}, {Method: "POST", Path: "/api/ml/dev@example.net", Given: servertest.Body{}},
		{Method: "POST", Path: "/api/ml/anna@example.com", Given: servertest.Body{}}, {Method: "POST", Path: "/api/alias/dev@example.com", Given: servertest.Body{}},
	}
	calls = append(calls, valuesOfParameters(servertest.MailingListParameters)...)
	for _, given := range []servertest.Body{
		{"owner": servertest.List{"ghost@example.com"}}, {"moderators": servertest.List{"ghost@example.net"}}, {"subject_prefix": "a\nb"},
		{"add_subscribers": servertest.List{"dev@example.com", "c@far.test"}}, {"extra_addresses": servertest.List{"anna@example.com", "more@example.com"}},
		{"extra_addresses": servertest.List{"out@far.test"}}, {"accessPolicy": "nobody"}, {"max_message_size": -1},
	} {
		calls = append(calls, servertest.Played{Method: "PUT", Path: servertest.DevMailingList, Given: given}, servertest.Played{Method: "GET", Path: servertest.DevMailingList + "?with_subscribers=yes", Given: nil})
	}
	return append(calls, servertest.Played{Method: "GET", Path: "/api/mls/example.com", Given: nil}, servertest.Played{Method: "GET", Path: "/api/mls/example.com?email_only=yes", Given: nil},
		servertest.Played{Method: "GET", Path: servertest.ExampleDomain, Given: nil}, servertest.Played{Method: "PUT", Path: servertest.ExampleDomain, Given: servertest.Body{"numberOfLists": 1}},
		servertest.Played{Method: "POST", Path: "/api/ml/beyond@example.com", Given: servertest.Body{}}, servertest.Played{Method: "PUT", Path: servertest.ExampleDomain, Given: servertest.Body{"numberOfLists": 0}},
		servertest.Played{Method: "DELETE", Path: servertest.DevMailingList + "?keep_archive=no", Given: nil}, servertest.Played{Method: "DELETE", Path: servertest.DevMailingList, Given: nil}, servertest.Played{Method: "GET", Path: servertest.DevMailingList, Given: nil},
		servertest.Played{Method: "GET", Path: "/api/mls/nowhere.test", Given: nil})
}

// policyCalls give each account policies, and read afterwards.
func policyCalls() []servertest.Played {
	var calls []servertest.Played
	for _, s := range servertest.PolicySteps() {
		if s.Given["query_dns_immediately"] == nil { // which goes on beside the next calls
			calls = append(calls, s.Played, servertest.Played{Method: "GET", Path: s.Read, Given: nil})
		}
	}
	return calls
}

func refusalCalls(groups ...[]servertest.Refusal) []servertest.Played {
	var calls []servertest.Played
	for _, x := range slices.Concat(groups...) {
		calls = append(calls, servertest.Played{Method: x.Method, Path: x.Path, Given: x.Given})
	}
	return calls
}

// parameterCalls give each parameter each of its values, and read afterwards.
func parameterCalls() []servertest.Played {
	return valuesOfParameters(slices.Concat(servertest.DomainParameters, servertest.AdminParameters, servertest.UserParameters, servertest.AliasParameters))
}

func valuesOfParameters(all []servertest.Parameters) []servertest.Played {
	var calls []servertest.Played
	number := 0
	for _, p := range all {
		method, path, _ := strings.Cut(p.Operation, " ")
		for _, c := range p.Cases {
			number++
			own := p
			own.Subject = strings.ReplaceAll(p.Subject, "#", fmt.Sprintf("%d-#", number))
			for i, s := range append([]servertest.Step{{Give: c.Before}}, c.Steps...) {
				subject := own.SubjectOf(i)
				given := c.GivenIn(s)
				if i == 0 && c.Before == nil {
					continue
				}
				target := servertest.Placeholder.ReplaceAllLiteralString(path, subject)
				call, read := servertest.Played{Method: method, Path: target, Given: given}, servertest.Played{Method: "GET", Path: own.Read + subject, Given: nil}
				calls = append(calls, call, read)
				if given["is_backupmx"] != nil { // which SQL has only without alias domains
					calls = append(calls, servertest.Played{Method: method, Path: target, Given: servertest.Body{"is_backupmx": "no", "addAliasDomain": servertest.List{"example.net"}}})
				}
			}
		}
	}
	return calls
}

// oddNameCalls write names that quoting, encoding or matching may get wrong.
func oddNameCalls() []servertest.Played {
	odd := append(slices.Clone(servertest.Texts), "100 %", "a_b%c", `''`, `""`, `\`, `\'`, `\\%`, "`x`", "$1 ? :name @x", "{braces}", "\u00e9", "e\u0301",
		"\U0001F1E9\U0001F1EA", "\U0002070E", "ß ẞ ı İ", "x y", "-- ", "/* */", "null", "0", "'; SELECT 1")
	var calls []servertest.Played
	for i, text := range odd {
		for _, x := range []struct{ path, name string }{
			{"/api/domain/odd%d.test", "name"}, {"/api/admin/odd%d@admins.test", "name"}, {"/api/user/odd%d@example.com", "name"},
			{"/api/alias/list%d@example.com", "name"},
		} {
			path, given := fmt.Sprintf(x.path, i), servertest.Body{x.name: text}
			if strings.Contains(path, "/admin/") || strings.Contains(path, "/user/") {
				given["password"] = servertest.Password
			}
			calls = append(calls, servertest.Played{Method: "POST", Path: path, Given: given}, servertest.Played{Method: "GET", Path: path, Given: nil}, servertest.Played{Method: "PUT", Path: path, Given: servertest.Body{x.name: ""}},
				servertest.Played{Method: "GET", Path: path, Given: nil}, servertest.Played{Method: "PUT", Path: path, Given: servertest.Body{x.name: text}}, servertest.Played{Method: "PUT", Path: path, Given: servertest.Body{}}, servertest.Played{Method: "GET", Path: path, Given: nil})
		}
		calls = append(calls, servertest.Played{Method: "PUT", Path: servertest.AnnaUser, Given: servertest.Body{"gn": text, "sn": text, "employeeid": text, "department": text, "transport": text}},
			servertest.Played{Method: "PUT", Path: servertest.AnnaUser, Given: servertest.Body{"gn": text, "sn": text, "employeeid": text, "department": text}}, servertest.Played{Method: "GET", Path: servertest.AnnaUser, Given: nil})
	}
	for _, local := range []string{"a_b", "axb", "a%b", "o'brien", "a+b", "a-b", "a.b", "a&b", "a=b", "a~b", "0", "ä", "a{b}"} {
		path := "/api/user/" + url.PathEscape(local+"@example.com")
		calls = append(calls, servertest.Played{Method: "GET", Path: path, Given: nil}, servertest.Played{Method: "POST", Path: path, Given: servertest.WithPassword}, servertest.Played{Method: "GET", Path: path, Given: nil},
			servertest.Played{Method: "PUT", Path: path, Given: servertest.Body{"addAlias": servertest.List{"also-" + local + "@example.com"}}},
			servertest.Played{Method: "POST", Path: path, Given: servertest.WithPassword}, servertest.Played{Method: "PUT", Path: path, Given: servertest.Body{"accountStatus": "disabled"}},
			servertest.Played{Method: "DELETE", Path: "/api/user/" + url.PathEscape("also-"+local+"@example.com"), Given: nil})
	}
	return append(calls, servertest.Played{Method: "GET", Path: "/api/users/example.com", Given: nil}, servertest.Played{Method: "GET", Path: "/api/domains", Given: nil})
}

// letterCaseCalls ask for, and make again, what there is in other spellings.
func letterCaseCalls() []servertest.Played {
	var calls []servertest.Played
	for _, x := range []struct {
		path  string
		given servertest.Body
	}{
		{"/api/domain/EXAMPLE.com", servertest.Body{}}, {"/api/admin/Ada@Admins.Test", servertest.WithPassword},
		{"/api/user/ANNA@example.COM", servertest.WithPassword}, {"/api/alias/Sales@Example.com", servertest.Body{}},
		{"/api/alias/Anna@example.com", servertest.Body{}}, {"/api/user/SALES@example.com", servertest.WithPassword},
		{"/api/domain/Example.NET", servertest.Body{}},
		{"/api/user/anna%20@example.com", servertest.WithPassword}, {"/api/domain/example.com%20", servertest.Body{}},
		{"/api/user/%C3%A4nna@example.com", servertest.WithPassword}, {"/api/user/ann%C3%A1@example.com", servertest.WithPassword},
	} {
		calls = append(calls, servertest.Played{Method: "GET", Path: x.path, Given: nil}, servertest.Played{Method: "POST", Path: x.path, Given: x.given}, servertest.Played{Method: "PUT", Path: x.path, Given: servertest.Body{"name": "Same"}},
			servertest.Played{Method: "GET", Path: x.path, Given: nil})
	}
	for _, member := range []string{"ANNA@Example.com", "Ben@example.com", "new@ELSEWHERE.test", "New@elsewhere.test"} {
		calls = append(calls, servertest.Played{Method: "PUT", Path: servertest.SalesAlias, Given: servertest.Body{"addMember": servertest.List{member}}}, servertest.Played{Method: "GET", Path: servertest.SalesAlias, Given: nil},
			servertest.Played{Method: "PUT", Path: servertest.AnnaUser, Given: servertest.Body{"addForwarding": servertest.List{member}}}, servertest.Played{Method: "GET", Path: servertest.AnnaUser, Given: nil})
	}
	return append(calls, servertest.Played{Method: "POST", Path: "/api/login", Given: servertest.Body{"username": "ROOT@Elsewhere.test", "password": strings.ToUpper(servertest.Password)}},
		servertest.Played{Method: "POST", Path: "/api/verify_password/user/ANNA@example.com", Given: servertest.Body{"password": servertest.Password}},
		servertest.Played{Method: "POST", Path: "/api/verify_password/user/anna@example.com", Given: servertest.Body{"password": strings.ToUpper(servertest.Password)}})
}

// limitCalls run into the limits of a domain.
func limitCalls() []servertest.Played {
	calls := []servertest.Played{{Method: "POST", Path: "/api/domain/small.test", Given: servertest.Body{"numberOfUsers": 2, "numberOfAliases": 1, "quota": 100,
		"maxUserQuota": 60, "defaultQuota": 40}}}
	for i, quota := range []any{60, 61, nil, 1, 40, 0} {
		given := servertest.Body{"password": servertest.Password}
		if quota != nil {
			given["quota"] = quota
		}
		calls = append(calls, servertest.Played{Method: "POST", Path: fmt.Sprintf("/api/user/u%d@small.test", i), Given: given},
			servertest.Played{Method: "POST", Path: fmt.Sprintf("/api/alias/a%d@small.test", i), Given: servertest.Body{"members": servertest.List{"u0@small.test"}}})
	}
	return append(calls, servertest.Played{Method: "PUT", Path: "/api/user/u0@small.test", Given: servertest.Body{"quota": 80}},
		servertest.Played{Method: "PUT", Path: "/api/domain/small.test", Given: servertest.Body{"numberOfUsers": -1}}, servertest.Played{Method: "POST", Path: "/api/user/more@small.test", Given: servertest.WithPassword},
		servertest.Played{Method: "PUT", Path: "/api/domain/small.test", Given: servertest.Body{"numberOfUsers": 1}}, servertest.Played{Method: "GET", Path: "/api/domain/small.test", Given: nil},
		servertest.Played{Method: "GET", Path: "/api/users/small.test", Given: nil}, servertest.Played{Method: "GET", Path: "/api/aliases/small.test", Given: nil})
}

// renameCalls rename accounts that others name.
func renameCalls() []servertest.Played {
	return []servertest.Played{
		{Method: "POST", Path: "/api/user/mover@example.com", Given: servertest.WithPassword},
		{Method: "PUT", Path: "/api/user/mover@example.com", Given: servertest.Body{"aliases": servertest.List{"moves@example.com"}, "senderBcc": "ben@example.com",
			"forwarding": servertest.List{"mover@example.com", "out@elsewhere.test"}}},
		{Method: "POST", Path: "/api/alias/movers@example.com", Given: servertest.Body{"members": servertest.List{"mover@example.com", "anna@example.com"}, "moderators": servertest.List{"mover@example.com"}}},
		{Method: "PUT", Path: "/api/domain/admins/other.test", Given: servertest.Body{"addAdmin": servertest.List{"mover@example.com"}}},
		{Method: "PUT", Path: servertest.ExampleDomain, Given: servertest.Body{"catchall": servertest.List{"mover@example.com"}}},
		{Method: "POST", Path: "/api/user/mover@example.com/change_email/ANNA@example.com", Given: nil},
		{Method: "POST", Path: "/api/user/mover@example.com/change_email/moved@nowhere.test", Given: nil},
		{Method: "POST", Path: "/api/user/mover@example.com/change_email/moves@example.com", Given: nil},
		{Method: "POST", Path: "/api/user/mover@example.com/change_email/Mover@example.com", Given: nil},
		{Method: "POST", Path: "/api/user/mover@example.com/change_email/Moved@other.test", Given: nil},
		{Method: "POST", Path: "/api/user/MOVER@example.com/change_email/Moved@Example.com", Given: nil},
		{Method: "GET", Path: "/api/user/mover@example.com", Given: nil}, {Method: "GET", Path: "/api/user/moved@example.com", Given: nil},
		{Method: "GET", Path: "/api/alias/movers@example.com", Given: nil}, {Method: "GET", Path: "/api/domain/other.test", Given: nil}, {Method: "GET", Path: servertest.ExampleDomain, Given: nil},
		{Method: "POST", Path: "/api/alias/movers@example.com/change_email/sales@example.com", Given: nil},
		{Method: "POST", Path: "/api/alias/movers@example.com/change_email/shakers@example.com", Given: nil},
		{Method: "GET", Path: "/api/alias/shakers@example.com", Given: nil}, {Method: "GET", Path: "/api/aliases/example.com", Given: nil},
	}
}

// manyCalls list more accounts than one page of a query holds, of which every seventh is disabled.
func manyCalls() []servertest.Played {
	const crowd = 230
	calls := []servertest.Played{{Method: "POST", Path: "/api/domain/crowd.test", Given: servertest.Body{}}}
	for i := range crowd {
		user := fmt.Sprintf("/api/user/u%d@crowd.test", i)
		given := servertest.Body{"password": servertest.Password, "name": fmt.Sprint("Number ", i)}
		if i%7 == 0 {
			given["accountStatus"] = "disabled"
		}
		calls = append(calls, servertest.Played{Method: "POST", Path: user, Given: given})
		if i%2 == 0 {
			calls = append(calls, servertest.Played{Method: "PUT", Path: user, Given: servertest.Body{"addAlias": servertest.List{fmt.Sprintf("z%d@crowd.test", i)}}},
				servertest.Played{Method: "POST", Path: fmt.Sprintf("/api/alias/l%d@crowd.test", i), Given: servertest.Body{"members": servertest.List{fmt.Sprintf("u%d@crowd.test", i)}}})
		}
	}
	for _, query := range []string{"", "?email_only=yes", "?disabled_only=yes", "?email_only=yes&disabled_only=yes", "?email_only=maybe"} {
		calls = append(calls, servertest.Played{Method: "GET", Path: "/api/users/crowd.test" + query, Given: nil}, servertest.Played{Method: "GET", Path: "/api/aliases/crowd.test" + query, Given: nil},
			servertest.Played{Method: "GET", Path: "/api/domains" + strings.ReplaceAll(query, "email", "name"), Given: nil})
	}
	for _, query := range []string{"", "?domain=crowd.test&inactive_days=7", "?limit=1000&count=yes", "?domain=none.test", "?inactive_days=0", "?sort=domain"} {
		calls = append(calls, servertest.Played{Method: "GET", Path: "/api/usage" + query, Given: nil})
	}
	for _, query := range []string{
		"sort=-mail&count=yes", "sort=name&limit=1000", "sort=-name&accountStatus=disabled", "q=U1&count=yes", "q_any=NUMBER%201", "q_any=%25",
		"isGlobalAdmin=yes", "over_quota_percent=1", "created_after=2001-01-01T00:00:00Z&limit=500", "created_after=2999-01-01T00:00:00Z",
		"limit=0", "limit=x", "sort=nothing", "cursor=x", "q=", "count=maybe",
	} {
		calls = append(calls, servertest.Played{Method: "GET", Path: "/api/users/crowd.test?email_only=yes&" + query, Given: nil})
	}
	return append(calls, servertest.Played{Method: "PUT", Path: "/api/users/crowd.test", Given: servertest.Body{"language": "de_DE", "accountStatus": "disabled"}},
		servertest.Played{Method: "GET", Path: "/api/users/crowd.test?disabled_only=yes", Given: nil}, servertest.Played{Method: "GET", Path: "/api/domain/crowd.test", Given: nil})
}

// removalCalls remove, ask again and make again.
func removalCalls() []servertest.Played {
	var calls []servertest.Played
	for _, path := range []string{
		"/api/user/u1@crowd.test/keep_mailbox_days/30", "/api/user/U2@crowd.test", "/api/user/u3@crowd.test/keep_mailbox_days/0",
		"/api/user/u4@crowd.test/keep_mailbox_days/-1", "/api/alias/L4@crowd.test", "/api/admin/max@admins.test",
		"/api/domain/crowd.test/keep_mailbox_days/365", "/api/domain/OTHER.test",
	} {
		account, _, _ := strings.Cut(path, "/keep_mailbox_days/")
		given := servertest.WithPassword
		if strings.Contains(path, "/domain/") || strings.Contains(path, "/alias/") {
			given = servertest.Body{}
		}
		calls = append(calls, servertest.Played{Method: "DELETE", Path: path, Given: nil}, servertest.Played{Method: "DELETE", Path: path, Given: nil}, servertest.Played{Method: "GET", Path: account, Given: nil},
			servertest.Played{Method: "POST", Path: account, Given: given}, servertest.Played{Method: "GET", Path: account, Given: nil})
	}
	return append(calls, servertest.Played{Method: "GET", Path: "/api/users/crowd.test", Given: nil}, servertest.Played{Method: "GET", Path: "/api/domains", Given: nil}, servertest.Played{Method: "GET", Path: servertest.ExampleDomain, Given: nil},
		servertest.Played{Method: "GET", Path: "/api/users/example.com?disabled_only=yes", Given: nil}, servertest.Played{Method: http.MethodGet, Path: "/api/whoami", Given: nil})
}
