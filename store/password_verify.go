package store

import (
	"crypto/md5"  //nolint:gosec // formats that mail servers hold
	"crypto/sha1" //nolint:gosec // formats that mail servers hold
	"crypto/sha256"
	"crypto/sha512"
	"slices"
	"strings"
)

// matcher compares a password with what is stored, without the "{SCHEME}". It never panics.
type matcher func(stored, password string) bool

// matchers are the schemes that can be stored, in upper case.
var matchers = map[string]matcher{
	"PLAIN":        matchPlain,
	"CRYPT":        matchCrypt,
	"MD5":          matchMD5OrCrypt,
	"MD5-CRYPT":    matchMD5Crypt,
	"PLAIN-MD5":    matchMD5,
	"LDAP-MD5":     matchMD5,
	"SMD5":         matchSum(md5.New, true),
	"SHA":          matchSum(sha1.New, false),
	"SHA1":         matchSum(sha1.New, false),
	"SSHA":         matchSum(sha1.New, true),
	"SHA256":       matchSum(sha256.New, false),
	"SSHA256":      matchSum(sha256.New, true),
	"SHA512":       matchSum(sha512.New, false),
	"SSHA512":      matchSum(sha512.New, true),
	"SHA256-CRYPT": matchSHA256Crypt,
	"SHA512-CRYPT": matchSHA512Crypt,
	"BLF-CRYPT":    matchBcrypt,
	"CRAM-MD5":     matchCRAM,
	"NTLM":         matchNTLM,
	"PBKDF2":       matchPBKDF2,
	"ARGON2I":      matchArgon2,
	"ARGON2ID":     matchArgon2,
}

// VerifyPassword reports whether the password is the one that is stored. It knows what Dovecot and iRedAdmin write;
// without a "{SCHEME}" only crypt(3) text such as "$6$..." counts, so a bare plain text never verifies. A stored
// hash that would be unreasonably costly to check does not verify either, and neither does an empty password. An entry of a
// directory may have several hashes, which come one a line: any of them counts.
func VerifyPassword(stored Secret, password string) bool {
	return slices.ContainsFunc(strings.Split(stored.Reveal(), "\n"), func(hash string) bool { return verifyOne(hash, password) })
}

func verifyOne(hash, password string) bool {
	scheme, rest := "CRYPT", hash
	if !strings.HasPrefix(rest, "$") {
		var ok bool
		if scheme, rest, ok = splitHash(rest); !ok {
			return false
		}
	}
	match := matchers[scheme]
	if match == nil || rest == "" || password == "" || len(password) > passwordLimit {
		return false
	}
	return match(rest, password)
}

// splitHash parts "{SCHEME}rest" and brings the scheme to upper case.
func splitHash(hash string) (scheme, rest string, ok bool) {
	if !strings.HasPrefix(hash, "{") {
		return "", "", false
	}
	scheme, rest, ok = strings.Cut(hash[1:], "}")
	return strings.ToUpper(scheme), rest, ok
}

// hashSchemes are those that a caller may hand over as a hash.
var hashSchemes = strings.Fields("PLAIN CRYPT MD5 MD5-CRYPT PLAIN-MD5 LDAP-MD5 SMD5 SHA SSHA SHA256 SSHA256 SHA256-CRYPT " +
	"SHA512 SSHA512 SHA512-CRYPT BLF-CRYPT CRAM-MD5 NTLM ARGON2I ARGON2ID")

// CheckPasswordHash returns nil when the text may be stored as a password as it is: "{SCHEME}" with a scheme that
// Dovecot knows, in any case, and something after it. Otherwise it fails with INVALID_PASSWORD_SCHEME.
func CheckPasswordHash(hash string) error {
	scheme, rest, ok := splitHash(hash)
	for _, known := range hashSchemes {
		if ok && scheme == known && rest != "" && len(hash) <= hashLimit && isPrintable(hash) {
			return nil
		}
	}
	return Fail(Invalid, CodeInvalidPasswordScheme,
		"A password hash is {SCHEME} and the hash, %d printable ASCII characters at most, with one of the schemes %s.",
		hashLimit, strings.Join(hashSchemes, ", ")).With(fieldPasswordHash)
}
