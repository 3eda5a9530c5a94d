package mlmmj

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/storetest"
)

const devList = "dev@lists.test"

var errCut = errors.New("the process died")

// cutAfter lets n changes happen and none that follow, as if the process had died.
func (s *Spool) cutAfter(n int) {
	s.before = func(string) error {
		if n--; n < 0 {
			return errCut
		}
		return nil
	}
}

func newSpool(t *testing.T) *Spool {
	t.Helper()
	skeleton := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(skeleton, "en"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(skeleton, "en", "confirm"), []byte("Subject: hello\n\n"), 0o644))
	s := NewSpool(SpoolConfig{
		Spool: filepath.Join(t.TempDir(), "spool"), Programs: storetest.Mlmmj(t), Skeleton: skeleton, SMTPPort: 2525,
	})
	s.sync = func(*os.File) error { return nil }
	return s
}

func subscribersOf(t *testing.T, s *Spool) []string {
	t.Helper()
	all := []string{}
	for sub, err := range s.Subscribers(t.Context(), devList) {
		require.NoError(t, err)
		all = append(all, string(sub.Subscription)+" "+sub.Mail)
	}
	return all
}

// usable reports whether mlmmj's programs work on the list: whether they find its address.
func usable(s *Spool) bool {
	_, err := os.Stat(filepath.Join(s.Spool, "lists.test", "dev", "control", "listaddress"))
	return err == nil
}

// atEveryCut makes a fresh spool by setup, cuts the call after each of its changes in turn, shows what there is then to
// look, makes the call again without a cut, and shows that to done.
func atEveryCut(t *testing.T, setup func(*testing.T, *Spool), call func(*Spool) error, look, done func(*testing.T, *Spool)) {
	t.Helper()
	cuts := 0
	for {
		s := newSpool(t)
		setup(t, s)
		s.cutAfter(cuts)
		err := call(s)
		s.before = nil
		if err == nil {
			done(t, s)
			break
		}
		require.ErrorIs(t, err, errCut)
		look(t, s)
		for range 2 {
			require.NoError(t, call(s), "repeat after %d changes", cuts)
			done(t, s)
		}
		cuts++
	}
	require.NotZero(t, cuts)
	storetest.Count(t, "cuts", cuts)
}

func TestPrepareIsCut(t *testing.T) {
	settings := store.DefaultMlmmjSettings(devList)
	settings.SubjectPrefix, settings.FooterHTML = "[dev] ", "<p>x</p>"
	call := func(s *Spool) error { return s.Prepare(t.Context(), devList, settings) }
	look := func(t *testing.T, s *Spool) {
		for _, err := range []error{
			second(s.MlmmjSettings(t.Context(), devList)),
			s.Subscribe(t.Context(), devList, store.SubscribeNormal, []string{"a@x.test"}),
			s.ConfigureList(t.Context(), devList, store.MlmmjUpdate{}),
			s.Unsubscribe(t.Context(), devList, nil),
		} {
			require.True(t, store.IsNotFound(err), "%v", err)
		}
		if usable(s) {
			for _, file := range []string{"control/prefix", "control/footer_text", "control/subonlypost", "control/tocc",
				"text/confirm", "index"} {
				require.FileExists(t, filepath.Join(s.Spool, "lists.test", "dev", file))
			}
		}
	}
	done := func(t *testing.T, s *Spool) {
		got, err := s.MlmmjSettings(t.Context(), devList)
		require.NoError(t, err)
		require.Equal(t, settings.SubjectPrefix, got.SubjectPrefix)
		require.Equal(t, settings.Owners, got.Owners)
		port, err := os.ReadFile(filepath.Join(s.Spool, "lists.test", "dev", "control", "smtpport"))
		require.NoError(t, err)
		require.Equal(t, "2525\n", string(port))
		mails, err := s.ListsOf(t.Context(), "lists.test")
		require.NoError(t, err)
		require.Equal(t, []string{devList}, mails)
	}
	t.Run("where there is nothing", func(t *testing.T) {
		atEveryCut(t, func(*testing.T, *Spool) {}, call, look, done)
	})
	t.Run("over a stray, which is not lost", func(t *testing.T) {
		stray := func(t *testing.T, s *Spool) {
			require.NoError(t, s.Prepare(t.Context(), devList, store.MlmmjSettings{Name: "stray"}))
			require.NoError(t, s.Subscribe(t.Context(), devList, store.SubscribeNormal, []string{"old@x.test"}))
		}
		kept := func(t *testing.T, s *Spool) {
			found, err := filepath.Glob(filepath.Join(s.Spool+"*", "lists.test", "dev*", "dev", "subscribers.d", "o"))
			require.NoError(t, err)
			here, err := filepath.Glob(filepath.Join(s.Spool, "lists.test", "dev", "subscribers.d", "o"))
			require.NoError(t, err)
			require.Len(t, append(found, here...), 1)
		}
		atEveryCut(t, stray, call, kept, func(t *testing.T, s *Spool) {
			done(t, s)
			kept(t, s)
			require.Empty(t, subscribersOf(t, s))
		})
	})
	t.Run("cut again and again", func(t *testing.T) {
		s := newSpool(t)
		for n := range 50 {
			s.cutAfter(n)
			require.ErrorIs(t, call(s), errCut)
		}
		s.before = nil
		require.NoError(t, call(s))
		done(t, s)
		require.NoDirExists(t, s.Archive, "what was never finished is not worth keeping")
	})
}

