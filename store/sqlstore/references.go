package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// view is what the rules look up within a transaction (see rules.Names and rules.Admins).
type view struct {
	s  *Store
	r  *sqldb.Reader
	tx *sqldb.Tx // nil where nothing but ranks is asked for
}

func (s *Store) view(tx *sqldb.Tx) view { return view{s, &tx.Reader, tx} }

// addressRules decides about the addresses of a write.
func (s *Store) addressRules(tx *sqldb.Tx, w store.Write) rules.Addresses {
	return rules.Addresses{Names: s.view(tx), Actor: w.Actor, OnMissing: w.OnMissing, Delimiters: s.options.Delimiters}
}

// Hosted implements rules.Names.
func (v view) Hosted(ctx context.Context, names []string) (map[string]string, error) {
	return v.hosted(ctx, "SELECT domain AS name, domain AS target FROM domain WHERE domain IN (?)"+
		" UNION ALL SELECT alias_domain, target_domain FROM alias_domain WHERE alias_domain IN (?)", names)
}

// Served implements rules.Names.
func (v view) Served(ctx context.Context, home string, names []string) (map[string]string, error) {
	return v.hosted(ctx, "SELECT domain AS name, domain AS target FROM domain WHERE domain IN (?) AND (active = 1 OR domain = ?)"+
		" UNION ALL SELECT a.alias_domain, a.target_domain FROM alias_domain a JOIN domain d ON d.domain = a.target_domain"+
		" WHERE a.alias_domain IN (?) AND (d.active = 1 OR d.domain = ?)", names, home)
}

// hosted reads which names stand for which domain by a query that asks twice for names, and for what more says.
func (v view) hosted(ctx context.Context, query string, names []string, more ...any) (map[string]string, error) {
	targets := map[string]string{}
	for chunk := range slices.Chunk(names, chunkSize) {
		args := slices.Concat([]any{chunk}, more, []any{chunk}, more)
		var found []struct{ Name, Target string }
		if err := v.tx.Select(ctx, &found, query, args...); err != nil {
			return nil, fmt.Errorf("look for domains: %w", err)
		}
		for _, f := range found {
			targets[strings.ToLower(f.Name)] = strings.ToLower(f.Target)
		}
	}
	return targets, nil
}

// Standalone implements rules.Names.
func (v view) Standalone(ctx context.Context, mails []string) ([]string, error) {
	admins, err := namesIn(ctx, v.tx, "SELECT username FROM admin WHERE username IN (?)", mails)
	if err != nil {
		return nil, fmt.Errorf("look for admins: %w", err)
	}
	return admins, nil
}

// Identities implements rules.Names.
func (v view) Identities(ctx context.Context, names []string) (map[string]store.Identity, error) {
	return v.s.identities(ctx, v.r, names)
}

// Owners implements rules.Names. Any address may be that of an account.
func (v view) Owners(ctx context.Context, mails []string) (map[string]rules.Holder, error) {
	owners := map[string]rules.Holder{}
	for _, mail := range mails {
		owners[mail] = rules.Holder{Mail: mail}
	}
	for chunk := range slices.Chunk(mails, chunkSize) {
		var rows []struct{ Address, Forwarding string }
		query := "SELECT address, forwarding FROM forwardings WHERE address IN (?) AND is_alias = 1 ORDER BY address"
		if err := v.tx.Select(ctx, &rows, query, chunk); err != nil {
			return nil, fmt.Errorf("look for further addresses: %w", err)
		}
		for _, row := range rows {
			owners[strings.ToLower(row.Address)] = rules.Holder{Mail: strings.ToLower(row.Forwarding)}
		}
	}
	if !v.s.schema.Has(tableMailingLists) {
		return owners, nil
	}
	accounts := make([]string, 0, len(owners))
	for _, who := range owners {
		accounts = append(accounts, who.Mail)
	}
	lists, err := namesIn(ctx, v.tx, "SELECT address FROM maillists WHERE address IN (?)", accounts)
	if err != nil {
		return nil, fmt.Errorf("look for mailing lists: %w", err)
	}
	isList := store.Among(lists)
	for mail, who := range owners {
		who.List = isList(who.Mail)
		owners[mail] = who
	}
	return owners, nil
}

// Receiving implements rules.Names.
func (v view) Receiving(ctx context.Context, mails []string) (map[string]bool, error) {
	lists := ""
	if v.s.schema.Has("maillists") {
		lists = " OR EXISTS (SELECT 1 FROM maillists l WHERE l.address = f.forwarding)"
	}
	query := "SELECT username FROM mailbox WHERE username IN (?)" +
		" UNION SELECT address FROM alias WHERE address IN (?)" +
		" UNION SELECT f.address FROM forwardings f WHERE f.address IN (?) AND " + fmt.Sprintf(activeForwarding, lists)
	if v.s.schema.Has("maillists") {
		query += " UNION SELECT address FROM maillists WHERE address IN (?)"
	}
	used := map[string]bool{}
	for chunk := range slices.Chunk(mails, chunkSize) {
		args := []any{chunk, chunk, chunk}
		if v.s.schema.Has("maillists") {
			args = append(args, chunk)
		}
		var found []string
		if err := v.tx.Select(ctx, &found, query, args...); err != nil {
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
