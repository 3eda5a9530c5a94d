package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// mustUpdateAlias changes an alias account.
func mustUpdateAlias(t *testing.T, f Fixture, mail string, u store.AliasUpdate) store.Change {
	t.Helper()
	change, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, mail, u)
	require.NoError(t, err)
	return change
}

func updateAlias(t *testing.T, open Open) {
	t.Run("name and policy set and cleared", func(t *testing.T) {
		f := withAlias(t, open)
		for _, v := range []string{"membersonly", ""} {
			change := mustUpdateAlias(t, f, "team@a.test", store.AliasUpdate{Name: &v, AccessPolicy: &v})
			require.Equal(t, store.ActionUpdate, change.Action)
			requireCell(t, f, v, "SELECT name FROM alias")
			requireCell(t, f, v, "SELECT accesspolicy FROM alias")
		}
		require.Equal(t, []string{"x@elsewhere.test"}, mustReadAlias(t, f, "team@a.test").Members)
	})
	t.Run("disable and enable", func(t *testing.T) {
		f := withAlias(t, open)
		mustAlias(t, f, "other@a.test", "team@a.test")
		change := mustUpdateAlias(t, f, "team@a.test", store.AliasUpdate{Active: ptr(false), Members: adding("y@elsewhere.test")})
		require.Equal(t, store.ActionDisable, change.Action)
		require.True(t, change.Lasting)
		requireCell(t, f, int64(0), "SELECT active FROM alias WHERE address = 'team@a.test'")
		requireColumn(t, f, []any{"other@a.test"}, "SELECT address FROM forwardings WHERE active = 1")
		change = mustUpdateAlias(t, f, "team@a.test", store.AliasUpdate{Active: ptr(true)})
		require.Equal(t, store.ActionEnable, change.Action)
		require.False(t, change.Lasting)
		requireNoRows(t, f, "SELECT address FROM forwardings WHERE active = 0")
	})
	t.Run("missing", func(t *testing.T) {
		f := withUser(t, open)
		_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "ann@a.test", store.AliasUpdate{Name: ptr("x")})
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("precondition", func(t *testing.T) {
		f := withAlias(t, open)
		change := mustUpdateAlias(t, f, "team@a.test", store.AliasUpdate{Name: ptr("one")})
		w := asGlobal
		w.If = change.Before.Version()
		same := unchanged(t, f)
		_, err := f.Accounts.UpdateAlias(ctx(t), w, "team@a.test", store.AliasUpdate{Name: ptr("two")})
		requireCode(t, err, store.PreconditionFailed, store.CodePreconditionFailed)
		same()
		w.If = change.After.Version()
		_, err = f.Accounts.UpdateAlias(ctx(t), w, "team@a.test", store.AliasUpdate{Name: ptr("two")})
		require.NoError(t, err)
	})
	t.Run("bad values", func(t *testing.T) {
		f := withAlias(t, open)
		same := unchanged(t, f)
		long := strings.Repeat("ä", 256)
		for _, u := range []store.AliasUpdate{{Name: &long}, {AccessPolicy: &long}} {
			_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "team@a.test", u)
			requireCode(t, err, store.Invalid, store.CodeValueTooLong)
		}
		same()
	})
	t.Run("whole or absent", func(t *testing.T) {
		f := withAlias(t, open)
		same := unchanged(t, f)
		mend := f.Break(t, "forwardings")
		_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "team@a.test", store.AliasUpdate{
			Name: ptr("x"), Members: adding("y@elsewhere.test"),
		})
		require.Error(t, err)
		mend()
		same()
	})
}

