package rules

import (
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// listDelimiter begins the commands to a mailing list, as in list+subscribe@example.com (mlmmj's default).
const listDelimiter = "+"

// Extended returns the addresses that an address may be an extension of: what stands before each of the delimiters in its
// local part, at the same domain. Postfix (recipient_delimiter) hands mail for x+y to x where x+y is nobody's.
// Source: recipient_delimiter of postconf(5); by virtual(5) Postfix looks up the address without its extension when the whole
// one is not found.
func Extended(mail, delimiters string) []string {
	local, domain := store.SplitAddress(mail)
	var plain []string
	for i := 1; i < len(local); i++ {
		if strings.IndexByte(delimiters, local[i]) >= 0 {
			plain = append(plain, local[:i]+"@"+domain)
		}
	}
	return plain
}

// Owner is who has an address of which another one is an extension.
type Owner struct {
	store.Identity      // zero where it is no principal
	List           bool // a mailing list that people subscribe to
}

// Taken reports whether an address is out of reach as an extension of one that somebody has: of a mailing list's, where it
// would be a command, always; else when its owner is above an actor that is not global. Owners are by address.
func Taken(actor store.Identity, mail, delimiters string, owners map[string]Owner) bool {
	for _, plain := range Extended(mail, listDelimiter) {
		if owners[plain].List {
			return true
		}
	}
	return slices.ContainsFunc(Extended(mail, delimiters), func(plain string) bool {
		return Outranks(owners[plain].Identity, actor)
	})
}

// Candidates returns the addresses whose owners decide whether any of the addresses is taken as an extension.
func Candidates(mails []string, delimiters string) []string {
	var plain []string
	for _, mail := range mails {
		plain = append(plain, Extended(mail, delimiters+listDelimiter)...)
	}
	slices.Sort(plain)
	return slices.Compact(plain)
}

// NotYours is the refusal of an address that is an extension of somebody's.
func NotYours(mail string) *store.Error {
	return store.Fail(store.Forbidden, store.CodePermissionDenied,
		"%s is an extension of an address that belongs to a mailing list, or to an admin with rights that you do not have. Choose another one.", mail)
}
