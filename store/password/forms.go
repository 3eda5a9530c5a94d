package password

import (
	"crypto/md5"  //nolint:gosec // formats that mail servers hold
	"crypto/sha1" //nolint:gosec // formats that mail servers hold
	"crypto/sha256"
	"crypto/sha512"
	"maps"
	"slices"
	"strings"
)

// hashForm is how the hashes of one scheme look.
type hashForm struct {
	// bytes says that the hash is bytes, which are written in base64 or hexadecimal. Otherwise it is text.
	bytes bool
	// size is how many bytes it always has, 0 where a salt makes it longer.
	size int
	read func(raw string) (readHash, error)
}

// schemes are all that can be verified, which are those that a caller may hand over. Names are in upper case, as
// Dovecot's (src/auth/password-scheme.c) but for SHA1 and NTLM, which other programs write.
var schemes = map[string]hashForm{
	"PLAIN":        {read: readPlain},
	"CLEAR":        {read: readPlain},
	"CLEARTEXT":    {read: readPlain},
	"CRYPT":        {read: readCrypt},
	"MD5":          {read: readMD5},
	"MD5-CRYPT":    {read: readMD5Crypt},
	"PLAIN-MD5":    {bytes: true, size: md5.Size, read: readSum(md5.New)},
	"LDAP-MD5":     {bytes: true, size: md5.Size, read: readSum(md5.New)},
	"SMD5":         {bytes: true, read: readSalted(md5.New)},
	"SHA":          {bytes: true, size: sha1.Size, read: readSum(sha1.New)},
	"SHA1":         {bytes: true, size: sha1.Size, read: readSum(sha1.New)},
	"SSHA":         {bytes: true, read: readSalted(sha1.New)},
	"SHA256":       {bytes: true, size: sha256.Size, read: readSum(sha256.New)},
	"SSHA256":      {bytes: true, read: readSalted(sha256.New)},
	"SHA512":       {bytes: true, size: sha512.Size, read: readSum(sha512.New)},
	"SSHA512":      {bytes: true, read: readSalted(sha512.New)},
	"SHA256-CRYPT": {read: readSHA256Crypt},
	"SHA512-CRYPT": {read: readSHA512Crypt},
	"BLF-CRYPT":    {read: readBcrypt},
	"CRAM-MD5":     {bytes: true, size: cramSize, read: readDigest(cramSize, cramContexts)},
	"NTLM":         {bytes: true, size: ntlmSize, read: readDigest(ntlmSize, ntlmSum)},
	"PBKDF2":       {read: readPBKDF2},
	"ARGON2I":      {read: readArgon2("i")},
	"ARGON2ID":     {read: readArgon2("id")},
}

// schemeNames are the names for a person.
func schemeNames() string { return strings.Join(slices.Sorted(maps.Keys(schemes)), ", ") }
