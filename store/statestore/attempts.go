package statestore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// trimEvery is after how many counted attempts the tables are cut to their size.
const trimEvery = 1024

// subject is whose failures an attempt counts to.
type subject struct {
	key   string
	limit rules.AttemptLimit
	// spares says that a network from which the account is used is let through.
	spares bool
}

// subjectsOf returns them in the order of their keys, in which their rows are locked.
func subjectsOf(a store.Attempt) []subject {
	if a.Session != "" {
		return []subject{{key: "session " + a.Session, limit: rules.SessionLimit}}
	}
	return []subject{
		{key: "account " + a.Account, limit: rules.AccountLimit, spares: true},
		{key: "network " + a.Network, limit: rules.NetworkLimit},
		{key: pairKey(a), limit: rules.PairLimit},
	}
}

func pairKey(a store.Attempt) string { return "pair " + a.Account + " " + a.Network }

func keysOf(subjects []subject) []string {
	keys := make([]string, len(subjects))
	for i, s := range subjects {
		keys[i] = s.key
	}
	return keys
}

// failureRow is a row of the table attempts. Times are milliseconds since 1970.
type failureRow struct {
	Subject     string `db:"subject"`
	Failed      string `db:"failed"` // times, oldest first, commas between them
	ClosedUntil int64  `db:"closed_until"`
}

func (r failureRow) failures() rules.Failures {
	f := rules.Failures{}
	if r.ClosedUntil > 0 {
		f.ClosedUntil = time.UnixMilli(r.ClosedUntil)
	}
	for text := range strings.SplitSeq(r.Failed, ",") {
		if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
			f.At = append(f.At, time.UnixMilli(ms))
		}
	}
	return f
}

// BeginAttempt implements store.Attempts.
func (s *Store) BeginAttempt(ctx context.Context, a store.Attempt) error {
	subjects, now := subjectsOf(a), inMilliseconds(a.At)
	// Whoever is refused anyway takes no lock.
	rows, err := failuresOf(ctx, s.db.Reader(), subjects, "")
	if err == nil {
		err = refuse(ctx, s.db.Reader(), a, subjects, rows, now)
	}
	if err != nil {
		return attemptError(err)
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(ctx, s.insertAttempts(len(subjects)), attemptRows(subjects, now)...); err != nil {
			return err
		}
		rows, err := failuresOf(ctx, &tx.Reader, subjects, tx.ForUpdate())
		if err != nil {
			return err
		}
		if err = refuse(ctx, &tx.Reader, a, subjects, rows, now); err != nil {
			return err
		}
		for _, subject := range subjects {
			if err = keepFailures(ctx, tx, subject.key, subject.limit.Add(rows[subject.key], now)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && s.counted.Add(1)%trimEvery == 0 {
		err = s.trimAttempts(ctx)
	}
	return attemptError(err)
}

func attemptError(err error) error {
	if err == nil || store.HasCode(err, store.CodeTooManyAttempts) {
		return err
	}
	return fmt.Errorf("count an attempt to log in: %w", err)
}

// insertAttempts makes rows that are missing. Those that are there stay, and are locked in the order of their keys.
func (s *Store) insertAttempts(n int) string {
	query := "INSERT INTO attempts (subject, failed, closed_until, last_failed) VALUES (?, '', 0, ?)" + strings.Repeat(", (?, '', 0, ?)", n-1)
	return query + s.db.Dialect.Upsert([]string{"subject"})
}

func attemptRows(subjects []subject, now time.Time) []any {
	var args []any
	for _, s := range subjects {
		args = append(args, s.key, now.UnixMilli())
	}
	return args
}

// failuresOf reads what there is of the subjects, by their keys.
func failuresOf(ctx context.Context, r *sqldb.Reader, subjects []subject, lock string) (map[string]rules.Failures, error) {
	var rows []failureRow
	err := r.Select(ctx, &rows,
		"SELECT subject, failed, closed_until FROM attempts WHERE subject IN (?) ORDER BY subject "+lock, keysOf(subjects))
	if err != nil {
		return nil, err
	}
	found := map[string]rules.Failures{}
	for _, row := range rows {
		found[row.Subject] = row.failures()
	}
	return found, nil
}

// refuse returns TOO_MANY_ATTEMPTS when the attempt has to wait.
func refuse(
	ctx context.Context, r *sqldb.Reader, a store.Attempt, subjects []subject, failed map[string]rules.Failures, now time.Time,
) error {
	var wait time.Duration
	for _, s := range subjects {
		w := s.limit.Wait(failed[s.key], now)
		if w <= wait {
			continue
		}
		if s.spares {
			known, err := isKnown(ctx, r, a, now)
			if err != nil {
				return err
			}
			if known {
				continue
			}
		}
		wait = w
	}
	if wait > 0 {
		return rules.TooManyAttempts(wait)
	}
	return nil
}

// isKnown reports whether the account has logged in from the network lately.
func isKnown(ctx context.Context, r *sqldb.Reader, a store.Attempt, now time.Time) (bool, error) {
	var at int64
	found, err := r.Find(ctx, &at, "SELECT succeeded FROM log_ins WHERE account = ? AND network = ?", a.Account, a.Network)
	return found && now.Sub(time.UnixMilli(at)) < rules.KnownNetwork, err
}

// keepFailures writes them; without any there is no row.
func keepFailures(ctx context.Context, tx *sqldb.Tx, key string, f rules.Failures) error {
	if len(f.At) == 0 {
		_, err := tx.Exec(ctx, "DELETE FROM attempts WHERE subject = ?", key)
		return err
	}
	times := make([]string, len(f.At))
	for i, at := range f.At {
		times[i] = strconv.FormatInt(at.UnixMilli(), 10)
	}
	closed := int64(0)
	if !f.ClosedUntil.IsZero() {
		closed = f.ClosedUntil.UnixMilli()
	}
	_, err := tx.Exec(ctx, "UPDATE attempts SET failed = ?, closed_until = ?, last_failed = ? WHERE subject = ?",
		strings.Join(times, ","), closed, f.At[len(f.At)-1].UnixMilli(), key)
	return err
}

// SucceedAttempt implements store.Attempts.
func (s *Store) SucceedAttempt(ctx context.Context, a store.Attempt) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := takeBack(ctx, tx, a); err != nil {
			return err
		}
		if a.Session != "" {
			return nil
		}
		if _, err := tx.Exec(ctx, "DELETE FROM attempts WHERE subject = ?", pairKey(a)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, s.keepLogIn(), a.Account, a.Network, inMilliseconds(a.At).UnixMilli())
		return err
	})
	return attemptError(err)
}

