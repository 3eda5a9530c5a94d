package ldapstore

import (
	"context"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
)

// DeleteUser implements store.Users. First the mailbox is recorded, so that its files are found; then goes what refers to
// it; then its entry, which decides that it is there; then the number of mailboxes of the domain is set. A repeat that finds
// no mailbox sets that right.
func (s *Store) DeleteUser(ctx context.Context, w store.Write, mail string, keepDays int) (store.Change, error) {
	domain := store.DomainOf(mail)
	locks := []string{lockDomain(domain), lockGlobalAdmins}
	change, err := s.writeHeld(ctx, w, locks, func(now time.Time, held *held) (*plan, error) {
		e, err := s.mailbox(ctx, mail)
		if err != nil {
			return nil, err
		}
		if err = s.keepsRuler(ctx, mail, e, entry{}); err != nil {
			return nil, err
		}
		if err = s.keepsAdmins(ctx, held, w.Actor, mail); err != nil {
			return nil, err
		}
		scope, err := s.scopeOf(ctx, w.Actor)
		if err != nil {
			return nil, err
		}
		p := &plan{change: deleted(store.NounUser, e, mail, scope)}
		g := going{users: []string{mail}, homes: []string{e.first("homeDirectory")}}
		p.keepMailboxes(s.kept(p, g, w.Actor, now, keepDays))
		if err = s.planRemoval(ctx, p, e); err != nil {
			return nil, err
		}
		p.counted(domain, kindUser, -1)
		return p, nil
	})
	return change, s.finishCount(ctx, w, err, store.CodeNoSuchAccount, domain, kindUser)
}

// planRemoval plans that an account goes: what refers to it, also by those further addresses, what is known about it elsewhere,
// and its entry with whatever lies below.
func (s *Store) planRemoval(ctx context.Context, p *plan, e entry, further ...string) error {
	inside, err := s.below(ctx, e.dn, anything, "1.1")
	if err != nil {
		return err
	}
	dns := make([]string, len(inside))
	for i, one := range inside {
		dns[i] = one.dn
	}
	slices.SortFunc(dns, leavesFirst)
	mails := slices.Concat(e.sorted("mail"), e.sorted("shadowAddress"), store.LeaveOut(further, e.sorted("shadowAddress")))
	if err = s.forget(ctx, p, mails, []string{e.dn}, dns, e.all(memberAttribute)); err != nil {
		return err
	}
	if e.has("objectClass", "mailUser") {
		p.forgetMailboxes(e.address())
	}
	for _, dn := range dns {
		p.delete(dn)
	}
	return nil
}
