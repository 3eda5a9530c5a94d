package purge_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/purge"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

var today = time.Date(2026, 2, 10, 8, 0, 0, 0, time.UTC)

// homes are where mailboxes have their files, or why nobody can know.
type homes struct {
	paths []string
	err   error
}

func (h *homes) MailboxHomes(_ context.Context, fn func(path string)) error {
	for _, p := range h.paths {
		fn(p)
	}
	return h.err
}

// storage is a mail storage with records of deleted mailboxes in a database.
type storage struct {
	t        *testing.T
	node     string
	db       *sqldb.DB
	homes    homes
	outcomes map[string]string // by path, of the last run
}

func newStorage(t *testing.T, db *sqldb.DB) *storage {
	t.Helper()
	// Links above the storage are the business of whoever has set it up.
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	s := &storage{t: t, node: filepath.Join(dir, "vmail", "vmail1"), db: db}
	s.mailbox("a.test/live-2026.01.01.00.00.00")
	return s
}

// mailbox makes a directory with mail in it, and returns its path.
func (s *storage) mailbox(below string) string {
	s.t.Helper()
	path := filepath.Join(s.node, below)
	require.NoError(s.t, os.MkdirAll(filepath.Join(path, "Maildir", "cur"), 0o700))
	require.NoError(s.t, os.WriteFile(filepath.Join(path, "Maildir", "cur", "1:2,S"), []byte("Subject: x\n\n"), 0o600))
	return path
}

// record notes a deleted mailbox; the day is SQL text, or nil.
func (s *storage) record(path string, day any) {
	s.t.Helper()
	require.NoError(s.t, s.db.Write(s.t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(s.t.Context(), "INSERT INTO deleted_mailboxes (timestamp, username, domain, maildir, admin, delete_date)"+
			" VALUES (?, 'gone@a.test', 'a.test', ?, 'root@a.test', ?)", today, path, day)
		return err
	}))
}

func (s *storage) run(options purge.Options) error {
	s.t.Helper()
	s.outcomes = map[string]string{}
	options.Nodes, options.Now = append(options.Nodes, s.node), func() time.Time { return today }
	job := purge.Job{
		Options: options, Records: panelstore.NewMailboxes(s.db), Homes: &s.homes, Panel: panelstore.New(s.db),
		Report: func(d store.DueMailbox, outcome string) { s.outcomes[d.Maildir] = outcome },
	}
	return job.Run(s.t.Context())
}

// records are the paths that are still recorded.
func (s *storage) records() []string {
	s.t.Helper()
	paths := []string{}
	require.NoError(s.t, s.db.Reader().Select(s.t.Context(), &paths, "SELECT maildir FROM deleted_mailboxes ORDER BY id"))
	return paths
}

func database(t *testing.T) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open("sqlite://" + filepath.Join(t.TempDir(), "iredadmin.db") + "?sync=off")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, panelstore.Schema.Migrate(t.Context(), db))
	return db
}

const gone = "a.test/g/o/n/gone-2026.01.31.10.00.00"

// onEveryEngine runs a test with the records in each kind of database.
func onEveryEngine(t *testing.T, test func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, database(t)) })
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			db := storetest.Database(t, engine)
			require.NoError(t, panelstore.Schema.Create(t.Context(), db))
			require.NoError(t, panelstore.MailboxSchema.Create(t.Context(), db))
			test(t, db)
		})
	}
}

func TestWhatIsDueGoes(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, db *sqldb.DB) {
		s := newStorage(t, db)
		due := s.mailbox(gone)
		never, later, thisDay := s.mailbox("a.test/n-2026.01.31.10.00.00"), s.mailbox("a.test/l-2026.01.31.10.00.00"), s.mailbox("a.test/t-2026.01.31.10.00.00")
		s.record(due+"/", "2026-02-09")
		s.record(never, nil)
		s.record(later, "2026-02-11")
		s.record(thisDay, "2026-02-10")

		require.NoError(t, s.run(purge.Options{DryRun: true}))
		require.Equal(t, map[string]string{due + "/": "would be removed"}, s.outcomes)
		require.DirExists(t, due)
		require.Len(t, s.records(), 4)

		require.NoError(t, s.run(purge.Options{}))
		require.Equal(t, map[string]string{due + "/": "removed"}, s.outcomes)
		require.NoDirExists(t, due)
		require.DirExists(t, filepath.Dir(due), "what is above stays")
		for _, kept := range []string{never, later, thisDay, filepath.Join(s.node, "a.test/live-2026.01.01.00.00.00")} {
			require.FileExists(t, filepath.Join(kept, "Maildir/cur/1:2,S"))
		}
		require.Equal(t, []string{never, later, thisDay}, s.records())
		var events []string
		require.NoError(t, db.Reader().Select(t.Context(), &events, "SELECT event FROM log"))
		require.Equal(t, []string{"delete_mailboxes"}, events)
	})
}

