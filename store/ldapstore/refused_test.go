package ldapstore

import (
	"errors"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// TestRefusedValues has what slapd 2.5 says of values that it does not take.
func TestRefusedValues(t *testing.T) {
	for _, x := range []struct {
		code        uint16
		text, field string
	}{
		{ldap.LDAPResultInvalidAttributeSyntax, "mobile: value #0 invalid per syntax", "mobile"},
		{ldap.LDAPResultInvalidAttributeSyntax, "preferredLanguage: value #0 invalid per syntax", "language"},
		{ldap.LDAPResultConstraintViolation, "givenName: value #1 too long", "gn"},
		{ldap.LDAPResultConstraintViolation, "mailboxFormat: multiple values provided", ""},
		{ldap.LDAPResultInvalidDNSyntax, "invalid DN", ""},
	} {
		var e *store.Error
		require.ErrorAs(t, (&Store{}).refused(ldap.NewError(x.code, errors.New(x.text))), &e, x.text)
		require.Equal(t, store.Invalid, e.Kind)
		require.Equal(t, x.field, e.Field, x.text)
	}
}
