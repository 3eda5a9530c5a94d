package change_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/change"
	"github.com/postern-mail/postern/store/mlmmj"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/statestore"
	"github.com/postern-mail/postern/store/storetest"
)

const dev = "dev@example.com"

// post is a server with example.com, anna and bo in it, the domain other.test with zoe, and mlmmj. Each step of a write, in the
// accounts or with mlmmj, may be the last thing that its process does.
type post struct {
	accounts store.Accounts
	lists    *mlmmj.Spool // to look at what mlmmj holds
	driver   store.Mlmmj
	state    *statestore.Store
	log      *recorder // which changes were followed

	mu    sync.Mutex
	taken []string                    // the steps so far
	cut   func(at int) bool           // ends the process
	fails func(step string) error     // makes a step fail
	mls   func() *change.MailingLists // of the process that runs now
	all   func() *change.Accounts
}

func newPost(t *testing.T) *post {
	t.Helper()
	return newPostOn(t, native)
}

// The drivers of mlmmj.
const (
	native     = "native"
	mlmmjadmin = "mlmmjadmin"
)

// onBothDrivers runs a test with each driver. What runs with one of them alone is a failure.
func onBothDrivers(t *testing.T, test func(t *testing.T, open func(t *testing.T) *post)) {
	t.Helper()
	ran := map[string][]string{}
	for _, driver := range []string{native, mlmmjadmin} {
		t.Run(driver, func(t *testing.T) {
			suite := t.Name()
			ran[driver] = []string{}
			test(t, func(t *testing.T) *post {
				t.Helper()
				t.Cleanup(func() {
					if !t.Skipped() {
						ran[driver] = append(ran[driver], strings.TrimPrefix(t.Name(), suite))
					}
				})
				return newPostOn(t, driver)
			})
		})
	}
	if len(ran) == 2 {
		require.ElementsMatch(t, ran[native], ran[mlmmjadmin], "the same subtests with both drivers")
	}
}

func newPostOn(t *testing.T, driver string) *post {
	t.Helper()
	programs := storetest.Mlmmj(t)
	dir := t.TempDir()
	db, err := sqldb.Open("sqlite://" + filepath.Join(dir, "vmail.db") + "?sync=off")
	require.NoError(t, err)
	require.NoError(t, sqlstore.Schema.Migrate(t.Context(), db))
	accounts, err := sqlstore.New(t.Context(), db, sqlstore.DefaultOptions())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, accounts.Close()) })
	p := &post{
		accounts: accounts, state: openState(t),
		lists: mlmmj.NewSpool(mlmmj.SpoolConfig{Spool: filepath.Join(dir, "spool"), Programs: programs, SMTPPort: 9}),
	}
	p.driver = p.lists
	if driver == mlmmjadmin {
		admin := storetest.NewMlmmjadminAt(t, p.lists.Spool, p.lists.Archive)
		p.driver = mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: admin.URL, Token: admin.Token})
	}
	for _, name := range []string{"example.com", "other.test"} {
		_, err = accounts.CreateDomain(t.Context(), byRoot, store.DomainCreate{Name: name})
		require.NoError(t, err)
	}
	for _, mail := range []string{"anna@example.com", "bo@example.com", "zoe@other.test"} {
		_, err = accounts.CreateUser(t.Context(), byRoot, store.UserCreate{Mail: mail, Password: "{SSHA}x", Active: true})
		require.NoError(t, err)
	}
	p.restart()
	return p
}

// restart is a fresh process.
func (p *post) restart() {
	p.log = &recorder{}
	p.taken, p.cut, p.fails = nil, func(int) bool { return false }, func(string) error { return nil }
	accounts, lists := steppedAccounts{p.accounts, p}, steppedLists{p.driver, p}
	all := change.New(accounts, p.state, slog.New(slog.NewTextHandler(io.Discard, nil)), p.log, change.FollowLists(accounts, lists, p.state))
	mls := change.NewMailingLists(all, lists, p.state, change.NewInviter(all, lists, p.state))
	p.all, p.mls = func() *change.Accounts { return all }, func() *change.MailingLists { return mls }
}

