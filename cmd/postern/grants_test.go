package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

var allDatabases = []string{"vmail_dsn", "iredadmin_dsn", "state_dsn", "amavisd_dsn", "iredapd_dsn"}

// TestCheckTriesGrants has each database belong to somebody else. The statements that check names are run as they are.
func TestCheckTriesGrants(t *testing.T) {
	onServers(t, func(t *testing.T, engine string) {
		configure(t, engine, allDatabases...)
		t.Setenv("POSTERN_LISTS", "off")
		_, err := command(t, "schema", "create")
		require.NoError(t, err)
		_, err = command(t, "jobs", "run", "sessions-purge") // which creates the state
		require.NoError(t, err)
		c, err := read(t)
		require.NoError(t, err)
		owners, accounts := map[string]*sqldb.DB{}, map[string]string{}
		for _, key := range allDatabases {
			d := c.database(key)
			db, err := sqldb.Open(c.url(d))
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			limited, address := storetest.Limited(t, engine, c.url(d), c.uses(d))
			who := map[string]string{"mysql": "SELECT CURRENT_USER()", "postgres": "SELECT CURRENT_USER"}[engine]
			var account string
			require.NoError(t, limited.Reader().Get(t.Context(), &account, who))
			owners[key], accounts[key] = db, strings.Replace(account, "@", "'@'", 1)
			if engine == "mysql" {
				accounts[key] = "'" + accounts[key] + "'"
			}
			t.Setenv(variable(key), address)
		}
		check := func() (result, error) { return command(t, "check") }
		// mend runs the statements of a text in the database that it names above them.
		mend := func(text string) (n int) {
			key := ""
			for line := range strings.Lines(text) {
				for _, k := range allDatabases {
					if strings.HasPrefix(line, variable(k)+": ") || strings.HasPrefix(line, c.database(k).name+" ") {
						key = k
					}
				}
				line = strings.TrimSpace(line)
				if strings.HasPrefix(line, "GRANT ") || strings.HasPrefix(line, "ALTER DEFAULT ") {
					require.NoError(t, owners[key].Do(t.Context(), strings.TrimSuffix(line, ";")), line)
					n++
				}
			}
			return n
		}
		out, err := check()
		require.NoError(t, err, "no more than what is used")
		for _, right := range sqldb.AllRights {
			t.Run(right, func(t *testing.T) {
				n := 0
				var tables []string
				for _, key := range allDatabases {
					there, err := owners[key].Reader().Layout(t.Context())
					require.NoError(t, err)
					revoked := map[string]bool{}
					for _, u := range c.uses(c.database(key)) {
						if there[u.Table] == nil || len(u.Rights) == 1 || !slices.Contains(u.Rights, right) || revoked[u.Table] {
							continue
						}
						require.NoError(t, owners[key].Do(t.Context(), "REVOKE "+right+" ON "+u.Table+" FROM "+accounts[key]))
						tables, revoked[u.Table] = append(tables, u.Table), true
						n++
					}
				}
				_, err := check()
				for _, key := range allDatabases {
					require.ErrorContains(t, err, variable(key)+": ")
				}
				for _, table := range tables {
					require.ErrorContains(t, err, "The account may not "+right+" on "+table+".")
				}
				require.Equal(t, n, mend(err.Error()))
				_, err = check()
				require.NoError(t, err)
			})
		}
		t.Run("a table that it has no right on", func(t *testing.T) {
			require.NoError(t, owners["vmail_dsn"].Do(t.Context(), "REVOKE SELECT, INSERT, UPDATE, DELETE ON mailbox FROM "+accounts["vmail_dsn"]))
			_, err := check()
			require.ErrorContains(t, err, "POSTERN_VMAIL_DSN: ")
			require.Regexp(t, `The account (has no right on a table mailbox|may not SELECT, INSERT, UPDATE, DELETE on mailbox\.)`, err.Error())
			require.NoError(t, owners["vmail_dsn"].Do(t.Context(), "GRANT SELECT, INSERT, UPDATE, DELETE ON mailbox TO "+accounts["vmail_dsn"]))
		})
		if engine == "mysql" {
			return
		}
		t.Run("sequences", func(t *testing.T) {
			require.NoError(t, owners["vmail_dsn"].Do(t.Context(), "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM "+accounts["vmail_dsn"]))
			_, err := check()
			require.ErrorContains(t, err, "The account may not USAGE on the sequence forwardings_id_seq.")
			require.Positive(t, mend(err.Error()))
			_, err = check()
			require.NoError(t, err)
		})
		t.Run("tables to come", func(t *testing.T) {
			require.Contains(t, out.stdout, "those that an upgrade adds cannot be read by this account")
			require.Positive(t, mend(out.stdout))
			again, err := check()
			require.NoError(t, err)
			require.NotContains(t, again.stdout, "ALTER DEFAULT")
		})
		t.Run("a server that takes no writes", func(t *testing.T) {
			address := os.Getenv("POSTERN_VMAIL_DSN")
			t.Setenv("POSTERN_VMAIL_DSN", address+"&default_transaction_read_only=on")
			_, err := check()
			require.ErrorContains(t, err, "POSTERN_VMAIL_DSN: ")
			require.ErrorContains(t, err, "takes no writes")
			t.Setenv("POSTERN_READ_ONLY", "yes")
			_, err = check()
			require.NoError(t, err)
		})
	})
}

