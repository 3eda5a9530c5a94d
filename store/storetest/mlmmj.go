package storetest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// ListsFixture is a fresh mlmmj to test, without any list.
type ListsFixture struct {
	Lists store.Mlmmj
	// Spool and Archive are the directories of mlmmj, to look at files; "" where nobody can look.
	Spool, Archive string
	// Down takes away what the driver works with.
	Down func(t *testing.T)
}

// ListsOpen returns a fresh mlmmj, gone when the test ends.
type ListsOpen func(t *testing.T) ListsFixture

// Lists runs the whole suite of store.Mlmmj, and returns the names of the subtests that had a mlmmj of their own and were not
// skipped: they are the same with every driver.
func Lists(t *testing.T, open ListsOpen) (ran []string) {
	t.Helper()
	open = noting(t, counted(t, open), &ran)
	t.Run("prepare", func(t *testing.T) { listPrepare(t, open) })
	t.Run("settings", func(t *testing.T) { listSettings(t, open) })
	t.Run("bad settings", func(t *testing.T) { listBadSettings(t, open) })
	t.Run("control files", func(t *testing.T) { listControlFiles(t, open) })
	t.Run("subscribers", func(t *testing.T) { listSubscribers(t, open) })
	t.Run("everywhere", func(t *testing.T) { listEverywhere(t, open) })
	t.Run("remove", func(t *testing.T) { listRemove(t, open) })
	t.Run("missing", func(t *testing.T) { listMissing(t, open) })
	t.Run("names", func(t *testing.T) { listNames(t, open) })
	t.Run("down", func(t *testing.T) { listDown(t, open) })
	return ran
}

// noting notes at the end of each subtest of a suite that it ran.
func noting[T any](suite *testing.T, open func(t *testing.T) T, ran *[]string) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		t.Cleanup(func() {
			if !t.Skipped() {
				*ran = append(*ran, strings.TrimPrefix(t.Name(), suite.Name()))
			}
		})
		return open(t)
	}
}

const (
	devList  = "dev@lists.test"
	newsList = "news@lists.test"
)

// mustMailingList makes a list with the settings of a new one.
func mustMailingList(t *testing.T, f ListsFixture, mail string) {
	t.Helper()
	require.NoError(t, f.Lists.Prepare(ctx(t), mail, store.DefaultMlmmjSettings(mail)))
}

// mustJoin subscribes addresses.
func mustJoin(t *testing.T, f ListsFixture, mail string, kind store.Subscription, addresses ...string) {
	t.Helper()
	require.NoError(t, f.Lists.Subscribe(ctx(t), mail, kind, addresses))
}

// mailingListSettings reads the settings of a list; an empty set is the same as none.
func mailingListSettings(t *testing.T, f ListsFixture, mail string) store.MlmmjSettings {
	t.Helper()
	s, err := f.Lists.MlmmjSettings(ctx(t), mail)
	require.NoError(t, err)
	return withoutEmpty(s)
}

func withoutEmpty(s store.MlmmjSettings) store.MlmmjSettings {
	for _, set := range []*[]string{
		&s.ExtraAddresses, &s.SubscriptionModerators, &s.Owners, &s.Moderators, &s.CustomHeaders, &s.RemoveHeaders,
	} {
		if len(*set) == 0 {
			*set = nil
		}
	}
	return s
}

// mailingListSubscribers reads the subscribers of a list as "kind address".
func mailingListSubscribers(t *testing.T, f ListsFixture, mail string) []string {
	t.Helper()
	all := []string{}
	for s, err := range f.Lists.Subscribers(ctx(t), mail) {
		require.NoError(t, err)
		all = append(all, string(s.Subscription)+" "+s.Mail)
	}
	return all
}

