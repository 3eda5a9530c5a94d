package ldapstore

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// chunkSize is how many names one filter asks for at the most.
const chunkSize = 200

// accountClass fits what has an address of its own here: mailboxes, alias accounts and lists of both kinds. A list's
// members outside are none.
var accountClass = or(classUser, classAlias, classList)

// view is what the rules look up in the directory (see rules.Names and rules.Admins).
type view struct {
	s    *Store
	held *held // the locks of the write, nil where no rule asks for any
}

// addressRules decides about the addresses of a write.
func (s *Store) addressRules(w store.Write) rules.Addresses {
	return rules.Addresses{Names: view{s: s}, Actor: w.Actor, OnMissing: w.OnMissing, Delimiters: s.options.Delimiters}
}

// Hosted implements rules.Names.
func (v view) Hosted(ctx context.Context, names []string) (map[string]string, error) {
	return v.s.hosted(ctx, names)
}

// Served implements rules.Names.
func (v view) Served(ctx context.Context, home string, names []string) (map[string]string, error) {
	return v.s.hostedAs(ctx, names, and(classDomain, or(equals("accountStatus", statusActive), equals("domainName", home))))
}

// Receiving implements rules.Names.
func (v view) Receiving(ctx context.Context, mails []string) (map[string]bool, error) {
	found, err := v.s.holders(ctx, mails)
	used := make(map[string]bool, len(found))
	for mail := range found {
		used[mail] = true
	}
	return used, err
}

// Owners implements rules.Names.
func (v view) Owners(ctx context.Context, mails []string) (map[string]rules.Holder, error) {
	found, err := v.s.holders(ctx, mails)
	owners := make(map[string]rules.Holder, len(found))
	for mail, who := range found {
		owners[mail] = rules.Holder{Mail: who.mail, List: who.list}
	}
	return owners, err
}

// Standalone implements rules.Names.
func (v view) Standalone(ctx context.Context, mails []string) ([]string, error) {
	return v.s.standaloneOf(ctx, mails)
}

// Identities implements rules.Names.
func (v view) Identities(ctx context.Context, names []string) (map[string]store.Identity, error) {
	return v.s.identities(ctx, names)
}

// hosted maps those of the names that are a domain or an alias domain to the domain itself.
func (s *Store) hosted(ctx context.Context, names []string) (map[string]string, error) {
	return s.hostedAs(ctx, names, classDomain)
}

func (s *Store) hostedAs(ctx context.Context, names []string, condition string) (map[string]string, error) {
	found := map[string]string{}
	for chunk := range slices.Chunk(names, chunkSize) {
		filter := and(or(anyOf("domainName", chunk), anyOf("domainAliasName", chunk)), condition)
		entries, err := s.children(ctx, s.tree.base, filter, "domainName", "domainAliasName")
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			name := strings.ToLower(e.first("domainName"))
			for _, n := range append(e.sorted("domainAliasName"), name) {
				if slices.Contains(chunk, n) {
					found[n] = name
				}
			}
		}
	}
	return found, nil
}

// holder is an account that has an address.
type holder struct {
	dn   string
	mail string // its main address
	list bool   // it is a mailing list that people subscribe to
}

// holders maps those of the addresses that receive mail here, as the main or a further address of an account, to who
// has them.
func (s *Store) holders(ctx context.Context, mails []string) (map[string]holder, error) {
	found := map[string]holder{}
	for chunk := range slices.Chunk(mails, chunkSize) {
		filter := and(or(anyOf("mail", chunk), anyOf("shadowAddress", chunk)), accountClass)
		entries, err := s.below(ctx, s.tree.base, filter, "mail", "shadowAddress", "objectClass", "enabledService")
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			who := holder{e.dn, strings.ToLower(e.first("mail")), e.noun() == store.NounMailingList}
			for _, mail := range append(e.sorted("shadowAddress"), e.sorted("mail")...) {
				found[mail] = who
			}
		}
	}
	return found, nil
}
