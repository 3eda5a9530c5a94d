package mlmmj_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/mlmmj"
	"github.com/postern-mail/postern/store/storetest"
)

func openDaemon(t *testing.T) storetest.ListsFixture {
	m := storetest.NewMlmmjadmin(t)
	return storetest.ListsFixture{
		Lists: mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: m.URL, Token: m.Token}), Spool: m.Spool, Archive: m.Archive,
		Down: func(*testing.T) { m.Stop() },
	}
}

// Both drivers leave the same control files, byte for byte.
func TestAdminWritesWhatNativeWrites(t *testing.T) {
	m := storetest.NewMlmmjadmin(t)
	native := openNative(t)
	full := store.MlmmjSettings{
		Name: "x", OnlyModeratorsPost: true, OnlySubscribersPost: true, ModerateSubscription: true,
		SubscriptionModerators: []string{"b@x.test", "a@x.test"},
		Owners:                 []string{"Z@x.test", "a@x.test"}, MaxMessageSize: 5 << 30, SubjectPrefix: "[x] ",
		CustomHeaders: []string{"Z: 1", "A: 2"},
		RemoveHeaders: []string{"x-z", "dkim-signature:"}, FooterHTML: " <p>x</p>\r\n", ExtraAddresses: []string{"z@lists.test",
			"a@lists.test"},
	}
	files := func(spool string) map[string]string {
		all := map[string]string{}
		found, err := filepath.Glob(filepath.Join(spool, "lists.test", "dev", "control", "*"))
		require.NoError(t, err)
		for _, name := range found {
			content, err := os.ReadFile(name)
			require.NoError(t, err)
			all[filepath.Base(name)] = string(content)
		}
		return all
	}
	no, html := false, ""
	for _, s := range []store.MlmmjSettings{{}, full, store.DefaultMlmmjSettings(lists)} {
		for _, l := range []store.Mlmmj{native.Lists, mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: m.URL, Token: m.Token})} {
			require.NoError(t, l.Prepare(t.Context(), lists, s))
		}
		require.Equal(t, files(native.Spool), files(m.Spool))
		for _, l := range []store.Mlmmj{native.Lists, mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: m.URL, Token: m.Token})} {
			require.NoError(t, l.ConfigureList(t.Context(), lists,
				store.MlmmjUpdate{OnlyModeratorsPost: &no, FooterHTML: &html, Owners: &[]string{}}))
		}
		require.Equal(t, files(native.Spool), files(m.Spool))
	}
}

const emptyForm = "close_list=no&custom_headers=X-Mailing-List: dev@lists.test&" +
	"disable_archive=no&disable_digest_subscription=no&" +
	"disable_digest_text=no&disable_nomail_subscription=no&disable_retrieving_old_posts=no&disable_retrieving_subscribers=no&" +
	"disable_send_copy_to_sender=no&disable_subscription=no&disable_subscription_confirm=no&enable_newsletter_subscription=no&" +
	"extra_addresses=dev@lists.test&footer_html=&footer_text=&if_mod_send_only_mod_moderate=yes&max_message_size=0&" +
	"moderate_non_subscriber_post=no&moderate_subscription=no&moderated=no&moderators=&name=&notify_owner_when_sub_unsub=no&" +
	"notify_sender_when_moderated=no&only_moderator_can_post=no&only_subscriber_can_get_old_posts=no&only_subscriber_can_post=no&" +
	"owner=&remove_headers=Authentication-Results:,DKIM-Signature:&subject_prefix=&tocc=yes"

