package panelstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/postern-mail/postern/store/sqldb"
)

// accountColumns are those in which an account may be left over.
var accountColumns = []struct{ table, column string }{
	{"settings", "account"},
	{"domain_ownership", "admin"},
	{"newsletter_subunsub_confirms", "mail"},
	{"newsletter_subunsub_confirms", "subscriber"},
}

// HoldsAccount implements store.Leftovers.
func (s *Store) HoldsAccount(ctx context.Context, name string) (bool, error) {
	tables, err := s.db.Layout(ctx)
	if err != nil {
		return false, fmt.Errorf("look at the panel's tables: %w", err)
	}
	var parts []string
	var args []any
	for _, c := range accountColumns {
		if tables[c.table] != nil {
			condition, more := of(c.column, name)
			parts, args = append(parts, "(SELECT COUNT(*) FROM "+c.table+" WHERE "+condition+")"), append(args, more...)
		}
	}
	if len(parts) == 0 {
		return false, nil
	}
	var n int64
	if err = s.db.Reader().Get(ctx, &n, "SELECT "+strings.Join(parts, " + "), args...); err != nil {
		return false, fmt.Errorf("look for what the panel keeps of %s: %w", name, err)
	}
	return n > 0, nil
}

// ForgetAccount implements store.Leftovers.
func (s *Store) ForgetAccount(ctx context.Context, name string) error {
	tables, err := s.db.Layout(ctx)
	if err != nil {
		return fmt.Errorf("look at the panel's tables: %w", err)
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, c := range accountColumns {
			if tables[c.table] == nil {
				continue
			}
			condition, args := of(c.column, name)
			if _, err := tx.Exec(ctx, "DELETE FROM "+c.table+" WHERE "+condition, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove what the panel keeps of %s: %w", name, err)
	}
	return nil
}

// of is the condition that a column holds an address or, for a domain name, the domain or an address in it.
func of(column, name string) (condition string, args []any) {
	if strings.Contains(name, "@") {
		return column + " = ?", []any{name}
	}
	return "(" + column + " = ? OR " + column + " LIKE ? ESCAPE '!')", []any{name, "%@" + likeText.Replace(name)}
}
