package server_test

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

// played is one request of a play.
type played struct {
	method, path string
	given        body
}

func (c played) String() string {
	text := fmt.Sprintf("%s %s %v", c.method, c.path, map[string]any(c.given))
	return text[:min(len(text), 200)]
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
				want, have := essence(wanted[i], false), essence(got[i], true)
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
func answersOn(t *testing.T, engine, surface string, calls []played) []string {
	t.Helper()
	w := newFixtureOn(t, engine)
	seed(w)
	v := session{client: w.root()}
	if surface == "legacy" {
		v = session{client: v.legacy(), forms: true}
	}
	answers := make([]string, len(calls))
	for i, c := range calls {
		a := v.write(c.method, c.path, c.given)
		require.Less(t, a.status, 500, "%s: %s", c, a.raw)
		require.NotEqual(t, "LOGIN_REQUIRED", a.msg(), "the session ended before %s", c)
		answers[i] = fmt.Sprint(a.status, " ", stable(a.raw))
	}
	return answers
}

var (
	// A list is given a UUID, and a row number that a server does not give again.
	ownID     = regexp.MustCompile(`"id":\d+|"mlid":"[^"]+"`)
	requestID = regexp.MustCompile(`"_request_id":"[^"]+"`)
	mailStamp = regexp.MustCompile(`-\d{4}(\.\d\d){5}/?`)
	moment    = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)
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
		if err != nil || time.Since(at).Abs() > time.Hour {
			return found
		}
		return "now"
	})
}

// enginePlay is everything that the groups of accounts and policies offer: every parameter with all of its values, every refusal, and
// what engines are known to see differently.
func enginePlay() []played {
	return slices.Concat(refusalCalls(forbiddenStates), []played{{"DELETE", "/api/admin/" + rootMail, nil}}, oddNameCalls(),
		letterCaseCalls(), parameterCalls(), refusalCalls(malformed, overLong, taken, pointless), limitCalls(), renameCalls(),
		policyCalls(), mailingListCalls(), manyCalls(), removalCalls())
}

// mailingListCalls make, change and remove mailing lists.
func mailingListCalls() []played {
	calls := []played{
		{"POST", devMailingList, body{"owner": list{"anna@example.com"}, "moderators": list{"anna@example.com"}, "require_confirm": "no",
			"subscribers": list{"anna@example.com", "b@far.test", "dev@example.com", "ghost@example.com", "no address"}}},
		{"POST", devMailingList, body{"owner": list{"anna@example.com"}, "moderators": list{"anna@example.com"}, "require_confirm": "no",
			"subscribers": list{"anna@example.com", "b@far.test"}}},
		{"POST", devMailingList, body{}}, {"POST", "/api/ml/DEV@Example.com", body{}}, {"POST", "/api/ml/dev@example.net", body{}},
		{"POST", "/api/ml/anna@example.com", body{}}, {"POST", "/api/alias/dev@example.com", body{}},
	}
	calls = append(calls, valuesOfParameters(mailingListParameters)...)
	for _, given := range []body{
		{"owner": list{"ghost@example.com"}}, {"moderators": list{"ghost@example.net"}}, {"subject_prefix": "a\nb"},
		{"add_subscribers": list{"dev@example.com", "c@far.test"}}, {"extra_addresses": list{"anna@example.com", "more@example.com"}},
		{"extra_addresses": list{"out@far.test"}}, {"accessPolicy": "nobody"}, {"max_message_size": -1},
	} {
		calls = append(calls, played{"PUT", devMailingList, given}, played{"GET", devMailingList + "?with_subscribers=yes", nil})
	}
	return append(calls, played{"GET", "/api/mls/example.com", nil}, played{"GET", "/api/mls/example.com?email_only=yes", nil},
		played{"GET", exampleDomain, nil}, played{"PUT", exampleDomain, body{"numberOfLists": 1}},
		played{"POST", "/api/ml/beyond@example.com", body{}}, played{"PUT", exampleDomain, body{"numberOfLists": 0}},
		played{"DELETE", devMailingList + "?keep_archive=no", nil}, played{"DELETE", devMailingList, nil}, played{"GET", devMailingList, nil},
		played{"GET", "/api/mls/nowhere.test", nil})
}

