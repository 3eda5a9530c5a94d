package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// leftovers is the suite about what other programs left of a name when an account or domain of it is made.
func leftovers(t *testing.T, open Open) {
	t.Run("of an account", func(t *testing.T) { accountLeftovers(t, open) })
	t.Run("of a domain", func(t *testing.T) { domainLeftovers(t, open) })
	t.Run("addresses in use", func(t *testing.T) { addressesInUse(t, open) })
}

const gone = "gone@a.test"

// abandon leaves what belongs to an address, and what other domains give it, as programs do that remove the account alone.
func abandon(t *testing.T, f Fixture, mail string) {
	t.Helper()
	domain := store.DomainOf(mail)
	for _, query := range []string{
		"INSERT INTO used_quota (username, bytes, messages) VALUES (?, 4096, 3)",
		"INSERT INTO last_login (username, domain, imap) VALUES (?, '" + domain + "', 1700000000)",
		"INSERT INTO share_folder (from_user, to_user) VALUES (?, 'also@b.test')",
		"INSERT INTO share_folder (from_user, to_user) VALUES ('also@b.test', ?)",
		"INSERT INTO anyone_shares (from_user) VALUES (?)",
	} {
		note(t, f, query, mail)
	}
	if f.Directory != nil {
		f.Directory.Put(t, f.Directory.DomainDN("b.test"), "domainAdmin", mail, "root@elsewhere.test")
		f.Directory.Put(t, f.Directory.ListDN("news@a.test"), "member", f.Directory.UserDN(mail))
		return
	}
	for _, query := range []string{
		"INSERT INTO domain_admins (username, domain) VALUES (?, 'b.test')",
		"INSERT INTO forwardings (address, forwarding, domain, dest_domain, is_forwarding, active) VALUES (?, 'spy@elsewhere.test', '" + domain + "', 'elsewhere.test', 1, 0)",
		"INSERT INTO moderators (address, moderator) VALUES (?, 'spy@elsewhere.test')",
		"INSERT INTO maillist_owners (address, owner) VALUES (?, 'spy@elsewhere.test')",
		"INSERT INTO sender_bcc_user (username, bcc_address, domain) VALUES (?, 'spy@elsewhere.test', '" + domain + "')",
		"INSERT INTO recipient_bcc_user (username, bcc_address, domain) VALUES (?, 'spy@elsewhere.test', '" + domain + "')",
		"INSERT INTO sender_relayhost (account, relayhost) VALUES (?, '[relay.test]:25')",
	} {
		exec(t, f, query, mail)
	}
}

// withLeftovers opens a store with a.test of adma and b.test of somebody else, both of which name an address that nobody has, of
// which much else is left.
func withLeftovers(t *testing.T, open Open, mail string) Fixture {
	t.Helper()
	f := open(t)
	for _, domain := range []string{"a.test", "b.test"} {
		mustDomain(t, f, domain)
	}
	_, err := f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{
		Mail: adma, Password: aHash, Active: true, Limits: store.LimitsUpdate{Domains: ptr(int64(9))},
	})
	require.NoError(t, err)
	mustManage(t, f, "a.test", adma)
	for _, domain := range []string{"b.test", "a.test"} {
		name(t, f, domain, "me@outside.test", "x@outside.test")
		rename(t, f, domain, mail)
	}
	abandon(t, f, mail)
	return f
}

// rename puts an address that does not exist in the place of another in everything that a domain names.
func rename(t *testing.T, f Fixture, domain, mail string) {
	t.Helper()
	at := func(local string) string { return local + "@" + domain }
	if f.Directory != nil {
		put := func(dn, attribute string) { f.Directory.Put(t, dn, attribute, mail, at("only")) }
		put(f.Directory.UserDN(at("only")), "mailForwardingAddress")
		put(f.Directory.AliasDN(at("group")), "mailForwardingAddress")
		put(f.Directory.AliasDN(at("group")), "listModerator")
		for _, attribute := range []string{"listOwner", "listModerator", "listAllowedUser"} {
			put(f.Directory.ListDN(at("news")), attribute)
		}
		f.Directory.Put(t, f.Directory.UserDN(at("also")), "userSenderBccAddress", mail)
		return
	}
	for _, query := range []string{
		"UPDATE forwardings SET forwarding = ?, dest_domain = ? WHERE domain = ? AND forwarding = 'me@outside.test'",
		"UPDATE moderators SET moderator = ?, dest_domain = ? WHERE domain = ? AND moderator = 'me@outside.test'",
		"UPDATE maillist_owners SET owner = ?, dest_domain = ? WHERE domain = ? AND owner = 'me@outside.test'",
	} {
		exec(t, f, query, mail, store.DomainOf(mail), domain)
	}
	exec(t, f, "UPDATE sender_bcc_user SET bcc_address = ? WHERE domain = ?", mail, domain)
}

