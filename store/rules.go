package store

import (
	"regexp"
	"slices"
	"unicode/utf8"
)

// MaxText is the longest text, in characters, that the SQL columns of names, addresses and transports take. A directory
// is held to the same.
const MaxText = 255

// maxPolicy is the longest access policy that the SQL column takes.
const maxPolicy = 30

// CheckLength returns VALUE_TOO_LONG for a text of more than so many characters.
func CheckLength(field, value string, most int) error {
	if utf8.RuneCountInString(value) > most {
		return Fail(Invalid, CodeValueTooLong, "That text is longer than %d characters.", most).With(field)
	}
	return nil
}

// checkText is CheckLength of a text that may be absent, with what every column takes.
func checkText(field string, value *string) error {
	if value == nil {
		return nil
	}
	return CheckLength(field, *value, MaxText)
}

var languageForm = regexp.MustCompile(`^[a-z]{2}_[A-Z]{2}$`)

// checkLanguage returns INVALID_LANGUAGE for what is not of the form en_US. An empty one is fine: it stands for the
// default. So is an absent one.
func checkLanguage(value *string) error {
	if value != nil && *value != "" && !languageForm.MatchString(*value) {
		return Fail(Invalid, CodeInvalidLanguage, "language must look like en_US.").With("language")
	}
	return nil
}

// KnownLanguage is a stored language, "" for what is none.
func KnownLanguage(stored string) string {
	if checkLanguage(&stored) != nil {
		return ""
	}
	return stored
}

// KnownMailbox is the stored format and folder of a mailbox, "" for what Dovecot does not take.
func KnownMailbox(format, folder string) (knownFormat, knownFolder string) {
	if !slices.Contains(mailboxFormats, format) {
		format = ""
	}
	if !folderForm.MatchString(folder) {
		folder = ""
	}
	return format, folder
}

var mailboxFormats = []string{"maildir", "mdbox", "sdbox"}

var folderForm = regexp.MustCompile(`^[a-zA-Z0-9]{1,20}$`)

// CheckMailbox returns INVALID_MAILBOX_FORMAT or INVALID_MAILBOX_FOLDER for what Dovecot does not take.
func CheckMailbox(format, folder string) error {
	if !slices.Contains(mailboxFormats, format) {
		return Fail(Invalid, CodeInvalidMailboxFormat, "mailboxFormat must be maildir, mdbox or sdbox.").With("mailboxFormat")
	}
	if !folderForm.MatchString(folder) {
		return Fail(Invalid, CodeInvalidMailboxFolder, "A mailbox folder has 1 to 20 letters and digits.").With("mailboxFolder")
	}
	return nil
}

// The access policies of alias accounts and mailing lists. The empty one is public too.
const (
	PolicyPublic         = "public"
	PolicyDomain         = "domain"
	PolicySubdomain      = "subdomain"
	PolicyMembersOnly    = "membersonly"
	PolicyModeratorsOnly = "moderatorsonly"
)

// checkPolicy returns VALUE_TOO_LONG for an access policy that no store takes. Which words there are the contract says.
func checkPolicy(value *string) error {
	if value == nil {
		return nil
	}
	return CheckLength("accessPolicy", *value, maxPolicy)
}

// firstOf returns the first error.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
