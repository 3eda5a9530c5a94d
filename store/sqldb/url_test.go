package sqldb_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

func TestURLs(t *testing.T) {
	for _, good := range []string{
		"sqlite:///tmp/x.db", "mysql://u@h/db", "mysql://u:p@h:3307/db", "mysql://u:p@[::1]:3306/db", "mysql://u@/db?socket=/run/s",
		"mysql://u:p%40%2F%3F@h/db?tls=skip-verify", "postgres://u:p@h:5433/db", "postgres://u@/db?host=/run/postgresql",
	} {
		db, err := sqldb.Open(good)
		require.NoError(t, err, good)
		require.NoError(t, db.Close())
	}
	for _, bad := range []string{
		"", "hunter2", "oracle://u:hunter2@h/db", "sqlite://", "mysql://u:hunter2@/db", "mysql://u:hunter2%@h/db",
		"mysql://u:hunter2@h/db?socket=/run/s", "mysql://u:hunter2@h/db?hunter2=1", "mysql://u:hunter2@h:port/db",
		"mysql://u:hunter2@h/db?tls=hunter2", "postgres://u:hunter2%@h/db", "postgres://u:hunter2@h:port/db",
		"postgres://u:hunter2@h/db?sslmode=hunter2",
	} {
		_, err := sqldb.Open(bad)
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "hunter2", bad)
	}
}

func TestOddPassword(t *testing.T) {
	const password = `p@ss:w/rd?%&'"#`
	address := storetest.DatabaseURL(t, "mysql")
	admin, user := open(t, address), "odd"+strings.ToLower(rand.Text())
	require.NoError(t, admin.Do(t.Context(), "CREATE USER "+user+`@localhost IDENTIFIED BY 'p@ss:w/rd?%&\'"#'`))
	t.Cleanup(func() {
		require.NoError(t, admin.Do(context.WithoutCancel(t.Context()), "DROP USER "+user+"@localhost"))
	})
	u, err := url.Parse(address)
	require.NoError(t, err)
	u.Path = "/"
	u.User = url.UserPassword(user, password)
	require.NoError(t, open(t, u.String()).Ping(t.Context()))

	u.User = url.UserPassword(user, "other-"+password)
	err = open(t, u.String()).Ping(t.Context())
	require.Error(t, err)
	require.NotContains(t, err.Error(), "w/rd")
}
