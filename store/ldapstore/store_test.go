package ldapstore_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ldapstore"
)

// TestEntryGoesMeanwhile has another program remove an entry after it was read and before it is written to.
func TestEntryGoesMeanwhile(t *testing.T) {
	w := newFixture(t)
	for name, c := range map[string]struct {
		dn   func() string
		do   func(s *ldapstore.Store) (store.Change, error)
		code string
	}{
		"mailbox": {
			func() string { return w.at.UserDN("bob@a.test") },
			func(s *ldapstore.Store) (store.Change, error) {
				return s.UpdateUser(t.Context(), asGlobal, "bob@a.test", store.UserUpdate{Name: ptr("Bob")})
			}, store.CodeNoSuchAccount,
		},
		"mailbox that is renamed": {
			func() string { return w.at.UserDN("bob@a.test") },
			func(s *ldapstore.Store) (store.Change, error) {
				return s.RenameUser(t.Context(), asGlobal, "bob@a.test", "bobby@a.test")
			}, store.CodeNoSuchAccount,
		},
		"alias": {
			func() string { return w.at.AliasDN("team@a.test") },
			func(s *ldapstore.Store) (store.Change, error) {
				return s.UpdateAlias(t.Context(), asGlobal, "team@a.test", store.AliasUpdate{Name: ptr("Team")})
			}, store.CodeNoSuchAccount,
		},
		"list": {
			func() string { return w.at.ListDN("news@b.test") },
			func(s *ldapstore.Store) (store.Change, error) {
				return s.UpdateStaticList(t.Context(), asGlobal, "news@b.test", store.StaticListUpdate{Name: ptr("News")})
			}, store.CodeNoSuchAccount,
		},
		"one of many": {
			func() string { return w.at.UserDN("bob@a.test") },
			func(s *ldapstore.Store) (store.Change, error) {
				return s.UpdateUsers(t.Context(), asGlobal, "a.test", store.UsersUpdate{Language: ptr("de_DE")})
			}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.empty(t)
			full(t, w.store)
			gone := sync.OnceFunc(func() { require.NoError(t, w.at.Connect(t).Del(ldap.NewDelRequest(c.dn(), nil))) })
			w.store.Cut(func(string) error { gone(); return nil })
			defer w.store.Cut(nil)
			_, err := c.do(w.store)
			if c.code == "" {
				require.NoError(t, err)
			} else {
				require.True(t, store.HasCode(err, c.code), "%v", err)
			}
			require.NotContains(t, w.at.Entries(t), c.dn())
		})
	}
}

// TestCircleOfLists closes none: through lists, alias accounts and further addresses.
func TestCircleOfLists(t *testing.T) {
	w := newFixture(t)
	ctx := t.Context()
	full(t, w.store)
	add := func(list, member string) error {
		_, err := w.store.UpdateStaticList(ctx, asGlobal, list, store.StaticListUpdate{Members: store.Set{Add: []string{member}}})
		return err
	}
	_, err := w.store.UpdateAlias(ctx, asGlobal, "crew@b.test", store.AliasUpdate{Members: store.Set{Add: []string{"news@b.test"}}})
	require.NoError(t, err)
	for _, member := range []string{"list@a.test", "list@alias.test", "news@b.test", "crew@b.test"} { // news has list, crew has news
		err := add("list@a.test", member)
		require.True(t, store.HasCode(err, store.CodeInvalidMail), "%s: %v", member, err)
	}
	require.NoError(t, add("news@b.test", "eve@b.test"))
}

// TestReachingADirectory connects in every way, and refuses certificates that nobody vouches for.
func TestReachingADirectory(t *testing.T) {
	w := newFixture(t)
	plain, err := url.Parse(w.at.URL)
	require.NoError(t, err)
	other := filepath.Join(t.TempDir(), "other.pem")
	require.NoError(t, os.WriteFile(other, []byte("no certificate"), 0o600))
	for name, c := range map[string]struct {
		server ldapstore.Server
		works  bool
	}{
		"in the clear":                     {ldapstore.Server{URL: w.at.URL}, true},
		"StartTLS":                         {ldapstore.Server{URL: w.at.URL, StartTLS: true, CAFile: w.at.CA}, true},
		"StartTLS with another name":       {ldapstore.Server{URL: "ldap://127.0.0.2:" + plain.Port(), StartTLS: true, CAFile: w.at.CA}, false},
		"StartTLS that nobody vouches for": {ldapstore.Server{URL: w.at.URL, StartTLS: true}, false},
		"TLS":                              {ldapstore.Server{URL: w.at.TLSURL, CAFile: w.at.CA}, true},
		"TLS that nobody vouches for":      {ldapstore.Server{URL: w.at.TLSURL}, false},
		"no certificates in the file":      {ldapstore.Server{URL: w.at.TLSURL, CAFile: other}, false},
		"nobody there":                     {ldapstore.Server{URL: "ldap://127.0.0.1:1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := w.options()
			c.server.BindDN, c.server.BindPassword = o.Server.BindDN, o.Server.BindPassword
			o.Server = c.server
			s := w.openWith(t, o)
			if c.works {
				require.NoError(t, s.Check(t.Context()))
				return
			}
			require.Error(t, s.Check(t.Context()))
			if strings.Contains(name, "vouches") {
				require.ErrorContains(t, s.Ping(t.Context()), "its certificate is not trusted here")
			}
		})
	}
	t.Run("wrong password", func(t *testing.T) {
		o := w.options()
		o.Server.BindPassword = "hunter2"
		err := w.openWith(t, o).Check(t.Context())
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	})
	t.Run("no such tree", func(t *testing.T) {
		o := w.options()
		o.AdminBaseDN = "o=nowhere," + w.at.Suffix
		require.ErrorContains(t, w.openWith(t, o).Check(t.Context()), "o=nowhere")
	})
}