// step comes before each write.
func (p *post) step(name string) error {
	p.mu.Lock()
	p.taken = append(p.taken, name)
	at := len(p.taken) - 1
	p.mu.Unlock()
	if p.cut(at) {
		panic(crash{})
	}
	return p.fails(name)
}

type steppedAccounts struct {
	store.Accounts
	post *post
}

func (s steppedAccounts) write(w store.Write, name string, do func() (store.Change, error)) (store.Change, error) {
	if w.DryRun {
		return do()
	}
	if err := s.post.step(name); err != nil {
		return store.Change{}, err
	}
	c, err := do()
	if err == nil {
		err = s.post.step("after " + name)
	}
	return c, err
}

func (s steppedAccounts) CreateMailingListAccount(ctx context.Context, w store.Write, m store.MailingListAccountCreate) (store.Change, error) {
	return s.write(w, "CreateMailingListAccount", func() (store.Change, error) { return s.Accounts.CreateMailingListAccount(ctx, w, m) })
}

func (s steppedAccounts) UpdateMailingListAccount(ctx context.Context, w store.Write, mail string, u store.MailingListAccountUpdate) (store.Change, error) {
	return s.write(w, "UpdateMailingListAccount", func() (store.Change, error) { return s.Accounts.UpdateMailingListAccount(ctx, w, mail, u) })
}

func (s steppedAccounts) DeleteMailingListAccount(ctx context.Context, w store.Write, mail string, keep bool) (store.Change, error) {
	return s.write(w, "DeleteMailingListAccount", func() (store.Change, error) { return s.Accounts.DeleteMailingListAccount(ctx, w, mail, keep) })
}

func (s steppedAccounts) DeleteDomain(ctx context.Context, w store.Write, name string, days int) (store.Change, error) {
	return s.write(w, "DeleteDomain", func() (store.Change, error) { return s.Accounts.DeleteDomain(ctx, w, name, days) })
}

func (s steppedAccounts) DeleteUser(ctx context.Context, w store.Write, mail string, days int) (store.Change, error) {
	return s.write(w, "DeleteUser", func() (store.Change, error) { return s.Accounts.DeleteUser(ctx, w, mail, days) })
}

func (s steppedAccounts) RenameUser(ctx context.Context, w store.Write, mail, to string) (store.Change, error) {
	return s.write(w, "RenameUser", func() (store.Change, error) { return s.Accounts.RenameUser(ctx, w, mail, to) })
}

type steppedLists struct {
	store.Mlmmj
	post *post
}

func (s steppedLists) write(name string, do func() error) error {
	if err := s.post.step(name); err != nil {
		return err
	}
	return do()
}

func (s steppedLists) Prepare(ctx context.Context, mail string, settings store.MlmmjSettings) error {
	return s.write("Prepare", func() error { return s.Mlmmj.Prepare(ctx, mail, settings) })
}

func (s steppedLists) ConfigureList(ctx context.Context, mail string, u store.MlmmjUpdate) error {
	return s.write("ConfigureList", func() error { return s.Mlmmj.ConfigureList(ctx, mail, u) })
}

func (s steppedLists) RemoveList(ctx context.Context, mail string, keep bool) error {
	return s.write("RemoveList", func() error { return s.Mlmmj.RemoveList(ctx, mail, keep) })
}

func (s steppedLists) Subscribe(ctx context.Context, mail string, kind store.Subscription, addresses []string) error {
	return s.write("Subscribe", func() error { return s.Mlmmj.Subscribe(ctx, mail, kind, addresses) })
}

func (s steppedLists) Unsubscribe(ctx context.Context, mail string, addresses []string) error {
	return s.write("Unsubscribe", func() error { return s.Mlmmj.Unsubscribe(ctx, mail, addresses) })
}