func aliasMembers(t *testing.T, open Open) {
	const team, x, y = "team@a.test", "x@elsewhere.test", "y@elsewhere.test"
	for name, c := range map[string]struct {
		set  store.Set
		want []string
	}{
		"add":     {adding(y, x, y), []string{x, y}},
		"remove":  {removing(x, "no@elsewhere.test"), []string{}},
		"replace": {replacing(y, y), []string{y}},
		"clear":   {replacing(), []string{}},
		"what exists": {
			adding("ann@a.test", "ann+tag@a.test", "ann@alias.test"),
			[]string{"ann+tag@a.test", "ann@a.test", "ann@alias.test", x},
		},
		"another alias":      {adding("other@a.test"), []string{"other@a.test", x}},
		"nothing in a list":  {adding(), []string{x}},
		"add and remove one": {store.Set{Add: []string{y}, Remove: []string{y}}, []string{x, y}},
	} {
		t.Run(name, func(t *testing.T) {
			f := withAlias(t, open)
			mustUser(t, f, "ann@a.test")
			mustAlias(t, f, "other@a.test")
			mustUpdateDomain(t, f, "a.test", store.DomainUpdate{AliasDomains: adding("alias.test")})
			change, err := f.Accounts.UpdateAlias(ctx(t), refusing, team, store.AliasUpdate{Members: c.set})
			require.NoError(t, err)
			require.Empty(t, change.Discarded)
			require.Equal(t, c.want, mustReadAlias(t, f, team).Members)
		})
	}
	t.Run("no more than an account may have", func(t *testing.T) {
		f := withAlias(t, open)
		all := make([]string, store.MostItems+1)
		for i := range all {
			all[i] = fmt.Sprintf("m%06d@elsewhere.test", i)
		}
		same := unchanged(t, f)
		_, err := f.Accounts.UpdateAlias(ctx(t), asGlobal, "team@a.test", store.AliasUpdate{Members: store.Set{Replace: &all}})
		requireCode(t, err, store.Conflict, store.CodeTooManyItems)
		_, err = f.Accounts.CreateAlias(ctx(t), asGlobal, store.AliasCreate{Mail: "more@a.test", Members: all})
		requireCode(t, err, store.Conflict, store.CodeTooManyItems)
		same()
	})
	t.Run("not itself", func(t *testing.T) {
		f := withAlias(t, open)
		for _, set := range []store.Set{{Add: []string{team}}, {Replace: &[]string{x, team}}} {
			_, err := f.Accounts.UpdateAlias(ctx(t), refusing, team, store.AliasUpdate{Members: set})
			requireCode(t, err, store.Invalid, store.CodeInvalidMail)
			change, err := f.Accounts.UpdateAlias(ctx(t), dropping, team, store.AliasUpdate{Members: set})
			require.NoError(t, err)
			require.Equal(t, []string{team}, change.Discarded)
			require.Equal(t, []string{x}, mustReadAlias(t, f, team).Members)
		}
	})
	t.Run("what does not exist", func(t *testing.T) {
		f := withAlias(t, open)
		same := unchanged(t, f)
		_, err := f.Accounts.UpdateAlias(ctx(t), refusing, team, store.AliasUpdate{Members: adding(y, "gone@a.test")})
		requireCode(t, err, store.Unprocessable, store.CodeNoSuchAccount)
		var e *store.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, "addMember", e.Field)
		same()
		change, err := f.Accounts.UpdateAlias(ctx(t), dropping, team, store.AliasUpdate{Members: adding(y, "gone@a.test")})
		require.NoError(t, err)
		require.Equal(t, []string{"gone@a.test"}, change.Discarded)
		require.Equal(t, []string{x, y}, mustReadAlias(t, f, team).Members)
	})
}