// TestAdminRequests is the table of what each call asks for.
func TestAdminRequests(t *testing.T) {
	yes, none := true, []string{}
	const read = "GET /api/dev@lists.test"
	const check, extra = read + "?params=name", read + "?params=extra_addresses"
	const put, post = "PUT /api/dev@lists.test ", "POST /api/dev@lists.test/subscribers "
	for name, c := range map[string]struct {
		missing bool
		call    func(context.Context, store.Mlmmj) error
		want    []string
	}{
		"prepare": {true, func(ctx context.Context, l store.Mlmmj) error { return l.Prepare(ctx, lists, store.MlmmjSettings{}) },
			[]string{check, "POST /api/dev@lists.test " + emptyForm}},
		"prepare over a list": {false, func(ctx context.Context,
			l store.Mlmmj) error {
			return l.Prepare(ctx, lists, store.MlmmjSettings{})
		},
			[]string{check, "DELETE /api/dev@lists.test?archive=yes", "POST /api/dev@lists.test " + emptyForm}},
		"read": {false, func(ctx context.Context, l store.Mlmmj) error { _, err := l.MlmmjSettings(ctx, lists); return err },
			[]string{read}},
		"change a flag": {false, func(ctx context.Context, l store.Mlmmj) error {
			return l.ConfigureList(ctx, lists, store.MlmmjUpdate{Closed: &yes})
		}, []string{read, put + "close_list=yes"}},
		"change nothing": {false, func(ctx context.Context, l store.Mlmmj) error {
			return l.ConfigureList(ctx, lists, store.MlmmjUpdate{})
		}, []string{read}},
		"change who may post": {false, func(ctx context.Context, l store.Mlmmj) error {
			return l.ConfigureList(ctx, lists, store.MlmmjUpdate{OnlyModeratorsPost: &yes})
		}, []string{read, put + "only_moderator_can_post=yes&only_subscriber_can_post=no"}},
		"clear the extra addresses": {false, func(ctx context.Context, l store.Mlmmj) error {
			return l.ConfigureList(ctx, lists, store.MlmmjUpdate{ExtraAddresses: &none})
		}, []string{read, put + "extra_addresses=dev@lists.test"}},
		"clear the moderators of subscriptions": {false, func(ctx context.Context, l store.Mlmmj) error {
			return l.ConfigureList(ctx, lists, store.MlmmjUpdate{SubscriptionModerators: &none})
		}, []string{read, put + "moderate_subscription=no", put + "moderate_subscription=yes"}},
		"subscribe": {false, func(ctx context.Context, l store.Mlmmj) error {
			return l.Subscribe(ctx, lists, store.SubscribeDigest, []string{"new@x.test", "a@x.test"})
		}, []string{extra, check, "GET /api/dev@lists.test/subscribers", post + "remove_subscribers=a@x.test",
			post + "add_subscribers=a@x.test,new@x.test&require_confirm=no&subscription=digest"}},
		"invite": {false, func(ctx context.Context, l store.Mlmmj) error {
			return l.Invite(ctx, lists, store.SubscribeNormal, []string{"new@x.test"})
		}, []string{extra, post + "add_subscribers=new@x.test&require_confirm=yes&subscription=normal"}},
		"unsubscribe": {false, func(ctx context.Context, l store.Mlmmj) error {
			return l.Unsubscribe(ctx, lists, []string{"a@x.test", "b@x.test"})
		}, []string{check, post + "remove_subscribers=a@x.test,b@x.test"}},
		"unsubscribe all": {false, func(ctx context.Context, l store.Mlmmj) error { return l.Unsubscribe(ctx, lists, nil) },
			[]string{check, post + "remove_subscribers=ALL"}},
		"archive": {false, func(ctx context.Context, l store.Mlmmj) error { return l.RemoveList(ctx, lists, true) },
			[]string{"DELETE /api/dev@lists.test?archive=yes"}},
		"erase": {false, func(ctx context.Context, l store.Mlmmj) error { return l.RemoveList(ctx, lists, false) },
			[]string{"DELETE /api/dev@lists.test?archive=no"}},
		"forget": {false, func(ctx context.Context, l store.Mlmmj) error {
			return l.ForgetSubscriber(ctx, "a@x.test", []string{lists})
		},
			[]string{"GET /api/subscriber/a@x.test/subscribed?query_all_lists=yes", read, post + "remove_subscribers=a@x.test"}},
		"rename": {false, func(ctx context.Context, l store.Mlmmj) error {
			return l.RenameSubscriber(ctx, "a@x.test", "z@x.test", []string{lists})
		},
			[]string{"GET /api/subscriber/a@x.test/subscribed?query_all_lists=yes", read, check, "GET /api/dev@lists.test/subscribers",
				post + "add_subscribers=z@x.test&remove_subscribers=a@x.test&require_confirm=no&subscription=normal"}},
		"ping": {false, func(ctx context.Context, l store.Mlmmj) error { return l.Ping(ctx) },
			[]string{"GET /api/ping@postern.invalid?params=name"}},
		"lists": {false, func(ctx context.Context, l store.Mlmmj) error { _, err := l.ListsOf(ctx, "lists.test"); return err }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := storetest.NewMlmmjadmin(t)
			l := mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: m.URL, Token: m.Token})
			if !c.missing {
				s := store.DefaultMlmmjSettings(lists)
				s.ModerateSubscription, s.SubscriptionModerators = true, []string{"m@x.test"}
				require.NoError(t, l.Prepare(t.Context(), lists, s))
				require.NoError(t, l.Subscribe(t.Context(), lists, store.SubscribeNormal, []string{"a@x.test"}))
			}
			m.Requests()
			require.NoError(t, c.call(t.Context(), l))
			require.Equal(t, c.want, m.Requests())
		})
	}
}

