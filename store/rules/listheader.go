package rules

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/postern-mail/postern/store"
)

// AutomaticListHeaders are the header lines that a mailing list writes itself, in lower case: those of mlmmjadmin
// (MLMMJ_DEFAULT_CUSTOM_HEADERS), and the one that its API reference names besides.
var AutomaticListHeaders = []string{
	"precedence", "list-id", "reply-to", "list-post", "list-subscribe", "list-unsubscribe", "x-mailing-list",
}

// headerName is ftext of RFC 5322 section 3.6.8.
var headerName = regexp.MustCompile(`^[!-9;-~]+$`)

var (
	// speakers are header lines that say who a post is from and to. Those of a list name its own addresses alone.
	speakers = []string{"from", "sender", "to", "resent-from", "resent-sender", "resent-to"}
	// notAdded are what a list does not say of a post. The ones that end in a dash stand for all that begin so.
	notAdded = []string{
		"cc", "bcc", "resent-cc", "resent-bcc", "return-path", "received", "date", "message-id", "dkim-signature", "arc-",
		"authentication-results", "content-", "mime-version",
	}
	// notRemoved are what a post needs to be read; without From there would be nobody that it is from.
	notRemoved = []string{"to", "date", "content-", "mime-version"}
)

func isOneOf(name string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		return name == n || strings.HasSuffix(n, "-") && strings.HasPrefix(name, n)
	})
}

// ListHeaders is a change to the header lines of a mailing list.
type ListHeaders struct {
	Write store.Write
	// Own are the addresses that the list may speak with: its own, and the extra ones in domains that the actor manages.
	Own    []string
	Stored store.MlmmjSettings
}

// Update returns the update with the header lines that are to be stored, and what was left out of them. A list speaks for
// itself: header lines of an actor that is not global name no other sender, and take nothing away that a post needs. What is
// stored already stays. What the list writes itself is left out whoever sends it; anything else that cannot be taken is left out
// with Drop, otherwise it is INVALID_VALUE or, for what a global admin may set, PERMISSION_DENIED.
func (h ListHeaders) Update(u store.MlmmjUpdate) (store.MlmmjUpdate, []string, error) {
	var discarded []string
	if u.CustomHeaders != nil {
		lines := *u.CustomHeaders
		if bound(h.Write.Actor) {
			lines = splitLines(lines)
		}
		kept, left, err := h.each("custom_headers", lines, h.Stored.CustomHeaders, h.checkLine)
		if err != nil {
			return u, nil, err
		}
		u.CustomHeaders, discarded = &kept, left
	}
	speaks := slices.ContainsFunc(h.Stored.With(u).CustomHeaders, isFrom)
	if u.RemoveHeaders != nil {
		stored := slices.Clone(h.Stored.RemoveHeaders)
		if !speaks { // what was stored along with a From of the list is not good without it
			stored = slices.DeleteFunc(stored, func(n string) bool { return isFrom(n) && slices.ContainsFunc(h.Stored.CustomHeaders, isFrom) })
		}
		kept, left, err := h.each("remove_headers", *u.RemoveHeaders, stored, func(name string) *store.Error {
			return h.checkRemoved(name, speaks)
		})
		if err != nil {
			return u, nil, err
		}
		u.RemoveHeaders = &kept
		return u, append(discarded, left...), nil
	}
	if u.CustomHeaders == nil || speaks || !bound(h.Write.Actor) || !slices.ContainsFunc(h.Stored.CustomHeaders, isFrom) {
		return u, discarded, nil
	}
	// The From of the list goes, and the posts' own is still taken away.
	i := slices.IndexFunc(h.Stored.RemoveHeaders, isFrom)
	if i < 0 {
		return u, discarded, nil
	}
	if h.Write.OnMissing != store.Drop {
		return u, nil, h.checkRemoved("From", false).With("custom_headers")
	}
	kept := slices.Delete(slices.Clone(h.Stored.RemoveHeaders), i, i+1)
	u.RemoveHeaders = &kept
	return u, append(discarded, h.Stored.RemoveHeaders[i]), nil
}

