package policystore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/policystore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

func TestPoliciesOnSQLite(t *testing.T) {
	storetest.Policies(t, func(t *testing.T) storetest.PoliciesFixture {
		t.Helper()
		return fixture(sqlite(t, policystore.Amavisd), sqlite(t, policystore.Iredapd))
	})
}

func TestPoliciesOnMySQL(t *testing.T) { policiesOnServer(t, "mysql") }

func TestPoliciesOnPostgres(t *testing.T) { policiesOnServer(t, "postgres") }

func fixture(amavisd, iredapd *sqldb.DB) storetest.PoliciesFixture {
	return storetest.PoliciesFixture{
		Policies: policystore.New(amavisd, iredapd, policystore.DefaultOptions()), Amavisd: amavisd, Iredapd: iredapd,
	}
}

// policiesOnServer runs the suite on one pair of databases, which are emptied for every store. The store itself connects as accounts
// that may do no more than Uses says.
func policiesOnServer(t *testing.T, engine string) {
	t.Helper()
	amavisd, inAmavisd := storetest.LimitedDatabase(t, engine, policystore.Amavisd.Create, policystore.AmavisdUses())
	iredapd, inIredapd := storetest.LimitedDatabase(t, engine, policystore.Iredapd.Create, policystore.IredapdUses())
	policies := policystore.New(inAmavisd, inIredapd, policystore.DefaultOptions())
	emptyAmavisd := storetest.Emptier(t, amavisd)
	storetest.Policies(t, func(t *testing.T) storetest.PoliciesFixture {
		t.Helper()
		emptyAmavisd(t)
		storetest.Exec(t, iredapd, "DELETE FROM throttle_tracking") // to which a key of throttle refers
		storetest.Emptier(t, iredapd)(t)
		return storetest.PoliciesFixture{Policies: policies, Amavisd: amavisd, Iredapd: iredapd}
	})
}

// sqlite is an embedded database with the tables created and nothing in them.
func sqlite(t *testing.T, part sqldb.Schema) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open("sqlite://" + filepath.Join(t.TempDir(), "policies.db") + "?sync=off")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, part.Migrate(t.Context(), db))
	require.NoError(t, part.Migrate(t.Context(), db), "again")
	storetest.Emptier(t, db)(t)
	return db
}

func TestShippedPolicies(t *testing.T) {
	for _, engine := range append([]string{"sqlite"}, storetest.Servers...) {
		t.Run(engine, func(t *testing.T) {
			amavisd, iredapd := withTables(t, engine)
			p := policystore.New(amavisd, iredapd, policystore.DefaultOptions())
			everybody, err := p.SpamPolicy(t.Context(), store.Everybody)
			require.NoError(t, err)
			require.Equal(t, "no", everybody.Stored.Get("quarantine_spam"))
			require.Equal(t, "yes", everybody.Stored.Get("quarantine_virus"))
			require.Equal(t, store.Effective{Value: 6.2, Source: store.SourceDefault}, everybody.Effective.Get("spam_score"))
			require.Equal(t, store.Effective{Value: "yes", Source: "@."}, everybody.Effective.Get("quarantine_banned"))
			g, err := p.Greylisting(t.Context(), store.Everybody)
			require.NoError(t, err)
			require.Equal(t, "enable", g.Stored.Get("status"))
		})
	}
}

// withTables is a pair of databases as they are made.
func withTables(t *testing.T, engine string) (amavisd, iredapd *sqldb.DB) {
	t.Helper()
	if engine != "sqlite" {
		amavisd, iredapd = storetest.Database(t, engine), storetest.Database(t, engine)
		require.NoError(t, policystore.Amavisd.Create(t.Context(), amavisd))
		require.NoError(t, policystore.Iredapd.Create(t.Context(), iredapd))
		return amavisd, iredapd
	}
	open := func(part sqldb.Schema) *sqldb.DB {
		db, err := sqldb.Open("sqlite://" + filepath.Join(t.TempDir(), "policies.db") + "?sync=off")
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		require.NoError(t, part.Migrate(t.Context(), db))
		return db
	}
	return open(policystore.Amavisd), open(policystore.Iredapd)
}

