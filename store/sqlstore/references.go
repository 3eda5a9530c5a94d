package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// taken reports whether the address is in use by any account: a mailbox, an alias account, a list, a further
// address of a mailbox or a standalone admin. An address under an alias domain is in use too when the same local
// part at the target is, because mail for the one goes to the other.
func (s *Store) taken(ctx context.Context, tx *sqldb.Tx, mail string) (bool, error) {
	found, err := s.takenOf(ctx, tx, []string{mail})
	return len(found) > 0, err
}

// takenOf is taken for many addresses. It returns those in use, in the order given.
func (s *Store) takenOf(ctx context.Context, tx *sqldb.Tx, mails []string) ([]string, error) {
	targets, err := s.aliasTargets(ctx, tx, domainsOf(mails))
	if err != nil {
		return nil, err
	}
	used, err := s.inUse(ctx, tx, spellings(mails, targets))
	if err != nil {
		return nil, err
	}
	admins, err := namesIn(ctx, tx, "SELECT username FROM admin WHERE username IN (?)", mails)
	if err != nil {
		return nil, fmt.Errorf("look for admins: %w", err)
	}
	isAdmin := store.Among(admins)
	return slices.DeleteFunc(slices.Clone(mails), func(mail string) bool {
		return !isAdmin(mail) && !containsAny(used, spellings([]string{mail}, targets))
	}), nil
}

// missing returns those of the addresses that lie under a domain or an alias domain hosted here and do not exist,
// in the order given. An extension after "+" is not part of the address. It takes a constant number of statements. A domain
// that is switched off hosts nothing for others: mail for it goes out, and whoever has a name that is not proven denies nobody the
// addresses under it. home is the domain of the account that names them, which hosts its own accounts whether it is switched on
// or not.
func (s *Store) missing(ctx context.Context, tx *sqldb.Tx, home string, mails []string) ([]string, error) {
	if len(mails) == 0 {
		return nil, nil
	}
	domains := domainsOf(mails)
	targets, err := s.aliasTargets(ctx, tx, domains)
	if err != nil {
		return nil, err
	}
	domains = slices.AppendSeq(domains, maps.Values(targets))
	hosted, err := namesIn(ctx, tx, "SELECT domain FROM domain WHERE active = 1 AND domain IN (?)", domains)
	if err != nil {
		return nil, fmt.Errorf("look for domains: %w", err)
	}
	isHosted := store.Among(append(hosted, home))
	local := slices.DeleteFunc(slices.Clone(mails), func(mail string) bool {
		domain := store.DomainOf(mail)
		return !isHosted(cmp.Or(targets[domain], domain))
	})
	used, err := s.inUse(ctx, tx, spellings(withBare(local), targets))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(local, func(mail string) bool {
		return containsAny(used, spellings(withBare([]string{mail}), targets))
	}), nil
}

// aliasTargets maps those of the names that are alias domains to the domain they stand for.
func (s *Store) aliasTargets(ctx context.Context, tx *sqldb.Tx, names []string) (map[string]string, error) {
	targets := map[string]string{}
	for chunk := range slices.Chunk(names, chunkSize) {
		var found []struct {
			Alias  string `db:"alias_domain"`
			Target string `db:"target_domain"`
		}
		query := "SELECT alias_domain, target_domain FROM alias_domain WHERE alias_domain IN (?) ORDER BY alias_domain"
		if err := tx.Select(ctx, &found, query, chunk); err != nil {
			return nil, fmt.Errorf("look for alias domains: %w", err)
		}
		for _, f := range found {
			targets[strings.ToLower(f.Alias)] = strings.ToLower(f.Target)
		}
	}
	return targets, nil
}

// inUse returns the set of those addresses that receive mail here.
func (s *Store) inUse(ctx context.Context, tx *sqldb.Tx, mails []string) (map[string]bool, error) {
	lists := ""
	if s.schema.Has("maillists") {
		lists = " OR EXISTS (SELECT 1 FROM maillists l WHERE l.address = f.forwarding)"
	}
	query := "SELECT username FROM mailbox WHERE username IN (?)" +
		" UNION SELECT address FROM alias WHERE address IN (?)" +
		" UNION SELECT f.address FROM forwardings f WHERE f.address IN (?) AND " + fmt.Sprintf(activeForwarding, lists)
	if s.schema.Has("maillists") {
		query += " UNION SELECT address FROM maillists WHERE address IN (?)"
	}
	used := map[string]bool{}
	for chunk := range slices.Chunk(mails, chunkSize) {
		args := []any{chunk, chunk, chunk}
		if s.schema.Has("maillists") {
			args = append(args, chunk)
		}
		var found []string
		if err := tx.Select(ctx, &found, query, args...); err != nil {
			return nil, fmt.Errorf("look for addresses: %w", err)
		}
		for _, mail := range found {
			used[strings.ToLower(mail)] = true
		}
	}
	return used, nil
}

// chunkSize keeps a list within the number of parameters that every engine takes, four times over.
const chunkSize = 4000

// selectIn reads the one text column of a query that ends in "IN (?)", for a list that may be long or empty, where any of the
// conditions holds.
func selectIn(ctx context.Context, tx *sqldb.Tx, query string, list []string, within []condition) ([]string, error) {
	var all []string
	for chunk := range slices.Chunk(list, chunkSize) {
		found, err := selectWithin(ctx, tx, query, within, chunk)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// selectWithin reads the one text column of a query where any of the conditions holds, sorted under each of them.
func selectWithin(ctx context.Context, tx *sqldb.Tx, query string, within []condition, args ...any) ([]string, error) {
	var all []string
	for _, w := range within {
		var found []string
		if err := tx.Select(ctx, &found, query+w.text+" ORDER BY 1", slices.Concat(args, w.args)...); err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// sortedOnce sorts what was read in parts, and leaves out what came twice.
func sortedOnce(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// namesIn is selectIn for names that are compared with those in the list. MySQL finds them in any case, and another
// program may have stored one that is not in lower case.
func namesIn(ctx context.Context, tx *sqldb.Tx, query string, list []string) ([]string, error) {
	names, err := selectIn(ctx, tx, query, list, everywhere())
	for i := range names {
		names[i] = strings.ToLower(names[i])
	}
	return names, err
}

// spellings returns under which addresses the accounts may be stored: as given, and at the target when the domain is
// an alias domain.
func spellings(mails []string, targets map[string]string) []string {
	forms := map[string]bool{}
	for _, mail := range mails {
		forms[mail] = true
		local, domain := store.SplitAddress(mail)
		if target := targets[domain]; target != "" {
			forms[local+"@"+target] = true
		}
	}
	return slices.Sorted(maps.Keys(forms))
}

// withBare returns the addresses as they are and, beside them, without their extensions. The former count too: an
// alias account may have a "+" of its own.
func withBare(mails []string) []string {
	all := slices.Clone(mails)
	for _, mail := range mails {
		all = append(all, store.WithoutExtension(mail))
	}
	return all
}

func domainsOf(mails []string) []string {
	names := map[string]bool{}
	for _, mail := range mails {
		names[store.DomainOf(mail)] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func containsAny(set map[string]bool, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return set[name] })
}
