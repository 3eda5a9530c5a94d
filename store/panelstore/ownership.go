package panelstore

import (
	"context"
	"fmt"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// ownershipTable is where iRedAdmin keeps the codes that prove names.
const ownershipTable = "domain_ownership"

// messageOfProof is how much of a message is kept, in characters.
const messageOfProof = 1000

// ProofCodes are the codes that prove names, in a table of iRedAdmin's layout.
type ProofCodes struct{ db *sqldb.DB }

var _ store.ProofCodes = (*ProofCodes)(nil)

// NewProofCodes returns the codes. The database, which has the table, stays that of the caller.
func NewProofCodes(db *sqldb.DB) *ProofCodes { return &ProofCodes{db} }

// HasProofCodes reports whether the database has the table; an old panel's lacks it.
func HasProofCodes(ctx context.Context, db *sqldb.DB) (bool, error) {
	layout, err := db.Reader().Layout(ctx)
	return layout.Has(ownershipTable), err
}

// proofRow is a row of the table. The name of a domain itself is in the column domain, with none in the other.
type proofRow struct {
	Code      string     `db:"verify_code"`
	Verified  int64      `db:"verified"`
	LastCheck *time.Time `db:"last_verify"`
}

// aliasColumn is what the column alias_domain holds for a name.
func aliasColumn(name, domain string) string {
	if name == domain {
		return ""
	}
	return name
}

// ofCode is the condition on the row of a code.
const ofCode = " WHERE admin = ? AND domain = ? AND alias_domain = ?"

// ProofCode implements store.ProofCodes.
func (p *ProofCodes) ProofCode(ctx context.Context, admin, name, domain string) (store.ProofCode, bool, error) {
	var row proofRow
	found, err := p.db.Reader().Find(ctx, &row, "SELECT verify_code, verified, last_verify FROM "+ownershipTable+ofCode,
		admin, domain, aliasColumn(name, domain))
	if err != nil || !found || row.Code == "" && row.Verified == 0 {
		return store.ProofCode{}, false, wrapProof(name, err)
	}
	return store.ProofCode{
		Admin: admin, Name: name, Domain: domain, Code: row.Code, Verified: row.Verified != 0, LastCheck: timeOf(row.LastCheck),
	}, true, nil
}

func timeOf(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.UTC()
}

// KeepProofCode implements store.ProofCodes. A row without an end, unlike one with, is not removed by the panel's own clean-up.
func (p *ProofCodes) KeepProofCode(ctx context.Context, c store.ProofCode) error {
	return wrapProof(c.Name, p.db.Write(ctx, func(tx *sqldb.Tx) error {
		key := []any{c.Admin, c.Domain, aliasColumn(c.Name, c.Domain)}
		if _, err := tx.Exec(ctx, "DELETE FROM "+ownershipTable+ofCode, key...); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO "+ownershipTable+
			" (admin, domain, alias_domain, verify_code, verified, message, last_verify, expire) VALUES (?, ?, ?, ?, 0, '', NULL, 0)",
			append(key, c.Code)...)
		return err
	}))
}

// NoteProofCheck implements store.ProofCodes.
func (p *ProofCodes) NoteProofCheck(ctx context.Context, c store.ProofCode, at time.Time, found bool, message string) (bool, error) {
	set := "last_verify = ?, message = ?" // what the panel has verified meanwhile stays so
	if found {
		set += ", verified = 1"
	}
	var n int64
	err := p.db.Write(ctx, func(tx *sqldb.Tx) error {
		var err error
		n, err = tx.Exec(ctx, "UPDATE "+ownershipTable+" SET "+set+ofCode+" AND verify_code = ?",
			at, cut(message, messageOfProof), c.Admin, c.Domain, aliasColumn(c.Name, c.Domain), c.Code)
		return err
	})
	return n > 0, wrapProof(c.Name, err)
}

// LastProof implements store.ProofCodes.
func (p *ProofCodes) LastProof(ctx context.Context, admin, name string) (time.Time, error) {
	var rows []proofRow
	err := p.db.Reader().Select(ctx, &rows, "SELECT verify_code, verified, last_verify FROM "+ownershipTable+
		" WHERE admin = ? AND verified = 1 AND (alias_domain = ? OR alias_domain = '' AND domain = ?) ORDER BY id", admin, name, name)
	var last time.Time
	for _, row := range rows {
		if at := timeOf(row.LastCheck); at.After(last) {
			last = at
		}
	}
	return last, wrapProof(name, err)
}

// ForgetProofCodes implements store.ProofCodes.
func (p *ProofCodes) ForgetProofCodes(ctx context.Context, name, domain string) error {
	query, args := "DELETE FROM "+ownershipTable+" WHERE verified = 0 AND domain = ?", []any{domain}
	if name != "" {
		query, args = query+" AND alias_domain = ?", append(args, aliasColumn(name, domain))
	}
	return wrapProof(domain, p.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	}))
}

func wrapProof(name string, err error) error {
	if err != nil {
		return fmt.Errorf("codes that prove %s: %w", name, err)
	}
	return nil
}
