package ldapstore

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// entry is one entry of the directory, read or to be. The zero value has no attributes.
type entry struct {
	dn         string
	attributes []attribute // in the order of the server
	// created and modified are what the server itself notes, of an entry that was read whole. They are none of its attributes:
	// nothing shows or writes them.
	created, modified time.Time
}

// attribute is a name with its values. Names are compared without regard to case, and so are values but for a few.
type attribute struct {
	name   string
	values []string
}

func entryOf(found *ldap.Entry) entry {
	e := entry{dn: found.DN, attributes: make([]attribute, 0, len(found.Attributes))}
	for _, a := range found.Attributes {
		switch {
		case strings.EqualFold(a.Name, createdAttribute):
			e.created = momentOf(a.Values)
		case strings.EqualFold(a.Name, modifiedAttribute):
			e.modified = momentOf(a.Values)
		default:
			e.attributes = append(e.attributes, attribute{a.Name, a.Values})
		}
	}
	return e
}

// createdAttribute and modifiedAttribute are kept by the server, which returns them only when they are asked for.
// Source: RFC 4512 section 3.4.
const (
	createdAttribute  = "createTimestamp"
	modifiedAttribute = "modifyTimestamp"
)

// wholeEntry asks for all attributes, and for those.
var wholeEntry = []string{"*", createdAttribute, modifiedAttribute}

// momentOf reads a time of the server (generalized time of RFC 4517), the zero time when it is none.
func momentOf(values []string) time.Time {
	if len(values) == 0 {
		return time.Time{}
	}
	at, err := time.Parse("20060102150405Z0700", values[0])
	if err != nil {
		return time.Time{}
	}
	return rules.ShownTime(at)
}

// clone is a copy that may be changed.
func (e entry) clone() entry {
	c := e
	c.attributes = slices.Clone(e.attributes)
	for i, a := range c.attributes {
		c.attributes[i].values = slices.Clone(a.values)
	}
	return c
}

func (e entry) index(name string) int {
	return slices.IndexFunc(e.attributes, func(a attribute) bool { return strings.EqualFold(a.name, name) })
}

// all returns the values of an attribute, nil when it is absent.
func (e entry) all(name string) []string {
	if i := e.index(name); i >= 0 {
		return e.attributes[i].values
	}
	return nil
}

