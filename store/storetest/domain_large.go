package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// madeUp returns so many names of a form.
func madeUp(form string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(form, i)
	}
	return all
}

// largeDomains are changed and deleted whatever the number of their alias domains, admins and addresses: a statement takes only
// so many names.
func largeDomains(t *testing.T, open Open) {
	t.Run("2,000 alias domains", func(t *testing.T) {
		f := withUser(t, open)
		mustDomain(t, f, "b.test")
		mustUser(t, f, "bob@b.test")
		aliases := madeUp("alias%04d.test", 2000)
		_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", store.DomainUpdate{AliasDomains: store.Set{Add: aliases}})
		require.NoError(t, err)
		got, err := f.Accounts.Domain(ctx(t), "a.test")
		require.NoError(t, err)
		require.Equal(t, aliases, got.AliasDomains)
		mustUpdateUser(t, f, "bob@b.test", store.UserUpdate{Forwarding: adding("ann@alias1999.test", "ann@a.test")})
		mustDeleteDomain(t, f, "a.test")
		u, err := f.Accounts.User(ctx(t), "bob@b.test")
		require.NoError(t, err)
		require.Equal(t, []string{"bob@b.test"}, u.Forwardings)
		mustDomain(t, f, "alias1234.test")
	})
}
