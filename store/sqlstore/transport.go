package sqlstore

import (
	"strings"

	"github.com/postern-mail/postern/store"
)

// maxText is the longest text that the columns of names, addresses and transports take.
const maxText = 255

// checkTransport returns INVALID_TRANSPORT for what Postfix cannot take as a transport. An empty one is fine: it
// stands for a default.
func checkTransport(value string) error {
	blank := func(r rune) bool { return r <= ' ' || r > '~' }
	if len(value) > maxText || strings.ContainsFunc(value, blank) {
		return store.Fail(store.Invalid, store.CodeInvalidTransport, "That is not a transport.").With("transport")
	}
	return nil
}
