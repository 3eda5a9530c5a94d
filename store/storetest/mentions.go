package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// manyAddresses are n addresses that nobody here has.
func manyAddresses(n int) []string {
	many := make([]string, n)
	for i := range many {
		many[i] = fmt.Sprintf("m%05d@elsewhere.test", i)
	}
	return many
}

// mentioning returns every cell that holds the text, as table.column and sorted, in all tables but that of deleted
// mailboxes.
func mentioning(t *testing.T, f Fixture, text string) []string {
	t.Helper()
	found := []string{}
	searched := tables
	if f.Directory != nil {
		found, searched = mentionedIn(t, *f.Directory, text), mailboxTables
	}
	for _, table := range searched {
		if table == "deleted_mailboxes" {
			continue
		}
		for _, r := range rows(t, Fixture{SQL: f.beside()}, "SELECT * FROM "+table+" ORDER BY 1, 2") {
			for _, field := range r {
				if value, ok := field.Value.(string); ok && strings.Contains(value, text) {
					found = append(found, table+"."+field.Name)
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

// referTo has every table mention an account, a mailbox or an alias.
func referTo(t *testing.T, f Fixture, mail string) {
	t.Helper()
	domain := store.DomainOf(mail)
	mustUser(t, f, "only@"+domain)
	mustUser(t, f, "also@"+domain)
	mustAlias(t, f, "group@"+domain, mail, "also@"+domain)
	mustUpdateUser(t, f, "only@"+domain, store.UserUpdate{Forwarding: replacing(mail)})
	mustUpdateUser(t, f, "also@"+domain, store.UserUpdate{
		Forwarding: replacing(mail, "x@elsewhere.test"), SenderBcc: &mail, RecipientBcc: &mail,
	})
	mustUpdateDomain(t, f, domain, store.DomainUpdate{SenderBcc: &mail, RecipientBcc: &mail, Catchall: &[]string{mail}})
	if f.Directory != nil {
		f.Directory.Put(t, f.Directory.AliasDN("group@"+domain), "listModerator", mail)
		return
	}
	for _, query := range []string{
		"INSERT INTO moderators (address, moderator, domain, dest_domain) VALUES ('group@D', ?, 'D', 'D')",
		"INSERT INTO maillist_owners (address, owner, domain, dest_domain) VALUES ('list@D', ?, 'D', 'D')",
	} {
		exec(t, f, strings.ReplaceAll(query, "D'", domain+"'"), mail)
	}
}

// fillUser has every table hold a row of a mailbox's own.
func fillUser(t *testing.T, f Fixture, mail string) {
	t.Helper()
	domain := store.DomainOf(mail)
	mustUpdateUser(t, f, mail, store.UserUpdate{
		Forwarding: adding("y@elsewhere.test"), Aliases: adding("other@" + domain),
		SenderBcc: ptr("s@elsewhere.test"), RecipientBcc: ptr("r@elsewhere.test"),
	})
	mustManage(t, f, domain, mail)
	putRelay(t, f, mail)
	for _, query := range []string{
		"INSERT INTO used_quota (username, bytes, messages) VALUES (?, 4096, 3)",
		"INSERT INTO last_login (username, domain, imap) VALUES (?, '" + domain + "', 1700000000)",
		"INSERT INTO share_folder (from_user, to_user) VALUES (?, 'also@" + domain + "')",
		"INSERT INTO share_folder (from_user, to_user) VALUES ('also@" + domain + "', ?)",
		"INSERT INTO anyone_shares (from_user) VALUES (?)",
	} {
		note(t, f, query, mail)
	}
}

// requireRecipients asserts that no mailbox is without a recipient: the catch-all would get its mail.
func requireRecipients(t *testing.T, f Fixture) {
	t.Helper()
	requireNoRows(t, f, "SELECT username FROM mailbox WHERE username NOT IN"+
		" (SELECT address FROM forwardings WHERE is_forwarding = 1)")
}

// requireMoved asserts that wherever the old text stood the new one stands now.
func requireMoved(t *testing.T, f Fixture, before []string, from, to string) {
	t.Helper()
	require.Empty(t, mentioning(t, f, from))
	require.Equal(t, before, mentioning(t, f, to))
}

// mentions is how many cells, or values of a directory, mention an account.
func mentions(f Fixture, cells, values int) int {
	if f.Directory != nil {
		return values
	}
	return cells
}

// mailboxTables are those that know how mailboxes are used.
var mailboxTables = []string{"used_quota", "last_login", "share_folder", "anyone_shares", "deleted_mailboxes"}

// mentionedIn returns every value of a directory that holds the text, as class.attribute.
func mentionedIn(t *testing.T, at DirectoryAt, text string) []string {
	t.Helper()
	found := []string{}
	for _, attributes := range at.Entries(t) {
		class := attributes["objectClass"][len(attributes["objectClass"])-1]
		for name, values := range attributes {
			for _, value := range values {
				if strings.Contains(value, text) {
					found = append(found, class+"."+name)
				}
			}
		}
	}
	return found
}

// putRelay gives a mailbox a host for its outgoing mail, as another program would.
func putRelay(t *testing.T, f Fixture, mail string) {
	t.Helper()
	if f.Directory != nil {
		f.Directory.Put(t, f.Directory.UserDN(mail), "senderRelayHost", "[relay.test]:25")
		return
	}
	exec(t, f, "INSERT INTO sender_relayhost (account, relayhost) VALUES (?, '[relay.test]:25')", mail)
}

// putModerators gives an alias account moderators, as another program would.
func putModerators(t *testing.T, f Fixture, alias string, moderators ...string) {
	t.Helper()
	if f.Directory != nil {
		f.Directory.Put(t, f.Directory.AliasDN(alias), "listModerator", moderators...)
		return
	}
	for _, moderator := range moderators {
		exec(t, f, "INSERT INTO moderators (address, moderator) VALUES (?, ?)", alias, moderator)
	}
}
