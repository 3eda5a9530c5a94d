package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func listSubscribers(t *testing.T, open ListsOpen) {
	t.Run("the normal ones first, each kind sorted", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, devList)
		mustJoin(t, f, devList, store.SubscribeNoMail, "a@x.test")
		mustJoin(t, f, devList, store.SubscribeDigest, "zoe@x.test", "9@x.test", "b@x.test")
		mustJoin(t, f, devList, store.SubscribeNormal, "z@x.test", "cc@x.test", "ca@x.test", "y@x.test")
		mustJoin(t, f, devList, store.SubscribeNormal, "cb@x.test", "ca@x.test")
		require.Equal(t, []string{
			"normal ca@x.test", "normal cb@x.test", "normal cc@x.test", "normal y@x.test", "normal z@x.test",
			"digest 9@x.test", "digest b@x.test", "digest zoe@x.test", "nomail a@x.test",
		}, mailingListSubscribers(t, f, devList))
		for s, err := range f.Lists.Subscribers(ctx(t), devList) {
			require.NoError(t, err)
			require.Equal(t, "ca@x.test", s.Mail)
			break // a reader may stop at any time
		}
	})
	t.Run("one that is there in another way changes to this one", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, devList)
		for _, kind := range []store.Subscription{store.SubscribeNormal, store.SubscribeDigest, store.SubscribeNoMail,
			store.SubscribeNormal} {
			mustJoin(t, f, devList, kind, "a@x.test", "b@x.test")
			mustJoin(t, f, devList, kind, "a@x.test")
			require.Equal(t, []string{string(kind) + " a@x.test", string(kind) + " b@x.test"}, mailingListSubscribers(t, f, devList))
		}
		mustJoin(t, f, devList, store.SubscribeDigest, "a@x.test")
		require.Equal(t, []string{"normal b@x.test", "digest a@x.test"}, mailingListSubscribers(t, f, devList))
	})
	t.Run("leaving, whatever the kind", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, devList)
		mustJoin(t, f, devList, store.SubscribeNormal, "a@x.test", "aa@x.test", "b@x.test")
		mustJoin(t, f, devList, store.SubscribeDigest, "c@x.test", "d@x.test")
		require.NoError(t, f.Lists.Unsubscribe(ctx(t), devList, []string{}))
		require.Len(t, mailingListSubscribers(t, f, devList), 5)
		require.NoError(t, f.Lists.Unsubscribe(ctx(t), devList, []string{"a@x.test", "c@x.test", "nobody@x.test"}))
		require.Equal(t, []string{"normal aa@x.test", "normal b@x.test", "digest d@x.test"}, mailingListSubscribers(t, f, devList))
		require.NoError(t, f.Lists.Unsubscribe(ctx(t), devList, nil))
		require.Empty(t, mailingListSubscribers(t, f, devList))
	})
	t.Run("the list itself", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, devList)
		require.NoError(t, f.Lists.ConfigureList(ctx(t), devList, store.MlmmjUpdate{ExtraAddresses: &[]string{"extra@lists.test"}}))
		for _, itself := range []string{devList, "extra@lists.test"} {
			addresses := []string{"a@x.test", itself}
			requireCode(t, f.Lists.Subscribe(ctx(t), devList, store.SubscribeNormal, addresses), store.Invalid, store.CodeInvalidMail)
			requireCode(t, f.Lists.Invite(ctx(t), devList, store.SubscribeNormal, addresses), store.Invalid, store.CodeInvalidMail)
		}
		require.Empty(t, mailingListSubscribers(t, f, devList))
	})
	t.Run("what is no address or no kind", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, devList)
		for _, bad := range []string{"", "a", "../a@x.test", "a@x.test\nb@x.test", "/etc@x.test", "a@x.test,b@x.test"} {
			addresses := []string{"ok@x.test", bad}
			requireCode(t, f.Lists.Subscribe(ctx(t), devList, store.SubscribeNormal, addresses), store.Invalid, store.CodeInvalidMail)
			requireCode(t, f.Lists.Invite(ctx(t), devList, store.SubscribeNormal, addresses), store.Invalid, store.CodeInvalidMail)
		}
		requireCode(t, f.Lists.Subscribe(ctx(t), devList, "weekly", []string{"ok@x.test"}), store.Invalid, store.CodeInvalidValue)
		require.Empty(t, mailingListSubscribers(t, f, devList))
	})
	t.Run("an invitation subscribes nobody, and a slash cannot be invited", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, devList)
		require.NoError(t, f.Lists.Invite(ctx(t), devList, store.SubscribeDigest, []string{"a@x.test", "b@x.test"}))
		require.Empty(t, mailingListSubscribers(t, f, devList))
		requireCode(t, f.Lists.Invite(ctx(t), devList, store.SubscribeNormal, []string{"a/b@x.test"}), store.Invalid,
			store.CodeInvalidMail)
	})
	t.Run("10,000 in one call", func(t *testing.T) { listThousands(t, open(t)) })
	t.Run("many at the same time", func(t *testing.T) { listTogether(t, open(t)) })
}

func listThousands(t *testing.T, f ListsFixture) {
	mustMailingList(t, f, devList)
	addresses := make([]string, 10_000)
	for i := range addresses {
		addresses[i] = fmt.Sprintf("%c%d@x.test", 'a'+i%26, i)
	}
	mustJoin(t, f, devList, store.SubscribeNormal, addresses...)
	mustJoin(t, f, devList, store.SubscribeDigest, addresses[:5_000]...)
	all := mailingListSubscribers(t, f, devList)
	require.Len(t, all, 10_000)
	require.True(t, slices.IsSorted(all[:5_000]))
	require.True(t, slices.IsSorted(all[5_000:]))
	require.NoError(t, f.Lists.Unsubscribe(ctx(t), devList, addresses[1:]))
	require.Equal(t, []string{"digest a0@x.test"}, mailingListSubscribers(t, f, devList))
}

// listTogether lets callers who know nothing of each other change and read the same list. mlmmjadmin locks nothing itself: with it
// they take turns, as those behind one server do.
func listTogether(t *testing.T, f ListsFixture) {
	var turn sync.Mutex
	alone := func(do func() error) error { return do() }
	if mails, err := f.Lists.ListsOf(ctx(t), "lists.test"); mails == nil {
		require.NoError(t, err)
		alone = func(do func() error) error {
			turn.Lock()
			defer turn.Unlock()
			return do()
		}
	}
	mustMailingList(t, f, devList)
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() {
			mail := fmt.Sprintf("a%d@x.test", i)
			errs[i] = alone(func() error {
				return f.Lists.Subscribe(ctx(t), devList, store.SubscribeNormal, []string{mail, "gone" + mail})
			})
			for _, err := range f.Lists.Subscribers(ctx(t), devList) {
				if err != nil {
					errs[i] = err
				}
			}
			if err := alone(func() error { return f.Lists.Unsubscribe(ctx(t), devList, []string{"gone" + mail}) }); err != nil {
				errs[i] = err
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Len(t, mailingListSubscribers(t, f, devList), len(errs))
}