func listPrepare(t *testing.T, open ListsOpen) {
	t.Run("has the settings that are given and nobody in it", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, devList)
		require.Equal(t, withoutEmpty(store.DefaultMlmmjSettings(devList)), mailingListSettings(t, f, devList))
		require.Empty(t, mailingListSubscribers(t, f, devList))
	})
	t.Run("every setting is taken, and each can be off", func(t *testing.T) {
		f := open(t)
		require.NoError(t, f.Lists.Prepare(ctx(t), devList, fullSettings()))
		require.Equal(t, fullSettings(), mailingListSettings(t, f, devList))
		require.NoError(t, f.Lists.Prepare(ctx(t), newsList, store.MlmmjSettings{}))
		require.Equal(t, store.MlmmjSettings{}, mailingListSettings(t, f, newsList))
	})
	t.Run("what was there goes to the archive", func(t *testing.T) {
		f := open(t)
		require.NoError(t, f.Lists.Prepare(ctx(t), devList, fullSettings()))
		mustJoin(t, f, devList, store.SubscribeNormal, "a@x.test")
		mustMailingList(t, f, devList)
		require.Equal(t, withoutEmpty(store.DefaultMlmmjSettings(devList)), mailingListSettings(t, f, devList))
		require.Empty(t, mailingListSubscribers(t, f, devList))
		if f.Spool == "" {
			return
		}
		kept, err := filepath.Glob(filepath.Join(f.Archive, "lists.test", "dev-*", "dev", "subscribers.d", "a"))
		require.NoError(t, err)
		require.Len(t, kept, 1)
	})
	t.Run("has all directories and files that mlmmj wants", func(t *testing.T) {
		f := open(t)
		if f.Spool == "" {
			t.Skip("nobody can look at the files")
		}
		mustMailingList(t, f, devList)
		dir := filepath.Join(f.Spool, "lists.test", "dev")
		for _, part := range []string{
			"archive", "bounce", "control", "digesters.d", "incoming", "moderation", "nomailsubs.d", "queue", "queue/discarded",
			"requeue", "subconf", "subscribers.d", "text", "unsubconf",
		} {
			info, err := os.Stat(filepath.Join(dir, part))
			require.NoError(t, err)
			require.Equal(t, os.ModeDir|0o700, info.Mode(), part)
		}
		for _, file := range []string{"index", "text/confirm", "control/tocc", "control/ifmodsendonlymodmoderate"} {
			require.FileExists(t, filepath.Join(dir, file))
		}
		hidden, err := filepath.Glob(filepath.Join(dir, ".*"))
		require.NoError(t, err)
		require.Empty(t, hidden)
	})
}

// fullSettings are settings of which none is empty.
func fullSettings() store.MlmmjSettings {
	return store.MlmmjSettings{
		Name: "Développeurs & more", Closed: true, OnlyModeratorsPost: true, NoSubscription: true,
		NoSubscriptionConfirm: true, NoDigest: true, NoDigestText: true, NoNoMail: true, Moderated: true,
		ModerateNonSubscribers: true, NoOldPosts: true, OldPostsForSubscribers: true, NoSubscriberList: true,
		NoCopyToSender: true, NotifyOwners: true, NotifyModerated: true, NoArchive: true, ModerateSubscription: true,
		Newsletter: true, ExtraAddresses: []string{"developers@lists.test", "entwickler@lists.test"},
		SubscriptionModerators: []string{"anna@lists.test", "bert@x.test"}, Owners: []string{"anna@lists.test", "o@x.test"},
		Moderators: []string{"bert@lists.test", "m@x.test"}, MaxMessageSize: 10485760, SubjectPrefix: "[dev]  ",
		CustomHeaders: []string{"X-Office: Berlin, Mitte", "X-Team: Entwickler: süß"}, RemoveHeaders: []string{"X-Mailer:",
			"X-Originating-IP:"},
		FooterText: "first line\n\nlast line & more", FooterHTML: "<p>first</p>\n<p>last; 100%</p>",
	}
}

