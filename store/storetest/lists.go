package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// nounList is a noun whose lists have pages.
type nounList struct {
	name  string
	key   func(local string) string                                    // an address or name
	make  func(ctx context.Context, f Fixture, key, name string) error // an active one
	off   func(ctx context.Context, f Fixture, key string) error       // switches it off
	gone  func(ctx context.Context, f Fixture, key string) error       // deletes it
	read  func(ctx context.Context, f Fixture, s store.Search, page store.PageRequest) (store.Page[string], error)
	sorts []store.Sort
	// table and column are where the row of one is; quota is the column of its quota, if it has any.
	table, column, quota string
}

func in(domain string) func(local string) string {
	return func(local string) string { return local + "@" + domain }
}

// keysOf is a page of whole items by their keys.
func keysOf[T any](key func(T) string) func(list store.Page[T], err error) (store.Page[string], error) {
	return func(list store.Page[T], err error) (store.Page[string], error) {
		short := store.Page[string]{Items: []string{}, Next: list.Next, Total: list.Total}
		for _, item := range list.Items {
			short.Items = append(short.Items, key(item))
		}
		return short, err
	}
}

// second is the error of a write.
func second(_ store.Change, err error) error { return err }

// nouns are all that have lists.
var nouns = []nounList{
	{
		name: "domains", key: func(local string) string { return local + ".test" }, sorts: store.DomainSorts,
		table: "domain", column: "domain", quota: "maxquota",
		make: func(ctx context.Context, f Fixture, key, name string) error {
			return second(f.Accounts.CreateDomain(ctx, asGlobal, store.DomainCreate{Name: key, Description: name}))
		},
		off: func(ctx context.Context, f Fixture, key string) error {
			return second(f.Accounts.UpdateDomain(ctx, asGlobal, key, store.DomainUpdate{Active: ptr(false)}))
		},
		gone: func(ctx context.Context, f Fixture, key string) error {
			return second(f.Accounts.DeleteDomain(ctx, asGlobal, key, 0))
		},
		read: func(ctx context.Context, f Fixture, s store.Search, page store.PageRequest) (store.Page[string], error) {
			return keysOf(func(d store.Domain) string { return d.Name })(f.Accounts.Domains(ctx, store.DomainFilter{Search: s}, page))
		},
	},
	{
		name: "users", key: in("a.test"), sorts: store.UserSorts, table: "mailbox", column: "username", quota: "quota",
		make: func(ctx context.Context, f Fixture, key, name string) error {
			return second(f.Accounts.CreateUser(ctx, asGlobal, store.UserCreate{Mail: key, Name: name, Password: aHash, Active: true}))
		},
		off: func(ctx context.Context, f Fixture, key string) error {
			return second(f.Accounts.UpdateUser(ctx, asGlobal, key, store.UserUpdate{Active: ptr(false)}))
		},
		gone: func(ctx context.Context, f Fixture, key string) error {
			return second(f.Accounts.DeleteUser(ctx, asGlobal, key, 0))
		},
		read: func(ctx context.Context, f Fixture, s store.Search, page store.PageRequest) (store.Page[string], error) {
			return keysOf(func(u store.User) string { return u.Mail })(
				f.Accounts.Users(ctx, store.UserFilter{Domain: "a.test", Search: s}, page))
		},
	},
	{
		name: "admins", key: in("elsewhere.test"), sorts: store.AdminSorts, table: "admin", column: "username",
		make: func(ctx context.Context, f Fixture, key, name string) error {
			return second(f.Accounts.CreateAdmin(ctx, asGlobal, store.AdminCreate{Mail: key, Name: name, Password: aHash, Active: true}))
		},
		off: func(ctx context.Context, f Fixture, key string) error {
			return second(f.Accounts.UpdateAdmin(ctx, asGlobal, key, store.AdminUpdate{Active: ptr(false)}))
		},
		gone: func(ctx context.Context, f Fixture, key string) error {
			return second(f.Accounts.DeleteAdmin(ctx, asGlobal, key))
		},
		read: func(ctx context.Context, f Fixture, s store.Search, page store.PageRequest) (store.Page[string], error) {
			return keysOf(func(a store.Admin) string { return a.Mail })(f.Accounts.Admins(ctx, store.AdminFilter{Search: s}, page))
		},
	},
	{
		name: "aliases", key: in("a.test"), sorts: store.AliasSorts, table: "alias", column: "address",
		make: func(ctx context.Context, f Fixture, key, name string) error {
			return second(f.Accounts.CreateAlias(ctx, asGlobal, store.AliasCreate{Mail: key, Name: name, Active: true}))
		},
		off: func(ctx context.Context, f Fixture, key string) error {
			return second(f.Accounts.UpdateAlias(ctx, asGlobal, key, store.AliasUpdate{Active: ptr(false)}))
		},
		gone: func(ctx context.Context, f Fixture, key string) error {
			return second(f.Accounts.DeleteAlias(ctx, asGlobal, key))
		},
		read: func(ctx context.Context, f Fixture, s store.Search, page store.PageRequest) (store.Page[string], error) {
			return keysOf(func(a store.Alias) string { return a.Mail })(
				f.Accounts.Aliases(ctx, store.AliasFilter{Domain: "a.test", Search: s}, page))
		},
	},
	{
		name: "mailing lists", key: in("a.test"), sorts: store.MailingListSorts, table: "maillists", column: "address",
		make: func(ctx context.Context, f Fixture, key, name string) error {
			return second(f.Accounts.CreateMailingListAccount(ctx, asGlobal, store.MailingListAccountCreate{Mail: key, Name: name, Active: true}))
		},
		off: func(ctx context.Context, f Fixture, key string) error {
			return second(f.Accounts.UpdateMailingListAccount(ctx, asGlobal, key, store.MailingListAccountUpdate{Active: ptr(false)}))
		},
		gone: func(ctx context.Context, f Fixture, key string) error {
			return second(f.Accounts.DeleteMailingListAccount(ctx, asGlobal, key, false))
		},
		read: func(ctx context.Context, f Fixture, s store.Search, page store.PageRequest) (store.Page[string], error) {
			return keysOf(func(m store.MailingListAccount) string { return m.Mail })(
				f.Accounts.MailingListAccounts(ctx, store.MailingListFilter{Domain: "a.test", Search: s}, page))
		},
	},
}

