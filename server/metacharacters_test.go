package server_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
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
	send   func(c *client, text string) answer
}

func awkwardCalls() []awkwardCall {
	var calls []awkwardCall
	add := func(target, path string, parameters ...string) {
		for _, parameter := range parameters {
			name, isList := strings.CutSuffix(parameter, "[]")
			for _, form := range []string{"%", "%@far.test", "%@example.com"} {
				calls = append(calls, awkwardCall{"PUT " + path + " " + parameter + " " + form, target, func(c *client, text string) answer {
					var value any = strings.ReplaceAll(form, "%", text)
					if isList {
						value = list{value}
					}
					given := body{name: value}
					if name == "primarymx" {
						given["is_backupmx"] = "yes"
					}
					return c.json("PUT", path, given)
				}})
			}
		}
	}
	add("mail=anna@example.com", annaPath, "name", "gn", "sn", "employeeid", "transport", "language", "maildir", "mailboxFolder",
		"password_hash", "senderBcc", "recipientBcc", "telephoneNumber[]", "mobile[]", "forwarding[]", "addForwarding[]",
		"removeForwarding[]", "addAlias[]", "removeAlias[]", "addService[]", "removeService[]")
	add("domainName=example.com", exampleCom, "name", "transport", "language", "senderBcc", "recipientBcc", "outboundRelay",
		"primarymx", "addAliasDomain[]", "removeAliasDomain[]", "addService[]", "removeService[]", "disableDomainProfile[]")
	add("mail=sales@example.com", "/api/alias/sales@example.com", "name", "accessPolicy", "members[]", "addMember[]", "removeMember[]")
	add("news@example.com", newsList, "name", "accessPolicy", "addMember[]", "removeMember[]")
	add("mail=dev@example.com", devMailingList, "name", "newsletter_description", "accessPolicy", "owner[]", "moderators[]", "extra_addresses[]",
		"add_subscribers[]", "remove_subscribers[]", "subscription_moderators[]", "subject_prefix", "custom_headers", "remove_headers[]",
		"footer_text", "footer_html")
	add("mail="+rootMail, "/api/admin/"+rootMail, "name", "language")
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		for _, noun := range []string{"user", "alias", "maillist", "ml", "domain", "admin", "ldif/user", "ldif/domain"} {
			calls = append(calls, awkwardCall{method + " " + noun + " in the path", "", func(c *client, text string) answer {
				name := text + "@example.com"
				if strings.HasSuffix(noun, "domain") {
					name = text
				}
				if method == "PUT" {
					return c.json(method, "/api/"+noun+"/"+url.PathEscape(name), body{"name": "changed"})
				}
				return c.send(method, "/api/"+noun+"/"+url.PathEscape(name), "", "")
			}})
		}
	}
	return append(calls, awkwardCall{"log in", "", func(c *client, text string) answer {
		return c.w.anonymous().json("POST", "/api/login", body{"username": text, "password": text})
	}})
}

// TestNoTextReachesAnotherEntry writes awkward texts wherever a client can. Each is refused, or escaped so that it comes back as
// it was given, and no other entry is touched.
func TestNoTextReachesAnotherEntry(t *testing.T) {
	w, root := overOpenLDAP(t)
	post(newsList, body{"members": list{"anna@example.com", "x@far.test"}})(root)
	post(devMailingList, body{})(root)
	before := w.directory.Entries(t)
	calls := awkwardCalls()
	check := func(r *rapid.T) {
		call := rapid.SampledFrom(calls).Draw(r, "call")
		text := awkwardText().Draw(r, "text")
		a := call.send(root, text)
		require.Less(r, a.status, http.StatusInternalServerError, "%s %q: %s", call.name, text, a.raw)
		require.Equal(r, others(before, call.target), others(w.directory.Entries(t), call.target), "%s %q", call.name, text)
		if a.ok() && call.target != "" { // for the next one
			before = w.directory.Entries(t)
		}
	}
	for range 5 { // each is a hundred
		rapid.Check(t, check)
	}
	for _, text := range []string{`,+"\<>;=#*()`, " both ends ", "é ü 株式会社", `\2a\00`, "#", ", ou=x"} {
		root.must(http.StatusOK, "PUT", annaPath, body{"name": text})
		require.Equal(t, []any{text}, root.get(annaPath).data()["cn"])
		root.must(http.StatusOK, "PUT", newsList, body{"name": text})
		require.Equal(t, []any{text}, root.get(newsList).data()["cn"])
	}
	for path, given := range map[string]body{ // beyond ASCII where only that is taken
		annaPath: {"addService": list{"ü"}}, exampleCom: {"outboundRelay": "[ü.test]:25"},
	} {
		require.Equal(t, http.StatusBadRequest, root.json("PUT", path, given).status, path)
	}
}

// others are all entries but those of the target.
func others(all map[string]map[string][]string, target string) map[string]map[string][]string {
	left := maps.Clone(all)
	maps.DeleteFunc(left, func(dn string, _ map[string][]string) bool { return target != "" && strings.Contains(dn, target+",") })
	return left
}
