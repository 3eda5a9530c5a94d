package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// tenants is the suite about who changes what refers to an account: b.test belongs to somebody else and names, everywhere that it
// can, an address of a.test and one of a domain that nobody hosts yet.
func tenants(t *testing.T, open Open) {
	t.Run("who takes a name", func(t *testing.T) { takenNames(t, open) })
	t.Run("an account of one's own", func(t *testing.T) { ownNames(t, open) })
	t.Run("a domain of one's own", func(t *testing.T) { ownDomain(t, open) })
	t.Run("default lists of another domain", func(t *testing.T) { foreignDefaults(t, open) })
	t.Run("members of a static list", func(t *testing.T) { foreignMembers(t, open) })
}

const (
	free  = "me@external.test" // nobody hosts it
	maker = "maker@admins.test"
	adma  = "adma@admins.test"
)

// withTenants opens a store with a.test of adma, c.test of maker, who may make domains, and b.test of neither.
func withTenants(t *testing.T, open Open) Fixture {
	t.Helper()
	f := open(t)
	for _, domain := range []string{"a.test", "b.test", "c.test"} {
		mustDomain(t, f, domain)
	}
	for _, admin := range []string{adma, maker} {
		_, err := f.Accounts.CreateAdmin(ctx(t), asGlobal, store.AdminCreate{
			Mail: admin, Password: aHash, Active: true, Limits: store.LimitsUpdate{Domains: ptr(int64(9))},
		})
		require.NoError(t, err)
	}
	mustManage(t, f, "a.test", adma)
	mustManage(t, f, "c.test", maker)
	mustUser(t, f, "ann@a.test")
	for _, domain := range []string{"b.test", "c.test", "a.test"} {
		name(t, f, domain, free, "ann@a.test")
	}
	return f
}

// name has a domain name the addresses wherever it can.
func name(t *testing.T, f Fixture, domain string, mails ...string) {
	t.Helper()
	at := func(local string) string { return local + "@" + domain }
	mustUser(t, f, at("only"))
	mustUser(t, f, at("also"))
	mustUpdateUser(t, f, at("only"), store.UserUpdate{Forwarding: replacing(mails...)})
	mustUpdateUser(t, f, at("also"), store.UserUpdate{
		Forwarding: replacing(append(mails, at("also"))...), SenderBcc: &mails[0], RecipientBcc: &mails[1],
	})
	mustAlias(t, f, at("group"), append(mails, at("only"))...)
	putModerators(t, f, at("group"), mails...)
	mustUpdateDomain(t, f, domain, store.DomainUpdate{SenderBcc: &mails[1], RecipientBcc: &mails[0], Catchall: &mails})
	_, err := makeMailingList(t, f, asGlobal, store.MailingListAccountCreate{Mail: at("news"), Active: true, Owners: mails, Moderators: mails})
	require.NoError(t, err)
	if f.Directory != nil {
		_, err = f.lists(t).CreateStaticList(ctx(t), asGlobal, store.StaticListCreate{Mail: at("all"), Members: append(mails, at("only"))})
		require.NoError(t, err)
		f.Directory.Put(t, f.Directory.UserDN(at("also")), "memberOfGroup", free)
		return
	}
	for _, mail := range mails {
		exec(t, f, "UPDATE moderators SET domain = ?, dest_domain = ? WHERE address = ? AND moderator = ?",
			domain, store.DomainOf(mail), at("group"), mail)
	}
}

// lists are the static lists of a directory.
func (f Fixture) lists(t *testing.T) store.StaticLists {
	t.Helper()
	lists, ok := f.Accounts.(store.StaticLists)
	require.True(t, ok)
	return lists
}

// allOf is everything that there is of a domain: rows as text with the number of times that they are there, or values of entries.
func allOf(t *testing.T, f Fixture, domain string) map[string]int {
	t.Helper()
	all := map[string]int{}
	if f.Directory != nil {
		for dn, attributes := range f.Directory.Entries(t) {
			if !strings.Contains(dn, "domainName="+domain+",") {
				continue
			}
			for name, values := range attributes {
				all[fmt.Sprintf("%s %s %q", dn, name, values)]++
			}
		}
	}
	for _, table := range tables {
		if f.Directory != nil && !slices.Contains(mailboxTables, table) {
			continue
		}
		for _, r := range rows(t, Fixture{SQL: f.beside()}, "SELECT * FROM "+table) {
			if text := fmt.Sprint(r); strings.Contains(text, domain) {
				all[table+" "+text]++
			}
		}
	}
	return all
}

