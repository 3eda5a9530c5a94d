// Package storetest proves that an engine keeps the contracts of store. Each subtest asks for a fresh, empty store,
// so none depends on another; each asserts what a caller sees and, where an engine has SQL, the rows.
package storetest
