package server_test

var (
	domainRow = func(columns string) func(v session, subject string) any {
		return cell("SELECT " + columns + " FROM domain WHERE domain = ?")
	}
	domainSettings = domainRow("settings")
	bccOf          = func(table string) func(v session, subject string) any {
		return cell("SELECT bcc_address, active FROM " + table + " WHERE domain = ?")
	}
	catchallRows = rows("SELECT forwarding, domain, dest_domain, is_maillist, is_list, is_forwarding, is_alias, active" +
		" FROM forwardings WHERE address = ? ORDER BY forwarding")
	aliasDomainRows = rows("SELECT alias_domain, active FROM alias_domain WHERE target_domain = ? ORDER BY alias_domain")
	domainAdminRows = rows("SELECT a.username, m.isadmin FROM domain_admins a LEFT JOIN mailbox m ON m.username = a.username" +
		" WHERE a.domain = ? ORDER BY a.username")
)

// The parameters of a new domain and of one that there is behave the same way.
var commonDomainCases = []parameterCase{
	{name: "name", shown: key("description"), stored: domainRow("description"),
		steps: []step{same("Example Ltd"), same("Beispiel GmbH, 2."), same("")}},
	{name: "quota", shown: key("quota"), stored: domainRow("maxquota"), steps: []step{same(1024), same(2147483647), same(0)}},
	{name: "language", shown: setting("default_language"), stored: domainSettings, steps: []step{
		{"de_DE", "de_DE", "default_language:de_DE;"}, {"pt_BR", "pt_BR", "default_language:pt_BR;"}, {nil, nil, ""}}},
	{name: "transport", shown: key("transport"), stored: domainRow("transport"),
		steps: []step{same("smtp:[192.0.2.10]:25"), same("lmtp:unix:private/dovecot-lmtp"), becomes("", "dovecot")}},
	{name: "defaultQuota", shown: setting("default_user_quota"), stored: domainSettings, steps: []step{
		{100, 100, "default_user_quota:100;"}, {200, 200, "default_user_quota:200;"}, {0, nil, ""},
		{300, 300, "default_user_quota:300;"}, {nil, nil, ""}}},
	{name: "maxUserQuota", shown: setting("max_user_quota"), stored: domainSettings, steps: []step{
		{500, 500, "max_user_quota:500;"}, {600, 600, "max_user_quota:600;"}, {0, nil, ""},
		{700, 700, "max_user_quota:700;"}, {nil, nil, ""}}},
	{name: "numberOfUsers", shown: key("mailboxes"), stored: domainRow("mailboxes"), steps: []step{same(10), same(-1), same(0)}},
	{name: "numberOfAliases", shown: key("aliases"), stored: domainRow("aliases"), steps: []step{same(20), same(-1), same(0)}},
	{name: "numberOfLists", shown: key("maillists"), stored: domainRow("maillists"), steps: []step{same(30), same(-1), same(0)}},
	{name: "senderBcc", shown: key("sender_bcc"), stored: bccOf("sender_bcc_domain"), steps: []step{
		{"audit@elsewhere.test", "audit@elsewhere.test", list{"audit@elsewhere.test", 1}},
		{"zoe@other.test", "zoe@other.test", list{"zoe@other.test", 1}}, {"", "", nil}}},
	{name: "recipientBcc", shown: key("recipient_bcc"), stored: bccOf("recipient_bcc_domain"), steps: []step{
		{"audit@elsewhere.test", "audit@elsewhere.test", list{"audit@elsewhere.test", 1}},
		{"zoe@other.test", "zoe@other.test", list{"zoe@other.test", 1}}, {"", "", nil}}},
}

var domainParameters = []parameters{
	{operation: "POST /api/domain/<domain>", subject: "new#.test", read: "/api/domain/", cases: commonDomainCases},
	{operation: "PUT /api/domain/<domain>", subject: "example.com", read: "/api/domain/", cases: commonDomainCases},
	{operation: "PUT /api/domain/<domain>", subject: "example.com", read: "/api/domain/", cases: domainUpdateCases},
	{operation: "PUT /api/domain/<domain>", subject: "example.com", read: "/api/domain/", cases: domainSetCases},
	{operation: "PUT /api/domain/admins/<domain>", subject: "example.com", read: "/api/domain/", cases: domainAdminsCases},
}

