package engines_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

// nounEngines are those that keep accounts, and SQLite with mailing lists that mlmmjadmin keeps.
var nounEngines = []string{"sqlite", "mysql", "postgres", "ldap", "mlmmjadmin"}

// param is how a parameter of a noun is tried.
type param struct {
	given any // unlike what a new account has
	unset any // what is sent to unset it, or to have it as new accounts have it
	then  any // what is read then
	with  map[string]any
}

func textParam(v string) param { return param{given: v, unset: nil, then: ""} }

func choiceParam(v any) param { return param{given: v, unset: nil, then: nil} }

func listParam(v ...string) param { return param{given: v, unset: nil, then: []string{}} }

func otherParam(v, other any) param { return param{given: v, unset: other, then: other} }

// flagParams are such of which yes is not what a new account has, and after them those of which no is not.
func flagParams(yes, no string) map[string]param {
	all := map[string]param{}
	for name := range strings.FieldsSeq(yes) {
		all[name] = otherParam("yes", "no")
	}
	for name := range strings.FieldsSeq(no) {
		all[name] = otherParam("no", "yes")
	}
	return all
}

func together(all map[string]param, more map[string]param) map[string]param {
	all = maps.Clone(all)
	maps.Copy(all, more)
	return all
}

// noun is what is read in the form in which it is written.
type noun struct {
	name    string // of the schema of what is read; with Update and Create behind it, of what is written
	path    string
	fresh   string // path of one that is not there yet; "" where POST makes none
	changes string // the parameters that change something else than what has their name, or what is never shown
	params  map[string]param
	apart   [][]string     // parameters that a POST leaves out, as they contradict others: a POST without each of these groups
	bad     map[string]any // a parameter that the contract allows and the store refuses
	global  bool           // only global admins may write it
	ldap    bool           // only a directory has it
	beside  map[string]any
}

