// Package rules is what every engine of accounts decides alike. Its functions are pure: they get what was read and what is
// asked for, and return what is to be, or why it may not be.
//
// Where a rule has to look something up on the way, it asks through a small interface that each engine implements. A rule that has a
// source outside of Postern (iRedMail, Postfix, an RFC) names it where it is coded. The conformance suite (store/storetest) turns red
// on SQL and on LDAP when one changes.
package rules
