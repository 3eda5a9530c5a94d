package ldapstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ldapstore"
	"github.com/postern-mail/postern/store/storetest"
)

var errCut = errors.New("cut by the test")

var asGlobal = store.Write{Actor: store.Actor{Username: "root@elsewhere.test", Global: true, API: true}}

func ptr[T any](v T) *T { return &v }

// broken is a write that is cut, with what was there before it and what must hold wherever it was cut.
type broken struct {
	name    string
	prepare func(t *testing.T, s *ldapstore.Store)
	do      func(ctx context.Context, s *ldapstore.Store) error
	// half asserts that nothing is usable half-made.
	half func(t *testing.T, w *fixture)
}

// TestCutAnywhere cuts each write before each of its steps and after the last one. Then the same call is repeated: all of the
// directory, and what is kept beside it, must be as if nothing had happened.
func TestCutAnywhere(t *testing.T) {
	w := newFixture(t)
	options := w.options()
	options.Now = func() time.Time { return time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC) }
	w.store = w.openWith(t, options)
	cuts := 0
	for _, b := range brokenWrites() {
		t.Run(b.name, func(t *testing.T) {
			fresh := func() {
				w.empty(t)
				b.prepare(t, w.store)
			}
			fresh()
			steps := w.store.Steps(t.Context(), func(ctx context.Context) error { return b.do(ctx, w.store) })
			require.NotEmpty(t, steps)
			want := w.everything(t)
			for at := range steps {
				fresh()
				w.cutBefore(at)
				err := b.do(t.Context(), w.store)
				w.store.Cut(nil)
				require.ErrorIs(t, err, errCut, steps[at])
				if b.half != nil {
					b.half(t, w)
				}
				err = b.do(t.Context(), w.store)
				if err != nil { // the first call had got as far as it matters
					require.True(t, store.HasCode(err, store.CodeAlreadyExists) || store.IsNotFound(err), "%s: %v", steps[at], err)
				}
				require.Equal(t, want, w.everything(t), "cut before: %s", steps[at])
				cuts++
			}
		})
	}
	storetest.Count(t, "cuts between two steps of a write, each repeated", cuts)
}

// cutBefore has the next write end before that step.
func (w *fixture) cutBefore(at int) {
	n := -1
	w.store.Cut(func(string) error {
		if n++; n == at {
			return errCut
		}
		return nil
	})
}

// everything is what there is in the directory and beside it.
func (w *fixture) everything(t *testing.T) map[string]any {
	t.Helper()
	entries := w.at.Entries(t)
	for _, attributes := range entries {
		delete(attributes, "mailingListID") // is another one each time
	}
	all := map[string]any{"directory": entries}
	for _, table := range []string{"used_quota", "last_login", "share_folder", "anyone_shares"} {
		records, err := w.panel.Reader().Records(t.Context(), "SELECT * FROM "+table+" ORDER BY 1")
		require.NoError(t, err)
		all[table] = records
	}
	records, err := w.panel.Reader().Records(t.Context(), "SELECT username, maildir, delete_date FROM deleted_mailboxes ORDER BY username")
	require.NoError(t, err)
	all["deleted_mailboxes"] = records
	return all
}

