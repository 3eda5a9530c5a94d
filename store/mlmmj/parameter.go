package mlmmj

import (
	"reflect"

	"github.com/postern-mail/postern/store"
)

// form is the manner in which a control file holds a setting.
type form int

const (
	flag     form = iota // the file is there or not, its content does not matter
	line                 // the first line
	size                 // a number of bytes in the first line; no file is no limit
	members              // one address per line
	approval             // control/submod: a flag, and one address per line
	own                  // control/listaddress: the list's address, then its others
	added                // header lines as they are added, the automatic ones at the end
	removed              // names of header lines, with a colon
	text                 // all of the file
)

// parameter is one setting: its field of store.MlmmjSettings and store.MlmmjUpdate, its published name and its control
// file.
type parameter struct {
	field, name, file string
	form              form
}

// parameters are all settings. Files are written in this order and removed in the opposite one: what restricts a list
// comes before what it replaces goes, and there is no footer_html without a footer_text.
// Source: TUNABLES of mlmmj for the files, libs/__init__.py of mlmmjadmin for the names.
var parameters = []parameter{
	{"Name", "name", "name", line},
	{"Closed", "close_list", "closedlist", flag},
	{"OnlyModeratorsPost", "only_moderator_can_post", "modonlypost", flag},
	{"OnlySubscribersPost", "only_subscriber_can_post", "subonlypost", flag},
	{"NoSubscription", "disable_subscription", "closedlistsub", flag},
	{"NoSubscriptionConfirm", "disable_subscription_confirm", "nosubconfirm", flag},
	{"NoDigest", "disable_digest_subscription", "nodigestsub", flag},
	{"NoDigestText", "disable_digest_text", "nodigesttext", flag},
	{"NoNoMail", "disable_nomail_subscription", "nonomailsub", flag},
	{"Moderators", "moderators", "moderators", members},
	{"Moderated", "moderated", "moderated", flag},
	{"ModerateNonSubscribers", "moderate_non_subscriber_post", "modnonsubposts", flag},
	{"NoOldPosts", "disable_retrieving_old_posts", "noget", flag},
	{"OldPostsForSubscribers", "only_subscriber_can_get_old_posts", "subonlyget", flag},
	{"NoSubscriberList", "disable_retrieving_subscribers", "nolistsubsemail", flag},
	{"NoCopyToSender", "disable_send_copy_to_sender", "notmetoo", flag},
	{"NotifyOwners", "notify_owner_when_sub_unsub", "notifysub", flag},
	{"NotifyModerated", "notify_sender_when_moderated", "notifymod", flag},
	{"NoArchive", "disable_archive", "noarchive", flag},
	{"ModerateSubscription", "moderate_subscription", "submod", approval},
	{"SubscriptionModerators", "subscription_moderators", "submod", approval},
	{"Newsletter", "is_newsletter", "enable_newsletter_subscription", flag},
	{"ExtraAddresses", "extra_addresses", "listaddress", own},
	{"Owners", "owner", "owner", members},
	{"MaxMessageSize", "max_message_size", "maxmailsize", size},
	{"SubjectPrefix", "subject_prefix", "prefix", line},
	{"CustomHeaders", "custom_headers", "customheaders", added},
	{"RemoveHeaders", "remove_headers", "delheaders", removed},
	{"FooterText", "footer_text", "footer_text", text},
	{"FooterHTML", "footer_html", "footer_html", text},
}

// always are flags that every list has: a moderator's own post bothers no other moderator, and mail to an alias domain
// of the list is taken too.
var always = []string{"ifmodsendonlymodmoderate", "tocc"}

// of returns the parameter's field of a *store.MlmmjSettings or *store.MlmmjUpdate.
func (p parameter) of(settings any) reflect.Value {
	return reflect.ValueOf(settings).Elem().FieldByName(p.field)
}

// everything returns the update that sets all settings to these.
func everything(s store.MlmmjSettings) store.MlmmjUpdate {
	var u store.MlmmjUpdate
	for _, p := range parameters {
		v := reflect.New(p.of(&s).Type())
		v.Elem().Set(p.of(&s))
		p.of(&u).Set(v)
	}
	return u
}

// touched returns the parameters that an update gives, and those that one of them may change.
func touched(u store.MlmmjUpdate) []parameter {
	files := map[string]bool{}
	for _, p := range parameters {
		if !p.of(&u).IsNil() {
			files[p.file] = true
		}
	}
	for _, pair := range [][2]string{{"modonlypost", "subonlypost"}, {"footer_text", "footer_html"}} {
		if files[pair[0]] || files[pair[1]] {
			files[pair[0]], files[pair[1]] = true, true
		}
	}
	var ps []parameter
	for _, p := range parameters {
		if files[p.file] {
			ps = append(ps, p)
		}
	}
	return ps
}
