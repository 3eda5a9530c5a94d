package ldapstore

import (
	"context"
	"slices"

	"github.com/postern-mail/postern/store"
)

// pendingAliasAttribute names the alias domains of a domain that wait for a proof; Postfix does not ask for it.
const pendingAliasAttribute = "domainPendingAliasName"

// PrimaryDomain implements store.Domains.
func (s *Store) PrimaryDomain(ctx context.Context, name string) (string, error) {
	found, err := s.hosted(ctx, []string{name})
	if err != nil {
		return "", err
	}
	if found[name] == "" {
		return "", store.NoSuchDomain(name)
	}
	return found[name], nil
}

// AliasDomains implements store.Domains.
func (s *Store) AliasDomains(ctx context.Context, name string) ([]string, error) {
	h, err := s.home(ctx, name)
	if err != nil {
		return nil, err
	}
	return append([]string{}, h.aliases...), nil
}

// DomainsOfAdmins implements store.Domains.
func (s *Store) DomainsOfAdmins(ctx context.Context, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	admins, err := s.standaloneIn(ctx, names)
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !slices.ContainsFunc(admins, func(mail string) bool { return domainOf(mail) == name })
	}), err
}

// setPendingAliases puts the alias domains that wait for a proof into the entry of a domain. Those in use wait no more.
func setPendingAliases(e *entry, set store.Set) {
	if len(e.all(pendingAliasAttribute)) == 0 && !set.Touches() {
		return
	}
	waiting := store.LeaveOut(set.Apply(e.sorted(pendingAliasAttribute)), e.sorted("domainAliasName"))
	e.set(pendingAliasAttribute, waiting...)
}