func listRemove(t *testing.T, open ListsOpen) {
	archived := func(t *testing.T, f ListsFixture) []string {
		kept, err := filepath.Glob(filepath.Join(f.Archive, "lists.test", "dev-??????????????*", "dev", "control", "listaddress"))
		require.NoError(t, err)
		return kept
	}
	t.Run("keeps the list in the archive", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, devList)
		require.NoError(t, f.Lists.RemoveList(ctx(t), devList, true))
		requireNoMailingList(t, f, devList)
		if f.Spool != "" {
			require.Len(t, archived(t, f), 1)
			require.NoDirExists(t, filepath.Join(f.Spool, "lists.test", "dev"))
		}
	})
	t.Run("again and again within a second", func(t *testing.T) {
		f, times := open(t), 20
		if mails, err := f.Lists.ListsOf(ctx(t), "lists.test"); mails == nil {
			require.NoError(t, err)
			times = 4 // mlmmjadmin keeps two of a name within a second, and each further pair takes one more
		}
		for range times {
			mustMailingList(t, f, devList)
			require.NoError(t, f.Lists.RemoveList(ctx(t), devList, true))
		}
		if f.Spool != "" {
			require.Len(t, archived(t, f), times)
		}
	})
	t.Run("erases the list", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, devList)
		mustMailingList(t, f, newsList)
		require.NoError(t, f.Lists.RemoveList(ctx(t), devList, false))
		requireNoMailingList(t, f, devList)
		require.Equal(t, withoutEmpty(store.DefaultMlmmjSettings(newsList)), mailingListSettings(t, f, newsList))
		if f.Spool != "" {
			require.Empty(t, archived(t, f))
			require.NoDirExists(t, filepath.Join(f.Spool, "lists.test", "dev"))
		}
	})
	t.Run("a missing one is fine", func(t *testing.T) {
		f := open(t)
		require.NoError(t, f.Lists.RemoveList(ctx(t), devList, true))
		require.NoError(t, f.Lists.RemoveList(ctx(t), devList, false))
	})
	t.Run("can be made again", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, devList)
		mustJoin(t, f, devList, store.SubscribeNormal, "a@x.test")
		require.NoError(t, f.Lists.RemoveList(ctx(t), devList, true))
		mustMailingList(t, f, devList)
		require.Empty(t, mailingListSubscribers(t, f, devList))
	})
}

func requireNoMailingList(t *testing.T, f ListsFixture, mail string) {
	t.Helper()
	_, err := f.Lists.MlmmjSettings(ctx(t), mail)
	requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
}

// everyMailingListCall makes each call of the contract about one list.
func everyMailingListCall(t *testing.T, f ListsFixture, mail string) map[string]error {
	t.Helper()
	_, settings := f.Lists.MlmmjSettings(ctx(t), mail)
	var subscribers error
	for _, err := range f.Lists.Subscribers(ctx(t), mail) {
		subscribers = err
	}
	return map[string]error{
		"MlmmjSettings": settings,
		"Subscribers":   subscribers,
		"ConfigureList": f.Lists.ConfigureList(ctx(t), mail,
			store.MlmmjUpdate{Closed: ptr(true), Moderators: ptr([]string{"m@x.test"})}),
		"Subscribe":             f.Lists.Subscribe(ctx(t), mail, store.SubscribeNormal, []string{"a@x.test"}),
		"Invite":                f.Lists.Invite(ctx(t), mail, store.SubscribeNormal, []string{"a@x.test"}),
		"Unsubscribe":           f.Lists.Unsubscribe(ctx(t), mail, []string{"a@x.test"}),
		"Unsubscribe everybody": f.Lists.Unsubscribe(ctx(t), mail, nil),
	}
}

func listMissing(t *testing.T, open ListsOpen) {
	t.Run("an unknown list", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, newsList)
		for call, err := range everyMailingListCall(t, f, devList) {
			t.Run(call, func(t *testing.T) { requireCode(t, err, store.NotFound, store.CodeNoSuchAccount) })
		}
		requireNoMailingList(t, f, devList)
	})
	t.Run("an unknown list, and nothing to do", func(t *testing.T) {
		f := open(t)
		requireCode(t, f.Lists.ConfigureList(ctx(t), devList, store.MlmmjUpdate{}), store.NotFound, store.CodeNoSuchAccount)
		requireCode(t, f.Lists.Unsubscribe(ctx(t), devList, []string{}), store.NotFound, store.CodeNoSuchAccount)
		requireCode(t, f.Lists.Subscribe(ctx(t), devList, store.SubscribeNormal, nil), store.NotFound, store.CodeNoSuchAccount)
	})
}

