package rules

import (
	"context"
	"maps"
	"slices"

	"github.com/postern-mail/postern/store"
)

// Names is what the rules about addresses look up in an account engine, within one write. Names and addresses are in lower
// case.
type Names interface {
	// Hosted maps those of the names that are a domain or an alias domain to the domain itself.
	Hosted(ctx context.Context, names []string) (map[string]string, error)
	// Served is Hosted for domains that are switched on, and for the domain home whether it is or not.
	Served(ctx context.Context, home string, names []string) (map[string]string, error)
	// Receiving returns the set of those addresses that receive mail here.
	Receiving(ctx context.Context, mails []string) (map[string]bool, error)
	// Owners maps those of the addresses that an account may have, as its own or as a further one, to that account.
	Owners(ctx context.Context, mails []string) (map[string]Holder, error)
	// Standalone returns those of the addresses that a standalone admin has.
	Standalone(ctx context.Context, mails []string) ([]string, error)
	// Identities returns what the accounts are as principals, as far as their rank goes, by address. Those who are none are
	// left out.
	Identities(ctx context.Context, names []string) (map[string]store.Identity, error)
}

// Holder is an account that has an address.
type Holder struct {
	Mail string // its own address
	List bool   // it is a mailing list that people subscribe to
}

// Addresses decides about the addresses that a write names or takes.
type Addresses struct {
	Names
	Actor      store.Actor
	OnMissing  store.OnMissing
	Delimiters string // each may begin an extension of an address (Postfix's recipient_delimiter)
}

// Taken returns those of the addresses that are in use by any account, in the order given: a mailbox, an alias account, a list,
// a further address or a standalone admin. An address under an alias domain is in use too when the same local part at its domain
// is, because mail for the one goes to the other.
func (a Addresses) Taken(ctx context.Context, mails []string) ([]string, error) {
	targets, err := a.Hosted(ctx, store.DomainsOf(mails))
	if err != nil {
		return nil, err
	}
	used, err := a.Receiving(ctx, store.Spellings(mails, targets))
	if err != nil {
		return nil, err
	}
	admins, err := a.Standalone(ctx, mails)
	if err != nil {
		return nil, err
	}
	isAdmin := store.Among(admins)
	return slices.DeleteFunc(slices.Clone(mails), func(mail string) bool {
		return !isAdmin(mail) && !containsAny(used, store.Spellings([]string{mail}, targets))
	}), nil
}

// CheckFree returns ALREADY_EXISTS when the address is in use, and PERMISSION_DENIED when it is an extension of somebody's.
func (a Addresses) CheckFree(ctx context.Context, mail string) error {
	taken, err := a.Taken(ctx, []string{mail})
	if err == nil && len(taken) > 0 {
		err = store.AlreadyExists(mail)
	}
	if err != nil {
		return err
	}
	reserved, err := a.Reserved(ctx, []string{mail})
	if err == nil && len(reserved) > 0 {
		err = NotYours(mail)
	}
	return err
}

// CheckNewAdmin returns ALREADY_EXISTS when the address of a standalone admin to be is in use, and CAN_NOT_BE_LOCAL_DOMAIN when
// its domain is hosted here.
func (a Addresses) CheckNewAdmin(ctx context.Context, mail string) error {
	taken, err := a.Taken(ctx, []string{mail})
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		return store.AlreadyExists(mail)
	}
	domain := store.DomainOf(mail)
	hosted, err := a.Hosted(ctx, []string{domain})
	if err == nil && hosted[domain] != "" {
		err = store.Fail(store.Unprocessable, store.CodeCanNotBeLocalDomain,
			"A standalone admin cannot have an address in a domain that is hosted here: %s is.", domain)
	}
	return err
}

// Missing returns those of the addresses that lie under a domain or an alias domain hosted here and do not exist, in the order
// given. An extension after "+" is not part of the address. A domain that is switched off hosts nothing for others: mail for it
// goes out, and whoever has a name that is not proven denies nobody the addresses under it. home is the domain of the account that
// names them, which hosts its own accounts whether it is switched on or not.
func (a Addresses) Missing(ctx context.Context, home string, mails []string) ([]string, error) {
	if len(mails) == 0 {
		return nil, nil
	}
	targets, err := a.Served(ctx, home, store.DomainsOf(mails))
	if err != nil {
		return nil, err
	}
	local := slices.DeleteFunc(slices.Clone(mails), func(mail string) bool { return targets[store.DomainOf(mail)] == "" })
	used, err := a.Receiving(ctx, store.Spellings(store.WithBare(local), targets))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(local, func(mail string) bool {
		return containsAny(used, store.Spellings(store.WithBare([]string{mail}), targets))
	}), nil
}

