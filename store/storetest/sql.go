package storetest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// needSQL passes over a subtest about rows where there are none. Each of those is declared, with the reason.
func needSQL(t *testing.T, f Fixture) {
	t.Helper()
	if f.SQL == nil {
		differs(t)
	}
}

// nothing is what a text column holds that was given nothing: PostgreSQL's takes no NULL.
func nothing(f Fixture) string {
	if f.SQL.Dialect.Name == "postgres" {
		return "''"
	}
	return "NULL"
}

// requireCell asserts the one value that a query finds. Without SQL it asserts nothing.
func requireCell(t *testing.T, f Fixture, want any, query string, args ...any) {
	t.Helper()
	if f.SQL == nil {
		return
	}
	found := row(t, f, query, args...)
	require.Len(t, found, 1, "columns of %s", query)
	require.Equal(t, want, found[0].Value, query)
}

// requireColumn asserts all values that a query finds. Without SQL it asserts nothing.
func requireColumn(t *testing.T, f Fixture, want []any, query string, args ...any) {
	t.Helper()
	if f.SQL == nil {
		return
	}
	values := []any{}
	for _, r := range rows(t, f, query, args...) {
		require.Len(t, r, 1, "columns of %s", query)
		values = append(values, r[0].Value)
	}
	require.Equal(t, want, values, query)
}

// requireNoRows asserts that a query for one column finds nothing. Without SQL it asserts nothing.
func requireNoRows(t *testing.T, f Fixture, query string, args ...any) {
	t.Helper()
	requireColumn(t, f, []any{}, query, args...)
}

// tables are those whose rows tell whether a failed or a dry write left anything.
var tables = []string{
	"admin", "domain", "alias_domain", "domain_admins", "mailbox", "alias", "forwardings", "moderators", "maillists",
	"maillist_owners", "sender_bcc_domain", "recipient_bcc_domain", "sender_bcc_user", "recipient_bcc_user",
	"sender_relayhost", "deleted_mailboxes", "share_folder", "anyone_shares", "used_quota", "last_login",
}

// unchanged notes all rows and returns an assertion that they are still the same.
func unchanged(t *testing.T, f Fixture) func() {
	t.Helper()
	before := everything(t, f)
	return func() {
		t.Helper()
		require.Equal(t, before, everything(t, f))
	}
}

// everything reads all rows, or all entries and the rows beside them.
func everything(t *testing.T, f Fixture) map[string]any {
	t.Helper()
	all := map[string]any{}
	if f.Directory != nil {
		all["directory"] = f.Directory.Entries(t)
		for _, table := range mailboxTables {
			all[table] = rows(t, Fixture{SQL: f.Panel}, "SELECT * FROM "+table+" ORDER BY 1, 2")
		}
		return all
	}
	for _, table := range tables {
		all[table] = rows(t, f, "SELECT * FROM "+table+" ORDER BY 1, 2")
	}
	return all
}

// everythingButTimes is everything without when it was written, in an order that does not come from how it was.
func everythingButTimes(t *testing.T, f Fixture) map[string]any {
	t.Helper()
	all := everything(t, f)
	for _, part := range all {
		switch part := part.(type) {
		case []store.Record:
			for _, r := range part {
				for i := range r {
					r[i].Value = untimed(r[i].Name, r[i].Value)
				}
			}
			slices.SortFunc(part, func(a, b store.Record) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		case map[string]map[string][]string:
			for _, attributes := range part {
				for name, values := range attributes {
					for i := range values {
						values[i], _ = untimed(name, values[i]).(string)
					}
					slices.Sort(values)
				}
			}
		}
	}
	return all
}

// pathTime is when a path of a mailbox was made up.
var pathTime = regexp.MustCompile(`\d{4}(\.\d\d){5}`)

// untimed is the value of a column or an attribute without when it was written.
func untimed(name string, value any) any {
	text, isText := value.(string)
	switch {
	case name == "id":
		return nil
	case name == "settings" && isText:
		return strings.Join(slices.Sorted(strings.SplitSeq(text, ";")), ";")
	case isText:
		return pathTime.ReplaceAllString(text, "then")
	}
	if _, isTime := value.(time.Time); isTime {
		return nil
	}
	return value
}

// requireSame asserts that two of everythingButTimes are equal.
func requireSame(t *testing.T, want, got map[string]any) {
	t.Helper()
	require.Empty(t, cmp.Diff(want, got))
}
