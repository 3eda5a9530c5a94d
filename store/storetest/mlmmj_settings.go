package storetest

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func listSettings(t *testing.T, open ListsOpen) {
	t.Run("each alone, set and cleared", func(t *testing.T) {
		f := open(t)
		require.NoError(t, f.Lists.Prepare(ctx(t), devList, store.MlmmjSettings{}))
		full := fullSettings()
		for i := range reflect.TypeFor[store.MlmmjSettings]().NumField() {
			name := reflect.TypeFor[store.MlmmjSettings]().Field(i).Name
			t.Run(name, func(t *testing.T) {
				value := reflect.ValueOf(full).FieldByName(name)
				var want store.MlmmjSettings
				if name == "OnlySubscribersPost" {
					value = reflect.ValueOf(true)
				}
				reflect.ValueOf(&want).Elem().FieldByName(name).Set(value)
				if name == "SubscriptionModerators" {
					want.ModerateSubscription = true
				}
				require.NoError(t, f.Lists.ConfigureList(ctx(t), devList, oneSetting(name, value)))
				require.Equal(t, want, mailingListSettings(t, f, devList))
				require.NoError(t, f.Lists.ConfigureList(ctx(t), devList, oneSetting(name, reflect.Zero(value.Type()))))
				if name == "SubscriptionModerators" {
					require.Equal(t, store.MlmmjSettings{ModerateSubscription: true}, mailingListSettings(t, f, devList), "the owners moderate")
					require.NoError(t, f.Lists.ConfigureList(ctx(t), devList, store.MlmmjUpdate{ModerateSubscription: ptr(false)}))
				}
				require.Equal(t, store.MlmmjSettings{}, mailingListSettings(t, f, devList))
			})
		}
	})
	t.Run("what is not given stays", func(t *testing.T) {
		f := open(t)
		require.NoError(t, f.Lists.Prepare(ctx(t), devList, fullSettings()))
		require.NoError(t, f.Lists.ConfigureList(ctx(t), devList, store.MlmmjUpdate{}))
		require.NoError(t, f.Lists.ConfigureList(ctx(t), devList, store.MlmmjUpdate{SubjectPrefix: ptr("[x] ")}))
		want := fullSettings()
		want.SubjectPrefix = "[x] "
		require.Equal(t, want, mailingListSettings(t, f, devList))
	})
	t.Run("who may post", func(t *testing.T) { listPosting(t, open(t)) })
	t.Run("moderated subscriptions", func(t *testing.T) { listModeration(t, open(t)) })
	t.Run("the forms of values", func(t *testing.T) { listForms(t, open(t)) })
	t.Run("a limit that mlmmj cannot count to", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, devList)
		require.NoError(t, f.Lists.ConfigureList(ctx(t), devList, store.MlmmjUpdate{MaxMessageSize: ptr(int64(4) << 30)}))
		require.EqualValues(t, math.MaxInt32, mailingListSettings(t, f, devList).MaxMessageSize)
	})
}

// oneSetting is the update that sets one field.
func oneSetting(name string, value reflect.Value) store.MlmmjUpdate {
	var u store.MlmmjUpdate
	p := reflect.New(value.Type())
	p.Elem().Set(value)
	reflect.ValueOf(&u).Elem().FieldByName(name).Set(p)
	return u
}

func listPosting(t *testing.T, f ListsFixture) {
	mustMailingList(t, f, devList)
	for _, step := range []struct {
		u                       store.MlmmjUpdate
		moderators, subscribers bool
	}{
		{store.MlmmjUpdate{OnlyModeratorsPost: ptr(true)}, true, false},
		{store.MlmmjUpdate{OnlySubscribersPost: ptr(true)}, false, true},
		{store.MlmmjUpdate{OnlyModeratorsPost: ptr(true), OnlySubscribersPost: ptr(true)}, true, false},
		{store.MlmmjUpdate{OnlyModeratorsPost: ptr(false), OnlySubscribersPost: ptr(true)}, false, true},
		{store.MlmmjUpdate{OnlyModeratorsPost: ptr(false)}, false, true},
		{store.MlmmjUpdate{OnlyModeratorsPost: ptr(false), OnlySubscribersPost: ptr(false)}, false, false},
	} {
		require.NoError(t, f.Lists.ConfigureList(ctx(t), devList, step.u))
		s := mailingListSettings(t, f, devList)
		require.Equal(t, step.moderators, s.OnlyModeratorsPost)
		require.Equal(t, step.subscribers, s.OnlySubscribersPost)
	}
	both := store.MlmmjSettings{OnlyModeratorsPost: true, OnlySubscribersPost: true}
	require.NoError(t, f.Lists.Prepare(ctx(t), newsList, both))
	require.Equal(t, store.MlmmjSettings{OnlyModeratorsPost: true}, mailingListSettings(t, f, newsList))
}