// CheckReferences returns NO_SUCH_ACCOUNT for the first of the addresses that is missing. Empty ones are fine.
func (a Addresses) CheckReferences(ctx context.Context, home, field string, mails ...string) error {
	missing, err := a.Missing(ctx, home, store.LeaveOut(mails, []string{""}))
	if err == nil && len(missing) > 0 {
		err = store.MissingReference(field, missing[0])
	}
	return err
}

// CheckDomainReferences is CheckReferences for all addresses in the update of a domain.
func (a Addresses) CheckDomainReferences(ctx context.Context, domain string, u store.DomainUpdate) error {
	if u.Catchall != nil {
		if err := a.CheckReferences(ctx, domain, "catchall", *u.Catchall...); err != nil {
			return err
		}
	}
	if u.SenderBcc != nil {
		if err := a.CheckReferences(ctx, domain, "senderBcc", *u.SenderBcc); err != nil {
			return err
		}
	}
	if u.RecipientBcc != nil {
		return a.CheckReferences(ctx, domain, "recipientBcc", *u.RecipientBcc)
	}
	return nil
}

// NewDomain returns the alias domains that a domain to be gets, or NO_SUCH_ACCOUNT for an address that it names and that is
// missing. In the domain itself, under any of its names, nothing can be there yet.
func (a Addresses) NewDomain(ctx context.Context, d store.DomainCreate) (AliasDomains, error) {
	aliases, err := a.with(made{domains: []string{d.Name}}).AliasDomains(ctx, nil, store.NewSet(d.AliasDomains))
	if err != nil {
		return aliases, err
	}
	isOwn := store.Among(append([]string{d.Name}, aliases.Added...))
	for _, p := range []struct {
		field string
		mails []string
	}{{"catchall", d.Catchall}, {"senderBcc", []string{d.SenderBcc}}, {"recipientBcc", []string{d.RecipientBcc}}} {
		for _, mail := range p.mails {
			if isOwn(store.DomainOf(mail)) {
				return aliases, store.MissingReference(p.field, mail)
			}
		}
		if err = a.CheckReferences(ctx, d.Name, p.field, p.mails...); err != nil {
			return aliases, err
		}
	}
	return aliases, nil
}

// CheckPeople returns NO_SUCH_ACCOUNT for an owner or moderator of a mailing list who is missing.
func (a Addresses) CheckPeople(ctx context.Context, list string, owners, moderators *[]string) error {
	home := store.DomainOf(list)
	if err := a.CheckReferences(ctx, home, "owner", store.MailingListPeople(list, owners)...); err != nil {
		return err
	}
	return a.CheckReferences(ctx, home, "moderators", store.MailingListPeople(list, moderators)...)
}

// DropMissing leaves out of a change to a set what is missing, and notes that.
func (a Addresses) DropMissing(ctx context.Context, home, field string, set store.Set, change *store.Change) (store.Set, error) {
	missing, err := a.Missing(ctx, home, set.Wanted())
	if err != nil {
		return set, err
	}
	return store.Discard(a.OnMissing, set, missing, change, func(mail string) *store.Error { return store.MissingReference(field, mail) })
}

// Members returns who gets the mail of an alias account after a change, without the alias itself and those who are missing.
func (a Addresses) Members(
	ctx context.Context, alias, field string, current []string, set store.Set, change *store.Change,
) ([]string, error) {
	var itself []string
	if slices.Contains(set.Wanted(), alias) {
		itself = []string{alias}
	}
	set, err := store.Discard(a.OnMissing, set, itself, change, func(string) *store.Error {
		return store.Fail(store.Invalid, store.CodeInvalidMail, "An alias cannot be a member of itself.").With(field)
	})
	if err == nil {
		set, err = a.DropMissing(ctx, store.DomainOf(alias), field, set, change)
	}
	if err != nil {
		return nil, err
	}
	return set.ApplyTo(current, "members")
}

