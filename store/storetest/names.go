package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// nameMarks is the suite of store.NameMarks.
func nameMarks(t *testing.T, open func(t *testing.T) store.State) {
	mark := func(name, domain string, status store.OwnershipStatus, age time.Duration) store.NameMark {
		return store.NameMark{Name: name, Domain: domain, Admin: "boss@elsewhere.test", Status: status, Created: noon.Add(-age)}
	}
	own := mark("a.test", "a.test", store.OwnershipPending, 3*time.Hour)
	alias := mark("x.test", "a.test", store.OwnershipPending, 2*time.Hour)
	other := mark("x.test", "b.test", store.OwnershipPending, time.Hour)
	proven := mark("y.test", "a.test", store.OwnershipProven, 0)
	fill := func(t *testing.T) store.State {
		t.Helper()
		s := open(t)
		for _, m := range []store.NameMark{other, proven, own, alias} {
			require.NoError(t, s.MarkName(ctx(t), m))
		}
		return s
	}
	t.Run("none", func(t *testing.T) {
		s := open(t)
		for _, read := range []func() ([]store.NameMark, error){
			func() ([]store.NameMark, error) { return s.MarksOfNames(ctx(t), []string{"a.test"}) },
			func() ([]store.NameMark, error) { return s.MarksOfNames(ctx(t), nil) },
			func() ([]store.NameMark, error) { return s.MarksOfDomains(ctx(t), "a.test") },
			func() ([]store.NameMark, error) { return s.PendingMarks(ctx(t)) },
		} {
			got, err := read()
			require.NoError(t, err)
			require.Empty(t, got)
		}
	})
	t.Run("reads back, oldest first", func(t *testing.T) {
		s := fill(t)
		got, err := s.MarksOfNames(ctx(t), []string{"y.test", "x.test"})
		require.NoError(t, err)
		require.Equal(t, []store.NameMark{alias, other, proven}, got)
		got, err = s.MarksOfDomains(ctx(t), "a.test")
		require.NoError(t, err)
		require.Equal(t, []store.NameMark{own, alias, proven}, got)
		got, err = s.PendingMarks(ctx(t))
		require.NoError(t, err)
		require.Equal(t, []store.NameMark{own, alias, other}, got)
	})
	t.Run("replaces", func(t *testing.T) {
		s := fill(t)
		again := alias
		again.Status, again.Admin = store.OwnershipProven, "eve@elsewhere.test"
		require.NoError(t, s.MarkName(ctx(t), again))
		got, err := s.MarksOfNames(ctx(t), []string{"x.test"})
		require.NoError(t, err)
		require.Equal(t, []store.NameMark{again, other}, got)
	})
	t.Run("removes one", func(t *testing.T) {
		s := fill(t)
		require.NoError(t, s.UnmarkName(ctx(t), "x.test", "a.test"))
		require.NoError(t, s.UnmarkName(ctx(t), "x.test", "a.test"), "again")
		got, err := s.PendingMarks(ctx(t))
		require.NoError(t, err)
		require.Equal(t, []store.NameMark{own, other}, got)
	})
	t.Run("removes those of a domain", func(t *testing.T) {
		s := fill(t)
		require.NoError(t, s.UnmarkDomain(ctx(t), "a.test"))
		got, err := s.MarksOfNames(ctx(t), []string{"a.test", "x.test", "y.test"})
		require.NoError(t, err)
		require.Equal(t, []store.NameMark{other}, got)
	})
}

