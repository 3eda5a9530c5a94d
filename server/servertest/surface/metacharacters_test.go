package surface_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/postern-mail/postern/server/servertest"
)

// awkwardText is made of what means something in DNs, filters and LDIF, of blanks at its ends and of letters beyond ASCII.
func awkwardText() *rapid.Generator[string] {
	pieces := []string{
		",", "+", `"`, `\`, "<", ">", ";", "=", "#", "*", "(", ")", "\x00", " ", "a", "é", "\r\n", ":", "%", "/", "&", "|", "!",
		"ou=Users", "(mail=*)", `\2a`, "@", "~",
	}
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 6).Draw(t, "pieces"), "")
	})
}

// awkwardCall puts a text where a client may put one. Only the entry of target may change, if any.
type awkwardCall struct {
	name   string
	target string // what its DN begins with, "" is none
	send   func(c *servertest.Client, text string) servertest.Answer
}

func awkwardCalls() []awkwardCall {
	var calls []awkwardCall
	add := func(target, path string, parameters ...string) {
		for _, parameter := range parameters {
			name, isList := strings.CutSuffix(parameter, "[]")
			for _, form := range []string{"%", "%@far.test", "%@example.com"} {
				calls = append(calls, awkwardCall{"PUT " + path + " " + parameter + " " + form, target, func(c *servertest.Client, text string) servertest.Answer {
					var value any = strings.ReplaceAll(form, "%", text)
					if isList {
						value = servertest.List{value}
					}
					given := servertest.Body{name: value}
					if name == "primarymx" {
						given["is_backupmx"] = "yes"
					}
					return c.JSON("PUT", path, given)
				}})
			}
		}
	}
	add("mail=anna@example.com", servertest.AnnaPath, "name", "gn", "sn", "employeeid", "department", "transport", "language", "maildir", "mailboxFolder",
		"password_hash", "senderBcc", "recipientBcc", "telephoneNumber[]", "mobile[]", "forwarding[]", "addForwarding[]",
		"removeForwarding[]", "addAlias[]", "removeAlias[]", "addService[]", "removeService[]")
	add("domainName=example.com", servertest.ExampleCom, "name", "transport", "language", "senderBcc", "recipientBcc", "outboundRelay",
		"primarymx", "addAliasDomain[]", "removeAliasDomain[]", "addService[]", "removeService[]", "disableDomainProfile[]")
	add("mail=sales@example.com", "/api/alias/sales@example.com", "name", "accessPolicy", "members[]", "addMember[]", "removeMember[]")
	add("news@example.com", newsList, "name", "accessPolicy", "addMember[]", "removeMember[]")
	add("mail=dev@example.com", servertest.DevMailingList, "name", "newsletter_description", "accessPolicy", "owner[]", "moderators[]", "extra_addresses[]",
		"add_subscribers[]", "remove_subscribers[]", "subscription_moderators[]", "subject_prefix", "custom_headers", "remove_headers[]",
		"footer_text", "footer_html")
	add("mail="+servertest.RootMail, "/api/admin/"+servertest.RootMail, "name", "language")
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		for _, noun := range []string{"user", "alias", "maillist", "ml", "domain", "admin", "ldif/user", "ldif/domain"} {
			calls = append(calls, awkwardCall{method + " " + noun + " in the path", "", func(c *servertest.Client, text string) servertest.Answer {
				name := text + "@example.com"
				if strings.HasSuffix(noun, "domain") {
					name = text
				}
				if method == "PUT" {
					return c.JSON(method, "/api/"+noun+"/"+url.PathEscape(name), servertest.Body{"name": "changed"})
				}
				return c.Send(method, "/api/"+noun+"/"+url.PathEscape(name), "", "")
			}})
		}
	}
	return append(calls, awkwardCall{"log in", "", func(c *servertest.Client, text string) servertest.Answer {
		return c.W.Anonymous().JSON("POST", "/api/login", servertest.Body{"username": text, "password": text})
	}})
}

// TestNoTextReachesAnotherEntry writes awkward texts wherever a client can. Each is refused, or escaped so that it comes back as
// it was given, and no other entry is touched.
func TestNoTextReachesAnotherEntry(t *testing.T) {
	w, root := overOpenLDAP(t)
	servertest.Post(newsList, servertest.Body{"members": servertest.List{"anna@example.com", "x@far.test"}})(root)
	servertest.Post(servertest.DevMailingList, servertest.Body{})(root)
	before := w.Directory.Entries(t)
	calls := awkwardCalls()
	check := func(r *rapid.T) {
		call := rapid.SampledFrom(calls).Draw(r, "call")
		text := awkwardText().Draw(r, "text")
		a := call.send(root, text)
		require.Less(r, a.Status, http.StatusInternalServerError, "%s %q: %s", call.name, text, a.Raw)
		require.Equal(r, others(before, call.target), others(w.Directory.Entries(t), call.target), "%s %q", call.name, text)
		if a.OK() && call.target != "" { // for the next one
			before = w.Directory.Entries(t)
		}
	}
	for range 5 { // each is a hundred
		rapid.Check(t, check)
	}
	for _, text := range []string{`,+"\<>;=#*()`, " both ends ", "é ü 株式会社", `\2a\00`, "#", ", ou=x"} {
		root.Must(http.StatusOK, "PUT", servertest.AnnaPath, servertest.Body{"name": text})
		require.Equal(t, text, root.Get(servertest.AnnaPath).Data()["name"])
		root.Must(http.StatusOK, "PUT", newsList, servertest.Body{"name": text})
		require.Equal(t, text, root.Get(newsList).Data()["name"])
	}
	for path, given := range map[string]servertest.Body{ // beyond ASCII where only that is taken
		servertest.AnnaPath: {"addService": servertest.List{"ü"}}, servertest.ExampleCom: {"outboundRelay": "[ü.test]:25"},
	} {
		require.Equal(t, http.StatusBadRequest, root.JSON("PUT", path, given).Status, path)
	}
}

// others are all entries but those of the target.
func others(all map[string]map[string][]string, target string) map[string]map[string][]string {
	left := maps.Clone(all)
	maps.DeleteFunc(left, func(dn string, _ map[string][]string) bool { return target != "" && strings.Contains(dn, target+",") })
	return left
}
