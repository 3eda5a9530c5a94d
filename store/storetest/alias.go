package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// aliases is the suite of store.Aliases.
func aliases(t *testing.T, open Open) {
	t.Run("create", func(t *testing.T) { createAlias(t, open) })
	t.Run("create fails", func(t *testing.T) { createAliasFails(t, open) })
	t.Run("limits", func(t *testing.T) { aliasLimits(t, open) })
	t.Run("list", func(t *testing.T) { listAliases(t, open) })
	t.Run("update", func(t *testing.T) { updateAlias(t, open) })
	t.Run("members", func(t *testing.T) { aliasMembers(t, open) })
	t.Run("rename", func(t *testing.T) { renameAlias(t, open) })
	t.Run("delete", func(t *testing.T) { deleteAlias(t, open) })
}

// mustReadAlias reads an alias account.
func mustReadAlias(t *testing.T, f Fixture, mail string) store.Alias {
	t.Helper()
	a, err := f.Accounts.Alias(ctx(t), mail)
	require.NoError(t, err)
	return a
}

// withAlias opens a store that has team@a.test with a member elsewhere.
func withAlias(t *testing.T, open Open) Fixture {
	t.Helper()
	f := withDomain(t, open)
	mustAlias(t, f, "team@a.test", "x@elsewhere.test")
	return f
}

func createAlias(t *testing.T, open Open) {
	t.Run("with everything", func(t *testing.T) {
		f := withUser(t, open)
		change, err := f.Accounts.CreateAlias(ctx(t), asGlobal, store.AliasCreate{
			Mail: "team@a.test", Name: "Gruppe Süd 王", AccessPolicy: "membersonly", Active: true,
			Members: []string{"x@elsewhere.test", "ann@a.test", "x@elsewhere.test"},
		})
		require.NoError(t, err)
		require.Equal(t, store.ActionCreate, change.Action)
		require.Equal(t, store.NounAlias, change.Noun)
		require.Equal(t, "team@a.test", change.Name)
		require.Equal(t, "a.test", change.Domain)
		require.Nil(t, change.Before)
		require.NotEmpty(t, change.After)
		require.False(t, change.EndsSessions)

		a := mustReadAlias(t, f, "team@a.test")
		require.Equal(t, "team@a.test", a.Mail)
		require.Equal(t, []string{"ann@a.test", "x@elsewhere.test"}, a.Members)
		require.Equal(t, []string{}, a.Moderators)
		for column, want := range map[string]any{
			"name": "Gruppe Süd 王", "accesspolicy": "membersonly", "domain": "a.test", "active": int64(1),
		} {
			requireCell(t, f, want, "SELECT "+column+" FROM alias")
		}
		requireColumn(t, f, []any{"a.test", "elsewhere.test"}, "SELECT dest_domain FROM forwardings WHERE address = 'team@a.test'"+
			" AND domain = 'a.test' AND is_list = 1 AND is_forwarding = 0 AND is_alias = 0 AND active = 1 ORDER BY forwarding")
	})
	t.Run("with nothing", func(t *testing.T) {
		f := withDomain(t, open)
		mustAlias(t, f, "team@a.test")
		a := mustReadAlias(t, f, "team@a.test")
		require.Equal(t, []string{}, a.Members)
		require.Equal(t, []string{}, a.Moderators)
		requireCell(t, f, "", "SELECT accesspolicy FROM alias")
	})
	t.Run("disabled", func(t *testing.T) {
		f := withDomain(t, open)
		_, err := f.Accounts.CreateAlias(ctx(t), asGlobal, store.AliasCreate{
			Mail: "team@a.test", Members: []string{"x@elsewhere.test"},
		})
		require.NoError(t, err)
		requireCell(t, f, int64(0), "SELECT active FROM alias")
		requireCell(t, f, int64(0), "SELECT active FROM forwardings")
	})
	t.Run("with more members than fit into one statement", func(t *testing.T) {
		f := withDomain(t, open)
		many := manyAddresses(5000)
		mustAlias(t, f, "team@a.test", many...)
		require.Equal(t, many, mustReadAlias(t, f, "team@a.test").Members)
		_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "team@a.test", store.AliasUpdate{Members: replacing()})
		require.NoError(t, err)
		require.Equal(t, []string{}, mustReadAlias(t, f, "team@a.test").Members)
	})
	t.Run("with a plus of its own", func(t *testing.T) {
		f := withUser(t, open)
		mustAlias(t, f, "ann+news@a.test", "ann@a.test")
		require.Equal(t, []string{"ann@a.test"}, mustReadAlias(t, f, "ann+news@a.test").Members)
	})
	t.Run("moderators are read", func(t *testing.T) {
		f := withAlias(t, open)
		putModerators(t, f, "team@a.test", "*@b.test", "x@b.test")
		require.Equal(t, []string{"*@b.test", "x@b.test"}, mustReadAlias(t, f, "team@a.test").Moderators)
	})
	t.Run("dry run writes nothing", func(t *testing.T) {
		f := withDomain(t, open)
		same := unchanged(t, f)
		w := asGlobal
		w.DryRun = true
		_, err := f.Accounts.CreateAlias(ctx(t), w, store.AliasCreate{Mail: "team@a.test", Members: []string{"x@elsewhere.test"}})
		require.NoError(t, err)
		same()
	})
}