var domainUpdateCases = []parameterCase{
	{name: "accountStatus", shown: key("active"), stored: domainRow("active"),
		steps: []step{becomes("disabled", 0), becomes("active", 1)}},
	{name: "minPasswordLength", shown: setting("min_passwd_length"), stored: domainSettings, steps: []step{
		{10, 10, "min_passwd_length:10;"}, {4, 4, "min_passwd_length:4;"}, {0, nil, ""}, {12, 12, "min_passwd_length:12;"},
		{nil, nil, ""}}},
	{name: "maxPasswordLength", shown: setting("max_passwd_length"), stored: domainSettings, steps: []step{
		{40, 40, "max_passwd_length:40;"}, {60, 60, "max_passwd_length:60;"}, {0, nil, ""}, {80, 80, "max_passwd_length:80;"},
		{nil, nil, ""}}},
	// A backup MX of SQL has no alias domains.
	{name: "is_backupmx", beside: body{"removeAliasDomain": list{"example.net"}}, shown: keys("backupmx", "transport"),
		stored: domainRow("backupmx, transport"), steps: []step{
			becomes("yes", list{1, "relay:example.com"}), becomes("no", list{0, "dovecot"})}},
	{name: "primarymx", beside: body{"is_backupmx": "yes", "removeAliasDomain": list{"example.net"}}, shown: key("transport"), stored: domainRow("transport"),
		steps: []step{
			becomes("mx.elsewhere.test", "relay:mx.elsewhere.test"), becomes("[192.0.2.10]:25", "relay:[192.0.2.10]:25"),
			becomes("192.0.2.11", "relay:[192.0.2.11]"), becomes("", "relay:example.com")}},
	{name: "catchall", shown: key("catchall"), stored: catchallRows, steps: []step{
		{list{"anna@example.com"}, list{"anna@example.com"}, list{
			list{"anna@example.com", "example.com", "example.com", 0, 0, 0, 0, 1}}},
		{list{"out@elsewhere.test", "ben@example.com"}, list{"ben@example.com", "out@elsewhere.test"}, list{
			list{"ben@example.com", "example.com", "example.com", 0, 0, 0, 0, 1},
			list{"out@elsewhere.test", "example.com", "elsewhere.test", 0, 0, 0, 0, 1}}},
		same(list{})}},
	{name: "outboundRelay", shown: key("relayhost"),
		stored: cell("SELECT relayhost FROM sender_relayhost WHERE account = CONCAT('@', ?)"), steps: []step{
			same("[smtp.elsewhere.test]:587"), becomes("smtp:[mail.elsewhere.test]:25", "[mail.elsewhere.test]:25"),
			{"", "", nil}}},
}