// each returns the items that may be stored and those that are left out.
func (h ListHeaders) each(
	field string, items, stored []string, check func(item string) *store.Error,
) (kept, left []string, err error) {
	kept = []string{}
	for _, item := range items {
		name := nameOf(item)
		var refused *store.Error
		switch {
		case field == "custom_headers" && slices.Contains(AutomaticListHeaders, strings.ToLower(name)):
			left = append(left, item)
			continue
		case field == "custom_headers" && slices.Contains(stored, item):
		case field == "remove_headers" && slices.ContainsFunc(stored, func(s string) bool { return strings.EqualFold(nameOf(s), name) }):
		default:
			refused = check(item)
		}
		switch {
		case refused == nil:
			kept = append(kept, item)
		case h.Write.OnMissing == store.Drop:
			left = append(left, item)
		default:
			return nil, nil, refused.With(field)
		}
	}
	return kept, left, nil
}

// nameOf is the name of a header line, or of one that stands alone with or without its colon.
func nameOf(line string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
	return name
}

func isControl(r rune) bool { return r != '\t' && unicode.IsControl(r) }

func isFrom(line string) bool { return strings.EqualFold(nameOf(line), "From") }

// checkLine returns what is wrong with a header line that is to be added.
func (h ListHeaders) checkLine(line string) *store.Error {
	name, value, found := strings.Cut(line, ":")
	if !found || !headerName.MatchString(name) || strings.ContainsFunc(value, isControl) {
		return store.Fail(store.Invalid, store.CodeInvalidValue, "A header line has to be of the form Name: value.")
	}
	if !bound(h.Write.Actor) {
		return nil
	}
	switch lower := strings.ToLower(name); {
	case isOneOf(lower, notAdded):
		return notOfLists("A list adds no %s to posts; only a global admin may have it do so.", name)
	case isOneOf(lower, speakers) && !h.speaksForItself(value):
		return notOfLists("In %s a list names its own addresses alone; only a global admin may have it name others.", name)
	}
	return nil
}

// checkRemoved returns what is wrong with the name of a header line that is to be taken away.
func (h ListHeaders) checkRemoved(item string, speaks bool) *store.Error {
	name := nameOf(item)
	if !headerName.MatchString(name) || strings.TrimSuffix(strings.TrimSpace(item), ":") != name {
		return store.Fail(store.Invalid, store.CodeInvalidValue, "That is not the name of a header line.")
	}
	if !bound(h.Write.Actor) {
		return nil
	}
	switch lower := strings.ToLower(name); {
	case isOneOf(lower, notRemoved):
		return notOfLists("Posts need their %s; only a global admin may have it removed.", name)
	case lower == "from" && !speaks:
		return notOfLists("From is removed only where custom_headers has a From of the list instead.")
	}
	return nil
}

func notOfLists(format string, args ...any) *store.Error {
	return store.Fail(store.Forbidden, store.CodePermissionDenied, format, args...)
}

// speaksForItself reports whether the addresses of a header line are the list's, and no name beside them looks like another one.
func (h ListHeaders) speaksForItself(value string) bool {
	isOwn := func(address string) bool { return slices.Contains(h.Own, strings.ToLower(address)) }
	addresses, err := mail.ParseAddressList(strings.TrimSpace(value))
	if err != nil || len(addresses) == 0 {
		return false
	}
	for _, a := range addresses {
		if !isOwn(a.Address) || strings.Contains(a.Name, "@") && !isOwn(strings.TrimSpace(a.Name)) {
			return false
		}
	}
	return true
}

// splitLines returns each line by itself: what follows a line break, be it one of RFC 5322, a lone CR, a NUL or the backslash and
// n that scripts send, is a header line of its own, and so is a line that begins with a blank.
func splitLines(texts []string) []string {
	lines := []string{}
	for _, text := range texts {
		text = strings.ReplaceAll(text, `\n`, "\n")
		for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == 0 }) {
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
	}
	return lines
}
