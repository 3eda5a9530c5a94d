package rules_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// server is what the rules look up: a.test with the alias domain b.test, which has the mailbox anna@a.test and the list
// news@a.test, and off.test, which is switched off and has ben@off.test.
type server struct{ domains map[string]bool }

var ofTest = server{map[string]bool{"a.test": true, "off.test": false}}

func (s server) Hosted(_ context.Context, names []string) (map[string]string, error) {
	hosted := map[string]string{}
	for _, name := range names {
		if _, there := s.domains[name]; there {
			hosted[name] = name
		}
		if name == "b.test" {
			hosted[name] = "a.test"
		}
	}
	return hosted, nil
}

func (s server) Served(ctx context.Context, home string, names []string) (map[string]string, error) {
	hosted, err := s.Hosted(ctx, names)
	for name, domain := range hosted {
		if !s.domains[domain] && domain != home {
			delete(hosted, name)
		}
	}
	return hosted, err
}

func (server) Receiving(_ context.Context, mails []string) (map[string]bool, error) {
	used := map[string]bool{}
	for _, mail := range mails {
		switch mail {
		case "anna@a.test", "news@a.test", "ben@off.test":
			used[mail] = true
		}
	}
	return used, nil
}

func (server) Owners(_ context.Context, mails []string) (map[string]rules.Holder, error) {
	owners := map[string]rules.Holder{}
	for _, mail := range mails {
		owners[mail] = rules.Holder{Mail: mail, List: mail == "news@a.test"}
	}
	return owners, nil
}

func (server) Standalone(context.Context, []string) ([]string, error) {
	return []string{"root@elsewhere.test"}, nil
}

func (server) Identities(_ context.Context, names []string) (map[string]store.Identity, error) {
	found := map[string]store.Identity{}
	for _, name := range names {
		switch name {
		case "anna@a.test":
			found[name] = store.Identity{Username: name, Mailbox: true, Global: true}
		case "adm@a.test":
			found[name] = store.Identity{Username: name, Mailbox: true, Domains: []string{"a.test"}}
		}
	}
	return found, nil
}

func addresses(rule store.OnMissing) rules.Addresses {
	return rules.Addresses{Names: ofTest, Actor: store.Actor{Username: "adm@a.test"}, OnMissing: rule, Delimiters: "+"}
}

func TestTakenAddresses(t *testing.T) {
	taken, err := addresses(store.Refuse).Taken(t.Context(),
		[]string{"new@a.test", "anna@a.test", "anna@b.test", "anna@c.test", "root@elsewhere.test"})
	require.NoError(t, err)
	require.Equal(t, []string{"anna@a.test", "anna@b.test", "root@elsewhere.test"}, taken)
}

func TestMissing(t *testing.T) {
	for _, c := range []struct {
		name, home string
		mails      []string
		missing    []string
	}{
		{"nobody's", "a.test", []string{"new@a.test", "new@b.test"}, []string{"new@a.test", "new@b.test"}},
		{"there, under an alias domain and with an extension", "a.test", []string{"anna@a.test", "anna@b.test", "anna+x@a.test"}, nil},
		{"elsewhere", "a.test", []string{"new@elsewhere.test"}, nil},
		{"of a domain that is switched off", "a.test", []string{"new@off.test"}, nil},
		{"of the account's own, which is switched off", "off.test", []string{"new@off.test", "ben@off.test"}, []string{"new@off.test"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			missing, err := addresses(store.Refuse).Missing(t.Context(), c.home, c.mails)
			require.NoError(t, err)
			if len(c.missing) == 0 {
				require.Empty(t, missing)
				return
			}
			require.Equal(t, c.missing, missing)
		})
	}
}

func TestCheckFree(t *testing.T) {
	a := addresses(store.Refuse)
	require.NoError(t, a.CheckFree(t.Context(), "new@a.test"))
	require.True(t, store.HasCode(a.CheckFree(t.Context(), "anna@b.test"), store.CodeAlreadyExists))
	require.True(t, store.HasCode(a.CheckFree(t.Context(), "anna+x@a.test"), store.CodePermissionDenied), "of a global admin")
	require.True(t, store.HasCode(a.CheckFree(t.Context(), "news+subscribe@b.test"), store.CodePermissionDenied), "a command to a list")
	a.Actor.Global = true
	require.NoError(t, a.CheckFree(t.Context(), "anna+x@a.test"))
	require.True(t, store.HasCode(a.CheckFree(t.Context(), "news+subscribe@a.test"), store.CodePermissionDenied))
}

