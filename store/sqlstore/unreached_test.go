package sqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/storetest"
)

func TestUnreached(t *testing.T) {
	for name, c := range map[string]struct {
		open func(t *testing.T) storetest.Fixture
		want int
	}{
		"sqlite":   {openSQLite, 3},
		"postgres": {onServer(t, "postgres", breakOnPostgres), 3},
		"mysql":    {onServer(t, "mysql", breakOnMySQL), 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := c.open(t)
			notes, err := sqlstore.Unreached(t.Context(), f.SQL)
			require.NoError(t, err)
			require.Empty(t, notes)
			mustDo(t, f.SQL, "INSERT INTO domain (domain) VALUES ('a.test')",
				"INSERT INTO mailbox (username, domain) VALUES ('Ann@a.test', 'a.test')",
				"INSERT INTO mailbox (username, domain) VALUES ('Bo@A.test', 'A.test')",
				"INSERT INTO forwardings (address, forwarding, domain) VALUES ('Ann@a.test', 'Ann@a.test', 'a.test')",
				"INSERT INTO domain_admins (username, domain) VALUES ('root@x.test', 'ALL')")
			notes, err = sqlstore.Unreached(t.Context(), f.SQL)
			require.NoError(t, err)
			require.Len(t, notes, c.want)
			for _, n := range notes {
				mustDo(t, f.SQL, n.Statement)
			}
			if c.want > 0 {
				require.Contains(t, notes[0].Text, "2 name(s) with capital letters, such as Ann@a.test")
			}
			notes, err = sqlstore.Unreached(t.Context(), f.SQL)
			require.NoError(t, err)
			require.Empty(t, notes, "the statements mend it")
		})
	}
}
