package policystore

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

const (
	// maxThrottle is the longest account that the column takes, maxPeriod the longest period in seconds.
	maxThrottle = 255
	maxPeriod   = math.MaxUint32
	// inherited leaves a limit to the next broader setting.
	inherited = -1
)

// throttleColumns are those that are read. max_rcpts came with iRedAPD 5.
var throttleColumns = []column{
	{"id", "0"}, {"account", "''"}, {"kind", "''"}, {"priority", "0"}, {"period", "0"}, {"msg_size", "-1"}, {"max_msgs", "-1"},
	{"max_quota", "-1"}, {"max_rcpts", "-1"},
}

// throttle is a row.
type throttle struct {
	ID       int64  `db:"id"`
	Account  string `db:"account"`
	Kind     string `db:"kind"`
	Priority int64  `db:"priority"`
	Period   int64  `db:"period"`
	MsgSize  int64  `db:"msg_size"`
	MaxMsgs  int64  `db:"max_msgs"`
	MaxQuota int64  `db:"max_quota"`
	MaxRcpts int64  `db:"max_rcpts"`
}

// record is the row as it is shown.
func (t throttle) record() store.Record {
	return store.Record{
		{Name: "account", Value: t.Account}, {Name: "kind", Value: t.Kind}, {Name: "priority", Value: t.Priority},
		{Name: "period", Value: t.Period}, {Name: "msg_size", Value: t.MsgSize}, {Name: "max_msgs", Value: t.MaxMsgs},
		{Name: "max_quota", Value: t.MaxQuota}, {Name: "max_rcpts", Value: t.MaxRcpts}, {Name: "id", Value: t.ID},
	}
}

// Throttle implements store.Throttles.
func (s *Store) Throttle(ctx context.Context, account store.PolicyAccount, direction store.Direction) (store.Throttle, error) {
	db, l, err := s.needIredapd(ctx, "throttle")
	if err != nil {
		return store.Throttle{}, err
	}
	var rows []throttle
	query := "SELECT " + selected(l, "throttle", throttleColumns) + " FROM throttle WHERE kind = ? AND account IN (?) ORDER BY priority DESC, id"
	if err = db.Reader().Select(ctx, &rows, query, string(direction), texts(account.Candidates())); err != nil {
		return store.Throttle{}, fmt.Errorf("read throttles for %s: %w", account, err)
	}
	t := store.Throttle{Effective: effectiveThrottle(rows)}
	if i := slices.IndexFunc(rows, func(r throttle) bool { return r.Account == string(account) }); i >= 0 {
		t.Stored = rows[i].record()
	}
	return t, nil
}

// effectiveThrottle is what iRedAPD makes of rows, the first of which comes first. One without a period it passes over;
// for each limit alone the first that is not left to the next decides.
// Source: plugins/throttle.py of iRedAPD.
func effectiveThrottle(rows []throttle) store.Record {
	limits := []struct {
		name string
		of   func(throttle) int64
	}{
		{"msg_size", func(t throttle) int64 { return t.MsgSize }},
		{"max_msgs", func(t throttle) int64 { return t.MaxMsgs }},
		{"max_quota", func(t throttle) int64 { return t.MaxQuota }},
		{"max_rcpts", func(t throttle) int64 { return t.MaxRcpts }},
	}
	period := store.Effective{Value: int64(0), Source: store.SourceDefault}
	found := store.Record{}
	for _, limit := range limits {
		e := store.Effective{Value: int64(0), Source: store.SourceDefault}
		for _, row := range rows {
			if row.Period <= 0 || limit.of(row) < 0 {
				continue
			}
			e = store.Effective{Value: limit.of(row), Source: row.Account}
			counted := limit.name == "max_msgs" || limit.name == "max_quota"
			if counted && limit.of(row) > 0 && period.Source == store.SourceDefault {
				period = store.Effective{Value: row.Period, Source: row.Account}
			}
			break
		}
		found = append(found, store.Field{Name: limit.name, Value: e})
	}
	return slices.Insert(found, 0, store.Field{Name: "period", Value: period})
}

// SetThrottle implements store.Throttles.
func (s *Store) SetThrottle(
	ctx context.Context, w store.Write, account store.PolicyAccount, direction store.Direction, set store.ThrottleSet,
) (store.Change, error) {
	db, l, err := s.needIredapd(ctx, "throttle")
	if err != nil {
		return store.Change{}, err
	}
	if err = checkThrottle(account, set); err != nil {
		return store.Change{}, err
	}
	return write(ctx, db, w, func(tx *sqldb.Tx) (*plan, error) {
		rows, err := lockThrottles(ctx, tx, l, account, direction)
		if err != nil {
			return nil, err
		}
		p := &throttlePlan{newPlan(store.ActionUpdate, store.NounThrottle, account), l}
		if len(rows) > 0 {
			p.Change.Before = rows[0].record()
		}
		if set.Period == 0 {
			p.Change.Action = store.ActionDelete
			p.planEndThrottles(rows)
		} else {
			p.planThrottle(account, direction, rows, set)
		}
		p.Change.Nothing = len(p.Steps) == 0
		return p.plan, nil
	})
}