// requireNamed asserts whether what name has said in a domain names an address now.
func requireNamed(t *testing.T, f Fixture, domain, mail string, want bool) {
	t.Helper()
	at := func(local string) string { return local + "@" + domain }
	only, also, group, d := mustReadUser(t, f, at("only")), mustReadUser(t, f, at("also")), mustReadAlias(t, f, at("group")), mustReadDomain(t, f, domain)
	news := mustReadMailingList(t, f, at("news"))
	named := slices.Concat(only.Forwardings, also.Forwardings, []string{also.SenderBcc, also.RecipientBcc}, group.Members, group.Moderators,
		d.Catchall, []string{d.SenderBcc, d.RecipientBcc}, news.Owners, news.Moderators)
	if f.Directory != nil {
		list, err := f.lists(t).StaticList(ctx(t), at("all"))
		require.NoError(t, err)
		named = slices.Concat(named, list.Members, f.Directory.Values(t, f.Directory.ListDN(at("news")), "listAllowedUser"))
	}
	require.Equal(t, want, slices.Contains(named, mail), "%s names %s", domain, mail)
}

// takings are what somebody may do with a name that was nobody's, in order.
func takings(t *testing.T, f Fixture, w store.Write) []struct {
	name string
	do   func() (store.Change, error)
} {
	const other = "other@external.test"
	user := store.UserCreate{Mail: free, Password: aHash, Active: true}
	type taking = struct {
		name string
		do   func() (store.Change, error)
	}
	all := []taking{
		{"create the domain", func() (store.Change, error) {
			return f.Accounts.CreateDomain(ctx(t), w, store.DomainCreate{Name: "external.test"})
		}},
		{"create the user", func() (store.Change, error) { return f.Accounts.CreateUser(ctx(t), w, user) }},
		{"rename the user away", func() (store.Change, error) { return f.Accounts.RenameUser(ctx(t), w, free, other) }},
		{"rename the user back", func() (store.Change, error) { return f.Accounts.RenameUser(ctx(t), w, other, free) }},
		{"delete the user", func() (store.Change, error) { return f.Accounts.DeleteUser(ctx(t), w, free, 0) }},
		{"create the alias", func() (store.Change, error) {
			return f.Accounts.CreateAlias(ctx(t), w, store.AliasCreate{Mail: free, Members: []string{"x@elsewhere.test"}, Active: true})
		}},
		{"rename the alias away", func() (store.Change, error) { return f.Accounts.RenameAlias(ctx(t), w, free, other) }},
		{"rename the alias back", func() (store.Change, error) { return f.Accounts.RenameAlias(ctx(t), w, other, free) }},
		{"delete the alias", func() (store.Change, error) { return f.Accounts.DeleteAlias(ctx(t), w, free) }},
		{"create the list", func() (store.Change, error) {
			return makeMailingList(t, f, w, store.MailingListAccountCreate{Mail: free, Active: true})
		}},
		{"delete the list", func() (store.Change, error) { return f.Accounts.DeleteMailingListAccount(ctx(t), w, free, false) }},
	}
	if f.Directory != nil {
		all = append(all,
			taking{"create the static list", func() (store.Change, error) {
				return f.lists(t).CreateStaticList(ctx(t), w, store.StaticListCreate{Mail: free, Members: []string{"x@elsewhere.test"}})
			}},
			taking{"delete the static list", func() (store.Change, error) { return f.lists(t).DeleteStaticList(ctx(t), w, free) }})
	}
	return append(all,
		taking{"create the user again", func() (store.Change, error) { return f.Accounts.CreateUser(ctx(t), w, user) }},
		taking{"switch it off", func() (store.Change, error) {
			return f.Accounts.UpdateUsers(ctx(t), w, "external.test", store.UsersUpdate{Active: ptr(false)})
		}},
		taking{"delete the domain", func() (store.Change, error) { return f.Accounts.DeleteDomain(ctx(t), w, "external.test", 0) }})
}