func TestAdminRefuses(t *testing.T) {
	t.Run("a wrong token", func(t *testing.T) {
		m := storetest.NewMlmmjadmin(t)
		for token, word := range map[string]string{"": "NO_API_AUTH_TOKEN", "wrong-token": "INVALID_MLMMJADMIN_API_AUTH_TOKEN"} {
			l := mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: m.URL, Token: token})
			for _, err := range []error{l.Ping(t.Context()), l.Check(t.Context()), l.RemoveList(t.Context(), lists, true)} {
				require.ErrorContains(t, err, word)
				require.ErrorContains(t, err, "api_auth_tokens")
				require.NotContains(t, err.Error(), "wrong-token")
				var told *store.Error
				require.False(t, errors.As(err, &told), "no caller can help it")
			}
		}
	})
	t.Run("a backend that keeps accounts", func(t *testing.T) {
		m := storetest.NewMlmmjadmin(t)
		m.KeepsAccounts = []string{lists}
		err := mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: m.URL, Token: m.Token}).Prepare(t.Context(), lists, store.MlmmjSettings{})
		require.True(t, store.HasCode(err, store.CodeNotConfigured))
		require.ErrorContains(t, err, "backend_api")
	})
	t.Run("what mlmmjadmin would drop or take apart", func(t *testing.T) {
		m := storetest.NewMlmmjadmin(t)
		l := mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: m.URL, Token: m.Token})
		require.NoError(t, l.Prepare(t.Context(), lists, store.MlmmjSettings{}))
		long := []string{"a@x.xn--vermgensberatung"}
		require.True(t, store.HasCode(l.Subscribe(t.Context(), lists, store.SubscribeNormal, long), store.CodeInvalidMail))
		require.True(t, store.HasCode(l.ConfigureList(t.Context(), lists, store.MlmmjUpdate{Moderators: &long}),
			store.CodeInvalidMail))
		require.True(t, store.HasCode(l.ConfigureList(t.Context(), lists, store.MlmmjUpdate{RemoveHeaders: &[]string{"X,Y"}}),
			store.CodeInvalidValue))
	})
	t.Run("the base without a path", func(t *testing.T) {
		m := storetest.NewMlmmjadmin(t)
		require.NoError(t, mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: strings.TrimSuffix(m.URL, "/api") + "/",
			Token: m.Token}).Check(t.Context()))
	})
	t.Run("a directory that is no list", func(t *testing.T) {
		m := storetest.NewMlmmjadmin(t)
		require.NoError(t, os.MkdirAll(filepath.Join(m.Spool, "lists.test", ".x", "subscribers.d"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(m.Spool, "lists.test", ".x", "subscribers.d", "a"), []byte("a@x.test\n"),
			0o600))
		require.NoError(t, mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: m.URL, Token: m.Token}).ForgetSubscriber(t.Context(), "a@x.test", []string{".x@lists.test"}))
	})
}

// What may stand at the other end of the URL.
func TestAdminOddAnswers(t *testing.T) {
	const token = "very-secret-token"
	for name, c := range map[string]struct {
		status int
		body   string
		down   bool
		says   string
	}{
		"a proxy without mlmmjadmin": {502, "bad gateway", true, "502"},
		"an overloaded proxy":        {503, "", true, "503"},
		"a proxy that refuses":       {403, "", false, "refused"},
		"a fault":                    {500, "internal server error", false, "500"},
		"another server":             {404, "not found", false, "404"},
		"a page":                     {200, "<html>", false, "is the URL right"},
		"a Python exception": {200, `{"_success": false, "_msg": "FileNotFoundError(2, 'x')"}`, false,
			"FileNotFoundError"},
		"nothing":              {200, "", false, "is the URL right"},
		"data of another form": {200, `{"_success": true, "_data": "x"}`, false, "unmarshal"},
		"a redirection":        {302, "", false, "302"},
		"a message that repeats the token": {200, fmt.Sprintf(`{"_success": false, "_msg": "bad token %s"}`, token), false,
			"[hidden]"},
		"a page that repeats the token": {500, token, false, "[hidden]"},
	} {
		t.Run(name, func(t *testing.T) {
			elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter,
				*http.Request) {
				t.Error("the token went elsewhere")
			}))
			defer elsewhere.Close()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", elsewhere.URL)
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			l := mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: server.URL, Token: token, Client: &http.Client{}})
			_, err := l.MlmmjSettings(t.Context(), lists)
			require.Equal(t, c.down, store.HasCode(err, store.CodeServerDown), "%v", err)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), token)
		})
	}
	t.Run("no answer in time", func(t *testing.T) {
		done := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
		defer server.Close()
		defer close(done)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		require.True(t, store.HasCode(mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: server.URL, Token: token}).Ping(ctx), store.CodeServerDown))
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: server.URL, Token: token}).Ping(gone), context.Canceled)
	})
	t.Run("nobody there", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		l := mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: server.URL + "/" + token, Token: token})
		require.True(t, store.HasCode(l.Ping(t.Context()), store.CodeServerDown))
		err := l.Check(t.Context())
		require.ErrorContains(t, err, "start it, or correct its URL")
		require.NotContains(t, err.Error(), token)
	})
	t.Run("an answer of any size", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(bytes.Repeat([]byte("["), 1<<20))
		}))
		defer server.Close()
		require.Error(t, mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: server.URL, Token: token}).Ping(t.Context()))
	})
}