// CheckSubscribers discards of those who are to be subscribed to a mailing list those who are the list itself, under any of
// its addresses, and those who are missing.
func (a Addresses) CheckSubscribers(ctx context.Context, itself, subscribers []string, field string, change *store.Change) error {
	if len(subscribers) == 0 {
		return nil
	}
	targets, err := a.Hosted(ctx, store.DomainsOf(subscribers))
	if err != nil {
		return err
	}
	isItself := store.Among(itself)
	own := slices.DeleteFunc(slices.Clone(subscribers), func(mail string) bool {
		return !slices.ContainsFunc(store.Spellings([]string{mail}, targets), isItself)
	})
	set, err := store.DiscardItself(a.OnMissing, field, own, store.Set{Add: subscribers}, change)
	if err == nil {
		_, err = a.DropMissing(ctx, store.DomainOf(itself[0]), field, set, change)
	}
	return err
}

// Further is whose further addresses change, and how that is refused.
type Further struct {
	Domain  string // of the account
	Field   string // the parameter that names new ones
	Whole   string // the parameter that names all
	Outside *store.Error
}

// FurtherOfUser is about the further addresses of a mailbox.
func FurtherOfUser(domain string, set store.Set) Further {
	return Further{
		Domain: domain, Field: set.Field("aliases", "addAlias"), Whole: "aliases",
		Outside: store.Fail(store.Invalid, store.CodeInvalidMail, "An alias must be in %s or one of its alias domains.", domain),
	}
}

// FurtherOfList is about the further addresses of a mailing list.
func FurtherOfList(domain string) Further {
	return Further{Domain: domain, Field: "extra_addresses", Whole: "extra_addresses", Outside: store.NotOfList(domain)}
}

// Next returns the further addresses of an account after a change, without new ones that lie outside of its domain, are in use
// or are extensions of somebody's.
func (f Further) Next(
	ctx context.Context, a Addresses, current []string, set store.Set, change *store.Change,
) ([]string, error) {
	for _, drop := range []struct {
		bad    func(ctx context.Context, mails []string) ([]string, error)
		reason func(mail string) *store.Error
	}{
		{f.outside(a), func(string) *store.Error { return f.Outside }},
		{a.Taken, store.AlreadyExists},
		{a.Reserved, NotYours},
	} {
		come := store.LeaveOut(set.Wanted(), current)
		if len(come) == 0 {
			break
		}
		bad, err := drop.bad(ctx, come)
		if err != nil {
			return nil, err
		}
		set, err = store.Discard(a.OnMissing, set, bad, change, func(mail string) *store.Error { return drop.reason(mail).With(f.Field) })
		if err != nil {
			return nil, err
		}
	}
	return set.ApplyTo(current, f.Whole)
}

// outside returns those of the addresses that are neither in the domain nor in one of its alias domains.
func (f Further) outside(a Addresses) func(ctx context.Context, mails []string) ([]string, error) {
	return func(ctx context.Context, mails []string) ([]string, error) {
		targets, err := a.Hosted(ctx, store.LeaveOut(store.DomainsOf(mails), []string{f.Domain}))
		if err != nil {
			return nil, err
		}
		return slices.DeleteFunc(slices.Clone(mails), func(mail string) bool {
			domain := store.DomainOf(mail)
			return domain == f.Domain || targets[domain] == f.Domain
		}), nil
	}
}

// Reserved returns those of the addresses that the actor cannot take because they are extensions of somebody's (see Taken), in
// the order given.
func (a Addresses) Reserved(ctx context.Context, mails []string) ([]string, error) {
	plain := Candidates(mails, a.Delimiters)
	if len(plain) == 0 {
		return nil, nil
	}
	targets, err := a.Hosted(ctx, store.DomainsOf(plain))
	if err != nil {
		return nil, err
	}
	accounts, err := a.Owners(ctx, store.Spellings(plain, targets))
	if err != nil {
		return nil, err
	}
	names := []string{a.Actor.Username}
	for _, form := range slices.Sorted(maps.Keys(accounts)) {
		names = append(names, accounts[form].Mail)
	}
	found, err := a.Identities(ctx, names)
	if err != nil {
		return nil, err
	}
	owners := map[string]Owner{}
	for _, mail := range plain {
		for _, form := range store.Spellings([]string{mail}, targets) {
			account, there := accounts[form]
			if who, known := found[account.Mail]; there && (known || account.List) {
				owners[mail] = Owner{Identity: who, List: account.List}
			}
		}
	}
	self := found[a.Actor.Username]
	self.Global = self.Global || a.Actor.Global || a.Actor.Username == ""
	return slices.DeleteFunc(slices.Clone(mails), func(mail string) bool { return !Taken(self, mail, a.Delimiters, owners) }), nil
}

func containsAny(set map[string]bool, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return set[name] })
}
