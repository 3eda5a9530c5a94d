package statestore

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/postern-mail/postern/store/sqldb"
)

const readKey = "SELECT value FROM shared_keys WHERE name = ?"

// SharedKey implements store.SharedKeys.
func (s *Store) SharedKey(ctx context.Context, name string, fresh []byte) ([]byte, error) {
	var text string
	found, err := s.db.Reader().Find(ctx, &text, readKey, name)
	if err == nil && !found {
		err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
			query := "INSERT INTO shared_keys (name, value) VALUES (?, ?)" + s.db.Dialect.Upsert([]string{"name"})
			if _, err := tx.Exec(ctx, query, name, hex.EncodeToString(fresh)); err != nil {
				return err
			}
			return tx.Get(ctx, &text, readKey, name)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read the key %s: %w", name, err)
	}
	key, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("the key %s is not in hex: %w", name, err)
	}
	return key, nil
}
