package ldapstore

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// NextHops implements store.NextHops.
func (s *Store) NextHops(ctx context.Context) ([]store.NextHop, error) {
	var all []store.NextHop
	filter := "(&(|" + classDomain + classUser + ")(|(mtaTransport=*)(senderRelayHost=*)))"
	attributes := []string{"domainName", "mail", "mtaTransport", "senderRelayHost"}
	err := s.each(ctx, s.tree.base, subtree, filter, attributes, func(e entry) error {
		account := cmp.Or(strings.ToLower(e.first("domainName")), e.address())
		if transport := e.first("mtaTransport"); strings.Contains(transport, ":") {
			all = append(all, store.NextHop{Account: account, Field: "transport", Value: transport})
		}
		if relay := e.first("senderRelayHost"); relay != "" {
			all = append(all, store.NextHop{Account: account, Field: "outboundRelay", Value: relay})
		}
		return nil
	})
	slices.SortFunc(all, func(a, b store.NextHop) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Field, b.Field))
	})
	return all, err
}
