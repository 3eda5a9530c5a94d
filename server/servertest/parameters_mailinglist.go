package servertest

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
func control(file string) func(v Session, subject string) any {
	return func(v Session, subject string) any {
		v.W.T.Helper()
		content := v.W.InList(subject, "control/"+file)
		if content == nil {
			return nil
		}
		return strings.Split(strings.TrimSuffix(*content, "\n"), "\n")
	}
}

// InList is the content of a file of a list, nil when it is not there.
func (w *Fixture) InList(mail, file string) *string {
	w.T.Helper()
	local, domain := store.SplitAddress(mail)
	content, err := os.ReadFile(filepath.Join(w.Spool(), domain, local, filepath.FromSlash(file)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	require.NoError(w.T, err)
	text := string(content)
	return &text
}

// both is what two places hold.
func both(one, other func(v Session, subject string) any) func(v Session, subject string) any {
	return func(v Session, subject string) any { return List{one(v, subject), other(v, subject)} }
}

var mailingListRow = func(columns string) func(v Session, subject string) any {
	return cell("SELECT " + columns + " FROM maillists WHERE address = ?")
}

// there and absent are what a control file holds that is a flag.
var (
	there  = List{""}
	absent any
)

// onOff is a flag of mlmmj.
func onOff(name, file string) parameterCase {
	return parameterCase{Name: name, shown: key(name), stored: control(file), Steps: []Step{
		{"yes", "yes", there}, {"no", "no", absent}, {"yes", "yes", there},
	}}
}

// postable shows who may post: the policy and the two flags.
var (
	postable = keys("accessPolicy", "only_moderator_can_post", "only_subscriber_can_post")
	posting  = func(v Session, subject string) any {
		return List{mailingListRow("accesspolicy")(v, subject), control("modonlypost")(v, subject), control("subonlypost")(v, subject)}
	}
	shutToAll   = List{"membersonly", "no", "yes"}
	byMods      = List{"moderatorsonly", "yes", "no"}
	openToAll   = List{"public", "no", "no"}
	subscribers = func(v Session, path, _ string) any { return v.Show(path + "?with_subscribers=yes")["subscribers"] }
	ownerRows   = rows("SELECT owner, domain, dest_domain FROM maillist_owners WHERE address = ? ORDER BY owner")
	modRows     = rows("SELECT moderator, domain, dest_domain FROM moderators WHERE address = ? ORDER BY moderator")
	extraRows   = rows("SELECT address, domain, is_alias, active FROM forwardings WHERE forwarding = ? AND is_maillist = 0 ORDER BY address")
)

// Subscriber is one of a list, as a GET shows them.
func Subscriber(mail, kind string) any { return map[string]any{"mail": mail, "subscription": kind} }

// mailingListCases are the parameters that a new list and a change of one share.
func mailingListCases() []parameterCase {
	return []parameterCase{
		{Name: "name", shown: key("name"), stored: both(mailingListRow("name"), control("name")), Steps: []Step{
			{"Developers Ü", "Developers Ü", List{"Developers Ü", List{"Developers Ü"}}}, {"", "", List{"", nil}}}},
		{Name: "accountStatus", shown: key("accountStatus"),
			stored: cell("SELECT l.active, f.active FROM maillists l JOIN forwardings f ON f.address = l.address WHERE l.address = ?"),
			Steps:  []Step{{"disabled", "disabled", List{0, 0}}, {"active", "active", List{1, 1}}}},
		{Name: "accessPolicy", shown: postable, stored: posting, Steps: []Step{
			{"membersonly", shutToAll, List{"membersonly", nil, there}},
			{"moderatorsonly", byMods, List{"moderatorsonly", there, nil}},
			{"domain", List{"domain", "no", "no"}, List{"domain", nil, nil}},
			{"subdomain", List{"subdomain", "no", "no"}, List{"subdomain", nil, nil}},
			{"public", openToAll, List{"public", nil, nil}},
			{Body{"accessPolicy": "membersonly", "only_moderator_can_post": "yes"}, shutToAll, List{"membersonly", nil, there}},
			{nil, openToAll, List{"", nil, nil}}}},
		{Name: "is_newsletter", shown: key("is_newsletter"), stored: both(mailingListRow("is_newsletter"), control("enable_newsletter_subscription")),
			Steps: []Step{{"yes", "yes", List{1, there}}, {"no", "no", List{0, nil}}}},
		{Name: "newsletter_description", shown: key("newsletter_description"), stored: mailingListRow("description"),
			Steps: []Step{same("News, once\na month."), same("")}},
		onOff("close_list", "closedlist"),
		{Name: "only_moderator_can_post", shown: postable, stored: posting, Steps: []Step{
			{"yes", byMods, List{"moderatorsonly", there, nil}},
			{Body{"only_moderator_can_post": "no", "only_subscriber_can_post": "no"}, openToAll, List{"public", nil, nil}},
			{Body{"only_moderator_can_post": "yes", "only_subscriber_can_post": "yes"}, byMods, List{"moderatorsonly", there, nil}}}},
		{Name: "only_subscriber_can_post", shown: postable, stored: posting, Steps: []Step{
			{"yes", shutToAll, List{"membersonly", nil, there}},
			{"no", openToAll, List{"public", nil, nil}}}},
		onOff("disable_subscription", "closedlistsub"),
		onOff("disable_subscription_confirm", "nosubconfirm"),
		onOff("disable_digest_subscription", "nodigestsub"),
		onOff("disable_digest_text", "nodigesttext"),
		onOff("disable_nomail_subscription", "nonomailsub"),
		{Name: "moderated", shown: keys("moderated", "moderators"), stored: both(control("moderated"), control("moderators")), Steps: []Step{
			{Body{"moderated": "yes", "moderators": List{"ben@example.com"}}, List{"yes", List{"ben@example.com"}},
				List{there, List{"ben@example.com"}}},
			{Body{"moderated": "no", "moderators": List{}, "owner": List{"anna@example.com"}}, List{"no", List{}}, List{nil, nil}},
			{Body{"moderated": "yes", "moderators": List{}, "owner": List{"anna@example.com"}}, List{"yes", List{"anna@example.com"}},
				List{there, List{"anna@example.com"}}}}},
		onOff("moderate_non_subscriber_post", "modnonsubposts"),
		onOff("disable_retrieving_old_posts", "noget"),
		onOff("only_subscriber_can_get_old_posts", "subonlyget"),
		onOff("disable_retrieving_subscribers", "nolistsubsemail"),
		onOff("disable_send_copy_to_sender", "notmetoo"),
		onOff("notify_owner_when_sub_unsub", "notifysub"),
		onOff("notify_sender_when_moderated", "notifymod"),
		onOff("disable_archive", "noarchive"),
		onOff("moderate_subscription", "submod"),
		{Name: "subscription_moderators", shown: keys("moderate_subscription", "subscription_moderators"), stored: control("submod"),
			Steps: []Step{
				{List{"zoe@other.test", "x@far.test"}, List{"yes", List{"x@far.test", "zoe@other.test"}}, List{"x@far.test", "zoe@other.test"}},
				{Body{"subscription_moderators": List{"x@far.test"}, "moderate_subscription": "no"}, List{"no", List{}}, nil},
				{Body{"subscription_moderators": List{}, "moderate_subscription": "yes"}, List{"yes", List{}}, there}}},
		{Name: "owner", shown: key("owner"), stored: both(ownerRows, control("owner")), Steps: []Step{
			{List{"x@far.test", "anna@example.com"}, List{"anna@example.com", "x@far.test"}, List{
				List{List{"anna@example.com", "example.com", "example.com"}, List{"x@far.test", "example.com", "far.test"}},
				List{"anna@example.com", "x@far.test"}}},
			{List{}, List{}, List{List{}, nil}}}},
		{Name: "moderators", shown: key("moderators"), stored: both(modRows, control("moderators")), Steps: []Step{
			{List{"zoe@other.test"}, List{"zoe@other.test"}, List{
				List{List{"zoe@other.test", "example.com", "other.test"}}, List{"zoe@other.test"}}},
			{List{}, List{}, List{List{}, nil}}}},
		{Name: "max_message_size", shown: key("max_message_size"), stored: both(mailingListRow("maxmsgsize"), control("maxmailsize")),
			Steps: []Step{{10485760, 10485760, List{10485760, List{"10485760"}}}, {0, 0, List{0, nil}}}},
		{Name: "subject_prefix", shown: key("subject_prefix"), stored: control("prefix"),
			Steps: []Step{{"[dev] ", "[dev] ", List{"[dev] "}}, {"", "", nil}}},
		{Name: "custom_headers", shown: key("custom_headers"), stored: func(v Session, subject string) any {
			lines, _ := control("customheaders")(v, subject).([]string)
			return slices.DeleteFunc(lines, func(l string) bool { return !strings.HasPrefix(l, "X-") || strings.HasPrefix(l, "X-Mailing-List") })
		}, Steps: []Step{
			{"X-Office: Berlin\nX-Team: Developers", "X-Office: Berlin\nX-Team: Developers",
				List{"X-Office: Berlin", "X-Team: Developers"}},
			{`X-One: 1\nX-Two: 2`, "X-One: 1\nX-Two: 2", List{"X-One: 1", "X-Two: 2"}},
			{"", "", List{}}}},
		{Name: "remove_headers", shown: key("remove_headers"), stored: control("delheaders"), Steps: []Step{
			{List{"X-Mailer", "X-Originating-IP:"}, List{"X-Mailer:", "X-Originating-IP:"},
				List{"Authentication-Results:", "DKIM-Signature:", "X-Mailer:", "X-Originating-IP:"}},
			{List{}, List{}, List{"Authentication-Results:", "DKIM-Signature:"}}}},
		{Name: "footer_text", shown: key("footer_text"), stored: control("footer_text"),
			Steps: []Step{{"For members,\nof Example", "For members,\nof Example", List{"For members,", "of Example"}}, {"", "", nil}}},
		{Name: "footer_html", shown: keys("footer_html", "footer_text"), stored: both(control("footer_html"), control("footer_text")),
			Steps: []Step{{"<p>Members</p>", List{"<p>Members</p>", ""}, List{List{"<p>Members</p>"}, there}}, {"", List{"", ""}, List{nil, nil}}}},
	}
}

// invitations are the cases of who is asked to confirm, by the parameter that names who joins. A change adds to those who are
// asked already.
func invitations(join string, change bool) parameterCase {
	steps := []Step{
		{Body{"require_confirm": "no", join: List{"x@far.test"}}, List{Subscriber("x@far.test", "normal")}, List{}},
		{Body{"require_confirm": "yes", join: List{"y@far.test"}}, List{}, List{"y=far.test"}},
		{Body{join: List{"z@far.test"}}, List{}, List{"z=far.test"}},
	}
	if change {
		steps[1].shown, steps[2].shown = steps[0].shown, steps[0].shown
		steps[2].stored = List{"y=far.test", "z=far.test"}
	}
	return parameterCase{Name: "require_confirm", shown: subscribers, stored: pending, Steps: steps}
}

// subscriptions are the cases of how somebody is subscribed.
func subscriptions(join string) parameterCase {
	as := func(kind string, files ...any) Step {
		return Step{Body{"require_confirm": "no", "subscription": kind, join: List{"x@far.test"}},
			List{Subscriber("x@far.test", kind)}, List(files)}
	}
	return parameterCase{Name: "subscription", shown: subscribers, stored: subscribedFiles, Steps: []Step{
		as("digest", List{}, List{"x@far.test"}, List{}), as("nomail", List{}, List{}, List{"x@far.test"}),
		as("normal", List{"x@far.test"}, List{}, List{}),
	}}
}

// pending are those who are asked to confirm.
func pending(v Session, subject string) any {
	addresses := []string{}
	require.NoError(v.W.T, v.W.Inviter.Send(v.W.T.Context()))
	for _, name := range v.W.NamesIn(subject, "subconf") {
		_, address, _ := strings.Cut(name, "-")
		addresses = append(addresses, address)
	}
	slices.Sort(addresses)
	return addresses
}

// subscribedFiles are the subscribers of the three kinds, as the files name them.
func subscribedFiles(v Session, subject string) any {
	all := List{}
	for _, dir := range []string{"subscribers.d", "digesters.d", "nomailsubs.d"} {
		lines := List{}
		for _, name := range v.W.NamesIn(subject, dir) {
			for _, line := range strings.Fields(*v.W.InList(subject, dir+"/"+name)) {
				lines = append(lines, line)
			}
		}
		all = append(all, lines)
	}
	return all
}

func (w *Fixture) NamesIn(mail, dir string) []string {
	w.T.Helper()
	local, domain := store.SplitAddress(mail)
	entries, err := os.ReadDir(filepath.Join(w.Spool(), domain, local, dir))
	require.NoError(w.T, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

var MailingListParameters = []Parameters{
	{Operation: "POST /api/ml/<mail>", Subject: "new#@example.com", Read: "/api/ml/", Cases: append(mailingListCases(),
		invitations("subscribers", false), subscriptions("subscribers"),
		parameterCase{Name: "extra_addresses", shown: key("extra_addresses"), stored: both(extraRows, control("listaddress")), Steps: []Step{
			{List{"first@example.com", "first@example.net"}, List{"first@example.com", "first@example.net"}, List{
				List{List{"first@example.com", "example.com", 1, 1}, List{"first@example.net", "example.com", 1, 1}},
				List{"new0@example.com", "first@example.com", "first@example.net"}}},
			{List{}, List{}, List{List{}, List{"new1@example.com"}}}}},
		parameterCase{Name: "subscribers", beside: Body{"require_confirm": "no"}, shown: subscribers, stored: subscribedFiles, Steps: []Step{
			{List{"zoe@other.test", "x@far.test"}, List{Subscriber("x@far.test", "normal"), Subscriber("zoe@other.test", "normal")},
				List{List{"x@far.test", "zoe@other.test"}, List{}, List{}}},
			{List{}, List{}, List{List{}, List{}, List{}}}}},
	)},
	{Operation: "PUT /api/ml/<mail>", Subject: "dev@example.com", Read: "/api/ml/", Cases: append(mailingListCases(),
		invitations("add_subscribers", true), subscriptions("add_subscribers"),
		parameterCase{Name: "extra_addresses", shown: key("extra_addresses"), stored: both(extraRows, control("listaddress")), Steps: []Step{
			{List{"developers@example.com", "dev2@example.net"}, List{"dev2@example.net", "developers@example.com"}, List{
				List{List{"dev2@example.net", "example.com", 1, 1}, List{"developers@example.com", "example.com", 1, 1}},
				List{"dev@example.com", "dev2@example.net", "developers@example.com"}}},
			{List{}, List{}, List{List{}, List{"dev@example.com"}}}}},
		parameterCase{Name: "add_subscribers", beside: Body{"require_confirm": "no"}, shown: subscribers, stored: subscribedFiles, Steps: []Step{
			{List{"x@far.test"}, List{Subscriber("x@far.test", "normal")}, List{List{"x@far.test"}, List{}, List{}}},
			{List{"zoe@other.test", "x@far.test"}, List{Subscriber("x@far.test", "normal"), Subscriber("zoe@other.test", "normal")},
				List{List{"x@far.test", "zoe@other.test"}, List{}, List{}}}}},
		parameterCase{Name: "remove_subscribers", Before: Body{"require_confirm": "no", "add_subscribers": List{"x@far.test", "y@far.test", "z@far.test"}},
			shown: subscribers, stored: subscribedFiles, Steps: []Step{
				{List{"x@far.test", "nobody@far.test"}, List{Subscriber("y@far.test", "normal"), Subscriber("z@far.test", "normal")},
					List{List{"y@far.test", "z@far.test"}, List{}, List{}}},
				{List{"ALL"}, List{}, List{List{}, List{}, List{}}}}},
	)},
}

const DevMailingList = "/api/ml/dev@example.com"

// NeedMlmmj ends a test in a quick run, which goes without other programs.
func NeedMlmmj(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs mlmmj")
	}
	storetest.Mlmmj(t)
}

// ThroughMlmmjadmin is a fixture over the databases in a directory whose lists a daemon runs.
func ThroughMlmmjadmin(t *testing.T, dir string) *Fixture {
	t.Helper()
	spool := (&Fixture{Dir: dir}).Spool()
	daemon := storetest.NewMlmmjadminAt(t, spool, spool+"-archive")
	all := Files(t, dir)
	all.Lists = mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: daemon.URL, Token: daemon.Token})
	return ServeOn(t, dir, all, "sqlite://"+filepath.Join(dir, "state.db")+"?sync=off")
}
