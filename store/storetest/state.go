package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// State runs the whole suite of store.State. Each subtest opens a fresh, empty store, which open closes.
func State(t *testing.T, open func(t *testing.T) store.State) {
	t.Helper()
	open = counted(t, open)
	t.Run("session", func(t *testing.T) { sessions(t, open) })
	t.Run("ending sessions", func(t *testing.T) { endSessions(t, open) })
	t.Run("as many sessions as an account may have", func(t *testing.T) { sessionsPerAccount(t, open) })
	t.Run("attempts", func(t *testing.T) { attempts(t, open) })
	t.Run("intent", func(t *testing.T) { intents(t, open) })
	t.Run("invitation", func(t *testing.T) { invitations(t, open) })
	t.Run("names", func(t *testing.T) { nameMarks(t, open) })
	t.Run("keys", func(t *testing.T) { sharedKeys(t, open) })
	t.Run("answers", func(t *testing.T) { require.NoError(t, open(t).Ping(ctx(t))) })
}

// noon is when the tests of state happen.
var noon = time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)

// mustSession keeps a session whose id hash is its name.
func mustSession(t *testing.T, s store.State, idHash, username string) store.Session {
	t.Helper()
	e := store.Session{IDHash: idHash, Username: username, Stamp: "stamp", IP: "2001:db8::1", Created: noon, LastUsed: noon}
	ended, err := s.CreateSession(ctx(t), e)
	require.NoError(t, err)
	require.Empty(t, ended)
	return e
}

// remain asserts which of the sessions are still there.
func remain(t *testing.T, s store.State, want map[string]bool) {
	t.Helper()
	for id, there := range want {
		_, err := s.Session(ctx(t), id)
		if there {
			require.NoError(t, err, id)
			continue
		}
		requireCode(t, err, store.Unauthenticated, store.CodeLoginRequired)
	}
}

