package sqlstore_test

import (
	"testing"

	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

func TestAccountsOnPostgres(t *testing.T) {
	storetest.Accounts(t, onServer(t, "postgres", breakOnPostgres))
}

func breakOnPostgres(db *sqldb.DB) func(t *testing.T, table string) func() {
	return func(t *testing.T, table string) func() {
		t.Helper()
		mustDo(t, db, "CREATE FUNCTION refuse() RETURNS TRIGGER LANGUAGE plpgsql AS"+
			" $$ BEGIN RAISE EXCEPTION 'broken by the test'; END; $$",
			"CREATE TRIGGER break BEFORE INSERT OR UPDATE OR DELETE ON "+table+" FOR EACH ROW EXECUTE FUNCTION refuse()")
		return mending(t, db, "DROP TRIGGER break ON "+table, "DROP FUNCTION refuse()")
	}
}