// TestWhatStays has one due record in each case, whose files must not be touched and whose record stays.
func TestWhatStays(t *testing.T) {
	db := database(t)
	for name, c := range map[string]struct {
		prepare func(s *storage) (recorded, keeps string)
		says    string
	}{
		"a live account at the path": {func(s *storage) (string, string) {
			p := s.mailbox(gone)
			s.homes.paths = []string{p + "/"}
			return p, p
		}, "a mailbox has its files at"},
		"a live account at the path in other letters": {func(s *storage) (string, string) {
			p := s.mailbox(gone)
			s.homes.paths = []string{filepath.Join(s.node, "A.test/g/o/n/Gone-2026.01.31.10.00.00")}
			return p, p
		}, "a mailbox has its files at"},
		"a live account above the path": {func(s *storage) (string, string) {
			p := s.mailbox(gone)
			s.homes.paths = []string{filepath.Join(s.node, "a.test/g")}
			return p, p
		}, "a mailbox has its files at"},
		"a live account below the path": {func(s *storage) (string, string) {
			p := s.mailbox(gone)
			s.homes.paths = []string{filepath.Join(p, "inner")}
			return p, p
		}, "a mailbox has its files at"},
		"a live account at the storage itself": {func(s *storage) (string, string) {
			p := s.mailbox(gone)
			s.homes.paths = []string{s.node + "//"}
			return p, p
		}, "a mailbox has its files at"},
		"a link on the way": {func(s *storage) (string, string) {
			p := s.mailbox(gone)
			require.NoError(s.t, os.Symlink(filepath.Join(s.node, "a.test"), filepath.Join(s.node, "link.test")))
			return filepath.Join(s.node, "link.test/g/o/n/gone-2026.01.31.10.00.00"), p
		}, "is a link or no directory"},
		"a link at the end": {func(s *storage) (string, string) {
			p := s.mailbox("a.test/real-2026.01.31.10.00.00")
			link := filepath.Join(s.node, "a.test/link-2026.01.31.10.00.00")
			require.NoError(s.t, os.Symlink(p, link))
			return link, p
		}, "is a link or no directory"},
		"a file": {func(s *storage) (string, string) {
			p := filepath.Join(s.node, "a.test/file-2026.01.31.10.00.00")
			require.NoError(s.t, os.WriteFile(p, nil, 0o600))
			return p, filepath.Dir(p)
		}, "is a link or no directory"},
		"another owner": {func(s *storage) (string, string) {
			p := s.mailbox(gone)
			require.NoError(s.t, os.Chown(p, 4711, 4711))
			return p, p
		}, "belongs to user 4711"},
		"no time at the end": {func(s *storage) (string, string) {
			p := s.mailbox("a.test/g/o/n/gone")
			return p, p
		}, "no time at its end"},
		"a time that is none": {func(s *storage) (string, string) {
			p := s.mailbox("a.test/g/o/n/gone-2026.13.31.10.00.00")
			return p, p
		}, "no time at its end"},
		"too near to the storage": {func(s *storage) (string, string) {
			p := s.mailbox("gone-2026.01.31.10.00.00")
			return p, p
		}, "too near"},
		"another storage": {func(s *storage) (string, string) {
			p := filepath.Join(filepath.Dir(s.node), "vmail10/a.test/gone-2026.01.31.10.00.00")
			require.NoError(s.t, os.MkdirAll(p, 0o700))
			return p, p
		}, "in no storage"},
		"climbing": {func(s *storage) (string, string) {
			p := filepath.Join(filepath.Dir(s.node), "a/gone-2026.01.31.10.00.00")
			require.NoError(s.t, os.MkdirAll(p, 0o700))
			return s.node + "/a.test/../../a/gone-2026.01.31.10.00.00", p
		}, "climbs"},
		"relative": {func(s *storage) (string, string) {
			p := s.mailbox(gone)
			return gone, p
		}, "not absolute"},
		"nothing": {func(s *storage) (string, string) { return "//", s.node }, "in no storage"},
		"an absent directory": {func(s *storage) (string, string) {
			return filepath.Join(s.node, gone), s.node
		}, "--forget-missing"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "another owner" && os.Getuid() != 0 {
				t.Skip("only root can give a directory away")
			}
			s := newStorage(t, db)
			path, keeps := c.prepare(s)
			s.record(path, "2026-02-09")
			t.Cleanup(func() {
				require.NoError(t, db.Write(context.WithoutCancel(t.Context()), func(tx *sqldb.Tx) error {
					_, err := tx.Exec(context.WithoutCancel(t.Context()), "DELETE FROM deleted_mailboxes")
					return err
				}))
			})
			require.NoError(t, s.run(purge.Options{}))
			require.Contains(t, s.outcomes[path], "kept: ")
			require.Contains(t, s.outcomes[path], c.says)
			require.DirExists(t, keeps)
			require.Equal(t, []string{path}, s.records())
		})
	}
}