func renameAlias(t *testing.T, open Open) {
	for _, to := range []string{"crew@a.test", "team@b.test"} {
		t.Run("carries every reference to "+to, func(t *testing.T) {
			f := withAlias(t, open)
			mustDomain(t, f, "b.test")
			referTo(t, f, "team@a.test")
			putModerators(t, f, "team@a.test", "x@elsewhere.test")
			if f.SQL != nil {
				exec(t, f, "UPDATE domain SET settings = 'default_groups:group@a.test,team@a.test;' WHERE domain = 'a.test'")
			}
			before := mentioning(t, f, "team@a.test")
			require.Len(t, before, mentions(f, 14, 10))
			change, err := f.Accounts.RenameAlias(ctx(t), asGlobal, "team@a.test", to)
			require.NoError(t, err)
			require.Equal(t, store.ActionRename, change.Action)
			require.Equal(t, store.NounAlias, change.Noun)
			require.Equal(t, to, change.NewName)
			require.True(t, change.Lasting)
			requireMoved(t, f, before, "team@a.test", to)
			a := mustReadAlias(t, f, to)
			require.Equal(t, []string{"x@elsewhere.test"}, a.Members)
			require.Equal(t, []string{"x@elsewhere.test"}, a.Moderators)
			requireColumn(t, f, []any{store.DomainOf(to)}, "SELECT domain FROM alias WHERE address = ?", to)
			requireColumn(t, f, []any{store.DomainOf(to)}, "SELECT domain FROM forwardings WHERE address = ?", to)
			requireRecipients(t, f)
		})
	}
	for to, code := range map[string]string{
		"team@a.test": store.CodeAlreadyExists, "ann@a.test": store.CodeAlreadyExists, "team@full.test": store.CodeDomainAccountLimit,
	} {
		t.Run("not to "+to, func(t *testing.T) {
			f := withAlias(t, open)
			mustUser(t, f, "ann@a.test")
			mustDomain(t, f, "full.test")
			mustAlias(t, f, "one@full.test")
			mustUpdateDomain(t, f, "full.test", store.DomainUpdate{NumberOfAliases: ptr[int64](1)})
			same := unchanged(t, f)
			_, err := f.Accounts.RenameAlias(ctx(t), asGlobal, "team@a.test", to)
			requireCode(t, err, store.Conflict, code)
			same()
		})
	}
	t.Run("missing", func(t *testing.T) {
		f := withUser(t, open)
		_, err := f.Accounts.RenameAlias(ctx(t), asGlobal, "ann@a.test", "team@a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("unknown domain", func(t *testing.T) {
		f := withAlias(t, open)
		_, err := f.Accounts.RenameAlias(ctx(t), asGlobal, "team@a.test", "team@b.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchDomain)
	})
	t.Run("whole or absent", func(t *testing.T) {
		f := withAlias(t, open)
		same := unchanged(t, f)
		mend := f.Break(t, "alias")
		_, err := f.Accounts.RenameAlias(ctx(t), asGlobal, "team@a.test", "crew@a.test")
		require.Error(t, err)
		mend()
		same()
	})
}

func deleteAlias(t *testing.T, open Open) {
	t.Run("leaves nothing", func(t *testing.T) {
		f := withAlias(t, open)
		referTo(t, f, "team@a.test")
		putModerators(t, f, "team@a.test", "x@elsewhere.test")
		if f.SQL != nil {
			exec(t, f, "UPDATE domain SET settings = 'default_groups:group@a.test,team@a.test;' WHERE domain = 'a.test'")
		}
		change, err := f.Accounts.DeleteAlias(ctx(t), asGlobal, "team@a.test")
		require.NoError(t, err)
		require.Equal(t, store.ActionDelete, change.Action)
		require.NotEmpty(t, change.Before)
		require.Nil(t, change.After)
		require.True(t, change.Lasting)
		require.Empty(t, mentioning(t, f, "team@a.test"))
		requireRecipients(t, f)
		requireCell(t, f, "default_groups:group@a.test;", "SELECT settings FROM domain")
		requireNoRows(t, Fixture{SQL: f.beside()}, "SELECT username FROM deleted_mailboxes")
	})
	t.Run("missing", func(t *testing.T) {
		f := withUser(t, open)
		_, err := f.Accounts.DeleteAlias(ctx(t), asGlobal, "ann@a.test")
		requireCode(t, err, store.NotFound, store.CodeNoSuchAccount)
	})
	t.Run("dry run writes nothing", func(t *testing.T) {
		f := withAlias(t, open)
		same := unchanged(t, f)
		w := asGlobal
		w.DryRun = true
		_, err := f.Accounts.DeleteAlias(ctx(t), w, "team@a.test")
		require.NoError(t, err)
		same()
	})
	t.Run("whole or absent", func(t *testing.T) {
		f := withAlias(t, open)
		same := unchanged(t, f)
		mend := f.Break(t, "alias")
		_, err := f.Accounts.DeleteAlias(ctx(t), asGlobal, "team@a.test")
		require.Error(t, err)
		mend()
		same()
	})
}
