package store

import "context"

// Wblists is the contract for whitelists and blacklists (Amavisd's tables users, mailaddr, wblist, outbound_wblist).
// Inbound a list is about senders, outbound about recipients.
type Wblists interface {
	// Wblist returns a page of a list, sorted. Reading it costs what this list holds, whatever others hold.
	Wblist(ctx context.Context, key WblistKey, page PageRequest) (Page[string], error)
	// AddToWblist adds addresses, in a constant number of statements for a thousand of them. What is in the other colour
	// moves here. What is no valid pattern (see ClassifyAddress) is named in Change.Discarded.
	AddToWblist(ctx context.Context, w Write, key WblistKey, addresses []string) (Change, error)
	// RemoveFromWblist removes addresses from this colour. A missing one is fine; an invalid one is discarded.
	RemoveFromWblist(ctx context.Context, w Write, key WblistKey, addresses []string) (Change, error)
	// ClearWblist removes all of this colour. An empty list is fine.
	ClearWblist(ctx context.Context, w Write, key WblistKey) (Change, error)
}

// WblistKey names one list of an account.
type WblistKey struct {
	Account   PolicyAccount
	Direction Direction
	Colour    Colour
}

// Colour of a list.
type Colour string

// The colours.
const (
	Whitelist Colour = "whitelist"
	Blacklist Colour = "blacklist"
)
