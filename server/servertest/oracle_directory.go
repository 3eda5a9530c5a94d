package servertest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/storetest"
)

// Over a directory Postfix and Dovecot ask other questions, of which this file has ours. What they make of the same act is
// checked by the same verdicts, but for what cannot be the same, which is declared here.

// served are the conditions under which an account is asked for; the first is for domains.
const (
	activeDomain = "(objectClass=mailDomain)(accountStatus=active)(enabledService=mail)"
	servedFor    = "(accountStatus=active)(!(domainStatus=disabled))(enabledService=mail)"
	addressed    = "(|(mail=%s)(shadowAddress=%s))"
)

// directoryMap is a question to the directory.
type directoryMap struct {
	filter    string // %s is the address or domain
	attribute string
	format    string // of the result; "" is the value itself
	users     bool   // below the users of the address's domain alone
}

// directoryMaps are the questions that iRedMail's Postfix asks a directory.
var directoryMaps = map[string]directoryMap{
	"virtual_mailbox_domains": {
		filter: "(&" + activeDomain + "(!(domainBackupMX=yes))" +
			"(|(domainName=%s)(&(enabledService=domainalias)(domainAliasName=%s))))",
		attribute: "domainName",
	},
	"relay_domains": {
		filter:    "(&" + activeDomain + "(domainBackupMX=yes)(|(domainName=%s)(&(enabledService=domainalias)(domainAliasName=%s))))",
		attribute: "domainName",
	},
	"transport_maps_domain": {
		filter: "(&" + activeDomain + "(|(domainName=%s)(domainAliasName=%s)))", attribute: "mtaTransport",
	},
	"transport_maps_user": {
		filter:    "(&(|(objectClass=mailUser)(&(objectClass=mailList)(enabledService=mlmmj)))" + servedFor + addressed + ")",
		attribute: "mtaTransport",
	},
	"virtual_mailbox_maps": {
		filter:    "(&(objectClass=mailUser)" + servedFor + "(enabledService=deliver)" + addressed + ")",
		attribute: "homeDirectory", format: "%s/Maildir/",
	},
	"sender_login_maps": {
		filter: "(&(objectClass=mailUser)" + servedFor + "(enabledService=smtp)" + addressed + ")", attribute: "mail",
	},
	"alias_maps": {
		filter: "(&" + servedFor + "(enabledService=deliver)" + addressed +
			"(|(objectClass=mailAlias)(&(objectClass=mailUser)(enabledService=forward))))",
		attribute: "mailForwardingAddress",
	},
	"group_maps": {
		filter: "(&" + servedFor + "(enabledService=deliver)(|" +
			"(&(|(memberOfGroup=%s)(shadowAddress=%s))(|(objectClass=mailUser)(objectClass=mailExternalUser)))" +
			"(&(memberOfGroup=%s)(!(shadowAddress=%s))(|(objectClass=mailAlias)(objectClass=mailList)))" +
			"(&(objectClass=mailList)(enabledService=mlmmj)" + addressed + ")))",
		attribute: "mail",
	},
	"member_maps": {
		filter: "(&(objectClass=mailUser)" + servedFor + "(enabledService=deliver)" + addressed + ")", attribute: "mail",
	},
	"catchall_maps": {
		filter:    "(&(objectClass=mailUser)(accountStatus=active)(!(domainStatus=disabled))" + addressed + ")",
		attribute: "mailForwardingAddress",
	},
	"sender_bcc_maps_user": {
		filter:    "(&(objectClass=mailUser)(mail=%s)" + servedFor + "(enabledService=senderbcc))",
		attribute: "userSenderBccAddress", users: true,
	},
	"recipient_bcc_maps_user": {
		filter:    "(&(objectClass=mailUser)(mail=%s)" + servedFor + "(enabledService=recipientbcc))",
		attribute: "userRecipientBccAddress", users: true,
	},
	"sender_bcc_maps_domain": {
		filter:    "(&" + activeDomain + "(enabledService=senderbcc)(|(domainName=%d)(domainAliasName=%d)))",
		attribute: "domainSenderBccAddress",
	},
	"recipient_bcc_maps_domain": {
		filter:    "(&" + activeDomain + "(enabledService=recipientbcc)(|(domainName=%d)(domainAliasName=%d)))",
		attribute: "domainRecipientBccAddress",
	},
	"relayhost_user": {
		filter: "(&(objectClass=mailUser)(mail=%s)" + servedFor + ")", attribute: "senderRelayHost", users: true,
	},
	"relayhost_domain": {
		filter: "(&" + activeDomain + "(|(domainName=%d)(domainAliasName=%d)))", attribute: "senderRelayHost",
	},
}

