package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// PoliciesFixture is a fresh store of policies to test, with nothing in it.
type PoliciesFixture struct {
	Policies store.Policies
	// Amavisd and Iredapd are the databases below, to look at rows and to read them as those programs do.
	Amavisd, Iredapd *sqldb.DB
}

// PoliciesOpen returns a fresh store.
type PoliciesOpen func(t *testing.T) PoliciesFixture

// Policies runs the whole suite of store.Policies.
func Policies(t *testing.T, open PoliciesOpen) {
	t.Helper()
	open = counted(t, open)
	t.Run("spam policy", func(t *testing.T) { spamPolicies(t, open) })
	t.Run("wblist", func(t *testing.T) { wblists(t, open) })
	t.Run("throttle", func(t *testing.T) { throttles(t, open) })
	t.Run("greylisting", func(t *testing.T) { greylistings(t, open) })
	t.Run("exempt", func(t *testing.T) { exempt(t, open) })
	t.Run("forget", func(t *testing.T) { forgotten(t, open) })
	t.Run("answers", func(t *testing.T) { require.NoError(t, open(t).Policies.Ping(ctx(t))) })
}

const (
	everybody = store.Everybody
	ofDomain  = store.PolicyAccount("@example.com")
	ofAnna    = store.PolicyAccount("anna@example.com")
	ofBert    = store.PolicyAccount("bert@example.com")
)

// Exec runs a statement on a database.
func Exec(t *testing.T, db *sqldb.DB, query string, args ...any) {
	t.Helper()
	require.NoError(t, db.Write(ctx(t), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx(t), query, args...)
		return err
	}))
}

// cells reads the one column of a query as text.
func cells(t *testing.T, db *sqldb.DB, query string, args ...any) []string {
	t.Helper()
	list := []string{}
	require.NoError(t, db.Reader().Select(ctx(t), &list, query, args...))
	return list
}

// count reads a number.
func count(t *testing.T, db *sqldb.DB, query string, args ...any) int64 {
	t.Helper()
	var n int64
	require.NoError(t, db.Reader().Get(ctx(t), &n, query, args...))
	return n
}

// raw is an address as a column of Amavisd's takes it.
func raw(db *sqldb.DB, text string) any {
	if db.Dialect.Name == "postgres" {
		return []byte(text)
	}
	return text
}

// raws are addresses for an IN (?).
func raws(db *sqldb.DB, list []string) []any {
	all := make([]any, len(list))
	for i, text := range list {
		all[i] = raw(db, text)
	}
	return all
}

// names are accounts as text.
func names(accounts []store.PolicyAccount) []string {
	list := make([]string, len(accounts))
	for i, a := range accounts {
		list[i] = string(a)
	}
	return list
}

// ManyAddresses are so many different ones, sorted.
func ManyAddresses(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("sender%06d@example.net", i)
	}
	return list
}

// together runs fn so many times at once and asserts that none fails.
func together(t *testing.T, n int, fn func(i int) error) {
	t.Helper()
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = fn(i) })
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

func set[T any](v T) store.Optional[T] { return store.Optional[T]{Given: true, Value: &v} }

func unset[T any]() store.Optional[T] { return store.Optional[T]{Given: true} }

// dry is a dry run of asGlobal.
func dry() store.Write {
	w := asGlobal
	w.DryRun = true
	return w
}
