package engines_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/sqldb"
)

// situations are what accounts are like when they are read and sent back.
var situations = map[string]func(t *testing.T, w *servertest.Fixture){
	"nothing set": func(*testing.T, *servertest.Fixture) {},
	"everything set": func(t *testing.T, w *servertest.Fixture) {
		t.Helper()
		setEverything(w)
	},
	"everything set and switched off": func(t *testing.T, w *servertest.Fixture) {
		t.Helper()
		setEverything(w)
		root := w.Root()
		nounsOn(w, func(n noun) {
			if n.params["accountStatus"].given != nil {
				root.Must(http.StatusOK, "PUT", n.path, map[string]any{"accountStatus": "disabled"})
			}
		})
	},
	"a backup MX": func(t *testing.T, w *servertest.Fixture) {
		t.Helper()
		w.Root().Must(http.StatusOK, "PUT", "/api/domain/example.com", map[string]any{"is_backupmx": "yes", "primarymx": "[mx.else.test]:25"})
	},
	"every page switched off": func(t *testing.T, w *servertest.Fixture) {
		t.Helper()
		setEverything(w)
		w.Root().Must(http.StatusOK, "PUT", "/api/domain/example.com", map[string]any{
			"disabledDomainProfiles": componentSchema("DomainProfileName").Enum, "disabledUserProfiles": componentSchema("UserProfileName").Enum,
			"disabledUserPreferences": componentSchema("UserPreferenceName").Enum,
		})
	},
	"stored by others": writeAsOthers,
	"unlimited, beyond the limits": func(t *testing.T, w *servertest.Fixture) {
		t.Helper()
		root := w.Root()
		root.Must(http.StatusOK, "PUT", "/api/user/anna@example.com", map[string]any{"quota": 5000})
		root.Must(http.StatusOK, "PUT", "/api/domain/example.com", map[string]any{"maxUserQuota": 100, "defaultQuota": 50, "numberOfUsers": 1,
			"minPasswordLength": 2, "maxPasswordLength": 4, "transport": "smtp:[192.0.2.1]:25"})
		root.Must(http.StatusOK, "PUT", "/api/user/bert@example.com", map[string]any{"transport": "smtp:[127.0.0.1]:10025"})
	},
}

// noPolicies are those in which admins of the domain may not set policies at all.
var noPolicies = []string{"every page switched off", "everything set and switched off"}

// setEverything gives each noun all parameters, but those that contradict others, and does not switch it off.
func setEverything(w *servertest.Fixture) {
	w.T.Helper()
	root := w.Root()
	nounsOn(w, func(n noun) {
		without := append([]string{"accountStatus", "password"}, slices.Concat(n.apart[:min(1, len(n.apart))]...)...)
		body := n.all(without...)
		if n.name == "User" {
			delete(body, "isGlobalAdmin") // a domain admin does not even read one
		}
		root.Must(http.StatusOK, "PUT", n.path, body)
	})
}