// What becomes of sets: the whole of one, or some names more or less. An empty list adds and removes nothing.
var domainSetCases = []parameterCase{
	{name: "aliasDomains", shown: key("alias_domains"), stored: aliasDomainRows, steps: []step{
		{list{"b.test", "a.test"}, list{"a.test", "b.test"}, list{list{"a.test", 1}, list{"b.test", 1}}},
		{list{"c.test", "b.test"}, list{"b.test", "c.test"}, list{list{"b.test", 1}, list{"c.test", 1}}}, same(list{})}},
	{name: "addAliasDomain", shown: key("alias_domains"), stored: aliasDomainRows, steps: []step{
		{list{"b.test"}, list{"b.test", "example.net"}, list{list{"b.test", 1}, list{"example.net", 1}}},
		{list{"a.test"}, list{"a.test", "b.test", "example.net"},
			list{list{"a.test", 1}, list{"b.test", 1}, list{"example.net", 1}}},
		{list{}, list{"a.test", "b.test", "example.net"}, list{list{"a.test", 1}, list{"b.test", 1}, list{"example.net", 1}}}}},
	{name: "removeAliasDomain", before: body{"aliasDomains": list{"a.test", "b.test"}}, shown: key("alias_domains"),
		stored: aliasDomainRows,
		steps: []step{{list{"a.test", "unknown.test"}, list{"b.test"}, list{list{"b.test", 1}}},
			{list{}, list{"b.test"}, list{list{"b.test", 1}}},
			becomes(list{"b.test"}, list{})}},
	{name: "services", shown: setting("enabled_services"), stored: domainSettings, steps: []step{
		{list{"self-service"}, list{"self-service"}, "enabled_services:self-service;"},
		{list{"self-service", "mail"}, list{"mail", "self-service"}, "enabled_services:mail,self-service;"}, {list{}, nil, ""}}},
	{name: "addService", shown: setting("enabled_services"), stored: domainSettings, steps: []step{
		{list{"self-service"}, list{"self-service"}, "enabled_services:self-service;"},
		{list{"mail"}, list{"mail", "self-service"}, "enabled_services:mail,self-service;"},
		{list{}, list{"mail", "self-service"}, "enabled_services:mail,self-service;"}}},
	{name: "removeService", before: body{"services": list{"mail", "self-service"}}, shown: setting("enabled_services"),
		stored: domainSettings,
		steps:  []step{{list{"mail"}, list{"self-service"}, "enabled_services:self-service;"}, {list{"self-service"}, nil, ""}}},
	switchedOff("disableDomainProfile", "disabled_domain_profiles", "throttle", "catchall"),
	switchedOn("enableDomainProfile", "disableDomainProfile", "disabled_domain_profiles", "throttle", "catchall"),
	switchedOff("disableUserProfile", "disabled_user_profiles", "relay", "forwarding"),
	switchedOn("enableUserProfile", "disableUserProfile", "disabled_user_profiles", "relay", "forwarding"),
	switchedOff("disableUserPreference", "disabled_user_preferences", "rcvd_mails", "personal_info"),
	switchedOn("enableUserPreference", "disableUserPreference", "disabled_user_preferences", "rcvd_mails", "personal_info"),
}

// switchedOff adds one profile after the other to those that a setting switches off. The second sorts first.
func switchedOff(name, stored, one, two string) parameterCase {
	return parameterCase{name: name, shown: setting(stored), stored: domainSettings, steps: []step{
		{list{one}, list{one}, stored + ":" + one + ";"}, {list{two}, list{two, one}, stored + ":" + two + "," + one + ";"},
		{list{}, list{two, one}, stored + ":" + two + "," + one + ";"},
	}}
}

// switchedOn takes one after the other away again.
func switchedOn(name, other, stored, one, two string) parameterCase {
	return parameterCase{name: name, before: body{other: list{one, two}}, shown: setting(stored), stored: domainSettings,
		steps: []step{
			{list{two}, list{one}, stored + ":" + one + ";"}, {list{}, list{one}, stored + ":" + one + ";"}, {list{one}, nil, ""},
		}}
}

var domainAdminsCases = []parameterCase{
	{name: "addAdmin", shown: key("admins"), stored: domainAdminRows, steps: []step{
		{list{"ada@admins.test"}, list{"ada@admins.test"}, list{list{"ada@admins.test", nil}}},
		{list{"zoe@other.test"}, list{"ada@admins.test", "zoe@other.test"},
			list{list{"ada@admins.test", nil}, list{"zoe@other.test", 1}}},
		{list{}, list{"ada@admins.test", "zoe@other.test"}, list{list{"ada@admins.test", nil}, list{"zoe@other.test", 1}}}}},
	{name: "removeAdmin", before: body{"addAdmin": list{"ada@admins.test", "zoe@other.test"}}, shown: key("admins"),
		stored: domainAdminRows,
		steps: []step{{list{"ada@admins.test", "unknown@admins.test"}, list{"zoe@other.test"}, list{list{"zoe@other.test", 1}}},
			{list{}, list{"zoe@other.test"}, list{list{"zoe@other.test", 1}}}, becomes(list{"zoe@other.test"}, list{})}},
	{name: "removeAllAdmins", before: body{"addAdmin": list{"ada@admins.test", "zoe@other.test"}}, shown: key("admins"),
		stored: domainAdminRows,
		steps: []step{{body{"removeAllAdmins": "yes", "addAdmin": list{"max@admins.test"}}, list{"max@admins.test"},
			list{list{"max@admins.test", nil}}},
			becomes("yes", list{})}},
}
