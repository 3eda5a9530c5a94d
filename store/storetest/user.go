package storetest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// users is the suite of store.Users.
func users(t *testing.T, open Open) {
	t.Run("create", func(t *testing.T) { createUser(t, open) })
	t.Run("create fails", func(t *testing.T) { createUserFails(t, open) })
	t.Run("create with what an update takes", func(t *testing.T) { createUserWhole(t, open) })
	t.Run("create with what an update refuses", func(t *testing.T) { createUserRefused(t, open) })
	t.Run("create with what an update drops", func(t *testing.T) { createUserDropping(t, open) })
	t.Run("create in a domain with settings", func(t *testing.T) { createUserSettings(t, open) })
	t.Run("create taken", func(t *testing.T) { createUserTaken(t, open) })
	t.Run("limits", func(t *testing.T) { userLimits(t, open) })
	t.Run("quota", func(t *testing.T) { userQuota(t, open) })
	t.Run("races", func(t *testing.T) { userRaces(t, open) })
	t.Run("path", func(t *testing.T) { userPaths(t, open) })
	t.Run("homes", func(t *testing.T) { mailboxHomes(t, open) })
	t.Run("read", func(t *testing.T) { readUser(t, open) })
	t.Run("list", func(t *testing.T) { listUsers(t, open) })
	t.Run("list as seen by an admin", func(t *testing.T) { listUsersSeen(t, open) })
	t.Run("update", func(t *testing.T) { updateUser(t, open) })
	t.Run("update fails", func(t *testing.T) { updateUserFails(t, open) })
	t.Run("status", func(t *testing.T) { userStatus(t, open) })
	t.Run("global admin", func(t *testing.T) { userGlobal(t, open) })
	t.Run("forwarding", func(t *testing.T) { userForwarding(t, open) })
	t.Run("forwarding to what does not exist", func(t *testing.T) { userForwardingMissing(t, open) })
	t.Run("aliases", func(t *testing.T) { userAliases(t, open) })
	t.Run("bcc", func(t *testing.T) { userBcc(t, open) })
	t.Run("services", func(t *testing.T) { userServices(t, open) })
	t.Run("all of a domain", func(t *testing.T) { updateUsers(t, open) })
	t.Run("rename", func(t *testing.T) { renameUser(t, open) })
	t.Run("rename fails", func(t *testing.T) { renameUserFails(t, open) })
	t.Run("delete", func(t *testing.T) { deleteUser(t, open) })
	t.Run("delete fails", func(t *testing.T) { deleteUserFails(t, open) })
}

// withDomain opens a store that has the domain a.test without limits.
func withDomain(t *testing.T, open Open) Fixture {
	t.Helper()
	f := open(t)
	mustDomain(t, f, "a.test")
	return f
}

// withUser opens a store that has the mailbox ann@a.test.
func withUser(t *testing.T, open Open) Fixture {
	t.Helper()
	f := withDomain(t, open)
	mustUser(t, f, "ann@a.test")
	return f
}

// mustReadUser reads a mailbox.
func mustReadUser(t *testing.T, f Fixture, mail string) store.User {
	t.Helper()
	u, err := f.Accounts.User(ctx(t), mail)
	require.NoError(t, err)
	return u
}

// mustUpdateUser changes a mailbox.
func mustUpdateUser(t *testing.T, f Fixture, mail string, u store.UserUpdate) store.Change {
	t.Helper()
	change, err := f.Accounts.UpdateUser(ctx(t), asGlobal, mail, u)
	require.NoError(t, err)
	return change
}

// requireMailbox asserts one column of a mailbox, or what its entry says instead.
func requireMailbox(t *testing.T, f Fixture, mail, column string, want any) {
	t.Helper()
	if f.Directory != nil {
		if !slices.Contains(sqlAlone, column) {
			require.Equal(t, want, columnOf(t, mustReadUser(t, f, mail).Stored, mail, column), column)
		}
		return
	}
	requireCell(t, f, want, "SELECT "+column+" FROM mailbox WHERE username = ?", mail)
}

// refusing is a write that fails on what does not exist, dropping one that leaves it out.
var (
	refusing = asGlobal
	dropping = store.Write{Actor: asGlobal.Actor, OnMissing: store.Drop}
)

// adding, replacing and removing are changes to a set.
func adding(names ...string) store.Set    { return store.Set{Add: names} }
func replacing(names ...string) store.Set { return store.Set{Replace: &names} }
func removing(names ...string) store.Set  { return store.Set{Remove: names} }