func takenNames(t *testing.T, open Open) {
	t.Run("by somebody who is not global", func(t *testing.T) {
		f := withTenants(t, open)
		before := allOf(t, f, "b.test")
		require.NotEmpty(t, before)
		for _, step := range takings(t, f, by(maker)) {
			change, err := step.do()
			require.NoError(t, err, step.name)
			require.Equal(t, before, allOf(t, f, "b.test"), step.name)
			switch change.Action {
			case store.ActionRename, store.ActionDelete:
				require.Equal(t, store.Scope{Limited: true, Domains: []string{"c.test", "external.test"}}, change.Scope, step.name)
			case store.ActionCreate: // before anything of it can have been referred to
			}
			if step.name == "rename the user away" {
				requireNamed(t, f, "c.test", free, false)
				requireNamed(t, f, "c.test", "other@external.test", true)
			}
			requireNamed(t, f, "b.test", free, true)
		}
		requireNamed(t, f, "c.test", free, false)
	})
	t.Run("by a global admin", func(t *testing.T) {
		f := withTenants(t, open)
		for _, step := range takings(t, f, asGlobal) {
			change, err := step.do()
			require.NoError(t, err, step.name)
			require.Zero(t, change.Scope, step.name)
		}
		for _, domain := range []string{"b.test", "c.test"} {
			requireNamed(t, f, domain, free, false)
			requireNamed(t, f, domain, "ann@a.test", true)
		}
		requireRecipientsOf(t, f, "only@b.test")
	})
}

// requireRecipientsOf asserts that a mailbox gets its mail.
func requireRecipientsOf(t *testing.T, f Fixture, mail string) {
	t.Helper()
	require.NotEmpty(t, mustReadUser(t, f, mail).Forwardings)
}

func ownNames(t *testing.T, open Open) {
	for name, do := range map[string]func(f Fixture) (store.Change, error){
		"rename": func(f Fixture) (store.Change, error) {
			return f.Accounts.RenameUser(ctx(t), by(adma), "ann@a.test", "zoe@a.test")
		},
		"delete":         func(f Fixture) (store.Change, error) { return f.Accounts.DeleteUser(ctx(t), by(adma), "ann@a.test", 0) },
		"delete a group": func(f Fixture) (store.Change, error) { return f.Accounts.DeleteAlias(ctx(t), by(adma), "group@a.test") },
	} {
		t.Run(name, func(t *testing.T) {
			f := withTenants(t, open)
			mail := "ann@a.test"
			if name == "delete a group" {
				mail = "group@a.test"
				for _, domain := range []string{"a.test", "b.test"} {
					mustUpdateUser(t, f, "only@"+domain, store.UserUpdate{Forwarding: replacing(mail)})
				}
			}
			before := allOf(t, f, "b.test")
			_, err := do(f)
			require.NoError(t, err)
			require.Equal(t, before, allOf(t, f, "b.test"))
			if name == "rename" {
				requireNamed(t, f, "a.test", "zoe@a.test", true)
			}
			if name != "delete a group" {
				requireNamed(t, f, "a.test", mail, false)
			}
			require.NotContains(t, mustReadUser(t, f, "only@a.test").Forwardings, mail)
			requireRecipientsOf(t, f, "only@a.test")
		})
	}
	t.Run("what stands beside the new name", func(t *testing.T) {
		f := withTenants(t, open)
		mustUpdateUser(t, f, "only@b.test", store.UserUpdate{Forwarding: replacing("ann@a.test", "zoe@elsewhere.test")})
		mustUpdateUser(t, f, "only@a.test", store.UserUpdate{Forwarding: replacing("ann@a.test", "zoe@elsewhere.test")})
		mustDomain(t, f, "elsewhere.test")
		mustManage(t, f, "elsewhere.test", adma)
		before := allOf(t, f, "b.test")
		_, err := f.Accounts.RenameUser(ctx(t), by(adma), "ann@a.test", "zoe@elsewhere.test")
		require.NoError(t, err)
		require.Equal(t, before, allOf(t, f, "b.test"))
		require.Equal(t, []string{"zoe@elsewhere.test"}, mustReadUser(t, f, "only@a.test").Forwardings)
	})
}

