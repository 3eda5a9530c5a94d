package engines_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/policystore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/storetest"
)

// release is what a server of an older release lacks, and what an upgrade to it left behind. Columns and tables are those of the
// SQL files of the releases named.
type release struct {
	accounts, amavisd, iredapd shortfall
}

// shortfall is what an older database has otherwise: tables and columns that came later, and statements for what is there beside
// ours.
type shortfall struct {
	tables  []string
	columns map[string][]string
	beside  []string
}

// releases are those that databases are brought along from.
var releases = map[string]release{
	"iRedMail 0.9.8, iRedAPD 2.1, Amavisd of iRedMail 0.8.0": {
		accounts: shortfall{
			tables: []string{"maillist_owners", "anyone_shares", "last_login", "sender_relayhost"},
			columns: map[string][]string{
				"mailbox": {
					"first_name", "last_name", "mobile", "telephone", "recovery_email", "birthday", "enablesogowebmail", "enablesogocalendar",
					"enablesogoactivesync", "enableimaptls", "enablepop3tls", "mailboxfolder",
				},
			},
			beside: []string{"ALTER TABLE alias ADD COLUMN goto TEXT NOT NULL", "ALTER TABLE forwardings ADD COLUMN rank_left INTEGER NOT NULL"},
		},
		amavisd: shortfall{
			tables: []string{"outbound_wblist"},
			columns: map[string][]string{"policy": {
				"unchecked_lover", "unchecked_quarantine_to", "archive_quarantine_to", "spam_tag3_level", "spam_subject_tag3",
				"disclaimer_options", "forward_method", "sa_userconf", "sa_username",
			}},
		},
		iredapd: shortfall{columns: map[string][]string{"throttle": {"max_rcpts"}, "throttle_tracking": {"last_notify_time"}}},
	},
	"iRedMail 0.9.5, iRedAPD 1.9.0": {
		accounts: shortfall{tables: []string{"maillists", "maillist_owners", "deleted_mailboxes"}},
		iredapd: shortfall{
			tables:  []string{"greylisting_whitelist_domain_spf", "wblist_rdns"},
			columns: map[string][]string{"throttle": {"max_rcpts"}, "throttle_tracking": {"last_notify_time"}},
		},
	},
	"iRedMail 1.7.1, iRedAPD 4.8": {
		accounts: shortfall{columns: map[string][]string{"deleted_mailboxes": {"bytes", "messages"}}},
		iredapd:  shortfall{columns: map[string][]string{"throttle": {"max_rcpts"}, "throttle_tracking": {"last_notify_time"}}},
	},
	"hardly anything of iRedAPD and Amavisd": {
		amavisd: shortfall{tables: []string{"outbound_wblist", "wblist", "mailaddr"}},
		iredapd: shortfall{tables: []string{
			"throttle_tracking", "throttle", "greylisting_whitelists", "greylisting_whitelist_domains", "greylisting_whitelist_domain_spf",
			"greylisting_tracking",
		}},
	},
}

// age takes away from a database what an older release has not.
func age(t *testing.T, db *sqldb.DB, s shortfall) {
	t.Helper()
	do := func(statement string) { require.NoError(t, db.Do(t.Context(), statement), statement) }
	for _, table := range s.tables {
		do("DROP TABLE " + table)
	}
	for table, columns := range s.columns {
		for _, column := range columns {
			do("ALTER TABLE " + table + " DROP COLUMN " + column)
		}
	}
	for _, statement := range s.beside {
		do(statement)
	}
}

// agedFixture is a server over the databases of a release.
func agedFixture(t *testing.T, engine string, r release) *servertest.Fixture {
	t.Helper()
	empty := func() *sqldb.DB { return storetest.Database(t, engine) }
	all := servertest.Databases{Vmail: empty(), Panel: empty(), Amavisd: empty(), Iredapd: empty()}
	all.CreateTables(t, engine)
	age(t, all.Vmail, r.accounts)
	age(t, all.Amavisd, r.amavisd)
	age(t, all.Iredapd, r.iredapd)
	w := servertest.ServeOn(t, t.TempDir(), all, storetest.DatabaseURL(t, engine))
	w.CreateRoot()
	return w
}

var missingTable = regexp.MustCompile(`has no table ([a-z_]+)`)

// TestOlderReleases plays every operation on the databases of older releases: each works, or says which table it lacks.
func TestOlderReleases(t *testing.T) {
	for _, engine := range storetest.Servers {
		for name, r := range releases {
			t.Run(engine+"/"+name, func(t *testing.T) {
				w := agedFixture(t, engine, r)
				servertest.Seed(w)
				lacking := slices.Concat(r.amavisd.tables, r.iredapd.tables, r.accounts.tables)
				v := servertest.Session{Client: w.Root()}
				calls := slices.Concat(policyCalls(), mailingListCalls(), removalCalls())
				if r.accounts.columns["mailbox"] != nil {
					calls = slices.Concat(parameterCalls(), renameCalls(), calls)
				}
				for _, c := range calls {
					a := v.Write(c.Method, c.Path, c.Given)
					if a.Status < 500 {
						continue
					}
					require.Equal(t, http.StatusServiceUnavailable, a.Status, "%s: %s", c, a.Raw)
					require.Equal(t, "NOT_CONFIGURED", a.Msg(), "%s: %s", c, a.Raw)
					table := missingTable.FindStringSubmatch(a.Raw)
					require.NotNil(t, table, "%s: %s", c, a.Raw)
					require.Contains(t, lacking, table[1], "%s: %s", c, a.Raw)
				}
				require.NotContains(t, w.Log.String(), "level=ERROR", "no follower fails for a table that is missing")
			})
		}
	}
}

