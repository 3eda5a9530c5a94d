package servertest

import (
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

var (
	userRow = func(columns string) func(v Session, subject string) any {
		return cell("SELECT " + columns + " FROM mailbox WHERE username = ?")
	}
	userBcc = func(table string) func(v Session, subject string) any {
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

var UserParameters = []Parameters{
	{Operation: "POST /api/user/<mail>", Subject: "new#@example.com", Read: "/api/user/", Cases: commonUserCases},
	{Operation: "POST /api/user/<mail>", Subject: "new#@example.com", Read: "/api/user/", Cases: credentialCases},
	{Operation: "POST /api/user/<mail>", Subject: "new#@example.com", Read: "/api/user/", Cases: userCreateCases},
	{Operation: "PUT /api/user/<mail>", Subject: "anna@example.com", Read: "/api/user/", Cases: commonUserCases},
	{Operation: "PUT /api/user/<mail>", Subject: "anna@example.com", Read: "/api/user/", Cases: credentialCases},
	{Operation: "PUT /api/user/<mail>", Subject: "anna@example.com", Read: "/api/user/", Cases: userUpdateCases},
	{Operation: "PUT /api/user/<mail>", Subject: "anna@example.com", Read: "/api/user/", Cases: userRouteCases},
	{Operation: "PUT /api/users/<domain>", Subject: "example.com", Read: "/api/users/", Cases: bulkCases},
}

// The parameters of a new mailbox and of one that there is behave the same way.
var commonUserCases = []parameterCase{
	{Name: "name", beside: WithPassword, shown: key("name"), stored: userRow("name"),
		Steps: []Step{same("Anna B."), same("Anna C., Dr."), same("")}},
	{Name: "gn", beside: WithPassword, shown: key("first_name"), stored: userRow("first_name"),
		Steps: []Step{same("Anna"), same("Anne-Marie"), same("")}},
	{Name: "sn", beside: WithPassword, shown: key("last_name"), stored: userRow("last_name"),
		Steps: []Step{same("Berg"), same("von Berg"), same("")}},
	{Name: "employeeid", beside: WithPassword, shown: key("employeeid"), stored: userRow("employeeid"),
		Steps: []Step{same("4711"), same("A-12/b"), same("")}},
	{Name: "language", beside: WithPassword, shown: key("language"), stored: userRow("language"),
		Steps: []Step{same("de_DE"), same("zh_CN"), becomes(nil, "")}},
	{Name: "quota", beside: WithPassword, shown: key("quota"), stored: userRow("quota"),
		Steps: []Step{same(512), same(1024), same(0)}},
	{Name: "mailboxFormat", beside: WithPassword, shown: key("mailboxformat"), stored: userRow("mailboxformat"),
		Steps: []Step{same("mdbox"), same("sdbox"), becomes(nil, "maildir")}},
	{Name: "mailboxFolder", beside: WithPassword, shown: key("mailboxfolder"), stored: userRow("mailboxfolder"),
		Steps: []Step{same("Inbox"), same("Mail2"), becomes(nil, "Maildir")}},
	{Name: "maildir", beside: WithPassword, shown: key("maildir"), stored: pathRow, Steps: []Step{
		{"/var/vmail/vmail1/example.com/Anna/", "/var/vmail/vmail1/example.com/anna",
			List{"/var/vmail", "vmail1", "example.com/anna"}},
		{"/srv/mail/by/anna", "/srv/mail/by/anna", List{"/srv", "mail", "by/anna"}}}},
	{Name: "accountStatus", beside: WithPassword, shown: key("active"),
		stored: cell("SELECT m.active, f.active FROM mailbox m JOIN forwardings f ON f.address = m.username" +
			" WHERE m.username = ?"),
		Steps: []Step{{"disabled", 0, List{0, 0}}, {"active", 1, List{1, 1}}}},
}

var credentialCases = []parameterCase{
	{Name: "password", shown: verifiedBy("/api/verify_password/user/"), stored: hashedFrom("mailbox"),
		Steps: []Step{same(OnePassword), same(AnotherPassword)}},
	{Name: "password_hash", shown: verifiedBy("/api/verify_password/user/"), stored: userRow("password"), Steps: []Step{
		{"{PLAIN}" + OnePassword, OnePassword, "{PLAIN}" + OnePassword},
		{"{plain}" + AnotherPassword, AnotherPassword, "{plain}" + AnotherPassword}}},
}

var userUpdateCases = []parameterCase{
	{Name: "department", shown: key("department"), stored: userRow("department"),
		Steps: []Step{same("Sales"), same("Überlandwerke, 3. Stock"), same("")}},
	{Name: "telephoneNumber", shown: key("telephone"), stored: userRow("telephone"), Steps: []Step{
		becomes(List{"+49 30 901820"}, "+49 30 901820"), becomes(List{"030/2", "030/3"}, "030/2"), becomes(List{}, "")}},
	{Name: "mobile", shown: key("mobile"), stored: userRow("mobile"), Steps: []Step{
		{List{"+49 170 1"}, List{"+49 170 1"}, "+49 170 1"}, {List{"0170/2", "0170/3"}, List{"0170/2"}, "0170/2"},
		{List{}, List{}, ""}}},
	{Name: "transport", shown: key("transport"), stored: userRow("transport"),
		Steps: []Step{same("smtp:[192.0.2.10]:25"), same("dovecot"), same("")}},
	{Name: "isGlobalAdmin", shown: key("managed_domains"), stored: globalMarks,
		Steps: []Step{{"yes", List{"ALL"}, List{1, 1}}, {"no", List{}, List{0, 0}}}},
	{Name: "senderBcc", shown: key("sender_bcc"), stored: userBcc("sender_bcc_user"), Steps: []Step{
		{"audit@elsewhere.test", "audit@elsewhere.test", List{"audit@elsewhere.test", "example.com", 1}},
		{"ben@example.com", "ben@example.com", List{"ben@example.com", "example.com", 1}}, {"", "", nil}}},
	{Name: "recipientBcc", shown: key("recipient_bcc"), stored: userBcc("recipient_bcc_user"), Steps: []Step{
		{"audit@elsewhere.test", "audit@elsewhere.test", List{"audit@elsewhere.test", "example.com", 1}},
		{"ben@example.com", "ben@example.com", List{"ben@example.com", "example.com", 1}}, {"", "", nil}}},
	{Name: "services", shown: shownServices, stored: storedServices, Steps: []Step{
		becomes(List{"smtp", "imap", "sogowebmail"}, on("smtp", "imap", "sogowebmail")),
		becomes(List{"deliver", "managesieve"}, on("deliver", "lda", "lmtp", "managesieve", "sieve")), becomes(List{}, on())}},
	{Name: "addService", Before: Body{"services": List{}}, shown: shownServices, stored: storedServices, Steps: []Step{
		becomes(List{"pop3secured", "sogocalendar"}, on("pop3secured", "sogocalendar")),
		becomes(List{"smtp"}, on("pop3secured", "smtp", "sogocalendar")),
		becomes(List{}, on("pop3secured", "smtp", "sogocalendar"))}},
	{Name: "removeService", Before: Body{"services": List{"pop3", "smtp", "sogoactivesync"}}, shown: shownServices,
		stored: storedServices,
		Steps: []Step{becomes(List{"pop3"}, on("smtp", "sogoactivesync")), becomes(List{"sogoactivesync"}, on("smtp")),
			becomes(List{}, on("smtp"))}},
}

// What a new mailbox takes of that.
var userCreateCases = []parameterCase{
	{Name: "department", beside: WithPassword, shown: key("department"), stored: userRow("department"), Steps: []Step{same("Sales"), same("")}},
	{Name: "telephoneNumber", beside: WithPassword, shown: key("telephone"), stored: userRow("telephone"), Steps: []Step{
		becomes(List{"030/2", "030/3"}, "030/2"), becomes(List{}, "")}},
	{Name: "mobile", beside: WithPassword, shown: key("mobile"), stored: userRow("mobile"), Steps: []Step{
		{List{"0170/2", "0170/3"}, List{"0170/2"}, "0170/2"}, {List{}, List{}, ""}}},
	{Name: "transport", beside: WithPassword, shown: key("transport"), stored: userRow("transport"),
		Steps: []Step{same("smtp:[192.0.2.10]:25"), same("")}},
	{Name: "isGlobalAdmin", beside: WithPassword, shown: key("managed_domains"), stored: globalMarks,
		Steps: []Step{{"yes", List{"ALL"}, List{1, 1}}, {"no", List{}, List{0, 0}}}},
	{Name: "senderBcc", beside: WithPassword, shown: key("sender_bcc"), stored: userBcc("sender_bcc_user"), Steps: []Step{
		{"ben@example.com", "ben@example.com", List{"ben@example.com", "example.com", 1}}, {"", "", nil}}},
	{Name: "recipientBcc", beside: WithPassword, shown: key("recipient_bcc"), stored: userBcc("recipient_bcc_user"), Steps: []Step{
		{"ben@example.com", "ben@example.com", List{"ben@example.com", "example.com", 1}}, {"", "", nil}}},
	{Name: "services", beside: WithPassword, shown: shownServices, stored: storedServices, Steps: []Step{
		becomes(List{"smtp", "imap", "sogowebmail"}, on("smtp", "imap", "sogowebmail")), becomes(List{}, on())}},
	{Name: "forwarding", beside: WithPassword, shown: key("forwardings"), stored: forwardingRows, Steps: []Step{
		{List{"out@elsewhere.test"}, List{"out@elsewhere.test"},
			List{List{"out@elsewhere.test", "example.com", "elsewhere.test", 1}}},
		{List{}, List{"new1@example.com"}, List{List{"new1@example.com", "example.com", "example.com", 1}}}}},
	{Name: "aliases", beside: WithPassword, shown: key("aliases"), stored: furtherRows, Steps: []Step{
		{List{"info@example.com", "ab@example.net"}, List{"ab@example.net", "info@example.com"}, List{
			List{"ab@example.net", "example.com", "example.com", 1}, List{"info@example.com", "example.com", "example.com", 1}}},
		same(List{})}},
}

// A mailbox is never left without a destination. Its further addresses may be in its domain or an alias domain of it.
var userRouteCases = []parameterCase{
	{Name: "forwarding", shown: key("forwardings"), stored: forwardingRows, Steps: []Step{
		{List{"anna@example.com", "zoe@other.test"}, List{"anna@example.com", "zoe@other.test"}, List{
			List{"anna@example.com", "example.com", "example.com", 1}, List{"zoe@other.test", "example.com", "other.test", 1}}},
		{List{"out@elsewhere.test"}, List{"out@elsewhere.test"},
			List{List{"out@elsewhere.test", "example.com", "elsewhere.test", 1}}},
		{List{}, List{"anna@example.com"}, List{List{"anna@example.com", "example.com", "example.com", 1}}}}},
	{Name: "addForwarding", shown: key("forwardings"),
		stored: rows("SELECT forwarding FROM forwardings WHERE address = ? ORDER BY forwarding"),
		Steps: []Step{becomes(List{"zoe@other.test"}, List{"anna@example.com", "zoe@other.test"}),
			becomes(List{"out@elsewhere.test"}, List{"anna@example.com", "out@elsewhere.test", "zoe@other.test"}),
			becomes(List{}, List{"anna@example.com", "out@elsewhere.test", "zoe@other.test"})}},
	{Name: "removeForwarding", Before: Body{"forwarding": List{"anna@example.com", "out@elsewhere.test", "zoe@other.test"}},
		shown: key("forwardings"), stored: rows("SELECT forwarding FROM forwardings WHERE address = ? ORDER BY forwarding"),
		Steps: []Step{becomes(List{"anna@example.com"}, List{"out@elsewhere.test", "zoe@other.test"}),
			becomes(List{"zoe@other.test", "unknown@elsewhere.test"}, List{"out@elsewhere.test"}),
			becomes(List{}, List{"out@elsewhere.test"}),
			becomes(List{"out@elsewhere.test"}, List{"anna@example.com"})}},
	{Name: "aliases", shown: key("aliases"), stored: furtherRows, Steps: []Step{
		{List{"info@example.com", "ab@example.net"}, List{"ab@example.net", "info@example.com"}, List{
			List{"ab@example.net", "example.com", "example.com", 1}, List{"info@example.com", "example.com", "example.com", 1}}},
		{List{"a.b@example.com"}, List{"a.b@example.com"}, List{List{"a.b@example.com", "example.com", "example.com", 1}}},
		same(List{})}},
	{Name: "addAlias", shown: key("aliases"), stored: furtherRows, Steps: []Step{
		{List{"b@example.com"}, List{"b@example.com"}, List{List{"b@example.com", "example.com", "example.com", 1}}},
		{List{"a@example.com"}, List{"a@example.com", "b@example.com"}, List{
			List{"a@example.com", "example.com", "example.com", 1}, List{"b@example.com", "example.com", "example.com", 1}}},
		{List{}, List{"a@example.com", "b@example.com"}, List{
			List{"a@example.com", "example.com", "example.com", 1}, List{"b@example.com", "example.com", "example.com", 1}}}}},
	{Name: "removeAlias", Before: Body{"aliases": List{"a@example.com", "b@example.net"}}, shown: key("aliases"),
		stored: furtherRows, Steps: []Step{
			{List{"a@example.com", "unknown@example.com"}, List{"b@example.net"},
				List{List{"b@example.net", "example.com", "example.com", 1}}},
			{List{}, List{"b@example.net"}, List{List{"b@example.net", "example.com", "example.com", 1}}},
			becomes(List{"b@example.net"}, List{})}},
}

// What a change to all mailboxes of a domain does to anna and ben.
var bulkCases = []parameterCase{
	{Name: "accountStatus", shown: ofEach("active"), stored: rows("SELECT m.active + f.active FROM mailbox m" +
		" JOIN forwardings f ON f.address = m.username WHERE m.domain = ? ORDER BY m.username"),
		Steps: []Step{{"disabled", List{0, 0}, List{0, 0}}, {"active", List{1, 1}, List{2, 2}}}},
	{Name: "password", shown: func(v Session, _, _ string) any {
		verified := verifiedBy("/api/verify_password/user/")
		return List{verified(v, "", "anna@example.com"), verified(v, "", "ben@example.com")}
	}, stored: func(v Session, subject string) any {
		return FromHashes(v.Rows("SELECT password FROM mailbox WHERE domain = ? ORDER BY username", subject))
	}, Steps: []Step{becomes(OnePassword, List{OnePassword, OnePassword}),
		becomes(AnotherPassword, List{AnotherPassword, AnotherPassword})}},
	{Name: "language", shown: ofEach("language"), stored: rows("SELECT language FROM mailbox WHERE domain = ? ORDER BY username"),
		Steps: []Step{becomes("de_DE", List{"de_DE", "de_DE"}), becomes("fi_FI", List{"fi_FI", "fi_FI"}),
			becomes(nil, List{"", ""})}},
	{Name: "transport", shown: ofEach("transport"),
		stored: rows("SELECT transport FROM mailbox WHERE domain = ? ORDER BY username"),
		Steps: []Step{becomes("smtp:[192.0.2.10]", List{"smtp:[192.0.2.10]", "smtp:[192.0.2.10]"}),
			becomes("dovecot", List{"dovecot", "dovecot"}), becomes("", List{"", ""})}},
}

// ofEach is a value of each item of a listing.
func ofEach(name string) func(v Session, path, subject string) any {
	return func(v Session, path, _ string) any {
		values := List{}
		for _, item := range v.Legacy().Get(path).List() {
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

func shownServices(v Session, path, _ string) any {
	enabled := []string{}
	for name, value := range v.Show(path) {
		if service, ok := strings.CutPrefix(name, "enable"); ok && (value == 1.0 || value == "y") {
			enabled = append(enabled, service)
		}
	}
	return slices.Sorted(slices.Values(enabled))
}

func storedServices(v Session, subject string) any {
	records, err := v.W.Vmail.Reader().Records(v.W.T.Context(), "SELECT * FROM mailbox WHERE username = ?", subject)
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
