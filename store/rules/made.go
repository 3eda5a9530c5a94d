package rules

import (
	"context"
	"slices"

	"github.com/postern-mail/postern/store"
)

// made is what a write makes, which no look-up finds yet.
type made struct {
	domains []string // of names of domains
	mails   []string // addresses
}

// madeNames are the names as they are once that is made.
type madeNames struct {
	Names
	made
}

// with decides as if that were there.
func (a Addresses) with(m made) Addresses {
	a.Names = madeNames{a.Names, m}
	return a
}

// Hosted implements Names.
func (n madeNames) Hosted(ctx context.Context, names []string) (map[string]string, error) {
	found, err := n.Names.Hosted(ctx, names)
	for _, name := range n.domains {
		if err == nil && slices.Contains(names, name) {
			found = withKey(found, name, name)
		}
	}
	return found, err
}

// Receiving implements Names.
func (n madeNames) Receiving(ctx context.Context, mails []string) (map[string]bool, error) {
	found, err := n.Names.Receiving(ctx, mails)
	for _, mail := range n.mails {
		if err == nil && slices.Contains(mails, mail) {
			found = withKey(found, mail, true)
		}
	}
	return found, err
}

// withKey puts a value into a map that may be nil.
func withKey[V any](m map[string]V, key string, value V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[key] = value
	return m
}

// NewUser puts the further addresses and the forwarding that a mailbox to be gets into it. What cannot be taken is refused, or
// discarded, as in an update of a mailbox. The mailbox itself counts as being there, and so do its further addresses for what it
// forwards and copies to.
func (a Addresses) NewUser(ctx context.Context, u *store.UserCreate, change *store.Change) error {
	var err error
	domain := store.DomainOf(u.Mail)
	if set := store.NewSet(u.Aliases); set.Touches() {
		itself := a.with(made{mails: []string{u.Mail}})
		if u.Aliases, err = FurtherOfUser(domain, set).Next(ctx, itself, nil, set, change); err != nil {
			return err
		}
	}
	a = a.with(made{mails: append([]string{u.Mail}, u.Aliases...)})
	if set := store.NewSet(u.Forwarding); set.Touches() {
		if set, err = a.DropMissing(ctx, domain, "forwarding", set, change); err != nil {
			return err
		}
		if u.Forwarding, err = set.ApplyTo(nil, "forwarding"); err != nil {
			return err
		}
	}
	return a.checkCopies(ctx, *u)
}

// checkCopies returns NO_SUCH_ACCOUNT for whoever is to get blind copies and is missing.
func (a Addresses) checkCopies(ctx context.Context, u store.UserCreate) error {
	domain := store.DomainOf(u.Mail)
	if err := a.CheckReferences(ctx, domain, "senderBcc", u.SenderBcc); err != nil {
		return err
	}
	return a.CheckReferences(ctx, domain, "recipientBcc", u.RecipientBcc)
}
