package store

import "context"

// Locks is the contract for keeping those apart who would write about the same thing where the backend itself cannot:
// the limits of a domain in a directory are exact among all processes that share the locks.
type Locks interface {
	// Locked runs fn while nobody else runs one under any of the names. A name is free text of at most 255 characters. It
	// fails with IN_PROGRESS when a lock does not become free before ctx ends; then fn has not run. The locks of a process
	// that dies are free at once. fn must not write to what the locks are kept in, unless all who do so hold one and the same
	// lock: on a server each needs a connection beside that of its lock, for which many of them would wait in vain.
	Locked(ctx context.Context, names []string, fn func(ctx context.Context) error) error
}