func second[T any](_ T, err error) error { return err }

func TestConfigureIsCut(t *testing.T) {
	from := store.DefaultMlmmjSettings(devList)
	from.FooterText, from.FooterHTML, from.Moderated = "old", "<p>old</p>", true
	yes, no, none, extra := true, false, "", []string{"extra@lists.test"}
	u := store.MlmmjUpdate{
		OnlyModeratorsPost: &yes, Moderated: &no, FooterText: &none, FooterHTML: &none, ExtraAddresses: &extra,
		SubscriptionModerators: &extra,
	}
	atEveryCut(t,
		func(t *testing.T, s *Spool) { require.NoError(t, s.Prepare(t.Context(), devList, from)) },
		func(s *Spool) error { return s.ConfigureList(t.Context(), devList, u) },
		func(t *testing.T, s *Spool) {
			got, err := s.MlmmjSettings(t.Context(), devList)
			require.NoError(t, err)
			require.True(t, got.OnlyModeratorsPost || got.OnlySubscribersPost, "at no time may anybody post")
			require.True(t, usable(s))
			if got.FooterHTML != "" {
				require.FileExists(t, filepath.Join(s.Spool, "lists.test", "dev", "control", "footer_text"))
			}
		},
		func(t *testing.T, s *Spool) {
			got, err := s.MlmmjSettings(t.Context(), devList)
			require.NoError(t, err)
			want := from.With(u)
			require.Equal(t, want.OnlyModeratorsPost, got.OnlyModeratorsPost)
			require.Equal(t, want.OnlySubscribersPost, got.OnlySubscribersPost)
			require.Equal(t, []any{want.Moderated, "", "", extra, extra},
				[]any{got.Moderated, got.FooterText, got.FooterHTML, got.ExtraAddresses, got.SubscriptionModerators})
		})
}

func TestSubscribeIsCut(t *testing.T) {
	addresses := []string{"a@x.test", "b@x.test", "c@x.test", "d@x.test"}
	atEveryCut(t,
		func(t *testing.T, s *Spool) {
			require.NoError(t, s.Prepare(t.Context(), devList, store.DefaultMlmmjSettings(devList)))
			require.NoError(t, s.Subscribe(t.Context(), devList, store.SubscribeNormal, []string{"a@x.test", "aa@x.test", "c@x.test"}))
			require.NoError(t, s.Subscribe(t.Context(), devList, store.SubscribeNoMail, []string{"b@x.test"}))
		},
		func(s *Spool) error { return s.Subscribe(t.Context(), devList, store.SubscribeDigest, addresses) },
		func(t *testing.T, s *Spool) {
			got := strings.Join(subscribersOf(t, s), " ")
			for _, a := range []string{" a@x.test", " aa@x.test", " b@x.test", " c@x.test"} {
				require.Contains(t, " "+got, a, "nobody is lost on the way")
			}
		},
		func(t *testing.T, s *Spool) {
			require.Equal(t, []string{
				"normal aa@x.test", "digest a@x.test", "digest b@x.test", "digest c@x.test", "digest d@x.test",
			}, subscribersOf(t, s))
		})
}