// nouns are all of them, in a domain that nounFixture makes.
var nouns = []noun{
	{
		name: "Domain", path: "/api/domain/example.com", fresh: "/api/domain/fresh.test",
		changes: `addAliasDomain removeAliasDomain addService removeService disableDomainProfile enableDomainProfile disableUserProfile
			enableUserProfile disableUserPreference enableUserPreference`,
		apart: [][]string{{"is_backupmx", "primarymx"}, {"transport", "aliasDomains"}},
		bad:   map[string]any{"aliasDomains": []string{"other.test"}},
		params: map[string]param{
			"name": textParam("Example & Söhne <Ltd>"), "accountStatus": otherParam("disabled", "active"),
			"transport":    {given: "smtp:[mx.example.net]:25", unset: "", then: "dovecot"},
			"language":     choiceParam("de_DE"),
			"quota":        otherParam(90000, 0),
			"maxUserQuota": choiceParam(4096), "defaultQuota": choiceParam(1024),
			"numberOfUsers": otherParam(50, 0), "numberOfAliases": otherParam(-1, 0), "numberOfLists": otherParam(7, 0),
			"aliasDomains": listParam("alias-a.test", "alias-b.test"), "catchall": listParam("anna@example.com", "all@example.net"),
			"services":  listParam("self-service", "own"),
			"senderBcc": textParam("archive@example.net"), "recipientBcc": textParam("bert@example.com"),
			"outboundRelay": textParam("[smtp.example.net]:587"), "is_backupmx": otherParam("yes", "no"),
			"primarymx":         {given: "[mx1.example.net]:25", unset: nil, then: "", with: map[string]any{"is_backupmx": "yes"}},
			"minPasswordLength": choiceParam(9), "maxPasswordLength": choiceParam(60),
			"disabledDomainProfiles":  listParam("bcc", "relay", "catchall", "aliases", "backupmx", "password_policies", "advanced"),
			"disabledUserProfiles":    listParam("bcc", "forwarding", "relay", "aliases"),
			"disabledUserPreferences": listParam("wblist", "quarantine"),
		},
	},
	{
		name: "Admin", path: "/api/admin/ada@admins.test", fresh: "/api/admin/fresh@admins.test", changes: "password quotaUnit", global: true,
		beside: map[string]any{"password": servertest.Password},
		apart: [][]string{{"isGlobalAdmin"}, { // a global admin has no limits
			"maxDomains", "maxUsers", "maxAliases", "maxLists", "maxQuota", "disableViewingMailLog", "disableManagingQuarantinedMails",
		}},
		params: together(flagParams("isGlobalAdmin disableViewingMailLog disableManagingQuarantinedMails", ""), map[string]param{
			"name": textParam("Ada <King>"), "accountStatus": otherParam("disabled", "active"), "language": choiceParam("fr_FR"),
			"maxDomains": otherParam(5, 0), "maxUsers": otherParam(100, 0), "maxAliases": otherParam(-1, 0), "maxLists": otherParam(3, 0),
			"maxQuota": otherParam(4096, 0),
		}),
	},
	{
		name: "User", path: "/api/user/anna@example.com", fresh: "/api/user/fresh@example.com",
		changes: "password password_hash addAlias removeAlias addForwarding removeForwarding addService removeService",
		beside:  map[string]any{"password": servertest.Password}, bad: map[string]any{"aliases": []string{"bert@example.com"}},
		params: map[string]param{
			"name": textParam("Anna <Berg> & Söhne"), "gn": textParam("Anna"), "sn": {given: "Berg", unset: nil, then: ""}, "accountStatus": otherParam("disabled", "active"),
			"isGlobalAdmin": otherParam("yes", "no"), "language": choiceParam("it_IT"), "quota": otherParam(2048, 0), "employeeid": textParam("E-7"),
			"department": textParam("Sales, North"), "transport": textParam("smtp:[mx.example.net]:25"), "telephoneNumber": listParam("+49 30 901820"),
			"mobile": listParam("+49 170 1234"), "forwarding": {given: []string{"bert@example.com", "anna@example.net"}, unset: nil, then: []string{"anna@example.com"}},
			"aliases": listParam("a.berg@example.com", "a.b@example.com"), "senderBcc": textParam("bert@example.com"),
			"recipientBcc":  textParam("archive@example.net"),
			"services":      listParam("smtp", "smtpsecured", "imapsecured", "managesieve", "deliver"),
			"mailboxFormat": {given: "mdbox", unset: nil, then: "maildir"}, "mailboxFolder": {given: "Mail2", unset: nil, then: "Maildir"},
			"maildir": otherParam("/var/vmail/vmail1/moved/anna", "/var/vmail/vmail1/elsewhere/anna"),
		},
	},
	{
		name: "Alias", path: "/api/alias/sales@example.com", fresh: "/api/alias/fresh.alias@example.com", changes: "addMember removeMember",
		bad: map[string]any{"accessPolicy": "moderatorsonly", "members": []string{"nobody@example.com"}},
		params: map[string]param{
			"name": textParam("Sales; all"), "accountStatus": otherParam("disabled", "active"), "accessPolicy": choiceParam("membersonly"),
			"members": listParam("anna@example.com", "chair@club.test"), "moderators": listParam("bert@example.com", "chair@club.test"),
		},
	},
	{
		name: "MailingList", path: "/api/ml/dev@example.com", fresh: "/api/ml/fresh.list@example.com",
		changes: "add_subscribers remove_subscribers require_confirm subscription subscribers", bad: map[string]any{"extra_addresses": []string{"anna@example.com"}},
		apart: [][]string{{"only_moderator_can_post", "only_subscriber_can_post"}, {"accessPolicy"}}, // which wins over the others
		params: together(flagParams(`is_newsletter close_list only_moderator_can_post disable_subscription disable_subscription_confirm
			disable_digest_subscription disable_digest_text disable_nomail_subscription moderated moderate_non_subscriber_post
			notify_owner_when_sub_unsub notify_sender_when_moderated disable_archive moderate_subscription`,
			`only_subscriber_can_post disable_retrieving_old_posts only_subscriber_can_get_old_posts disable_retrieving_subscribers
			disable_send_copy_to_sender`), map[string]param{
			"name": textParam("Developers"), "accountStatus": otherParam("disabled", "active"),
			"accessPolicy":           choiceParam("domain"),
			"newsletter_description": textParam("News\nof us"), "owner": listParam("anna@example.com", "chair@club.test"),
			"moderators": listParam("bert@example.com"), "max_message_size": otherParam(10485760, 0),
			"extra_addresses": listParam("developers@example.com"), "subscription_moderators": listParam("anna@example.com"),
			"subject_prefix": textParam("[dev]"), "custom_headers": textParam("X-Office: Berlin\nX-Team: Dev"),
			"remove_headers": listParam("X-Spam-Flag", "Received"), "footer_text": textParam("Bye"), "footer_html": textParam("<p>Bye</p>"),
		}),
	},
	{
		name: "StaticList", path: "/api/maillist/board@example.com", fresh: "/api/maillist/fresh.board@example.com", changes: "addMember removeMember", ldap: true,
		params: map[string]param{
			"name": textParam("The board"), "accessPolicy": choiceParam("membersonly"), "members": listParam("anna@example.com", "chair@club.test"),
		},
	},
	policyNoun("/api/spampolicy/global"), policyNoun("/api/spampolicy/domain/example.com"), policyNoun("/api/spampolicy/user/anna@example.com"),
}