// TestThrottleOfAnOldIredapd sets and reads a throttle where recipients are not counted yet.
func TestThrottleOfAnOldIredapd(t *testing.T) {
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			root := agedFixture(t, engine, releases["iRedMail 1.7.1, iRedAPD 4.8"]).Root()
			root.MustDomain("example.com", nil)
			root.MustUser("anna@example.com", nil)
			root.Must(http.StatusOK, "POST", "/api/throttle/anna@example.com/outbound", servertest.Body{"period": 3600, "max_msgs": 100})
			got := root.Get("/api/throttle/anna@example.com/outbound").Data()
			require.EqualValues(t, 3600, got["period"])
			require.EqualValues(t, -1, got["max_rcpts"], "it reads as left to others")
			root.Must(http.StatusOK, "POST", "/api/throttle/anna@example.com/outbound", servertest.Body{"period": 0})
			require.Empty(t, root.Legacy().Get("/api/throttle/anna@example.com/outbound").Data())
		})
	}
}

// TestLeftOverColumnsAreFilled makes accounts where a column of years ago must not be NULL.
func TestLeftOverColumnsAreFilled(t *testing.T) {
	r := release{accounts: shortfall{beside: []string{
		"ALTER TABLE alias ADD COLUMN goto TEXT NOT NULL", "ALTER TABLE mailbox ADD COLUMN lasttime TIMESTAMP NULL",
		"ALTER TABLE mailbox ADD COLUMN bytes_left BIGINT NOT NULL", "ALTER TABLE mailbox ADD COLUMN day_left DATE NOT NULL",
		"ALTER TABLE forwardings ADD COLUMN rank_left INTEGER NOT NULL", "ALTER TABLE domain ADD COLUMN share_left NUMERIC(5, 2) NOT NULL",
		"ALTER TABLE domain_admins ADD COLUMN word_left VARCHAR(9) NOT NULL",
	}}, iredapd: shortfall{beside: []string{"ALTER TABLE throttle ADD COLUMN word_left VARCHAR(9) NOT NULL"}}}
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			w := agedFixture(t, engine, r)
			root := w.Root()
			root.MustDomain("example.com", nil)
			root.MustUser("anna@example.com", nil)
			root.Must(http.StatusCreated, "POST", "/api/alias/team@example.com", servertest.Body{"members": []string{"anna@example.com"}})
			root.Must(http.StatusOK, "PUT", "/api/domain/admins/example.com", servertest.Body{"addAdmin": []string{"anna@example.com"}})
			root.Must(http.StatusOK, "POST", "/api/throttle/example.com/outbound", servertest.Body{"period": 60})
			var left string
			require.NoError(t, w.Vmail.Reader().Get(t.Context(), &left, "SELECT goto FROM alias WHERE address = 'team@example.com'"))
			require.Empty(t, left)
			root.Must(http.StatusOK, "DELETE", "/api/user/anna@example.com", nil)
		})
	}
}

// TestNotesOnOlderReleases holds the databases of older releases against the newest layout, and has them mended by what is said.
func TestNotesOnOlderReleases(t *testing.T) {
	for _, engine := range storetest.Servers {
		for name, r := range releases {
			t.Run(engine+"/"+name, func(t *testing.T) {
				w := agedFixture(t, engine, r)
				for db, s := range map[*sqldb.DB]shortfall{w.Vmail: r.accounts, w.Amavisd: r.amavisd, w.Iredapd: r.iredapd} {
					script := scriptOf(t, w, db)
					notes, err := db.Compare(t.Context(), script)
					require.NoError(t, err)
					var said strings.Builder
					for _, n := range notes {
						said.WriteString(n.Text + "\n")
						require.NotEmpty(t, n.Statement)
					}
					for _, table := range s.tables {
						require.Contains(t, said.String(), "The table "+table+" is missing")
					}
					for table, columns := range s.columns {
						for _, column := range columns {
							require.Contains(t, said.String(), "The column "+table+"."+column+" is missing")
						}
					}
					for _, statement := range s.beside {
						words := strings.Fields(statement)
						require.Contains(t, said.String(), "The column "+words[2]+"."+words[5])
					}
					for _, n := range notes {
						require.NoError(t, db.Do(t.Context(), strings.TrimSuffix(n.Statement, ";")), n.Statement)
					}
					notes, err = db.Compare(t.Context(), script)
					require.NoError(t, err)
					require.Empty(t, notes, "the statements mend it")
				}
			})
		}
	}
}

func scriptOf(t *testing.T, w *servertest.Fixture, db *sqldb.DB) string {
	t.Helper()
	var script string
	switch db {
	case w.Vmail:
		script = sqlstore.Schema.Script(db.Dialect.Name)
	case w.Amavisd:
		script = policystore.Amavisd.Script(db.Dialect.Name)
	case w.Iredapd:
		script = policystore.Iredapd.Script(db.Dialect.Name)
	}
	require.NotEmpty(t, script)
	return script
}
