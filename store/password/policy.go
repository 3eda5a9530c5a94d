package password

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/store"
)

// CodeWeak is the code of a password that the policy refuses. The others are its causes, one for each rule that is broken;
// CodeEmpty stands alone.
const (
	CodeWeak      = "WEAK_PASSWORD"
	CodeEmpty     = "PW_EMPTY"
	CodeNonASCII  = "PW_NON_ASCII"
	CodeTooShort  = "PW_SHORTER_THAN_MIN_LENGTH"
	CodeTooLong   = "PW_GREATER_THAN_MAX_LENGTH"
	CodeNoLetter  = "PW_NO_LETTER"
	CodeNoUpper   = "PW_NO_UPPERCASE"
	CodeNoDigit   = "PW_NO_DIGIT_NUMBER"
	CodeNoSpecial = "PW_NO_SPECIAL_CHAR"
)

const (
	defaultSpecial = "#$%&*+-,.:;!=<>'\"?@[]/(){}_`~"
	// maxLength is how many bytes a password may have: as many as crypt(3) takes. It bounds the cost of hashing.
	maxLength         = 511
	fieldPassword     = "password"
	fieldPasswordHash = "password_hash"
)

// Policy is what a new password must be like. Lengths are in characters, which are bytes here since only
// ASCII is allowed.
type Policy struct {
	MinLength   int64
	MaxLength   int64 // 0 is no limit but for the 511 that crypt(3) takes
	NeedLetter  bool
	NeedUpper   bool
	NeedDigit   bool
	NeedSpecial bool
	Special     string // the characters of which NeedSpecial wants one
}

// DefaultPolicy is iRedAdmin's.
func DefaultPolicy() Policy {
	return Policy{
		MinLength: 8, NeedLetter: true, NeedUpper: true, NeedDigit: true, NeedSpecial: true, Special: defaultSpecial,
	}
}

// ServerPolicy is iRedAdmin's default as the settings in its database change it. Without such a database, which
// is nil, it is the default.
func ServerPolicy(ctx context.Context, panel store.Panel) (Policy, error) {
	policy := DefaultPolicy()
	if panel == nil {
		return policy, nil
	}
	settings, err := panel.PanelSettings(ctx)
	if err != nil {
		return policy, fmt.Errorf("read the panel's settings: %w", err)
	}
	return policy.WithPanelSettings(settings), nil
}

// ForDomain returns the policy for users of a domain with those rules: its lengths count where it sets any.
func (p Policy) ForDomain(r store.DomainRules) Policy {
	if r.MinPasswordLength > 0 {
		p.MinLength = r.MinPasswordLength
	}
	if r.MaxPasswordLength > 0 {
		p.MaxLength = r.MaxPasswordLength
	}
	return p
}

// WithPanelSettings returns the policy with what the panel's settings say (see Panel). A value of another type, or
// a negative length, is ignored.
func (p Policy) WithPanelSettings(settings map[string]any) Policy {
	setLength(&p.MinLength, settings["min_passwd_length"])
	setLength(&p.MaxLength, settings["max_passwd_length"])
	setFlag(&p.NeedLetter, settings["password_has_letter"])
	setFlag(&p.NeedUpper, settings["password_has_uppercase"])
	setFlag(&p.NeedDigit, settings["password_has_number"])
	setFlag(&p.NeedSpecial, settings["password_has_special_char"])
	return p
}

func setLength(target *int64, v any) {
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case int:
		n = int64(v)
	case float64:
		if n = int64(v); float64(n) != v {
			return
		}
	case json.Number:
		setLength(target, v.String())
		return
	case string:
		parsed, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		if err != nil {
			return
		}
		n = parsed
	default:
		return
	}
	if n >= 0 {
		*target = n
	}
}

func setFlag(target *bool, v any) {
	switch v {
	case true, "true":
		*target = true
	case false, "false":
		*target = false
	}
}

// Trim removes the white space around a password, as the panel does before it looks at one.
func Trim(password string) string { return strings.TrimSpace(password) }

// weak is the failure of a password that breaks the rules with those codes.
func weak(causes []string, format string, args ...any) *store.Error {
	e := store.Fail(store.Unprocessable, CodeWeak, format, args...).With(fieldPassword)
	e.Causes = causes
	return e
}

// Missing is the failure of an account that has to have a password and was given none. names are the parameters of which one would do.
func Missing(names ...string) error {
	return weak([]string{CodeEmpty}, "%s is missing.", strings.Join(names, " or "))
}

// Check returns nil when the password, already trimmed, keeps the policy. Otherwise it returns an *Error whose causes
// are the codes of all rules that it breaks, and one sentence, which never shows the password.
func (p Policy) Check(password string) error {
	if password == "" {
		return weak([]string{CodeEmpty}, "The password is empty.")
	}
	var codes, wants []string
	for _, rule := range p.rules() {
		if !rule.kept(password) {
			codes = append(codes, rule.code)
			wants = append(wants, rule.want)
		}
	}
	if len(codes) == 0 {
		return nil
	}
	return weak(codes, "The password must have %s.", enumerate(wants))
}

// rule is one demand of a policy: want completes "the password must have".
type rule struct {
	code string
	want string
	kept func(string) bool
}

// rules returns the demands in the order in which their codes are reported.
func (p Policy) rules() []rule {
	limit := int64(maxLength)
	if p.MaxLength > 0 {
		limit = min(limit, p.MaxLength)
	}
	rules := []rule{
		{CodeNonASCII, "only printable ASCII characters", isPrintable},
		{CodeTooShort, fmt.Sprintf("at least %d characters", p.MinLength),
			func(s string) bool { return int64(len(s)) >= p.MinLength }},
		{CodeTooLong, fmt.Sprintf("at most %d characters", limit),
			func(s string) bool { return int64(len(s)) <= limit }},
	}
	for _, need := range []struct {
		wanted                 bool
		code, want, characters string
	}{
		{p.NeedLetter, CodeNoLetter, "a letter", lowerLetters + upperLetters},
		{p.NeedUpper, CodeNoUpper, "an upper-case letter", upperLetters},
		{p.NeedDigit, CodeNoDigit, "a digit", "0123456789"},
		{p.NeedSpecial && p.Special != "", CodeNoSpecial, "one of the characters " + p.Special, p.Special},
	} {
		if need.wanted {
			rules = append(rules, rule{need.code, need.want,
				func(s string) bool { return strings.ContainsAny(s, need.characters) }})
		}
	}
	return rules
}

const (
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// isPrintable reports whether the text is made of printable ASCII alone.
func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// enumerate joins the items as a sentence does.
func enumerate(items []string) string {
	last := len(items) - 1
	if last == 0 {
		return items[0]
	}
	return strings.Join(items[:last], ", ") + " and " + items[last]
}
