package store

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// maxName is the longest address or domain name that the SQL columns take.
const maxName = 255

const domainPattern = `[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z0-9-]{2,25}`

var (
	domainName = regexp.MustCompile(`^` + domainPattern + `$`)
	address    = regexp.MustCompile(`^[a-z0-9_#-][a-z0-9_.+=/&#-]*@` + domainPattern + `$`)
	// An account that logs in has no "+", "=" or "/" in its local part: "+" starts an extension, and the local part
	// is one directory of the mail storage.
	loginAddress = regexp.MustCompile(`^[a-z0-9_#-][a-z0-9_.&#-]*@` + domainPattern + `$`)
)

// foreign is an address on somebody else's server: its local part is made of any atext of RFC 5321, section 4.1.2, with dots.
var foreign = regexp.MustCompile("^[a-z0-9!#$%&'*+/=?^_`{|}~-][a-z0-9!#$%&'*+/=?^_`{|}~.-]*@" + domainPattern + "$")

// NormaliseForeign returns the address as it is stored, or INVALID_MAIL. It may be any on another server: what is hosted
// here is held to a narrower form where the account is made.
func NormaliseForeign(mail string) (string, error) {
	return normaliseAddress(mail, foreign)
}

// NormaliseDomain returns the domain name as it is stored, or INVALID_DOMAIN_NAME.
func NormaliseDomain(name string) (string, error) {
	n := strings.ToLower(strings.TrimSpace(name))
	if len(n) > maxName || !domainName.MatchString(n) {
		return "", Fail(Invalid, CodeInvalidDomainName, "That is not a domain name.")
	}
	return n, nil
}

// NormaliseAddress returns the address as it is stored, or INVALID_MAIL.
func NormaliseAddress(mail string) (string, error) {
	return normaliseAddress(mail, address)
}

// NormaliseLogin is NormaliseAddress for the account of a mailbox or an admin, whose local part may not hold
// "+", "=" or "/".
func NormaliseLogin(mail string) (string, error) {
	return normaliseAddress(mail, loginAddress)
}

func normaliseAddress(mail string, form *regexp.Regexp) (string, error) {
	m := strings.ToLower(strings.TrimSpace(mail))
	if len(m) > maxName || !form.MatchString(m) {
		return "", Fail(Invalid, CodeInvalidMail, "That is not a mail address that can be used here.")
	}
	return m, nil
}

// SplitAddress returns the local part and the domain of an address.
func SplitAddress(mail string) (local, domain string) {
	i := strings.LastIndexByte(mail, '@')
	if i < 0 {
		return mail, ""
	}
	return mail[:i], mail[i+1:]
}

// DomainOf returns the domain of an address, or a domain name as it is.
func DomainOf(name string) string {
	return name[strings.LastIndexByte(name, '@')+1:]
}

// WithoutExtension returns the address without the "+extension" of its local part.
func WithoutExtension(mail string) string {
	local, domain := SplitAddress(mail)
	if i := strings.IndexByte(local, '+'); i > 0 {
		return local[:i] + "@" + domain
	}
	return mail
}

// DomainsOf returns the domains of addresses, each once and in order.
func DomainsOf(mails []string) []string {
	names := map[string]bool{}
	for _, mail := range mails {
		names[DomainOf(mail)] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Spellings returns under which addresses the accounts may be stored: as given, and at the domain itself where targets says that
// the address is under an alias domain of that.
func Spellings(mails []string, targets map[string]string) []string {
	forms := map[string]bool{}
	for _, mail := range mails {
		forms[mail] = true
		local, domain := SplitAddress(mail)
		if target := targets[domain]; target != "" {
			forms[local+"@"+target] = true
		}
	}
	return slices.Sorted(maps.Keys(forms))
}

// WithBare returns the addresses as they are and, beside them, without their extensions. The former count too: an alias account
// may have a "+" of its own.
func WithBare(mails []string) []string {
	all := slices.Clone(mails)
	for _, mail := range mails {
		all = append(all, WithoutExtension(mail))
	}
	return all
}