// ProofCodes runs the whole suite of store.ProofCodes. Each subtest opens a fresh, empty store, which open closes.
func ProofCodes(t *testing.T, open func(t *testing.T) (store.ProofCodes, *sqldb.DB)) {
	t.Helper()
	const boss = "boss@elsewhere.test"
	code := func(admin, name, domain, text string) store.ProofCode {
		return store.ProofCode{Admin: admin, Name: name, Domain: domain, Code: text}
	}
	read := func(t *testing.T, s store.ProofCodes, c store.ProofCode) (store.ProofCode, bool) {
		t.Helper()
		got, found, err := s.ProofCode(ctx(t), c.Admin, c.Name, c.Domain)
		require.NoError(t, err)
		return got, found
	}
	own, alias := code(boss, "a.test", "a.test", "code-1"), code(boss, "x.test", "a.test", "code-2")
	t.Run("reads back, with the columns of the panel", func(t *testing.T) {
		s, db := open(t)
		_, found := read(t, s, own)
		require.False(t, found)
		require.NoError(t, s.KeepProofCode(ctx(t), own))
		require.NoError(t, s.KeepProofCode(ctx(t), alias))
		for _, c := range []store.ProofCode{own, alias} {
			got, found := read(t, s, c)
			require.True(t, found)
			require.Equal(t, c, got)
		}
		rows, err := db.Reader().Records(ctx(t),
			"SELECT admin, domain, alias_domain, verify_code, verified, last_verify, expire FROM domain_ownership ORDER BY alias_domain")
		require.NoError(t, err)
		require.Equal(t, []store.Record{
			{{Name: "admin", Value: boss}, {Name: "domain", Value: "a.test"}, {Name: "alias_domain", Value: ""}, {Name: "verify_code", Value: "code-1"},
				{Name: "verified", Value: int64(0)}, {Name: "last_verify"}, {Name: "expire", Value: int64(0)}},
			{{Name: "admin", Value: boss}, {Name: "domain", Value: "a.test"}, {Name: "alias_domain", Value: "x.test"}, {Name: "verify_code", Value: "code-2"},
				{Name: "verified", Value: int64(0)}, {Name: "last_verify"}, {Name: "expire", Value: int64(0)}},
		}, rows)
	})
	t.Run("notes checks", func(t *testing.T) {
		s, db := open(t)
		require.NoError(t, s.KeepProofCode(ctx(t), own))
		noted, err := s.NoteProofCheck(ctx(t), own, noon, false, "There is no such TXT record.")
		require.NoError(t, err)
		require.True(t, noted)
		got, _ := read(t, s, own)
		require.False(t, got.Verified)
		require.Equal(t, noon, got.LastCheck)
		last, err := s.LastProof(ctx(t), boss, "a.test")
		require.NoError(t, err)
		require.True(t, last.IsZero())

		noted, err = s.NoteProofCheck(ctx(t), own, noon.Add(time.Hour), true, "")
		require.NoError(t, err)
		require.True(t, noted)
		got, _ = read(t, s, own)
		require.True(t, got.Verified)
		_, err = s.NoteProofCheck(ctx(t), own, noon.Add(time.Hour), false, "")
		require.NoError(t, err)
		got, _ = read(t, s, own)
		require.True(t, got.Verified, "what is verified stays so")
		changed := own
		changed.Code = "code-9"
		for _, gone := range []store.ProofCode{alias, changed} {
			noted, err = s.NoteProofCheck(ctx(t), gone, noon, true, "")
			require.NoError(t, err)
			require.False(t, noted)
		}
		rows, err := db.Reader().Records(ctx(t), "SELECT id FROM domain_ownership")
		require.NoError(t, err)
		require.Len(t, rows, 1)
	})
	t.Run("knows the last proof of a name wherever it was", func(t *testing.T) {
		s, _ := open(t)
		for i, c := range []store.ProofCode{alias, code(boss, "x.test", "b.test", "code-3"), code("eve@elsewhere.test", "z.test", "z.test", "code-4"), code(boss, "b.test", "b.test", "code-5")} {
			require.NoError(t, s.KeepProofCode(ctx(t), c))
			_, err := s.NoteProofCheck(ctx(t), c, noon.Add(time.Duration(i)*time.Hour), true, "")
			require.NoError(t, err)
		}
		for name, want := range map[string]time.Time{
			"x.test": noon.Add(time.Hour), "b.test": noon.Add(3 * time.Hour), "a.test": {}, "z.test": {},
		} {
			last, err := s.LastProof(ctx(t), boss, name)
			require.NoError(t, err)
			require.Equal(t, want, last, name)
		}
	})
	t.Run("replaces", func(t *testing.T) {
		s, _ := open(t)
		require.NoError(t, s.KeepProofCode(ctx(t), own))
		_, err := s.NoteProofCheck(ctx(t), own, noon, true, "")
		require.NoError(t, err)
		again := own
		again.Code = "code-9"
		require.NoError(t, s.KeepProofCode(ctx(t), again))
		got, _ := read(t, s, own)
		require.Equal(t, again, got)
	})
	t.Run("forgets what is not verified", func(t *testing.T) {
		s, _ := open(t)
		verified, elsewhere := code(boss, "y.test", "a.test", "code-3"), code(boss, "x.test", "b.test", "code-4")
		keep := func() {
			for _, c := range []store.ProofCode{own, alias, verified, elsewhere} {
				require.NoError(t, s.KeepProofCode(ctx(t), c))
			}
			_, err := s.NoteProofCheck(ctx(t), verified, noon, true, "")
			require.NoError(t, err)
		}
		remain := func(want map[string]bool) {
			t.Helper()
			for _, c := range []store.ProofCode{own, alias, verified, elsewhere} {
				_, found := read(t, s, c)
				require.Equal(t, want[c.Code], found, c.Code)
			}
		}
		keep()
		require.NoError(t, s.ForgetProofCodes(ctx(t), "x.test", "a.test"))
		require.NoError(t, s.ForgetProofCodes(ctx(t), "y.test", "a.test"))
		remain(map[string]bool{"code-1": true, "code-3": true, "code-4": true})
		require.NoError(t, s.ForgetProofCodes(ctx(t), "a.test", "a.test"))
		remain(map[string]bool{"code-3": true, "code-4": true})
		keep()
		require.NoError(t, s.ForgetProofCodes(ctx(t), "", "a.test"))
		remain(map[string]bool{"code-3": true, "code-4": true})
	})
}