// TestManyMailboxes lists ten thousand without holding them all, and tells how long the next one takes beside the hundred and
// first.
func TestManyMailboxes(t *testing.T) {
	w := newFixture(t)
	_, err := w.store.CreateDomain(t.Context(), asGlobal, store.DomainCreate{Name: "a.test"})
	require.NoError(t, err)
	fill(t, w, 0, 100)
	few := w.timeCreate(t, "few")
	fill(t, w, 100, 10_000)
	many := w.timeCreate(t, "many")
	t.Logf("a mailbox beside 100: %s, beside 10,000: %s, ratio %.2f", few, many, float64(many)/float64(few))

	most, page := uint64(0), store.PageRequest{Limit: 200}
	seen := 0
	before := heap()
	for {
		list, err := w.store.Users(t.Context(), store.UserFilter{Domain: "a.test"}, page)
		require.NoError(t, err)
		seen += len(list.Items)
		most = max(most, heap())
		if page.After = list.Next; list.Next == "" {
			break
		}
	}
	require.Equal(t, 10_000+2*creates, seen)
	require.Less(t, most-min(most, before), uint64(8<<20), "bytes more in memory while listing")
}

// heap is how many bytes are in use once what is not needed is gone.
func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// creates is how many mailboxes a measurement makes.
const creates = 60

// timeCreate is the time that it takes to make a mailbox when nothing else is in the way: that of the fastest quarter.
func (w *fixture) timeCreate(t *testing.T, prefix string) time.Duration {
	t.Helper()
	took := make([]time.Duration, creates)
	for i := range took {
		begun := time.Now()
		_, err := w.store.CreateUser(t.Context(), asGlobal, store.UserCreate{
			Mail: fmt.Sprintf("%s%d@a.test", prefix, i), Password: "{SSHA}x", Active: true,
		})
		require.NoError(t, err)
		took[i] = time.Since(begun)
	}
	slices.Sort(took)
	return took[len(took)/4]
}

// fill makes mailboxes as fast as it goes.
func fill(t *testing.T, w *fixture, from, to int) {
	t.Helper()
	conn := w.at.Connect(t)
	for i := from; i < to; i++ {
		mail := fmt.Sprintf("u%05d@a.test", i)
		request := ldap.NewAddRequest(w.at.UserDN(mail), nil)
		for name, value := range map[string]string{
			"mail": mail, "uid": mail, "cn": mail, "sn": mail, "accountStatus": "active", "homeDirectory": "/var/vmail/vmail1/" + mail,
			"mailQuota": "1073741824", "userPassword": "{SSHA}x",
		} {
			request.Attribute(name, []string{value})
		}
		request.Attribute("objectClass", []string{"inetOrgPerson", "mailUser", "shadowAccount", "amavisAccount"})
		request.Attribute("enabledService", []string{"mail", "deliver", "imap", "smtp", "internal"})
		require.NoError(t, conn.Add(request))
	}
}

// TestLaterPagesCostTheSame counts what the directory sends: the first page reads all names, and each later one its own entries.
func TestLaterPagesCostTheSame(t *testing.T) {
	w := newFixture(t)
	_, err := w.store.CreateDomain(t.Context(), asGlobal, store.DomainCreate{Name: "a.test"})
	require.NoError(t, err)
	const users, limit = 300, 50
	fill(t, w, 0, users)
	for _, c := range []struct {
		sort store.Sort
		desc bool
	}{{store.SortKey, false}, {store.SortKey, true}, {store.SortName, false}} {
		page := store.PageRequest{Limit: limit, Sort: c.sort, Desc: c.desc, Count: true}
		var sent []int
		for range users / limit {
			sent = append(sent, w.store.Entries(func() {
				list, err := w.store.Users(t.Context(), store.UserFilter{Domain: "a.test"}, page)
				require.NoError(t, err)
				require.Len(t, list.Items, limit)
				require.EqualValues(t, users, *list.Total)
				page.After = list.Next
			}))
		}
		require.Empty(t, page.After)
		require.Greater(t, sent[0], users)
		for _, n := range sent[1:] {
			require.Equal(t, sent[1], n)
			require.Less(t, n, 2*limit)
		}
	}
}

// A listing goes on although accounts come and go, and no page has one twice.
func TestListingWhileAccountsComeAndGo(t *testing.T) {
	w := newFixture(t)
	_, err := w.store.CreateDomain(t.Context(), asGlobal, store.DomainCreate{Name: "a.test"})
	require.NoError(t, err)
	fill(t, w, 0, 50)
	page, seen := store.PageRequest{Limit: 10}, map[string]bool{}
	for n := 0; ; n++ {
		list, err := w.store.Users(t.Context(), store.UserFilter{Domain: "a.test"}, page)
		require.NoError(t, err)
		for _, u := range list.Items {
			require.False(t, seen[u.Mail], u.Mail)
			seen[u.Mail] = true
		}
		_, err = w.store.DeleteUser(t.Context(), asGlobal, fmt.Sprintf("u%05d@a.test", 49-n), 0)
		require.NoError(t, err)
		if page.After = list.Next; list.Next == "" {
			break
		}
	}
	require.GreaterOrEqual(t, len(seen), 45)
	_, err = w.store.Users(context.Background(), store.UserFilter{Domain: "b.test"}, store.PageRequest{})
	require.True(t, store.HasCode(err, store.CodeNoSuchDomain))
}