func listModeration(t *testing.T, f ListsFixture) {
	mustMailingList(t, f, devList)
	a, b, none := []string{"a@x.test"}, []string{"b@x.test"}, []string{}
	for _, step := range []struct {
		u    store.MlmmjUpdate
		on   bool
		mods []string
	}{
		{store.MlmmjUpdate{SubscriptionModerators: &none}, false, nil},
		{store.MlmmjUpdate{ModerateSubscription: ptr(true)}, true, nil},
		{store.MlmmjUpdate{SubscriptionModerators: &a}, true, a},
		{store.MlmmjUpdate{ModerateSubscription: ptr(true)}, true, a},
		{store.MlmmjUpdate{ModerateSubscription: ptr(true), SubscriptionModerators: &b}, true, b},
		{store.MlmmjUpdate{ModerateSubscription: ptr(true), SubscriptionModerators: &none}, true, nil},
		{store.MlmmjUpdate{SubscriptionModerators: &a}, true, a},
		{store.MlmmjUpdate{ModerateSubscription: ptr(false), SubscriptionModerators: &b}, false, nil},
		{store.MlmmjUpdate{SubscriptionModerators: &b}, true, b},
		{store.MlmmjUpdate{SubscriptionModerators: &none}, true, nil},
		{store.MlmmjUpdate{ModerateSubscription: ptr(false)}, false, nil},
	} {
		require.NoError(t, f.Lists.ConfigureList(ctx(t), devList, step.u))
		s := mailingListSettings(t, f, devList)
		require.Equal(t, step.on, s.ModerateSubscription)
		require.Equal(t, step.mods, s.SubscriptionModerators)
	}
	require.NoError(t, f.Lists.Prepare(ctx(t), newsList, store.MlmmjSettings{SubscriptionModerators: a}))
	require.Equal(t, store.MlmmjSettings{}, mailingListSettings(t, f, newsList), "moderators do not moderate what is not moderated")
}

func listForms(t *testing.T, f ListsFixture) {
	mustMailingList(t, f, devList)
	require.NoError(t, f.Lists.ConfigureList(ctx(t), devList, store.MlmmjUpdate{
		Owners:         ptr([]string{"Zoe@X.test", "abe@x.test", "zoe@x.test"}),
		ExtraAddresses: ptr([]string{devList, "Developers@lists.test"}),
		CustomHeaders: ptr([]string{
			" X-One: 1 ", "no header", "", "reply-to: me@x.test", "X-Mailing-List: mine", "Precedence: list", "List-Id: x", "list-post: x",
			"List-Subscribe: x", "List-Unsubscribe: x",
		}),
		RemoveHeaders: ptr([]string{"x-b", "X-A:", "dkim-signature", "Authentication-Results:"}),
		FooterText:    ptr("\n one\r\ntwo \n\n"),
		FooterHTML:    ptr(" \n"),
	}))
	s := mailingListSettings(t, f, devList)
	require.Equal(t, []string{"abe@x.test", "zoe@x.test"}, s.Owners)
	require.Equal(t, []string{"developers@lists.test"}, s.ExtraAddresses)
	require.Equal(t, []string{"X-One: 1"}, s.CustomHeaders)
	require.Equal(t, []string{"X-A:", "x-b:"}, s.RemoveHeaders)
	require.Equal(t, "one\ntwo", s.FooterText)
	require.Empty(t, s.FooterHTML)
}

