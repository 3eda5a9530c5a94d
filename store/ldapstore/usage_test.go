package ldapstore_test

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/storetest"
)

// What TestUsageOfManyDomains makes: an entry takes a directory two milliseconds, so that a run by hand has more of them.
var (
	usedDomains   = flag.Int("domains", 100, "how many domains TestUsageOfManyDomains makes, at most 999")
	usedMailboxes = flag.Int("mailboxes", 9, "how many mailboxes each of these domains has")
)

// TestSearchesOfUsage counts them: as many for many domains as for a few, and each mailbox is counted once.
func TestSearchesOfUsage(t *testing.T) {
	w := newFixture(t)
	w.empty(t)
	for i := range 60 {
		domain := fmt.Sprintf("d%02d.test", i)
		_, err := w.store.CreateDomain(t.Context(), asGlobal, store.DomainCreate{Name: domain})
		require.NoError(t, err)
		for n := range 2 {
			_, err = w.store.CreateUser(t.Context(), asGlobal, store.UserCreate{Mail: fmt.Sprintf("u%d@%s", n, domain), Password: "{SSHA}x"})
			require.NoError(t, err)
		}
	}
	counted := map[int]int{}
	statements := 0
	for _, limit := range []int{1, 10, 20, 59} {
		for _, after := range []string{"", "d00.test"} { // the names are kept for the second page
			watched := 0
			w.panel.Watch(func(string, []any) { watched++ })
			counted[limit] = w.store.Answers(func() {
				list, err := w.store.DomainUsages(t.Context(), store.UsageFilter{Since: time.Now()}, store.PageRequest{Limit: limit, After: after})
				require.NoError(t, err)
				require.Len(t, list.Items, limit)
				for _, d := range list.Items {
					require.EqualValues(t, 2, d.Users, d.Domain)
				}
			})
			w.panel.Watch(nil)
			statements = max(statements, watched)
		}
	}
	require.Equal(t, counted[20], counted[59])
	require.LessOrEqual(t, counted[10], 17)
	require.LessOrEqual(t, counted[59], 2)
	require.LessOrEqual(t, statements, 3, "in the database beside the directory")
}

// TestUsageOfManyDomains reads what many domains hold, in as many statements as of one, and compares it with single reads. One of them
// has a mailbox with an address elsewhere.
func TestUsageOfManyDomains(t *testing.T) {
	w := newFixture(t)
	w.empty(t)
	w.store.LookUp(min(4000, *usedDomains**usedMailboxes/3))
	fillDomains(t, w, *usedDomains, *usedMailboxes)
	misfiled(t, w, "odd.test", "odd@none.test")
	filter := store.UsageFilter{Since: time.Unix(1_700_000_000, 0)}
	var all []store.DomainUsage
	for _, limit := range []int{1, *usedDomains + 1} {
		statements := 0
		w.panel.Watch(func(string, []any) { statements++ })
		began := time.Now()
		list, err := w.store.DomainUsages(t.Context(), filter, store.PageRequest{Limit: limit})
		require.NoError(t, err)
		w.panel.Watch(nil)
		require.Len(t, list.Items, limit)
		require.LessOrEqual(t, statements, 5, "in the database beside the directory")
		t.Logf("%d domains in %v", limit, time.Since(began))
		all = list.Items
	}
	var sum int64
	for i, got := range all {
		sum += got.Users
		if i%(*usedDomains/20) == 0 {
			require.Equal(t, storetest.UsageBySingleReads(t, w.store, got.Domain, filter.Since), got)
		}
	}
	require.EqualValues(t, *usedDomains**usedMailboxes+1, sum)
	require.Equal(t, store.DomainUsage{
		Domain: "odd.test", Users: 1, Stored: 7, Messages: 7, NeverLoggedIn: 1, Inactive: 1,
	}, all[*usedDomains])
}

// fillDomains makes domains with mailboxes that are used in all ways.
func fillDomains(t *testing.T, w *fixture, domains, users int) {
	t.Helper()
	var used, logged []string
	conn := w.at.Connect(t)
	var adding errgroup.Group
	adding.SetLimit(8)
	for i := range domains {
		d := fmt.Sprintf("d%04d.test", i)
		for n := range users {
			mail := fmt.Sprintf("u%03d@%s", n, d)
			if n%3 != 0 {
				used = append(used, fmt.Sprintf("('%s', %d, %d)", mail, (n%11)<<20+i, n))
			}
			if n%5 != 0 {
				logged = append(logged, fmt.Sprintf("('%s', '%s', %d)", mail, d, 1_700_000_000-500+i))
			}
		}
		adding.Go(func() error { return addDomain(conn, w.at, d, users) })
	}
	require.NoError(t, adding.Wait())
	insert(t, w, "used_quota (username, bytes, messages)", used)
	insert(t, w, "last_login (username, domain, imap)", logged)
}

// addDomain adds the entries of a domain with mailboxes.
func addDomain(conn *ldap.Conn, at storetest.DirectoryAt, domain string, users int) error {
	d := ldap.NewAddRequest(at.DomainDN(domain), nil)
	d.Attribute("objectClass", []string{"mailDomain"})
	d.Attribute("domainName", []string{domain})
	requests := []*ldap.AddRequest{d}
	group := ldap.NewAddRequest("ou=Users,"+at.DomainDN(domain), nil)
	group.Attribute("objectClass", []string{"organizationalUnit"})
	requests = append(requests, group)
	for n := range users {
		mail := fmt.Sprintf("u%03d@%s", n, domain)
		requests = append(requests, mailbox(at.UserDN(mail), mail, int64(n%7)<<20))
	}
	for _, request := range requests {
		if err := conn.Add(request); err != nil {
			return fmt.Errorf("add %s: %w", request.DN, err)
		}
	}
	return nil
}

// mailbox is the request for a mailbox with a quota in bytes.
func mailbox(dn, mail string, quota int64) *ldap.AddRequest {
	request := ldap.NewAddRequest(dn, nil)
	for name, value := range map[string]string{
		"mail": mail, "uid": mail, "cn": mail, "sn": mail, "homeDirectory": "/var/vmail/" + mail, "accountStatus": "active",
		"mailQuota": strconv.FormatInt(quota, 10),
	} {
		request.Attribute(name, []string{value})
	}
	request.Attribute("objectClass", []string{"inetOrgPerson", "mailUser"})
	return request
}

// misfiled makes a domain with a mailbox whose address is in another.
func misfiled(t *testing.T, w *fixture, domain, mail string) {
	t.Helper()
	conn := w.at.Connect(t)
	require.NoError(t, addDomain(conn, w.at, domain, 0))
	require.NoError(t, conn.Add(mailbox("mail="+mail+",ou=Users,"+w.at.DomainDN(domain), mail, 0)))
	insert(t, w, "used_quota (username, bytes, messages)", []string{"('" + mail + "', 7, 7)"})
}

func insert(t *testing.T, w *fixture, into string, rows []string) {
	t.Helper()
	require.NoError(t, w.panel.Write(t.Context(), func(tx *sqldb.Tx) error {
		for chunk := range slices.Chunk(rows, 1000) {
			if _, err := tx.Exec(t.Context(), "INSERT INTO "+into+" VALUES "+strings.Join(chunk, ", ")); err != nil {
				return err
			}
		}
		return nil
	}))
}