// requireNothingLeft asserts that who got the name has nothing of who had it.
func requireNothingLeft(t *testing.T, f Fixture, mail string) {
	t.Helper()
	for _, text := range []string{"spy@elsewhere.test", "relay.test"} {
		require.Empty(t, mentioning(t, f, text))
	}
	for _, query := range []string{
		"SELECT * FROM used_quota WHERE username = ?", "SELECT * FROM last_login WHERE username = ?", "SELECT * FROM share_folder WHERE from_user = ?",
		"SELECT * FROM share_folder WHERE to_user = ?", "SELECT * FROM anyone_shares WHERE from_user = ?",
	} {
		require.Empty(t, rows(t, Fixture{SQL: f.beside()}, query, mail), query)
	}
	require.NotContains(t, mustReadDomain(t, f, "b.test").Admins, mail)
	if f.Directory != nil {
		require.Empty(t, f.Directory.Values(t, f.Directory.ListDN("news@a.test"), "member"))
	}
}

// requireRights asserts whether a domain lets an address moderate and own; mail goes to it in any case.
func requireRights(t *testing.T, f Fixture, domain, mail string, want bool) {
	t.Helper()
	group, news := mustReadAlias(t, f, "group@"+domain), mustReadMailingList(t, f, "news@"+domain)
	for _, people := range [][]string{group.Moderators, news.Owners, news.Moderators} {
		if want {
			require.Contains(t, people, mail, domain)
		} else {
			require.NotContains(t, people, mail, domain)
		}
	}
	require.Contains(t, mustReadUser(t, f, "only@"+domain).Forwardings, mail, domain)
	require.Contains(t, group.Members, mail, domain)
	require.Equal(t, mail, mustReadUser(t, f, "also@"+domain).SenderBcc, domain)
}

func accountLeftovers(t *testing.T, open Open) {
	for name, create := range map[string]func(t *testing.T, f Fixture, w store.Write) error{
		"user": func(t *testing.T, f Fixture, w store.Write) error {
			_, err := f.Accounts.CreateUser(ctx(t), w, store.UserCreate{Mail: gone, Password: aHash, Active: true})
			return err
		},
		"renamed user": func(t *testing.T, f Fixture, w store.Write) error {
			mustUser(t, f, "new@a.test")
			_, err := f.Accounts.RenameUser(ctx(t), w, "new@a.test", gone)
			return err
		},
	} {
		for actor, w := range map[string]store.Write{"an admin of the domain": by(adma), "a global admin": asGlobal} {
			t.Run(name+" by "+actor, func(t *testing.T) {
				f := withLeftovers(t, open, gone)
				require.NoError(t, create(t, f, w))
				requireNothingLeft(t, f, gone)
				u := mustReadUser(t, f, gone)
				require.Equal(t, []string{gone}, u.Forwardings)
				require.Empty(t, u.SenderBcc+u.RecipientBcc)
				require.Zero(t, u.StoredBytes)
				require.Empty(t, u.LastLogin)
				requireRights(t, f, "a.test", gone, false)
				requireRights(t, f, "b.test", gone, w.Actor.Username == adma)
			})
		}
	}
	t.Run("alias", func(t *testing.T) {
		f := withLeftovers(t, open, gone)
		_, err := f.Accounts.CreateAlias(ctx(t), by(adma), store.AliasCreate{Mail: gone, Members: []string{"only@a.test"}, Active: true})
		require.NoError(t, err)
		a := mustReadAlias(t, f, gone)
		require.Equal(t, []string{"only@a.test"}, a.Members)
		require.Empty(t, a.Moderators)
		requireRights(t, f, "a.test", gone, false)
		requireRights(t, f, "b.test", gone, true)
	})
	t.Run("list", func(t *testing.T) {
		f := withLeftovers(t, open, gone)
		_, err := makeMailingList(t, f, by(adma), store.MailingListAccountCreate{Mail: gone, Active: true, Owners: []string{"only@a.test"}})
		require.NoError(t, err)
		m := mustReadMailingList(t, f, gone)
		require.Equal(t, []string{"only@a.test"}, m.Owners)
		require.Empty(t, m.Moderators)
		requireRights(t, f, "a.test", gone, false)
		requireRights(t, f, "b.test", gone, true)
	})
	t.Run("members of a static list that is gone", func(t *testing.T) {
		f := withLeftovers(t, open, gone)
		if f.Directory == nil {
			return // no such lists
		}
		f.Directory.Put(t, f.Directory.UserDN("only@a.test"), "memberOfGroup", gone, "all@a.test")
		f.Directory.Put(t, f.Directory.UserDN("also@b.test"), "memberOfGroup", gone)
		f.Directory.Add(t, "memberOfGroup="+gone+",ou=Externals,"+f.Directory.DomainDN("a.test"), map[string][]string{
			"objectClass": {"mailExternalUser"}, "memberOfGroup": {gone}, "mail": {"spy@outside.test"}, "accountStatus": {"active"},
		})
		mustAliasBy(t, f, by(adma), gone)
		require.Equal(t, []string{"all@a.test"}, f.Directory.Values(t, f.Directory.UserDN("only@a.test"), "memberOfGroup"))
		require.Equal(t, []string{gone}, f.Directory.Values(t, f.Directory.UserDN("also@b.test"), "memberOfGroup"))
		require.NotContains(t, mentioning(t, f, "spy@outside.test"), "mailExternalUser.mail")
	})
	t.Run("the default owner of a list is none", func(t *testing.T) {
		f := withLeftovers(t, open, gone)
		people := []string{"postmaster@a.test", "x@outside.test"}
		if f.Directory != nil {
			f.Directory.Put(t, f.Directory.ListDN("news@a.test"), "listOwner", people...)
		} else {
			exec(t, f, "UPDATE maillist_owners SET owner = ?, dest_domain = 'a.test' WHERE address = 'news@a.test' AND owner <> 'x@outside.test'", people[0])
		}
		mustUser(t, f, people[0])
		require.Equal(t, people, mustReadMailingList(t, f, "news@a.test").Owners)
	})
	t.Run("a standalone admin of that name", func(t *testing.T) {
		f := withLeftovers(t, open, gone)
		addStandalone(t, f, gone, "Gone")
		_, err := f.Accounts.CreateUser(ctx(t), asGlobal, store.UserCreate{Mail: gone, Password: aHash, Active: true})
		requireCode(t, err, store.Conflict, store.CodeAlreadyExists)
		require.Contains(t, mustReadDomain(t, f, "b.test").Admins, gone)
	})
}

