package store

import (
	"crypto/md5" //nolint:gosec // formats that mail servers hold
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // formats that mail servers hold
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/md5crypt"
	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"golang.org/x/crypto/bcrypt"
)

// PasswordScheme is a way to store a password, under the name that the configuration uses.
type PasswordScheme string

// The schemes that new passwords can be stored in, each written with its "{SCHEME}". Dovecot knows them all but NTLM,
// which it dropped with version 2.3: users with such a hash cannot log in there.
const (
	SchemeSSHA512     PasswordScheme = "SSHA512"
	SchemeSSHA        PasswordScheme = "SSHA"
	SchemeSHA512      PasswordScheme = "SHA512"
	SchemeBcrypt      PasswordScheme = "BCRYPT"
	SchemeSHA512Crypt PasswordScheme = "SHA512-CRYPT"
	SchemeSHA256Crypt PasswordScheme = "SHA256-CRYPT"
	SchemeMD5         PasswordScheme = "MD5" // md5-crypt
	SchemePlainMD5    PasswordScheme = "PLAIN-MD5"
	SchemeCRAMMD5     PasswordScheme = "CRAM-MD5"
	SchemeNTLM        PasswordScheme = "NTLM"
	SchemePlain       PasswordScheme = "PLAIN"
)

var passwordSchemes = []PasswordScheme{
	SchemeSSHA512, SchemeSSHA, SchemeSHA512, SchemeBcrypt, SchemeSHA512Crypt, SchemeSHA256Crypt, SchemeMD5,
	SchemePlainMD5, SchemeCRAMMD5, SchemeNTLM, SchemePlain,
}

// ParsePasswordScheme returns the scheme of that name, in any case, or INVALID_PASSWORD_SCHEME.
func ParsePasswordScheme(name string) (PasswordScheme, error) {
	scheme := PasswordScheme(strings.ToUpper(strings.TrimSpace(name)))
	if slices.Contains(passwordSchemes, scheme) {
		return scheme, nil
	}
	known := make([]string, len(passwordSchemes))
	for i, s := range passwordSchemes {
		known[i] = string(s)
	}
	return "", Fail(Invalid, CodeInvalidPasswordScheme, "The password scheme must be one of %s.", strings.Join(known, ", "))
}

// Quick reports whether a hash takes microseconds: the scheme is one digest.
func (s PasswordScheme) Quick() bool {
	return !slices.Contains([]PasswordScheme{SchemeBcrypt, SchemeSHA512Crypt, SchemeSHA256Crypt, SchemeMD5}, s)
}

const (
	saltSize   = 8  // bytes
	bcryptCost = 10 // about 50 ms
	// shaCryptRounds is what an encoded hash without "rounds=" means.
	shaCryptRounds = 5000
	// bcryptLimit is how many bytes of a password bcrypt looks at.
	bcryptLimit = 72
	// hashLimit is how many characters the password columns take.
	hashLimit = 255
)

// HashPassword returns the text to store for a password. It does not look at any policy, but fails with
// PW_EMPTY, and with PW_GREATER_THAN_MAX_LENGTH where the scheme could not keep the whole password.
func HashPassword(scheme PasswordScheme, password string) (Secret, error) {
	if password == "" {
		return "", PasswordPolicy{}.Check(password)
	}
	limit := passwordLimit
	switch scheme {
	case SchemeBcrypt:
		limit = bcryptLimit
	case SchemePlain:
		limit = hashLimit - len("{PLAIN}")
	}
	if len(password) > limit {
		return "", Fail(Unprocessable, CodePasswordTooLong, "The password must have at most %d characters.", limit).With(fieldPassword)
	}
	hash, err := hashPassword(scheme, password)
	if err != nil {
		return "", fmt.Errorf("hash a password as %s: %w", scheme, err)
	}
	return Secret(hash), nil
}

func hashPassword(scheme PasswordScheme, password string) (string, error) {
	switch scheme {
	case SchemeSSHA512:
		salt := newSalt()
		sum := sha512.Sum512(append([]byte(password), salt...))
		return "{SSHA512}" + base64.StdEncoding.EncodeToString(append(sum[:], salt...)), nil
	case SchemeSSHA:
		salt := newSalt()
		sum := sha1.Sum(append([]byte(password), salt...)) //nolint:gosec // chosen by the configuration
		return "{SSHA}" + base64.StdEncoding.EncodeToString(append(sum[:], salt...)), nil
	case SchemeSHA512:
		sum := sha512.Sum512([]byte(password))
		return "{SHA512}" + base64.StdEncoding.EncodeToString(sum[:]), nil
	case SchemeBcrypt:
		return hashBcrypt(password)
	case SchemeSHA512Crypt:
		return hashSHACrypt("{SHA512-CRYPT}", shacrypt.VariantSHA512, password)
	case SchemeSHA256Crypt:
		return hashSHACrypt("{SHA256-CRYPT}", shacrypt.VariantSHA256, password)
	case SchemeMD5:
		h, err := md5crypt.New()
		return encode("{CRYPT}", h, password, err)
	case SchemePlainMD5:
		sum := md5.Sum([]byte(password)) //nolint:gosec // chosen by the configuration
		return "{PLAIN-MD5}" + hex.EncodeToString(sum[:]), nil
	case SchemeCRAMMD5:
		return "{CRAM-MD5}" + hex.EncodeToString(cramContexts(password)), nil
	case SchemeNTLM:
		return "{NTLM}" + hex.EncodeToString(ntlmSum(password)), nil
	case SchemePlain:
		return "{PLAIN}" + password, nil
	}
	return "", Fail(Invalid, CodeInvalidPasswordScheme, "There is no such password scheme.")
}

func newSalt() []byte {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // it never fails
	return salt
}

// hashBcrypt writes the identifier that other programs write; what it stands for is the same.
func hashBcrypt(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcryptCost)
	return "{CRYPT}" + strings.Replace(string(hash), "$2a$", "$2b$", 1), err
}

func hashSHACrypt(prefix string, variant shacrypt.Variant, password string) (string, error) {
	h, err := shacrypt.New(shacrypt.WithVariant(variant), shacrypt.WithIterations(shaCryptRounds))
	return encode(prefix, h, password, err)
}

func encode(prefix string, h algorithm.Hash, password string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	digest, err := h.Hash(password)
	if err != nil {
		return "", err
	}
	return prefix + digest.Encode(), nil
}