func (s steppedLists) ForgetSubscriber(ctx context.Context, address string, lists []string) error {
	return s.write("ForgetSubscriber", func() error { return s.Mlmmj.ForgetSubscriber(ctx, address, lists) })
}

func (s steppedLists) RenameSubscriber(ctx context.Context, from, to string, lists []string) error {
	return s.write("RenameSubscriber", func() error { return s.Mlmmj.RenameSubscriber(ctx, from, to, lists) })
}

// kept is what there is of a list.
type kept struct {
	Account  store.MailingListAccount
	Settings store.MlmmjSettings
	Members  []store.Subscriber
}

// everything is all that there is of lists: their accounts without what differs each time, and what mlmmj holds.
func (p *post) everything(t *testing.T) map[string]kept {
	t.Helper()
	all := map[string]kept{}
	known, err := p.accounts.MailingListAddresses(t.Context(), store.MailingListFilter{}, store.PageRequest{})
	require.NoError(t, err)
	held, err := p.lists.All()
	require.NoError(t, err)
	for _, mail := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(known.Items, held)))) {
		var k kept
		if slices.Contains(known.Items, mail) {
			k.Account, err = p.accounts.MailingListAccount(t.Context(), mail)
			require.NoError(t, err)
			k.Account.Stored = k.Account.Stored.Without("id", "mlid", "created", "modified")
			k.Account.Created, k.Account.Modified = time.Time{}, time.Time{}
		}
		k.Settings, err = p.lists.MlmmjSettings(t.Context(), mail)
		require.True(t, err == nil || store.IsNotFound(err), "%v", err)
		k.Members = p.subscribers(t, mail)
		all[mail] = k
	}
	return all
}

func (p *post) subscribers(t *testing.T, mail string) []store.Subscriber {
	t.Helper()
	var members []store.Subscriber
	for s, err := range p.lists.Subscribers(t.Context(), mail) {
		require.True(t, err == nil || store.IsNotFound(err), "%v", err)
		if err == nil {
			members = append(members, s)
		}
	}
	return members
}

var members = []string{"anna@example.com", "bo@example.com", "x@far.test", "zoe@other.test"}

func (p *post) create(t *testing.T) error {
	t.Helper()
	owners := []string{"anna@example.com"}
	_, err := p.mls().CreateMailingList(t.Context(), byRoot, store.MailingListCreate{
		Mail: dev, Active: true, Settings: store.MlmmjUpdate{Name: text("Developers"), Owners: &owners, ExtraAddresses: &[]string{"developers@example.com"}},
		Subscribers: members, Subscription: store.SubscribeNormal,
	})
	return err
}

func text(s string) *string { return &s }

// TestListsCutAnywhere ends the process before and after each step of each write that touches a list, starts another one, and
// repeats the call. What there is then must be as if nothing had happened; and right after the end no list may take mail that is
// not all there.
func TestMadeLists(t *testing.T) { onBothDrivers(t, madeLists) }

