package server_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/mlmmj"
	"github.com/postern-mail/postern/store/storetest"
)

// control is what a control file of a list holds: its lines, or nil when it is not there.
func control(file string) func(v session, subject string) any {
	return func(v session, subject string) any {
		v.w.t.Helper()
		content := v.w.inList(subject, "control/"+file)
		if content == nil {
			return nil
		}
		return strings.Split(strings.TrimSuffix(*content, "\n"), "\n")
	}
}

// inList is the content of a file of a list, nil when it is not there.
func (w *fixture) inList(mail, file string) *string {
	w.t.Helper()
	local, domain := store.SplitAddress(mail)
	content, err := os.ReadFile(filepath.Join(w.spool(), domain, local, filepath.FromSlash(file)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	require.NoError(w.t, err)
	text := string(content)
	return &text
}

// both is what two places hold.
func both(one, other func(v session, subject string) any) func(v session, subject string) any {
	return func(v session, subject string) any { return list{one(v, subject), other(v, subject)} }
}

var mailingListRow = func(columns string) func(v session, subject string) any {
	return cell("SELECT " + columns + " FROM maillists WHERE address = ?")
}

// there and absent are what a control file holds that is a flag.
var (
	there  = list{""}
	absent any
)

// onOff is a flag of mlmmj.
func onOff(name, file string) parameterCase {
	return parameterCase{name: name, shown: key(name), stored: control(file), steps: []step{
		{"yes", "yes", there}, {"no", "no", absent}, {"yes", "yes", there},
	}}
}

// postable shows who may post: the policy and the two flags.
var (
	postable = keys("accessPolicy", "only_moderator_can_post", "only_subscriber_can_post")
	posting  = func(v session, subject string) any {
		return list{mailingListRow("accesspolicy")(v, subject), control("modonlypost")(v, subject), control("subonlypost")(v, subject)}
	}
	shutToAll   = list{"membersonly", "no", "yes"}
	byMods      = list{"moderatorsonly", "yes", "no"}
	openToAll   = list{"public", "no", "no"}
	subscribers = func(v session, path, _ string) any { return v.show(path + "?with_subscribers=yes")["subscribers"] }
	ownerRows   = rows("SELECT owner, domain, dest_domain FROM maillist_owners WHERE address = ? ORDER BY owner")
	modRows     = rows("SELECT moderator, domain, dest_domain FROM moderators WHERE address = ? ORDER BY moderator")
	extraRows   = rows("SELECT address, domain, is_alias, active FROM forwardings WHERE forwarding = ? AND is_maillist = 0 ORDER BY address")
)

// subscriber is one of a list, as a GET shows them.
func subscriber(mail, kind string) any { return map[string]any{"mail": mail, "subscription": kind} }

// mailingListCases are the parameters that a new list and a change of one share.
func mailingListCases() []parameterCase {
	return []parameterCase{
		{name: "name", shown: key("name"), stored: both(mailingListRow("name"), control("name")), steps: []step{
			{"Developers Ü", "Developers Ü", list{"Developers Ü", list{"Developers Ü"}}}, {"", "", list{"", nil}}}},
		{name: "accountStatus", shown: key("accountStatus"),
			stored: cell("SELECT l.active, f.active FROM maillists l JOIN forwardings f ON f.address = l.address WHERE l.address = ?"),
			steps:  []step{{"disabled", "disabled", list{0, 0}}, {"active", "active", list{1, 1}}}},
		{name: "accessPolicy", shown: postable, stored: posting, steps: []step{
			{"membersonly", shutToAll, list{"membersonly", nil, there}},
			{"moderatorsonly", byMods, list{"moderatorsonly", there, nil}},
			{"domain", list{"domain", "no", "no"}, list{"domain", nil, nil}},
			{"subdomain", list{"subdomain", "no", "no"}, list{"subdomain", nil, nil}},
			{"public", openToAll, list{"public", nil, nil}},
			{body{"accessPolicy": "membersonly", "only_moderator_can_post": "yes"}, shutToAll, list{"membersonly", nil, there}},
			{nil, openToAll, list{"", nil, nil}}}},
		{name: "is_newsletter", shown: key("is_newsletter"), stored: both(mailingListRow("is_newsletter"), control("enable_newsletter_subscription")),
			steps: []step{{"yes", "yes", list{1, there}}, {"no", "no", list{0, nil}}}},
		{name: "newsletter_description", shown: key("newsletter_description"), stored: mailingListRow("description"),
			steps: []step{same("News, once\na month."), same("")}},
		onOff("close_list", "closedlist"),
		{name: "only_moderator_can_post", shown: postable, stored: posting, steps: []step{
			{"yes", byMods, list{"moderatorsonly", there, nil}},
			{body{"only_moderator_can_post": "no", "only_subscriber_can_post": "no"}, openToAll, list{"public", nil, nil}},
			{body{"only_moderator_can_post": "yes", "only_subscriber_can_post": "yes"}, byMods, list{"moderatorsonly", there, nil}}}},
		{name: "only_subscriber_can_post", shown: postable, stored: posting, steps: []step{
			{"yes", shutToAll, list{"membersonly", nil, there}},
			{"no", openToAll, list{"public", nil, nil}}}},
		onOff("disable_subscription", "closedlistsub"),
		onOff("disable_subscription_confirm", "nosubconfirm"),
		onOff("disable_digest_subscription", "nodigestsub"),
		onOff("disable_digest_text", "nodigesttext"),
		onOff("disable_nomail_subscription", "nonomailsub"),
		{name: "moderated", shown: keys("moderated", "moderators"), stored: both(control("moderated"), control("moderators")), steps: []step{
			{body{"moderated": "yes", "moderators": list{"ben@example.com"}}, list{"yes", list{"ben@example.com"}},
				list{there, list{"ben@example.com"}}},
			{body{"moderated": "no", "moderators": list{}, "owner": list{"anna@example.com"}}, list{"no", list{}}, list{nil, nil}},
			{body{"moderated": "yes", "moderators": list{}, "owner": list{"anna@example.com"}}, list{"yes", list{"anna@example.com"}},
				list{there, list{"anna@example.com"}}}}},
		onOff("moderate_non_subscriber_post", "modnonsubposts"),
		onOff("disable_retrieving_old_posts", "noget"),
		onOff("only_subscriber_can_get_old_posts", "subonlyget"),
		onOff("disable_retrieving_subscribers", "nolistsubsemail"),
		onOff("disable_send_copy_to_sender", "notmetoo"),
		onOff("notify_owner_when_sub_unsub", "notifysub"),
		onOff("notify_sender_when_moderated", "notifymod"),
		onOff("disable_archive", "noarchive"),
		onOff("moderate_subscription", "submod"),
		{name: "subscription_moderators", shown: keys("moderate_subscription", "subscription_moderators"), stored: control("submod"),
			steps: []step{
				{list{"zoe@other.test", "x@far.test"}, list{"yes", list{"x@far.test", "zoe@other.test"}}, list{"x@far.test", "zoe@other.test"}},
				{body{"subscription_moderators": list{"x@far.test"}, "moderate_subscription": "no"}, list{"no", list{}}, nil},
				{body{"subscription_moderators": list{}, "moderate_subscription": "yes"}, list{"yes", list{}}, there}}},
		{name: "owner", shown: key("owner"), stored: both(ownerRows, control("owner")), steps: []step{
			{list{"x@far.test", "anna@example.com"}, list{"anna@example.com", "x@far.test"}, list{
				list{list{"anna@example.com", "example.com", "example.com"}, list{"x@far.test", "example.com", "far.test"}},
				list{"anna@example.com", "x@far.test"}}},
			{list{}, list{}, list{list{}, nil}}}},
		{name: "moderators", shown: key("moderators"), stored: both(modRows, control("moderators")), steps: []step{
			{list{"zoe@other.test"}, list{"zoe@other.test"}, list{
				list{list{"zoe@other.test", "example.com", "other.test"}}, list{"zoe@other.test"}}},
			{list{}, list{}, list{list{}, nil}}}},
		{name: "max_message_size", shown: key("max_message_size"), stored: both(mailingListRow("maxmsgsize"), control("maxmailsize")),
			steps: []step{{10485760, 10485760, list{10485760, list{"10485760"}}}, {0, 0, list{0, nil}}}},
		{name: "subject_prefix", shown: key("subject_prefix"), stored: control("prefix"),
			steps: []step{{"[dev] ", "[dev] ", list{"[dev] "}}, {"", "", nil}}},
		{name: "custom_headers", shown: key("custom_headers"), stored: func(v session, subject string) any {
			lines, _ := control("customheaders")(v, subject).([]string)
			return slices.DeleteFunc(lines, func(l string) bool { return !strings.HasPrefix(l, "X-") || strings.HasPrefix(l, "X-Mailing-List") })
		}, steps: []step{
			{"X-Office: Berlin\nX-Team: Developers", "X-Office: Berlin\nX-Team: Developers",
				list{"X-Office: Berlin", "X-Team: Developers"}},
			{`X-One: 1\nX-Two: 2`, "X-One: 1\nX-Two: 2", list{"X-One: 1", "X-Two: 2"}},
			{"", "", list{}}}},
		{name: "remove_headers", shown: key("remove_headers"), stored: control("delheaders"), steps: []step{
			{list{"X-Mailer", "X-Originating-IP:"}, list{"X-Mailer:", "X-Originating-IP:"},
				list{"Authentication-Results:", "DKIM-Signature:", "X-Mailer:", "X-Originating-IP:"}},
			{list{}, list{}, list{"Authentication-Results:", "DKIM-Signature:"}}}},
		{name: "footer_text", shown: key("footer_text"), stored: control("footer_text"),
			steps: []step{{"For members,\nof Example", "For members,\nof Example", list{"For members,", "of Example"}}, {"", "", nil}}},
		{name: "footer_html", shown: keys("footer_html", "footer_text"), stored: both(control("footer_html"), control("footer_text")),
			steps: []step{{"<p>Members</p>", list{"<p>Members</p>", ""}, list{list{"<p>Members</p>"}, there}}, {"", list{"", ""}, list{nil, nil}}}},
	}
}

// invitations are the cases of who is asked to confirm, by the parameter that names who joins. A change adds to those who are
// asked already.
func invitations(join string, change bool) parameterCase {
	steps := []step{
		{body{"require_confirm": "no", join: list{"x@far.test"}}, list{subscriber("x@far.test", "normal")}, list{}},
		{body{"require_confirm": "yes", join: list{"y@far.test"}}, list{}, list{"y=far.test"}},
		{body{join: list{"z@far.test"}}, list{}, list{"z=far.test"}},
	}
	if change {
		steps[1].shown, steps[2].shown = steps[0].shown, steps[0].shown
		steps[2].stored = list{"y=far.test", "z=far.test"}
	}
	return parameterCase{name: "require_confirm", shown: subscribers, stored: pending, steps: steps}
}

// subscriptions are the cases of how somebody is subscribed.
func subscriptions(join string) parameterCase {
	as := func(kind string, files ...any) step {
		return step{body{"require_confirm": "no", "subscription": kind, join: list{"x@far.test"}},
			list{subscriber("x@far.test", kind)}, list(files)}
	}
	return parameterCase{name: "subscription", shown: subscribers, stored: subscribedFiles, steps: []step{
		as("digest", list{}, list{"x@far.test"}, list{}), as("nomail", list{}, list{}, list{"x@far.test"}),
		as("normal", list{"x@far.test"}, list{}, list{}),
	}}
}

// pending are those who are asked to confirm.
func pending(v session, subject string) any {
	addresses := []string{}
	require.NoError(v.w.t, v.w.inviter.Send(v.w.t.Context()))
	for _, name := range v.w.namesIn(subject, "subconf") {
		_, address, _ := strings.Cut(name, "-")
		addresses = append(addresses, address)
	}
	slices.Sort(addresses)
	return addresses
}

// subscribedFiles are the subscribers of the three kinds, as the files name them.
func subscribedFiles(v session, subject string) any {
	all := list{}
	for _, dir := range []string{"subscribers.d", "digesters.d", "nomailsubs.d"} {
		lines := list{}
		for _, name := range v.w.namesIn(subject, dir) {
			for _, line := range strings.Fields(*v.w.inList(subject, dir+"/"+name)) {
				lines = append(lines, line)
			}
		}
		all = append(all, lines)
	}
	return all
}

func (w *fixture) namesIn(mail, dir string) []string {
	w.t.Helper()
	local, domain := store.SplitAddress(mail)
	entries, err := os.ReadDir(filepath.Join(w.spool(), domain, local, dir))
	require.NoError(w.t, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

var mailingListParameters = []parameters{
	{operation: "POST /api/ml/<mail>", subject: "new#@example.com", read: "/api/ml/", cases: append(mailingListCases(),
		invitations("subscribers", false), subscriptions("subscribers"),
		parameterCase{name: "extra_addresses", shown: key("extra_addresses"), stored: both(extraRows, control("listaddress")), steps: []step{
			{list{"first@example.com", "first@example.net"}, list{"first@example.com", "first@example.net"}, list{
				list{list{"first@example.com", "example.com", 1, 1}, list{"first@example.net", "example.com", 1, 1}},
				list{"new0@example.com", "first@example.com", "first@example.net"}}},
			{list{}, list{}, list{list{}, list{"new1@example.com"}}}}},
		parameterCase{name: "subscribers", beside: body{"require_confirm": "no"}, shown: subscribers, stored: subscribedFiles, steps: []step{
			{list{"zoe@other.test", "x@far.test"}, list{subscriber("x@far.test", "normal"), subscriber("zoe@other.test", "normal")},
				list{list{"x@far.test", "zoe@other.test"}, list{}, list{}}},
			{list{}, list{}, list{list{}, list{}, list{}}}}},
	)},
	{operation: "PUT /api/ml/<mail>", subject: "dev@example.com", read: "/api/ml/", cases: append(mailingListCases(),
		invitations("add_subscribers", true), subscriptions("add_subscribers"),
		parameterCase{name: "extra_addresses", shown: key("extra_addresses"), stored: both(extraRows, control("listaddress")), steps: []step{
			{list{"developers@example.com", "dev2@example.net"}, list{"dev2@example.net", "developers@example.com"}, list{
				list{list{"dev2@example.net", "example.com", 1, 1}, list{"developers@example.com", "example.com", 1, 1}},
				list{"dev@example.com", "dev2@example.net", "developers@example.com"}}},
			{list{}, list{}, list{list{}, list{"dev@example.com"}}}}},
		parameterCase{name: "add_subscribers", beside: body{"require_confirm": "no"}, shown: subscribers, stored: subscribedFiles, steps: []step{
			{list{"x@far.test"}, list{subscriber("x@far.test", "normal")}, list{list{"x@far.test"}, list{}, list{}}},
			{list{"zoe@other.test", "x@far.test"}, list{subscriber("x@far.test", "normal"), subscriber("zoe@other.test", "normal")},
				list{list{"x@far.test", "zoe@other.test"}, list{}, list{}}}}},
		parameterCase{name: "remove_subscribers", before: body{"require_confirm": "no", "add_subscribers": list{"x@far.test", "y@far.test", "z@far.test"}},
			shown: subscribers, stored: subscribedFiles, steps: []step{
				{list{"x@far.test", "nobody@far.test"}, list{subscriber("y@far.test", "normal"), subscriber("z@far.test", "normal")},
					list{list{"y@far.test", "z@far.test"}, list{}, list{}}},
				{list{"ALL"}, list{}, list{list{}, list{}, list{}}}}},
	)},
}

// listCases are those of the parameters that need mlmmj.
func listCases() []effectCase {
	all := []effectCase{
		{"GET /api/mls/<domain>", "email_only", func(t *testing.T, v session) {
			v.write("POST", "/api/ml/news@example.com", body{"name": "News"})
			require.Equal(t, []any{"dev@example.com", "news@example.com"}, v.get("/api/mls/example.com?email_only=yes").body["_data"])
			whole := v.get("/api/mls/example.com?email_only=no").body["_data"].([]any)
			require.Len(t, whole, 2)
			require.Equal(t, "News", whole[1].(map[string]any)["name"])
			require.Equal(t, "news@example.com", whole[1].(map[string]any)["address"])
			require.Equal(t, []any{}, v.get("/api/mls/other.test?email_only=yes").body["_data"])
		}},
		{"GET /api/ml/<mail>", "with_subscribers", func(t *testing.T, v session) {
			requireDone(t, v.write("PUT", devMailingList, body{"add_subscribers": list{"x@far.test"}, "require_confirm": "no"}))
			require.NotContains(t, v.get(devMailingList).data(), "subscribers")
			require.NotContains(t, v.get(devMailingList+"?with_subscribers=no").data(), "subscribers")
			require.Equal(t, []any{subscriber("x@far.test", "normal")}, v.get(devMailingList + "?with_subscribers=yes").data()["subscribers"])
		}},
		{"DELETE /api/ml/<mail>", "keep_archive", func(t *testing.T, v session) {
			for answer, kept := range map[string]bool{"": true, "?keep_archive=yes": true, "?keep_archive=no": false} {
				const gone = "gone@example.com"
				requireDone(t, v.write("POST", "/api/ml/"+gone, body{"name": "Gone"}))
				require.NotNil(t, v.w.inList(gone, "control/listaddress"))
				requireDone(t, v.delete("/api/ml/"+gone+answer))
				require.Nil(t, v.w.inList(gone, "control/listaddress"))
				archived, err := filepath.Glob(v.w.spool() + "-archive/example.com/gone-*")
				require.NoError(t, err)
				require.Equal(t, kept, len(archived) > 0, answer)
				require.NoError(t, os.RemoveAll(v.w.spool()+"-archive"))
				require.False(t, v.get("/api/ml/"+gone).ok())
			}
		}},
	}
	for _, p := range mailingListParameters {
		all = append(all, p.effects()...)
	}
	return all
}

const devMailingList = "/api/ml/dev@example.com"

// needMlmmj ends a test in a quick run, which goes without other programs.
func needMlmmj(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs mlmmj")
	}
	storetest.Mlmmj(t)
}

// listFixture is parameterFixture with a mailing list.
func listFixture(t *testing.T) *fixture {
	t.Helper()
	needMlmmj(t)
	base := parameterFixture(t)
	base.root().must(201, "POST", devMailingList, body{"moderators": list{"anna@example.com"}, "owner": list{"anna@example.com"}})
	return base
}

// TestMailingListParameters has each driver do each, on both surfaces.
func TestMailingListParameters(t *testing.T) {
	needMlmmj(t)
	ran := map[string]int{}
	for driver, open := range map[string]func(t *testing.T, dir string) *fixture{
		"native": func(t *testing.T, dir string) *fixture { return openFixture(t, dir) }, "mlmmjadmin": throughMlmmjadmin,
	} {
		t.Run(driver, func(t *testing.T) {
			base := open(t, t.TempDir())
			base.createRoot()
			seed(base)
			base.root().must(201, "POST", devMailingList, body{"moderators": list{"anna@example.com"}, "owner": list{"anna@example.com"}})
			again := func(t *testing.T) *fixture {
				t.Helper()
				dir := t.TempDir()
				require.NoError(t, os.CopyFS(dir, os.DirFS(base.dir)))
				return open(t, dir)
			}
			for _, p := range listCases() {
				onSurfaces(t, base, p.operation+" "+p.parameter, again, func(t *testing.T, v session) {
					p.run(t, v)
					ran[driver]++
				})
			}
			storetest.Count(t, "effects of parameters of mailing lists", ran[driver])
		})
	}
	if len(ran) == 2 {
		require.Equal(t, ran["native"], ran["mlmmjadmin"], "as many with each driver")
	}
}

// throughMlmmjadmin is a fixture over the databases in a directory whose lists a daemon runs.
func throughMlmmjadmin(t *testing.T, dir string) *fixture {
	t.Helper()
	spool := (&fixture{dir: dir}).spool()
	daemon := storetest.NewMlmmjadminAt(t, spool, spool+"-archive")
	all := files(t, dir)
	all.lists = mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: daemon.URL, Token: daemon.Token})
	return serveOn(t, dir, all, "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off")
}
