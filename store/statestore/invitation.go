package statestore

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// invitationChunk keeps a statement within the number of parameters that every engine takes.
const invitationChunk = 500

// AddInvitations implements store.Invitations.
func (s *Store) AddInvitations(
	ctx context.Context, list string, kind store.Subscription, addresses []string, at time.Time,
) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := dropInvitations(ctx, tx, list, addresses); err != nil {
			return err
		}
		place := 0
		for chunk := range slices.Chunk(addresses, invitationChunk) {
			args := make([]any, 0, 6*len(chunk))
			for _, address := range chunk {
				args = append(args, list, address, string(kind), place, at, at)
				place++
			}
			_, err := tx.Exec(ctx, "INSERT INTO invitations (list, address, subscription, place, due, created) VALUES "+
				strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?), ", len(chunk)), ", "), args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record invitations: %w", err)
	}
	return nil
}

// invitationRow is a row of the table invitations.
type invitationRow struct {
	List         string
	Address      string
	Subscription string
	Tries        int
	Created      time.Time
}

// TakeInvitations implements store.Invitations. What is taken bears the mark of this call, by which FinishInvitation and
// other processes know that it is taken.
func (s *Store) TakeInvitations(
	ctx context.Context, most int, now time.Time, retry func(tries int) time.Time,
) ([]store.Invitation, error) {
	var taken []store.Invitation
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		var rows []invitationRow
		query := "SELECT list, address, subscription, tries, created FROM invitations WHERE due <= ?" +
			" ORDER BY place, due, list, address LIMIT ? " + tx.ForUpdate()
		if err := tx.Select(ctx, &rows, query, now, most); err != nil {
			return err
		}
		taken = make([]store.Invitation, len(rows))
		claim := rand.Text()
		for i, r := range rows {
			tries := r.Tries + 1
			_, err := tx.Exec(ctx, "UPDATE invitations SET tries = ?, due = ?, claim = ? WHERE list = ? AND address = ?",
				tries, retry(tries), claim, r.List, r.Address)
			if err != nil {
				return err
			}
			taken[i] = store.Invitation{
				List: r.List, Address: r.Address, Subscription: store.Subscription(r.Subscription), Tries: tries,
				Created: r.Created.UTC(), Claim: claim,
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("take invitations: %w", err)
	}
	return taken, nil
}

// FinishInvitation implements store.Invitations.
func (s *Store) FinishInvitation(ctx context.Context, i store.Invitation) error {
	return s.exec(ctx, "finish an invitation", "DELETE FROM invitations WHERE list = ? AND address = ? AND claim = ?",
		i.List, i.Address, i.Claim)
}

// DropInvitations implements store.Invitations.
func (s *Store) DropInvitations(ctx context.Context, list string, addresses []string) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error { return dropInvitations(ctx, tx, list, addresses) })
	if err != nil {
		return fmt.Errorf("drop invitations: %w", err)
	}
	return nil
}

func dropInvitations(ctx context.Context, tx *sqldb.Tx, list string, addresses []string) error {
	if addresses == nil {
		_, err := tx.Exec(ctx, "DELETE FROM invitations WHERE list = ?", list)
		return err
	}
	for chunk := range slices.Chunk(addresses, invitationChunk) {
		if _, err := tx.Exec(ctx, "DELETE FROM invitations WHERE list = ? AND address IN (?)", list, chunk); err != nil {
			return err
		}
	}
	return nil
}
