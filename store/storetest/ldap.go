package storetest

import (
	"crypto/rand"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
)

// DirectoryAt is a tree for accounts on the directory server, and how to reach it.
type DirectoryAt struct {
	URL    string // in the clear
	TLSURL string // with TLS from the start
	CA     string // path of the certificate that vouches for the server's, PEM
	Suffix string

	BindDN, BindPassword string // of one who may write anything
	ReadDN, ReadPassword string // of one who may read anything, as Postfix and Dovecot do

	Base      string // where the domains are, with their accounts below
	AdminBase string // where the administrators without a mailbox are
}

// Directory makes an empty tree for accounts on the throw-away directory server, which is removed when the test ends. In
// a quick run, which goes without servers, the test is skipped.
func Directory(t *testing.T) DirectoryAt {
	t.Helper()
	at := DirectoryAt{
		URL:          ServerURL(t, "ldap"),
		TLSURL:       os.Getenv("TEST_LDAPS_URL"),
		CA:           os.Getenv("TEST_LDAP_CA"),
		Suffix:       os.Getenv("TEST_LDAP_SUFFIX"),
		BindDN:       os.Getenv("TEST_LDAP_BIND_DN"),
		BindPassword: os.Getenv("TEST_LDAP_BIND_PASSWORD"),
		ReadDN:       os.Getenv("TEST_LDAP_READ_DN"),
		ReadPassword: os.Getenv("TEST_LDAP_READ_PASSWORD"),
	}
	top := "o=test-" + strings.ToLower(rand.Text()) + "," + at.Suffix
	at.Base, at.AdminBase = "o=domains,"+top, "o=domainAdmins,"+top
	conn := at.Connect(t)
	for _, dn := range []string{top, at.Base, at.AdminBase} {
		entry := ldap.NewAddRequest(dn, nil)
		entry.Attribute("objectClass", []string{"organization"})
		require.NoError(t, conn.Add(entry), dn)
	}
	t.Cleanup(func() { // on a new connection, for the server may have been away
		conn := at.Connect(t)
		remove(t, conn, append(below(t, conn, top), top))
	})
	return at
}

// Connect returns a connection that may write anything and is open until the test ends.
func (at DirectoryAt) Connect(t *testing.T) *ldap.Conn {
	t.Helper()
	conn, err := ldap.DialURL(at.URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.Bind(at.BindDN, at.BindPassword))
	return conn
}

// EmptyDirectory removes all accounts from a tree. It takes less time than making a fresh one.
func EmptyDirectory(t *testing.T, at DirectoryAt) {
	t.Helper()
	conn := at.Connect(t)
	for _, base := range []string{at.Base, at.AdminBase} {
		remove(t, conn, below(t, conn, base))
	}
}

// below returns the names of all entries below a base.
func below(t *testing.T, conn *ldap.Conn, base string) []string {
	t.Helper()
	found, err := conn.SearchWithPaging(searchFor(base, "(objectClass=*)"), 500)
	require.NoError(t, err)
	var names []string
	for _, entry := range found.Entries {
		if !strings.EqualFold(entry.DN, base) {
			names = append(names, entry.DN)
		}
	}
	return names
}

// searchFor asks for the names alone of what a filter finds at and below a base.
func searchFor(base, filter string) *ldap.SearchRequest {
	return ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter, []string{"1.1"}, nil)
}

// remove deletes entries, those below others first: their names are the longer ones.
func remove(t *testing.T, conn *ldap.Conn, names []string) {
	t.Helper()
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	for _, name := range names {
		require.NoError(t, conn.Del(ldap.NewDelRequest(name, nil)), name)
	}
}

// Entries returns everything below the tree: the attributes of each entry by its name.
func (at DirectoryAt) Entries(t *testing.T) map[string]map[string][]string {
	t.Helper()
	conn := at.Connect(t)
	all := map[string]map[string][]string{}
	for _, base := range []string{at.Base, at.AdminBase} {
		search := searchFor(base, "(objectClass=*)")
		search.Attributes = []string{"*"}
		found, err := conn.SearchWithPaging(search, 500)
		require.NoError(t, err)
		for _, entry := range found.Entries {
			values := map[string][]string{}
			for _, a := range entry.Attributes {
				values[a.Name] = slices.Sorted(slices.Values(a.Values))
			}
			all[entry.DN] = values
		}
	}
	return all
}