func TestCheckNewAdmin(t *testing.T) {
	a := addresses(store.Refuse)
	require.NoError(t, a.CheckNewAdmin(t.Context(), "new@elsewhere.test"))
	require.True(t, store.HasCode(a.CheckNewAdmin(t.Context(), "root@elsewhere.test"), store.CodeAlreadyExists))
	require.True(t, store.HasCode(a.CheckNewAdmin(t.Context(), "new@b.test"), store.CodeCanNotBeLocalDomain))
	require.True(t, store.HasCode(a.CheckNewAdmin(t.Context(), "new@off.test"), store.CodeCanNotBeLocalDomain))
}

func TestNewDomain(t *testing.T) {
	for _, c := range []struct {
		name, code string
		rule       store.OnMissing
		domain     store.DomainCreate
		added      []string
		discarded  []string
	}{
		{name: "bare"},
		{name: "copies", domain: store.DomainCreate{SenderBcc: "anna@a.test", Catchall: []string{"x@elsewhere.test", "anna@a.test"}}},
		{name: "alias domains", domain: store.DomainCreate{AliasDomains: []string{"y.test", "x.test"}}, added: []string{"x.test", "y.test"}},
		{name: "copy to itself", code: store.CodeNoSuchAccount, domain: store.DomainCreate{SenderBcc: "x@new.test"}},
		{name: "copy to nobody", code: store.CodeNoSuchAccount, domain: store.DomainCreate{RecipientBcc: "x@a.test"}},
		{name: "catch-all of nobody", code: store.CodeNoSuchAccount, domain: store.DomainCreate{Catchall: []string{"anna@a.test", "x@a.test"}}},
		{name: "catch-all in itself", code: store.CodeNoSuchAccount, domain: store.DomainCreate{Catchall: []string{"x@new.test"}}},
		{
			name: "catch-all under its alias domain", code: store.CodeNoSuchAccount,
			domain: store.DomainCreate{Catchall: []string{"x@y.test"}, AliasDomains: []string{"y.test"}},
		},
		{name: "alias domain of itself", code: store.CodeAlreadyExists, domain: store.DomainCreate{AliasDomains: []string{"x.test", "new.test"}}},
		{name: "alias domain that is taken", code: store.CodeAlreadyExists, domain: store.DomainCreate{AliasDomains: []string{"x.test", "b.test"}}},
		{
			name: "dropped", rule: store.Drop, domain: store.DomainCreate{AliasDomains: []string{"x.test", "b.test", "new.test"}},
			added: []string{"x.test"}, discarded: []string{"b.test", "new.test"},
		},
		{name: "all dropped", rule: store.Drop, domain: store.DomainCreate{AliasDomains: []string{"b.test"}}, discarded: []string{"b.test"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.domain.Name = "new.test"
			got, err := addresses(c.rule).NewDomain(t.Context(), c.domain)
			if c.code != "" {
				require.True(t, store.HasCode(err, c.code), "%v", err)
				return
			}
			require.NoError(t, err)
			require.ElementsMatch(t, c.added, got.Added)
			require.ElementsMatch(t, c.discarded, got.Discarded)
		})
	}
}

