// Package ownership keeps names out of use until they are proven: a domain or an alias domain that is added by an admin who is
// not global receives no mail before a TXT record proves it, or a global admin activates it.
//
// A name that waits bears a mark in the state database, and only names with that mark are ever activated here. A pending domain
// is switched off; a pending alias domain is stored nowhere but in the mark (a directory names it in domainPendingAliasName,
// which Postfix does not ask for), so that it is in nobody's way. The mark is written before the account and taken away after it,
// both under one lock, so that a crash leaves a mark without an effect rather than a name in use without a proof.
package ownership
