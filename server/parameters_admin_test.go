package server_test

import (
	"github.com/postern-mail/postern/store"
	passwords "github.com/postern-mail/postern/store/password"
)

const (
	onePassword     = "Blue-Sky-42"
	anotherPassword = "Red-Moon-43"
)

var (
	adminRow = func(columns string) func(v session, subject string) any {
		return cell("SELECT " + columns + " FROM admin WHERE username = ?")
	}
	adminSettings   = adminRow("settings")
	globalAdminRows = rows("SELECT domain FROM domain_admins WHERE username = ?")
)

var adminParameters = []parameters{
	{operation: "POST /api/admin/<mail>", subject: "new#@admins.test", read: "/api/admin/", cases: adminCases},
	{operation: "PUT /api/admin/<mail>", subject: "ada@admins.test", read: "/api/admin/", cases: adminCases},
}

// The parameters of a new admin and of one that there is behave the same way.
var adminCases = []parameterCase{
	{name: "name", beside: withPassword, shown: key("name"), stored: adminRow("name"),
		steps: []step{same("Ada L."), same("Ada K., Dr."), same("")}},
	{name: "password", shown: verifiedBy("/api/verify_password/admin/"), stored: hashedFrom("admin"),
		steps: []step{same(onePassword), same(anotherPassword)}},
	{name: "accountStatus", beside: withPassword, shown: key("active"), stored: adminRow("active"),
		steps: []step{becomes("disabled", 0), becomes("active", 1)}},
	{name: "language", beside: withPassword, shown: key("language"), stored: adminRow("language"),
		steps: []step{same("de_DE"), same("ja_JP"), becomes(nil, "")}},
	{name: "isGlobalAdmin", beside: withPassword, shown: key("isglobaladmin"), stored: globalAdminRows,
		steps: []step{{"yes", 1, list{"ALL"}}, {"no", 0, list{}}}},
	{name: "maxDomains", beside: withPassword, shown: setting("create_max_domains"), stored: adminSettings, steps: []step{
		{3, 3, "create_new_domains:yes;create_max_domains:3;"}, {5, 5, "create_new_domains:yes;create_max_domains:5;"},
		{-1, -1, "create_max_domains:-1;"}, {0, nil, ""}}},
	{name: "maxQuota", beside: body{"password": onePassword, "quotaUnit": "MB"}, shown: setting("create_max_quota"),
		stored: adminSettings,
		steps:  []step{{1500, 1500, "create_max_quota:1500;"}, {-1, -1, "create_max_quota:-1;"}, {0, nil, ""}}},
	{name: "quotaUnit", beside: body{"password": onePassword, "maxQuota": 2}, shown: setting("create_max_quota"),
		stored: adminSettings,
		steps: []step{{"MB", 2, "create_max_quota:2;"}, {"GB", 2048, "create_max_quota:2048;"},
			{"TB", 2097152, "create_max_quota:2097152;"}}},
	limited("maxUsers", "create_max_users"),
	limited("maxAliases", "create_max_aliases"),
	limited("maxLists", "create_max_lists"),
	barred("disableViewingMailLog", "disable_viewing_mail_log"),
	barred("disableManagingQuarantinedMails", "disable_managing_quarantined_mails"),
}

// withPassword is what a new admin needs besides.
var withPassword = body{"password": onePassword}

func limited(name, stored string) parameterCase {
	return parameterCase{name: name, beside: withPassword, shown: setting(stored), stored: adminSettings,
		steps: []step{{10, 10, stored + ":10;"}, {-1, -1, stored + ":-1;"}, {0, nil, ""}}}
}

func barred(name, stored string) parameterCase {
	return parameterCase{name: name, beside: withPassword, shown: setting(stored), stored: adminSettings,
		steps: []step{{"yes", "yes", stored + ":yes;"}, {"no", nil, ""}}}
}

// verifiedBy is which of the passwords an operation that verifies one takes for that of the subject.
func verifiedBy(path string) func(v session, readPath, subject string) any {
	return func(v session, _, subject string) any {
		right := list{}
		for _, candidate := range []string{onePassword, anotherPassword, password} {
			if v.write("POST", path+subject, body{"password": candidate}).ok() {
				right = append(right, candidate)
			}
		}
		return theOnly(right)
	}
}

// hashedFrom is which of the passwords the stored hash was made from. The password itself is not what is stored.
func hashedFrom(table string) func(v session, subject string) any {
	return func(v session, subject string) any {
		return fromHashes(v.rows("SELECT password FROM "+table+" WHERE username = ?", subject))
	}
}

func fromHashes(hashes list) any {
	right := list{}
	for _, hash := range hashes {
		text, _ := hash.(string)
		for _, candidate := range []string{onePassword, anotherPassword, password} {
			if text != candidate && passwords.Verify(store.Secret(text), candidate) {
				right = append(right, candidate)
			}
		}
	}
	return theOnly(right)
}

func theOnly(found list) any {
	if len(found) == 1 {
		return found[0]
	}
	return found
}
