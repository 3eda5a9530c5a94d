package ldapstore

import (
	"context"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// A rename begins with the one request that gives an entry its new place, and keeps the old address beside the new one: from
// then on both are addresses of the account, and mail for either arrives. Then everything that names the old one is brought
// over, and with the last step the old address goes. A repeat finds nothing at the old place, and at the new one an account
// that still has the old address: it goes on from there.

// renaming is a rename while it is planned.
type renaming struct {
	noun         store.Noun
	kind         kind
	mail, next   string // addresses
	place        func(mail string) string
	before       entry // as it was read, at either place
	home         home  // of the new address
	old          home  // of the old one
	begun, leave bool  // it is at the new place already; it leaves its domain
	scope        store.Scope
}

// rename plans a rename, whose account may be in the middle of one.
func (s *Store) rename(
	ctx context.Context, w store.Write, r *renaming, admit func(r *renaming, held *held) error,
) (store.Change, error) {
	from, to := store.DomainOf(r.mail), store.DomainOf(r.next)
	r.leave = from != to
	return s.writeHeld(ctx, w, locksOf(w.Actor, from, to), func(_ time.Time, held *held) (*plan, error) {
		if err := s.findRenamed(ctx, r); err != nil {
			return nil, err
		}
		var err error
		if r.scope, err = s.scopeOf(ctx, w.Actor); err != nil {
			return nil, err
		}
		if r.home, err = s.home(ctx, to); err != nil {
			return nil, err
		}
		if r.old, err = s.home(ctx, from); err != nil {
			return nil, err
		}
		if !r.begun {
			if err = s.addressRules(w).CheckFree(ctx, r.next); err != nil {
				return nil, err
			}
			if err = admit(r, held); err != nil {
				return nil, err
			}
		}
		return s.planRename(ctx, r)
	})
}

// findRenamed reads the account where it is, or returns NO_SUCH_ACCOUNT.
func (s *Store) findRenamed(ctx context.Context, r *renaming) error {
	e, err := s.read(ctx, r.place(r.mail), r.kind.class)
	if err != nil {
		return err
	}
	if e == nil {
		if e, err = s.read(ctx, r.place(r.next), r.kind.class); err != nil {
			return err
		}
		if r.begun = e != nil && e.has("mail", r.mail); !r.begun {
			return store.NoSuchAccount(r.mail)
		}
	}
	r.before = *e
	return nil
}

func (s *Store) planRename(ctx context.Context, r *renaming) (*plan, error) {
	p := &plan{change: rules.Renamed(r.noun, r.mail, r.next, r.scope)}
	from, to := r.place(r.mail), r.place(r.next)
	moved := r.before.clone()
	moved.dn = to
	moved.add("mail", r.next)
	if !r.begun {
		err := s.planLeftovers(ctx, p, leftover{
			name: r.next, shadows: r.home.shadows(r.next), dn: s.tree.user(r.next), carried: r.mail,
		})
		if err != nil {
			return nil, err
		}
		if r.noun == store.NounUser {
			p.forgetMailboxes(r.next)
		}
		p.move(from, to, store.NoSuchAccount(r.mail))
	}
	both := moved.clone()
	s.addDerivedToRenamed(r, &both)
	p.update(moved, both, store.NoSuchAccount(r.mail))
	if err := s.renameReferences(ctx, p, r.mail, r.next, from, to); err != nil {
		return nil, err
	}
	if r.noun == store.NounUser {
		p.do("carry the mailbox of "+r.mail, func(ctx context.Context, s *Store) error {
			return s.mailboxes.RenameMailbox(ctx, r.mail, r.next)
		})
	}
	if r.leave {
		p.tally(r.old.name, r.kind)
		p.tally(r.home.name, r.kind)
	}
	after := both.clone()
	after.remove("mail", r.mail)
	p.update(both, after, store.NoSuchAccount(r.mail))
	p.change.Before, p.change.After = r.before.whole(store.HiddenPassword), after.whole(store.HiddenPassword)
	return p, nil
}

// addDerivedToRenamed makes of the entry what it is in its new place but for the old address: its local part, the addresses under alias
// domains, whether its domain is switched off, and where it names itself, as when it keeps a copy of what it forwards.
func (s *Store) addDerivedToRenamed(r *renaming, e *entry) {
	e.remove("shadowAddress", r.old.derived(r.mail, *e)...)
	r.home.addDerivedTo(e, r.next)
	e.readdress(s.changeable(*e, store.Scope{}), r.mail, r.next)
	if r.noun == store.NounUser {
		local, _ := store.SplitAddress(r.next)
		was, _ := store.SplitAddress(r.mail)
		e.remove("uid", was)
		e.add("uid", local)
		for _, name := range []string{"cn", "sn"} { // which there must be: see newUser
			if e.first(name) == was {
				e.assign(name, &local)
			}
		}
	}
}

// RenameUser implements store.Users; see the head of this file for the order. Its files stay where they are.
func (s *Store) RenameUser(ctx context.Context, w store.Write, mail, newMail string) (store.Change, error) {
	r := &renaming{noun: store.NounUser, kind: kindUser, mail: mail, next: newMail, place: s.tree.user}
	return s.rename(ctx, w, r, func(r *renaming, held *held) error { return s.admitMovedUser(ctx, held, w.Actor, r) })
}

// admitMovedUser returns an error unless the mailbox may have another name, and there is room for it where it goes. In another domain it counts as a new
// one, but its quota stays as it is.
func (s *Store) admitMovedUser(ctx context.Context, held *held, actor store.Actor, r *renaming) error {
	if err := s.keepsAdmins(ctx, held, actor, r.mail); err != nil {
		return err
	}
	if !r.leave {
		return nil
	}
	if err := s.room(ctx, r.home, kindUser); err != nil {
		return err
	}
	quotas, err := s.quotas(ctx, r.home)
	if err != nil {
		return err
	}
	quota := r.before.quota()
	if err = quotas.Check(quota, 0, actor); err != nil {
		return err
	}
	return s.managing(held, actor).CheckMove(ctx, r.old.name, r.home.name, store.Usage{Users: 1, Quota: store.QuotaUsage(quota)})
}

// RenameAlias implements store.Aliases; see the head of this file for the order.
func (s *Store) RenameAlias(ctx context.Context, w store.Write, mail, newMail string) (store.Change, error) {
	r := &renaming{noun: store.NounAlias, kind: kindAlias, mail: mail, next: newMail, place: s.tree.alias}
	return s.rename(ctx, w, r, func(r *renaming, held *held) error {
		if !r.leave {
			return nil
		}
		if err := s.room(ctx, r.home, kindAlias); err != nil {
			return err
		}
		return s.managing(held, w.Actor).CheckMove(ctx, r.old.name, r.home.name, store.Usage{Aliases: 1})
	})
}
