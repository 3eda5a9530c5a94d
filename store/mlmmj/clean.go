package mlmmj

import (
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/postern-mail/postern/store"
)

// headerName is the name of a header line, as RFC 5322 has it.
var headerName = regexp.MustCompile(`^[!-9;-~]+$`)

// alwaysRemoved are the header lines that a list takes out of each post whatever is asked: a signature that the
// list's changes break, and what another server said of it.
var alwaysRemoved = []string{"Authentication-Results:", "DKIM-Signature:"}

// clean returns the update as the control files hold it: sorted, without repetitions and without what the list writes
// itself. What could reach beyond its own line is refused, with the parameter's name.
func clean(mail string, u store.MlmmjUpdate) (store.MlmmjUpdate, error) {
	for _, p := range parameters {
		v := p.of(&u)
		if v.IsNil() {
			continue
		}
		var value any
		var err *store.Error
		switch given := v.Elem().Interface().(type) {
		case bool:
			value = given
		case int64:
			value, err = cleanSize(given)
		case string:
			value, err = cleanText(given, p.form)
		case []string:
			value, err = cleanLines(mail, given, p.form)
		}
		if err != nil {
			return u, err.With(p.name)
		}
		fresh := reflect.New(v.Type().Elem())
		fresh.Elem().Set(reflect.ValueOf(value))
		v.Set(fresh)
	}
	return u, nil
}

// cleanSize keeps a limit within the 31 bits that mlmmj counts in: a larger one would wrap around there and refuse all
// posts.
func cleanSize(n int64) (int64, *store.Error) {
	if n < 0 {
		return 0, store.Fail(store.Invalid, store.CodeInvalidNumber, "The size cannot be negative.")
	}
	return min(n, math.MaxInt32), nil
}

func cleanText(s string, f form) (string, *store.Error) {
	if f == text {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
		if strings.Contains(s, "\x00") {
			return "", invalid("A footer cannot hold a NUL character.")
		}
		return strings.TrimSpace(s), nil
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "", invalid("That has to be one line without control characters.")
	}
	return s, nil
}

func cleanLines(mail string, lines []string, f form) ([]string, *store.Error) {
	switch f {
	case added:
		return cleanHeaders(lines)
	case removed:
		return cleanNames(lines)
	}
	clean, err := cleanAddresses(lines)
	if f == own {
		clean = slices.DeleteFunc(clean, func(a string) bool { return a == mail })
	}
	return clean, err
}

func cleanAddresses(addresses []string) ([]string, *store.Error) {
	clean := make([]string, 0, len(addresses))
	for _, a := range addresses {
		n, err := store.NormaliseForeign(a)
		if err != nil || n[0] == '/' { // mlmmj names files after the first character
			return nil, store.Fail(store.Invalid, store.CodeInvalidMail,
				"One of the addresses is no mail address that can be used here.")
		}
		clean = append(clean, n)
	}
	slices.Sort(clean)
	return slices.Compact(clean), nil
}

// Kept implements store.Mlmmj.
func (s *Spool) Kept(mail string, settings store.MlmmjSettings) (store.MlmmjSettings, error) {
	domain, local, err := directory(mail)
	if err != nil {
		return settings, err
	}
	mail = local + "@" + domain
	u, err := clean(mail, everything(settings))
	return kept(mail, store.MlmmjSettings{}.With(u)), err
}

// kept are clean settings as they are read from the files that hold them.
func kept(mail string, written store.MlmmjSettings) store.MlmmjSettings {
	var read store.MlmmjSettings
	for _, p := range parameters {
		p.read(mail, p.content(mail, &written), &read)
	}
	return read
}

// Takes implements store.Mlmmj.
func (s *Spool) Takes(address string) error {
	if _, err := cleanAddresses([]string{address}); err != nil {
		return err
	}
	return nil
}

// cleanHeaders leaves out what is no header line and what the list writes itself.
func cleanHeaders(lines []string) ([]string, *store.Error) {
	clean := make([]string, 0, len(lines))
	for _, l := range lines {
		l = strings.TrimSpace(l)
		name, _, found := strings.Cut(l, ":")
		switch {
		case strings.ContainsFunc(l, func(r rune) bool { return r != '\t' && unicode.IsControl(r) }):
			return nil, invalid("A header line cannot hold a line break or another control character.")
		case !found || isAutomatic(name):
			continue
		case !headerName.MatchString(name):
			return nil, invalid("A header line has to be of the form Name: value.")
		}
		clean = append(clean, l)
	}
	slices.Sort(clean)
	return slices.Compact(clean), nil
}

// cleanNames gives each name its colon and leaves out those that are always removed.
func cleanNames(names []string) ([]string, *store.Error) {
	clean := make([]string, 0, len(names))
	for _, n := range names {
		n = strings.TrimSuffix(strings.TrimSpace(n), ":")
		if !headerName.MatchString(n) {
			return nil, invalid("That is not the name of a header line.")
		}
		if n += ":"; !isAlwaysRemoved(n) {
			clean = append(clean, n)
		}
	}
	slices.Sort(clean)
	return slices.Compact(clean), nil
}

func isAlwaysRemoved(name string) bool {
	return slices.ContainsFunc(alwaysRemoved, func(a string) bool { return strings.EqualFold(a, name) })
}

func invalid(detail string) *store.Error {
	return store.Fail(store.Invalid, store.CodeInvalidValue, "%s", detail)
}