func listBadSettings(t *testing.T, open ListsOpen) {
	for name, bad := range map[string]struct {
		u     store.MlmmjUpdate
		code  string
		field string
	}{
		"line break in the prefix": {store.MlmmjUpdate{SubjectPrefix: ptr("[x]\nBcc: all@x.test")}, store.CodeInvalidValue,
			"subject_prefix"},
		"carriage return in a prefix": {store.MlmmjUpdate{SubjectPrefix: ptr("[x]\rBcc: all@x.test")}, store.CodeInvalidValue,
			"subject_prefix"},
		"NUL in the prefix":      {store.MlmmjUpdate{SubjectPrefix: ptr("[x]\x00")}, store.CodeInvalidValue, "subject_prefix"},
		"line break in the name": {store.MlmmjUpdate{Name: ptr("x\ny")}, store.CodeInvalidValue, "name"},
		"line break in a header": {store.MlmmjUpdate{CustomHeaders: ptr([]string{"X-A: 1\nBcc: all@x.test"})},
			store.CodeInvalidValue, "custom_headers"},
		"the end of the headers": {store.MlmmjUpdate{CustomHeaders: ptr([]string{"X-A: 1\r\n\r\nbody"})},
			store.CodeInvalidValue, "custom_headers"},
		"NUL in a header": {store.MlmmjUpdate{CustomHeaders: ptr([]string{"X-A: \x00"})}, store.CodeInvalidValue,
			"custom_headers"},
		"a space in a header's name": {store.MlmmjUpdate{CustomHeaders: ptr([]string{"X A: 1"})}, store.CodeInvalidValue,
			"custom_headers"},
		"a header without a name": {store.MlmmjUpdate{CustomHeaders: ptr([]string{": 1"})}, store.CodeInvalidValue,
			"custom_headers"},
		"no name of a header": {store.MlmmjUpdate{RemoveHeaders: ptr([]string{"X-A: 1"})}, store.CodeInvalidValue,
			"remove_headers"},
		"an empty name of a header": {store.MlmmjUpdate{RemoveHeaders: ptr([]string{""})}, store.CodeInvalidValue, "remove_headers"},
		"a line break in such a name": {store.MlmmjUpdate{RemoveHeaders: ptr([]string{"X-A\nX-B"})}, store.CodeInvalidValue,
			"remove_headers"},
		"line break in an owner": {store.MlmmjUpdate{Owners: ptr([]string{"a@x.test\nb@x.test"})}, store.CodeInvalidMail,
			"owner"},
		"no address as a moderator": {store.MlmmjUpdate{Moderators: ptr([]string{"a"})}, store.CodeInvalidMail, "moderators"},
		"an empty moderator": {store.MlmmjUpdate{SubscriptionModerators: ptr([]string{""})}, store.CodeInvalidMail,
			"subscription_moderators"},
		"two extra addresses in one": {store.MlmmjUpdate{ExtraAddresses: ptr([]string{"a@x.test,b@x.test"})},
			store.CodeInvalidMail, "extra_addresses"},
		"a negative size": {store.MlmmjUpdate{MaxMessageSize: ptr(int64(-1))}, store.CodeInvalidNumber,
			"max_message_size"},
		"NUL in a footer":         {store.MlmmjUpdate{FooterText: ptr("a\x00b")}, store.CodeInvalidValue, "footer_text"},
		"NUL in the other footer": {store.MlmmjUpdate{FooterHTML: ptr("a\x00b")}, store.CodeInvalidValue, "footer_html"},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t)
			mustMailingList(t, f, devList)
			before := mailingListSettings(t, f, devList)
			bad.u.Closed = ptr(true)
			err := f.Lists.ConfigureList(ctx(t), devList, bad.u)
			requireCode(t, err, store.Invalid, bad.code)
			var e *store.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, bad.field, e.Field)
			require.Equal(t, before, mailingListSettings(t, f, devList), "nothing is written")

			requireCode(t, f.Lists.Prepare(ctx(t), newsList, settingsWith(bad.u)), store.Invalid, bad.code)
			requireNoMailingList(t, f, newsList)
		})
	}
	t.Run("a footer of 1 MiB is kept", func(t *testing.T) {
		f := open(t)
		mustMailingList(t, f, devList)
		long := strings.Repeat("0123456789abcde\n", 1<<16)
		require.NoError(t, f.Lists.ConfigureList(ctx(t), devList, store.MlmmjUpdate{FooterText: &long}))
		require.Equal(t, strings.TrimSpace(long), mailingListSettings(t, f, devList).FooterText)
	})
}

