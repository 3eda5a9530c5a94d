package store

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // what Dovecot's PBKDF2 is made of
	"crypto/subtle"
	"encoding/base64"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-crypt/crypt/algorithm/md5crypt"
	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// What a stored hash may cost to check, so that none can stall the server.
const (
	maxRounds       = 1_000_000 // of sha-crypt and PBKDF2
	maxBcryptCost   = 16
	maxArgonMemory  = 256 << 10 // KiB
	maxArgonWork    = 1 << 20   // KiB times passes
	maxArgonThreads = 16
	maxArgonKey     = 128 // bytes
)

var (
	md5CryptForm = regexp.MustCompile(`^\$1\$[!-#%-9;-~]{1,8}\$[./0-9A-Za-z]{22}$`)
	shaCryptForm = regexp.MustCompile(
		`^\$([56])\$(?:rounds=([0-9]{4,7})\$)?[!-#%-9;-~]{1,16}\$(?:[./0-9A-Za-z]{43}|[./0-9A-Za-z]{86})$`)
	bcryptForm = regexp.MustCompile(`^\$2[aby]\$[0-9]{2}\$[./0-9A-Za-z]{53}$`)
	argonForm  = regexp.MustCompile(
		`^\$argon2(id?)\$v=19\$m=([0-9]{1,7}),t=([0-9]{1,3}),p=([0-9]{1,2})\$([0-9A-Za-z+/]{2,171})\$([0-9A-Za-z+/]{2,171})$`)
	pbkdf2Form = regexp.MustCompile(`^\$1\$([!-#%-~]{1,64})\$([0-9]{1,7})\$([0-9a-fA-F]{40})$`)
)

// matchCrypt compares with what crypt(3) writes, but for the ancient DES.
func matchCrypt(stored, password string) bool {
	switch {
	case strings.HasPrefix(stored, "$1$"):
		return matchMD5Crypt(stored, password)
	case strings.HasPrefix(stored, "$5$"):
		return matchSHA256Crypt(stored, password)
	case strings.HasPrefix(stored, "$6$"):
		return matchSHA512Crypt(stored, password)
	}
	return matchBcrypt(stored, password)
}

// matchMD5OrCrypt tells apart the two things that carry "{MD5}": md5-crypt and, from directories, a bare digest.
func matchMD5OrCrypt(stored, password string) bool {
	if strings.HasPrefix(stored, "$") {
		return matchMD5Crypt(stored, password)
	}
	return matchMD5(stored, password)
}

func matchMD5Crypt(stored, password string) bool {
	if !md5CryptForm.MatchString(stored) {
		return false
	}
	digest, err := md5crypt.DecodeVariant(md5crypt.VariantStandard)(stored)
	return err == nil && digest.Match(password)
}

func matchSHA256Crypt(stored, password string) bool {
	return matchSHACrypt(shacrypt.VariantSHA256, stored, password)
}

func matchSHA512Crypt(stored, password string) bool {
	return matchSHACrypt(shacrypt.VariantSHA512, stored, password)
}

func matchSHACrypt(variant shacrypt.Variant, stored, password string) bool {
	form := shaCryptForm.FindStringSubmatch(stored)
	if form == nil || form[1] != variant.Prefix() {
		return false
	}
	if form[2] != "" && (number(form[2]) < shacrypt.IterationsMin || number(form[2]) > maxRounds) {
		return false
	}
	digest, err := shacrypt.DecodeVariant(variant)(stored)
	return err == nil && digest.Match(password)
}

func matchBcrypt(stored, password string) bool {
	if !bcryptForm.MatchString(stored) || number(stored[4:6]) > maxBcryptCost {
		return false
	}
	return bcrypt.CompareHashAndPassword([]byte(stored), []byte(password)) == nil
}

func matchPBKDF2(stored, password string) bool {
	form := pbkdf2Form.FindStringSubmatch(stored)
	if form == nil || number(form[2]) < 1 || number(form[2]) > maxRounds {
		return false
	}
	key, err := pbkdf2.Key(sha1.New, password, []byte(form[1]), number(form[2]), sha1.Size)
	return err == nil && matchHex(form[3], key)
}

func matchArgon2(stored, password string) bool {
	form := argonForm.FindStringSubmatch(stored)
	if form == nil {
		return false
	}
	memory, passes, threads := number(form[2]), number(form[3]), number(form[4])
	salt, saltErr := base64.RawStdEncoding.DecodeString(form[5])
	key, keyErr := base64.RawStdEncoding.DecodeString(form[6])
	if saltErr != nil || keyErr != nil || len(key) > maxArgonKey || passes < 1 || threads < 1 || threads > maxArgonThreads ||
		memory < 8*threads || memory > maxArgonMemory || memory*passes > maxArgonWork {
		return false
	}
	derive := argon2.Key
	if form[1] == "id" {
		derive = argon2.IDKey
	}
	//nolint:gosec // all bounded above
	sum := derive([]byte(password), salt, uint32(passes), uint32(memory), uint8(threads), uint32(len(key)))
	return subtle.ConstantTimeCompare(sum, key) == 1
}

// number reads digits; what does not fit is too large for anything.
func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return math.MaxInt32
	}
	return n
}