// short are the lists of keys alone, by the noun whose they are.
var short = map[string]func(ctx context.Context, f Fixture, s store.Search, page store.PageRequest) (store.Page[string], error){
	"domains": func(ctx context.Context, f Fixture, s store.Search, page store.PageRequest) (store.Page[string], error) {
		return f.Accounts.DomainNames(ctx, store.DomainFilter{Search: s}, page)
	},
	"users": func(ctx context.Context, f Fixture, s store.Search, page store.PageRequest) (store.Page[string], error) {
		return f.Accounts.UserAddresses(ctx, store.UserFilter{Domain: "a.test", Search: s}, page)
	},
	"aliases": func(ctx context.Context, f Fixture, s store.Search, page store.PageRequest) (store.Page[string], error) {
		return f.Accounts.AliasAddresses(ctx, store.AliasFilter{Domain: "a.test", Search: s}, page)
	},
	"mailing lists": func(ctx context.Context, f Fixture, s store.Search, page store.PageRequest) (store.Page[string], error) {
		return f.Accounts.MailingListAddresses(ctx, store.MailingListFilter{Domain: "a.test", Search: s}, page)
	},
}

// lists proves the pages of every list.
func lists(t *testing.T, open Open) {
	for _, n := range nouns {
		t.Run(n.name, func(t *testing.T) {
			t.Run("sorted", func(t *testing.T) { n.sorted(t, open) })
			t.Run("searched", func(t *testing.T) { n.searched(t, open) })
			t.Run("beside writers", func(t *testing.T) { n.besideWriters(t, open) })
			if read := short[n.name]; read != nil {
				n.read = read
				t.Run("keys sorted", func(t *testing.T) { n.sorted(t, open) })
				t.Run("keys searched", func(t *testing.T) { n.searched(t, open) })
			}
		})
	}
	t.Run("long names", func(t *testing.T) { sortLongNames(t, open) })
	t.Run("whose users", func(t *testing.T) { listUsersThat(t, open) })
	t.Run("which admins", func(t *testing.T) { listAdminsThat(t, open) })
	t.Run("stored bytes of domains", func(t *testing.T) { sortDomainsByUse(t, open) })
}

