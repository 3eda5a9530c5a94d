package store

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// Sort is what a list is sorted by before its key: the address, of a domain the name. Two with the same value are in the
// order of the key.
type Sort string

// What lists can be sorted by. A directory knows SortKey and SortName alone.
const (
	SortKey         Sort = ""     // by the key itself
	SortName        Sort = "name" // that of the person or the thing, without regard to case
	SortCreated     Sort = "created"
	SortModified    Sort = "modified"
	SortQuota       Sort = "quota"
	SortStoredBytes Sort = "stored_bytes"
)

// The sorts that each noun has.
var (
	DomainSorts      = []Sort{SortKey, SortName, SortCreated, SortModified, SortQuota, SortStoredBytes}
	UserSorts        = DomainSorts
	AdminSorts       = []Sort{SortKey, SortName, SortCreated, SortModified}
	AliasSorts       = AdminSorts
	MailingListSorts = AdminSorts
)

// CheckIn returns INVALID_VALUE unless the sort is one of those that there are.
func (s Sort) CheckIn(offered []Sort) error {
	if slices.Contains(offered, s) {
		return nil
	}
	names := make([]string, 0, len(offered))
	for _, o := range offered {
		if o != SortKey {
			names = append(names, string(o))
		}
	}
	return Fail(Invalid, CodeInvalidValue, "This list cannot be sorted by %s here, only by mail (of domains: domain), %s.",
		s, strings.Join(names, ", ")).With("sort")
}

// SortedLength is how many characters of a name a list is sorted by: a cursor holds them.
const SortedLength = 255

// PageRequest asks for a part of a list.
type PageRequest struct {
	Limit int    // at most this many items; 0 means all
	After string // Page.Next of the part before with the same sort and direction, or ""
	Sort  Sort
	Desc  bool // from the last to the first
	Count bool // have Page.Total counted
}

// Page is a part of a list. It goes on after the value and the key of an item, not after a number of them: what others
// insert and remove meanwhile moves nothing.
type Page[T any] struct {
	Items []T
	Next  string // the Position of the last item, for the part that follows; "" at the end
	Total *int64 // how many items the whole list has, where that was asked for
}

// Position is a place in a list: behind the item of that key, which has that value of what the list is sorted by.
type Position struct{ Key, Value string }

// String is the position as text. That of a list in the order of the key is the key itself.
func (p Position) String() string {
	if p.Value == "" {
		return p.Key
	}
	return p.Key + "\x00" + p.Value // no key has a NUL
}

// PositionOf reads what String has written.
func PositionOf(text string) Position {
	key, value, _ := strings.Cut(text, "\x00")
	return Position{Key: key, Value: value}
}

// Search narrows a list down. The zero value lets everything pass.
type Search struct {
	Prefix       string    // what the address or the domain name begins with
	Any          string    // what stands anywhere in the address, the domain name or the name
	Active       *bool     // whether the account is switched on
	CreatedAfter time.Time // the zero time is no condition
}

// Checked returns the search in the form in which addresses are stored, or INVALID_VALUE for characters that no name has.
func (s Search) Checked() (Search, error) {
	for field, text := range map[string]string{"q": s.Prefix, "q_any": s.Any} {
		if strings.ContainsFunc(text, unicode.IsControl) || strings.ToValidUTF8(text, "") != text {
			return s, Fail(Invalid, CodeInvalidValue, "%s holds a control character, or is not UTF-8.", field).With(field)
		}
	}
	s.Prefix = strings.ToLower(s.Prefix)
	return s, nil
}