func createAliasFails(t *testing.T, open Open) {
	create := func(t *testing.T, f Fixture, w store.Write, a store.AliasCreate) (store.Change, error) {
		t.Helper()
		a.Mail = "team@a.test"
		return f.Accounts.CreateAlias(ctx(t), w, a)
	}
	for name, c := range map[string]struct {
		alias store.AliasCreate
		code  string
	}{
		"member of itself":   {store.AliasCreate{Members: []string{"x@elsewhere.test", "team@a.test"}}, store.CodeInvalidMail},
		"long name":          {store.AliasCreate{Name: strings.Repeat("ä", 256)}, store.CodeValueTooLong},
		"long access policy": {store.AliasCreate{AccessPolicy: strings.Repeat("a", 31)}, store.CodeValueTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			f := withDomain(t, open)
			same := unchanged(t, f)
			_, err := create(t, f, refusing, c.alias)
			requireCode(t, err, store.Invalid, c.code)
			same()
		})
	}
	t.Run("unknown domain", func(t *testing.T) {
		f := open(t)
		_, err := create(t, f, asGlobal, store.AliasCreate{})
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	t.Run("member that does not exist", func(t *testing.T) {
		f := withUser(t, open)
		same := unchanged(t, f)
		members := []string{"gone@a.test", "ann@a.test", "ann+tag@a.test"}
		_, err := create(t, f, refusing, store.AliasCreate{Members: members})
		requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
		same()
		change, err := create(t, f, dropping, store.AliasCreate{Members: members})
		require.NoError(t, err)
		require.Equal(t, []string{"gone@a.test"}, change.Discarded)
		require.Equal(t, []string{"ann+tag@a.test", "ann@a.test"}, mustReadAlias(t, f, "team@a.test").Members)
	})
	t.Run("moderator that does not exist", func(t *testing.T) {
		f := withUser(t, open)
		same := unchanged(t, f)
		gone := []string{"ann@a.test", "gone@a.test"}
		for _, w := range []store.Write{refusing, dropping} {
			_, err := create(t, f, w, store.AliasCreate{Moderators: gone})
			requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
			requireField(t, err, "moderators")
		}
		same()
		_, err := create(t, f, asGlobal, store.AliasCreate{Moderators: []string{"ann@a.test"}})
		require.NoError(t, err)
		same = unchanged(t, f)
		_, err = f.Accounts.UpdateAlias(ctx(t), asGlobal, "team@a.test", store.AliasUpdate{Moderators: &gone})
		requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
		same()
		_, err = f.Accounts.DeleteUser(ctx(t), asGlobal, "ann@a.test", 0)
		require.NoError(t, err)
		require.Empty(t, mustReadAlias(t, f, "team@a.test").Moderators, "who is deleted moderates nothing")
	})
	for _, table := range []string{"alias", "forwardings"} {
		t.Run("whole or absent without "+table, func(t *testing.T) {
			f := withDomain(t, open)
			same := unchanged(t, f)
			mend := f.Break(t, table)
			_, err := create(t, f, asGlobal, store.AliasCreate{Members: []string{"x@elsewhere.test"}})
			require.Error(t, err)
			mend()
			same()
		})
	}
}

func aliasLimits(t *testing.T, open Open) {
	try := func(f Fixture, w store.Write) func(ctx context.Context, i int) error {
		return func(ctx context.Context, i int) error {
			_, err := f.Accounts.CreateAlias(ctx, w, store.AliasCreate{Mail: fmt.Sprintf("t%d@a.test", i)})
			return err
		}
	}
	t.Run("domain forbids aliases", func(t *testing.T) {
		f := withDomain(t, open)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{NumberOfAliases: ptr[int64](-1)})
		requireCode(t, try(f, asGlobal)(ctx(t), 1), store.Conflict, store.CodeNotAllowed)
	})
	t.Run("race at the limit of a domain", func(t *testing.T) {
		f := withUser(t, open)
		mustUpdateUser(t, f, "ann@a.test", store.UserUpdate{Aliases: adding("anna@a.test")})
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{NumberOfAliases: ptr[int64](5)})
		require.Equal(t, 5, race(t, store.CodeDomainAccountLimit, try(f, asGlobal)))
	})
	t.Run("race at the cap of an admin", func(t *testing.T) {
		f := withDomain(t, open)
		w := cappedAdmin(t, f, store.LimitsUpdate{Aliases: ptr[int64](6)}, "a.test")
		require.Equal(t, 6, race(t, store.CodeLimitAliases, try(f, w)))
	})
}