func policyNoun(path string) noun {
	params := map[string]param{"spam_score": choiceParam(4.5), "banned_rulenames": listParam("ALLOW_MS_OFFICE", "DEFAULT"),
		"always_insert_x_spam_headers": choiceParam("yes")}
	for name := range strings.FieldsSeq(`bypass_spam_checks bypass_virus_checks bypass_banned_checks bypass_header_checks quarantine_spam
		quarantine_virus quarantine_banned quarantine_bad_header prefix_spam_in_subject`) {
		params[name] = choiceParam("yes")
	}
	return noun{name: "SpamPolicy", path: path, params: params, global: strings.HasSuffix(path, "global"), apart: [][]string{
		{"bypass_spam_checks", "bypass_virus_checks", "bypass_banned_checks", "bypass_header_checks"}, // what is not checked is not found
	}}
}

// all is every parameter with its value, without some.
func (n noun) all(without ...string) map[string]any {
	body := maps.Clone(n.beside)
	if body == nil {
		body = map[string]any{}
	}
	for name, p := range n.params {
		if !slices.Contains(without, name) {
			body[name] = p.given
		}
	}
	return body
}

// isChange reports whether a parameter is none that can be read.
func (n noun) isChange(name string) bool { return slices.Contains(strings.Fields(n.changes), name) }

// nounsOn calls for each noun that an engine has.
func nounsOn(w *servertest.Fixture, do func(n noun)) {
	w.T.Helper()
	for _, n := range nouns {
		if !n.ldap || w.Directory != nil {
			do(n)
		}
	}
}

const domainAdmin = "own@admins.test"

// nounFixture is an engine on which each of the nouns is there with nothing set, and an admin of the domain.
func nounFixture(t *testing.T, engine string) *servertest.Fixture {
	t.Helper()
	storetest.Mlmmj(t)
	var w *servertest.Fixture
	if engine == "mlmmjadmin" {
		w = servertest.ThroughMlmmjadmin(t, t.TempDir())
		w.CreateRoot()
	} else {
		w = servertest.NewFixtureOn(t, engine)
	}
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.MustDomain("other.test", nil)
	root.MustUser("anna@example.com", nil)
	root.MustUser("bert@example.com", nil)
	for _, mail := range []string{domainAdmin, "ada@admins.test"} {
		root.Must(http.StatusCreated, "POST", "/api/admin/"+mail, map[string]any{"password": servertest.Password})
	}
	root.Must(http.StatusOK, "PUT", "/api/domain/admins/example.com", map[string]any{"addAdmin": []string{domainAdmin}})
	require.Equal(t, http.StatusOK, root.Delete("/api/spampolicy/global").Status)
	for _, path := range []string{"/api/alias/sales@example.com", "/api/ml/dev@example.com", "/api/maillist/board@example.com"} {
		if w.Directory != nil || !strings.Contains(path, "maillist") {
			root.Must(http.StatusCreated, "POST", path, nil)
		}
	}
	return w
}