// settingsWith are settings that hold what an update gives.
func settingsWith(u store.MlmmjUpdate) store.MlmmjSettings {
	var s store.MlmmjSettings
	from := reflect.ValueOf(u)
	for i := range from.NumField() {
		if !from.Field(i).IsNil() {
			reflect.ValueOf(&s).Elem().FieldByName(from.Type().Field(i).Name).Set(from.Field(i).Elem())
		}
	}
	return s
}

// listControlFiles looks at what mlmmj and iRedMail's scripts read.
func listControlFiles(t *testing.T, open ListsOpen) {
	f := open(t)
	if f.Spool == "" {
		t.Skip("nobody can look at the files")
	}
	control := func(t *testing.T) map[string]string {
		files := map[string]string{}
		dir := filepath.Join(f.Spool, "lists.test", "dev", "control")
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, e := range entries {
			content, err := os.ReadFile(filepath.Join(dir, e.Name()))
			require.NoError(t, err)
			files[e.Name()] = string(content)
		}
		return files
	}
	const automatic = "Precedence: bulk\nList-Id: <dev@lists.test>\nReply-To: dev@lists.test\nList-Post: <mailto:dev@lists.test>\n" +
		"List-Subscribe: <mailto:dev+subscribe@lists.test?subject=Subscribe>\n" +
		"List-Unsubscribe: <mailto:dev+unsubscribe@lists.test?subject=Unsubscribe>\n"
	bare := map[string]string{
		"listaddress": "dev@lists.test\n", "ifmodsendonlymodmoderate": "", "tocc": "",
		"customheaders": "X-Mailing-List: dev@lists.test\n" + automatic, "delheaders": "Authentication-Results:\nDKIM-Signature:\n",
	}
	require.NoError(t, f.Lists.Prepare(ctx(t), devList, store.MlmmjSettings{}))
	require.Equal(t, bare, control(t))

	require.NoError(t, f.Lists.Prepare(ctx(t), devList, fullSettings()))
	require.Equal(t, map[string]string{
		"name": "Développeurs & more\n", "closedlist": "", "modonlypost": "", "closedlistsub": "", "nosubconfirm": "",
		"nodigestsub":  "",
		"nodigesttext": "", "nonomailsub": "", "moderated": "", "modnonsubposts": "", "noget": "", "subonlyget": "",
		"nolistsubsemail": "",
		"notmetoo":        "", "notifysub": "", "notifymod": "", "noarchive": "", "enable_newsletter_subscription": "",
		"submod": "anna@lists.test\nbert@x.test\n", "owner": "anna@lists.test\no@x.test\n", "moderators": "bert@lists.test\nm@x.test\n",
		"listaddress": "dev@lists.test\ndevelopers@lists.test\nentwickler@lists.test\n", "maxmailsize": "10485760\n",
		"prefix":        "[dev]  \n",
		"customheaders": "X-Mailing-List: dev@lists.test\nX-Office: Berlin, Mitte\nX-Team: Entwickler: süß\n" + automatic,
		"delheaders":    "Authentication-Results:\nDKIM-Signature:\nX-Mailer:\nX-Originating-IP:\n",
		"footer_text":   "first line\n\nlast line & more\n", "footer_html": "<p>first</p>\n<p>last; 100%</p>\n",
		"ifmodsendonlymodmoderate": "", "tocc": "",
	}, control(t))

	// The scripts of iRedMail need both footers for the one in HTML, and no list works without its address.
	for _, step := range []struct {
		u          store.MlmmjUpdate
		text, html string
		none       []string
	}{
		{store.MlmmjUpdate{FooterText: ptr(""), FooterHTML: ptr("<p>x</p>")}, "\n", "<p>x</p>\n", nil},
		{store.MlmmjUpdate{FooterText: ptr("x")}, "x\n", "<p>x</p>\n", nil},
		{store.MlmmjUpdate{FooterText: ptr("")}, "\n", "<p>x</p>\n", nil},
		{store.MlmmjUpdate{FooterHTML: ptr(""), ExtraAddresses: ptr([]string{})}, "", "", []string{"footer_text", "footer_html"}},
	} {
		require.NoError(t, f.Lists.ConfigureList(ctx(t), devList, step.u))
		files := control(t)
		require.Equal(t, step.text, files["footer_text"])
		require.Equal(t, step.html, files["footer_html"])
		for _, name := range step.none {
			require.NotContains(t, files, name)
		}
	}
	require.Equal(t, "dev@lists.test\n", control(t)["listaddress"])
}
