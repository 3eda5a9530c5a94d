package password

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// Stored is what an account has for a password, read and ready to be compared. An entry of a directory may have
// several hashes, one a line: any of them counts.
type Stored struct {
	hashes []readHash
	// unknown is the scheme of a hash that cannot be checked, "" when there is none.
	unknown string
}

// readHash is one hash whose form is right.
type readHash struct {
	match matcher
	// quick says that it is one digest, which takes microseconds.
	quick bool
	// alone says that no other may be computed beside it: it takes a lot of memory.
	alone bool
	// excess says in words what a hash from a caller may not have this much of, "" when it keeps the bounds.
	excess string
}

// matcher compares with a password. It never panics.
type matcher func(password string) bool

// Read reads what is stored. It knows what Dovecot and iRedAdmin write; without a "{SCHEME}" only crypt(3) text such
// as "$6$..." counts, so a bare plain text never verifies. A hash that would be unreasonably costly to check is one that
// cannot be checked.
func Read(stored store.Secret) Stored {
	var p Stored
	for hash := range strings.SplitSeq(stored.Reveal(), "\n") {
		scheme, h, err := readOne(hash)
		switch {
		case hash == "": // an account without a password: none is the right one
		case err != nil:
			p.unknown = scheme
		default:
			p.hashes = append(p.hashes, h)
		}
	}
	return p
}

// Costly reports whether the comparison takes so much memory or time that it should have no other of its kind beside it.
func (p Stored) Costly() bool {
	return slices.ContainsFunc(p.hashes, func(h readHash) bool { return h.alone || h.excess != "" })
}

// Quick reports whether the comparison takes microseconds.
func (p Stored) Quick() bool {
	return !slices.ContainsFunc(p.hashes, func(h readHash) bool { return !h.quick })
}

// Match reports whether the password is the one that is stored. An empty one never is, nor is one that is longer than any
// scheme takes. When it is none of those that can be checked and another is left, it fails with INVALID_PASSWORD_SCHEME,
// which names the scheme.
func (p Stored) Match(password string) (bool, error) {
	if password == "" || len(password) > maxLength {
		return false, nil
	}
	if slices.ContainsFunc(p.hashes, func(h readHash) bool { return h.match(password) }) {
		return true, nil
	}
	if p.unknown != "" {
		return false, store.Fail(store.Unprocessable, store.CodeInvalidPasswordScheme,
			"The stored password cannot be checked here: %s. Set a new password.", p.unknown)
	}
	return false, nil
}

// Verify reports whether the password is the one that is stored (see Read). It computes at once, whatever
// that costs: a server that computes for strangers bounds how many do so at a time.
func Verify(stored store.Secret, password string) bool {
	ok, err := Read(stored).Match(password)
	return ok && err == nil
}

// CheckHash returns nil when the text may be stored as a password as it is: "{SCHEME}" in any case, with a scheme
// that can be verified, and a hash of the form, length and alphabet of that scheme that costs no more to check than
// bcrypt with 12, argon2 with 64 MiB and 4 passes, or 100,000 rounds. Otherwise it fails with INVALID_PASSWORD_SCHEME.
func CheckHash(hash string) error {
	refuse := func(format string, args ...any) error {
		return store.Fail(store.Invalid, store.CodeInvalidPasswordScheme, format, args...).With(fieldPasswordHash)
	}
	if !strings.HasPrefix(hash, "{") || len(hash) > hashLimit || !isPrintable(hash) {
		return refuse("A password hash is {SCHEME} and the hash, %d printable ASCII characters at most, with one of the schemes %s.",
			hashLimit, schemeNames())
	}
	_, h, err := readOne(hash)
	if err != nil {
		return refuse("No password could be checked against this hash: %s.", err)
	}
	if h.excess != "" {
		return refuse("This hash would be too costly to check: %s.", h.excess)
	}
	return nil
}

// unreadable says in words why a hash cannot be checked. It never holds any of the hash.
type unreadable string

// Error implements error.
func (u unreadable) Error() string { return string(u) }

// schemeName is the form of names of schemes; what is none is not repeated, for it may be part of a password.
var schemeName = regexp.MustCompile(`^[A-Z0-9][A-Z0-9.-]{0,31}$`)

// readOne reads "{SCHEME}hash". The scheme is as it may be shown to a person, also beside an error.
func readOne(hash string) (shown string, h readHash, err error) {
	scheme, rest := "CRYPT", hash
	shown = "it is crypt(3) text of a kind that is not known"
	if !strings.HasPrefix(hash, "$") {
		var ok bool
		if scheme, rest, ok = splitHash(hash); !ok || !schemeName.MatchString(scheme) {
			return "it names no scheme", readHash{}, unreadable("it names no scheme")
		}
		shown = "its scheme is {" + scheme + "}"
	}
	name, encoding, _ := strings.Cut(scheme, ".")
	form, ok := schemes[name]
	if !ok {
		return shown, readHash{}, unreadable("{" + name + "} is none of the schemes " + schemeNames())
	}
	if !slices.Contains([]string{"", "HEX", "B64", "BASE64"}, encoding) {
		return shown, readHash{}, unreadable("the encoding that may follow a scheme is HEX or B64")
	}
	raw, ok := form.decode(rest, encoding)
	if !ok || raw == "" {
		return shown, readHash{}, unreadable("after {" + scheme + "} comes " + form.written(encoding))
	}
	if h, err = form.read(raw); err != nil {
		return shown, readHash{}, fmt.Errorf("after {%s} comes %w", scheme, err)
	}
	return shown, h, nil
}

// splitHash parts "{SCHEME}rest" and brings the scheme to upper case.
func splitHash(hash string) (scheme, rest string, ok bool) {
	if !strings.HasPrefix(hash, "{") {
		return "", "", false
	}
	scheme, rest, ok = strings.Cut(hash[1:], "}")
	return strings.ToUpper(scheme), rest, ok
}

// decode returns the bytes of a hash. An encoding that is named with the scheme, as Dovecot does (SSHA512.HEX), counts;
// otherwise a digest is base64, or hexadecimal where its length shows that, and anything else is as it is written.
func (f hashForm) decode(text, encoding string) (string, bool) {
	switch {
	case encoding == "HEX":
		return decodeHex(text)
	case encoding == "" && !f.bytes:
		return text, true
	case encoding == "" && f.size > 0 && len(text) == hex.EncodedLen(f.size):
		if raw, ok := decodeHex(text); ok {
			return raw, true
		}
	}
	return decodeBase64(text)
}

// written says in words how a hash of the scheme is written.
func (f hashForm) written(encoding string) string {
	switch {
	case encoding == "HEX":
		return "hexadecimal"
	case encoding == "" && !f.bytes:
		return "the hash"
	case encoding == "" && f.size > 0:
		return "base64 or hexadecimal"
	}
	return "base64"
}

func decodeHex(text string) (string, bool) {
	raw, err := hex.DecodeString(text)
	return string(raw), err == nil
}

// decodeBase64 takes base64 with or without its padding.
func decodeBase64(text string) (string, bool) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	return string(raw), err == nil
}
