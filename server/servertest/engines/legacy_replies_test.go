package engines_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

// recordReplies writes the replies down anew, rather than comparing them: only when the published API itself has changed.
var recordReplies = flag.Bool("record-replies", false, "record the replies of the legacy surface anew")

// legacyNow is what the stores take for the time while the replies are recorded and compared.
var legacyNow = time.Date(2025, 3, 14, 9, 30, 0, 0, time.UTC)

// TestLegacyRepliesStay holds each GET of the legacy surface against what it answered when it was recorded, byte for byte: scripts
// written for the published API read these.
func TestLegacyRepliesStay(t *testing.T) {
	for _, engine := range append([]string{"sqlite", "ldap"}, storetest.Servers...) {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureAt(t, engine, func() time.Time { return legacyNow })
			makeAll(w.Root(), engine == "ldap")
			got := legacyReplies(w.Root().Legacy())
			golden := filepath.Join("testdata", "legacy_sql.json") // the three databases answer alike
			if engine == "ldap" {
				golden = filepath.Join("testdata", "legacy_ldap.json")
			}
			if *recordReplies {
				require.NoError(t, os.WriteFile(golden, got, 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
		})
	}
}

// madeUp matches what is made up at random: identifiers of mailing lists, and the place of a test in the directory.
var madeUp = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|o=test-[a-z0-9]+`)

// legacyReads are the paths of all reads, but for those that answer a request with the time or an identifier of it.
var legacyReads = []string{
	"/api/domains", "/api/domains?name_only=yes", "/api/domains?disabled_only=yes", "/api/domain/example.com", "/api/domain/bare.test",
	"/api/admins", "/api/admin/olaf@hoster.test", "/api/admin/bare@hoster.test",
	"/api/users/example.com", "/api/users/example.com?email_only=yes", "/api/users/example.com?disabled_only=yes",
	"/api/user/anna@example.com", "/api/user/bare@example.com",
	"/api/aliases/example.com", "/api/aliases/example.com?email_only=yes", "/api/alias/sales@example.com", "/api/alias/bare.alias@example.com",
	"/api/mls/example.com", "/api/mls/example.com?email_only=yes", "/api/ml/dev@example.com", "/api/ml/dev@example.com?with_subscribers=yes",
	"/api/ml/bare.list@example.com", "/api/maillist/board@example.com", "/api/maillist/bare.board@example.com",
	"/api/spampolicy/global", "/api/spampolicy/domain/example.com", "/api/spampolicy/user/anna@example.com",
	"/api/throttle/global/inbound", "/api/throttle/example.com/outbound", "/api/throttle/anna@example.com/outbound",
	"/api/greylisting/all", "/api/greylisting/global", "/api/greylisting/example.com", "/api/greylisting/anna@example.com",
	"/api/greylisting/example.com/whitelists", "/api/greylisting/whitelist_spf_domains",
	"/api/wblist/inbound/whitelist/global", "/api/wblist/inbound/blacklist/example.com",
	"/api/domain/example.com/ownership", "/api/whoami", "/api/user/nobody@example.com", "/api/domain/nowhere.test",
}

// legacyReplies are the replies to all of them, by path.
func legacyReplies(c *servertest.Client) []byte {
	c.W.T.Helper()
	var all bytes.Buffer
	for _, path := range legacyReads {
		a := c.Get(path)
		raw := []byte(a.Raw)
		if id := servertest.TextAt(a.Body, "_request_id"); id != "" {
			raw = bytes.ReplaceAll(raw, []byte(id), []byte("..."))
		}
		line, err := json.Marshal(map[string]string{path: string(madeUp.ReplaceAll(raw, []byte("...")))})
		require.NoError(c.W.T, err)
		all.Write(line)
		all.WriteByte('\n')
	}
	return all.Bytes()
}

// makeAll makes one account of each kind with every setting, and one with none.
func makeAll(root *servertest.Client, directory bool) {
	root.MustDomain("example.com", map[string]any{"name": "Example Ltd", "quota": 90000, "language": "de_DE", "defaultQuota": 1024})
	root.MustDomain("bare.test", nil)
	root.MustUser("bert@example.com", nil)
	root.MustUser("bare@example.com", nil)
	root.MustUser("anna@example.com", map[string]any{"name": "Anna <Berg> & Söhne", "quota": 2048})
	write := func(method, path string, body map[string]any) {
		root.W.T.Helper()
		if a := root.JSON(method, path, body); !a.OK() {
			require.Fail(root.W.T, method+" "+path, a.Raw)
		}
	}
	write("PUT", "/api/user/anna@example.com", map[string]any{
		"gn": "Anna", "sn": "Berg", "language": "fr_FR", "employeeid": "E-7", "department": "Sales", "transport": "dovecot",
		"isGlobalAdmin": "yes", "forwarding": []string{"anna@example.com", "anna@example.org"}, "senderBcc": "bert@example.com",
		"recipientBcc": "archive@example.net", "aliases": []string{"a.berg@example.com"}, "mobile": []string{"+49 170 1234"},
		"telephoneNumber": []string{"+49 30 901820"}, "mailboxFormat": "mdbox", "mailboxFolder": "Mail",
		"maildir": "/var/vmail/vmail1/example.com/anna", "removeService": []string{"pop3", "pop3secured"},
	})
	write("PUT", "/api/user/bert@example.com", map[string]any{"accountStatus": "disabled"})
	write("POST", "/api/alias/sales@example.com", map[string]any{"name": "Sales", "accessPolicy": "domain", "members": []string{
		"anna@example.com", "chair@club.test",
	}})
	write("POST", "/api/alias/bare.alias@example.com", nil)
	write("POST", "/api/ml/dev@example.com", map[string]any{
		"name": "Developers", "accessPolicy": "membersonly", "owner": []string{"anna@example.com"}, "moderators": []string{"bert@example.com"},
		"max_message_size": 10485760, "subject_prefix": "[dev] ", "subscribers": []string{"bert@example.com", "carla@example.net"},
		"require_confirm": "no", "footer_text": "Bye", "custom_headers": "X-Office: Berlin", "extra_addresses": []string{"developers@example.com"},
		"is_newsletter": "yes", "newsletter_description": "News",
	})
	write("POST", "/api/ml/bare.list@example.com", nil)
	write("PUT", "/api/domain/example.com", map[string]any{
		"minPasswordLength": 10, "maxPasswordLength": 60, "maxUserQuota": 5000, "numberOfUsers": 50, "numberOfAliases": 40, "numberOfLists": 30,
		"senderBcc": "bert@example.com", "recipientBcc": "archive@example.net", "catchall": []string{"anna@example.com"},
		"outboundRelay": "[smtp.example.net]:587", "aliasDomains": []string{"example.net", "example.org"},
		"disableDomainProfile": []string{"bcc"}, "disableUserProfile": []string{"throttle"}, "disableUserPreference": []string{"personal_info"},
	})
	write("PUT", "/api/domain/bare.test", map[string]any{"is_backupmx": "yes", "primarymx": "mx.example.net", "accountStatus": "disabled"})
	write("POST", "/api/admin/olaf@hoster.test", map[string]any{
		"password": servertest.Password, "name": "Olaf Lind", "language": "en_US", "maxDomains": 5, "maxQuota": 100, "quotaUnit": "GB",
		"maxUsers": 200, "maxAliases": -1, "maxLists": 7, "disableViewingMailLog": "yes", "disableManagingQuarantinedMails": "yes",
	})
	write("POST", "/api/admin/bare@hoster.test", map[string]any{"password": servertest.Password, "accountStatus": "disabled"})
	write("PUT", "/api/domain/admins/example.com", map[string]any{"addAdmin": []string{"olaf@hoster.test", "bert@example.com"}})
	makePolicies(write)
	if directory {
		write("POST", "/api/maillist/board@example.com", map[string]any{
			"name": "Board", "accessPolicy": "membersonly", "members": []string{"anna@example.com", "chair@club.test"},
		})
		write("POST", "/api/maillist/bare.board@example.com", nil)
	}
	require.Equal(root.W.T, http.StatusOK, root.Get("/api/user/anna@example.com").Status)
}

func makePolicies(write func(method, path string, body map[string]any)) {
	write("PUT", "/api/spampolicy/global", map[string]any{"spam_score": 6.5})
	write("PUT", "/api/spampolicy/domain/example.com", map[string]any{
		"quarantine_spam": "yes", "bypass_virus_checks": "yes", "quarantine_banned": "no", "prefix_spam_in_subject": "yes",
		"always_insert_x_spam_headers": "yes", "spam_score": 5.5, "banned_rulenames": []string{"ALLOW_MS_OFFICE", "DEFAULT"},
	})
	write("POST", "/api/throttle/example.com/outbound", map[string]any{"period": 3600, "msg_size": 10485760, "max_msgs": 100})
	write("POST", "/api/greylisting/global", map[string]any{"status": "enable"})
	write("POST", "/api/greylisting/example.com", map[string]any{"status": "disable"})
	write("POST", "/api/greylisting/example.com/whitelists", map[string]any{"senders": []string{"198.51.100.7", "@example.net"}})
	write("POST", "/api/wblist/inbound/whitelist/global", map[string]any{"addresses": []string{"good@example.net", "192.0.2.0/24"}})
	write("POST", "/api/wblist/inbound/blacklist/example.com", map[string]any{"addresses": []string{"@.example.org"}})
}
