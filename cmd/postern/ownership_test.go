package main

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
	"github.com/postern-mail/postern/store/storetest"
)

// pendingDomain has an admin who is not global make a domain, publishes its record, and returns the settings to go on with.
func pendingDomain(t *testing.T, dir string, settings func(*Config)) (zone *storetest.Zone) {
	t.Helper()
	c := defaultConfig()
	c.DataDir = dir
	settings(&c)
	s, err := openStores(t.Context(), c, c.logger(os.Stderr))
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	root := store.Write{Actor: store.Actor{Username: "root@elsewhere.test", Global: true}}
	limit := int64(5)
	_, err = s.accounts.CreateAdmin(t.Context(), root, store.AdminCreate{
		Mail: "boss@elsewhere.test", Password: "{SSHA}x", Active: true, Limits: store.LimitsUpdate{Domains: &limit},
	})
	require.NoError(t, err)
	by := store.Write{Actor: store.Actor{Username: "boss@elsewhere.test"}}
	_, err = s.accounts.CreateDomain(t.Context(), by, store.DomainCreate{Name: "new.test"})
	require.NoError(t, err)
	known, err := s.names.Ownership(t.Context(), "new.test", "new.test")
	require.NoError(t, err)
	zone = storetest.NewZone(t)
	zone.Publish("new.test", known.Record)
	return zone
}

// ownershipIn is the status of the domain, and whether it is active.
func ownershipIn(t *testing.T, dir string) (store.OwnershipStatus, bool) {
	t.Helper()
	s := opened(t, dir)
	known, err := s.names.Ownership(t.Context(), "new.test", "new.test")
	require.NoError(t, err)
	found, err := s.accounts.DomainRules(t.Context(), "new.test")
	require.NoError(t, err)
	return known.Status, found.Active
}

func TestVerifyDomainsJob(t *testing.T) {
	without(t)
	dir := t.TempDir()
	zone := pendingDomain(t, dir, func(*Config) {})
	status, active := ownershipIn(t, dir)
	require.Equal(t, store.OwnershipPending, status)
	require.False(t, active)
	_, err := command(t, "jobs", "run", "verify-domains", "--data-dir", dir, "--dns-servers", zone.Address)
	require.NoError(t, err)
	status, active = ownershipIn(t, dir)
	require.Equal(t, store.OwnershipProven, status)
	require.True(t, active)
	require.Equal(t, 1, zone.Asked("new.test"))
}

func TestServeVerifiesDomains(t *testing.T) {
	without(t)
	dir := t.TempDir()
	zone := pendingDomain(t, dir, func(*Config) {})
	server := mustStart(t, "--data-dir", dir, "--dns-servers", zone.Address, "--verify-interval", "20ms", "--lists", "off")
	s := opened(t, dir)
	require.Eventually(t, func() bool {
		found, err := s.accounts.DomainRules(t.Context(), "new.test")
		return err == nil && found.Active
	}, 20*time.Second, 20*time.Millisecond)
	require.NoError(t, server.stop())
}

// Without the panel's database the codes are in the state.
func TestCodesWithoutPanel(t *testing.T) {
	without(t)
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			url := storetest.DatabaseURL(t, engine)
			db, err := sqldb.Open(url)
			require.NoError(t, err)
			require.NoError(t, errors.Join(sqlstore.Schema.Create(t.Context(), db), db.Close()))
			dir := t.TempDir()
			on := func(c *Config) { c.Backend, c.VmailDSN = engine, store.Secret(url) }
			zone := pendingDomain(t, dir, on)
			c := defaultConfig()
			c.DataDir, c.DNSServers = dir, list{zone.Address}
			on(&c)
			s, err := openStores(t.Context(), c, c.logger(os.Stderr))
			require.NoError(t, err)
			require.Nil(t, s.panel)
			require.NoError(t, s.names.Run(t.Context()))
			known, err := s.names.Ownership(t.Context(), "new.test", "new.test")
			require.NoError(t, err)
			require.Equal(t, store.OwnershipProven, known.Status)
			require.NoError(t, s.close())
		})
	}
}

func TestTrustedDomains(t *testing.T) {
	without(t)
	dir := t.TempDir()
	pendingDomain(t, dir, func(c *Config) { c.DomainOwnership = "trust" })
	status, active := ownershipIn(t, dir)
	require.Equal(t, store.OwnershipExempt, status)
	require.True(t, active)
}

func TestOwnershipFaults(t *testing.T) {
	without(t)
	for _, args := range [][]string{
		{"--domain-ownership", "perhaps"}, {"--verify-interval", "-1h"}, {"--verify-interval", "soon"},
		{"--dns-servers", "192.0.2.53"}, {"--dns-servers", "192.0.2.53:53,:53"}, {"--dns-servers", "192.0.2.53:0"},
		{"--dns-servers", "192.0.2.53:dns"}, {"--dns-servers", "192.0.2.53:70000"},
	} {
		_, err := read(t, args...)
		require.ErrorContains(t, err, variable(strings.ReplaceAll(args[0][2:], "-", "_"))+": ", "%v", args)
	}
	c, err := read(t, "--domain-ownership", "trust", "--verify-interval", "0", "--dns-servers", "192.0.2.53:53, [2001:db8::53]:5353")
	require.NoError(t, err)
	require.Equal(t, list{"192.0.2.53:53", "[2001:db8::53]:5353"}, c.DNSServers)
}
