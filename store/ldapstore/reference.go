package ldapstore

import (
	"context"
	"maps"
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

// hosted maps those of the names that are a domain or an alias domain to the domain itself.
func (s *Store) hosted(ctx context.Context, names []string) (map[string]string, error) {
	return s.hostedAs(ctx, names, classDomain)
}

// served is hosted for domains that are switched on, and for the domain home.
func (s *Store) served(ctx context.Context, home string, names []string) (map[string]string, error) {
	return s.hostedAs(ctx, names, and(classDomain, or(equals("accountStatus", statusActive), equals("domainName", home))))
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

// taken returns those of the addresses that are in use by any account, standalone admins among them, in the order given.
// An address under an alias domain is in use too when the same local part at its domain is. The account of that DN does
// not count; "" stands for none.
func (s *Store) taken(ctx context.Context, mails []string, besides string) ([]string, error) {
	targets, err := s.hosted(ctx, domainsOf(mails))
	if err != nil {
		return nil, err
	}
	used, err := s.holders(ctx, spellings(mails, targets))
	if err != nil {
		return nil, err
	}
	admins := map[string]bool{}
	for chunk := range slices.Chunk(mails, chunkSize) {
		entries, err := s.children(ctx, s.tree.admins, and(anyOf("mail", chunk), classAdmin), "mail")
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			admins[strings.ToLower(e.first("mail"))] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(mails), func(mail string) bool {
		return !admins[mail] && !slices.ContainsFunc(spellings([]string{mail}, targets), func(form string) bool {
			who, ok := used[form]
			return ok && !strings.EqualFold(who.dn, besides)
		})
	}), nil
}

// free returns ALREADY_EXISTS when the address is in use, and PERMISSION_DENIED when it is an extension of somebody's.
func (s *Store) free(ctx context.Context, actor store.Actor, mail string) error {
	used, err := s.taken(ctx, []string{mail}, "")
	if err == nil && len(used) > 0 {
		err = store.AlreadyExists(mail)
	}
	if err != nil {
		return err
	}
	reserved, err := s.reserved(ctx, actor, []string{mail})
	if err == nil && len(reserved) > 0 {
		err = rules.NotYours(mail)
	}
	return err
}

// missing returns those of the addresses that lie under a domain or an alias domain hosted here and do not exist, in the
// order given. An extension after "+" is not part of the address. A domain that is switched off hosts nothing for others: mail
// for it goes out, and whoever has a name that is not proven denies nobody the addresses under it. home is the domain of the
// account that names them, which hosts its own accounts whether it is switched on or not.
func (s *Store) missing(ctx context.Context, home string, mails []string) ([]string, error) {
	if len(mails) == 0 {
		return nil, nil
	}
	targets, err := s.served(ctx, home, domainsOf(mails))
	if err != nil {
		return nil, err
	}
	local := slices.DeleteFunc(slices.Clone(mails), func(mail string) bool { return targets[store.DomainOf(mail)] == "" })
	used, err := s.holders(ctx, spellings(withBare(local), targets))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(local, func(mail string) bool {
		return slices.ContainsFunc(spellings(withBare([]string{mail}), targets), func(form string) bool {
			_, ok := used[form]
			return ok
		})
	}), nil
}

// checkReferences returns NO_SUCH_ACCOUNT for the first of the addresses that lies under a hosted domain and does not
// exist. Empty ones are fine.
func (s *Store) checkReferences(ctx context.Context, home, field string, mails ...string) error {
	absent, err := s.missing(ctx, home, store.LeaveOut(mails, []string{""}))
	if err == nil && len(absent) > 0 {
		err = store.MissingReference(field, absent[0])
	}
	return err
}

// dropMissing leaves out of a change what names an account under a hosted domain that does not exist, and notes that.
func (s *Store) dropMissing(
	ctx context.Context, rule store.OnMissing, home, field string, set store.Set, change *store.Change,
) (store.Set, error) {
	missing, err := s.missing(ctx, home, set.Wanted())
	if err != nil {
		return set, err
	}
	return store.Discard(rule, set, missing, change, func(mail string) *store.Error { return store.MissingReference(field, mail) })
}

// spellings returns under which addresses the accounts may be stored: as given, and at the domain itself when that of the
// address is an alias domain.
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

// withBare returns the addresses as they are and, beside them, without their extensions.
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