func TestAnUnmountedStorageForgetsNothing(t *testing.T) {
	s := newStorage(t, database(t))
	path := filepath.Join(s.node, gone)
	s.record(path, "2026-02-09")
	require.NoError(t, os.RemoveAll(s.node))
	for _, mounted := range []string{"absent", "empty"} {
		require.NoError(t, s.run(purge.Options{ForgetMissing: true}), mounted)
		require.Contains(t, s.outcomes[path], "kept: the storage")
		require.Equal(t, []string{path}, s.records())
		require.NoError(t, os.MkdirAll(s.node, 0o700))
	}
	s.mailbox("a.test/other-2026.01.01.00.00.00")
	require.NoError(t, s.run(purge.Options{ForgetMissing: true}))
	require.Contains(t, s.outcomes[path], "forgotten")
	require.Empty(t, s.records())
}

func TestNothingGoesWhenMailboxesCannotBeRead(t *testing.T) {
	s := newStorage(t, database(t))
	path := s.mailbox(gone)
	s.record(path, "2026-02-09")
	s.homes.err = errors.New("the directory is away")
	require.ErrorContains(t, s.run(purge.Options{}), "nothing is removed")
	require.DirExists(t, path)
	require.Equal(t, []string{path}, s.records())
}

// TestARemovalThatFailsHalfWay leaves the record, and the next run goes on.
func TestARemovalThatFailsHalfWay(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount")
	}
	s := newStorage(t, database(t))
	path := s.mailbox(gone)
	s.record(path, "2026-02-09")
	mounted := filepath.Join(path, "Maildir", "new")
	require.NoError(t, os.MkdirAll(mounted, 0o700))
	unmount := mountOver(t, mounted)
	require.ErrorContains(t, s.run(purge.Options{}), "another file system")
	require.Equal(t, []string{path}, s.records())
	require.FileExists(t, filepath.Join(mounted, "other"), "what is mounted is not touched")
	unmount()
	require.NoError(t, s.run(purge.Options{}))
	require.NoDirExists(t, path)
	require.Empty(t, s.records())
}

// TestLinksInMailboxesAreNotFollowed removes a mailbox with links in it.
func TestLinksInMailboxesAreNotFollowed(t *testing.T) {
	s := newStorage(t, database(t))
	path := s.mailbox(gone)
	live := filepath.Join(s.node, "a.test/live-2026.01.01.00.00.00")
	require.NoError(t, os.Symlink(live, filepath.Join(path, "link")))
	s.record(path, "2026-02-09")
	require.NoError(t, s.run(purge.Options{}))
	require.NoDirExists(t, path)
	require.FileExists(t, filepath.Join(live, "Maildir/cur/1:2,S"))
}

// TestMoreThanOneBatch goes on behind records that stay.
func TestMoreThanOneBatch(t *testing.T) {
	s := newStorage(t, database(t))
	for range 450 {
		s.record(filepath.Join(s.node, "a.test/absent-2026.01.31.10.00.00"), "2026-02-09")
	}
	path := s.mailbox(gone)
	s.record(path, "2026-02-09")
	require.NoError(t, s.run(purge.Options{}))
	require.NoDirExists(t, path)
	require.Len(t, s.records(), 450)
}