func TestNewUser(t *testing.T) {
	const mail = "new@a.test"
	for _, c := range []struct {
		name, code string
		rule       store.OnMissing
		user, want store.UserCreate
		discarded  []string
	}{
		{name: "bare"},
		{
			name: "itself", user: store.UserCreate{Forwarding: []string{mail, "x@elsewhere.test"}, SenderBcc: "new@b.test", RecipientBcc: "new+x@a.test"},
			want: store.UserCreate{Forwarding: []string{mail, "x@elsewhere.test"}, SenderBcc: "new@b.test", RecipientBcc: "new+x@a.test"},
		},
		{
			name: "its further address", user: store.UserCreate{Forwarding: []string{"more@a.test"}, Aliases: []string{"more@a.test"}},
			want: store.UserCreate{Forwarding: []string{"more@a.test"}, Aliases: []string{"more@a.test"}},
		},
		{name: "forwarding to nobody", code: store.CodeNoSuchAccount, user: store.UserCreate{Forwarding: []string{mail, "no@a.test"}}},
		{name: "copy to nobody", code: store.CodeNoSuchAccount, user: store.UserCreate{SenderBcc: "no@a.test"}},
		{name: "own address again", code: store.CodeAlreadyExists, user: store.UserCreate{Aliases: []string{mail}}},
		{name: "own address under an alias domain", code: store.CodeAlreadyExists, user: store.UserCreate{Aliases: []string{"new@b.test"}}},
		{name: "address that is taken", code: store.CodeAlreadyExists, user: store.UserCreate{Aliases: []string{"anna@a.test"}}},
		{name: "address elsewhere", code: store.CodeInvalidMail, user: store.UserCreate{Aliases: []string{"x@elsewhere.test"}}},
		{
			name: "dropped", rule: store.Drop,
			user:      store.UserCreate{Aliases: []string{mail, "more@a.test"}, Forwarding: []string{"no@a.test"}},
			want:      store.UserCreate{Aliases: []string{"more@a.test"}, Forwarding: []string{}},
			discarded: []string{mail, "no@a.test"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var change store.Change
			c.user.Mail, c.want.Mail = mail, mail
			err := addresses(c.rule).NewUser(t.Context(), &c.user, &change)
			if c.code != "" {
				require.True(t, store.HasCode(err, c.code), "%v", err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, c.user)
			require.Equal(t, c.discarded, change.Discarded)
		})
	}
}

func TestMembers(t *testing.T) {
	set := store.Set{Add: []string{"all@a.test", "new@a.test", "anna@a.test"}}
	var change store.Change
	members, err := addresses(store.Drop).Members(t.Context(), "all@a.test", "addMember", []string{"b@elsewhere.test"}, set, &change)
	require.NoError(t, err)
	require.Equal(t, []string{"anna@a.test", "b@elsewhere.test"}, members)
	require.Equal(t, []string{"all@a.test", "new@a.test"}, change.Discarded)
	_, err = addresses(store.Refuse).Members(t.Context(), "all@a.test", "addMember", nil, set, &change)
	require.True(t, store.HasCode(err, store.CodeInvalidMail), "itself")
}

func TestCheckSubscribers(t *testing.T) {
	var change store.Change
	itself := []string{"news@a.test"}
	require.NoError(t, addresses(store.Refuse).CheckSubscribers(t.Context(), itself, []string{"anna@b.test"}, "subscribers", &change))
	err := addresses(store.Refuse).CheckSubscribers(t.Context(), itself, []string{"news@b.test"}, "subscribers", &change)
	require.True(t, store.HasCode(err, store.CodeInvalidMail), "under an alias domain")
	require.NoError(t, addresses(store.Drop).CheckSubscribers(t.Context(), itself, []string{"news@b.test", "x@a.test"}, "subscribers", &change))
	require.Equal(t, []string{"news@b.test", "x@a.test"}, change.Discarded)
}

func TestFurtherAddresses(t *testing.T) {
	current := []string{"old@a.test"}
	for _, c := range []struct {
		mail, code string
	}{
		{"new@a.test", ""}, {"new@b.test", ""}, {"old@a.test", ""},
		{"new@elsewhere.test", store.CodeInvalidMail}, {"new@off.test", store.CodeInvalidMail},
		{"anna@b.test", store.CodeAlreadyExists}, {"anna+x@a.test", store.CodePermissionDenied},
	} {
		t.Run(c.mail, func(t *testing.T) {
			set := store.Set{Add: []string{c.mail}}
			var change store.Change
			next, err := rules.FurtherOfUser("a.test", set).Next(t.Context(), addresses(store.Refuse), current, set, &change)
			if c.code == "" {
				require.NoError(t, err)
				require.Contains(t, next, c.mail)
				return
			}
			require.True(t, store.HasCode(err, c.code), "%v", err)
			var e *store.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, "addAlias", e.Field)
			next, err = rules.FurtherOfUser("a.test", set).Next(t.Context(), addresses(store.Drop), current, set, &change)
			require.NoError(t, err)
			require.Equal(t, current, next)
			require.Equal(t, []string{c.mail}, change.Discarded)
		})
	}
}