// first returns the only or first value of an attribute, "" when it is absent.
func (e entry) first(name string) string {
	if values := e.all(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// number returns the value of an attribute as a number, 0 when it is absent or none.
func (e entry) number(name string) int64 {
	n, err := strconv.ParseInt(e.first(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// address is the main address of an account. One that is being renamed has two; its place tells which counts.
func (e entry) address() string {
	mails := e.all("mail")
	for _, mail := range mails[:max(0, len(mails)-1)] {
		if part, _ := splitDN(e.dn); strings.EqualFold(part, rdn("mail", mail)) {
			return strings.ToLower(mail)
		}
	}
	if len(mails) == 0 {
		return ""
	}
	return strings.ToLower(mails[len(mails)-1])
}

// has reports whether the attribute has that value.
func (e entry) has(name, value string) bool { return containsFold(e.all(name), value) }

// hasAny reports whether the attribute has any of the values.
func (e entry) hasAny(name string, values []string) bool {
	wanted := lowerSet(values)
	return slices.ContainsFunc(e.all(name), func(v string) bool { return wanted[strings.ToLower(v)] })
}

// active reports whether the account is switched on. Whether its domain is, is another matter.
func (e entry) active() bool { return strings.EqualFold(e.first("accountStatus"), statusActive) }

// sorted returns the values of an attribute in lower case, sorted and never nil: addresses and names.
func (e entry) sorted(name string) []string {
	list := make([]string, 0, len(e.all(name)))
	for _, v := range e.all(name) {
		list = append(list, strings.ToLower(v))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// listed returns the values of an attribute as they are stored, never nil.
func (e entry) listed(name string) []string { return append([]string{}, e.all(name)...) }

// passwordChanged is the day on which the password was set, the zero time when nobody knows.
func (e entry) passwordChanged() time.Time {
	return rules.ShownTime(time.Unix(e.number(passwordDayAttribute)*secondsPerDay, 0))
}

// set makes the values all of an attribute. Empty ones are left out, for a directory takes none; without any left the
// attribute goes.
func (e *entry) set(name string, values ...string) {
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	i := e.index(name)
	switch {
	case len(values) == 0 && i >= 0:
		e.attributes = slices.Delete(e.attributes, i, i+1)
	case len(values) == 0:
	case i >= 0:
		e.attributes[i].values = values
	default:
		e.attributes = append(e.attributes, attribute{name, values})
	}
}

// assign sets the value that is shown when there is something to set: nil leaves, "" removes. Further values are another
// program's, and stay.
func (e *entry) assign(name string, value *string) {
	if value == nil {
		return
	}
	now := e.all(name)
	if *value == "" || len(now) == 0 {
		e.set(name, *value)
		return
	}
	rest := slices.DeleteFunc(slices.Clone(now[1:]), func(v string) bool { return strings.EqualFold(v, *value) })
	e.set(name, append([]string{*value}, rest...)...)
}

// add adds values that the attribute lacks.
func (e *entry) add(name string, values ...string) {
	now := slices.Clone(e.all(name))
	have := lowerSet(now)
	for _, v := range values {
		if key := strings.ToLower(v); !have[key] {
			have[key] = true
			now = append(now, v)
		}
	}
	e.set(name, now...)
}

// remove removes values.
func (e *entry) remove(name string, values ...string) {
	gone := lowerSet(values)
	e.set(name, slices.DeleteFunc(slices.Clone(e.all(name)), func(v string) bool { return gone[strings.ToLower(v)] })...)
}

// secretAttributes are never shown, settingsAttribute is shown as an object beside the entry.
const (
	passwordAttribute = "userPassword"
	settingsAttribute = "accountSetting"
)

// sortedAttributes hold addresses, whose order means nothing.
var sortedAttributes = []string{"mailForwardingAddress", "shadowAddress", "memberOfGroup", "domainAliasName", "domainAdmin"}

// record is the entry as it is shown: each attribute a list of text.
func (e entry) record() store.Record {
	r := make(store.Record, 0, len(e.attributes))
	for _, a := range e.attributes {
		switch {
		case strings.EqualFold(a.name, passwordAttribute), strings.EqualFold(a.name, settingsAttribute):
		case containsFold(sortedAttributes, a.name):
			r = append(r, store.Field{Name: a.name, Value: e.sorted(a.name)})
		default:
			r = append(r, store.Field{Name: a.name, Value: a.values})
		}
	}
	return r
}

// whole is the entry for a Change: the settings are in it, a password shows as a word. The server's order means nothing, so
// that equal entries are equal here.
func (e entry) whole(password string) store.Record {
	r := make(store.Record, 0, len(e.attributes))
	for _, a := range e.attributes {
		values := slices.Sorted(slices.Values(a.values))
		if strings.EqualFold(a.name, passwordAttribute) {
			values = []string{password}
		}
		r = append(r, store.Field{Name: a.name, Value: values})
	}
	slices.SortFunc(r, func(a, b store.Field) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return r
}

// password is the stored hashes, one a line: an entry may have several.
func (e entry) password() store.Secret {
	return store.Secret(strings.Join(e.all(passwordAttribute), "\n"))
}

func containsFold(list []string, value string) bool {
	return slices.ContainsFunc(list, func(v string) bool { return strings.EqualFold(v, value) })
}

// lowerSet is the set of the values in lower case, as the directory compares them.
func lowerSet(values []string) map[string]bool {
	set := make(map[string]bool, len(values))
	for _, v := range values {
		set[strings.ToLower(v)] = true
	}
	return set
}
