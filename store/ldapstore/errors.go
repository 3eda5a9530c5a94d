package ldapstore

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/go-ldap/ldap/v3"

	"github.com/postern-mail/postern/store"
)

func badDN(which string, err error) error {
	return fmt.Errorf("the %s DN cannot be read: %w", which, err)
}

// broken reports whether the connection cannot be used any more.
func broken(err error) bool {
	var network net.Error
	return err != nil && (ldap.IsErrorAnyOf(err, ldap.ErrorNetwork, ldap.ErrorUnexpectedResponse, ldap.ErrorUnexpectedMessage) ||
		errors.As(err, &network) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// wrap turns an error of the library into one of store where that is known: a server that is away, busy or starting.
func wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return store.Late("The directory", err)
	case broken(err), ldap.IsErrorAnyOf(err, ldap.LDAPResultBusy, ldap.LDAPResultUnavailable, ldap.LDAPResultUnwillingToPerform,
		ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultServerDown, ldap.LDAPResultConnectError, ldap.LDAPResultTimeout):
		return store.Down("The directory", err)
	}
	if ldap.IsErrorAnyOf(err, ldap.LDAPResultSizeLimitExceeded, ldap.LDAPResultAdminLimitExceeded) {
		e := store.Fail(store.Unavailable, store.CodeDirectorySizeLimit,
			"The directory hands over fewer than %d entries at a time; raise that limit for who Postern is there.", pageSize)
		e.Cause = err
		return e
	}
	var known *net.OpError
	if errors.As(err, &known) {
		return store.Down("The directory", err)
	}
	return err
}

// isMissing reports whether an entry is not there.
func isMissing(err error) bool { return ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject) }

// isThere reports whether an entry that was to be added is there already.
func isThere(err error) bool { return ldap.IsErrorWithCode(err, ldap.LDAPResultEntryAlreadyExists) }