func ownDomain(t *testing.T, open Open) {
	t.Run("with its alias domains", func(t *testing.T) {
		f := withTenants(t, open)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: adding("alias.test")})
		for _, domain := range []string{"b.test", "c.test"} {
			mustUpdateUser(t, f, "also@"+domain, store.UserUpdate{Forwarding: adding("ann@alias.test")})
		}
		mustManage(t, f, "c.test", adma)
		before := allOf(t, f, "b.test")
		_, err := f.Accounts.DeleteDomain(ctx(t), by(adma), "a.test", 0)
		require.NoError(t, err)
		require.Equal(t, before, allOf(t, f, "b.test"))
		requireNamed(t, f, "c.test", "ann@a.test", false)
		requireNamed(t, f, "c.test", "ann@alias.test", false)
		requireNamed(t, f, "c.test", free, true)
		requireRecipientsOf(t, f, "only@c.test")
	})
}

func foreignDefaults(t *testing.T, open Open) {
	f := withTenants(t, open)
	if f.Directory != nil {
		f.Directory.Put(t, f.Directory.DomainDN("a.test"), "accountSetting", "defaultList:all@a.test,all@b.test")
	} else {
		exec(t, f, "UPDATE domain SET settings = 'default_groups:group@a.test,group@b.test;' WHERE domain = 'a.test'")
	}
	before := allOf(t, f, "b.test")
	_, err := f.Accounts.CreateUser(ctx(t), by(adma), store.UserCreate{Mail: "new@a.test", Password: aHash, Active: true})
	require.NoError(t, err)
	require.Equal(t, before, allOf(t, f, "b.test"))
	mustUser(t, f, "more@a.test")
	for domain, want := range map[string]bool{"a.test": true, "b.test": false} {
		require.Equal(t, want, slices.Contains(membersOf(t, f, domain), "new@a.test"), domain)
		require.True(t, slices.Contains(membersOf(t, f, domain), "more@a.test"), "a global admin made it")
	}
}

// membersOf are the members of the group, or of the static list of a directory, of a domain.
func membersOf(t *testing.T, f Fixture, domain string) []string {
	t.Helper()
	if f.Directory == nil {
		return mustReadAlias(t, f, "group@"+domain).Members
	}
	list, err := f.lists(t).StaticList(ctx(t), "all@"+domain)
	require.NoError(t, err)
	return list.Members
}

func foreignMembers(t *testing.T, open Open) {
	f := withTenants(t, open)
	if f.Directory == nil {
		return // no such lists
	}
	lists, members := f.lists(t), func() []string {
		list, err := f.lists(t).StaticList(ctx(t), "team@a.test")
		require.NoError(t, err)
		return list.Members
	}
	before := allOf(t, f, "b.test")
	_, err := lists.CreateStaticList(ctx(t), by(adma), store.StaticListCreate{Mail: "team@a.test", Members: []string{"ann@a.test", "only@b.test"}})
	require.NoError(t, err)
	require.Equal(t, []string{"ann@a.test", "only@b.test"}, members())
	require.Contains(t, f.Directory.Values(t, f.Directory.UserDN("ann@a.test"), "memberOfGroup"), "team@a.test")
	_, err = lists.UpdateStaticList(ctx(t), by(adma), "team@a.test", store.StaticListUpdate{Members: adding("also@b.test")})
	require.NoError(t, err)
	require.Equal(t, []string{"also@b.test", "ann@a.test", "only@b.test"}, members())
	require.Equal(t, before, allOf(t, f, "b.test"))
	_, err = lists.UpdateStaticList(ctx(t), by(adma), "team@a.test", store.StaticListUpdate{Members: removing("also@b.test")})
	require.NoError(t, err)
	require.Equal(t, []string{"ann@a.test", "only@b.test"}, members())
	_, err = lists.DeleteStaticList(ctx(t), by(adma), "team@a.test")
	require.NoError(t, err)
	require.Equal(t, before, allOf(t, f, "b.test"))

	_, err = lists.CreateStaticList(ctx(t), asGlobal, store.StaticListCreate{Mail: "team@a.test", Members: []string{"ann@a.test", "only@b.test"}})
	require.NoError(t, err)
	require.NotEqual(t, before, allOf(t, f, "b.test"), "a global admin writes who is a member where the member is")
	_, err = lists.UpdateStaticList(ctx(t), by(adma), "team@a.test", store.StaticListUpdate{Members: adding("x@elsewhere.test")})
	require.NoError(t, err)
	require.Equal(t, []string{"ann@a.test", "only@b.test", "x@elsewhere.test"}, members())
	_, err = lists.DeleteStaticList(ctx(t), by(adma), "team@a.test")
	require.NoError(t, err)
	require.Equal(t, before, allOf(t, f, "b.test"), "a list takes its members along")
}
