package statestore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/postern-mail/postern/store"
)

// intentRow is a row of the table intents.
type intentRow struct {
	ID      string    `db:"id"`
	Actor   string    `db:"actor_json"`
	Change  string    `db:"change_json"`
	Left    *string   `db:"left_json"`
	Created time.Time `db:"created"`
}

// actor is store.Actor as it is kept, whatever its fields will be called.
type actor struct {
	Username string `json:"username,omitempty"`
	IP       string `json:"ip,omitempty"`
	Global   bool   `json:"global,omitempty"`
	API      bool   `json:"api,omitempty"`
}

// BeginIntent implements store.Intents.
func (s *Store) BeginIntent(ctx context.Context, i store.Intent) error {
	who, err := json.Marshal(actor(i.Actor))
	if err != nil {
		return fmt.Errorf("encode an actor: %w", err)
	}
	what, err := json.Marshal(i.Change)
	if err != nil {
		return fmt.Errorf("encode a change: %w", err)
	}
	return s.exec(ctx, "record an intent", "INSERT INTO intents (id, actor_json, change_json, created) VALUES (?, ?, ?, ?)",
		i.ID, string(who), string(what), i.Created)
}

// KeepIntent implements store.Intents.
func (s *Store) KeepIntent(ctx context.Context, id string, left []string) error {
	names, err := json.Marshal(left)
	if err != nil {
		return fmt.Errorf("encode names of followers: %w", err)
	}
	return s.exec(ctx, "keep an intent", "UPDATE intents SET left_json = ? WHERE id = ?", string(names), id)
}

// FinishIntent implements store.Intents.
func (s *Store) FinishIntent(ctx context.Context, id string) error {
	return s.exec(ctx, "finish an intent", "DELETE FROM intents WHERE id = ?", id)
}

// UnfinishedIntents implements store.Intents.
func (s *Store) UnfinishedIntents(ctx context.Context) ([]store.Intent, error) {
	var rows []intentRow
	err := s.db.Reader().Select(ctx, &rows, "SELECT id, actor_json, change_json, left_json, created FROM intents ORDER BY created, id")
	if err != nil {
		return nil, fmt.Errorf("read intents: %w", err)
	}
	intents := make([]store.Intent, len(rows))
	for n, row := range rows {
		if intents[n], err = row.intent(); err != nil {
			return nil, fmt.Errorf("decode intent %s: %w", row.ID, err)
		}
	}
	return intents, nil
}

func (r intentRow) intent() (store.Intent, error) {
	var who actor
	if err := json.Unmarshal([]byte(r.Actor), &who); err != nil {
		return store.Intent{}, err
	}
	i := store.Intent{ID: r.ID, Actor: store.Actor(who), Created: r.Created.UTC()}
	if r.Left != nil {
		if err := json.Unmarshal([]byte(*r.Left), &i.Left); err != nil {
			return i, err
		}
	}
	return i, json.Unmarshal([]byte(r.Change), &i.Change)
}
