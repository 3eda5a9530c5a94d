package servertest

import (
	"github.com/postern-mail/postern/store"
	passwords "github.com/postern-mail/postern/store/password"
)

const (
	OnePassword     = "Blue-Sky-42"
	AnotherPassword = "Red-Moon-43"
)

var (
	adminRow = func(columns string) func(v Session, subject string) any {
		return cell("SELECT " + columns + " FROM admin WHERE username = ?")
	}
	adminSettings   = adminRow("settings")
	globalAdminRows = rows("SELECT domain FROM domain_admins WHERE username = ?")
)

var AdminParameters = []Parameters{
	{Operation: "POST /api/admin/<mail>", Subject: "new#@admins.test", Read: "/api/admin/", Cases: adminCases},
	{Operation: "PUT /api/admin/<mail>", Subject: "ada@admins.test", Read: "/api/admin/", Cases: adminCases},
}

// The parameters of a new admin and of one that there is behave the same way.
var adminCases = []parameterCase{
	{Name: "name", beside: WithPassword, shown: key("name"), stored: adminRow("name"),
		Steps: []Step{same("Ada L."), same("Ada K., Dr."), same("")}},
	{Name: "password", shown: verifiedBy("/api/verify_password/admin/"), stored: hashedFrom("admin"),
		Steps: []Step{same(OnePassword), same(AnotherPassword)}},
	{Name: "accountStatus", beside: WithPassword, shown: key("active"), stored: adminRow("active"),
		Steps: []Step{becomes("disabled", 0), becomes("active", 1)}},
	{Name: "language", beside: WithPassword, shown: key("language"), stored: adminRow("language"),
		Steps: []Step{same("de_DE"), same("ja_JP"), becomes(nil, "")}},
	{Name: "isGlobalAdmin", beside: WithPassword, shown: key("isglobaladmin"), stored: globalAdminRows,
		Steps: []Step{{"yes", 1, List{"ALL"}}, {"no", 0, List{}}}},
	{Name: "maxDomains", beside: WithPassword, shown: setting("create_max_domains"), stored: adminSettings, Steps: []Step{
		{3, 3, "create_new_domains:yes;create_max_domains:3;"}, {5, 5, "create_new_domains:yes;create_max_domains:5;"},
		{-1, -1, "create_max_domains:-1;"}, {0, nil, ""}}},
	{Name: "maxQuota", beside: Body{"password": OnePassword, "quotaUnit": "MB"}, shown: setting("create_max_quota"),
		stored: adminSettings,
		Steps:  []Step{{1500, 1500, "create_max_quota:1500;"}, {-1, -1, "create_max_quota:-1;"}, {0, nil, ""}}},
	{Name: "quotaUnit", beside: Body{"password": OnePassword, "maxQuota": 2}, shown: setting("create_max_quota"),
		stored: adminSettings,
		Steps: []Step{{"MB", 2, "create_max_quota:2;"}, {"GB", 2048, "create_max_quota:2048;"},
			{"TB", 2097152, "create_max_quota:2097152;"}}},
	limited("maxUsers", "create_max_users"),
	limited("maxAliases", "create_max_aliases"),
	limited("maxLists", "create_max_lists"),
	barred("disableViewingMailLog", "disable_viewing_mail_log"),
	barred("disableManagingQuarantinedMails", "disable_managing_quarantined_mails"),
}

// WithPassword is what a new admin needs besides.
var WithPassword = Body{"password": OnePassword}

func limited(name, stored string) parameterCase {
	return parameterCase{Name: name, beside: WithPassword, shown: setting(stored), stored: adminSettings,
		Steps: []Step{{10, 10, stored + ":10;"}, {-1, -1, stored + ":-1;"}, {0, nil, ""}}}
}

func barred(name, stored string) parameterCase {
	return parameterCase{Name: name, beside: WithPassword, shown: setting(stored), stored: adminSettings,
		Steps: []Step{{"yes", "yes", stored + ":yes;"}, {"no", nil, ""}}}
}

// verifiedBy is which of the passwords an operation that verifies one takes for that of the subject.
func verifiedBy(path string) func(v Session, readPath, subject string) any {
	return func(v Session, _, subject string) any {
		right := List{}
		for _, candidate := range []string{OnePassword, AnotherPassword, Password} {
			if v.Write("POST", path+subject, Body{"password": candidate}).OK() {
				right = append(right, candidate)
			}
		}
		return theOnly(right)
	}
}

// hashedFrom is which of the passwords the stored hash was made from. The password itself is not what is stored.
func hashedFrom(table string) func(v Session, subject string) any {
	return func(v Session, subject string) any {
		return FromHashes(v.Rows("SELECT password FROM "+table+" WHERE username = ?", subject))
	}
}

func FromHashes(hashes List) any {
	right := List{}
	for _, hash := range hashes {
		text, _ := hash.(string)
		for _, candidate := range []string{OnePassword, AnotherPassword, Password} {
			if text != candidate && passwords.Verify(store.Secret(text), candidate) {
				right = append(right, candidate)
			}
		}
	}
	return theOnly(right)
}

func theOnly(found List) any {
	if len(found) == 1 {
		return found[0]
	}
	return found
}
