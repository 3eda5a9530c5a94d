package mlmmj

import (
	"slices"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// mark names the list in each post. It is not among mlmmjadmin's own headers, so it stands among the given ones.
const mark = "X-Mailing-List"

// automatic are the header lines that a list adds to each post beside those of its settings, in mlmmjadmin's order.
// Source: libs/mlmmj.py of mlmmjadmin; List-Post and the others are those of RFC 2369, List-Id that of RFC 2919.
func automatic(mail string) []string {
	local, domain := store.SplitAddress(mail)
	return []string{
		"Precedence: bulk",
		"List-Id: <" + mail + ">",
		"Reply-To: " + mail,
		"List-Post: <mailto:" + mail + ">",
		"List-Subscribe: <mailto:" + local + "+subscribe@" + domain + "?subject=Subscribe>",
		"List-Unsubscribe: <mailto:" + local + "+unsubscribe@" + domain + "?subject=Unsubscribe>",
	}
}

func isAutomatic(name string) bool {
	return slices.Contains(rules.AutomaticListHeaders, strings.ToLower(name))
}

// marked returns the given header lines and the one that names the list.
func marked(mail string, s *store.MlmmjSettings) []string {
	return slices.Sorted(slices.Values(append(slices.Clone(s.CustomHeaders), mark+": "+mail)))
}

// stripped returns the names of all header lines that the list removes.
func stripped(s *store.MlmmjSettings) []string {
	return slices.Sorted(slices.Values(slices.Concat(s.RemoveHeaders, alwaysRemoved)))
}

// content returns what the parameter's control file holds under these settings; nil when there is no file.
func (p parameter) content(mail string, s *store.MlmmjSettings) []byte {
	v := p.of(s)
	switch p.form {
	case flag:
		return present(v.Bool())
	case line:
		return asLines(v.String())
	case size:
		if s.MaxMessageSize == 0 {
			return nil
		}
		return asLines(strconv.FormatInt(s.MaxMessageSize, 10))
	case members:
		return asLines(v.Interface().([]string)...)
	case approval:
		if s.ModerateSubscription && len(s.SubscriptionModerators) > 0 {
			return asLines(s.SubscriptionModerators...)
		}
		return present(s.ModerateSubscription)
	case own:
		return asLines(append([]string{mail}, s.ExtraAddresses...)...)
	case added:
		return asLines(append(marked(mail, s), automatic(mail)...)...)
	case removed:
		return asLines(stripped(s)...)
	default:
		if p.field == "FooterText" && s.FooterText == "" && s.FooterHTML != "" {
			return []byte("\n")
		}
		return asLines(v.String())
	}
}

// read sets the parameter's field from its control file; nil when there is none.
func (p parameter) read(mail string, content []byte, s *store.MlmmjSettings) {
	v := p.of(s)
	switch p.form {
	case flag:
		v.SetBool(content != nil)
	case line:
		first, _, _ := strings.Cut(string(content), "\n")
		v.SetString(strings.TrimRight(first, "\r"))
	case size:
		first, _, _ := strings.Cut(string(content), "\n")
		if n, err := strconv.ParseInt(strings.TrimSpace(first), 10, 64); err == nil && n > 0 {
			s.MaxMessageSize = n
		}
	case approval:
		s.ModerateSubscription = content != nil
		s.SubscriptionModerators = lower(linesOf(content))
	case members:
		*v.Addr().Interface().(*[]string) = lower(linesOf(content))
	case own:
		s.ExtraAddresses = without(lower(linesOf(content)), mail)
	case added:
		s.CustomHeaders = ownHeaders(linesOf(content))
	case removed:
		s.RemoveHeaders = slices.DeleteFunc(linesOf(content), isAlwaysRemoved)
	case text:
		v.SetString(strings.TrimRight(strings.ReplaceAll(string(content), "\r\n", "\n"), "\n"))
	}
}

// ownHeaders leaves out the header lines that the list writes itself.
func ownHeaders(lines []string) []string {
	return slices.DeleteFunc(lines, func(l string) bool {
		name, _, _ := strings.Cut(l, ":")
		return isAutomatic(name)
	})
}

func present(yes bool) []byte {
	if yes {
		return []byte{}
	}
	return nil
}

// asLines returns the values, each on its own line; nil when there are none.
func asLines(values ...string) []byte {
	if len(values) == 0 || len(values) == 1 && values[0] == "" {
		return nil
	}
	return []byte(strings.Join(values, "\n") + "\n")
}

// linesOf returns the lines of a file that hold something, sorted.
func linesOf(content []byte) []string {
	values := []string{}
	for l := range strings.Lines(string(content)) {
		if l = strings.TrimSpace(l); l != "" {
			values = append(values, l)
		}
	}
	slices.Sort(values)
	return values
}

// lower returns addresses in lower case, sorted.
func lower(values []string) []string {
	for i, v := range values {
		values[i] = strings.ToLower(v)
	}
	slices.Sort(values)
	return values
}

// without returns the values that are not v.
func without(values []string, v string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(x string) bool { return x == v })
}
