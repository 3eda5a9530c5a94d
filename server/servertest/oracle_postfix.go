package servertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mailboxes and forwards are where most of what Postfix asks is found.
const (
	mailboxes = " FROM mailbox m JOIN domain d ON d.domain = m.domain WHERE m.username = '%s' AND m.active = 1 AND d.active = 1"
	forwards  = "SELECT f.forwarding FROM forwardings f JOIN domain d ON d.domain = f.domain" +
		" WHERE f.active = 1 AND d.active = 1 AND d.backupmx = 0"
)

// postfixQueries are the questions that iRedMail's Postfix asks, each for an address but where it says otherwise.
var postfixQueries = map[string]string{
	// For a domain.
	"virtual_mailbox_domains": "SELECT domain FROM domain WHERE domain = '%s' AND active = 1 AND backupmx = 0" +
		" UNION SELECT a.alias_domain FROM alias_domain a JOIN domain d ON d.domain = a.target_domain" +
		" WHERE a.alias_domain = '%s' AND a.active = 1 AND d.active = 1 AND d.backupmx = 0",
	"relay_domains":         "SELECT domain FROM domain WHERE domain = '%s' AND active = 1 AND backupmx = 1",
	"transport_maps_domain": "SELECT transport FROM domain WHERE domain = '%s' AND active = 1",

	"transport_maps_user": "SELECT m.transport" + mailboxes + " AND m.domain = '%d' AND m.transport <> ''" +
		" AND m.enabledeliver = 1 AND d.backupmx = 0",
	"transport_maps_maillist": "SELECT l.transport FROM maillists l JOIN domain d ON d.domain = l.domain" +
		" WHERE l.address = '%s' AND l.active = 1 AND d.active = 1",
	"virtual_mailbox_maps": "SELECT m.storagenode || '/' || m.maildir || '/Maildir/'" + mailboxes + " AND m.enabledeliver = 1",
	"sender_login_maps":    "SELECT m.username" + mailboxes + " AND m.enablesmtp = 1 AND d.backupmx = 0",

	"virtual_alias_maps": forwards + " AND f.address = '%s' ORDER BY f.forwarding",
	"domain_alias_maps": "SELECT f.forwarding FROM alias_domain a" +
		" JOIN forwardings f ON f.address = '%u' || '@' || a.target_domain JOIN domain d ON d.domain = a.target_domain" +
		" WHERE a.alias_domain = '%d' AND a.active = 1 AND f.active = 1 AND d.backupmx = 0 ORDER BY f.forwarding",
	"catchall_maps": forwards + " AND f.address = '%d' AND f.address = d.domain AND '%u' NOT LIKE '%%+%%' ORDER BY f.forwarding",
	"domain_alias_catchall_maps": "SELECT f.forwarding FROM alias_domain a JOIN forwardings f ON f.address = a.target_domain" +
		" WHERE a.alias_domain = '%d' AND '%u' <> '' AND a.active = 1 AND f.active = 1 ORDER BY f.forwarding",

	"sender_bcc_maps_user":      bccOfUser("sender_bcc_user"),
	"recipient_bcc_maps_user":   bccOfUser("recipient_bcc_user"),
	"sender_bcc_maps_domain":    bccOfDomain("sender_bcc_domain"),
	"recipient_bcc_maps_domain": bccOfDomain("recipient_bcc_domain"),

	// For an address, or for a domain with "@" before it.
	"sender_dependent_relayhost_maps": "SELECT relayhost FROM sender_relayhost WHERE account = '%s'",
}

func bccOfUser(table string) string {
	return "SELECT b.bcc_address FROM " + table + " b JOIN domain d ON d.domain = b.domain" +
		" WHERE b.username = '%s' AND b.domain = '%d' AND b.active = 1 AND d.active = 1 AND d.backupmx = 0"
}

// bccOfDomain does not look whether the row is active, because iRedMail's query does not.
func bccOfDomain(table string) string {
	return "SELECT b.bcc_address FROM " + table + " b JOIN domain d ON d.domain = b.domain" +
		" WHERE b.domain = '%d' AND '%u' <> '' AND d.active = 1"
}

// postfixLists are maps that Postfix asks one after another until one of them knows the key.
var postfixLists = map[string][]string{
	// Of an address; Postfix asks transport_maps_domain for its domain next.
	"transport":     {"transport_maps_user", "transport_maps_maillist"},
	"expansion":     {"virtual_alias_maps", "domain_alias_maps", "catchall_maps", "domain_alias_catchall_maps"},
	"sender_bcc":    {"sender_bcc_maps_user", "sender_bcc_maps_domain"},
	"recipient_bcc": {"recipient_bcc_maps_user", "recipient_bcc_maps_domain"},
}

