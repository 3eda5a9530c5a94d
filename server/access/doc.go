// Package access authenticates requests and enforces x-access.
//
// It has two stages: Authenticate finds the principal behind a session, Authorise and CheckParameters hold it against what the
// contract says of the operation and of each parameter that was given (x-access, x-target, x-profile). Beyond that a principal that
// is not global reaches no account that outranks it; the rules of rank are those of store/rules, so that SQL and LDAP agree.
// Sessions, the log-in and what bounds wrong passwords are here too. Nothing outside of the contract grants a right.
package access
