package ldapstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// pageSize is how many entries the server hands over at a time. A limit that the server sets on the size of an answer
// does not count for pages, as long as it is not below this.
const pageSize = 500

// read returns one entry that fits the filter, or a nil one when there is none.
func (s *Store) read(ctx context.Context, dn, filter string, attributes ...string) (*entry, error) {
	attributes = orWhole(attributes)
	request := ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, 0, false, filter, attributes, nil)
	var found []*ldap.Entry
	err := s.pool.with(ctx, true, func(conn *ldap.Conn) error {
		result, err := conn.Search(request)
		if err == nil {
			found = result.Entries
		}
		return err
	})
	switch {
	case isMissing(err), err == nil && len(found) == 0:
		return nil, nil //nolint:nilnil // nothing is a good answer here
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", dn, wrap(err))
	}
	e := entryOf(found[0])
	return &e, nil
}

// orWhole is what a search asks for: everything where it names nothing.
func orWhole(attributes []string) []string {
	if len(attributes) == 0 {
		return wholeEntry
	}
	return attributes
}

// subtree and oneLevel are how deep a search goes.
const (
	subtree  = ldap.ScopeWholeSubtree
	oneLevel = ldap.ScopeSingleLevel
)

// children returns the entries right below a DN that fit the filter, in no order. A missing DN has none.
func (s *Store) children(ctx context.Context, dn, filter string, attributes ...string) ([]entry, error) {
	return s.collect(ctx, dn, oneLevel, filter, attributes)
}

// below returns the entries at and below a DN that fit the filter, in no order. A missing DN has none.
func (s *Store) below(ctx context.Context, dn, filter string, attributes ...string) ([]entry, error) {
	return s.collect(ctx, dn, subtree, filter, attributes)
}

func (s *Store) collect(ctx context.Context, dn string, scope int, filter string, attributes []string) ([]entry, error) {
	var found []entry
	err := s.each(ctx, dn, scope, filter, attributes, func(e entry) error {
		found = append(found, e)
		return nil
	})
	return found, err
}

// each calls fn for every entry that fits, page by page: no more than a page is in memory.
func (s *Store) each(ctx context.Context, dn string, scope int, filter string, attributes []string, fn func(entry) error) error {
	attributes = orWhole(attributes)
	var handed bool // entries went out: from the beginning again, these would come twice
	var cut, stopped error
	err := s.pool.with(ctx, true, func(conn *ldap.Conn) error {
		if handed {
			return cut
		}
		paging := ldap.NewControlPaging(pageSize)
		for {
			request := ldap.NewSearchRequest(dn, scope, ldap.NeverDerefAliases, 0, 0, false, filter, attributes, []ldap.Control{paging})
			result, err := conn.Search(request)
			if err != nil {
				cut = err
				return err
			}
			if s.received != nil {
				s.received(len(result.Entries))
			}
			handed = handed || len(result.Entries) > 0
			for _, e := range result.Entries {
				if stopped = fn(entryOf(e)); stopped != nil {
					return nil
				}
			}
			next, ok := ldap.FindControl(result.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
			if !ok || len(next.Cookie) == 0 {
				return nil
			}
			paging.SetCookie(next.Cookie)
		}
	})
	switch {
	case stopped != nil:
		return stopped
	case isMissing(err):
		return nil
	case err != nil:
		return fmt.Errorf("search below %s: %w", dn, wrap(err))
	}
	return nil
}

// lookup says which of many entries are looked for by the values of one attribute.
type lookup struct {
	dn        string // below which they are
	scope     int
	class     string // filter
	attribute string
}

// eachOf calls fn for every entry that has any of the values. It searches once for so many values at a time.
func (s *Store) eachOf(ctx context.Context, k lookup, values, attributes []string, fn func(entry) error) error {
	for chunk := range slices.Chunk(values, chunkSize) {
		if err := s.each(ctx, k.dn, k.scope, and(anyOf(k.attribute, chunk), k.class), attributes, fn); err != nil {
			return err
		}
	}
	return nil
}

// inOrderOf returns the entries that have the values, whole and in the order of the values. A value that no entry has any
// more is passed over.
func (s *Store) inOrderOf(ctx context.Context, k lookup, values []string) ([]entry, error) {
	byValue := make(map[string]entry, len(values))
	err := s.eachOf(ctx, k, values, nil, func(e entry) error {
		byValue[strings.ToLower(e.first(k.attribute))] = e
		return nil
	})
	entries := make([]entry, 0, len(values))
	for _, v := range values {
		if e, found := byValue[v]; found {
			entries = append(entries, e)
		}
	}
	return entries, err
}
