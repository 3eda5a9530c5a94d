package store

import "context"

// NextHop is a stored value that says where Postfix hands mail to.
type NextHop struct {
	Account string // a domain or a mailbox
	Field   string // transport or outboundRelay
	Value   string
}

// NextHops is the contract for what is stored about the ways that mail takes.
type NextHops interface {
	// NextHops returns every transport with a next hop and every relay host of domains and mailboxes, by account and field.
	NextHops(ctx context.Context) ([]NextHop, error)
}