// policyCalls give each account policies, and read afterwards.
func policyCalls() []played {
	var calls []played
	for _, s := range policySteps() {
		if s.given["query_dns_immediately"] == nil { // which goes on beside the next calls
			calls = append(calls, s.played, played{"GET", s.read, nil})
		}
	}
	return calls
}

func refusalCalls(groups ...[]refusal) []played {
	var calls []played
	for _, x := range slices.Concat(groups...) {
		calls = append(calls, played{x.method, x.path, x.given})
	}
	return calls
}

// parameterCalls give each parameter each of its values, and read afterwards.
func parameterCalls() []played {
	return valuesOfParameters(slices.Concat(domainParameters, adminParameters, userParameters, aliasParameters))
}

func valuesOfParameters(all []parameters) []played {
	var calls []played
	number := 0
	for _, p := range all {
		method, path, _ := strings.Cut(p.operation, " ")
		for _, c := range p.cases {
			number++
			own := p
			own.subject = strings.ReplaceAll(p.subject, "#", fmt.Sprintf("%d-#", number))
			for i, s := range append([]step{{give: c.before}}, c.steps...) {
				subject := own.subjectOf(i)
				given := c.givenIn(s)
				if i == 0 && c.before == nil {
					continue
				}
				target := placeholder.ReplaceAllLiteralString(path, subject)
				call, read := played{method, target, given}, played{"GET", own.read + subject, nil}
				calls = append(calls, call, read)
				if given["is_backupmx"] != nil { // which SQL has only without alias domains
					calls = append(calls, played{method, target, body{"is_backupmx": "no", "addAliasDomain": list{"example.net"}}})
				}
			}
		}
	}
	return calls
}

// oddNameCalls write names that quoting, encoding or matching may get wrong.
func oddNameCalls() []played {
	odd := append(slices.Clone(texts), "100 %", "a_b%c", `''`, `""`, `\`, `\'`, `\\%`, "`x`", "$1 ? :name @x", "{braces}", "\u00e9", "e\u0301",
		"\U0001F1E9\U0001F1EA", "\U0002070E", "ß ẞ ı İ", "x y", "-- ", "/* */", "null", "0", "'; SELECT 1")
	var calls []played
	for i, text := range odd {
		for _, x := range []struct{ path, name string }{
			{"/api/domain/odd%d.test", "name"}, {"/api/admin/odd%d@admins.test", "name"}, {"/api/user/odd%d@example.com", "name"},
			{"/api/alias/list%d@example.com", "name"},
		} {
			path, given := fmt.Sprintf(x.path, i), body{x.name: text}
			if strings.Contains(path, "/admin/") || strings.Contains(path, "/user/") {
				given["password"] = password
			}
			calls = append(calls, played{"POST", path, given}, played{"GET", path, nil}, played{"PUT", path, body{x.name: ""}},
				played{"GET", path, nil}, played{"PUT", path, body{x.name: text}}, played{"PUT", path, body{}}, played{"GET", path, nil})
		}
		calls = append(calls, played{"PUT", annaUser, body{"gn": text, "sn": text, "employeeid": text, "transport": text}},
			played{"PUT", annaUser, body{"gn": text, "sn": text, "employeeid": text}}, played{"GET", annaUser, nil})
	}
	for _, local := range []string{"a_b", "axb", "a%b", "o'brien", "a+b", "a-b", "a.b", "a&b", "a=b", "a~b", "0", "ä", "a{b}"} {
		path := "/api/user/" + url.PathEscape(local+"@example.com")
		calls = append(calls, played{"GET", path, nil}, played{"POST", path, withPassword}, played{"GET", path, nil},
			played{"PUT", path, body{"addAlias": list{"also-" + local + "@example.com"}}},
			played{"POST", path, withPassword}, played{"PUT", path, body{"accountStatus": "disabled"}},
			played{"DELETE", "/api/user/" + url.PathEscape("also-"+local+"@example.com"), nil})
	}
	return append(calls, played{"GET", "/api/users/example.com", nil}, played{"GET", "/api/domains", nil})
}

