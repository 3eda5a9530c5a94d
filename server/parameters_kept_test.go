package server_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

var retentionCases = []effectCase{
	retention("DELETE /api/user/<mail>/keep_mailbox_days/<number>", "/api/user/", "anna@example.com", "ben@example.com",
		"new@example.com"),
	retention("DELETE /api/domain/<domain>/keep_mailbox_days/<number>", "/api/domain/", "example.com", "other.test", "new.test"),
}

// retention proves the days that mailboxes are kept, on three accounts: 30 days, 365 days, and for good.
func retention(operation, path string, subjects ...string) effectCase {
	return effectCase{operation, "<number>", func(t *testing.T, v session) {
		requireDone(t, v.write("POST", "/api/domain/new.test", body{}))
		requireDone(t, v.write("POST", "/api/user/new@new.test", withPassword))
		requireDone(t, v.write("POST", "/api/user/new@example.com", withPassword))
		require.Empty(t, v.rows("SELECT username FROM deleted_mailboxes", ""))
		for i, days := range []struct {
			text string
			kept int
		}{{"30", 30}, {"365", 365}, {"0", 0}} {
			first := time.Now().UTC()
			requireDone(t, v.delete(path+subjects[i]+"/keep_mailbox_days/"+days.text))
			require.Contains(t, []string{"NO_SUCH_ACCOUNT", "NO_SUCH_DOMAIN"}, v.get(path+subjects[i]).msg())
			domain := store.DomainOf(subjects[i])
			found := v.rows("SELECT username, domain, admin, delete_date FROM deleted_mailboxes"+
				" WHERE ? IN (username, domain) ORDER BY username", subjects[i])
			require.NotEmpty(t, found)
			for _, row := range found {
				require.Equal(t, list{domain, rootMail}, row.(list)[1:3])
				requireDate(t, row.(list)[3], days.kept, first)
			}
		}
	}}
}

// requireDate expects the day so many days after now, which was not before first; nil for none.
func requireDate(t *testing.T, stored any, days int, first time.Time) {
	t.Helper()
	if days == 0 {
		require.Nil(t, stored, "kept for good")
		return
	}
	var wanted []string
	for _, now := range []time.Time{first, time.Now().UTC()} {
		wanted = append(wanted, now.AddDate(0, 0, days).Format(time.DateOnly))
	}
	if day, ok := stored.(time.Time); ok {
		stored = day.Format(time.DateOnly)
	}
	require.Contains(t, slices.Compact(wanted), stored)
}
