package servertest

import (
	"slices"
	"testing"

	"github.com/postern-mail/postern/store"
)

// Elsewhere is every row that a bulk change of the mailboxes of example.com must leave alone.
func (v Session) Elsewhere() map[string][]store.Record {
	v.W.T.Helper()
	tables := Dump(v.W.T.(*testing.T), v.W)
	for table, records := range tables {
		tables[table] = slices.DeleteFunc(records, func(r store.Record) bool {
			route := r.Get("is_forwarding") == int64(1) || r.Get("is_alias") == int64(1)
			return r.Get("domain") == "example.com" && (table == "mailbox" || route)
		})
	}
	return tables
}
