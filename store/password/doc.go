// Package password holds what a new password must be like, in which ways one is stored, and how a stored one is checked.
// It computes and never waits: who bounds that work is server/hashing.
package password
