package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// PrimaryDomain implements store.Domains.
func (s *Store) PrimaryDomain(ctx context.Context, name string) (string, error) {
	var found string
	there, err := s.db.Reader().Find(ctx, &found, "SELECT domain FROM domain WHERE domain = ?"+
		" UNION SELECT target_domain FROM alias_domain WHERE alias_domain = ?", name, name)
	if err != nil {
		return "", fmt.Errorf("look for the domain of %s: %w", name, err)
	}
	if !there {
		return "", store.NoSuchDomain(name)
	}
	return strings.ToLower(found), nil
}

// AliasDomains implements store.Domains.
func (s *Store) AliasDomains(ctx context.Context, name string) ([]string, error) {
	var rows []struct{ Alias *string }
	query := "SELECT a.alias_domain AS alias FROM domain d LEFT JOIN alias_domain a ON a.target_domain = d.domain" +
		" WHERE d.domain = ? ORDER BY a.alias_domain"
	if err := s.db.Reader().Select(ctx, &rows, query, name); err != nil {
		return nil, fmt.Errorf("read alias domains of %s: %w", name, err)
	}
	if len(rows) == 0 {
		return nil, store.NoSuchDomain(name)
	}
	names := []string{}
	for _, row := range rows {
		if row.Alias != nil {
			names = append(names, *row.Alias)
		}
	}
	return names, nil
}

// adminDomainsChunk is how many domains one statement asks for: each is a term of its condition.
const adminDomainsChunk = 200

// DomainsOfAdmins implements store.Domains.
func (s *Store) DomainsOfAdmins(ctx context.Context, names []string) ([]string, error) {
	found := []string{}
	for chunk := range slices.Chunk(names, adminDomainsChunk) {
		var admins []string
		terms, args := make([]string, len(chunk)), make([]any, len(chunk))
		for i, name := range chunk {
			terms[i], args[i] = "username LIKE ? ESCAPE '!'", anyAddressOf(name)
		}
		query := "SELECT username FROM admin WHERE " + strings.Join(terms, " OR ") + " ORDER BY username"
		if err := s.db.Reader().Select(ctx, &admins, query, args...); err != nil {
			return nil, fmt.Errorf("look for admins with an address in %d domains: %w", len(chunk), err)
		}
		for _, mail := range admins {
			if domain := strings.ToLower(store.DomainOf(mail)); !slices.Contains(found, domain) {
				found = append(found, domain)
			}
		}
	}
	return found, nil
}