// TestCheckTriesToMakeTheState has an account that may do nothing in the empty database of the state.
func TestCheckTriesToMakeTheState(t *testing.T) {
	onServers(t, func(t *testing.T, engine string) {
		configure(t, engine, "vmail_dsn", "state_dsn")
		t.Setenv("POSTERN_LISTS", "off")
		_, err := command(t, "schema", "create")
		require.NoError(t, err)
		owner, err := sqldb.Open(os.Getenv("POSTERN_STATE_DSN"))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, owner.Close()) })
		require.NoError(t, owner.Do(t.Context(), "CREATE TABLE for_now (id INT)"))
		_, address := storetest.Limited(t, engine, os.Getenv("POSTERN_STATE_DSN"), sqldb.Uses(sqldb.AllRights, "for_now"))
		if engine == "mysql" { // which lets nobody in who has no right at all
			account := address[len("mysql://"):strings.Index(address, ":limited@")]
			require.NoError(t, owner.Do(t.Context(), "GRANT SELECT, CREATE VIEW ON *.* TO '"+account+"'@'localhost'"))
		}
		require.NoError(t, owner.Do(t.Context(), "DROP TABLE for_now"))
		t.Setenv("POSTERN_STATE_DSN", address)
		_, err = command(t, "check")
		require.ErrorContains(t, err, "POSTERN_STATE_DSN: ")
		require.ErrorContains(t, err, "The account may not CREATE on the ")
		n := 0
		for line := range strings.Lines(err.Error()) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "GRANT ") {
				require.NoError(t, owner.Do(t.Context(), strings.TrimSuffix(line, ";")), line)
				n++
			}
		}
		require.Equal(t, 1, n)
		_, err = command(t, "check")
		require.NoError(t, err)
		_, err = command(t, "jobs", "run", "sessions-purge")
		require.NoError(t, err, "it makes its tables")
		_, err = command(t, "check")
		require.NoError(t, err)
	})
}

// TestCheckTriesToWriteFiles has somebody else than their owner run check.
func TestCheckTriesToWriteFiles(t *testing.T) {
	without(t)
	if os.Getuid() != 0 {
		t.Skip("needs another user")
	}
	dir := filepath.Join(t.TempDir(), "data")
	for _, above := range []string{filepath.Dir(dir), filepath.Dir(filepath.Dir(dir))} {
		require.NoError(t, os.Chmod(above, 0o755)) //nolint:gosec // the other user has to get there
	}
	_, err := command(t, "jobs", "run", "sessions-purge", "--data-dir", dir)
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	for name, modes := range map[string][2]os.FileMode{ // of the directory and its files
		"neither": {0o755, 0o644}, "the files alone": {0o755, 0o666}, "the directory alone": {0o777, 0o644}, "both": {0o777, 0o666},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.Chmod(dir, modes[0]))
			for _, file := range files {
				require.NoError(t, os.Chmod(file, modes[1]))
			}
			out := asUser(t, 12345, "check", "--data-dir", dir, "--lists", "off")
			for _, key := range allDatabases {
				if name == "both" {
					require.NotContains(t, out, variable(key)+": ")
				} else {
					require.Regexp(t, variable(key)+`: .*permission denied`, out)
				}
			}
		})
	}
}