// open makes a store with the domain in which accounts are, unless domains are what is nounList.
func (n nounList) open(t *testing.T, open Open) Fixture {
	t.Helper()
	f := open(t)
	if n.table != "domain" && n.table != "admin" {
		mustDomain(t, f, "a.test")
	}
	return f
}

func (n nounList) must(t *testing.T, f Fixture, local, name string) string {
	t.Helper()
	key := n.key(local)
	require.NoError(t, n.make(ctx(t), f, key, name))
	return key
}

func (n nounList) keys(t *testing.T, f Fixture, s store.Search) []string {
	t.Helper()
	list, err := n.read(ctx(t), f, s, store.PageRequest{})
	require.NoError(t, err)
	require.Empty(t, list.Next)
	require.Nil(t, list.Total)
	return list.Items
}

func (n nounList) sorted(t *testing.T, open Open) {
	f := n.open(t, open)
	// Two of a name, which stand in the order of the key.
	names := map[string]string{"u1": "delta", "u2": "Bravo", "u3": "alpha", "u4": "Bravo", "u5": "charlie"}
	for _, local := range []string{"u4", "u1", "u5", "u3", "u2"} {
		n.must(t, f, local, names[local])
	}
	order := func(locals ...string) []string {
		for i, l := range locals {
			locals[i] = n.key(l)
		}
		return locals
	}
	n.requireSorted(t, f, store.SortKey, order("u1", "u2", "u3", "u4", "u5"))
	n.requireSorted(t, f, store.SortName, order("u3", "u2", "u4", "u5", "u1"))
	if f.Directory != nil {
		for _, s := range []store.Sort{store.SortCreated, store.SortModified, store.SortQuota, store.SortStoredBytes, "mail"} {
			n.requireNoSort(t, f, s)
		}
		return
	}
	n.requireNoSort(t, f, "mail")
	at := func(column, value string, locals ...string) {
		for _, l := range locals {
			exec(t, f, "UPDATE "+n.table+" SET "+column+" = '"+value+"' WHERE "+n.column+" = ?", n.key(l))
		}
	}
	at("created", "2024-01-02 03:04:05", "u5", "u2")
	at("created", "2023-01-02 03:04:05", "u3")
	at("created", "1970-01-01 01:01:01", "u1", "u4")
	at("modified", "2025-01-02 03:04:05", "u1", "u2", "u3", "u4")
	at("modified", "2025-01-02 03:04:04", "u5")
	n.requireSorted(t, f, store.SortCreated, order("u1", "u4", "u3", "u2", "u5"))
	n.requireSorted(t, f, store.SortModified, order("u5", "u1", "u2", "u3", "u4"))
	if n.quota == "" {
		n.requireNoSort(t, f, store.SortQuota)
		n.requireNoSort(t, f, store.SortStoredBytes)
		return
	}
	at(n.quota, "100", "u1", "u2", "u4")
	at(n.quota, "20", "u5")
	n.requireSorted(t, f, store.SortQuota, order("u3", "u5", "u1", "u2", "u4"))
	if n.table == "mailbox" {
		n.requireSorted(t, f, store.SortStoredBytes, order("u1", "u2", "u3", "u4", "u5"))
		exec(t, f, "INSERT INTO used_quota (username, bytes, messages) VALUES (?, 7000000000, 1)", n.key("u2"))
		exec(t, f, "INSERT INTO used_quota (username, bytes, messages) VALUES (?, 70, 1)", n.key("u1"))
		n.requireSorted(t, f, store.SortStoredBytes, order("u3", "u4", "u5", "u1", "u2"))
	}
}

