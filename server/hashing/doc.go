// Package hashing bounds the work that passwords cost: whoever hashes or verifies one does it here, so that strangers at
// the log-in take no more of the machine than it can spare.
package hashing
