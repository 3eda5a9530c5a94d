// Package statestore keeps what is Postern's own in SQL: sessions, attempts to log in, intents, invitations, marks of names and locks.
//
// Its tables are ours on every engine and are migrated when it is opened; a state that a newer version has migrated is left alone.
// Several processes may share one. Locks are rows, or locks of the server where there is one, so that those who write to a directory
// keep out of each other's way.
package statestore
