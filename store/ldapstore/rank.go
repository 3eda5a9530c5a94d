package ldapstore

import (
	"context"
	"maps"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
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
	if len(names.all("mail")) == 0 {
		return nil, nil
	}
	found, err := s.identities(ctx, append(names.sorted("mail"), viewer))
	if err != nil {
		return nil, err
	}
	var admins []store.Identity
	for _, name := range names.sorted("mail") {
		admins = append(admins, found[name])
	}
	return rules.Above(found[viewer], admins), nil
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

// reserved returns those of the addresses that an actor cannot take because they are extensions of somebody's (see
// rules.Taken), in the order given.
func (s *Store) reserved(ctx context.Context, actor store.Actor, mails []string) ([]string, error) {
	plain := rules.Candidates(mails, s.options.Delimiters)
	if len(plain) == 0 {
		return nil, nil
	}
	targets, err := s.hosted(ctx, domainsOf(plain))
	if err != nil {
		return nil, err
	}
	accounts, err := s.holders(ctx, spellings(plain, targets))
	if err != nil {
		return nil, err
	}
	names := []string{actor.Username}
	for _, who := range accounts {
		names = append(names, who.mail)
	}
	found, err := s.identities(ctx, names)
	if err != nil {
		return nil, err
	}
	owners := map[string]rules.Owner{}
	for _, mail := range plain {
		for _, form := range spellings([]string{mail}, targets) {
			if who, there := accounts[form]; there {
				owners[mail] = rules.Owner{Identity: found[who.mail], List: who.list}
			}
		}
	}
	self := found[actor.Username]
	self.Global = self.Global || actor.Global || actor.Username == ""
	return slices.DeleteFunc(slices.Clone(mails), func(mail string) bool {
		return !rules.Taken(self, mail, s.options.Delimiters, owners)
	}), nil
}
