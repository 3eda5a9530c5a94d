package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ldapstore"
	"github.com/postern-mail/postern/store/storetest"
)

// TestJobAliasDomains has the addresses under alias domains that another program left out found by check, added by the job, and
// those of an alias domain that is gone removed.
func TestJobAliasDomains(t *testing.T) {
	without(t)
	at, dir := storetest.Directory(t), t.TempDir()
	t.Setenv("POSTERN_LDAP_BIND_PASSWORD", at.BindPassword)
	place := []string{
		"--backend", "ldap", "--ldap-url", at.URL, "--ldap-bind-dn", at.BindDN, "--ldap-base-dn", at.Base,
		"--ldap-admin-base-dn", at.AdminBase, "--data-dir", dir, "--lists", "off",
	}
	postern := func(args ...string) string {
		t.Helper()
		out, err := command(t, append(args, place...)...)
		require.NoError(t, err, out.stdout)
		return out.stdout
	}
	c := defaultConfig()
	c.Backend, c.LDAPURL, c.LDAPBindDN, c.LDAPBindPassword = "ldap", at.URL, at.BindDN, store.Secret(at.BindPassword)
	c.LDAPBaseDN, c.LDAPAdminBaseDN, c.DataDir, c.Lists = at.Base, at.AdminBase, dir, "off"
	s, err := openStores(t.Context(), c, c.logger(os.Stderr))
	require.NoError(t, err)
	must := func(_ store.Change, err error) {
		t.Helper()
		require.NoError(t, err)
	}
	must(s.accounts.CreateDomain(t.Context(), asProgram, store.DomainCreate{Name: "a.test"}))
	for _, mail := range []string{"ann@a.test", "ben@a.test"} {
		must(s.accounts.CreateUser(t.Context(), asProgram, store.UserCreate{Mail: mail, Password: "{SSHA}x", Active: true}))
	}
	must(s.directory.CreateStaticList(t.Context(), asProgram, store.StaticListCreate{
		Mail: "list@a.test", Members: []string{"ann@a.test", "x@far.test"},
	}))
	require.NoError(t, s.close())

	require.NotContains(t, postern("check"), "alias domains")
	require.Contains(t, postern("jobs", "run", "alias-domains"), "there is nothing to do")
	at.Put(t, at.DomainDN("a.test"), "domainAliasName", "x.test")
	told := postern("check")
	require.Contains(t, told, "5 entries do not fit the alias domains, such as: ")
	require.Contains(t, told, "ann@a.test lacks ann@x.test")
	require.Contains(t, told, "postern jobs run alias-domains\n")
	require.Contains(t, told, "Everything is fine.", "it is told, and no fault")

	before := at.Entries(t)
	told = postern("jobs", "run", "alias-domains", "--dry-run")
	require.Contains(t, told, "ann@a.test: would be added ann@x.test\n")
	require.Contains(t, told, "5 entries would be mended.\n")
	require.Equal(t, before, at.Entries(t))
	told = postern("jobs", "run", "alias-domains")
	for _, line := range []string{
		"ann@a.test: added ann@x.test\n", "ben@a.test: added ben@x.test\n", "list@a.test: added list@x.test\n",
		"ann@a.test: added list@x.test\n", "5 entries mended.\n",
	} {
		require.Contains(t, told, line)
	}
	require.Equal(t, []string{"list@a.test", "list@x.test"}, at.Values(t, at.UserDN("ann@a.test"), "memberOfGroup"))
	require.Contains(t, postern("jobs", "run", "alias-domains"), "there is nothing to do")
	require.NotContains(t, postern("check"), "alias domains")

	at.Put(t, at.DomainDN("a.test"), "domainAliasName")
	require.Contains(t, postern("check"), "ann@a.test still has ann@x.test")
	require.Contains(t, postern("jobs", "run", "alias-domains"), "ann@a.test: removed ann@x.test\n")
	require.Empty(t, at.Values(t, at.UserDN("ann@a.test"), "shadowAddress"))
	require.NotContains(t, postern("check"), "alias domains")

	_, err = command(t, append([]string{"jobs", "run", "alias-domains", "--read-only", "yes"}, place...)...)
	require.ErrorContains(t, err, "POSTERN_READ_ONLY")
	postern("jobs", "run", "alias-domains", "--dry-run", "--read-only", "yes")
	_, err = command(t, append([]string{"jobs", "run", "alias-domains", "--forget-missing"}, place...)...)
	require.ErrorContains(t, err, "purge-mailboxes alone")
}

// TestCheckOfAliasDomainsTakesTooLong says so, and is no fault.
func TestCheckOfAliasDomainsTakesTooLong(t *testing.T) {
	at := storetest.Directory(t)
	directory, err := ldapstore.New(ldapstore.Options{
		Server: ldapstore.Server{URL: at.URL, BindDN: at.BindDN, BindPassword: store.Secret(at.BindPassword)}, BaseDN: at.Base, AdminBaseDN: at.AdminBase,
	}, nil, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, directory.Close()) })
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	var out bytes.Buffer
	require.NoError(t, tellAliasGaps(late, &out, directory))
	require.Contains(t, out.String(), "postern jobs run alias-domains --dry-run")
	ended, end := context.WithCancelCause(t.Context())
	end(errors.New("interrupted"))
	require.Error(t, tellAliasGaps(ended, &out, directory))
}

func TestJobAliasDomainsInSQL(t *testing.T) {
	without(t)
	out, err := command(t, "jobs", "run", "alias-domains", "--data-dir", t.TempDir())
	require.NoError(t, err)
	require.Contains(t, out.stdout, "Accounts are in SQL, where Postfix looks alias domains up by itself: there is nothing to do.")
}
