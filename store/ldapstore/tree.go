package ldapstore

import (
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// The containers of a domain.
const (
	containerUsers     = "Users"
	containerGroups    = "Groups"
	containerAliases   = "Aliases"
	containerExternals = "Externals"
)

// containers are all that a domain has, in the order in which they are made.
// Source: the groups below a domain in libs/ldaplib/attrs.py of iRedAdmin.
var containers = []string{containerUsers, containerGroups, containerAliases, containerExternals}

// tree says where entries are. This file is the only place where a value becomes part of a DN or a filter.
type tree struct {
	base   string // of all domains
	admins string // of all standalone admins
}

func (t tree) domain(name string) string { return rdn("domainName", name) + "," + t.base }

func (t tree) container(domain, which string) string {
	return rdn("ou", which) + "," + t.domain(domain)
}

func (t tree) user(mail string) string { return t.account(mail, containerUsers) }

func (t tree) alias(mail string) string { return t.account(mail, containerAliases) }

// list is where mailing lists of both kinds are.
func (t tree) list(mail string) string { return t.account(mail, containerGroups) }

// externals is the entry that holds the members of a list who are not of this server.
func (t tree) externals(list string) string {
	return rdn("memberOfGroup", list) + "," + t.container(domainOf(list), containerExternals)
}

// catchall is the entry of a user of no name.
// Source: catchall_maps.cf for OpenLDAP of iRedMail, which Postfix asks for @domain when nothing has the address (virtual(5)).
func (t tree) catchall(domain string) string { return t.user("@" + domain) }

func (t tree) admin(mail string) string { return rdn("mail", mail) + "," + t.admins }

func (t tree) account(mail, which string) string {
	return rdn("mail", mail) + "," + t.container(domainOf(mail), which)
}

// rdn is one part of a DN.
func rdn(attribute, value string) string { return attribute + "=" + ldap.EscapeDN(value) }

func domainOf(mail string) string { return mail[strings.LastIndexByte(mail, '@')+1:] }

// The classes of entries, as filters.
const (
	anything        = "(objectClass=*)"
	classDomainBase = anything
	classDomain     = "(objectClass=mailDomain)"
	classAdmin      = "(objectClass=mailAdmin)"
	classUser       = "(objectClass=mailUser)"
	classAlias      = "(objectClass=mailAlias)"
	classList       = "(objectClass=mailList)"
	classExternals  = "(objectClass=mailExternalUser)"
)

// equals is a filter for entries one of whose values of the attribute is this one.
func equals(attribute, value string) string {
	return "(" + attribute + "=" + ldap.EscapeFilter(value) + ")"
}

// endsWith is a filter for entries one of whose values of the attribute ends so.
func endsWith(attribute, value string) string {
	return "(" + attribute + "=*" + ldap.EscapeFilter(value) + ")"
}

// beginsWith is a filter for entries one of whose values of the attribute begins so.
func beginsWith(attribute, value string) string {
	return "(" + attribute + "=" + ldap.EscapeFilter(value) + "*)"
}

// contains is a filter for entries one of whose values of the attribute has that in it.
func contains(attribute, value string) string {
	return "(" + attribute + "=*" + ldap.EscapeFilter(value) + "*)"
}

// generalizedTime is how a directory writes a time.
const generalizedTime = "20060102150405Z"

// laterThan is a filter for entries whose time is after that second. LDAP has "at or after" alone.
func laterThan(attribute string, t time.Time) string {
	next := t.UTC().Truncate(time.Second).Add(time.Second)
	return "(" + attribute + ">=" + next.Format(generalizedTime) + ")"
}

// anyOf is a filter for entries one of whose values of the attribute is among these. Without values nothing fits.
func anyOf(attribute string, values []string) string {
	filters := make([]string, len(values))
	for i, v := range values {
		filters[i] = equals(attribute, v)
	}
	return or(filters...)
}

// and asks for the first of its filters first: what few entries fit belongs there, for the server need not look at the others
// when none does.
func and(filters ...string) string { return "(&" + strings.Join(filters, "") + ")" }

// or of nothing is false.
func or(filters ...string) string {
	if len(filters) == 1 {
		return filters[0]
	}
	return "(|" + strings.Join(filters, "") + ")"
}

func not(filter string) string { return "(!" + filter + ")" }

// leavesFirst orders DNs so that each comes before what it lies below.
func leavesFirst(a, b string) int {
	if deeper := strings.Count(b, ",") - strings.Count(a, ","); deeper != 0 {
		return deeper
	}
	return strings.Compare(a, b)
}
