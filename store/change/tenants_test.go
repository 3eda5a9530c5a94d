package change_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// byTenant is an admin of example.com alone.
var byTenant = store.Write{Actor: store.Actor{Username: "adma@admins.test", API: true}}

const foreign = "news@other.test"

// withTenant has byTenant manage example.com, and a list there and one of somebody else that name everybody of example.com.
func withTenant(t *testing.T, p *post) {
	t.Helper()
	_, err := p.accounts.CreateAdmin(t.Context(), byRoot, store.AdminCreate{Mail: byTenant.Actor.Username, Password: "{SSHA}x", Active: true})
	require.NoError(t, err)
	_, err = p.accounts.UpdateDomainAdmins(t.Context(), byRoot, "example.com", store.Set{Add: []string{byTenant.Actor.Username}})
	require.NoError(t, err)
	people := []string{"anna@example.com", "bo@example.com"}
	for _, list := range []string{dev, foreign} {
		_, err = p.mls().CreateMailingList(t.Context(), byRoot, store.MailingListCreate{
			Mail: list, Active: true, Subscribers: people[:1], Subscription: store.SubscribeDigest,
			Settings: store.MlmmjUpdate{Owners: &people, Moderators: &people, SubscriptionModerators: &people},
		})
		require.NoError(t, err)
	}
	require.NoError(t, p.driver.Subscribe(t.Context(), dev, store.SubscribeNormal, people[1:]))
}

// requirePeople asserts that a list names the ones and not the others, in every place.
func requirePeople(t *testing.T, p *post, list string, subscribers []store.Subscriber, people ...string) {
	t.Helper()
	settings, err := p.lists.MlmmjSettings(t.Context(), list)
	require.NoError(t, err)
	require.Equal(t, people, settings.Owners)
	require.Equal(t, people, settings.Moderators)
	require.Equal(t, people, settings.SubscriptionModerators)
	require.Equal(t, subscribers, p.subscribers(t, list))
}

// TestListsOfOtherTenants deletes and renames what lists name, by an admin that manages one of them: at once, after mlmmj was
// away, and as an older version had recorded it. The other list keeps what it says.
func TestListsOfOtherTenants(t *testing.T) { onBothDrivers(t, listsOfOtherTenants) }

