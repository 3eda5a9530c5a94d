package sqlstore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// TestManyAdminsOfADomain changes and deletes a domain with more admins than a statement takes names, made by another program.
func TestManyAdminsOfADomain(t *testing.T) {
	if testing.Short() {
		t.Skip("a quick run goes without large domains")
	}
	opens := map[string]storetest.Open{"sqlite": openSQLite}
	for engine, refuse := range map[string]breaker{"mysql": breakOnMySQL, "postgres": breakOnPostgres} {
		opens[engine] = onServer(t, engine, refuse)
	}
	for engine, open := range opens {
		t.Run(engine, func(t *testing.T) {
			const admins = 40_000
			f := open(t)
			w := store.Write{Actor: store.Actor{Username: "root@elsewhere.test", Global: true}}
			for _, name := range []string{"a.test", "b.test"} {
				_, err := f.Accounts.CreateDomain(t.Context(), w, store.DomainCreate{Name: name})
				require.NoError(t, err)
			}
			fill := func() {
				require.NoError(t, addAdmins(t.Context(), f.SQL, admins))
			}
			fill()
			few := []string{"m0@b.test"}
			_, err := f.Accounts.CreateUser(t.Context(), w, store.UserCreate{Mail: few[0], Active: true, Password: "{SSHA}x"})
			require.NoError(t, err)
			_, err = f.Accounts.UpdateDomainAdmins(t.Context(), w, "a.test", store.Set{Replace: &few})
			require.NoError(t, err)
			var left int64
			require.NoError(t, f.SQL.Reader().Get(t.Context(), &left, "SELECT COUNT(*) FROM domain_admins"))
			require.EqualValues(t, 1, left)
			fill()
			_, err = f.Accounts.DeleteDomain(t.Context(), w, "a.test", 0)
			require.NoError(t, err)
			require.NoError(t, f.SQL.Reader().Get(t.Context(), &left, "SELECT COUNT(*) FROM domain_admins"))
			require.Zero(t, left)
		})
	}
}

// addAdmins makes mail users of b.test, whom there need not be, admins of a.test, beside the first one.
func addAdmins(ctx context.Context, db *sqldb.DB, n int) error {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("('m%d@b.test', 'a.test')", i+1)
	}
	return db.Write(ctx, func(tx *sqldb.Tx) error {
		for chunk := range slices.Chunk(all, 1000) {
			if _, err := tx.Exec(ctx, "INSERT INTO domain_admins (username, domain) VALUES "+strings.Join(chunk, ", ")); err != nil {
				return err
			}
		}
		return nil
	})
}
