package password

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // what Dovecot's PBKDF2 is made of
	"encoding/base64"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-crypt/crypt/algorithm"
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

// What a hash that a caller hands over may cost.
const (
	givenRounds      = 100_000
	givenBcryptCost  = 12
	givenArgonMemory = 64 << 10 // KiB
	givenArgonPasses = 4
)

// The forms of crypt(3) text. The last letter of a digest stands for fewer than six bits, so not every letter can be there.
var (
	md5CryptForm    = regexp.MustCompile(`^\$1\$[!-#%-9;-~]{1,8}\$[./0-9A-Za-z]{21}[./01]$`)
	sha256CryptForm = regexp.MustCompile(`^\$5\$(?:rounds=([0-9]{4,7})\$)?[!-#%-9;-~]{1,16}\$[./0-9A-Za-z]{42}[./0-9A-D]$`)
	sha512CryptForm = regexp.MustCompile(`^\$6\$(?:rounds=([0-9]{4,7})\$)?[!-#%-9;-~]{1,16}\$[./0-9A-Za-z]{85}[./01]$`)
	bcryptForm      = regexp.MustCompile(`^\$2[aby]\$([0-9]{2})\$[./0-9A-Za-z]{52}[.CGKOSWaeimquy26]$`)
	argonForm       = regexp.MustCompile(
		`^\$argon2(id?)\$v=19\$m=([0-9]{1,7}),t=([0-9]{1,3}),p=([0-9]{1,2})\$([0-9A-Za-z+/]{11,171})\$([0-9A-Za-z+/]{6,171})$`)
	pbkdf2Form = regexp.MustCompile(`^\$1\$([!-#%-~]{1,64})\$([0-9]{1,7})\$([0-9a-fA-F]{40})$`)
)

// readCrypt reads what crypt(3) writes, but for the ancient DES and what only some systems have.
func readCrypt(text string) (readHash, error) {
	switch {
	case strings.HasPrefix(text, "$1$"):
		return readMD5Crypt(text)
	case strings.HasPrefix(text, "$5$"):
		return readSHA256Crypt(text)
	case strings.HasPrefix(text, "$6$"):
		return readSHA512Crypt(text)
	case strings.HasPrefix(text, "$2"):
		return readBcrypt(text)
	}
	return readHash{}, unreadable("md5-crypt ($1$), sha-crypt ($5$, $6$) or bcrypt ($2y$)")
}

func readMD5Crypt(text string) (readHash, error) {
	if !md5CryptForm.MatchString(text) {
		return readHash{}, unreadable("md5-crypt, which is $1$, up to 8 letters of salt, $ and 22 letters of digest")
	}
	return readDecoded(md5crypt.DecodeVariant(md5crypt.VariantStandard), text, "md5-crypt")
}

func readSHA256Crypt(text string) (readHash, error) {
	return readSHACrypt(shacrypt.VariantSHA256, sha256CryptForm, text,
		"sha256-crypt, which is $5$, up to 16 letters of salt, $ and 43 letters of digest")
}

func readSHA512Crypt(text string) (readHash, error) {
	return readSHACrypt(shacrypt.VariantSHA512, sha512CryptForm, text,
		"sha512-crypt, which is $6$, up to 16 letters of salt, $ and 86 letters of digest")
}

func readSHACrypt(variant shacrypt.Variant, form *regexp.Regexp, text, meant string) (readHash, error) {
	parts := form.FindStringSubmatch(text)
	if parts == nil {
		return readHash{}, unreadable(meant)
	}
	rounds := shaCryptRounds
	if parts[1] != "" {
		if rounds = number(parts[1]); rounds < shacrypt.IterationsMin || rounds > maxRounds {
			return readHash{}, unreadable(fmt.Sprintf("sha-crypt with %d to %d rounds", shacrypt.IterationsMin, maxRounds))
		}
	}
	h, err := readDecoded(shacrypt.DecodeVariant(variant), text, meant)
	if rounds > givenRounds {
		h.excess = fmt.Sprintf("it takes %d rounds of sha-crypt, and %d are the most", rounds, givenRounds)
	}
	return h, err
}