// mustAliasBy makes an active alias account with one member.
func mustAliasBy(t *testing.T, f Fixture, w store.Write, mail string) {
	t.Helper()
	_, err := f.Accounts.CreateAlias(ctx(t), w, store.AliasCreate{Mail: mail, Members: []string{"x@outside.test"}, Active: true})
	require.NoError(t, err)
}

func domainLeftovers(t *testing.T, open Open) {
	const mail = "gone@new.test"
	f := withLeftovers(t, open, mail)
	if f.Directory == nil {
		for _, query := range []string{
			"INSERT INTO domain_admins (username, domain) VALUES ('spy@elsewhere.test', 'new.test')",
			"INSERT INTO sender_bcc_domain (domain, bcc_address) VALUES ('new.test', 'spy@elsewhere.test')",
			"INSERT INTO recipient_bcc_domain (domain, bcc_address) VALUES ('new.test', 'spy@elsewhere.test')",
			"INSERT INTO alias_domain (alias_domain, target_domain) VALUES ('other.test', 'new.test')",
			"INSERT INTO forwardings (address, forwarding, domain, active) VALUES ('new.test', 'spy@elsewhere.test', 'new.test', 1)",
		} {
			exec(t, f, query)
		}
	}
	_, err := f.Accounts.CreateDomain(ctx(t), by(adma), store.DomainCreate{Name: "new.test"})
	require.NoError(t, err)
	requireNothingLeft(t, f, mail)
	d := mustReadDomain(t, f, "new.test")
	require.Equal(t, []string{adma}, d.Admins)
	require.Empty(t, d.AliasDomains)
	require.Empty(t, d.Catchall)
	require.Empty(t, d.SenderBcc+d.RecipientBcc)
	requireRights(t, f, "a.test", mail, false)
	requireRights(t, f, "b.test", mail, true)
}

func addressesInUse(t *testing.T, open Open) {
	f := withLeftovers(t, open, gone)
	if f.Directory != nil {
		return // an address is in use there when an entry has it
	}
	create := func(mail string) error {
		_, err := f.Accounts.CreateUser(ctx(t), by(adma), store.UserCreate{Mail: mail, Password: aHash, Active: true})
		return err
	}
	exec(t, f, "INSERT INTO forwardings (address, forwarding, domain, active) VALUES ('hand@a.test', 'x@elsewhere.test', 'a.test', 1)")
	requireCode(t, create("hand@a.test"), store.Conflict, store.CodeAlreadyExists)
	mustUpdateUser(t, f, "only@a.test", store.UserUpdate{Aliases: adding("further@a.test")})
	mustUpdateUser(t, f, "only@a.test", store.UserUpdate{Active: ptr(false)})
	requireCode(t, create("further@a.test"), store.Conflict, store.CodeAlreadyExists)
	exec(t, f, "INSERT INTO forwardings (address, forwarding, domain, is_alias, active) VALUES ('left@a.test', 'nobody@a.test', 'a.test', 1, 0)")
	require.NoError(t, create("left@a.test"))
	require.Equal(t, []string{"left@a.test"}, mustReadUser(t, f, "left@a.test").Forwardings)
}
