package statestore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// sessionRow is a row of the table sessions.
type sessionRow struct {
	IDHash   string    `db:"id_hash"`
	Username string    `db:"username"`
	Stamp    string    `db:"stamp"`
	IP       string    `db:"ip"`
	Created  time.Time `db:"created"`
	LastUsed time.Time `db:"last_used"`
}

// CreateSession implements store.Sessions.
func (s *Store) CreateSession(ctx context.Context, e store.Session) (ended []string, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		ended = nil
		_, err := tx.Exec(ctx,
			"INSERT INTO sessions (id_hash, username, domain, stamp, ip, created, last_used) VALUES (?, ?, ?, ?, ?, ?, ?)",
			e.IDHash, e.Username, store.DomainOf(e.Username), e.Stamp, e.IP, e.Created, e.LastUsed)
		if err != nil {
			return err
		}
		// The new one stays whatever the clock of another process says.
		err = tx.Select(ctx, &ended, "SELECT id_hash FROM sessions WHERE username = ? AND id_hash <> ?"+
			" ORDER BY last_used DESC, created DESC, id_hash LIMIT ? OFFSET ?",
			e.Username, e.IDHash, mostEnded, store.SessionsPerAccount-1)
		if err != nil || len(ended) == 0 {
			return err
		}
		_, err = tx.Exec(ctx, "DELETE FROM sessions WHERE id_hash IN (?)", ended)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keep a session: %w", err)
	}
	return ended, nil
}

// mostEnded bounds a statement. More are there only where an earlier version kept as many as there were log-ins.
const mostEnded = 1000

// Session implements store.Sessions.
func (s *Store) Session(ctx context.Context, idHash string) (store.Session, error) {
	var row sessionRow
	found, err := s.db.Reader().Find(ctx, &row,
		"SELECT id_hash, username, stamp, ip, created, last_used FROM sessions WHERE id_hash = ?", idHash)
	if err != nil {
		return store.Session{}, fmt.Errorf("read a session: %w", err)
	}
	if !found {
		return store.Session{}, store.Fail(store.Unauthenticated, store.CodeLoginRequired, "Log in with POST /api/login and send its cookie along.")
	}
	return store.Session{
		IDHash:   row.IDHash,
		Username: row.Username,
		Stamp:    row.Stamp,
		IP:       row.IP,
		Created:  row.Created.UTC(),
		LastUsed: row.LastUsed.UTC(),
	}, nil
}

// TouchSession implements store.Sessions.
func (s *Store) TouchSession(ctx context.Context, idHash string, at time.Time) error {
	return s.exec(ctx, "touch a session", "UPDATE sessions SET last_used = ? WHERE id_hash = ?", at, idHash)
}

// EndSession implements store.Sessions.
func (s *Store) EndSession(ctx context.Context, idHash string) error {
	return s.exec(ctx, "end a session", "DELETE FROM sessions WHERE id_hash = ?", idHash)
}

// SessionAccounts implements store.Sessions.
func (s *Store) SessionAccounts(ctx context.Context, domain string) ([]string, error) {
	names := []string{}
	query := "SELECT DISTINCT username FROM sessions WHERE domain = ? ORDER BY username"
	if err := s.db.Reader().Select(ctx, &names, query, domain); err != nil {
		return nil, fmt.Errorf("read who of %s is logged in: %w", domain, err)
	}
	slices.Sort(names)
	return names, nil
}

// EndSessionsOf implements store.Sessions.
func (s *Store) EndSessionsOf(ctx context.Context, account string) error {
	query := "DELETE FROM sessions WHERE domain = ?"
	if strings.Contains(account, "@") {
		query = "DELETE FROM sessions WHERE username = ?"
	}
	return s.exec(ctx, "end the sessions of "+account, query, account)
}

// PurgeSessions implements store.Sessions.
func (s *Store) PurgeSessions(ctx context.Context, idleSince, createdSince time.Time) error {
	return s.exec(ctx, "purge sessions", "DELETE FROM sessions WHERE last_used < ? OR created < ?", idleSince, createdSince)
}