func (s *Store) keepLogIn() string {
	return "INSERT INTO log_ins (account, network, succeeded) VALUES (?, ?, ?)" +
		s.db.Dialect.Upsert([]string{"account", "network"}, "succeeded")
}

// CancelAttempt implements store.Attempts.
func (s *Store) CancelAttempt(ctx context.Context, a store.Attempt) error {
	return attemptError(s.db.Write(ctx, func(tx *sqldb.Tx) error { return takeBack(ctx, tx, a) }))
}

// takeBack removes the failure that BeginAttempt has counted.
func takeBack(ctx context.Context, tx *sqldb.Tx, a store.Attempt) error {
	subjects := subjectsOf(a)
	rows, err := failuresOf(ctx, &tx.Reader, subjects, tx.ForUpdate())
	if err != nil {
		return err
	}
	for _, subject := range subjects {
		f, ok := rows[subject.key]
		if !ok {
			continue
		}
		if err = keepFailures(ctx, tx, subject.key, subject.limit.Remove(f, inMilliseconds(a.At))); err != nil {
			return err
		}
	}
	return nil
}

// PurgeAttempts implements store.Attempts.
func (s *Store) PurgeAttempts(ctx context.Context, now time.Time) error {
	err := s.exec(ctx, "purge attempts to log in", "DELETE FROM attempts WHERE last_failed <= ?", now.Add(-rules.AttemptAge).UnixMilli())
	if err != nil {
		return err
	}
	err = s.exec(ctx, "purge networks of log-ins", "DELETE FROM log_ins WHERE succeeded <= ?", now.Add(-rules.KnownNetwork).UnixMilli())
	if err != nil {
		return err
	}
	return s.trimAttempts(ctx)
}

// trimAttempts removes the oldest rows beyond those that are kept.
func (s *Store) trimAttempts(ctx context.Context) error {
	for table, column := range map[string]string{"attempts": "last_failed", "log_ins": "succeeded"} {
		var oldest int64
		found, err := s.db.Reader().Find(ctx, &oldest,
			"SELECT "+column+" FROM "+table+" ORDER BY "+column+" DESC LIMIT 1 OFFSET ?", s.mostAttempts)
		if err != nil {
			return fmt.Errorf("count attempts to log in: %w", err)
		}
		if !found {
			continue
		}
		if err = s.exec(ctx, "purge attempts to log in", "DELETE FROM "+table+" WHERE "+column+" <= ?", oldest); err != nil {
			return err
		}
	}
	return nil
}

func inMilliseconds(at time.Time) time.Time { return at.Truncate(time.Millisecond) }