// madeLists has a create say that it made what reading returns, and what of it is stored otherwise than asked.
func madeLists(t *testing.T, open func(t *testing.T) *post) {
	yes, size, text := true, int64(5000), "Dev – 開発"
	people, extra := []string{"zoe@other.test", "anna@example.com"}, []string{"team@example.com", "anna@example.com", "crew@example.com"}
	headers, removed := []string{"X-B: 2", "X-A: 1"}, []string{"X-Spam", "Message-ID:"}
	for name, n := range map[string]store.MailingListCreate{
		"bare": {},
		"with everything": {
			Active: true, Description: "D", Subscribers: []string{"bo@example.com"}, Subscription: store.SubscribeNormal, Settings: store.MlmmjUpdate{
				Name: &text, Closed: &yes, NoSubscription: &yes, NoSubscriptionConfirm: &yes, NoDigest: &yes, NoDigestText: &yes, NoNoMail: &yes,
				Moderated: &yes, ModerateNonSubscribers: &yes, NoOldPosts: &yes, OldPostsForSubscribers: &yes, NoSubscriberList: &yes,
				NoCopyToSender: &yes, NotifyOwners: &yes, NotifyModerated: &yes, NoArchive: &yes, ModerateSubscription: &yes, Newsletter: &yes,
				ExtraAddresses: &extra, SubscriptionModerators: &people, Owners: &people, Moderators: &people, MaxMessageSize: &size,
				SubjectPrefix: &text, CustomHeaders: &headers, RemoveHeaders: &removed, FooterText: &text, FooterHTML: &text,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			n.Mail = dev
			w := byRoot
			w.OnMissing, w.DryRun = store.Drop, true
			planned, err := p.mls().CreateMailingList(t.Context(), w, n)
			require.NoError(t, err)
			w.DryRun = false
			made, err := p.mls().CreateMailingList(t.Context(), w, n)
			require.NoError(t, err)
			require.Equal(t, planned.Discarded, made.Discarded)
			want, err := p.mls().MailingList(t.Context(), dev)
			require.NoError(t, err)
			for _, c := range []store.Change{planned, made} {
				got, isList := c.Made.(store.MailingList)
				require.True(t, isList, "%T", c.Made)
				require.Empty(t, cmp.Diff(want.Settings, got.Settings))
				require.Empty(t, c.Adjusted)
			}
			got, _ := made.Made.(store.MailingList)
			want.Stored, got.Stored = want.Stored.Without("id", "settings"), got.Stored.Without("id", "settings")
			require.Empty(t, cmp.Diff(want, got))
		})
	}
	t.Run("a limit that mlmmj cannot count to", func(t *testing.T) {
		p := open(t)
		large, want := int64(4)<<30, []store.Adjustment{{Field: "max_message_size", Asked: int64(4) << 30, Stored: int64(math.MaxInt32)}}
		c, err := p.mls().CreateMailingList(t.Context(), byRoot, store.MailingListCreate{Mail: dev, Settings: store.MlmmjUpdate{MaxMessageSize: &large}})
		require.NoError(t, err)
		require.Equal(t, want, c.Adjusted)
		c, err = p.mls().UpdateMailingList(t.Context(), byRoot, dev, store.MailingListUpdate{Settings: store.MlmmjUpdate{MaxMessageSize: &large}})
		require.NoError(t, err)
		require.Equal(t, want, c.Adjusted)
		held, err := p.mls().MailingList(t.Context(), dev)
		require.NoError(t, err)
		require.EqualValues(t, math.MaxInt32, held.Settings.MaxMessageSize)
	})
	t.Run("what mlmmj refuses", func(t *testing.T) {
		p := open(t)
		bad := []string{"X-A: 1\nX-B: 2"}
		for _, dry := range []bool{true, false} {
			w := byRoot
			w.DryRun = dry
			_, err := p.mls().CreateMailingList(t.Context(), w, store.MailingListCreate{Mail: dev, Settings: store.MlmmjUpdate{CustomHeaders: &bad}})
			var refusal *store.Error
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, "custom_headers", refusal.Field)
			require.Empty(t, p.everything(t))
		}
	})
}

func TestListsCutAnywhere(t *testing.T) { onBothDrivers(t, listsCutAnywhere) }

