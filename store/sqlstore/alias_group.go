package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// settingDefaultGroups names the alias accounts that new mailboxes of a domain join.
const settingDefaultGroups = "default_groups"

// aliasState is an alias account as far as it matters for its members.
type aliasState struct {
	Address string
	Active  int64
}

// aliasStates returns those of the alias accounts that exist.
func (s *Store) aliasStates(ctx context.Context, tx *sqldb.Tx, mails []string) ([]aliasState, error) {
	var all []aliasState
	for chunk := range slices.Chunk(mails, chunkSize) {
		var found []aliasState
		query := "SELECT address, active FROM alias WHERE address IN (?) ORDER BY address"
		if err := tx.Select(ctx, &found, query, chunk); err != nil {
			return nil, fmt.Errorf("look for default groups: %w", err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// defaultGroups returns the alias accounts that new mailboxes of the domain join, as far as they lie in the scope.
func (s *Store) defaultGroups(ctx context.Context, tx *sqldb.Tx, scope store.Scope, h home) ([]aliasState, error) {
	groups := h.settings.List(settingDefaultGroups)
	return s.aliasStates(ctx, tx, slices.DeleteFunc(groups, func(mail string) bool { return !scope.Covers(store.DomainOf(mail)) }))
}

// replaceGroup plans that new mailboxes of the alias's domain join another alias account in its place, or none.
func (s *Store) replaceGroup(ctx context.Context, tx *sqldb.Tx, p *plan, mail, newMail string, now time.Time) error {
	domain := store.DomainOf(mail)
	var column string
	query := "SELECT COALESCE(settings, '') FROM domain WHERE domain = ? " + tx.ForUpdate()
	found, err := tx.Find(ctx, &column, query, domain)
	if err != nil {
		return fmt.Errorf("read settings of %s: %w", domain, err)
	}
	settings := store.ParseSettings(column)
	groups := settings.List(settingDefaultGroups)
	if !found || !slices.Contains(groups, mail) {
		return nil
	}
	groups = store.LeaveOut(append(groups, newMail), []string{mail, ""})
	settings.SetList(settingDefaultGroups, groups)
	p.Do("UPDATE domain SET settings = ?, modified = ? WHERE domain = ?", settings.String(), now, domain)
	return nil
}
