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

func TestCheckNewDomain(t *testing.T) {
	a := addresses(store.Refuse)
	require.NoError(t, a.CheckNewDomain(t.Context(), store.DomainCreate{Name: "new.test"}))
	require.NoError(t, a.CheckNewDomain(t.Context(), store.DomainCreate{Name: "new.test", SenderBcc: "anna@a.test"}))
	for _, d := range []store.DomainCreate{
		{Name: "new.test", SenderBcc: "x@new.test"}, {Name: "new.test", RecipientBcc: "x@a.test"},
	} {
		require.True(t, store.HasCode(a.CheckNewDomain(t.Context(), d), store.CodeNoSuchAccount))
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
