package oracles_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// TestOraclesTellTroubleFromNo shows that a oracle that cannot answer is not taken for one that says no.
func TestOraclesTellTroubleFromNo(t *testing.T) {
	onEveryEngine(t, oracleTrouble)
}

func oracleTrouble(t *testing.T, w *servertest.Fixture) {
	root := w.Root()
	root.MustDomain("example.com", nil)
	root.MustUser("anna@example.com", nil)

	p := servertest.NewPostfix(t, w.Source(t))
	p.WriteBroken(t)
	_, err := p.LookUp(t, "broken", "anna@example.com")
	require.Error(t, err)
	require.Regexp(t, `no such table: nowhere|nowhere' doesn't exist|"nowhere" does not exist|Bad search filter`, err.Error())
	_, err = p.LookUp(t, "missing", "anna@example.com")
	require.ErrorContains(t, err, "No such file")
	found, err := p.LookUp(t, "virtual_mailbox_domains", "nowhere.test")
	require.NoError(t, err)
	require.Empty(t, found)
	lost := servertest.NewPostfix(t, w.NoSuchSource(t))
	_, err = lost.LookUp(t, "virtual_mailbox_domains", "example.com")
	require.Error(t, err)

	d := servertest.StartDovecot(t, w)
	ok, err := d.Authenticate(t, "anna@example.com", servertest.Password, "imap")
	require.NoError(t, err)
	require.True(t, ok)
	ok, err = d.Authenticate(t, "anna@example.com", "wrong", "imap")
	require.NoError(t, err)
	require.False(t, ok)
	fields, err := d.Find(t, "nobody@example.com", "imap")
	require.NoError(t, err)
	require.Nil(t, fields)
	// Last, for what follows a failed query fails as well while Dovecot opens another connection.
	ok, err = d.Authenticate(t, "anna@example.com", servertest.Password, "nonsense")
	if w.Directory != nil { // which knows no columns: nobody has that service
		require.NoError(t, err)
		require.False(t, ok)
	} else {
		require.ErrorContains(t, err, "temp_fail")
		_, err = d.Find(t, "anna@example.com", "nonsense")
		require.Error(t, err)
	}

	gone := *d
	gone.Conf += ".missing"
	_, err = gone.Authenticate(t, "anna@example.com", servertest.Password, "imap")
	require.Error(t, err)
}
