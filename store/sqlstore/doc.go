// Package sqlstore keeps accounts in iRedMail's SQL layout (the database named vmail).
//
// Every write reads what it needs, makes a plan (a pure function of what was read and what is asked) and applies
// it, all in one transaction. Rules of the layout are those of iRedMail: a user has a row in forwardings for
// itself, an address under an alias domain carries the primary domain, a catch-all is a row whose address is the
// bare domain.
package sqlstore
