package parameters_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// TestParametersOfAllMailboxes changes everything at once in one domain, whose mailboxes have aliases, are members
// of an alias account and have a namesake under another domain.
func TestParametersOfAllMailboxes(t *testing.T) {
	base := parameterFixture(t)
	root := base.Root()
	root.MustUser("anna@other.test", nil)
	root.Must(http.StatusOK, "PUT", "/api/user/anna@example.com", servertest.Body{"aliases": servertest.List{"info@example.com", "a@example.net"}})
	root.Must(http.StatusOK, "PUT", "/api/user/anna@other.test",
		servertest.Body{"forwarding": servertest.List{"anna@example.com"}, "aliases": servertest.List{"info@other.test"}})
	root.Must(http.StatusOK, "PUT", "/api/alias/sales@example.com", servertest.Body{"members": servertest.List{"anna@example.com", "zoe@other.test"}})
	root.MustDomain("sub.example.com", nil)
	root.MustUser("anna@sub.example.com", nil)

	bothSurfaces(t, base, "everything", func(t *testing.T, v servertest.Session) {
		before := v.Elsewhere()
		servertest.RequireDone(t, v.Write("PUT", "/api/users/example.com", servertest.Body{
			"accountStatus": "disabled", "password": servertest.OnePassword, "language": "de_DE", "transport": "smtp:[192.0.2.10]"}))
		require.Equal(t, servertest.List{servertest.List{"anna@example.com", int64(0), "de_DE", "smtp:[192.0.2.10]"},
			servertest.List{"ben@example.com", int64(0), "de_DE", "smtp:[192.0.2.10]"}},
			v.Rows("SELECT username, active, language, transport FROM mailbox WHERE domain = 'example.com' ORDER BY username",
				""))
		require.Equal(t, servertest.List{servertest.OnePassword, servertest.OnePassword},
			servertest.FromHashes(v.Rows("SELECT password FROM mailbox WHERE domain = 'example.com'", "")))
		require.Equal(t, servertest.List{int64(0), int64(0), int64(0), int64(0)},
			v.Rows("SELECT active FROM forwardings WHERE domain = 'example.com' AND (is_forwarding = 1 OR is_alias = 1)", ""),
			"nothing is delivered: two mailboxes and two aliases")
		require.Equal(t, before, v.Elsewhere())
		servertest.RequireDone(t, v.Write("PUT", "/api/users/example.com", servertest.Body{"accountStatus": "active"}))
		require.Equal(t, servertest.List{}, v.Rows("SELECT address FROM forwardings WHERE active = 0", ""))
	})
	t.Run("a domain without mailboxes", func(t *testing.T) {
		w := servertest.CopyFixture(t, base.Dir)
		c := &servertest.Client{W: w, Cookie: root.Cookie}
		c.MustDomain("empty.test", nil)
		before := servertest.Dump(t, w)
		c.Must(http.StatusOK, "PUT", "/api/users/empty.test", servertest.Body{"accountStatus": "disabled"})
		require.Equal(t, before, servertest.Dump(t, w))
	})
}
