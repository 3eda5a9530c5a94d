package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// DeleteUser implements store.Users.
func (s *Store) DeleteUser(ctx context.Context, w store.Write, mail string, keepDays int) (store.Change, error) {
	return s.write(ctx, w, func(tx *sqldb.Tx, now time.Time) (*plan, error) {
		if err := s.keepsGlobalAdmin(ctx, tx, mail); err != nil {
			return nil, err
		}
		if err := s.keepsAdmins(ctx, tx, w.Actor, mail); err != nil {
			return nil, err
		}
		row, err := lockUser(ctx, tx, mail)
		if err != nil {
			return nil, err
		}
		if number(row, "isglobaladmin") == 1 { // it may be one only since a moment ago
			if err = s.keepsGlobalAdmin(ctx, tx, mail); err != nil {
				return nil, err
			}
		}
		scope, err := s.scopeOf(ctx, tx, w.Actor)
		if err != nil {
			return nil, err
		}
		gone, err := addressesOf(ctx, tx, mail, scope)
		if err != nil {
			return nil, err
		}
		orphans, err := s.orphans(ctx, tx, gone, scope)
		if err != nil {
			return nil, err
		}
		p := planOf(rules.Deleted(store.NounUser, mail, scope))
		p.Change.Before = concealed(row, store.HiddenPassword)
		if err = s.planRemoval(ctx, tx, p, w.Actor, row, rules.DeleteDate(now, keepDays), now); err != nil {
			return nil, err
		}
		s.planForget(p, gone)
		p.planAdopt(orphans)
		p.Do("DELETE FROM mailbox WHERE username = ?", mail)
		return p, nil
	})
}

// addressesOf returns the address of a mailbox and its further ones in the scope.
func addressesOf(ctx context.Context, tx *sqldb.Tx, mail string, scope store.Scope) ([]string, error) {
	query := "SELECT address FROM forwardings WHERE forwarding = ? AND is_alias = 1"
	further, err := selectWithin(ctx, tx, query, inScope("domain", scope), mail)
	if err != nil {
		return nil, fmt.Errorf("read aliases of %s: %w", mail, err)
	}
	return append([]string{mail}, further...), nil
}

// planRemoval plans the record by which iRedMail's clean-up finds the files of a mailbox.
// Source: deleted_mailboxes in samples/iredmail/iredmail.mysql of iRedMail, read by tools/delete_mailboxes.py of iRedAdmin.
func (s *Store) planRemoval(
	ctx context.Context, tx *sqldb.Tx, p *plan, actor store.Actor, row store.Record, date *string, now time.Time,
) error {
	mail := text(row, "username")
	var used struct{ Bytes, Messages int64 }
	if s.schema.Has("used_quota") {
		if _, err := tx.Find(ctx, &used, "SELECT bytes, messages FROM used_quota WHERE username = ?", mail); err != nil {
			return fmt.Errorf("read used quota of %s: %w", mail, err)
		}
	}
	dir := maildir{text(row, "storagebasedirectory"), text(row, "storagenode"), text(row, "maildir")}
	if strings.Trim(dir.rest, "/") == "" || !rules.RemovablePath(dir.path(), s.options.StorageBase+"/"+s.options.StorageNode) {
		p.Change.Discarded = append(p.Change.Discarded, rules.NotScheduled(mail, dir.path()))
		return nil
	}
	s.insert(p, "deleted_mailboxes", map[string]any{
		"timestamp": now, "username": mail, "domain": text(row, "domain"), "maildir": dir.path(),
		"bytes": used.Bytes, "messages": used.Messages, "admin": actor.Username, "delete_date": date,
	})
	return nil
}