func TestRenameSubscriberIsCut(t *testing.T) {
	atEveryCut(t,
		func(t *testing.T, s *Spool) {
			settings := store.DefaultMlmmjSettings(devList)
			settings.Owners = []string{"a@x.test"}
			require.NoError(t, s.Prepare(t.Context(), devList, settings))
			require.NoError(t, s.Subscribe(t.Context(), devList, store.SubscribeDigest, []string{"a@x.test"}))
		},
		func(s *Spool) error {
			return s.RenameSubscriber(t.Context(), "a@x.test", "b@x.test", []string{devList})
		},
		func(t *testing.T, s *Spool) { require.NotEmpty(t, subscribersOf(t, s)) },
		func(t *testing.T, s *Spool) {
			require.Equal(t, []string{"digest b@x.test"}, subscribersOf(t, s))
			got, err := s.MlmmjSettings(t.Context(), devList)
			require.NoError(t, err)
			require.Equal(t, []string{"b@x.test"}, got.Owners)
		})
}

func TestRemoveIsCut(t *testing.T) {
	setup := func(t *testing.T, s *Spool) {
		require.NoError(t, s.Prepare(t.Context(), devList, store.DefaultMlmmjSettings(devList)))
		require.NoError(t, s.Subscribe(t.Context(), devList, store.SubscribeNormal, []string{"a@x.test"}))
	}
	archived := func(t *testing.T, s *Spool) int {
		kept, err := filepath.Glob(filepath.Join(s.Archive, "lists.test", "dev-*", "dev"))
		require.NoError(t, err)
		for _, dir := range kept {
			content, err := os.ReadFile(filepath.Join(dir, "subscribers.d", "a"))
			require.NoError(t, err, "what is in the archive is whole")
			require.Equal(t, "a@x.test\n", string(content))
			require.FileExists(t, filepath.Join(dir, "control", "listaddress"))
		}
		return len(kept)
	}
	gone := func(t *testing.T, s *Spool) {
		require.NoDirExists(t, filepath.Join(s.Spool, "lists.test", "dev"))
	}
	t.Run("to the archive", func(t *testing.T) {
		atEveryCut(t, setup, func(s *Spool) error { return s.RemoveList(t.Context(), devList, true) },
			func(t *testing.T, s *Spool) { require.Equal(t, []string{"normal a@x.test"}, subscribersOf(t, s)) },
			func(t *testing.T, s *Spool) {
				gone(t, s)
				require.Equal(t, 1, archived(t, s))
			})
	})
	t.Run("to an archive on another file system", func(t *testing.T) {
		elsewhere := func(t *testing.T, s *Spool) {
			setup(t, s)
			s.rename = func(from, to string) error {
				return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.EXDEV}
			}
		}
		atEveryCut(t, elsewhere, func(s *Spool) error { return s.RemoveList(t.Context(), devList, true) },
			func(t *testing.T, s *Spool) {
				if archived(t, s) == 0 {
					require.Equal(t, []string{"normal a@x.test"}, subscribersOf(t, s))
				}
			},
			func(t *testing.T, s *Spool) {
				gone(t, s)
				require.NotZero(t, archived(t, s))
			})
	})
	t.Run("for good", func(t *testing.T) {
		atEveryCut(t, setup, func(s *Spool) error { return s.RemoveList(t.Context(), devList, false) },
			func(t *testing.T, s *Spool) {
				if _, err := s.MlmmjSettings(t.Context(), devList); err == nil {
					require.Equal(t, []string{"normal a@x.test"}, subscribersOf(t, s), "a list is whole as long as it is one")
				}
			},
			func(t *testing.T, s *Spool) {
				gone(t, s)
				require.Zero(t, archived(t, s))
			})
	})
	t.Run("for good, and then with an archive", func(t *testing.T) {
		s := newSpool(t)
		setup(t, s)
		s.cutAfter(5)
		require.ErrorIs(t, s.RemoveList(t.Context(), devList, false), errCut)
		s.before = nil
		require.NoError(t, s.RemoveList(t.Context(), devList, true))
		gone(t, s)
		require.Zero(t, archived(t, s), "the rest of an erased list is nothing to keep")
	})
	t.Run("one that lost its address is kept all the same", func(t *testing.T) {
		s := newSpool(t)
		setup(t, s)
		require.NoError(t, os.Remove(filepath.Join(s.Spool, "lists.test", "dev", "control", "listaddress")))
		require.Equal(t, []string{"normal a@x.test"}, subscribersOf(t, s))
		require.NoError(t, s.RemoveList(t.Context(), devList, true))
		kept, err := filepath.Glob(filepath.Join(s.Archive, "lists.test", "dev-*", "dev", "subscribers.d", "a"))
		require.NoError(t, err)
		require.Len(t, kept, 1)
	})
}
