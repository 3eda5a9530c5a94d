package engines_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	specs "github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/servertest"
)

// shownOnly are names of rows, entries and legacy replies that no parameter sets, or none of the operation alone.
var shownOnly = strings.Fields(`
	objectClass settings accountSetting created modified expired expiredDate passwordlastchange shadowLastChange
	domain domainName username mail address uid id mlid mailingListID rank birthday recovery_email disclaimer allow_nets
	admins domainAdmin domainPendingAliasName domainCurrentUserNumber domainCurrentAliasNumber domainCurrentListNumber
	num_existing_users num_existing_aliases num_existing_maillists allocated_quota
	managed_domains mailing_aliases mailing_lists memberOfGroup stored_bytes stored_messages last_login
	isadmin amavisLocal hasMember listAllowedUser
	account kind priority max_rcpts sender sender_priority comment policy_name
	unchecked_lover unchecked_quarantine_to clean_quarantine_to archive_quarantine_to spam_tag3_level spam_dsn_cutoff_level
	spam_quarantine_cutoff_level addr_extension_virus addr_extension_spam addr_extension_banned addr_extension_bad_header
	warnvirusrecip warnbannedrecip warnbadhrecip newvirus_admin virus_admin banned_admin bad_header_admin spam_admin
	spam_subject_tag spam_subject_tag3 message_size_limit disclaimer_options forward_method sa_userconf sa_username _effective
`)

// TestStoredNamesAreExplained takes each name that a row, an entry or a legacy reply has for something, and writes it: the strict
// surface names the parameter that is meant, and there is none for a name of shownOnly.
func TestStoredNamesAreExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, engine := range []string{"sqlite", "ldap"} {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			root := w.Root()
			makeAll(root, engine == "ldap")
			for _, x := range []struct{ path, method, key, besides string }{
				{"/api/domain/example.com", "PUT", "/api/domain/:domain", ""},
				{"/api/domain/bare.test", "PUT", "/api/domain/:domain", ""},
				{"/api/admin/olaf@hoster.test", "PUT", "/api/admin/:mail", "disabledService enabledService domainGlobalAdmin sn givenName description"},
				{"/api/user/anna@example.com", "PUT", "/api/user/:mail", "relayhost senderRelayHost"},
				{"/api/alias/sales@example.com", "PUT", "/api/alias/:mail", "enabledService shadowAddress"},
				{"/api/ml/dev@example.com?with_subscribers=yes", "PUT", "/api/ml/:mail", "transport mtaTransport enabledService"},
				{"/api/maillist/board@example.com", "PUT", "/api/maillist/:mail", "enabledService accountStatus shadowAddress"},
				{"/api/spampolicy/domain/example.com", "PUT", "/api/spampolicy/domain/:domain", ""},
				{"/api/throttle/example.com/outbound", "POST", "/api/throttle/:account/:direction", ""},
				{"/api/greylisting/global", "POST", "/api/greylisting/:account", ""},
			} {
				if strings.HasPrefix(x.path, "/api/maillist") && engine != "ldap" {
					continue
				}
				op := operationOf(t, x.method+" "+x.key)
				shown := root.Legacy().Get(x.path).Data()
				require.NotEmpty(t, shown, x.path)
				for _, settings := range []string{"settings", "accountSetting"} {
					inside, _ := shown[settings].(map[string]any)
					maps.Copy(shown, inside)
				}
				path, _, _ := strings.Cut(x.path, "?")
				for _, name := range slices.Sorted(maps.Keys(shown)) {
					if op.Body[name] != nil || op.Computed[name] {
						continue
					}
					given := servertest.Body{name: shown[name]}
					for _, required := range op.Route.Operation.RequestBody.Value.Content[specs.MediaJSON].Schema.Value.Required {
						given[required] = shown[required]
					}
					a := root.JSON(x.method, path, given)
					require.Equal(t, []any{http.StatusBadRequest, "UNKNOWN_PARAMETER", name}, []any{a.Status, a.Msg(), a.Field()}, a.Raw)
					written, found := strings.CutPrefix(servertest.TextAt(a.Body, "_detail"), name+" is written as ")
					if slices.Contains(shownOnly, name) || slices.Contains(strings.Fields(x.besides), name) {
						require.False(t, found, "%s %s", x.path, a.Raw)
						continue
					}
					require.True(t, found, "%s says not what is meant: %s", x.path, a.Raw)
					require.NotNil(t, op.Body[strings.TrimSuffix(written, ".")], a.Raw)
					seen[name] = true
				}
			}
			a := root.JSON("PUT", "/api/user/anna@example.com", servertest.Body{"stored": map[string]any{}})
			require.Equal(t, []any{http.StatusBadRequest, "UNKNOWN_PARAMETER", "stored"}, []any{a.Status, a.Msg(), a.Field()}, a.Raw)
			require.Contains(t, a.Body["_detail"], "stored is read only")
			a = root.Send("PUT", "/api/user/anna@example.com?active=1", "", "")
			require.Equal(t, "active is written as accountStatus, in the body.", a.Body["_detail"])
		})
	}
	for _, name := range strings.Fields("active first_name last_name forwardings telephone sender_bcc alias_domains mailQuota employeeNumber cn givenName") {
		require.True(t, seen[name], name)
	}
}

// operationOf is one operation of the contract.
func operationOf(t *testing.T, key string) *specs.Operation {
	t.Helper()
	all, err := specs.Load(servertest.Contract)
	require.NoError(t, err)
	require.NotNil(t, all[key], key)
	return all[key]
}
