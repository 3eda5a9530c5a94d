package ldapstore

import (
	"context"
	"maps"
	"slices"

	"github.com/postern-mail/postern/store"
)

// outranking returns the mailboxes of a domain that outrank an admin, by address. Nobody is above a global admin.
func (s *Store) outranking(ctx context.Context, domain, viewer string) ([]string, error) {
	managing, err := s.managingFrom(ctx, domain)
	if err != nil {
		return nil, err
	}
	var names entry // global admins, and who manages anything
	for _, k := range []struct {
		lookup
		values []string
	}{
		{lookup{s.tree.container(domain, containerUsers), oneLevel, kindUser.filter(domain), "domainGlobalAdmin"}, []string{yes}},
		{lookup{s.tree.container(domain, containerUsers), oneLevel, kindUser.filter(domain), "mail"}, slices.Sorted(maps.Keys(managing))},
	} {
		err = s.eachOf(ctx, k.lookup, k.values, []string{"mail"}, func(e entry) error {
			names.add("mail", e.address())
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return s.managing(nil, store.Actor{}).Outranking(ctx, viewer, names.sorted("mail"))
}

// managingFrom maps the addresses in a domain that are named as admins of any domains to these.
func (s *Store) managingFrom(ctx context.Context, domain string) (map[string][]string, error) {
	domains, err := s.children(ctx, s.tree.base, and(finishedDomain, endsWith(adminAttribute, "@"+domain)), "domainName", adminAttribute)
	managing := map[string][]string{}
	for _, e := range domains {
		for _, mail := range e.sorted(adminAttribute) {
			if domainOf(mail) == domain {
				managing[mail] = append(managing[mail], e.sorted("domainName")...)
			}
		}
	}
	return managing, err
}