func listsOfOtherTenants(t *testing.T, open func(t *testing.T) *post) {
	digest := func(mail string) store.Subscriber {
		return store.Subscriber{Mail: mail, Subscription: store.SubscribeDigest}
	}
	normal := func(mail string) store.Subscriber {
		return store.Subscriber{Mail: mail, Subscription: store.SubscribeNormal}
	}
	both := []string{"anna@example.com", "bo@example.com"}
	for name, c := range map[string]struct {
		do          func(ctx context.Context, a store.Accounts, w store.Write) (store.Change, error)
		subscribers []store.Subscriber
		people      []string // nil when the list went
	}{
		"delete a subscriber": {func(ctx context.Context, a store.Accounts, w store.Write) (store.Change, error) {
			return a.DeleteUser(ctx, w, "anna@example.com", 0)
		}, []store.Subscriber{normal("bo@example.com")}, both[1:]},
		"delete who is none": {func(ctx context.Context, a store.Accounts, w store.Write) (store.Change, error) {
			return a.DeleteUser(ctx, w, "bo@example.com", 0)
		}, []store.Subscriber{digest("anna@example.com")}, both[:1]},
		"rename": {func(ctx context.Context, a store.Accounts, w store.Write) (store.Change, error) {
			return a.RenameUser(ctx, w, "anna@example.com", "zoe@example.com")
		}, []store.Subscriber{normal("bo@example.com"), digest("zoe@example.com")}, []string{"bo@example.com", "zoe@example.com"}},
		"delete the domain": {do: func(ctx context.Context, a store.Accounts, w store.Write) (store.Change, error) {
			return a.DeleteDomain(ctx, w, "example.com", 0)
		}},
	} {
		check := func(t *testing.T, p *post) {
			t.Helper()
			require.Empty(t, unfinished(t, p.state))
			if c.people != nil {
				requirePeople(t, p, dev, c.subscribers, c.people...)
			} else {
				require.NotContains(t, p.everything(t), dev)
			}
			requirePeople(t, p, foreign, []store.Subscriber{digest("anna@example.com")}, both...)
		}
		away := func(name string) error {
			if name == "ForgetSubscriber" || name == "RenameSubscriber" || name == "RemoveList" || name == "Unsubscribe" || name == "ConfigureList" {
				return store.Down("mlmmj", errBroken)
			}
			return nil
		}
		t.Run(name, func(t *testing.T) {
			p := open(t)
			withTenant(t, p)
			_, err := c.do(t.Context(), p.all(), byTenant)
			require.NoError(t, err)
			check(t, p)
		})
		t.Run(name+" while mlmmj is away", func(t *testing.T) {
			p := open(t)
			withTenant(t, p)
			p.fails = away
			_, err := c.do(t.Context(), p.all(), byTenant)
			require.NoError(t, err)
			require.Len(t, unfinished(t, p.state), 1)
			_, err = p.accounts.DeleteAdmin(t.Context(), byRoot, byTenant.Actor.Username)
			require.NoError(t, err, "what was decided does not hang on who decided it")
			p.restart()
			require.NoError(t, p.all().Resume(t.Context()))
			check(t, p)
		})
		t.Run(name+" as an older version recorded it", func(t *testing.T) {
			p := open(t)
			withTenant(t, p)
			p.fails = away
			change, err := c.do(t.Context(), p.accounts, byTenant)
			require.NoError(t, err)
			if change.Scope = (store.Scope{}); c.people == nil {
				change.Lists = []string{dev}
			}
			require.NoError(t, p.state.BeginIntent(t.Context(), store.Intent{ID: "old", Actor: byTenant.Actor, Change: change, Created: time.Now().UTC()}))
			p.restart()
			require.NoError(t, p.all().Resume(t.Context()))
			check(t, p)
		})
	}
	t.Run("a global admin", func(t *testing.T) {
		p := open(t)
		withTenant(t, p)
		_, err := p.all().DeleteUser(t.Context(), byRoot, "anna@example.com", 0)
		require.NoError(t, err)
		requirePeople(t, p, dev, []store.Subscriber{normal("bo@example.com")}, "bo@example.com")
		requirePeople(t, p, foreign, nil, "bo@example.com")
	})
}

// TestMailboxesNameTheirLists reads mailboxes that lists have as subscribers, of each kind; a list that is not there any more, or of
// which there is no account, is not named.
func TestMailboxesNameTheirLists(t *testing.T) {
	onBothDrivers(t, func(t *testing.T, open func(t *testing.T) *post) {
		p := open(t)
		withTenant(t, p)
		require.NoError(t, p.lists.Prepare(t.Context(), "stray@other.test", store.DefaultMlmmjSettings("stray@other.test")))
		require.NoError(t, p.lists.Subscribe(t.Context(), "stray@other.test", store.SubscribeNormal, []string{"anna@example.com"}))
		u, err := p.all().User(t.Context(), "anna@example.com")
		require.NoError(t, err)
		require.Equal(t, []string{dev, foreign}, u.MailingLists)
		users, err := p.all().Users(t.Context(), store.UserFilter{Domain: "example.com"}, store.PageRequest{})
		require.NoError(t, err)
		named := map[string][]string{}
		for _, u := range users.Items {
			named[u.Mail] = u.MailingLists
		}
		require.Equal(t, map[string][]string{"anna@example.com": {dev, foreign}, "bo@example.com": {dev}}, named)
		require.NoError(t, p.driver.Unsubscribe(t.Context(), foreign, []string{"anna@example.com"}))
		u, err = p.all().User(t.Context(), "anna@example.com")
		require.NoError(t, err)
		require.Equal(t, []string{dev}, u.MailingLists)
		u, err = p.all().User(t.Context(), "zoe@other.test")
		require.NoError(t, err)
		require.NotNil(t, u.MailingLists)
		require.Empty(t, u.MailingLists)
	})
}