// requireSorted walks the whole list in pages, both ways.
func (n nounList) requireSorted(t *testing.T, f Fixture, sort store.Sort, want []string) {
	t.Helper()
	requirePagesBy(t, sort, want, func(page store.PageRequest) ([]string, string) {
		page.Count = page.After != "" // where nobody asks there is no number
		list, err := n.read(ctx(t), f, store.Search{}, page)
		require.NoError(t, err)
		if page.Count {
			require.Equal(t, ptr(int64(len(want))), list.Total)
		} else {
			require.Nil(t, list.Total)
		}
		return list.Items, list.Next
	})
}

func (n nounList) requireNoSort(t *testing.T, f Fixture, sort store.Sort) {
	t.Helper()
	_, err := n.read(ctx(t), f, store.Search{}, store.PageRequest{Sort: sort})
	requireCode(t, err, store.Invalid, store.CodeInvalidValue)
	var e *store.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "sort", e.Field)
}

func (n nounList) searched(t *testing.T, open Open) {
	f := n.open(t, open)
	anna := n.must(t, f, "anna", `Anna 100% (x)\y`)
	ann := n.must(t, f, "ann", "The other a_b*c")
	bert := n.must(t, f, "bert", "Bert Annan")
	for text, want := range map[string][]string{
		"ann": {ann, anna}, "ANN": {ann, anna}, "anna": {anna}, anna: {anna}, "nna": {}, "b": {bert},
		"an_": {}, "an%": {}, "an*": {}, "%": {}, "_": {}, "*": {}, "(": {}, ")": {}, `\`: {}, "!": {}, "'": {}, "€": {},
	} {
		require.Equal(t, sorted(want), n.keys(t, f, store.Search{Prefix: text}), "prefix %s", text)
	}
	for text, want := range map[string][]string{
		"nna": {anna, bert}, "NNA": {anna, bert}, "ert": {bert}, "other": {ann}, "xx": {},
		"100%": {anna}, "%": {anna}, "(x)": {anna}, `\`: {anna}, `)\y`: {anna}, "a_b": {ann}, "a_": {ann}, "b*c": {ann}, "*": {ann},
		"(x": {anna}, "_": {ann}, "a%a": {}, "a*a": {}, "!": {}, "€": {},
	} {
		require.Equal(t, sorted(want), n.keys(t, f, store.Search{Any: text}), "any %s", text)
	}
	for field, s := range map[string]store.Search{
		"q": {Prefix: "a\x00"}, "q_any": {Any: "a\nb"},
	} {
		_, err := n.read(ctx(t), f, s, store.PageRequest{})
		requireCode(t, err, store.Invalid, store.CodeInvalidValue)
		var e *store.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, field, e.Field)
	}
	require.NoError(t, n.off(ctx(t), f, anna))
	require.Equal(t, []string{anna}, n.keys(t, f, store.Search{Active: ptr(false)}))
	require.Equal(t, sorted([]string{ann, bert}), n.keys(t, f, store.Search{Active: ptr(true)}))
	require.Equal(t, []string{ann}, n.keys(t, f, store.Search{Active: ptr(true), Prefix: "a"}))
	now := time.Now()
	require.Empty(t, n.keys(t, f, store.Search{CreatedAfter: now.Add(time.Hour)}))
	require.Equal(t, sorted([]string{ann, anna, bert}), n.keys(t, f, store.Search{CreatedAfter: now.Add(-time.Hour)}))
	list, err := n.read(ctx(t), f, store.Search{Prefix: "ann"}, store.PageRequest{Limit: 1, Count: true})
	require.NoError(t, err)
	require.Equal(t, ptr(int64(2)), list.Total)
	list, err = n.read(ctx(t), f, store.Search{Prefix: "ann"}, store.PageRequest{Limit: 1, After: list.Next})
	require.NoError(t, err)
	require.Equal(t, []string{sorted([]string{ann, anna})[1]}, list.Items)
	require.Empty(t, list.Next)
}

// sorted is as databases and directories that go by bytes sort.
func sorted(keys []string) []string {
	keys = append([]string{}, keys...)
	slices.Sort(keys)
	return keys
}

// writers is how many write while a list is read.
const writers = 10

// besideWriters reads lists while others make and delete accounts: whatever is there all the time is seen exactly once.
func (n nounList) besideWriters(t *testing.T, open Open) {
	f := n.open(t, open)
	var stay []string
	for i := range 20 {
		stay = append(stay, n.must(t, f, fmt.Sprintf("m%02d", i), "stays"))
	}
	running, stop := context.WithCancel(ctx(t))
	var all sync.WaitGroup
	wrote := make(chan struct{}, writers)
	for w := range writers {
		all.Go(func() {
			for i := 0; running.Err() == nil; i++ {
				// Before, among and behind those that stay.
				key := n.key(fmt.Sprintf("%c%02dx%d", "amz"[i%3], i%20, w))
				if n.make(ctx(t), f, key, "comes") != nil || n.gone(ctx(t), f, key) != nil {
					t.Errorf("%s cannot be made or deleted", key)
					return
				}
				select {
				case wrote <- struct{}{}:
				default:
				}
			}
		})
	}
	defer all.Wait()
	defer stop()
	for range writers {
		<-wrote // all of them are at work
	}
	for _, desc := range []bool{false, true} {
		for _, limit := range []int{1, 3} {
			page := store.PageRequest{Limit: limit, Desc: desc}
			var seen []string
			found := walk(t, page, 20+writers*60, func(page store.PageRequest) ([]string, string) {
				list, err := n.read(ctx(t), f, store.Search{}, page)
				require.NoError(t, err)
				return list.Items, list.Next
			})
			for _, key := range found {
				if slices.Contains(stay, key) {
					seen = append(seen, key)
				}
			}
			expected := slices.Clone(stay)
			if desc {
				slices.Reverse(expected)
			}
			require.Equal(t, expected, seen, "in pages of %d, descending %v", limit, desc)
			require.Len(t, slices.Compact(slices.Sorted(slices.Values(found))), len(found), "twice")
		}
	}
}

func listUsersThat(t *testing.T, open Open) {
	f := withDomain(t, open)
	for mail, quota := range map[string]int64{"full@a.test": 10, "most@a.test": 10, "some@a.test": 10, "free@a.test": 0} {
		mustUser(t, f, mail)
		mustUpdateUser(t, f, mail, store.UserUpdate{Quota: ptr(quota)})
	}
	mustUpdateUser(t, f, "some@a.test", store.UserUpdate{Global: ptr(true)})
	mustDomain(t, f, "b.test") // in which there is one, too
	mustUser(t, f, "other@b.test")
	mustUpdateUser(t, f, "other@b.test", store.UserUpdate{Global: ptr(true)})
	mb := int64(1 << 20)
	for mail, bytes := range map[string]int64{"full@a.test": 12 * mb, "most@a.test": 9 * mb, "some@a.test": 9*mb - 1, "free@a.test": 1 << 50} {
		note(t, f, "INSERT INTO used_quota (username, bytes, messages) VALUES (?, ?, 1)", mail, bytes)
	}
	for percent, want := range map[int64][]string{
		1: {"full@a.test", "most@a.test", "some@a.test"}, 89: {"full@a.test", "most@a.test", "some@a.test"},
		90: {"full@a.test", "most@a.test"}, 100: {"full@a.test"}, 120: {"full@a.test"}, 121: {}, 1 << 40: {},
	} {
		mails, _ := listOfUsers(t, f, store.UserFilter{Domain: "a.test", OverQuotaPercent: &percent}, store.PageRequest{})
		require.Equal(t, want, mails, "over %d percent", percent)
	}
	over := store.UserFilter{Domain: "a.test", OverQuotaPercent: ptr(int64(1))}
	require.Equal(t, []string{"full@a.test", "most@a.test", "some@a.test"}, walk(t, store.PageRequest{Limit: 1}, 3,
		func(page store.PageRequest) ([]string, string) { return listOfUsers(t, f, over, page) }))
	for global, want := range map[bool][]string{true: {"some@a.test"}, false: {"free@a.test", "full@a.test", "most@a.test"}} {
		mails, _ := listOfUsers(t, f, store.UserFilter{Domain: "a.test", Global: &global}, store.PageRequest{})
		require.Equal(t, want, mails, "global %v", global)
	}
}

func listAdminsThat(t *testing.T, open Open) {
	f := open(t)
	mustAdmin(t, f, "a@elsewhere.test", store.LimitsUpdate{})
	mustGlobalAdmin(t, f, "b@elsewhere.test")
	for global, want := range map[bool]string{true: "b@elsewhere.test", false: "a@elsewhere.test"} {
		list, err := f.Accounts.Admins(ctx(t), store.AdminFilter{Global: &global}, store.PageRequest{})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		require.Equal(t, want, list.Items[0].Mail)
	}
}

// sortDomainsByUse sorts by what all mailboxes of a domain hold.
func sortDomainsByUse(t *testing.T, open Open) {
	f := open(t)
	for _, name := range []string{"a.test", "b.test", "c.test"} {
		mustDomain(t, f, name)
	}
	for mail, bytes := range map[string]int64{"x@a.test": 5, "y@a.test": 6, "x@b.test": 10} {
		note(t, f, "INSERT INTO used_quota (username, bytes, messages) VALUES (?, ?, 1)", mail, bytes)
	}
	if f.SQL == nil {
		nouns[0].requireNoSort(t, f, store.SortStoredBytes)
		return
	}
	nouns[0].requireSorted(t, f, store.SortStoredBytes, []string{"c.test", "b.test", "a.test"})
	mustAdmin(t, f, "boss@elsewhere.test", store.LimitsUpdate{})
	for _, name := range []string{"a.test", "c.test"} {
		mustManage(t, f, name, "boss@elsewhere.test")
	}
	names, err := f.Accounts.DomainNames(ctx(t), store.DomainFilter{ManagedBy: "boss@elsewhere.test"},
		store.PageRequest{Sort: store.SortStoredBytes, Desc: true, Limit: 1, Count: true})
	require.NoError(t, err)
	require.Equal(t, []string{"a.test"}, names.Items)
	require.Equal(t, ptr(int64(2)), names.Total)
	names, err = f.Accounts.DomainNames(ctx(t), store.DomainFilter{ManagedBy: "boss@elsewhere.test"},
		store.PageRequest{Sort: store.SortStoredBytes, Desc: true, Limit: 1, After: names.Next})
	require.NoError(t, err)
	require.Equal(t, []string{"c.test"}, names.Items)
}

// sortLongNames goes on after names, made by another program, that no cursor has room for.
func sortLongNames(t *testing.T, open Open) {
	f := open(t)
	names := []string{"a.test", "b.test", "c.test"}
	for _, name := range names {
		mustDomain(t, f, name)
		long := strings.Repeat("\u00c4Z", 2000) + name
		if f.Directory != nil {
			f.Directory.Put(t, f.Directory.DomainDN(name), "cn", long)
			continue
		}
		exec(t, f, "UPDATE domain SET description = ? WHERE domain = ?", long, name)
	}
	requirePagesBy(t, store.SortName, names, func(page store.PageRequest) ([]string, string) {
		list, err := nouns[0].read(ctx(t), f, store.Search{}, page)
		require.NoError(t, err)
		require.Less(t, len(list.Next), 2000)
		return list.Items, list.Next
	})
}
