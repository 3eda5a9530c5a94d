package servertest

import (
	"fmt"

	"github.com/postern-mail/postern/store"
)

// Without shows all rows but for some columns.
func Without(tables map[string][]store.Record, columns ...string) map[string][]string {
	shown := map[string][]string{}
	for table, records := range tables {
		for _, r := range records {
			shown[table] = append(shown[table], fmt.Sprint(r.Without(columns...)))
		}
	}
	return shown
}