func listsCutAnywhere(t *testing.T, open func(t *testing.T) *post) {
	made := func(t *testing.T, p *post) { t.Helper(); require.NoError(t, p.create(t)) }
	cuts := 0
	for name, c := range map[string]struct {
		prepare func(t *testing.T, p *post)
		do      func(t *testing.T, p *post) error
	}{
		"create": {func(*testing.T, *post) {}, func(t *testing.T, p *post) error { t.Helper(); return p.create(t) }},
		"update": {made, func(t *testing.T, p *post) error {
			t.Helper()
			owners := []string{"bo@example.com"}
			_, err := p.mls().UpdateMailingList(t.Context(), byRoot, dev, store.MailingListUpdate{
				AccessPolicy: text("moderatorsonly"), Settings: store.MlmmjUpdate{Name: text("Dev"), Owners: &owners},
				Unsubscribe: []string{"x@far.test"}, Subscribe: []string{"y@far.test"}, Subscription: store.SubscribeDigest,
			})
			return err
		}},
		"update of who posts and moderates": {made, func(t *testing.T, p *post) error {
			t.Helper()
			yes, size, people, more := true, int64(4096), []string{"bo@example.com"}, []string{"d@example.com"}
			_, err := p.mls().UpdateMailingList(t.Context(), byRoot, dev, store.MailingListUpdate{Settings: store.MlmmjUpdate{
				OnlyModeratorsPost: &yes, Moderators: &people, MaxMessageSize: &size, ExtraAddresses: &more, Newsletter: &yes,
			}})
			return err
		}},
		"update of what mlmmj lost": {func(t *testing.T, p *post) {
			t.Helper()
			made(t, p)
			require.NoError(t, p.lists.RemoveList(t.Context(), dev, false))
		}, func(t *testing.T, p *post) error {
			t.Helper()
			_, err := p.mls().UpdateMailingList(t.Context(), byRoot, dev, store.MailingListUpdate{Subscribe: members[:1], Subscription: store.SubscribeNormal})
			return err
		}},
		"delete": {made, func(t *testing.T, p *post) error {
			t.Helper()
			_, err := p.mls().DeleteMailingList(t.Context(), byRoot, dev, false)
			return err
		}},
		"delete the domain": {made, func(t *testing.T, p *post) error {
			t.Helper()
			_, err := p.all().DeleteDomain(t.Context(), byRoot, "example.com", 0)
			return err
		}},
		"delete another domain": {made, func(t *testing.T, p *post) error {
			t.Helper()
			_, err := p.all().DeleteDomain(t.Context(), byRoot, "other.test", 0)
			return err
		}},
		"delete a subscriber": {made, func(t *testing.T, p *post) error {
			t.Helper()
			_, err := p.all().DeleteUser(t.Context(), byRoot, "bo@example.com", 0)
			return err
		}},
		"rename a subscriber": {made, func(t *testing.T, p *post) error {
			t.Helper()
			_, err := p.all().RenameUser(t.Context(), byRoot, "anna@example.com", "ann@example.com")
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			c.prepare(t, p)
			p.restart()
			require.NoError(t, c.do(t, p))
			want, steps := p.everything(t), slices.Clone(p.taken)
			require.NotEmpty(t, steps)
			for at, step := range steps {
				p = open(t)
				c.prepare(t, p)
				p.restart()
				p.cut = func(n int) bool { return n == at }
				require.PanicsWithValue(t, crash{}, func() { _ = c.do(t, p) }, step)
				for mail, k := range p.everything(t) {
					require.False(t, name == "create" && k.Account.Active && len(k.Members) < len(members), "%s takes mail, cut before: %s", mail, step)
				}

				p.restart()
				require.NoError(t, p.all().Resume(t.Context()))
				if err := c.do(t, p); err != nil { // the first call had got as far as it matters
					require.True(t, store.HasCode(err, store.CodeAlreadyExists) || store.IsNotFound(err), "%s: %v", step, err)
				}
				require.Equal(t, want, p.everything(t), "cut before: %s", step)
				cuts++
			}
		})
	}
	storetest.Count(t, "ends between two steps of a write of a list, each repeated", cuts)
}

// TestListsFailHalfWay has each step of a creation fail: nothing is left.
func TestListsFailHalfWay(t *testing.T) { onBothDrivers(t, listsFailHalfWay) }

