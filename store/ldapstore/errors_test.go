package ldapstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ldapstore"
)

// What a server tells becomes what a caller may be told, and nothing else does.
func TestErrorsOfAServer(t *testing.T) {
	of := func(code uint16) error {
		return fmt.Errorf("search: %w", ldap.NewError(code, errors.New("the server's words")))
	}
	for err, code := range map[error]string{
		of(ldap.LDAPResultBusy):                     store.CodeServerDown,
		of(ldap.LDAPResultUnavailable):              store.CodeServerDown,
		of(ldap.ErrorNetwork):                       store.CodeServerDown,
		context.DeadlineExceeded:                    store.CodeServerDown,
		of(ldap.LDAPResultSizeLimitExceeded):        store.CodeDirectorySizeLimit,
		of(ldap.LDAPResultAdminLimitExceeded):       store.CodeDirectorySizeLimit,
		of(ldap.LDAPResultInvalidCredentials):       "",
		of(ldap.LDAPResultInsufficientAccessRights): "",
		io.ErrShortWrite:                            "",
	} {
		wrapped := ldapstore.Wrap(err)
		require.ErrorIs(t, wrapped, err)
		require.Equal(t, code != "", store.HasCode(wrapped, code), "%v", err)
		var told *store.Error
		if errors.As(wrapped, &told) {
			require.NotContains(t, told.Detail, "words")
		}
	}
	require.NoError(t, ldapstore.Wrap(nil))
}