func (w *fixture) openWith(t *testing.T, options ldapstore.Options) *ldapstore.Store {
	t.Helper()
	s, err := ldapstore.New(options, w.locks, w.mailboxes())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// full makes two domains with accounts that refer to each other in every way.
func full(t *testing.T, s *ldapstore.Store) {
	t.Helper()
	ctx := t.Context()
	must := func(_ store.Change, err error) {
		t.Helper()
		require.NoError(t, err)
	}
	for _, name := range []string{"a.test", "b.test"} {
		must(s.CreateDomain(ctx, asGlobal, store.DomainCreate{Name: name}))
	}
	must(s.UpdateDomain(ctx, asGlobal, "a.test", store.DomainUpdate{AliasDomains: store.Set{Add: []string{"alias.test"}}}))
	for _, mail := range []string{"ann@a.test", "bob@a.test", "eve@b.test"} {
		must(s.CreateUser(ctx, asGlobal, store.UserCreate{Mail: mail, Password: "{SSHA}x", Active: true}))
	}
	must(s.CreateAlias(ctx, asGlobal, store.AliasCreate{Mail: "team@a.test", Active: true, Members: []string{"ann@a.test", "eve@b.test"}}))
	must(s.CreateAlias(ctx, asGlobal, store.AliasCreate{Mail: "crew@b.test", Active: true, Members: []string{"ann@a.test", "team@a.test"}}))
	must(s.CreateStaticList(ctx, asGlobal, store.StaticListCreate{
		Mail: "list@a.test", Members: []string{"ann@a.test", "eve@b.test", "team@a.test", "x@elsewhere.test"},
	}))
	must(s.CreateStaticList(ctx, asGlobal, store.StaticListCreate{Mail: "news@b.test", Members: []string{"list@a.test", "ann@a.test"}}))
	must(s.CreateMailingListAccount(ctx, asGlobal, store.MailingListAccountCreate{
		Mail: "run@a.test", Active: true, Owners: []string{"ann@a.test"}, Moderators: []string{"eve@b.test", "ann@a.test"},
		ExtraAddresses: []string{"runners@a.test"},
	}))
	must(s.CreateAlias(ctx, asGlobal, store.AliasCreate{Mail: "sport@b.test", Active: true, Members: []string{"run@a.test", "ann@a.test"}}))
	for _, name := range []string{"a.test", "b.test"} {
		must(s.UpdateDomain(ctx, asGlobal, name, store.DomainUpdate{
			Catchall: &[]string{"ann@a.test"}, SenderBcc: ptr("ann@a.test"), RecipientBcc: ptr("eve@b.test"),
		}))
		must(s.UpdateDomainAdmins(ctx, asGlobal, name, store.Set{Add: []string{"ann@a.test"}}))
	}
	must(s.UpdateUser(ctx, asGlobal, "ann@a.test", store.UserUpdate{
		Forwarding: store.Set{Add: []string{"x@elsewhere.test"}}, Aliases: store.Set{Add: []string{"anna@a.test"}}, SenderBcc: ptr("ann@a.test"),
	}))
	must(s.UpdateUser(ctx, asGlobal, "eve@b.test", store.UserUpdate{
		Forwarding: store.Set{Replace: &[]string{"ann@a.test"}}, RecipientBcc: ptr("ann@a.test"),
	}))
}

func brokenWrites() []broken {
	write := func(do func(ctx context.Context, s *ldapstore.Store) (store.Change, error)) func(context.Context, *ldapstore.Store) error {
		return func(ctx context.Context, s *ldapstore.Store) error {
			_, err := do(ctx, s)
			return err
		}
	}
	managing := func(t *testing.T, s *ldapstore.Store) {
		t.Helper()
		full(t, s)
		_, err := s.CreateAdmin(t.Context(), asGlobal, store.AdminCreate{
			Mail: "boss@elsewhere.test", Password: "{SSHA}x", Active: true, Limits: store.LimitsUpdate{Domains: ptr[int64](3)},
		})
		require.NoError(t, err)
	}
	boss := store.Write{Actor: store.Actor{Username: "boss@elsewhere.test"}}
	return []broken{
		{
			name: "create domain", prepare: managing,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.CreateDomain(ctx, boss, store.DomainCreate{Name: "c.test", Quota: 100, RecipientBcc: "ann@a.test"})
			}),
			half: func(t *testing.T, w *fixture) {
				t.Helper()
				w.requireNothing(t, "(&(domainName=c.test)(accountStatus=active))")
				_, err := w.store.Domain(t.Context(), "c.test")
				require.True(t, store.IsNotFound(err), "%v", err)
				names, err := w.store.DomainNames(t.Context(), store.DomainFilter{ManagedBy: "boss@elsewhere.test"}, store.PageRequest{})
				require.NoError(t, err)
				require.Empty(t, names.Items)
			},
		},
		{
			name: "create domain with everything", prepare: managing,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.CreateDomain(ctx, boss, store.DomainCreate{
					Name: "c.test", Quota: 100, RecipientBcc: "ann@a.test", Catchall: []string{"ann@a.test", "x@elsewhere.test"},
					AliasDomains: []string{"c1.test", "c2.test"}, PendingAliasDomains: []string{"c3.test"}, OutboundRelay: "[192.0.2.1]:25",
					Services: &[]string{"wiki"}, DomainProfiles: []string{"bcc"}, MinPasswordLength: 9,
				})
			}),
			half: func(t *testing.T, w *fixture) {
				t.Helper()
				w.requireNothing(t, "(&(domainName=c.test)(accountStatus=active))")
				w.requireNothing(t, "(domainAliasName=c1.test)") // whoever needs the name may still have it
				_, err := w.store.Domain(t.Context(), "c.test")
				require.True(t, store.IsNotFound(err), "%v", err)
			},
		},
		{
			name: "disable domain", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.UpdateDomain(ctx, asGlobal, "a.test", store.DomainUpdate{Active: ptr(false)})
			}),
		},
		{
			name: "alias domains come and go", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.UpdateDomain(ctx, asGlobal, "a.test", store.DomainUpdate{
					AliasDomains: store.Set{Replace: &[]string{"other.test"}}, Catchall: &[]string{},
				})
			}),
			half: func(t *testing.T, w *fixture) {
				t.Helper()
				w.requireNothing(t, "(domainAliasName=other.test)") // before every account has its address there
			},
		},
		{
			name: "domain admins", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.UpdateDomainAdmins(ctx, asGlobal, "b.test", store.Set{Replace: &[]string{"eve@b.test", "bob@a.test"}})
			}),
		},
		{
			name: "delete domain", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.DeleteDomain(ctx, asGlobal, "a.test", 7)
			}),
			half: func(t *testing.T, w *fixture) {
				t.Helper()
				if len(w.search(t, "(mail=ann@a.test)")) == 0 { // mail is refused before the first account goes
					w.requireNothing(t, "(&(domainName=a.test)(accountStatus=active))")
				}
			},
		},
		{
			name: "delete admin", prepare: managing,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.DeleteAdmin(ctx, asGlobal, "ann@a.test")
			}),
		},
		{
			name: "create user", prepare: func(t *testing.T, s *ldapstore.Store) { full(t, s) },
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.CreateUser(ctx, asGlobal, store.UserCreate{Mail: "zoe@a.test", Password: "{SSHA}x", Active: true})
			}),
		},
		{
			name: "create user with everything", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.CreateUser(ctx, asGlobal, store.UserCreate{
					Mail: "zoe@a.test", Password: "{SSHA}x", Active: true, Global: true, Department: "Lager", Transport: "smtp:[192.0.2.1]",
					Forwarding: []string{"zoe@a.test", "eve@b.test"}, Aliases: []string{"zo@a.test"}, SenderBcc: "ann@a.test",
					RecipientBcc: "zoe@a.test", Services: &[]string{"imap"}, Telephone: []string{"1", "2"}, Mobile: []string{"3"},
				})
			}),
			half: func(t *testing.T, w *fixture) {
				t.Helper()
				if _, err := w.store.User(t.Context(), "zoe@a.test"); err != nil {
					require.True(t, store.IsNotFound(err), "%v", err)
					w.requireNothing(t, "(|(shadowAddress=zo@a.test)(mail=zoe@a.test))")
				}
			},
		},
		{
			name: "update users", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.UpdateUsers(ctx, asGlobal, "a.test", store.UsersUpdate{Active: ptr(false), Language: ptr("de_DE")})
			}),
		},
		{
			name: "rename user", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.RenameUser(ctx, asGlobal, "ann@a.test", "zoe@a.test")
			}),
			half: reachable("ann@a.test"),
		},
		{
			name: "rename user to another domain", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.RenameUser(ctx, asGlobal, "ann@a.test", "ann@b.test")
			}),
			half: reachable("ann@a.test"),
		},
		{
			name: "delete user", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.DeleteUser(ctx, asGlobal, "ann@a.test", 7)
			}),
		},
		{
			name: "create alias", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.CreateAlias(ctx, asGlobal, store.AliasCreate{Mail: "info@a.test", Members: []string{"ann@a.test"}, Active: true})
			}),
		},
		{
			name: "rename alias to another domain", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.RenameAlias(ctx, asGlobal, "team@a.test", "folk@b.test")
			}),
			half: reachable("team@a.test"),
		},
		{
			name: "delete alias", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.DeleteAlias(ctx, asGlobal, "team@a.test")
			}),
		},
		{
			name: "create list", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.CreateStaticList(ctx, asGlobal, store.StaticListCreate{
					Mail: "all@a.test", Members: []string{"ann@a.test", "eve@b.test", "crew@b.test", "x@elsewhere.test"},
				})
			}),
			half: func(t *testing.T, w *fixture) {
				t.Helper()
				_, err := w.store.StaticList(t.Context(), "all@a.test")
				if err != nil {
					require.True(t, store.IsNotFound(err), "%v", err)
					w.requireNothing(t, "(&(objectClass=mailList)(mail=all@a.test)(accountStatus=active))")
				}
			},
		},
		{
			name: "members of a list", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.UpdateStaticList(ctx, asGlobal, "list@a.test", store.StaticListUpdate{
					Name: ptr("List"), Members: store.Set{Replace: &[]string{"bob@a.test", "ann@a.test", "y@elsewhere.test"}},
				})
			}),
		},
		{
			name: "delete list", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.DeleteStaticList(ctx, asGlobal, "list@a.test")
			}),
		},
		{
			name: "create list of mlmmj", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.CreateMailingListAccount(ctx, asGlobal, store.MailingListAccountCreate{Mail: "jog@a.test", Active: true, Owners: []string{"bob@a.test"}})
			}),
		},
		{
			name: "update list of mlmmj", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.UpdateMailingListAccount(ctx, asGlobal, "run@a.test", store.MailingListAccountUpdate{Name: ptr("Run"), Owners: &[]string{"bob@a.test"}})
			}),
		},
		{
			name: "delete list of mlmmj", prepare: full,
			do: write(func(ctx context.Context, s *ldapstore.Store) (store.Change, error) {
				return s.DeleteMailingListAccount(ctx, asGlobal, "run@a.test", true)
			}),
		},
	}
}