// writeAsOthers stores what other programs store: values that could not be set now, and other spellings of what could.
func writeAsOthers(t *testing.T, w *servertest.Fixture) {
	t.Helper()
	root := w.Root()
	setEverything(w)
	root.MustUser("gone@example.com", nil)
	root.Must(http.StatusOK, "PUT", "/api/user/anna@example.com", map[string]any{"forwarding": []string{"anna@example.com", "gone@example.com"}})
	root.Must(http.StatusOK, "PUT", "/api/domain/example.com", map[string]any{"catchall": []string{"gone@example.com"}})
	root.Must(http.StatusOK, "PUT", "/api/alias/sales@example.com", map[string]any{"members": []string{"gone@example.com", "anna@example.com"}})
	require.NoError(t, w.Amavisd.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE policy SET bypass_spam_checks = 'y', bypass_header_checks = 'Y', spam_tag2_level = 6.3")
		return err
	}))
	if w.Directory != nil {
		d := *w.Directory
		anna, domain := d.UserDN("anna@example.com"), d.DomainDN("example.com")
		d.Put(t, anna, "preferredLanguage", "xx_XX")
		d.Put(t, anna, "mailForwardingAddress", "Anna@Example.com", "Nobody@Example.com")
		d.Put(t, anna, "enabledService", "mail", "imapsecured", "smtpsecured", "theirs")
		d.Put(t, anna, "mailQuota", "1500000000")
		d.Put(t, anna, "telephoneNumber", "+49 (30) 901820", "030-901821")
		d.Put(t, domain, "preferredLanguage", "Deutsch")
		d.Put(t, domain, "mtaTransport", "lmtp:inet:192.0.2.7:24")
		d.Put(t, domain, "domainSenderBccAddress", "Archive@Example.NET")
		d.Put(t, domain, "accountSetting", "defaultQuota:77", "odd", "numberOfUsers:0050", "disabledDomainProfile:bcc", "disabledDomainProfile:their",
			"disabledDomainProfile:catchall", "disabledUserProfile:forwarding", "disabledUserProfile:bcc")
		return
	}
	require.NoError(t, w.Vmail.Write(t.Context(), func(tx *sqldb.Tx) error {
		for _, query := range []string{
			"UPDATE mailbox SET language = 'xx_XX', quota = -1, transport = 'Smtp:[192.0.2.9]' WHERE username = 'anna@example.com'",
			"UPDATE mailbox SET maildir = '/../odd dir/', telephone = '(030) 12/34' WHERE username = 'bert@example.com'",
			"UPDATE forwardings SET forwarding = 'Nobody@Example.com' WHERE forwarding = 'gone@example.com' AND is_forwarding = 1",
			"UPDATE forwardings SET active = 0 WHERE address = 'sales@example.com'",
			"UPDATE sender_bcc_user SET bcc_address = 'Bert@Example.com'",
			"UPDATE alias SET accesspolicy = 'everybody' WHERE address = 'sales@example.com'",
			"UPDATE domain SET transport = 'lmtp:inet:192.0.2.7:24', maxquota = 7 WHERE domain = 'example.com'",
			`UPDATE domain SET settings = 'default_user_quota:77;odd;default_language:Deutsch;disabled_domain_profiles:bcc,their,catchall,relay;
				disabled_user_profiles:forwarding,bcc;enabled_services:Own' WHERE domain = 'example.com'`,
			"UPDATE admin SET settings = 'create_max_users:050;odd;disable_viewing_mail_log:YES;', language = 'zz' WHERE username = 'ada@admins.test'",
			"UPDATE maillists SET accesspolicy = 'everybody', maxmsgsize = 100 WHERE address = 'dev@example.com'",
		} {
			if _, err := tx.Exec(t.Context(), query); err != nil {
				return fmt.Errorf("%s: %w", query, err)
			}
		}
		return nil
	}))
	require.Equal(t, http.StatusOK, root.Delete("/api/user/gone@example.com").Status)
}

// TestWhatIsReadCanBeSentBack sends each noun back as it is read, by PUT and PATCH. The reply is the same noun, and nothing is
// written: no row, no attribute, no file.
func TestWhatIsReadCanBeSentBack(t *testing.T) {
	for _, engine := range nounEngines {
		for _, situation := range slices.Sorted(maps.Keys(situations)) {
			t.Run(engine+"/"+situation, func(t *testing.T) {
				w := nounFixture(t, engine)
				situations[situation](t, w)
				root, own := w.Root(), w.As(domainAdmin, servertest.Password)
				before := servertest.Everything(t, w)
				for who, c := range map[string]*servertest.Client{"a global admin": root, "a domain admin": own} {
					nounsOn(w, func(n noun) {
						if c == own && (n.global || n.name == "SpamPolicy" && slices.Contains(noPolicies, situation)) {
							return
						}
						for _, method := range []string{"PUT", "PATCH"} {
							sendBack(t, c, method, n, who)
						}
						if engine == "sqlite" || situation == "stored by others" {
							sendEachBack(t, c, n, who)
						}
					})
					require.Empty(t, servertest.Differences(before, servertest.Everything(t, w)), who)
				}
			})
		}
	}
}

func sendBack(t *testing.T, c *servertest.Client, method string, n noun, who string) {
	t.Helper()
	read := c.Get(n.path).Data()
	require.NotEmpty(t, read, "%s as %s", n.path, who)
	a := c.JSON(method, n.path, read)
	if !assertStatus(t, http.StatusOK, a, "%s %s by %s", method, n.path, who) {
		return
	}
	require.Equal(t, read, a.Data(), "%s %s by %s", method, n.path, who)
	require.NotContains(t, a.Body, "_adjusted", a.Raw)
	changed := maps.Clone(read) // computed keys mean nothing, whatever they say
	update := componentSchema(n.name + "Update")
	for name, value := range read {
		if update.Properties[name].Value.ReadOnly {
			changed[name] = map[bool]any{true: []any{"other", 1.0}, false: nil}[value == nil]
		}
	}
	a = c.JSON(method, n.path, changed)
	if assertStatus(t, http.StatusOK, a, "computed keys of %s %s by %s", method, n.path, who) {
		require.Equal(t, read, a.Data())
	}
	stripped := maps.Clone(read) // by a client that knows what is computed
	maps.DeleteFunc(stripped, func(name string, _ any) bool { return update.Properties[name].Value.ReadOnly })
	a = c.JSON(method, n.path, stripped)
	if assertStatus(t, http.StatusOK, a, "%s %s by %s without computed keys", method, n.path, who) {
		require.Equal(t, read, a.Data())
		require.NotContains(t, a.Body, "_adjusted", a.Raw)
	}
	if method == http.MethodPut {
		a = c.Form(method, n.path, servertest.Body(stripped).Form(t))
		if assertStatus(t, http.StatusOK, a, "%s by %s as a form", n.path, who) {
			require.Equal(t, read, a.Data())
		}
	}
	for _, name := range []string{"stored", "nonsense"} {
		unknown := maps.Clone(read)
		unknown[name] = map[string]any{"a": 1}
		a = c.JSON(method, n.path, unknown)
		require.Equal(t, []any{http.StatusBadRequest, "UNKNOWN_PARAMETER", name}, []any{a.Status, a.Msg(), a.Field()}, a.Raw)
	}
}

