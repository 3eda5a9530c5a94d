// Package sqldb is what every SQL store stands on: opening a database by its URL, one place where placeholders are
// rebound, transactions that are tried again after a deadlock, and errors of drivers turned into those of store.
//
// DB.Run makes a Plan within a transaction and applies it there. Queries are written once, with "?"; what differs between the engines
// is a Dialect (for queries) and an engine (for opening), one for each of SQLite, MySQL and PostgreSQL. A Schema is the tables of
// iRedMail's layout or of ours; which tables and columns a database really has is discovered, since older releases lack some.
package sqldb