// TestDomainIsMadeAnewWithLess has a create that was cut off leave nothing that the next one of that name does not ask for.
func TestDomainIsMadeAnewWithLess(t *testing.T) {
	w := newFixture(t)
	full(t, w.store)
	w.store.Cut(func(about string) error { // before it goes live
		if strings.HasPrefix(about, "modify domainName=c.test") {
			return errCut
		}
		return nil
	})
	_, err := w.store.CreateDomain(t.Context(), asGlobal, store.DomainCreate{
		Name: "c.test", Catchall: []string{"ann@a.test"}, AliasDomains: []string{"c1.test"}, SenderBcc: "ann@a.test", BackupMX: true,
	})
	require.ErrorIs(t, err, errCut)
	require.NotEmpty(t, w.search(t, "(mail=@c.test)"))
	w.store.Cut(nil)
	_, err = w.store.CreateDomain(t.Context(), asGlobal, store.DomainCreate{Name: "c.test", Description: "C"})
	require.NoError(t, err)
	d, err := w.store.Domain(t.Context(), "c.test")
	require.NoError(t, err)
	require.Empty(t, d.Catchall)
	require.Empty(t, d.AliasDomains)
	require.Empty(t, d.SenderBcc)
	w.requireNothing(t, "(|(mail=@c.test)(domainAliasName=c1.test)(domainBackupMX=yes))")
}

