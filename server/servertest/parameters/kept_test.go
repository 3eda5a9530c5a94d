package parameters_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store"
)

var retentionCases = []servertest.EffectCase{
	retention("DELETE /api/user/<mail>/keep_mailbox_days/<number>", "/api/user/", "anna@example.com", "ben@example.com",
		"new@example.com"),
	retention("DELETE /api/domain/<domain>/keep_mailbox_days/<number>", "/api/domain/", "example.com", "other.test", "new.test"),
}

// retention proves the days that mailboxes are kept, on three accounts: 30 days, 365 days, and for good.
func retention(operation, path string, subjects ...string) servertest.EffectCase {
	return servertest.EffectCase{Operation: operation, Parameter: "<number>", Run: func(t *testing.T, v servertest.Session) {
		servertest.RequireDone(t, v.Write("POST", "/api/domain/new.test", servertest.Body{}))
		servertest.RequireDone(t, v.Write("POST", "/api/user/new@new.test", servertest.WithPassword))
		servertest.RequireDone(t, v.Write("POST", "/api/user/new@example.com", servertest.WithPassword))
		require.Empty(t, v.Rows("SELECT username FROM deleted_mailboxes", ""))
		for i, days := range []struct {
			text string
			kept int
		}{{"30", 30}, {"365", 365}, {"0", 0}} {
			first := time.Now().UTC()
			servertest.RequireDone(t, v.Delete(path+subjects[i]+"/keep_mailbox_days/"+days.text))
			require.Contains(t, []string{"NO_SUCH_ACCOUNT", "NO_SUCH_DOMAIN"}, v.Get(path+subjects[i]).Msg())
			domain := store.DomainOf(subjects[i])
			found := v.Rows("SELECT username, domain, admin, delete_date FROM deleted_mailboxes"+
				" WHERE ? IN (username, domain) ORDER BY username", subjects[i])
			require.NotEmpty(t, found)
			for _, row := range found {
				require.Equal(t, servertest.List{domain, servertest.RootMail}, row.(servertest.List)[1:3])
				servertest.RequireDate(t, row.(servertest.List)[3], days.kept, first)
			}
		}
	}}
}