// letterCaseCalls ask for, and make again, what there is in other spellings.
func letterCaseCalls() []played {
	var calls []played
	for _, x := range []struct {
		path  string
		given body
	}{
		{"/api/domain/EXAMPLE.com", body{}}, {"/api/admin/Ada@Admins.Test", withPassword},
		{"/api/user/ANNA@example.COM", withPassword}, {"/api/alias/Sales@Example.com", body{}},
		{"/api/alias/Anna@example.com", body{}}, {"/api/user/SALES@example.com", withPassword},
		{"/api/domain/Example.NET", body{}},
		{"/api/user/anna%20@example.com", withPassword}, {"/api/domain/example.com%20", body{}},
		{"/api/user/%C3%A4nna@example.com", withPassword}, {"/api/user/ann%C3%A1@example.com", withPassword},
	} {
		calls = append(calls, played{"GET", x.path, nil}, played{"POST", x.path, x.given}, played{"PUT", x.path, body{"name": "Same"}},
			played{"GET", x.path, nil})
	}
	for _, member := range []string{"ANNA@Example.com", "Ben@example.com", "new@ELSEWHERE.test", "New@elsewhere.test"} {
		calls = append(calls, played{"PUT", salesAlias, body{"addMember": list{member}}}, played{"GET", salesAlias, nil},
			played{"PUT", annaUser, body{"addForwarding": list{member}}}, played{"GET", annaUser, nil})
	}
	return append(calls, played{"POST", "/api/login", body{"username": "ROOT@Elsewhere.test", "password": strings.ToUpper(password)}},
		played{"POST", "/api/verify_password/user/ANNA@example.com", body{"password": password}},
		played{"POST", "/api/verify_password/user/anna@example.com", body{"password": strings.ToUpper(password)}})
}

// limitCalls run into the limits of a domain.
func limitCalls() []played {
	calls := []played{{"POST", "/api/domain/small.test", body{"numberOfUsers": 2, "numberOfAliases": 1, "quota": 100,
		"maxUserQuota": 60, "defaultQuota": 40}}}
	for i, quota := range []any{60, 61, nil, 1, 40, 0} {
		given := body{"password": password}
		if quota != nil {
			given["quota"] = quota
		}
		calls = append(calls, played{"POST", fmt.Sprintf("/api/user/u%d@small.test", i), given},
			played{"POST", fmt.Sprintf("/api/alias/a%d@small.test", i), body{"members": list{"u0@small.test"}}})
	}
	return append(calls, played{"PUT", "/api/user/u0@small.test", body{"quota": 80}},
		played{"PUT", "/api/domain/small.test", body{"numberOfUsers": -1}}, played{"POST", "/api/user/more@small.test", withPassword},
		played{"PUT", "/api/domain/small.test", body{"numberOfUsers": 1}}, played{"GET", "/api/domain/small.test", nil},
		played{"GET", "/api/users/small.test", nil}, played{"GET", "/api/aliases/small.test", nil})
}

