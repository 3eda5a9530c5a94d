package main

import (
	"log/slog"

	"github.com/postern-mail/postern/store/ownership"
)

// proveNames puts the proof of names in front of the accounts.
func (s *stores) proveNames(c Config, log *slog.Logger) *ownership.Accounts {
	var resolver ownership.Resolver
	if s.dns != nil {
		resolver = s.dns
	}
	return ownership.New(s.changes, s.state, s.codes, resolver, ownership.Options{
		Verify: c.DomainOwnership == "verify", HostNames: c.transports().Names, InEntries: s.directory != nil, Log: log,
	})
}