// Postfix answers from the accounts of a fixture. No Postfix runs: its map reader is all that is asked.
type Postfix struct {
	dir, postmap string
	From         source
	lists        map[string][]string
}

func NewPostfix(t *testing.T, from source) *Postfix {
	t.Helper()
	p := &Postfix{dir: t.TempDir(), postmap: Program(t, "postmap"), From: from, lists: postfixLists}
	p.write(t, "main", "compatibility_level = 3.6\nmyhostname = oracle.test\ninet_interfaces = 127.0.0.1\n")
	if from.Directory != nil {
		p.lists = directoryLists
		p.writeDirectoryMaps(t)
		return p
	}
	for name, query := range postfixQueries {
		p.writeMap(t, name, query)
	}
	return p
}

func (p *Postfix) writeMap(t *testing.T, name, query string) {
	t.Helper()
	p.write(t, name, p.From.lines+"query = "+query+"\n")
}

// write writes a file that looks old: with a new one Postfix waits, lest it be half written.
func (p *Postfix) write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(p.file(name), []byte(text), 0o600))
	old := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(p.file(name), old, old))
}

func (p *Postfix) file(name string) string { return filepath.Join(p.dir, name+".cf") }

// Ask returns what the map, or the list of maps, holds for the key, comma-joined. Nothing is "".
func (p *Postfix) Ask(t *testing.T, name, key string) string {
	t.Helper()
	found, err := p.LookUp(t, name, key)
	require.NoError(t, err)
	return found[key]
}

// LookUp is ask for many keys that returns what goes wrong. Postfix ends with the same status then as for keys none of
// which is there.
func (p *Postfix) LookUp(t *testing.T, name string, keys ...string) (map[string]string, error) {
	t.Helper()
	args := []string{"-c", p.dir, "-q", "-"}
	maps, isList := p.lists[name]
	if !isList {
		maps = []string{name}
	}
	for _, m := range maps {
		args = append(args, p.From.table+":"+p.file(m))
	}
	out, err := CallWith(t.Context(), strings.Join(keys, "\n")+"\n", p.postmap, args...)
	switch {
	case err != nil:
		return nil, err
	case out.stderr != "" || out.Status > 1 || (out.Status == 1) != (out.Stdout == ""):
		return nil, fmt.Errorf("postmap asked %s for %s and ended with %d (scripts/install.sh installs what it needs): %s",
			name, keys, out.Status, out)
	}
	found := map[string]string{}
	for _, line := range splitLines(out.Stdout) {
		key, value, _ := strings.Cut(line, "\t")
		found[key] = value
	}
	return found, nil
}

// Verdicts are questions to Postfix, "MAP KEY", with what it finds, comma-joined. Nothing is "".
type Verdicts map[string]string

func (p *Postfix) Require(t *testing.T, want Verdicts, when string) {
	t.Helper()
	if p.From.Directory != nil {
		p.requireOverDirectory(t, want, when)
		return
	}
	keys, found := map[string][]string{}, Verdicts{}
	for question := range want {
		name, key, _ := strings.Cut(question, " ")
		keys[name] = append(keys[name], key)
	}
	for name, asked := range keys {
		values, err := p.LookUp(t, name, asked...)
		require.NoError(t, err)
		for _, key := range asked {
			found[name+" "+key] = values[key]
		}
	}
	require.Equal(t, want, found, when)
}

// SeedExample makes example.com with the alias domain example.net, the mailboxes anna and ben, and the alias sales with the
// member anna; other.test with the mailbox zoe.
func SeedExample(c *Client) {
	c.W.T.Helper()
	Acts(
		Post("/api/domain/example.com", Body{}),
		Post("/api/domain/other.test", Body{}),
		Put("/api/domain/example.com", Body{"addAliasDomain": List{"example.net"}}),
		Post("/api/user/anna@example.com", Body{"password": Password, "maildir": "/var/vmail/vmail1/example.com/anna"}),
		Post("/api/user/ben@example.com", Body{"password": Password, "maildir": "/var/vmail/vmail1/example.com/ben"}),
		Post("/api/user/zoe@other.test", Body{"password": Password, "maildir": "/var/vmail/vmail1/other.test/zoe"}),
		Post("/api/alias/sales@example.com", Body{"members": List{"anna@example.com"}}),
	)(c)
}
