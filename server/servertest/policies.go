package servertest

import (
	"slices"
	"strings"
)

// policyStep is a call, and what a GET shows afterwards: of an object the named key, else all of it.
type policyStep struct {
	Played
	Read, Key string
	Want      any
}

// policyAccounts are the sorts of accounts in the paths, as the published table writes them.
var policyAccounts = map[string]string{"global": "global", "<domain>": "example.com", "<mail>": "anna@example.com"}

// PolicySteps use every operation of the policy groups, with every parameter and each of its values.
func PolicySteps() []policyStep {
	var all []policyStep
	for _, row := range []string{"global", "<domain>", "<mail>"} {
		account := policyAccounts[row]
		all = slices.Concat(all, spamSteps(account), greylistingSteps(account))
		for _, direction := range []string{"inbound", "outbound"} {
			all = append(all, throttleSteps("/api/throttle/"+account+"/"+direction, direction)...)
			for _, colour := range []string{"whitelist", "blacklist"} {
				all = append(all, wblistSteps("/api/wblist/"+direction+"/"+colour+"/"+account)...)
			}
		}
	}
	return append(all, spfSteps()...)
}

func spamSteps(account string) []policyStep {
	path := "/api/spampolicy/" + map[bool]string{true: "user/", false: "domain/"}[strings.Contains(account, "@")] + account
	if account == "global" {
		path = "/api/spampolicy/global"
	}
	var steps []policyStep
	put := func(name string, give, want any) {
		steps = append(steps, policyStep{Played{"PUT", path, Body{name: give}}, path, name, want})
	}
	for _, name := range []string{
		"quarantine_spam", "quarantine_virus", "quarantine_banned", "quarantine_bad_header", "bypass_spam_checks", "bypass_virus_checks",
		"bypass_banned_checks", "bypass_header_checks", "prefix_spam_in_subject",
	} {
		put(name, "yes", "yes")
		put(name, "no", "no")
		put(name, nil, nil)
	}
	put("always_insert_x_spam_headers", "yes", "yes")
	put("always_insert_x_spam_headers", "no", nil)
	put("spam_score", 5, 5)
	put("spam_score", -3, -3)
	put("spam_score", nil, nil)
	put("banned_rulenames", List{"ALLOW_MS_WORD", "DEFAULT"}, List{"ALLOW_MS_WORD", "DEFAULT"})
	put("banned_rulenames", List{}, nil)
	return append(steps, policyStep{Played{"DELETE", path, nil}, path, "", Body{}}, policyStep{Played{"DELETE", path, nil}, path, "", Body{}})
}

func throttleSteps(path, direction string) []policyStep {
	steps := []policyStep{
		{Played{"POST", path, Body{"period": 60, "msg_size": 1000, "max_msgs": 5, "max_quota": 9000}}, path, "msg_size", 1000},
		{Played{"POST", path, Body{"period": 60, "max_msgs": 7}}, path, "max_msgs", 7},
		{Played{"POST", path, Body{"period": 60, "max_msgs": 7}}, path, "msg_size", -1},
		{Played{"POST", path, Body{"period": 90, "msg_size": nil, "max_quota": 0}}, path, "max_quota", 0},
		{Played{"POST", path, Body{"period": 90}}, path, "kind", direction},
		{Played{"POST", path, Body{"period": 120}}, path, "period", 120},
	}
	return append(steps, policyStep{Played{"POST", path, Body{"period": 0}}, path, "", Body{}})
}

func wblistSteps(path string) []policyStep {
	return []policyStep{
		{Played{"POST", path, Body{"addresses": List{"PEN@example.net", "@.example.org", "192.0.2.0/24", "pen@*"}}}, path, "",
			List{"192.0.2.0/24", "@.example.org", "pen@*", "pen@example.net"}},
		{Played{"POST", path, Body{"addresses": List{"pen@example.net", "2001:DB8::1"}}}, path, "",
			List{"192.0.2.0/24", "2001:db8::1", "@.example.org", "pen@*", "pen@example.net"}},
		{Played{"PUT", path, Body{"addresses": List{"pen@example.net", "never@example.net"}}}, path, "",
			List{"192.0.2.0/24", "2001:db8::1", "@.example.org", "pen@*"}},
		{Played{"PUT", path, Body{"addresses": List{}}}, path, "", List{"192.0.2.0/24", "2001:db8::1", "@.example.org", "pen@*"}},
		{Played{"DELETE", path, nil}, path, "", List{}},
	}
}

func greylistingSteps(account string) []policyStep {
	path, exempt := "/api/greylisting/"+account, "/api/greylisting/"+account+"/whitelists"
	return []policyStep{
		{Played{"POST", path, Body{"status": "disable"}}, path, "status", "disable"},
		{Played{"POST", path, Body{"status": "enable"}}, path, "status", "enable"},
		{Played{"POST", path, Body{}}, path, "active", 1},
		{Played{"GET", "/api/greylisting/all", nil}, path, "active", 1},
		{Played{"DELETE", path, nil}, path, "", Body{}},
		{Played{"POST", exempt, Body{"senders": List{"198.51.100.7", "@wd.org"}}}, exempt, "", List{"198.51.100.7", "@wd.org"}},
		{Played{"POST", exempt, Body{"addSenders": List{"w@one.org", "@wd.org"}, "removeSenders": List{"198.51.100.7"}}}, exempt, "",
			List{"@wd.org", "w@one.org"}},
		{Played{"POST", exempt, Body{"senders": List{}}}, exempt, "", List{}},
	}
}

func spfSteps() []policyStep {
	const path = "/api/greylisting/whitelist_spf_domains"
	return []policyStep{
		{Played{"POST", path, Body{"domains": List{"b.test", "a.test"}, "query_dns_immediately": "yes"}}, path, "", List{"a.test", "b.test"}},
		{Played{"POST", path, Body{"addDomains": List{"c.test"}, "removeDomains": List{"a.test"}}}, path, "", List{"b.test", "c.test"}},
		{Played{"POST", path, Body{"domains": List{}}}, path, "", List{}},
	}
}