// directoryLists are the lists of maps of a directory, under the names that those of SQL have.
var directoryLists = map[string][]string{
	"transport":                       {"transport_maps_user"},
	"expansion":                       {"alias_maps", "group_maps", "member_maps"},
	"catchall":                        {"catchall_maps"},
	"sender_bcc":                      {"sender_bcc_maps_user", "sender_bcc_maps_domain"},
	"recipient_bcc":                   {"recipient_bcc_maps_user", "recipient_bcc_maps_domain"},
	"sender_dependent_relayhost_maps": {"relayhost_user", "relayhost_domain"},
}

// directorySource is what Postfix and Dovecot have to be told about a directory.
func directorySource(at storetest.DirectoryAt) source {
	return source{
		table: "ldap", Driver: "ldap", Directory: &at,
		lines: "server_host = " + at.URL + "\nversion = 3\nbind = yes\nbind_dn = " + at.ReadDN + "\nbind_pw = " + at.ReadPassword + "\n",
		connect: "uris = " + at.URL + "\nldap_version = 3\nauth_bind = yes\ndn = " + at.ReadDN + "\ndnpass = " + at.ReadPassword +
			"\nbase = " + at.Base + "\nscope = subtree\nderef = never\n",
	}
}

// writeDirectoryMaps writes the questions to a directory.
func (p *Postfix) writeDirectoryMaps(t *testing.T) {
	t.Helper()
	for name, m := range directoryMaps {
		text := p.From.lines + "query_filter = " + m.filter + "\nresult_attribute = " + m.attribute + "\n"
		if m.format != "" {
			text += "result_format = " + m.format + "\n"
		}
		base, scope := p.From.Directory.Base, "sub"
		if m.users {
			base, scope = "ou=Users,domainName=%d,"+base, "one"
		}
		p.write(t, name, text+"search_base = "+base+"\nscope = "+scope+"\n")
	}
}

// dovecotLDAP is the file of questions to a directory, without how that is reached.
const dovecotLDAP = `default_pass_scheme = CRYPT
pass_attrs = mail=user
pass_filter = ` + dovecotUser + `
user_attrs = homeDirectory=home,=mail=%{ldap:mailboxFormat:maildir}:~/%{ldap:mailboxFolder:Maildir},mailQuota=quota_rule=*:bytes=%$
user_filter = ` + dovecotUser + `
iterate_attrs = mail=user
iterate_filter = (&(objectClass=mailUser)(accountStatus=active)(!(domainStatus=disabled))(enabledService=mail))
`

const dovecotUser = "(&(objectClass=mailUser)" + servedFor + "(enabledService=%Ls%Lc)" +
	"(|(mail=%u)(&(enabledService=shadowaddress)(shadowAddress=%u))))"

// unlikeSQL are the verdicts that cannot be the same over a directory: what is found there where this is found in SQL, in the
// tests whose name begins so.
var unlikeSQL = []struct{ test, question, sql, directory, reason string }{
	{
		"", "virtual_mailbox_domains example.net", "example.net", "example.com", "Postfix is told the name of the domain itself",
	},
	{
		"", "virtual_mailbox_domains example.org", "example.org", "example.com", "Postfix is told the name of the domain itself",
	},
	{
		"TestPostfixServesBackupMX", "virtual_alias_maps anna@example.com", "", "anna@example.com",
		"only the questions for domains look whether it is a backup MX",
	},
	{
		"TestPostfixServesBackupMX", "sender_login_maps anna@example.com", "", "anna@example.com",
		"only the questions for domains look whether it is a backup MX",
	},
	{
		"TestPostfixServesServices", "transport anna@example.com", "", "smtp:[10.0.0.1]:25",
		"the transport of a user is found whether it gets mail or not",
	},
	{
		"TestPostfixServesFurtherAddresses", "virtual_mailbox_maps a.nna@example.com", "", "/example.com/anna/Maildir/",
		"a further address leads to the mailbox itself",
	},
	{
		"TestPostfixServesFurtherAddresses", "sender_login_maps a.nna@example.com", "", "anna@example.com",
		"who has a further address may send by it",
	},
	{
		"TestPostfixServesCatchall", "expansion nobody+tag@example.com", "", "zoe@other.test",
		"the question for a catch-all does not look at the local part",
	},
}

// overDirectory is what is found over a directory where SQL has that.
func overDirectory(test, question, sql string) string {
	for _, d := range unlikeSQL {
		if strings.HasPrefix(test, d.test) && question == d.question && sql == d.sql {
			return d.directory
		}
	}
	return sql
}

// expanding are the maps by whose answers Postfix goes on asking. They are compared by where mail ends.
var expanding = []string{"expansion", "virtual_alias_maps", "domain_alias_maps", "catchall_maps", "domain_alias_catchall_maps"}

