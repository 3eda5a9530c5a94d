package server_test

var (
	aliasRow = func(columns string) func(v session, subject string) any {
		return cell("SELECT " + columns + " FROM alias WHERE address = ?")
	}
	memberRows = rows("SELECT forwarding, domain, dest_domain, active FROM forwardings WHERE address = ? AND is_list = 1" +
		" AND is_forwarding = 0 AND is_alias = 0 AND is_maillist = 0 ORDER BY forwarding")
	memberNames = rows("SELECT forwarding FROM forwardings WHERE address = ? ORDER BY forwarding")
)

var aliasParameters = []parameters{
	{operation: "POST /api/alias/<mail>", subject: "new#@example.com", read: "/api/alias/", cases: aliasCases},
	{operation: "PUT /api/alias/<mail>", subject: "sales@example.com", read: "/api/alias/", cases: aliasCases},
	{operation: "PUT /api/alias/<mail>", subject: "sales@example.com", read: "/api/alias/", cases: aliasMemberCases},
}

// The parameters of a new alias and of one that there is behave the same way.
var aliasCases = []parameterCase{
	{name: "name", shown: key("name"), stored: aliasRow("name"),
		steps: []step{same("Sales"), same("Sales, fixture-wide"), same("")}},
	{name: "accessPolicy", shown: key("accesspolicy"), stored: aliasRow("accesspolicy"), steps: []step{
		same("membersandmoderatorsonly"), same("domain"), same("subdomain"), same("membersonly"), same("moderatorsonly"),
		same("public"),
		becomes(nil, "")}},
	{name: "members", shown: key("members"), stored: memberRows, steps: []step{
		{list{"out@elsewhere.test", "anna@example.com"}, list{"anna@example.com", "out@elsewhere.test"}, list{
			list{"anna@example.com", "example.com", "example.com", 1},
			list{"out@elsewhere.test", "example.com", "elsewhere.test", 1}}},
		{list{"zoe@other.test"}, list{"zoe@other.test"}, list{list{"zoe@other.test", "example.com", "other.test", 1}}},
		same(list{})}},
	{name: "accountStatus", beside: body{"members": list{"anna@example.com"}}, shown: key("active"),
		stored: cell("SELECT a.active, f.active FROM alias a JOIN forwardings f ON f.address = a.address WHERE a.address = ?"),
		steps:  []step{{"disabled", 0, list{0, 0}}, {"active", 1, list{1, 1}}}},
}

var aliasMemberCases = []parameterCase{
	{name: "addMember", shown: key("members"), stored: memberNames, steps: []step{
		becomes(list{"zoe@other.test"}, list{"zoe@other.test"}),
		becomes(list{"anna@example.com"}, list{"anna@example.com", "zoe@other.test"}),
		becomes(list{}, list{"anna@example.com", "zoe@other.test"})}},
	{name: "removeMember", before: body{"members": list{"anna@example.com", "ben@example.com"}}, shown: key("members"),
		stored: memberNames,
		steps: []step{becomes(list{"anna@example.com", "unknown@elsewhere.test"}, list{"ben@example.com"}),
			becomes(list{}, list{"ben@example.com"}),
			becomes(list{"ben@example.com"}, list{})}},
}
