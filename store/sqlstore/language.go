package sqlstore

import (
	"regexp"

	"github.com/postern-mail/postern/store"
)

var languageForm = regexp.MustCompile(`^[a-z]{2}_[A-Z]{2}$`)

// checkLanguage returns INVALID_LANGUAGE for what is not of the form en_US. An empty one is fine: it stands for the
// default.
func checkLanguage(value string) error {
	if value != "" && !languageForm.MatchString(value) {
		return store.Fail(store.Invalid, store.CodeInvalidLanguage, "A language is written as in en_US.").With("language")
	}
	return nil
}