// requireOverDirectory is require over a directory.
func (p *Postfix) requireOverDirectory(t *testing.T, want Verdicts, when string) {
	t.Helper()
	adapted, found := Verdicts{}, Verdicts{}
	for question, sql := range want {
		name, key, _ := strings.Cut(question, " ")
		expected := overDirectory(t.Name(), question, sql)
		var got string
		if slices.Contains(expanding, name) {
			ends := p.ends(t, name, append([]string{key}, split(expected)...))
			got, expected = strings.Join(ends[key], ","), strings.Join(merged(ends, split(expected)), ",")
		} else {
			got = p.Ask(t, name, key)
		}
		if name == "virtual_mailbox_maps" && expected != "" && strings.HasSuffix(got, expected) {
			got = expected // the whole path, of which SQL has the end
		}
		adapted[question], found[question] = expected, got
	}
	require.Equal(t, adapted, found, when)
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// merged is where mail to any of the addresses ends. One that leads nowhere else ends where it is.
func merged(ends map[string][]string, mails []string) []string {
	all := map[string]bool{}
	for _, mail := range mails {
		if len(ends[mail]) == 0 {
			all[mail] = true
		}
		for _, end := range ends[mail] {
			all[end] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// ends returns for each address where mail to it ends, as Postfix finds out by asking on. Of a catch-all map it is what that
// map alone says.
func (p *Postfix) ends(t *testing.T, name string, mails []string) map[string][]string {
	t.Helper()
	next := map[string][]string{}
	for asked := mails; len(asked) > 0; {
		found := p.step(t, name, asked)
		asked = nil
		for mail, to := range found {
			next[mail] = to
			for _, one := range to {
				if _, known := next[one]; !known && found[one] == nil && !slices.Contains(asked, one) {
					asked = append(asked, one)
				}
			}
		}
		name = "expansion"
	}
	ends := map[string][]string{}
	for _, mail := range mails {
		ends[mail] = reach(next, mail, map[string]bool{})
	}
	return ends
}

// reach follows an address through the steps.
func reach(next map[string][]string, mail string, seen map[string]bool) []string {
	var all []string
	for _, to := range next[mail] {
		switch {
		case to == mail, len(next[to]) == 0:
			all = append(all, to)
		case !seen[to]:
			seen[to] = true
			all = append(all, reach(next, to, seen)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// step is what Postfix finds for addresses at once: in the lists and, for what is not there, as the catch-all of its domain.
func (p *Postfix) step(t *testing.T, name string, mails []string) map[string][]string {
	t.Helper()
	steps := map[string][]string{}
	var absent []string
	if !strings.Contains(name, "catchall") {
		found, err := p.LookUp(t, "expansion", mails...)
		require.NoError(t, err)
		for _, mail := range mails {
			steps[mail] = split(found[mail])
		}
	}
	for _, mail := range mails {
		if len(steps[mail]) == 0 {
			absent = append(absent, mail)
		}
	}
	if len(absent) == 0 {
		return steps
	}
	keys := make([]string, len(absent))
	for i, mail := range absent {
		keys[i] = "@" + mail[strings.LastIndexByte(mail, '@')+1:]
	}
	found, err := p.LookUp(t, "catchall", slices.Compact(slices.Sorted(slices.Values(keys)))...)
	require.NoError(t, err)
	for i, mail := range absent {
		steps[mail] = split(found[keys[i]])
	}
	return steps
}

// EmptyAccounts returns what removes all accounts.
func (w *Fixture) EmptyAccounts(t *testing.T) func(t *testing.T) {
	t.Helper()
	if w.Directory == nil {
		return storetest.Emptier(t, w.Vmail)
	}
	return func(t *testing.T) {
		t.Helper()
		storetest.EmptyDirectory(t, *w.Directory)
	}
}

// NoSuchSource is a source that does not answer.
func (w *Fixture) NoSuchSource(t *testing.T) source {
	t.Helper()
	if w.Directory == nil {
		return sourceOf(t, w.Vmail.Dialect.Name, Database(t, w.Vmail)+"_gone")
	}
	at := *w.Directory
	at.ReadPassword += "x"
	return directorySource(at)
}

// WriteBroken writes a map that asks what cannot be asked.
func (p *Postfix) WriteBroken(t *testing.T) {
	t.Helper()
	if p.From.Directory == nil {
		p.writeMap(t, "broken", "SELECT address FROM nowhere WHERE address = '%s'")
		return
	}
	p.write(t, "broken", p.From.lines+fmt.Sprintf("search_base = %s\nquery_filter = (mail=%%s\nresult_attribute = mail\n", p.From.Directory.Base))
}
