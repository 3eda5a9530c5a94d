package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/storetest"
)

func TestCheckTriesToWriteToTheDirectory(t *testing.T) {
	without(t)
	at := storetest.Directory(t)
	t.Setenv("POSTERN_DATA_DIR", t.TempDir())
	t.Setenv("POSTERN_LISTS", "off")
	check := func(dn, password string) error {
		t.Setenv("POSTERN_LDAP_BIND_PASSWORD", password)
		_, err := command(t, "check", "--backend", "ldap", "--ldap-url", at.URL, "--ldap-bind-dn", dn,
			"--ldap-base-dn", at.Base, "--ldap-admin-base-dn", at.AdminBase)
		return err
	}
	require.NoError(t, check(at.BindDN, at.BindPassword))
	err := check(at.ReadDN, at.ReadPassword)
	require.ErrorContains(t, err, "POSTERN_LDAP_URL: ")
	require.ErrorContains(t, err, "may read and not write below "+at.Base)
}
