package servertest

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// Unwatched are the columns that change without anybody's write: when a session was last used.
var Unwatched = []string{"last_used"}

// Everything returns all that a fixture keeps, so that a test sees whatever a call writes: each row of each database by
// "database.table", each entry of the directory by "directory", each file of the mailing lists by "spool", and how many
// messages were handed in by "sink". A row is its columns as JSON.
func Everything(t *testing.T, w *Fixture) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for name, db := range w.All(t) {
		for table, records := range RowsOf(t, db) {
			for _, r := range records {
				raw, err := r.Without(Unwatched...).MarshalJSON()
				require.NoError(t, err)
				all[name+"."+table] = append(all[name+"."+table], string(raw))
			}
			slices.Sort(all[name+"."+table])
		}
	}
	if w.Directory != nil {
		for dn, values := range w.Directory.Entries(t) {
			raw, err := json.Marshal(values)
			require.NoError(t, err)
			all["directory"] = append(all["directory"], dn+" "+string(raw))
		}
		slices.Sort(all["directory"])
	}
	all["spool"] = w.Files(t)
	all["sink"] = []string{fmt.Sprint(len(w.Sink.Taken()))}
	return all
}

// All returns the databases of a fixture by their names.
func (w *Fixture) All(t *testing.T) map[string]*sqldb.DB {
	t.Helper()
	if w.state == nil {
		state, err := sqldb.Open(w.stateURL)
		require.NoError(t, err)
		t.Cleanup(func() {
			_ = state.Close()
			w.state = nil
		})
		w.state = state
	}
	all := map[string]*sqldb.DB{"iredadmin": w.Panel, "amavisd": w.Amavisd, "iredapd": w.Iredapd, "state": w.state}
	if w.Vmail != nil {
		all["vmail"] = w.Vmail
	}
	return all
}

// RowsOf returns the rows of each table, but for what migrations note.
func RowsOf(t *testing.T, db *sqldb.DB) map[string][]store.Record {
	t.Helper()
	tables, err := db.Reader().Layout(t.Context())
	require.NoError(t, err)
	all := map[string][]store.Record{}
	for table := range tables {
		if strings.HasPrefix(table, "goose_") || strings.HasPrefix(table, "sqlite_") {
			continue
		}
		all[table], err = db.Reader().Records(t.Context(), "SELECT * FROM "+db.Reader().Quote(table))
		require.NoError(t, err)
	}
	return all
}

// Files returns each file and directory of the mailing lists, with what the file holds. The databases lie beside.
func (w *Fixture) Files(t *testing.T) []string {
	t.Helper()
	var all []string
	require.NoError(t, filepath.WalkDir(w.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || strings.Contains(filepath.Base(path), ".db") || path == w.Dir {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%s %s", strings.TrimPrefix(path, w.Dir+"/"), info.Mode())
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %q", content)
		}
		all = append(all, line)
		return nil
	}))
	return all
}

// Differences are what one of two looks at everything has and the other has not.
func Differences(before, after map[string][]string) []string {
	var all []string
	for _, name := range sortedKeys(before, after) {
		for _, line := range lacking(after[name], before[name]) {
			all = append(all, "- "+name+": "+line)
		}
		for _, line := range lacking(before[name], after[name]) {
			all = append(all, "+ "+name+": "+line)
		}
	}
	return all
}

// lacking returns the lines that have lacks.
func lacking(have, lines []string) []string {
	count := map[string]int{}
	for _, line := range have {
		count[line]++
	}
	var all []string
	for _, line := range lines {
		if count[line]--; count[line] < 0 {
			all = append(all, line)
		}
	}
	return all
}

func sortedKeys(maps ...map[string][]string) []string {
	var keys []string
	for _, m := range maps {
		for key := range m {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
