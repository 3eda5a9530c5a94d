package policystore_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/policystore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

func TestPurgeAddresses(t *testing.T) {
	test := func(t *testing.T, amavisd *sqldb.DB) {
		t.Helper()
		s := policystore.New(amavisd, nil, policystore.DefaultOptions())
		w := store.Write{Actor: store.Actor{Username: "root@a.test", Global: true}}
		in := store.WblistKey{Account: "@a.test", Direction: store.Inbound, Colour: store.Blacklist}
		out := store.WblistKey{Account: "@a.test", Direction: store.Outbound, Colour: store.Whitelist}
		add := func(key store.WblistKey, addresses ...string) {
			t.Helper()
			_, err := s.AddToWblist(t.Context(), w, key, addresses)
			require.NoError(t, err)
		}
		known := func() []string {
			t.Helper()
			emails := []string{}
			require.NoError(t, amavisd.Reader().Select(t.Context(), &emails, "SELECT email FROM mailaddr ORDER BY email"))
			return emails
		}
		add(in, "in@x.test", "both@x.test")
		add(out, "out@x.test", "both@x.test")
		many := make([]string, 2500)
		for i := range many {
			many[i] = fmt.Sprintf("m%d@x.test", i)
		}
		add(in, many...)
		_, err := s.RemoveFromWblist(t.Context(), w, in, append(many, "both@x.test"))
		require.NoError(t, err)

		n, err := s.PurgeAddresses(t.Context(), true)
		require.NoError(t, err)
		require.EqualValues(t, 2500, n)
		require.Len(t, known(), 2503, "a dry run removes nothing")
		n, err = s.PurgeAddresses(t.Context(), false)
		require.NoError(t, err)
		require.EqualValues(t, 2500, n)
		require.Equal(t, []string{"both@x.test", "in@x.test", "out@x.test"}, known())

		// Whoever puts an address on a list meanwhile finds it there.
		for round := range 20 {
			address := fmt.Sprintf("race%d@x.test", round)
			add(in, address)
			_, err = s.RemoveFromWblist(t.Context(), w, in, []string{address})
			require.NoError(t, err)
			var both sync.WaitGroup
			both.Go(func() { _, err := s.PurgeAddresses(t.Context(), false); require.NoError(t, err) })
			both.Go(func() { _, err := s.AddToWblist(t.Context(), w, out, []string{address}); require.NoError(t, err) })
			both.Wait()
			list, err := s.Wblist(t.Context(), out, store.PageRequest{})
			require.NoError(t, err)
			require.Contains(t, list.Items, address)
		}
	}
	t.Run("sqlite", func(t *testing.T) { test(t, sqlite(t, policystore.Amavisd)) })
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			db := storetest.Database(t, engine)
			require.NoError(t, policystore.Amavisd.Create(t.Context(), db))
			storetest.Emptier(t, db)(t)
			test(t, db)
		})
	}
	n, err := policystore.New(nil, nil, policystore.DefaultOptions()).PurgeAddresses(t.Context(), false)
	require.NoError(t, err, "without Amavisd's database there is nothing to do")
	require.Zero(t, n)
}
