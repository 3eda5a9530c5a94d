package servertest

var (
	aliasRow = func(columns string) func(v Session, subject string) any {
		return cell("SELECT " + columns + " FROM alias WHERE address = ?")
	}
	memberRows = rows("SELECT forwarding, domain, dest_domain, active FROM forwardings WHERE address = ? AND is_list = 1" +
		" AND is_forwarding = 0 AND is_alias = 0 AND is_maillist = 0 ORDER BY forwarding")
	memberNames = rows("SELECT forwarding FROM forwardings WHERE address = ? ORDER BY forwarding")
)

var AliasParameters = []Parameters{
	{Operation: "POST /api/alias/<mail>", Subject: "new#@example.com", Read: "/api/alias/", Cases: aliasCases},
	{Operation: "PUT /api/alias/<mail>", Subject: "sales@example.com", Read: "/api/alias/", Cases: aliasCases},
	{Operation: "PUT /api/alias/<mail>", Subject: "sales@example.com", Read: "/api/alias/", Cases: aliasMemberCases},
}

// The parameters of a new alias and of one that there is behave the same way.
var aliasCases = []parameterCase{
	{Name: "name", shown: key("name"), stored: aliasRow("name"),
		Steps: []Step{same("Sales"), same("Sales, fixture-wide"), same("")}},
	{Name: "accessPolicy", shown: key("accesspolicy"), stored: aliasRow("accesspolicy"), Steps: []Step{
		same("membersandmoderatorsonly"), same("domain"), same("subdomain"), same("membersonly"), same("moderatorsonly"),
		same("public"),
		becomes(nil, "")}},
	{Name: "members", shown: key("members"), stored: memberRows, Steps: []Step{
		{List{"out@elsewhere.test", "anna@example.com"}, List{"anna@example.com", "out@elsewhere.test"}, List{
			List{"anna@example.com", "example.com", "example.com", 1},
			List{"out@elsewhere.test", "example.com", "elsewhere.test", 1}}},
		{List{"zoe@other.test"}, List{"zoe@other.test"}, List{List{"zoe@other.test", "example.com", "other.test", 1}}},
		same(List{})}},
	{Name: "moderators", shown: key("moderators"), stored: modRows, Steps: []Step{
		{List{"out@elsewhere.test", "anna@example.com"}, List{"anna@example.com", "out@elsewhere.test"}, List{
			List{"anna@example.com", "example.com", "example.com"}, List{"out@elsewhere.test", "example.com", "elsewhere.test"}}},
		{List{"zoe@other.test"}, List{"zoe@other.test"}, List{List{"zoe@other.test", "example.com", "other.test"}}},
		same(List{})}},
	{Name: "accountStatus", beside: Body{"members": List{"anna@example.com"}}, shown: key("active"),
		stored: cell("SELECT a.active, f.active FROM alias a JOIN forwardings f ON f.address = a.address WHERE a.address = ?"),
		Steps:  []Step{{"disabled", 0, List{0, 0}}, {"active", 1, List{1, 1}}}},
}

var aliasMemberCases = []parameterCase{
	{Name: "addMember", shown: key("members"), stored: memberNames, Steps: []Step{
		becomes(List{"zoe@other.test"}, List{"zoe@other.test"}),
		becomes(List{"anna@example.com"}, List{"anna@example.com", "zoe@other.test"}),
		becomes(List{}, List{"anna@example.com", "zoe@other.test"})}},
	{Name: "removeMember", Before: Body{"members": List{"anna@example.com", "ben@example.com"}}, shown: key("members"),
		stored: memberNames,
		Steps: []Step{becomes(List{"anna@example.com", "unknown@elsewhere.test"}, List{"ben@example.com"}),
			becomes(List{}, List{"ben@example.com"}),
			becomes(List{"ben@example.com"}, List{})}},
}