// asJSON is a value as it is after a way through JSON.
func asJSON(t *testing.T, v any) any {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	var read any
	require.NoError(t, json.Unmarshal(raw, &read))
	return read
}

// requireSame compares a value that was read with one that was sent. Lists are sets.
func requireSame(t *testing.T, want, got any, text ...any) {
	t.Helper()
	want = asJSON(t, want)
	if list, ok := want.([]any); ok {
		require.IsType(t, list, got, text...)
		require.ElementsMatch(t, list, got, text...)
		return
	}
	require.Equal(t, want, got, text...)
}

func componentSchema(name string) *openapi3.Schema {
	return servertest.Contract.Components.Schemas[name].Value
}

// TestNounsAreWhole holds the contract's schemas of each noun against each other and against the table above: what is written is read
// under the same name, what is read can be sent back, and a create takes what an update takes.
func TestNounsAreWhole(t *testing.T) {
	for _, n := range nouns {
		shown, update := componentSchema(n.name), componentSchema(n.name+"Update")
		for name, p := range update.Properties {
			known := n.params[name].given != nil
			require.Equal(t, !p.Value.ReadOnly && !n.isChange(name), known, "%sUpdate.%s in the table of the test", n.name, name)
			if known {
				require.Contains(t, shown.Required, name, n.name)
			}
			if n.fresh != "" && known {
				require.Contains(t, componentSchema(n.name+"Create").Properties, name, n.name)
			}
		}
		for name, p := range shown.Properties {
			require.False(t, p.Value.ReadOnly, "%s.%s", n.name, name)
			if name != "stored" {
				require.Contains(t, update.Properties, name, n.name)
				require.True(t, slices.Contains(shown.Required, name) || name == "subscriptions", "%s.%s", n.name, name)
			}
		}
		for name := range n.params {
			require.NotNil(t, update.Properties[name], "%s.%s", n.name, name)
		}
	}
}

// TestNounsAreReadAsTheyAreWritten sets each parameter of each noun, reads it under its name, unsets it, and reads that.
func TestNounsAreReadAsTheyAreWritten(t *testing.T) {
	for _, engine := range nounEngines {
		t.Run(engine, func(t *testing.T) {
			w := nounFixture(t, engine)
			root := w.Root()
			nounsOn(w, func(n noun) {
				before := root.Get(n.path).Data()
				for _, name := range slices.Sorted(maps.Keys(n.params)) {
					p := n.params[name]
					put := func(value, then any) {
						t.Helper()
						body := map[string]any{name: value}
						maps.Copy(body, p.with)
						a := root.Must(http.StatusOK, "PUT", n.path, body)
						requireSame(t, then, a.Data()[name], "%s %v: %s", n.path, body, a.Raw)
						requireSame(t, then, root.Get(n.path).Data()[name], "%s %v", n.path, body)
					}
					require.NotEqual(t, asJSON(t, p.given), before[name], "%s %s: not the value of a new one", n.path, name)
					put(p.given, p.given)
					put(p.unset, p.then)
					put(p.given, p.given)
					if _, isText := p.given.(string); isText && (p.then == nil || p.then == "") {
						put("", p.then)
					}
					put(p.unset, p.then)
				}
			})
		})
	}
}