// sendEachBack sends each parameter alone.
func sendEachBack(t *testing.T, c *servertest.Client, n noun, who string) {
	t.Helper()
	read := c.Get(n.path).Data()
	for name := range n.params {
		if name == "is_backupmx" { // without a primary MX it asks for the one that Postfix looks up
			continue
		}
		again := inOtherWords(read[name])
		if componentSchema(n.name + "Update").Properties[name].Value.Extensions["x-ordered"] == true {
			again = read[name] // another order is another value
		}
		a := c.JSON("PUT", n.path, map[string]any{name: again})
		if assertStatus(t, http.StatusOK, a, "%s of %s by %s", name, n.path, who) {
			require.Equal(t, read, a.Data(), name)
			require.NotContains(t, a.Body, "_adjusted", a.Raw)
		}
	}
}

// inOtherWords is a list in another order, its addresses in capitals and one of them twice. It says the same.
func inOtherWords(value any) any {
	list, ok := value.([]any)
	if !ok {
		return value
	}
	other := []any{}
	for i, item := range list {
		text := fmt.Sprint(item)
		if strings.Contains(text, "@") {
			text = strings.ToUpper(text)
			if i == 0 {
				other = append(other, text)
			}
		}
		other = append([]any{text}, other...)
	}
	return other
}

func assertStatus(t *testing.T, want int, a servertest.Answer, format string, args ...any) bool {
	t.Helper()
	if a.Status != want {
		t.Errorf("%s: %d %s", fmt.Sprintf(format, args...), a.Status, a.Raw)
	}
	return a.Status == want
}

// TestSettingsCanBeSentBack is the same for the settings that POST sets: throttles, greylisting, and whitelists and blacklists, as they are
// where nothing is set and where all is.
func TestSettingsCanBeSentBack(t *testing.T) {
	for _, engine := range nounEngines {
		t.Run(engine, func(t *testing.T) {
			w := nounFixture(t, engine)
			root, own := w.Root(), w.As(domainAdmin, servertest.Password)
			for _, set := range []bool{false, true} {
				for _, account := range []string{"global", "example.com", "anna@example.com"} {
					throttle, greylisting, list := "/api/throttle/"+account+"/inbound", "/api/greylisting/"+account, "/api/wblist/outbound/blacklist/"+account
					if set {
						root.Must(http.StatusOK, "POST", throttle, map[string]any{"period": 60, "max_msgs": 5})
						root.Must(http.StatusOK, "POST", greylisting, map[string]any{"status": "disable"})
						root.Must(http.StatusOK, "POST", greylisting+"/whitelists", map[string]any{"senders": []string{"@b.test", "192.0.2.7"}})
						root.Must(http.StatusOK, "POST", list, map[string]any{"addresses": []string{"@.c.test", "a@b.test"}})
					}
					before := servertest.Everything(t, w)
					for who, c := range map[string]*servertest.Client{"a global admin": root, "a domain admin": own} {
						if c == own && account == "global" {
							continue
						}
						for _, path := range []string{throttle, greylisting, list} {
							read := c.Get(path).Data()
							require.NotEmpty(t, read, path)
							a := c.JSON("POST", path, read)
							assertStatus(t, http.StatusOK, a, "%s by %s", path, who)
							require.Equal(t, read, c.Get(path).Data(), "%s by %s", path, who)
							read["nonsense"] = 1
							a = c.JSON("POST", path, read)
							require.Equal(t, []any{http.StatusBadRequest, "UNKNOWN_PARAMETER", "nonsense"}, []any{a.Status, a.Msg(), a.Field()}, a.Raw)
						}
						a := c.JSON("PUT", list, c.Get(list).Data())
						require.Equal(t, []any{http.StatusBadRequest, "UNKNOWN_PARAMETER"}, []any{a.Status, a.Msg()}, "it would remove what was read: %s", a.Raw)
						require.Empty(t, servertest.Differences(before, servertest.Everything(t, w)), who)
					}
				}
			}
			greylisting := root.Get("/api/greylisting/example.com").Data()
			greylisting["status"] = nil
			root.Must(http.StatusOK, "POST", "/api/greylisting/example.com", greylisting)
			require.Nil(t, root.Get("/api/greylisting/example.com").Data()["status"], "null deletes")
			require.Equal(t, greylisting, root.Get("/api/greylisting/example.com").Data(), "and leaves the whitelist")
			require.True(t, root.Legacy().Form("POST", "/api/greylisting/anna@example.com", url.Values{"status": {""}}).OK())
			require.Equal(t, "disable", root.Get("/api/greylisting/anna@example.com").Data()["status"], "an empty variable of a script deletes nothing")
		})
	}
}

