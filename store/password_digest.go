package store

import (
	"bytes"
	"crypto/md5" //nolint:gosec // formats that mail servers hold
	"crypto/subtle"
	"encoding"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/md4" //nolint:gosec,staticcheck // what NTLM is made of
)

// matchSum compares with the base64 text of digest(password + salt) + salt. Without salted there may be no salt.
func matchSum(newHash func() hash.Hash, salted bool) matcher {
	return func(stored, password string) bool {
		raw, ok := decodeBase64(stored)
		h := newHash()
		if !ok || len(raw) < h.Size() || !salted && len(raw) != h.Size() {
			return false
		}
		h.Write([]byte(password))
		h.Write(raw[h.Size():])
		return subtle.ConstantTimeCompare(h.Sum(nil), raw[:h.Size()]) == 1
	}
}

// matchMD5 compares with a bare MD5, in hexadecimal or in base64.
func matchMD5(stored, password string) bool {
	if len(stored) == hex.EncodedLen(md5.Size) {
		sum := md5.Sum([]byte(password)) //nolint:gosec // stored by others
		return matchHex(stored, sum[:])
	}
	return matchSum(md5.New, false)(stored, password)
}

func matchCRAM(stored, password string) bool { return matchHex(stored, cramContexts(password)) }

func matchNTLM(stored, password string) bool { return matchHex(stored, ntlmSum(password)) }

func matchPlain(stored, password string) bool {
	return subtle.ConstantTimeCompare([]byte(stored), []byte(password)) == 1
}

func matchHex(stored string, sum []byte) bool {
	raw, err := hex.DecodeString(stored)
	return err == nil && subtle.ConstantTimeCompare(raw, sum) == 1
}

// decodeBase64 takes base64 with or without its padding.
func decodeBase64(text string) ([]byte, bool) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	return raw, err == nil
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