// reachable asserts that mail for an address finds an account.
func reachable(mail string) func(t *testing.T, w *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		found := w.search(t, fmt.Sprintf("(&(accountStatus=active)(|(mail=%[1]s)(shadowAddress=%[1]s)))", mail))
		if len(found) > 0 {
			return
		}
		// All but the numbers is done: the old address is gone from everywhere.
		w.requireNothing(t, fmt.Sprintf("(|(mailForwardingAddress=%[1]s)(domainAdmin=%[1]s)(userSenderBccAddress=%[1]s))", mail))
	}
}

// TestSwitchingOffIsTakenBack has a domain that was to be switched off, and was not to the end, be switched on again as a whole:
// that it is on already does not make it nothing.
func TestSwitchingOffIsTakenBack(t *testing.T) {
	w := newFixture(t)
	full(t, w.store)
	w.store.Cut(func(about string) error {
		if strings.HasPrefix(about, "modify domainName=a.test") {
			return errCut
		}
		return nil
	})
	_, err := w.store.UpdateDomain(t.Context(), asGlobal, "a.test", store.DomainUpdate{Active: ptr(false)})
	require.ErrorIs(t, err, errCut)
	w.store.Cut(nil)
	require.NotEmpty(t, w.search(t, "(domainStatus=disabled)"))
	for _, nothing := range []bool{false, true} {
		change, err := w.store.UpdateDomain(t.Context(), asGlobal, "a.test", store.DomainUpdate{Active: ptr(true)})
		require.NoError(t, err)
		require.Equal(t, nothing, change.Nothing)
		w.requireNothing(t, "(domainStatus=disabled)")
	}
}
