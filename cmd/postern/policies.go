package main

import (
	"context"
	"log/slog"

	"github.com/postern-mail/postern/store/change"
	"github.com/postern-mail/postern/store/policystore"
	"github.com/postern-mail/postern/store/spf"
	"github.com/postern-mail/postern/store/sqldb"
)

// resolvConf is where the machine says which DNS servers to ask.
const resolvConf = "/etc/resolv.conf"

// openPolicies opens the databases of Amavisd and iRedAPD. Without one of them the operations on it answer that it is not
// configured.
func (s *stores) openPolicies(ctx context.Context, c Config, log *slog.Logger) error {
	amavisd, err := s.openPart(ctx, c, "amavisd_dsn", policystore.Amavisd)
	if err != nil {
		return err
	}
	iredapd, err := s.openPart(ctx, c, "iredapd_dsn", policystore.Iredapd)
	if err != nil {
		return err
	}
	policies := policystore.New(amavisd, iredapd, policystore.DefaultOptions())
	s.policies = policies
	s.dns = c.resolver(log)
	if s.dns != nil {
		s.spf = spf.New(policies, s.dns, log)
	}
	return nil
}

// resolver asks the DNS servers that are configured, else those of the machine. It is nil when none is known.
func (c Config) resolver(log *slog.Logger) *spf.Resolver {
	if len(c.DNSServers) > 0 {
		return spf.NewResolver(c.DNSServers...)
	}
	resolver, err := spf.SystemResolver(resolvConf)
	if err != nil {
		log.Warn("mail servers of domains and proofs of names cannot be looked up", "error", err)
		return nil
	}
	return resolver
}

// openPart opens one of the databases, nil when it is not configured.
func (s *stores) openPart(ctx context.Context, c Config, key string, part sqldb.Schema) (*sqldb.DB, error) {
	d := c.database(key)
	if c.url(d) == "" {
		return nil, nil //nolint:nilnil // that there is none is a good answer
	}
	db, err := s.openLaid(ctx, c, d, part.Migrate)
	if err == nil {
		err = part.Check(ctx, db)
	}
	if err != nil {
		return nil, inDatabase(d, err)
	}
	return db, nil
}

// logFollowers are those that write down what was done.
func (s *stores) logFollowers() []change.Follower {
	if s.panel == nil {
		return nil
	}
	return []change.Follower{change.PanelLog(s.panel)}
}

// lookUp runs the lookup of mail servers that are not greylisted, once.
func (s *stores) lookUp(ctx context.Context) error {
	if s.spf == nil {
		return nil
	}
	return s.spf.Run(ctx)
}