func listAliases(t *testing.T, open Open) {
	inA := store.AliasFilter{Domain: "a.test"}
	list := func(t *testing.T, f Fixture, filter store.AliasFilter, page store.PageRequest) (mails []string, next string) {
		t.Helper()
		found, err := f.Accounts.Aliases(ctx(t), filter, page)
		require.NoError(t, err)
		mails = []string{}
		for _, a := range found.Items {
			require.Equal(t, mustReadAlias(t, f, a.Mail), a)
			mails = append(mails, a.Mail)
		}
		short, err := f.Accounts.AliasAddresses(ctx(t), filter, page)
		require.NoError(t, err)
		require.Equal(t, mails, short.Items)
		require.Equal(t, found.Next, short.Next)
		return mails, found.Next
	}
	t.Run("unknown domain", func(t *testing.T) {
		f := open(t)
		_, err := f.Accounts.Aliases(ctx(t), inA, store.PageRequest{})
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
		_, err = f.Accounts.AliasAddresses(ctx(t), inA, store.PageRequest{})
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	t.Run("missing", func(t *testing.T) {
		f := withUser(t, open)
		_, err := f.Accounts.Alias(ctx(t), "ann@a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("empty domain", func(t *testing.T) {
		f := withUser(t, open)
		found, err := f.Accounts.Aliases(ctx(t), inA, store.PageRequest{})
		require.NoError(t, err)
		require.Equal(t, []store.Alias{}, found.Items)
	})
	t.Run("in pages", func(t *testing.T) {
		f := withUser(t, open)
		mustDomain(t, f, "b.test")
		mustAlias(t, f, "t1@b.test")
		for _, mail := range []string{"t3@a.test", "t1@a.test", "t2@a.test"} {
			mustAlias(t, f, mail, "ann@a.test")
		}
		first, next := list(t, f, inA, store.PageRequest{Limit: 2})
		require.Equal(t, []string{"t1@a.test", "t2@a.test"}, first)
		second, next := list(t, f, inA, store.PageRequest{Limit: 2, After: next})
		require.Equal(t, []string{"t3@a.test"}, second)
		require.Empty(t, next)
		back, _ := list(t, f, inA, store.PageRequest{Desc: true})
		require.Equal(t, []string{"t3@a.test", "t2@a.test", "t1@a.test"}, back)
	})
	t.Run("disabled ones alone", func(t *testing.T) {
		f := withAlias(t, open)
		mustAlias(t, f, "idle@a.test")
		_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "idle@a.test", store.AliasUpdate{Active: ptr(false)})
		require.NoError(t, err)
		mails, _ := list(t, f, store.AliasFilter{Domain: "a.test", DisabledOnly: true}, store.PageRequest{})
		require.Equal(t, []string{"idle@a.test"}, mails)
	})
}
