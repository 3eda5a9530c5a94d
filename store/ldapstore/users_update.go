package ldapstore

import (
	"context"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// UpdateUsers implements store.Users. The change is named after the domain; After holds what every mailbox got. Each mailbox
// is a step of its own; a repeat does the rest.
func (s *Store) UpdateUsers(ctx context.Context, w store.Write, domain string, u store.UsersUpdate) (store.Change, error) {
	if err := u.Check(); err != nil {
		return store.Change{}, err
	}
	locks := []string{lockDomain(domain)}
	if rules.IsFalse(u.Active) {
		locks = append(locks, lockGlobalAdmins)
	}
	return s.write(ctx, w, locks, func(now time.Time) (*plan, error) {
		if _, err := s.home(ctx, domain); err != nil {
			return nil, err
		}
		outranking, err := s.outrankingActor(ctx, domain, w.Actor)
		if err != nil {
			return nil, err
		}
		u, refused := s.checkTransportOfAll(w.Actor, u)
		p := &plan{change: usersChange(domain, u, now, outranking)}
		isOutranking := store.Among(outranking)
		var globalAdmins []string
		err = s.each(ctx, s.tree.container(domain, containerUsers), oneLevel, kindUser.filter(domain), nil, func(before entry) error {
			mail := before.address()
			if isOutranking(mail) {
				return nil
			}
			if refused != nil && before.first("mtaTransport") != *u.Transport {
				return refused
			}
			after := before.clone()
			after.applyToAll(u, now)
			if before.rules() && !after.rules() {
				globalAdmins = append(globalAdmins, mail)
			}
			p.update(before, after, nil)
			return nil
		})
		if len(p.steps) == 0 && u.Password == nil {
			rules.Nothing(&p.change)
		}
		if err == nil && len(globalAdmins) > 0 {
			err = s.keepsGlobalAdmin(ctx, globalAdmins...)
		}
		return p, err
	})
}

// outrankingActor returns the mailboxes of a domain that outrank an actor who is not global.
func (s *Store) outrankingActor(ctx context.Context, domain string, actor store.Actor) ([]string, error) {
	if actor.Global || actor.Username == "" {
		return nil, nil
	}
	return s.outranking(ctx, domain, actor.Username)
}

// checkTransportOfAll returns the update with its transport as it is to be stored. What it returns as an error holds for
// mailboxes that have another one.
func (s *Store) checkTransportOfAll(actor store.Actor, u store.UsersUpdate) (store.UsersUpdate, error) {
	if u.Transport == nil {
		return u, nil
	}
	transport, err := s.options.Transports.Transport(actor, "", "", *u.Transport)
	if err == nil {
		u.Transport = &transport
	}
	return u, err
}

// applyToAll puts what every mailbox gets into one.
func (e *entry) applyToAll(u store.UsersUpdate, now time.Time) {
	if u.Active != nil {
		e.set("accountStatus", status(*u.Active))
	}
	if u.Password != nil {
		e.setPassword(*u.Password, now)
	}
	e.assign("preferredLanguage", u.Language)
	e.assign("mtaTransport", u.Transport)
}

func usersChange(domain string, u store.UsersUpdate, now time.Time, outranking []string) store.Change {
	var shown entry
	shown.applyToAll(u, now)
	c := store.Change{
		Action: store.ActionUpdate, Noun: store.NounUser, Name: domain, Domain: domain,
		After: shown.whole(store.ChangedPassword), Discarded: outranking, EndsSessions: u.Password != nil,
	}
	switch {
	case u.Active == nil:
	case *u.Active:
		c.Action = store.ActionEnable
	default:
		c.Action, c.EndsSessions, c.Lasting = store.ActionDisable, true, true
	}
	return c
}