// TestCreatesTakeEverything makes one of each noun with all parameters at once. The reply is what is read then, and with one parameter
// that is refused nothing is made.
func TestCreatesTakeEverything(t *testing.T) {
	for _, engine := range nounEngines {
		t.Run(engine, func(t *testing.T) {
			w := nounFixture(t, engine)
			root := w.Root()
			nounsOn(w, func(n noun) {
				if n.fresh == "" {
					return
				}
				before := servertest.Everything(t, w)
				if n.bad != nil {
					body := n.all(append([]string{}, slices.Concat(n.apart[:min(1, len(n.apart))]...)...)...)
					maps.Copy(body, n.bad)
					a := root.JSON("POST", n.fresh, body)
					require.Less(t, a.Status, 500, a.Raw)
					require.GreaterOrEqual(t, a.Status, 400, a.Raw)
					require.Equal(t, http.StatusNotFound, root.Get(n.fresh).Status)
					require.Empty(t, servertest.Differences(before, servertest.Everything(t, w)), n.fresh)
				}
				for _, without := range append([][]string{nil}, n.apart...) {
					if without == nil && n.apart != nil {
						continue
					}
					body := n.all(without...)
					a := root.JSON("POST", n.fresh, body)
					require.Equal(t, http.StatusCreated, a.Status, "%s: %s", n.fresh, a.Raw)
					require.Equal(t, n.fresh, strings.ReplaceAll(a.Header.Get("Location"), "%40", "@"))
					read := root.Get(n.fresh).Data()
					requireSameNoun(t, read, a.Data(), engine == "ldap")
					for name, value := range body {
						if !n.isChange(name) {
							requireSame(t, value, read[name], "%s %s", n.fresh, name)
						}
					}
					require.Equal(t, http.StatusOK, root.Delete(n.fresh).Status)
				}
				a := root.Must(http.StatusCreated, "POST", n.fresh, n.beside)
				requireSameNoun(t, root.Get(n.fresh).Data(), a.Data(), engine == "ldap")
			})
		})
	}
}

// requireSameNoun compares two nouns. Times may be some seconds apart: a directory notes its own.
func requireSameNoun(t *testing.T, want, got map[string]any, roughly bool) {
	t.Helper()
	require.NotEmpty(t, got)
	if roughly {
		got = maps.Clone(got)
		for _, key := range []string{"created", "modified", "password_changed"} {
			a, errA := time.Parse(time.RFC3339, fmt.Sprint(want[key]))
			b, errB := time.Parse(time.RFC3339, fmt.Sprint(got[key]))
			if errA == nil && errB == nil && a.Sub(b).Abs() < time.Minute {
				got[key] = want[key]
			}
		}
	}
	require.Equal(t, want, got)
}

// TestListsShowTheNouns compares each noun of a list with the one that is read alone, and with the row or entry beside it.
func TestListsShowTheNouns(t *testing.T) {
	lists := map[string]string{
		"Domain": "/api/domains", "Admin": "/api/admins", "User": "/api/users/example.com", "Alias": "/api/aliases/example.com",
		"MailingList": "/api/mls/example.com",
	}
	for _, engine := range nounEngines[:4] {
		t.Run(engine, func(t *testing.T) {
			w := nounFixture(t, engine)
			setEverything(w)
			root := w.Root()
			nounsOn(w, func(n noun) {
				alone := root.Get(n.path).Data()
				stored := root.Get(n.path + "?stored=yes").Data()
				require.Contains(t, stored, "stored", n.path)
				for key := range stored["stored"].(map[string]any) {
					require.NotContains(t, []string{"password", "userPassword"}, key)
				}
				delete(stored, "stored")
				require.Equal(t, alone, stored, n.path)
				if lists[n.name] == "" {
					return
				}
				found := false
				for _, item := range root.Get(lists[n.name] + "?limit=100").List() {
					shown := item.(map[string]any)
					if !strings.HasSuffix(n.path, "/"+fmt.Sprint(shown[map[bool]string{true: "domain", false: "mail"}[n.name == "Domain"]])) {
						continue
					}
					found = true
					if n.name == "MailingList" { // of which a list shows what the account says
						for key, value := range shown {
							require.Equal(t, alone[key], value, key)
						}
						continue
					}
					require.Equal(t, alone, shown, n.path)
				}
				require.True(t, found, n.path)
			})
		})
	}
}
