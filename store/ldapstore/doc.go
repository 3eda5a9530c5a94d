// Package ldapstore keeps accounts in an OpenLDAP directory of iRedMail's layout: a domain with its four containers
// (users, groups, aliases, externals) below one base, standalone admins below another.
//
// A directory has no transactions over several entries. Every write reads what it needs while it holds the locks of
// the domains that it touches, makes a plan (a pure function of what was read and what is asked) and applies it step by
// step. The steps stand in such an order that a crash between two of them leaves nothing usable half-made: what decides
// whether an account exists is written last and removed last. Each step may run again, so that the repeat of a call
// completes what an earlier one left.
//
// What iRedMail keeps in SQL beside a directory, such as how full a mailbox is, comes through store.Mailboxes.
package ldapstore