// readDecoded reads text by a decoder of the library.
func readDecoded(decode func(string) (algorithm.Digest, error), text, meant string) (readHash, error) {
	digest, err := decode(text)
	if err != nil {
		return readHash{}, unreadable(meant)
	}
	return readHash{match: digest.Match}, nil
}

func readBcrypt(text string) (readHash, error) {
	parts := bcryptForm.FindStringSubmatch(text)
	if parts == nil {
		return readHash{}, unreadable("bcrypt, which is $2y$, two digits of cost, $ and 53 letters")
	}
	cost := number(parts[1])
	if cost < bcrypt.MinCost || cost > maxBcryptCost {
		return readHash{}, unreadable(fmt.Sprintf("bcrypt with a cost of %d to %d", bcrypt.MinCost, maxBcryptCost))
	}
	h := readHash{match: func(password string) bool {
		return bcrypt.CompareHashAndPassword([]byte(text), []byte(password)) == nil
	}}
	if cost > givenBcryptCost {
		h.excess = fmt.Sprintf("it has a bcrypt cost of %d, and %d is the most", cost, givenBcryptCost)
	}
	return h, nil
}

func readPBKDF2(text string) (readHash, error) {
	form := pbkdf2Form.FindStringSubmatch(text)
	if form == nil || number(form[2]) < 1 || number(form[2]) > maxRounds {
		return readHash{}, unreadable(fmt.Sprintf(
			"PBKDF2, which is $1$, the salt, $, 1 to %d rounds, $ and 40 hexadecimal digits", maxRounds))
	}
	salt, rounds := []byte(form[1]), number(form[2])
	sum, ok := decodeHex(form[3])
	h := readHash{match: func(password string) bool {
		key, err := pbkdf2.Key(sha1.New, password, salt, rounds, sha1.Size)
		return ok && err == nil && sameBytes(key, sum)
	}}
	if rounds > givenRounds {
		h.excess = fmt.Sprintf("it takes %d rounds of PBKDF2, and %d are the most", rounds, givenRounds)
	}
	return h, nil
}

// readArgon2 reads the kind "i" or "id".
func readArgon2(kind string) func(text string) (readHash, error) {
	derive := argon2.Key
	if kind == "id" {
		derive = argon2.IDKey
	}
	return func(text string) (readHash, error) {
		form := argonForm.FindStringSubmatch(text)
		if form == nil || form[1] != kind {
			return readHash{}, unreadable("argon2" + kind + ", which is $argon2" + kind + "$v=19$m=...,t=...,p=...$, the salt, $ and the digest")
		}
		memory, passes, threads := number(form[2]), number(form[3]), number(form[4])
		salt, saltErr := base64.RawStdEncoding.DecodeString(form[5])
		key, keyErr := base64.RawStdEncoding.DecodeString(form[6])
		if saltErr != nil || keyErr != nil || len(key) > maxArgonKey || passes < 1 || threads < 1 || threads > maxArgonThreads ||
			memory < 8*threads || memory > maxArgonMemory || memory*passes > maxArgonWork {
			return readHash{}, unreadable(fmt.Sprintf("argon2%s with 8 KiB a thread to %d KiB, 1 pass or more and 1 to %d threads",
				kind, maxArgonMemory, maxArgonThreads))
		}
		h := readHash{alone: true, match: func(password string) bool {
			//nolint:gosec // all bounded above
			sum := derive([]byte(password), salt, uint32(passes), uint32(memory), uint8(threads), uint32(len(key)))
			return sameBytes(sum, string(key))
		}}
		if memory > givenArgonMemory || passes > givenArgonPasses {
			h.excess = fmt.Sprintf("it takes argon2 with %d KiB and %d passes, and %d KiB and %d are the most",
				memory, passes, givenArgonMemory, givenArgonPasses)
		}
		return h, nil
	}
}

// number reads digits; what does not fit is too large for anything.
func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return math.MaxInt32
	}
	return n
}
