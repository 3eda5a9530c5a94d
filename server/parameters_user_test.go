package server_test

import (
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

var (
	userRow = func(columns string) func(v session, subject string) any {
		return cell("SELECT " + columns + " FROM mailbox WHERE username = ?")
	}
	userBcc = func(table string) func(v session, subject string) any {
		return cell("SELECT bcc_address, domain, active FROM " + table + " WHERE username = ?")
	}
	forwardingRows = rows("SELECT forwarding, domain, dest_domain, active FROM forwardings WHERE address = ?" +
		" AND is_forwarding = 1 AND is_alias = 0 AND is_list = 0 AND is_maillist = 0 ORDER BY forwarding")
	furtherRows = rows("SELECT address, domain, dest_domain, active FROM forwardings WHERE forwarding = ? AND is_alias = 1" +
		" AND is_forwarding = 0 AND is_list = 0 AND is_maillist = 0 ORDER BY address")
	globalMarks = cell("SELECT isglobaladmin, (SELECT COUNT(*) FROM domain_admins WHERE username = ? AND domain = 'ALL')" +
		" FROM mailbox WHERE username = ?")
	pathRow = userRow("storagebasedirectory, storagenode, maildir")
)

var userParameters = []parameters{
	{operation: "POST /api/user/<mail>", subject: "new#@example.com", read: "/api/user/", cases: commonUserCases},
	{operation: "POST /api/user/<mail>", subject: "new#@example.com", read: "/api/user/", cases: credentialCases},
	{operation: "PUT /api/user/<mail>", subject: "anna@example.com", read: "/api/user/", cases: commonUserCases},
	{operation: "PUT /api/user/<mail>", subject: "anna@example.com", read: "/api/user/", cases: credentialCases},
	{operation: "PUT /api/user/<mail>", subject: "anna@example.com", read: "/api/user/", cases: userUpdateCases},
	{operation: "PUT /api/user/<mail>", subject: "anna@example.com", read: "/api/user/", cases: userRouteCases},
	{operation: "PUT /api/users/<domain>", subject: "example.com", read: "/api/users/", cases: bulkCases},
}

// The parameters of a new mailbox and of one that there is behave the same way.
var commonUserCases = []parameterCase{
	{name: "name", beside: withPassword, shown: key("name"), stored: userRow("name"),
		steps: []step{same("Anna B."), same("Anna C., Dr."), same("")}},
	{name: "gn", beside: withPassword, shown: key("first_name"), stored: userRow("first_name"),
		steps: []step{same("Anna"), same("Anne-Marie"), same("")}},
	{name: "sn", beside: withPassword, shown: key("last_name"), stored: userRow("last_name"),
		steps: []step{same("Berg"), same("von Berg"), same("")}},
	{name: "employeeid", beside: withPassword, shown: key("employeeid"), stored: userRow("employeeid"),
		steps: []step{same("4711"), same("A-12/b"), same("")}},
	{name: "language", beside: withPassword, shown: key("language"), stored: userRow("language"),
		steps: []step{same("de_DE"), same("zh_CN"), becomes(nil, "")}},
	{name: "quota", beside: withPassword, shown: key("quota"), stored: userRow("quota"),
		steps: []step{same(512), same(1024), same(0)}},
	{name: "mailboxFormat", beside: withPassword, shown: key("mailboxformat"), stored: userRow("mailboxformat"),
		steps: []step{same("mdbox"), same("sdbox"), becomes(nil, "maildir")}},
	{name: "mailboxFolder", beside: withPassword, shown: key("mailboxfolder"), stored: userRow("mailboxfolder"),
		steps: []step{same("Inbox"), same("Mail2"), becomes(nil, "Maildir")}},
	{name: "maildir", beside: withPassword, shown: key("maildir"), stored: pathRow, steps: []step{
		{"/var/vmail/vmail1/example.com/Anna/", "/var/vmail/vmail1/example.com/anna",
			list{"/var/vmail", "vmail1", "example.com/anna"}},
		{"/srv/mail/by/anna", "/srv/mail/by/anna", list{"/srv", "mail", "by/anna"}}}},
	{name: "accountStatus", beside: withPassword, shown: key("active"),
		stored: cell("SELECT m.active, f.active FROM mailbox m JOIN forwardings f ON f.address = m.username" +
			" WHERE m.username = ?"),
		steps: []step{{"disabled", 0, list{0, 0}}, {"active", 1, list{1, 1}}}},
}

var credentialCases = []parameterCase{
	{name: "password", shown: verifiedBy("/api/verify_password/user/"), stored: hashedFrom("mailbox"),
		steps: []step{same(onePassword), same(anotherPassword)}},
	{name: "password_hash", shown: verifiedBy("/api/verify_password/user/"), stored: userRow("password"), steps: []step{
		{"{PLAIN}" + onePassword, onePassword, "{PLAIN}" + onePassword},
		{"{plain}" + anotherPassword, anotherPassword, "{plain}" + anotherPassword}}},
}

var userUpdateCases = []parameterCase{
	{name: "telephoneNumber", shown: key("telephone"), stored: userRow("telephone"), steps: []step{
		becomes(list{"+49 30 901820"}, "+49 30 901820"), becomes(list{"030/2", "030/3"}, "030/2"), becomes(list{}, "")}},
	{name: "mobile", shown: key("mobile"), stored: userRow("mobile"), steps: []step{
		{list{"+49 170 1"}, list{"+49 170 1"}, "+49 170 1"}, {list{"0170/2", "0170/3"}, list{"0170/2"}, "0170/2"},
		{list{}, list{}, ""}}},
	{name: "transport", shown: key("transport"), stored: userRow("transport"),
		steps: []step{same("smtp:[192.0.2.10]:25"), same("dovecot"), same("")}},
	{name: "isGlobalAdmin", shown: key("managed_domains"), stored: globalMarks,
		steps: []step{{"yes", list{"ALL"}, list{1, 1}}, {"no", list{}, list{0, 0}}}},
	{name: "senderBcc", shown: key("sender_bcc"), stored: userBcc("sender_bcc_user"), steps: []step{
		{"audit@elsewhere.test", "audit@elsewhere.test", list{"audit@elsewhere.test", "example.com", 1}},
		{"ben@example.com", "ben@example.com", list{"ben@example.com", "example.com", 1}}, {"", "", nil}}},
	{name: "recipientBcc", shown: key("recipient_bcc"), stored: userBcc("recipient_bcc_user"), steps: []step{
		{"audit@elsewhere.test", "audit@elsewhere.test", list{"audit@elsewhere.test", "example.com", 1}},
		{"ben@example.com", "ben@example.com", list{"ben@example.com", "example.com", 1}}, {"", "", nil}}},
	{name: "services", shown: shownServices, stored: storedServices, steps: []step{
		becomes(list{"smtp", "imap", "sogowebmail"}, on("smtp", "imap", "sogowebmail")),
		becomes(list{"deliver", "managesieve"}, on("deliver", "lda", "lmtp", "managesieve", "sieve")), becomes(list{}, on())}},
	{name: "addService", before: body{"services": list{}}, shown: shownServices, stored: storedServices, steps: []step{
		becomes(list{"pop3secured", "sogocalendar"}, on("pop3secured", "sogocalendar")),
		becomes(list{"smtp"}, on("pop3secured", "smtp", "sogocalendar")),
		becomes(list{}, on("pop3secured", "smtp", "sogocalendar"))}},
	{name: "removeService", before: body{"services": list{"pop3", "smtp", "sogoactivesync"}}, shown: shownServices,
		stored: storedServices,
		steps: []step{becomes(list{"pop3"}, on("smtp", "sogoactivesync")), becomes(list{"sogoactivesync"}, on("smtp")),
			becomes(list{}, on("smtp"))}},
}

// A mailbox is never left without a destination. Its further addresses may be in its domain or an alias domain of it.
var userRouteCases = []parameterCase{
	{name: "forwarding", shown: key("forwardings"), stored: forwardingRows, steps: []step{
		{list{"anna@example.com", "zoe@other.test"}, list{"anna@example.com", "zoe@other.test"}, list{
			list{"anna@example.com", "example.com", "example.com", 1}, list{"zoe@other.test", "example.com", "other.test", 1}}},
		{list{"out@elsewhere.test"}, list{"out@elsewhere.test"},
			list{list{"out@elsewhere.test", "example.com", "elsewhere.test", 1}}},
		{list{}, list{"anna@example.com"}, list{list{"anna@example.com", "example.com", "example.com", 1}}}}},
	{name: "addForwarding", shown: key("forwardings"),
		stored: rows("SELECT forwarding FROM forwardings WHERE address = ? ORDER BY forwarding"),
		steps: []step{becomes(list{"zoe@other.test"}, list{"anna@example.com", "zoe@other.test"}),
			becomes(list{"out@elsewhere.test"}, list{"anna@example.com", "out@elsewhere.test", "zoe@other.test"}),
			becomes(list{}, list{"anna@example.com", "out@elsewhere.test", "zoe@other.test"})}},
	{name: "removeForwarding", before: body{"forwarding": list{"anna@example.com", "out@elsewhere.test", "zoe@other.test"}},
		shown: key("forwardings"), stored: rows("SELECT forwarding FROM forwardings WHERE address = ? ORDER BY forwarding"),
		steps: []step{becomes(list{"anna@example.com"}, list{"out@elsewhere.test", "zoe@other.test"}),
			becomes(list{"zoe@other.test", "unknown@elsewhere.test"}, list{"out@elsewhere.test"}),
			becomes(list{}, list{"out@elsewhere.test"}),
			becomes(list{"out@elsewhere.test"}, list{"anna@example.com"})}},
	{name: "aliases", shown: key("aliases"), stored: furtherRows, steps: []step{
		{list{"info@example.com", "ab@example.net"}, list{"ab@example.net", "info@example.com"}, list{
			list{"ab@example.net", "example.com", "example.com", 1}, list{"info@example.com", "example.com", "example.com", 1}}},
		{list{"a.b@example.com"}, list{"a.b@example.com"}, list{list{"a.b@example.com", "example.com", "example.com", 1}}},
		same(list{})}},
	{name: "addAlias", shown: key("aliases"), stored: furtherRows, steps: []step{
		{list{"b@example.com"}, list{"b@example.com"}, list{list{"b@example.com", "example.com", "example.com", 1}}},
		{list{"a@example.com"}, list{"a@example.com", "b@example.com"}, list{
			list{"a@example.com", "example.com", "example.com", 1}, list{"b@example.com", "example.com", "example.com", 1}}},
		{list{}, list{"a@example.com", "b@example.com"}, list{
			list{"a@example.com", "example.com", "example.com", 1}, list{"b@example.com", "example.com", "example.com", 1}}}}},
	{name: "removeAlias", before: body{"aliases": list{"a@example.com", "b@example.net"}}, shown: key("aliases"),
		stored: furtherRows, steps: []step{
			{list{"a@example.com", "unknown@example.com"}, list{"b@example.net"},
				list{list{"b@example.net", "example.com", "example.com", 1}}},
			{list{}, list{"b@example.net"}, list{list{"b@example.net", "example.com", "example.com", 1}}},
			becomes(list{"b@example.net"}, list{})}},
}

// What a change to all mailboxes of a domain does to anna and ben.
var bulkCases = []parameterCase{
	{name: "accountStatus", shown: ofEach("active"), stored: rows("SELECT m.active + f.active FROM mailbox m" +
		" JOIN forwardings f ON f.address = m.username WHERE m.domain = ? ORDER BY m.username"),
		steps: []step{{"disabled", list{0, 0}, list{0, 0}}, {"active", list{1, 1}, list{2, 2}}}},
	{name: "password", shown: func(v session, _, _ string) any {
		verified := verifiedBy("/api/verify_password/user/")
		return list{verified(v, "", "anna@example.com"), verified(v, "", "ben@example.com")}
	}, stored: func(v session, subject string) any {
		return fromHashes(v.rows("SELECT password FROM mailbox WHERE domain = ? ORDER BY username", subject))
	}, steps: []step{becomes(onePassword, list{onePassword, onePassword}),
		becomes(anotherPassword, list{anotherPassword, anotherPassword})}},
	{name: "language", shown: ofEach("language"), stored: rows("SELECT language FROM mailbox WHERE domain = ? ORDER BY username"),
		steps: []step{becomes("de_DE", list{"de_DE", "de_DE"}), becomes("fi_FI", list{"fi_FI", "fi_FI"}),
			becomes(nil, list{"", ""})}},
	{name: "transport", shown: ofEach("transport"),
		stored: rows("SELECT transport FROM mailbox WHERE domain = ? ORDER BY username"),
		steps: []step{becomes("smtp:[192.0.2.10]", list{"smtp:[192.0.2.10]", "smtp:[192.0.2.10]"}),
			becomes("dovecot", list{"dovecot", "dovecot"}), becomes("", list{"", ""})}},
}

// ofEach is a value of each item of a listing.
func ofEach(name string) func(v session, path, subject string) any {
	return func(v session, path, _ string) any {
		values := list{}
		for _, item := range v.get(path).list() {
			record, _ := item.(map[string]any)
			values = append(values, record[name])
		}
		return values
	}
}

// on are the services that are on when these are: what Dovecot needs inside is always.
func on(services ...string) []string {
	return slices.Sorted(slices.Values(append(services, "doveadm", "dsync", "indexer-worker", "internal", "lib-storage",
		"quota-status")))
}

func shownServices(v session, path, _ string) any {
	enabled := []string{}
	for name, value := range v.show(path) {
		if service, ok := strings.CutPrefix(name, "enable"); ok && (value == 1.0 || value == "y") {
			enabled = append(enabled, service)
		}
	}
	return slices.Sorted(slices.Values(enabled))
}

func storedServices(v session, subject string) any {
	records, err := v.w.vmail.Reader().Records(v.w.t.Context(), "SELECT * FROM mailbox WHERE username = ?", subject)
	if err != nil || len(records) != 1 {
		return err
	}
	return enabledIn(records[0])
}

func enabledIn(row store.Record) []string {
	enabled := []string{}
	for _, f := range row {
		if service, ok := strings.CutPrefix(f.Name, "enable"); ok && (f.Value == int64(1) || f.Value == "y") {
			enabled = append(enabled, service)
		}
	}
	return slices.Sorted(slices.Values(enabled))
}
