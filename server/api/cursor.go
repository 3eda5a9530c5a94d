package api

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync/atomic"

	"github.com/postern-mail/postern/store"
)

// A cursor is a position in a list, sealed: a client can neither read nor make one. Within the seal stands, beside the position, what
// the list is, so that a cursor is good for that list alone. Nothing of a cursor is about who asks: rights are looked at for each page.

const (
	// cursorKey names the key in the state, which all processes share.
	cursorKey = "cursors"
	// cursorForm is the first byte of a cursor: which form it has.
	cursorForm = 1
	// fingerprintSize is how many bytes tell one list from another.
	fingerprintSize = 16
)

var (
	errBadCursor = store.Fail(store.Invalid, store.CodeInvalidValue,
		"This cursor was cut short, or comes from another server. Send _next as it is, or begin again without cursor.").With("cursor")
	errOtherList = store.Fail(store.Invalid, store.CodeInvalidValue,
		"This cursor is of another list, sort or filter. Send it with the parameters of the page that it came with, or begin again without cursor.").
		With("cursor")
)

// cursors seals and opens cursors.
type cursors struct {
	keys store.SharedKeys
	read atomic.Pointer[cipher.AEAD] // nil until it is needed
}

// seal returns the cursor of a position in the list of that scope.
func (c *cursors) seal(ctx context.Context, scope, position string) (string, error) {
	aead, err := c.cipher(ctx)
	if err != nil {
		return "", err
	}
	sealed := make([]byte, 1+aead.NonceSize(), 1+aead.NonceSize()+fingerprintSize+len(position)+aead.Overhead())
	sealed[0] = cursorForm
	nonce := sealed[1:]
	_, _ = rand.Read(nonce) // never fails
	plain := append(fingerprint(scope), position...)
	return base64.RawURLEncoding.EncodeToString(aead.Seal(sealed, nonce, plain, sealed[:1])), nil
}

// open returns the position that a cursor was made of, or INVALID_VALUE.
func (c *cursors) open(ctx context.Context, scope, cursor string) (string, error) {
	aead, err := c.cipher(ctx)
	if err != nil {
		return "", err
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	begin := 1 + aead.NonceSize()
	if err != nil || len(sealed) < begin || sealed[0] != cursorForm {
		return "", errBadCursor
	}
	plain, err := aead.Open(nil, sealed[1:begin], sealed[begin:], sealed[:1])
	if err != nil || len(plain) < fingerprintSize {
		return "", errBadCursor
	}
	if string(plain[:fingerprintSize]) != string(fingerprint(scope)) {
		return "", errOtherList
	}
	return string(plain[fingerprintSize:]), nil
}

func fingerprint(scope string) []byte {
	sum := sha256.Sum256([]byte(scope))
	return sum[:fingerprintSize]
}

// cipher reads the key once, and makes it where there is none yet. Several requests may read it at the same time: none waits for another.
func (c *cursors) cipher(ctx context.Context) (cipher.AEAD, error) {
	if aead := c.read.Load(); aead != nil {
		return *aead, nil
	}
	fresh := make([]byte, 32) // AES-256
	_, _ = rand.Read(fresh)   // never fails
	key, err := c.keys.SharedKey(ctx, cursorKey, fresh)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err == nil {
		c.read.Store(&aead)
	}
	return aead, err
}
