package servertest

var (
	domainRow = func(columns string) func(v Session, subject string) any {
		return cell("SELECT " + columns + " FROM domain WHERE domain = ?")
	}
	domainSettings = domainRow("settings")
	bccOf          = func(table string) func(v Session, subject string) any {
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
	{Name: "name", shown: key("description"), stored: domainRow("description"),
		Steps: []Step{same("Example Ltd"), same("Beispiel GmbH, 2."), same("")}},
	{Name: "quota", shown: key("quota"), stored: domainRow("maxquota"), Steps: []Step{same(1024), same(2147483647), same(0)}},
	{Name: "language", shown: setting("default_language"), stored: domainSettings, Steps: []Step{
		{"de_DE", "de_DE", "default_language:de_DE;"}, {"pt_BR", "pt_BR", "default_language:pt_BR;"}, {nil, nil, ""}}},
	{Name: "transport", shown: key("transport"), stored: domainRow("transport"),
		Steps: []Step{same("smtp:[192.0.2.10]:25"), same("lmtp:unix:private/dovecot-lmtp"), becomes("", "dovecot")}},
	{Name: "defaultQuota", shown: setting("default_user_quota"), stored: domainSettings, Steps: []Step{
		{100, 100, "default_user_quota:100;"}, {200, 200, "default_user_quota:200;"}, {0, nil, ""},
		{300, 300, "default_user_quota:300;"}, {nil, nil, ""}}},
	{Name: "maxUserQuota", shown: setting("max_user_quota"), stored: domainSettings, Steps: []Step{
		{500, 500, "max_user_quota:500;"}, {600, 600, "max_user_quota:600;"}, {0, nil, ""},
		{700, 700, "max_user_quota:700;"}, {nil, nil, ""}}},
	{Name: "numberOfUsers", shown: key("mailboxes"), stored: domainRow("mailboxes"), Steps: []Step{same(10), same(-1), same(0)}},
	{Name: "numberOfAliases", shown: key("aliases"), stored: domainRow("aliases"), Steps: []Step{same(20), same(-1), same(0)}},
	{Name: "numberOfLists", shown: key("maillists"), stored: domainRow("maillists"), Steps: []Step{same(30), same(-1), same(0)}},
	{Name: "senderBcc", shown: key("sender_bcc"), stored: bccOf("sender_bcc_domain"), Steps: []Step{
		{"audit@elsewhere.test", "audit@elsewhere.test", List{"audit@elsewhere.test", 1}},
		{"zoe@other.test", "zoe@other.test", List{"zoe@other.test", 1}}, {"", "", nil}}},
	{Name: "recipientBcc", shown: key("recipient_bcc"), stored: bccOf("recipient_bcc_domain"), Steps: []Step{
		{"audit@elsewhere.test", "audit@elsewhere.test", List{"audit@elsewhere.test", 1}},
		{"zoe@other.test", "zoe@other.test", List{"zoe@other.test", 1}}, {"", "", nil}}},
}

var DomainParameters = []Parameters{
	{Operation: "POST /api/domain/<domain>", Subject: "new#.test", Read: "/api/domain/", Cases: commonDomainCases},
	{Operation: "POST /api/domain/<domain>", Subject: "new#.test", Read: "/api/domain/", Cases: domainCreateCases},
	{Operation: "PUT /api/domain/<domain>", Subject: "example.com", Read: "/api/domain/", Cases: commonDomainCases},
	{Operation: "PUT /api/domain/<domain>", Subject: "example.com", Read: "/api/domain/", Cases: domainUpdateCases},
	{Operation: "PUT /api/domain/<domain>", Subject: "example.com", Read: "/api/domain/", Cases: domainSetCases},
	{Operation: "PUT /api/domain/admins/<domain>", Subject: "example.com", Read: "/api/domain/", Cases: domainAdminsCases},
}

var domainUpdateCases = []parameterCase{
	{Name: "accountStatus", shown: key("active"), stored: domainRow("active"),
		Steps: []Step{becomes("disabled", 0), becomes("active", 1)}},
	{Name: "minPasswordLength", shown: setting("min_passwd_length"), stored: domainSettings, Steps: []Step{
		{10, 10, "min_passwd_length:10;"}, {4, 4, "min_passwd_length:4;"}, {0, nil, ""}, {12, 12, "min_passwd_length:12;"},
		{nil, nil, ""}}},
	{Name: "maxPasswordLength", shown: setting("max_passwd_length"), stored: domainSettings, Steps: []Step{
		{40, 40, "max_passwd_length:40;"}, {60, 60, "max_passwd_length:60;"}, {0, nil, ""}, {80, 80, "max_passwd_length:80;"},
		{nil, nil, ""}}},
	// A backup MX of SQL has no alias domains.
	{Name: "is_backupmx", beside: Body{"removeAliasDomain": List{"example.net"}}, shown: keys("backupmx", "transport"),
		stored: domainRow("backupmx, transport"), Steps: []Step{
			becomes("yes", List{1, "relay:example.com"}), becomes("no", List{0, "dovecot"})}},
	{Name: "primarymx", beside: Body{"is_backupmx": "yes", "removeAliasDomain": List{"example.net"}}, shown: key("transport"), stored: domainRow("transport"),
		Steps: []Step{
			becomes("mx.elsewhere.test", "relay:mx.elsewhere.test"), becomes("[192.0.2.10]:25", "relay:[192.0.2.10]:25"),
			becomes("192.0.2.11", "relay:[192.0.2.11]"), becomes("", "relay:example.com")}},
	{Name: "catchall", shown: key("catchall"), stored: catchallRows, Steps: []Step{
		{List{"anna@example.com"}, List{"anna@example.com"}, List{
			List{"anna@example.com", "example.com", "example.com", 0, 0, 0, 0, 1}}},
		{List{"out@elsewhere.test", "ben@example.com"}, List{"ben@example.com", "out@elsewhere.test"}, List{
			List{"ben@example.com", "example.com", "example.com", 0, 0, 0, 0, 1},
			List{"out@elsewhere.test", "example.com", "elsewhere.test", 0, 0, 0, 0, 1}}},
		same(List{})}},
	{Name: "outboundRelay", shown: key("relayhost"),
		stored: cell("SELECT relayhost FROM sender_relayhost WHERE account = CONCAT('@', ?)"), Steps: []Step{
			same("[smtp.elsewhere.test]:587"), becomes("smtp:[mail.elsewhere.test]:25", "[mail.elsewhere.test]:25"),
			{"", "", nil}}},
}

// What a new domain takes of that.
var domainCreateCases = []parameterCase{
	{Name: "accountStatus", shown: key("active"), stored: domainRow("active"), Steps: []Step{becomes("disabled", 0), becomes("active", 1)}},
	{Name: "minPasswordLength", shown: setting("min_passwd_length"), stored: domainSettings, Steps: []Step{
		{10, 10, "min_passwd_length:10;"}, {nil, nil, ""}}},
	{Name: "maxPasswordLength", shown: setting("max_passwd_length"), stored: domainSettings, Steps: []Step{
		{40, 40, "max_passwd_length:40;"}, {nil, nil, ""}}},
	{Name: "is_backupmx", shown: keys("backupmx", "transport"), stored: domainRow("backupmx, transport"), Steps: []Step{
		becomes("yes", List{1, "relay:new0.test"}), becomes("no", List{0, "dovecot"})}},
	{Name: "primarymx", beside: Body{"is_backupmx": "yes"}, shown: key("transport"), stored: domainRow("transport"), Steps: []Step{
		becomes("192.0.2.11", "relay:[192.0.2.11]"), becomes("", "relay:new1.test")}},
	{Name: "catchall", shown: key("catchall"), stored: catchallRows, Steps: []Step{
		{List{"ben@example.com"}, List{"ben@example.com"}, List{
			List{"ben@example.com", "new0.test", "example.com", 0, 0, 0, 0, 1}}}, same(List{})}},
	{Name: "outboundRelay", shown: key("relayhost"),
		stored: cell("SELECT relayhost FROM sender_relayhost WHERE account = CONCAT('@', ?)"), Steps: []Step{
			becomes("smtp:[mail.elsewhere.test]:25", "[mail.elsewhere.test]:25"), {"", "", nil}}},
	{Name: "aliasDomains", shown: key("alias_domains"), stored: aliasDomainRows, Steps: []Step{
		{List{"b.test", "a.test"}, List{"a.test", "b.test"}, List{List{"a.test", 1}, List{"b.test", 1}}}, same(List{})}},
	{Name: "services", shown: setting("enabled_services"), stored: domainSettings, Steps: []Step{
		{List{"self-service"}, List{"self-service"}, "enabled_services:self-service;"}, {List{}, nil, ""}}},
	wholeSet("disabledDomainProfiles", "disabled_domain_profiles", "catchall", "throttle"),
	wholeSet("disabledUserProfiles", "disabled_user_profiles", "forwarding", "relay"),
	wholeSet("disabledUserPreferences", "disabled_user_preferences", "personal_info", "rcvd_mails"),
}

// wholeSet replaces what a setting switches off.
func wholeSet(name, stored, one, two string) parameterCase {
	return parameterCase{Name: name, shown: setting(stored), stored: domainSettings, Steps: []Step{
		{List{two, one}, List{one, two}, stored + ":" + one + "," + two + ";"}, {List{two}, List{two}, stored + ":" + two + ";"},
		{List{}, nil, ""},
	}}
}

// What becomes of sets: the whole of one, or some names more or less. An empty list adds and removes nothing.
var domainSetCases = []parameterCase{
	{Name: "aliasDomains", shown: key("alias_domains"), stored: aliasDomainRows, Steps: []Step{
		{List{"b.test", "a.test"}, List{"a.test", "b.test"}, List{List{"a.test", 1}, List{"b.test", 1}}},
		{List{"c.test", "b.test"}, List{"b.test", "c.test"}, List{List{"b.test", 1}, List{"c.test", 1}}}, same(List{})}},
	{Name: "addAliasDomain", shown: key("alias_domains"), stored: aliasDomainRows, Steps: []Step{
		{List{"b.test"}, List{"b.test", "example.net"}, List{List{"b.test", 1}, List{"example.net", 1}}},
		{List{"a.test"}, List{"a.test", "b.test", "example.net"},
			List{List{"a.test", 1}, List{"b.test", 1}, List{"example.net", 1}}},
		{List{}, List{"a.test", "b.test", "example.net"}, List{List{"a.test", 1}, List{"b.test", 1}, List{"example.net", 1}}}}},
	{Name: "removeAliasDomain", Before: Body{"aliasDomains": List{"a.test", "b.test"}}, shown: key("alias_domains"),
		stored: aliasDomainRows,
		Steps: []Step{{List{"a.test", "unknown.test"}, List{"b.test"}, List{List{"b.test", 1}}},
			{List{}, List{"b.test"}, List{List{"b.test", 1}}},
			becomes(List{"b.test"}, List{})}},
	{Name: "services", shown: setting("enabled_services"), stored: domainSettings, Steps: []Step{
		{List{"self-service"}, List{"self-service"}, "enabled_services:self-service;"},
		{List{"self-service", "mail"}, List{"mail", "self-service"}, "enabled_services:mail,self-service;"}, {List{}, nil, ""}}},
	{Name: "addService", shown: setting("enabled_services"), stored: domainSettings, Steps: []Step{
		{List{"self-service"}, List{"self-service"}, "enabled_services:self-service;"},
		{List{"mail"}, List{"mail", "self-service"}, "enabled_services:mail,self-service;"},
		{List{}, List{"mail", "self-service"}, "enabled_services:mail,self-service;"}}},
	{Name: "removeService", Before: Body{"services": List{"mail", "self-service"}}, shown: setting("enabled_services"),
		stored: domainSettings,
		Steps:  []Step{{List{"mail"}, List{"self-service"}, "enabled_services:self-service;"}, {List{"self-service"}, nil, ""}}},
	wholeSet("disabledDomainProfiles", "disabled_domain_profiles", "catchall", "throttle"),
	wholeSet("disabledUserProfiles", "disabled_user_profiles", "forwarding", "relay"),
	wholeSet("disabledUserPreferences", "disabled_user_preferences", "personal_info", "rcvd_mails"),
	switchedOff("disableDomainProfile", "disabled_domain_profiles", "throttle", "catchall"),
	switchedOn("enableDomainProfile", "disableDomainProfile", "disabled_domain_profiles", "throttle", "catchall"),
	switchedOff("disableUserProfile", "disabled_user_profiles", "relay", "forwarding"),
	switchedOn("enableUserProfile", "disableUserProfile", "disabled_user_profiles", "relay", "forwarding"),
	switchedOff("disableUserPreference", "disabled_user_preferences", "rcvd_mails", "personal_info"),
	switchedOn("enableUserPreference", "disableUserPreference", "disabled_user_preferences", "rcvd_mails", "personal_info"),
}

// switchedOff adds one profile after the other to those that a setting switches off. The second sorts first.
func switchedOff(name, stored, one, two string) parameterCase {
	return parameterCase{Name: name, shown: setting(stored), stored: domainSettings, Steps: []Step{
		{List{one}, List{one}, stored + ":" + one + ";"}, {List{two}, List{two, one}, stored + ":" + two + "," + one + ";"},
		{List{}, List{two, one}, stored + ":" + two + "," + one + ";"},
	}}
}

// switchedOn takes one after the other away again.
func switchedOn(name, other, stored, one, two string) parameterCase {
	return parameterCase{Name: name, Before: Body{other: List{one, two}}, shown: setting(stored), stored: domainSettings,
		Steps: []Step{
			{List{two}, List{one}, stored + ":" + one + ";"}, {List{}, List{one}, stored + ":" + one + ";"}, {List{one}, nil, ""},
		}}
}

var domainAdminsCases = []parameterCase{
	{Name: "addAdmin", shown: key("admins"), stored: domainAdminRows, Steps: []Step{
		{List{"ada@admins.test"}, List{"ada@admins.test"}, List{List{"ada@admins.test", nil}}},
		{List{"zoe@other.test"}, List{"ada@admins.test", "zoe@other.test"},
			List{List{"ada@admins.test", nil}, List{"zoe@other.test", 1}}},
		{List{}, List{"ada@admins.test", "zoe@other.test"}, List{List{"ada@admins.test", nil}, List{"zoe@other.test", 1}}}}},
	{Name: "removeAdmin", Before: Body{"addAdmin": List{"ada@admins.test", "zoe@other.test"}}, shown: key("admins"),
		stored: domainAdminRows,
		Steps: []Step{{List{"ada@admins.test", "unknown@admins.test"}, List{"zoe@other.test"}, List{List{"zoe@other.test", 1}}},
			{List{}, List{"zoe@other.test"}, List{List{"zoe@other.test", 1}}}, becomes(List{"zoe@other.test"}, List{})}},
	{Name: "removeAllAdmins", Before: Body{"addAdmin": List{"ada@admins.test", "zoe@other.test"}}, shown: key("admins"),
		stored: domainAdminRows,
		Steps: []Step{{Body{"removeAllAdmins": "yes", "addAdmin": List{"max@admins.test"}}, List{"max@admins.test"},
			List{List{"max@admins.test", nil}}},
			becomes("yes", List{})}},
}