func listNames(t *testing.T, open ListsOpen) {
	long := strings.Repeat("x", 240) + "@a.test"
	for _, mail := range []string{
		"", "@", "dev", "@lists.test", "dev@", "../dev@lists.test", "..@lists.test", ".@lists.test", "a/b@lists.test",
		"/etc@lists.test",
		".hidden@lists.test", "dev\x00@lists.test", "dev\n@lists.test", "dev@../lists.test", "dev@lists.test/..", "dev@.test",
		"a b@lists.test", long,
	} {
		t.Run(fmt.Sprintf("%.20q", mail), func(t *testing.T) {
			f := open(t)
			requireCode(t, f.Lists.Prepare(ctx(t), mail, store.MlmmjSettings{}), store.Invalid, store.CodeInvalidMail)
			requireCode(t, f.Lists.RemoveList(ctx(t), mail, true), store.Invalid, store.CodeInvalidMail)
			for call, err := range everyMailingListCall(t, f, mail) {
				t.Run(call, func(t *testing.T) { requireCode(t, err, store.Invalid, store.CodeInvalidMail) })
			}
			if f.Spool != "" {
				entries, err := os.ReadDir(f.Spool)
				require.NoError(t, err)
				require.Empty(t, entries)
			}
		})
	}
	t.Run("unusual ones that are names all the same", func(t *testing.T) {
		f := open(t)
		for _, mail := range []string{"a&b@lists.test", "#1@lists.test", "-x@lists.test", "_@lists.test", "a..b@lists.test",
			"a.@lists.test"} {
			mustMailingList(t, f, mail)
			mustJoin(t, f, mail, store.SubscribeNormal, "-r@x.test", "#r@x.test", "_r@x.test", "a/b=c+d&e@x.test")
			require.Equal(t, []string{"normal #r@x.test", "normal -r@x.test", "normal _r@x.test", "normal a/b=c+d&e@x.test"},
				mailingListSubscribers(t, f, mail))
			require.NoError(t, f.Lists.RemoveList(ctx(t), mail, true))
		}
	})
	t.Run("case does not matter", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, "Dev@Lists.Test")
		require.Equal(t, withoutEmpty(store.DefaultMlmmjSettings(devList)).OnlySubscribersPost,
			mailingListSettings(t, f, devList).OnlySubscribersPost)
	})
}

func listDown(t *testing.T, open ListsOpen) {
	f := open(t)
	mustMailingList(t, f, devList)
	require.NoError(t, f.Lists.Ping(ctx(t)))
	f.Down(t)
	calls := everyMailingListCall(t, f, devList)
	calls["Prepare"] = f.Lists.Prepare(ctx(t), newsList, store.DefaultMlmmjSettings(newsList))
	calls["RemoveList"] = f.Lists.RemoveList(ctx(t), devList, true)
	calls["ForgetSubscriber"] = f.Lists.ForgetSubscriber(ctx(t), "a@x.test", []string{devList})
	calls["RenameSubscriber"] = f.Lists.RenameSubscriber(ctx(t), "a@x.test", "b@x.test", []string{devList})
	calls["Ping"] = f.Lists.Ping(ctx(t))
	for call, err := range calls {
		t.Run(call, func(t *testing.T) { requireCode(t, err, store.Unavailable, store.CodeServerDown) })
	}
	mails, err := f.Lists.ListsOf(ctx(t), "lists.test")
	if mails != nil || err != nil {
		requireCode(t, err, store.Unavailable, store.CodeServerDown)
	}
}