// lockThrottles reads the account's rows and holds them. PostgreSQL keeps nobody from having several: the first counts,
// and others who would add one wait until this transaction ends.
func lockThrottles(
	ctx context.Context, tx *sqldb.Tx, l sqldb.Layout, account store.PolicyAccount, direction store.Direction,
) ([]throttle, error) {
	if err := tx.Serialise(ctx, "throttle "+string(account)); err != nil {
		return nil, fmt.Errorf("wait for throttle of %s: %w", account, err)
	}
	var rows []throttle
	query := "SELECT " + selected(l, "throttle", throttleColumns) + " FROM throttle WHERE account = ? AND kind = ? ORDER BY id " + tx.ForUpdate()
	if err := tx.Select(ctx, &rows, query, string(account), string(direction)); err != nil {
		return nil, fmt.Errorf("read throttle of %s: %w", account, err)
	}
	return rows, nil
}

// throttlePlan is a plan about throttles of a layout.
type throttlePlan struct {
	*plan
	layout sqldb.Layout
}

// planUncount plans to forget what was counted under a row. An old iRedAPD counted in the row itself.
func (p *throttlePlan) planUncount(row throttle) {
	if p.layout.Has("throttle_tracking") {
		p.Do("DELETE FROM throttle_tracking WHERE tid = ?", row.ID)
	}
}

// planEndThrottles plans to remove rows, with what was counted under them.
func (p *throttlePlan) planEndThrottles(rows []throttle) {
	for _, row := range rows {
		p.planUncount(row)
		p.Do("DELETE FROM throttle WHERE id = ?", row.ID)
	}
}

// planThrottle plans that the setting is the only one of its account and direction. A row stays in place, that what was
// counted still counts, but for a new period.
func (p *throttlePlan) planThrottle(account store.PolicyAccount, direction store.Direction, rows []throttle, set store.ThrottleSet) {
	row := throttle{
		Account: string(account), Kind: string(direction), Priority: account.Kind().IredapdPriority(), Period: set.Period,
		MsgSize: limitOf(set.MsgSize), MaxMsgs: limitOf(set.MaxMsgs), MaxQuota: limitOf(set.MaxQuota), MaxRcpts: inherited,
	}
	if len(rows) == 0 {
		p.Change.After = row.record().Without("id")
		columns, args := "account, kind, priority, period, msg_size, max_msgs, max_quota",
			[]any{row.Account, row.Kind, row.Priority, row.Period, row.MsgSize, row.MaxMsgs, row.MaxQuota}
		if p.layout.HasColumn("throttle", "max_rcpts") {
			columns, args = columns+", max_rcpts", append(args, row.MaxRcpts)
		}
		p.Into("throttle", "INSERT INTO throttle ("+columns+"{columns}) VALUES ("+tuples("?", len(args))+"{values})", args...)
		return
	}
	row.ID, row.MaxRcpts = rows[0].ID, rows[0].MaxRcpts
	p.Change.After = row.record()
	if len(rows) == 1 && row == rows[0] {
		return
	}
	p.planEndThrottles(rows[1:])
	if row.Period != rows[0].Period {
		p.planUncount(row)
	}
	p.Do("UPDATE throttle SET priority = ?, period = ?, msg_size = ?, max_msgs = ?, max_quota = ? WHERE id = ?",
		row.Priority, row.Period, row.MsgSize, row.MaxMsgs, row.MaxQuota, row.ID)
}

func limitOf(n *int64) int64 {
	if n == nil {
		return inherited
	}
	return *n
}

// checkThrottle checks what can be checked without reading.
func checkThrottle(account store.PolicyAccount, set store.ThrottleSet) error {
	if set.Period < 0 || set.Period > maxPeriod {
		return store.Fail(store.Invalid, store.CodeInvalidNumber, "period must be between 0 and %d seconds.", int64(maxPeriod)).With("period")
	}
	limits := []struct {
		field string
		value *int64
	}{{"msg_size", set.MsgSize}, {"max_msgs", set.MaxMsgs}, {"max_quota", set.MaxQuota}}
	for _, l := range limits {
		if l.value != nil && *l.value < inherited {
			return store.Fail(store.Invalid, store.CodeInvalidNumber, "A limit must be -1 (inherit) or more.").With(l.field)
		}
	}
	return checkLength(account, maxThrottle)
}
