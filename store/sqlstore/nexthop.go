package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// NextHops implements store.NextHops.
func (s *Store) NextHops(ctx context.Context) ([]store.NextHop, error) {
	queries := []string{
		"SELECT domain AS account, 'transport' AS field, transport AS value FROM domain WHERE transport LIKE '%:%'",
		"SELECT username AS account, 'transport' AS field, transport AS value FROM mailbox WHERE transport LIKE '%:%'",
	}
	if s.schema.Has("sender_relayhost") {
		queries = append(queries, "SELECT account, 'outboundRelay' AS field, relayhost AS value FROM sender_relayhost WHERE relayhost <> ''")
	}
	var all []store.NextHop
	for _, query := range queries {
		var found []store.NextHop
		if err := s.db.Reader().Select(ctx, &found, query); err != nil {
			return nil, fmt.Errorf("read where mail goes: %w", err)
		}
		all = append(all, found...)
	}
	for i := range all {
		all[i].Account = strings.TrimPrefix(all[i].Account, "@") // sender_relayhost names a domain so
	}
	slices.SortFunc(all, func(a, b store.NextHop) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Field, b.Field))
	})
	return all, nil
}