func TestSchemaOfPoliciesIsNeverLaidOver(t *testing.T) {
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			db := storetest.Database(t, engine)
			require.ErrorIs(t, policystore.Amavisd.Check(t.Context(), db), sqldb.ErrTablesMissing)
			require.ErrorContains(t, policystore.Amavisd.Migrate(t.Context(), db), "embedded")
			require.NoError(t, db.Do(t.Context(), "CREATE TABLE msgs (k INT)"))
			require.ErrorContains(t, policystore.Amavisd.Create(t.Context(), db), `"msgs"`)
			require.NoError(t, policystore.Iredapd.Create(t.Context(), db), "the other's tables")
			require.NoError(t, policystore.Iredapd.Check(t.Context(), db))
		})
	}
}

func TestWithoutDatabases(t *testing.T) {
	p := policystore.New(nil, nil, policystore.DefaultOptions())
	_, err := p.SpamPolicy(t.Context(), store.Everybody)
	require.True(t, store.HasCode(err, store.CodeNotConfigured), "%v", err)
	_, err = p.SetGreylisting(t.Context(), store.Write{}, store.Everybody, true)
	require.True(t, store.HasCode(err, store.CodeNotConfigured), "%v", err)
	require.NoError(t, p.ForgetAccount(t.Context(), "example.com"), "there is nothing to forget")
	require.NoError(t, p.RenameAccount(t.Context(), "a@example.com", "b@example.com"))
	require.NoError(t, p.Ping(t.Context()))
}

// benchmarked are the engines of the benchmarks that there is a server for.
func benchmarked(b *testing.B, run func(b *testing.B, p *policystore.Store)) {
	b.Helper()
	for _, engine := range append([]string{"sqlite"}, storetest.Servers...) {
		url := "sqlite://" + filepath.Join(b.TempDir(), "policies.db") + "?sync=off"
		if engine != "sqlite" {
			if os.Getenv("TEST_"+strings.ToUpper(engine)+"_URL") == "" {
				continue
			}
			url = storetest.DatabaseURL(b, engine)
		}
		b.Run(engine, func(b *testing.B) {
			db, err := sqldb.Open(url)
			require.NoError(b, err)
			defer db.Close()
			if engine == "sqlite" {
				require.NoError(b, policystore.Amavisd.Migrate(b.Context(), db))
			} else {
				require.NoError(b, policystore.Amavisd.Create(b.Context(), db))
			}
			run(b, policystore.New(db, nil, policystore.DefaultOptions()))
		})
	}
}

func BenchmarkAddAThousandAddresses(b *testing.B) {
	addresses := storetest.ManyAddresses(1000)
	benchmarked(b, func(b *testing.B, p *policystore.Store) {
		n := 0
		for b.Loop() {
			n++
			key := store.WblistKey{Account: store.PolicyAccount(fmt.Sprintf("@d%d.test", n)), Direction: store.Inbound, Colour: store.Blacklist}
			_, err := p.AddToWblist(b.Context(), store.Write{}, key, addresses)
			require.NoError(b, err)
		}
	})
}

// BenchmarkReadOneListAmongMany reads a list of 200 among 200 entries and among 200,000.
func BenchmarkReadOneListAmongMany(b *testing.B) {
	addresses := storetest.ManyAddresses(200)
	benchmarked(b, func(b *testing.B, p *policystore.Store) {
		add := func(n int) {
			for _, d := range []store.Direction{store.Inbound, store.Outbound} {
				key := store.WblistKey{Account: store.PolicyAccount(fmt.Sprintf("@d%d.test", n)), Direction: d, Colour: store.Blacklist}
				_, err := p.AddToWblist(b.Context(), store.Write{}, key, addresses)
				require.NoError(b, err)
			}
		}
		made := 0
		for _, accounts := range []int{1, 1000} {
			for ; made < accounts; made++ {
				add(made)
			}
			for _, d := range []store.Direction{store.Inbound, store.Outbound} {
				b.Run(fmt.Sprintf("%d/%s", accounts*200, d), func(b *testing.B) {
					for b.Loop() {
						list, err := p.Wblist(b.Context(), store.WblistKey{Account: "@d0.test", Direction: d, Colour: store.Blacklist}, store.PageRequest{})
						require.NoError(b, err)
						require.Len(b, list.Items, 200)
					}
				})
			}
		}
	})
}