func listEverywhere(t *testing.T, open ListsOpen) {
	const leaver, other, successor = "leaver@x.test", "other@x.test", "successor@x.test"
	allLists := []string{devList, newsList, "all@other.test"}
	three := func(t *testing.T) ListsFixture {
		f := open(t)
		for _, mail := range allLists {
			mustMailingList(t, f, mail)
		}
		mustJoin(t, f, devList, store.SubscribeNormal, leaver, other)
		mustJoin(t, f, newsList, store.SubscribeDigest, leaver)
		mustJoin(t, f, "all@other.test", store.SubscribeNoMail, other)
		both := []string{leaver, other}
		require.NoError(t, f.Lists.ConfigureList(ctx(t), devList,
			store.MlmmjUpdate{Owners: &both, Moderators: &both, SubscriptionModerators: &both}))
		require.NoError(t, f.Lists.ConfigureList(ctx(t), newsList, store.MlmmjUpdate{SubscriptionModerators: &[]string{leaver}}))
		return f
	}
	t.Run("forget", func(t *testing.T) {
		f := three(t)
		for range 2 { // fit to be repeated
			require.NoError(t, f.Lists.ForgetSubscriber(ctx(t), leaver, allLists))
			require.Equal(t, []string{"normal " + other}, mailingListSubscribers(t, f, devList))
			require.Empty(t, mailingListSubscribers(t, f, newsList))
			require.Equal(t, []string{"nomail " + other}, mailingListSubscribers(t, f, "all@other.test"))
			s := mailingListSettings(t, f, devList)
			require.Equal(t, []string{other}, s.Owners)
			require.Equal(t, []string{other}, s.Moderators)
			require.Equal(t, []string{other}, s.SubscriptionModerators)
			s = mailingListSettings(t, f, newsList)
			require.True(t, s.ModerateSubscription, "the owners go on")
			require.Empty(t, s.SubscriptionModerators)
		}
	})
	t.Run("rename", func(t *testing.T) {
		f := three(t)
		mustJoin(t, f, newsList, store.SubscribeNormal, successor)
		for range 2 {
			require.NoError(t, f.Lists.RenameSubscriber(ctx(t), leaver, successor, allLists))
			require.Equal(t, []string{"normal " + other, "normal " + successor}, mailingListSubscribers(t, f, devList))
			require.Equal(t, []string{"normal " + successor}, mailingListSubscribers(t, f, newsList), "who is there already stays as it is")
			require.Equal(t, []string{other, successor}, mailingListSettings(t, f, devList).Owners)
			require.Equal(t, []string{other, successor}, mailingListSettings(t, f, devList).Moderators)
			require.Equal(t, []string{successor}, mailingListSettings(t, f, newsList).SubscriptionModerators)
		}
	})
	t.Run("one that is only owner or moderator", func(t *testing.T) {
		f := three(t)
		require.NoError(t, f.Lists.ConfigureList(ctx(t), newsList, store.MlmmjUpdate{SubscriptionModerators: &[]string{"postmaster@other.test"}}))
		require.NoError(t, f.Lists.ForgetSubscriber(ctx(t), "postmaster@other.test", allLists))
		require.Empty(t, mailingListSettings(t, f, "all@other.test").Owners)
		require.Empty(t, mailingListSettings(t, f, "all@other.test").Moderators)
		require.Empty(t, mailingListSettings(t, f, newsList).SubscriptionModerators)
		require.Equal(t, []string{"postmaster@lists.test"}, mailingListSettings(t, f, newsList).Owners)
		require.NoError(t, f.Lists.RenameSubscriber(ctx(t), "postmaster@lists.test", successor, allLists))
		require.Equal(t, []string{successor}, mailingListSettings(t, f, newsList).Owners)
		require.Equal(t, []string{successor}, mailingListSettings(t, f, newsList).Moderators)
	})
	t.Run("what addresses are subscribed to", func(t *testing.T) {
		f := three(t)
		all := func() ([]string, error) { return allLists, nil }
		to, err := f.Lists.SubscribedTo(ctx(t), []string{leaver, successor}, all)
		require.NoError(t, err)
		require.Equal(t, map[string][]string{leaver: {devList, newsList}}, to)
		many := append(manyAddresses(30), leaver, other)
		to, err = f.Lists.SubscribedTo(ctx(t), many, all)
		require.NoError(t, err)
		require.Equal(t, map[string][]string{leaver: {devList, newsList}, other: {"all@other.test", devList}}, to)
	})
	t.Run("only in the lists that are named", func(t *testing.T) {
		f := three(t)
		mustJoin(t, f, "all@other.test", store.SubscribeDigest, leaver)
		require.NoError(t, f.Lists.ConfigureList(ctx(t), "all@other.test", store.MlmmjUpdate{Owners: &[]string{leaver}}))
		before := mailingListSettings(t, f, "all@other.test")
		some := []string{devList, "gone@lists.test"}
		require.NoError(t, f.Lists.RenameSubscriber(ctx(t), leaver, successor, some))
		require.Equal(t, []string{"normal " + other, "normal " + successor}, mailingListSubscribers(t, f, devList))
		require.NoError(t, f.Lists.ForgetSubscriber(ctx(t), leaver, some))
		require.Equal(t, []string{"digest " + leaver}, mailingListSubscribers(t, f, newsList))
		require.Equal(t, []string{leaver}, mailingListSettings(t, f, newsList).SubscriptionModerators)
		require.Equal(t, []string{"digest " + leaver, "nomail " + other}, mailingListSubscribers(t, f, "all@other.test"))
		require.Equal(t, before, mailingListSettings(t, f, "all@other.test"))
	})
	t.Run("the lists of a domain", func(t *testing.T) {
		f := three(t)
		mails, err := f.Lists.ListsOf(ctx(t), "lists.test")
		require.NoError(t, err)
		if mails == nil {
			return // this driver does not know which lists there are, and says so
		}
		require.Equal(t, []string{devList, newsList}, mails)
		mails, err = f.Lists.ListsOf(ctx(t), "empty.test")
		require.NoError(t, err)
		require.NotNil(t, mails)
		require.Empty(t, mails)
		require.True(t, slices.IsSorted(mails))
	})
}