func listsFailHalfWay(t *testing.T, open func(t *testing.T) *post) {
	for _, step := range []string{"Prepare", "Subscribe", "CreateMailingListAccount"} {
		t.Run(step, func(t *testing.T) {
			p := open(t)
			refused := store.Fail(store.Conflict, store.CodeNotAllowed, "Refused by the test.")
			p.fails = func(name string) error {
				if name == step {
					return refused
				}
				return nil
			}
			require.ErrorIs(t, p.create(t), refused)
			require.Empty(t, p.everything(t))
			p.restart()
			require.NoError(t, p.create(t))
		})
	}
	t.Run("when nobody knows what became of the account", func(t *testing.T) {
		p := open(t)
		p.fails = func(name string) error {
			if name == "after CreateMailingListAccount" {
				return store.Down("The database", errBroken)
			}
			return nil
		}
		require.Error(t, p.create(t))
		whole := p.everything(t)[dev]
		require.True(t, whole.Account.Active)
		require.Len(t, whole.Members, len(members), "the account may be there, so what it stands for is")
	})
}

// TestListsFollowLater has mlmmj be away while accounts go. They go all the same, and mlmmj follows once it is back.
func TestListsFollowLater(t *testing.T) { onBothDrivers(t, listsFollowLater) }

func listsFollowLater(t *testing.T, open func(t *testing.T) *post) {
	p := open(t)
	require.NoError(t, p.create(t))
	away := store.Down("mlmmj", errBroken)
	p.fails = func(name string) error {
		if slices.Contains([]string{"ForgetSubscriber", "RenameSubscriber", "RemoveList"}, name) {
			return away
		}
		return nil
	}
	_, err := p.all().DeleteUser(t.Context(), byRoot, "bo@example.com", 0)
	require.NoError(t, err)
	_, err = p.all().RenameUser(t.Context(), byRoot, "anna@example.com", "ann@example.com")
	require.NoError(t, err)
	require.Len(t, p.subscribers(t, dev), 4)
	require.Len(t, unfinished(t, p.state), 2)
	_, err = p.all().CreateUser(t.Context(), byRoot, store.UserCreate{Mail: "bo@example.com", Password: "{SSHA}x"})
	require.NoError(t, err, "mlmmj keeps nobody from getting an address")
	_, err = p.all().DeleteUser(t.Context(), byRoot, "bo@example.com", 0)
	require.NoError(t, err)

	p.fails = func(string) error { return nil }
	require.NoError(t, p.all().Resume(t.Context()))
	require.Empty(t, unfinished(t, p.state))
	require.Equal(t, []store.Subscriber{
		{Mail: "ann@example.com", Subscription: "normal"}, {Mail: "x@far.test", Subscription: "normal"}, {Mail: "zoe@other.test", Subscription: "normal"},
	}, p.subscribers(t, dev))
	settings, err := p.lists.MlmmjSettings(t.Context(), dev)
	require.NoError(t, err)
	require.Equal(t, []string{"ann@example.com"}, settings.Owners)
}

// TestListMadeAgainBeforeMlmmjFollowed deletes a list while mlmmj is away, and makes another one of that address. What mlmmj is
// told late must not take the new one.
func TestListMadeAgainBeforeMlmmjFollowed(t *testing.T) {
	onBothDrivers(t, listMadeAgainBeforeMlmmjFollowed)
}

func listMadeAgainBeforeMlmmjFollowed(t *testing.T, open func(t *testing.T) *post) {
	p := open(t)
	require.NoError(t, p.create(t))
	p.fails = func(name string) error {
		if name == "RemoveList" {
			return store.Down("mlmmj", errBroken)
		}
		return nil
	}
	_, err := p.mls().DeleteMailingList(t.Context(), byRoot, dev, false)
	require.NoError(t, err)
	require.Len(t, unfinished(t, p.state), 1)
	p.fails = func(string) error { return nil }
	require.NoError(t, p.create(t))
	require.NoError(t, p.all().Resume(t.Context()))
	require.Empty(t, unfinished(t, p.state))
	require.Len(t, p.subscribers(t, dev), len(members))
}

