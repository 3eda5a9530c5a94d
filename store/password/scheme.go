package password

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

	"github.com/postern-mail/postern/store"
)

// Scheme is a way to store a password, under the name that the configuration uses.
type Scheme string

// The schemes that new passwords can be stored in, each written with its "{SCHEME}". Dovecot knows them all but NTLM,
// which it dropped with version 2.3: users with such a hash cannot log in there.
const (
	SSHA512     Scheme = "SSHA512"
	SSHA        Scheme = "SSHA"
	SHA512      Scheme = "SHA512"
	Bcrypt      Scheme = "BCRYPT"
	SHA512Crypt Scheme = "SHA512-CRYPT"
	SHA256Crypt Scheme = "SHA256-CRYPT"
	MD5         Scheme = "MD5" // md5-crypt
	PlainMD5    Scheme = "PLAIN-MD5"
	CRAMMD5     Scheme = "CRAM-MD5"
	NTLM        Scheme = "NTLM"
	Plain       Scheme = "PLAIN"
)

var writable = []Scheme{
	SSHA512, SSHA, SHA512, Bcrypt, SHA512Crypt, SHA256Crypt, MD5,
	PlainMD5, CRAMMD5, NTLM, Plain,
}

// ParseScheme returns the scheme of that name, in any case, or INVALID_PASSWORD_SCHEME.
func ParseScheme(name string) (Scheme, error) {
	scheme := Scheme(strings.ToUpper(strings.TrimSpace(name)))
	if slices.Contains(writable, scheme) {
		return scheme, nil
	}
	known := make([]string, len(writable))
	for i, s := range writable {
		known[i] = string(s)
	}
	return "", store.Fail(store.Invalid, store.CodeInvalidPasswordScheme, "The password scheme must be one of %s.", strings.Join(known, ", "))
}

// Quick reports whether a hash takes microseconds: the scheme is one digest.
func (s Scheme) Quick() bool {
	return !slices.Contains([]Scheme{Bcrypt, SHA512Crypt, SHA256Crypt, MD5}, s)
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

// Hash returns the text to store for a password. It does not look at any policy, but fails with
// WEAK_PASSWORD for an empty one, and for one that is too long where the scheme could not keep the whole password.
func Hash(scheme Scheme, password string) (store.Secret, error) {
	if password == "" {
		return "", Policy{}.Check(password)
	}
	limit := maxLength
	switch scheme {
	case Bcrypt:
		limit = bcryptLimit
	case Plain:
		limit = hashLimit - len("{PLAIN}")
	}
	if len(password) > limit {
		return "", weak([]string{CodeTooLong}, "The password must have at most %d characters.", limit)
	}
	hash, err := hashAs(scheme, password)
	if err != nil {
		return "", fmt.Errorf("hash a password as %s: %w", scheme, err)
	}
	return store.Secret(hash), nil
}

func hashAs(scheme Scheme, password string) (string, error) {
	switch scheme {
	case SSHA512:
		salt := newSalt()
		sum := sha512.Sum512(append([]byte(password), salt...))
		return "{SSHA512}" + base64.StdEncoding.EncodeToString(append(sum[:], salt...)), nil
	case SSHA:
		salt := newSalt()
		sum := sha1.Sum(append([]byte(password), salt...)) //nolint:gosec // chosen by the configuration
		return "{SSHA}" + base64.StdEncoding.EncodeToString(append(sum[:], salt...)), nil
	case SHA512:
		sum := sha512.Sum512([]byte(password))
		return "{SHA512}" + base64.StdEncoding.EncodeToString(sum[:]), nil
	case Bcrypt:
		return hashBcrypt(password)
	case SHA512Crypt:
		return hashSHACrypt("{SHA512-CRYPT}", shacrypt.VariantSHA512, password)
	case SHA256Crypt:
		return hashSHACrypt("{SHA256-CRYPT}", shacrypt.VariantSHA256, password)
	case MD5:
		h, err := md5crypt.New()
		return encode("{CRYPT}", h, password, err)
	case PlainMD5:
		sum := md5.Sum([]byte(password)) //nolint:gosec // chosen by the configuration
		return "{PLAIN-MD5}" + hex.EncodeToString(sum[:]), nil
	case CRAMMD5:
		return "{CRAM-MD5}" + hex.EncodeToString(cramContexts(password)), nil
	case NTLM:
		return "{NTLM}" + hex.EncodeToString(ntlmSum(password)), nil
	case Plain:
		return "{PLAIN}" + password, nil
	}
	return "", store.Fail(store.Invalid, store.CodeInvalidPasswordScheme, "There is no such password scheme.")
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