// renameCalls rename accounts that others name.
func renameCalls() []played {
	return []played{
		{"POST", "/api/user/mover@example.com", withPassword},
		{"PUT", "/api/user/mover@example.com", body{"aliases": list{"moves@example.com"}, "senderBcc": "ben@example.com",
			"forwarding": list{"mover@example.com", "out@elsewhere.test"}}},
		{"POST", "/api/alias/movers@example.com", body{"members": list{"mover@example.com", "anna@example.com"}}},
		{"PUT", "/api/domain/admins/other.test", body{"addAdmin": list{"mover@example.com"}}},
		{"PUT", exampleDomain, body{"catchall": list{"mover@example.com"}}},
		{"POST", "/api/user/mover@example.com/change_email/ANNA@example.com", nil},
		{"POST", "/api/user/mover@example.com/change_email/moved@nowhere.test", nil},
		{"POST", "/api/user/mover@example.com/change_email/moves@example.com", nil},
		{"POST", "/api/user/mover@example.com/change_email/Mover@example.com", nil},
		{"POST", "/api/user/mover@example.com/change_email/Moved@other.test", nil},
		{"POST", "/api/user/MOVER@example.com/change_email/Moved@Example.com", nil},
		{"GET", "/api/user/mover@example.com", nil}, {"GET", "/api/user/moved@example.com", nil},
		{"GET", "/api/alias/movers@example.com", nil}, {"GET", "/api/domain/other.test", nil}, {"GET", exampleDomain, nil},
		{"POST", "/api/alias/movers@example.com/change_email/sales@example.com", nil},
		{"POST", "/api/alias/movers@example.com/change_email/shakers@example.com", nil},
		{"GET", "/api/alias/shakers@example.com", nil}, {"GET", "/api/aliases/example.com", nil},
	}
}

// manyCalls list more accounts than one page of a query holds, of which every seventh is disabled.
func manyCalls() []played {
	const crowd = 230
	calls := []played{{"POST", "/api/domain/crowd.test", body{}}}
	for i := range crowd {
		user := fmt.Sprintf("/api/user/u%d@crowd.test", i)
		given := body{"password": password, "name": fmt.Sprint("Number ", i)}
		if i%7 == 0 {
			given["accountStatus"] = "disabled"
		}
		calls = append(calls, played{"POST", user, given})
		if i%2 == 0 {
			calls = append(calls, played{"PUT", user, body{"addAlias": list{fmt.Sprintf("z%d@crowd.test", i)}}},
				played{"POST", fmt.Sprintf("/api/alias/l%d@crowd.test", i), body{"members": list{fmt.Sprintf("u%d@crowd.test", i)}}})
		}
	}
	for _, query := range []string{"", "?email_only=yes", "?disabled_only=yes", "?email_only=yes&disabled_only=yes", "?email_only=maybe"} {
		calls = append(calls, played{"GET", "/api/users/crowd.test" + query, nil}, played{"GET", "/api/aliases/crowd.test" + query, nil},
			played{"GET", "/api/domains" + strings.ReplaceAll(query, "email", "name"), nil})
	}
	return append(calls, played{"PUT", "/api/users/crowd.test", body{"language": "de_DE", "accountStatus": "disabled"}},
		played{"GET", "/api/users/crowd.test?disabled_only=yes", nil}, played{"GET", "/api/domain/crowd.test", nil})
}

// removalCalls remove, ask again and make again.
func removalCalls() []played {
	var calls []played
	for _, path := range []string{
		"/api/user/u1@crowd.test/keep_mailbox_days/30", "/api/user/U2@crowd.test", "/api/user/u3@crowd.test/keep_mailbox_days/0",
		"/api/user/u4@crowd.test/keep_mailbox_days/-1", "/api/alias/L4@crowd.test", "/api/admin/max@admins.test",
		"/api/domain/crowd.test/keep_mailbox_days/365", "/api/domain/OTHER.test",
	} {
		account, _, _ := strings.Cut(path, "/keep_mailbox_days/")
		given := withPassword
		if strings.Contains(path, "/domain/") || strings.Contains(path, "/alias/") {
			given = body{}
		}
		calls = append(calls, played{"DELETE", path, nil}, played{"DELETE", path, nil}, played{"GET", account, nil},
			played{"POST", account, given}, played{"GET", account, nil})
	}
	return append(calls, played{"GET", "/api/users/crowd.test", nil}, played{"GET", "/api/domains", nil}, played{"GET", exampleDomain, nil},
		played{"GET", "/api/users/example.com?disabled_only=yes", nil}, played{http.MethodGet, "/api/whoami", nil})
}