// TestDomainTakesStraysAlong deletes a domain of which mlmmj holds a list that has no account any more, as when a deletion was
// cut off in a directory.
func TestDomainTakesStraysAlong(t *testing.T) {
	p := newPost(t)
	require.NoError(t, p.lists.Prepare(t.Context(), dev, store.DefaultMlmmjSettings(dev)))
	require.NoError(t, p.lists.Prepare(t.Context(), "dev@other.test", store.DefaultMlmmjSettings("dev@other.test")))
	_, err := p.all().DeleteDomain(t.Context(), byRoot, "example.com", 0)
	require.NoError(t, err)
	held, err := p.lists.All()
	require.NoError(t, err)
	require.Equal(t, []string{"dev@other.test"}, held)
	require.Empty(t, unfinished(t, p.state))
}

// TestWithoutListsNothingIsMade deletes a domain where there was never a list.
func TestWithoutListsNothingIsMade(t *testing.T) {
	p := newPost(t)
	_, err := p.all().DeleteDomain(t.Context(), byRoot, "example.com", 0)
	require.NoError(t, err)
	require.NoDirExists(t, p.lists.Spool)
	require.Empty(t, unfinished(t, p.state))
}

// TestWithoutListsNobodyIsAsked has users go where mlmmj cannot be worked with and there are no lists.
func TestWithoutListsNobodyIsAsked(t *testing.T) { onBothDrivers(t, withoutListsNobodyIsAsked) }

func withoutListsNobodyIsAsked(t *testing.T, open func(t *testing.T) *post) {
	p := open(t)
	p.fails = func(name string) error {
		if name == "DeleteUser" || name == "after DeleteUser" {
			return nil
		}
		return fmt.Errorf("%s was asked for: %w", name, errBroken)
	}
	_, err := p.all().DeleteUser(t.Context(), byRoot, "bo@example.com", 0)
	require.NoError(t, err)
	require.Empty(t, unfinished(t, p.state))
}

// TestListsOfOneAddressWait has many make, change and delete one list at once. It is whole or absent at the end.
func TestListsOfOneAddressWait(t *testing.T) { onBothDrivers(t, listsOfOneAddressWait) }

func listsOfOneAddressWait(t *testing.T, open func(t *testing.T) *post) {
	p := open(t)
	done := make(chan error)
	const clients = 16
	for i := range clients {
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var err error
			for range 3 {
				switch i % 4 {
				case 0:
					_, err = p.mls().DeleteMailingList(ctx, byRoot, dev, false)
				case 1:
					_, err = p.mls().UpdateMailingList(ctx, byRoot, dev, store.MailingListUpdate{Settings: store.MlmmjUpdate{Name: text("Renamed")}})
				default:
					_, err = p.mls().CreateMailingList(ctx, byRoot, store.MailingListCreate{
						Mail: dev, Active: true, Subscribers: members, Subscription: store.SubscribeNormal,
					})
				}
				if err != nil && !store.IsNotFound(err) && !store.HasCode(err, store.CodeAlreadyExists) {
					break
				}
				err = nil
			}
			done <- err
		}()
	}
	for range clients {
		require.NoError(t, <-done)
	}
	for mail, k := range p.everything(t) {
		require.Equal(t, dev, mail)
		require.True(t, k.Account.Active, "mlmmj holds nothing without an account")
		require.Len(t, k.Members, len(members))
	}
	if p.driver == p.lists {
		// With mlmmjadmin what a deletion has not removed yet may be archived by whoever makes the list anew: its driver cannot
		// tell a list that was left unfinished from another one.
		_, err := os.Stat(p.lists.Archive)
		require.ErrorIs(t, err, os.ErrNotExist, "nothing was in anybody's way")
	}
}