// TestOneChangeAmongWhatIsRead changes one parameter of what was read and sends all of it: only that is changed, also by an admin who is
// shut out of every page of the domain.
func TestOneChangeAmongWhatIsRead(t *testing.T) {
	for _, engine := range nounEngines {
		for _, situation := range []string{"every page switched off", "stored by others"} {
			t.Run(engine+"/"+situation, func(t *testing.T) {
				w := nounFixture(t, engine)
				situations[situation](t, w)
				for who, c := range map[string]*servertest.Client{"root": w.Root(), "own": w.As(domainAdmin, servertest.Password)} {
					nounsOn(w, func(n noun) {
						if n.name == "SpamPolicy" || n.global && who == "own" {
							return
						}
						read := c.Get(n.path).Data()
						sent := maps.Clone(read)
						sent["name"] = "Changed by " + who
						a := c.JSON("PATCH", n.path, sent)
						if !assertStatus(t, http.StatusOK, a, "%s by %s", n.path, who) {
							return
						}
						got := a.Data()
						require.Equal(t, sent["name"], got["name"])
						got["name"], got["modified"] = read["name"], read["modified"]
						require.Equal(t, read, got, n.path)
					})
				}
			})
		}
	}
}

// TestOneChangeNextToWhatItNeeds changes, in what was read, a parameter that says something only together with others, which stay as
// they are.
func TestOneChangeNextToWhatItNeeds(t *testing.T) {
	for _, engine := range nounEngines {
		t.Run(engine, func(t *testing.T) {
			w := nounFixture(t, engine)
			root := w.Root()
			change := func(path string, changes map[string]any, then map[string]any) {
				t.Helper()
				for _, computed := range []string{"with computed keys", "without"} {
					start := root.Get(path).Data()
					sent := maps.Clone(start)
					if computed == "without" {
						for _, key := range []string{"mail", "domain", "ownership", "pendingAliasDomains", "admins", "usage", "created", "modified",
							"managed_domains", "password_changed"} {
							delete(sent, key)
						}
					}
					maps.Copy(sent, changes)
					a := root.JSON("PUT", path, sent)
					if !assertStatus(t, http.StatusOK, a, "%s %v %s", path, changes, computed) {
						continue
					}
					for name, want := range then {
						requireSame(t, want, a.Data()[name], "%s %v %s", path, changes, computed)
					}
					back := maps.Clone(start)
					root.Must(http.StatusOK, "PUT", path, back)
				}
			}
			const domain, ml, admin = "/api/domain/example.com", "/api/ml/dev@example.com", "/api/admin/ada@admins.test"
			root.Must(http.StatusOK, "PUT", domain, map[string]any{"is_backupmx": "yes", "primarymx": "[mx.else.test]:25"})
			change(domain, map[string]any{"primarymx": "[mx2.else.test]:25"}, map[string]any{
				"primarymx": "[mx2.else.test]:25", "is_backupmx": "yes", "transport": "relay:[mx2.else.test]:25",
			})
			change(domain, map[string]any{"primarymx": ""}, map[string]any{"is_backupmx": "yes", "transport": "relay:example.com"})
			change(ml, map[string]any{"only_moderator_can_post": "yes"}, map[string]any{"only_moderator_can_post": "yes", "accessPolicy": "moderatorsonly"})
			root.Must(http.StatusOK, "PUT", admin, map[string]any{"maxQuota": 5})
			change(admin, map[string]any{"quotaUnit": "GB"}, map[string]any{"maxQuota": 5120})
		})
	}
}
