package ldapstore

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"
)

// CheckWrite returns an error when the account that is bound as may not change the two bases. It asks to remove a value that no
// entry has: slapd looks at the rights before the values, so nothing changes either way.
func (s *Store) CheckWrite(ctx context.Context) error {
	for _, dn := range []string{s.tree.base, s.tree.admins} {
		request := ldap.NewModifyRequest(dn, nil)
		request.Delete("description", []string{"postern check: nothing has this value"})
		err := s.pool.with(ctx, true, func(conn *ldap.Conn) error { return conn.Modify(request) })
		switch {
		case err == nil, ldap.IsErrorAnyOf(err, ldap.LDAPResultNoSuchAttribute):
		case ldap.IsErrorAnyOf(err, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultUnwillingToPerform, ldap.LDAPResultReferral):
			return fmt.Errorf("the account may read and not write below %s: bind as one that may, such as cn=vmailadmin: %w", dn, err)
		default:
			return err
		}
	}
	return nil
}
