package password

import (
	"bytes"
	"crypto/md5" //nolint:gosec // formats that mail servers hold
	"crypto/subtle"
	"encoding"
	"encoding/binary"
	"fmt"
	"hash"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/md4" //nolint:gosec,staticcheck // what NTLM is made of
)

const (
	cramSize = 2 * md5.Size
	ntlmSize = 16
)

// readSum reads a bare digest.
func readSum(newHash func() hash.Hash) func(raw string) (readHash, error) {
	size := newHash().Size()
	return readDigest(size, func(password string) []byte {
		h := newHash()
		h.Write([]byte(password))
		return h.Sum(nil)
	})
}

// readDigest reads what sum makes of a password, so many bytes.
func readDigest(size int, sum func(password string) []byte) func(raw string) (readHash, error) {
	return func(raw string) (readHash, error) {
		if len(raw) != size {
			return readHash{}, unreadable(fmt.Sprintf("a digest of %d bytes, and this one has another length", size))
		}
		return readHash{quick: true, match: func(password string) bool { return sameBytes(sum(password), raw) }}, nil
	}
}

// readSalted reads digest(password + salt) + salt. Without any salt it is not what the name says: neither Dovecot nor
// slapd takes it.
func readSalted(newHash func() hash.Hash) func(raw string) (readHash, error) {
	size := newHash().Size()
	return func(raw string) (readHash, error) {
		if len(raw) <= size {
			return readHash{}, unreadable(fmt.Sprintf("a digest of %d bytes with its salt, and this is too short", size))
		}
		return readHash{quick: true, match: func(password string) bool {
			h := newHash()
			h.Write([]byte(password))
			h.Write([]byte(raw[size:]))
			return sameBytes(h.Sum(nil), raw[:size])
		}}, nil
	}
}

// readMD5 tells apart the two things that carry "{MD5}": md5-crypt, as Dovecot has it, and a bare digest from directories.
func readMD5(raw string) (readHash, error) {
	if strings.HasPrefix(raw, "$") {
		return readMD5Crypt(raw)
	}
	if len(raw) != md5.Size { // not of {MD5.HEX}, which is bytes already
		var ok bool
		if raw, ok = (hashForm{bytes: true, size: md5.Size}).decode(raw, ""); !ok {
			return readHash{}, unreadable("md5-crypt ($1$), or an MD5 in base64 or hexadecimal")
		}
	}
	return readSum(md5.New)(raw)
}

func readPlain(raw string) (readHash, error) {
	return readHash{quick: true, match: func(password string) bool { return sameBytes([]byte(password), raw) }}, nil
}

func sameBytes(sum []byte, stored string) bool {
	return subtle.ConstantTimeCompare(sum, []byte(stored)) == 1
}

// cramContexts returns what Dovecot keeps to answer CRAM-MD5: the states of MD5 after the outer and after the inner
// key block of HMAC-MD5, in little endian.
func cramContexts(password string) []byte {
	key := []byte(password)
	if len(key) > md5.BlockSize {
		sum := md5.Sum(key) //nolint:gosec // as HMAC says
		key = sum[:]
	}
	var out []byte
	for _, pad := range []byte{0x5c, 0x36} {
		block := bytes.Repeat([]byte{pad}, md5.BlockSize)
		subtle.XORBytes(block, block, key)
		out = append(out, md5State(block)...)
	}
	return out
}

// md5State returns the inner state of MD5 after the block. The hash gives it away in its own saved form: four
// letters, then the state in big endian.
func md5State(block []byte) []byte {
	h := md5.New() //nolint:gosec // as CRAM-MD5 says
	h.Write(block)
	saved, err := h.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil { // it never fails
		return nil
	}
	var state []byte
	for i := 4; i < 4+md5.Size; i += 4 {
		state = binary.LittleEndian.AppendUint32(state, binary.BigEndian.Uint32(saved[i:]))
	}
	return state
}

// ntlmSum returns the MD4 of the password in UTF-16, little endian.
func ntlmSum(password string) []byte {
	h := md4.New()
	for _, unit := range utf16.Encode([]rune(password)) {
		h.Write([]byte{byte(unit), byte(unit >> 8)}) //nolint:gosec // the two halves of it
	}
	return h.Sum(nil)
}