func sessions(t *testing.T, open func(t *testing.T) store.State) {
	t.Run("reads back what was kept", func(t *testing.T) {
		s := open(t)
		want := mustSession(t, s, "a", "anna@example.com")
		got, err := s.Session(ctx(t), "a")
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
	t.Run("unknown session", func(t *testing.T) {
		s := open(t)
		mustSession(t, s, "a", "anna@example.com")
		_, err := s.Session(ctx(t), "b")
		requireCode(t, err, store.Unauthenticated, store.CodeLoginRequired)
	})
	t.Run("times in another zone", func(t *testing.T) {
		s := open(t)
		east := noon.In(time.FixedZone("east", 3*3600))
		_, err := s.CreateSession(ctx(t), store.Session{IDHash: "a", Username: "a@b.test", Created: east, LastUsed: east})
		require.NoError(t, err)
		got, err := s.Session(ctx(t), "a")
		require.NoError(t, err)
		require.Equal(t, noon, got.Created)
		require.Equal(t, noon, got.LastUsed)
	})
	t.Run("id taken", func(t *testing.T) {
		s := open(t)
		want := mustSession(t, s, "a", "anna@example.com")
		_, err := s.CreateSession(ctx(t), store.Session{IDHash: "a", Username: "eve@example.com"})
		require.Error(t, err)
		got, err := s.Session(ctx(t), "a")
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
	t.Run("notes the last use", func(t *testing.T) {
		s := open(t)
		want := mustSession(t, s, "a", "anna@example.com")
		other := mustSession(t, s, "b", "anna@example.com")
		want.LastUsed = noon.Add(time.Minute)
		require.NoError(t, s.TouchSession(ctx(t), "a", want.LastUsed))
		require.NoError(t, s.TouchSession(ctx(t), "missing", want.LastUsed))
		got, err := s.Session(ctx(t), "a")
		require.NoError(t, err)
		require.Equal(t, want, got)
		got, err = s.Session(ctx(t), "b")
		require.NoError(t, err)
		require.Equal(t, other, got)
	})
}

func endSessions(t *testing.T, open func(t *testing.T) store.State) {
	fill := func(t *testing.T) store.State {
		t.Helper()
		s := open(t)
		mustSession(t, s, "a1", "anna@example.com")
		mustSession(t, s, "a2", "anna@example.com")
		mustSession(t, s, "bo", "bo@example.com")
		mustSession(t, s, "sub", "anna@mail.example.com")
		mustSession(t, s, "suffix", "anna@an-example.com")
		return s
	}
	t.Run("one", func(t *testing.T) {
		s := fill(t)
		require.NoError(t, s.EndSession(ctx(t), "a1"))
		require.NoError(t, s.EndSession(ctx(t), "a1"), "again")
		remain(t, s, map[string]bool{"a1": false, "a2": true, "bo": true, "sub": true, "suffix": true})
	})
	t.Run("of an address", func(t *testing.T) {
		s := fill(t)
		require.NoError(t, s.EndSessionsOf(ctx(t), "anna@example.com"))
		require.NoError(t, s.EndSessionsOf(ctx(t), "anna@example.com"), "again")
		remain(t, s, map[string]bool{"a1": false, "a2": false, "bo": true, "sub": true, "suffix": true})
	})
	t.Run("of a domain", func(t *testing.T) {
		s := fill(t)
		names, err := s.SessionAccounts(ctx(t), "example.com")
		require.NoError(t, err)
		require.Equal(t, []string{"anna@example.com", "bo@example.com"}, names)
		require.NoError(t, s.EndSessionsOf(ctx(t), "example.com"))
		remain(t, s, map[string]bool{"a1": false, "a2": false, "bo": false, "sub": true, "suffix": true})
	})
	t.Run("that are idle or old", func(t *testing.T) {
		s := open(t)
		for id, e := range map[string]store.Session{
			"idle":  {Created: noon.Add(-time.Hour), LastUsed: noon.Add(-31 * time.Minute)},
			"old":   {Created: noon.Add(-25 * time.Hour), LastUsed: noon},
			"limit": {Created: noon.Add(-24 * time.Hour), LastUsed: noon.Add(-30 * time.Minute)},
			"fresh": {Created: noon, LastUsed: noon},
		} {
			e.IDHash, e.Username = id, "anna@example.com"
			_, err := s.CreateSession(ctx(t), e)
			require.NoError(t, err)
		}
		require.NoError(t, s.PurgeSessions(ctx(t), noon.Add(-30*time.Minute), noon.Add(-24*time.Hour)))
		remain(t, s, map[string]bool{"idle": false, "old": false, "limit": true, "fresh": true})
	})
}

func intents(t *testing.T, open func(t *testing.T) store.State) {
	deletion := store.Intent{
		ID:    "b",
		Actor: store.Actor{Username: "root@elsewhere.test", IP: "192.0.2.7", Global: true, API: true},
		Change: store.Change{Action: store.ActionDelete, Noun: store.NounUser, Name: "anna@example.com", Domain: "example.com",
			Discarded: []string{"bo@example.com"}, EndsSessions: true, Lasting: true},
		Created: noon,
	}
	rename := store.Intent{
		ID:      "a",
		Change:  store.Change{Action: store.ActionRename, Noun: store.NounAlias, Name: "a@b.test", NewName: "c@b.test"},
		Created: noon.Add(time.Second),
	}

	t.Run("none", func(t *testing.T) {
		got, err := open(t).UnfinishedIntents(ctx(t))
		require.NoError(t, err)
		require.Empty(t, got)
	})
	t.Run("reads back all, oldest first", func(t *testing.T) {
		s := open(t)
		require.NoError(t, s.BeginIntent(ctx(t), rename))
		require.NoError(t, s.BeginIntent(ctx(t), deletion))
		got, err := s.UnfinishedIntents(ctx(t))
		require.NoError(t, err)
		require.Equal(t, []store.Intent{deletion, rename}, got)
	})
	t.Run("keeps no account", func(t *testing.T) {
		s := open(t)
		full := deletion
		full.Change.Before = store.Record{{Name: "name", Value: "Anna"}}
		require.NoError(t, s.BeginIntent(ctx(t), full))
		got, err := s.UnfinishedIntents(ctx(t))
		require.NoError(t, err)
		require.Equal(t, []store.Intent{deletion}, got)
	})
	t.Run("notes what is left", func(t *testing.T) {
		s := open(t)
		require.NoError(t, s.BeginIntent(ctx(t), deletion))
		require.NoError(t, s.BeginIntent(ctx(t), rename))
		for _, left := range [][]string{{"policies", "mailing lists"}, {"mailing lists"}, {}} {
			require.NoError(t, s.KeepIntent(ctx(t), rename.ID, left))
			got, err := s.UnfinishedIntents(ctx(t))
			require.NoError(t, err)
			noted := rename
			noted.Left = left
			require.Equal(t, []store.Intent{deletion, noted}, got)
		}
		require.NoError(t, s.KeepIntent(ctx(t), "missing", []string{"policies"}))
	})
	t.Run("forgets the finished one", func(t *testing.T) {
		s := open(t)
		require.NoError(t, s.BeginIntent(ctx(t), deletion))
		require.NoError(t, s.BeginIntent(ctx(t), rename))
		require.NoError(t, s.FinishIntent(ctx(t), deletion.ID))
		require.NoError(t, s.FinishIntent(ctx(t), deletion.ID), "again")
		got, err := s.UnfinishedIntents(ctx(t))
		require.NoError(t, err)
		require.Equal(t, []store.Intent{rename}, got)
	})
}

// sharedKeys has many ask for a key that nobody has made yet: one of theirs becomes that of all.
func sharedKeys(t *testing.T, open func(t *testing.T) store.State) {
	t.Helper()
	s := open(t)
	const askers = 32
	fresh, got := make([][]byte, askers), make([][]byte, askers)
	together(t, askers, func(i int) error {
		fresh[i] = []byte{byte(i), 0, 0xff}
		var err error
		got[i], err = s.SharedKey(ctx(t), "cursors", fresh[i])
		return err
	})
	require.Contains(t, fresh, got[0])
	for _, key := range got {
		require.Equal(t, got[0], key)
	}
	other, err := s.SharedKey(ctx(t), "other", []byte{7})
	require.NoError(t, err)
	require.Equal(t, []byte{7}, other)
}
