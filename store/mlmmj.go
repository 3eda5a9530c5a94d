package store

import (
	"context"
	"iter"
	"reflect"
	"strings"
	"time"
)

// Mlmmj is the contract for what mlmmj holds of mailing lists: their settings and subscribers. A driver that cannot
// reach mlmmj fails with SERVER_DOWN, and every operation is fit to be repeated.
//
// A list of which there is no account may be here all the same: one that is being made, or a stray.
type Mlmmj interface {
	// Prepare makes the list with these settings, without subscribers. What is there under that name already is moved to
	// the archive first, unless it is a list that an earlier Prepare did not finish.
	Prepare(ctx context.Context, mail string, s MlmmjSettings) error
	// Kept returns the settings of a list as MlmmjSettings returns them once the list is prepared with these, or what Prepare refuses
	// them for. It asks nobody.
	Kept(mail string, s MlmmjSettings) (MlmmjSettings, error)
	// MlmmjSettings returns what is set, or NO_SUCH_ACCOUNT.
	MlmmjSettings(ctx context.Context, mail string) (MlmmjSettings, error)
	// ConfigureList changes what is given, or returns NO_SUCH_ACCOUNT.
	ConfigureList(ctx context.Context, mail string, u MlmmjUpdate) error
	// RemoveList moves the list to the archive or erases it. A missing one is fine.
	RemoveList(ctx context.Context, mail string, keepArchive bool) error

	// Subscribers yields all subscribers, the normal ones first, each kind sorted. NO_SUCH_ACCOUNT.
	Subscribers(ctx context.Context, mail string) iter.Seq2[Subscriber, error]
	// Subscribe adds addresses at once, in one operation; one that is subscribed in another way changes to this one. The
	// addresses are valid and in lower case. NO_SUCH_ACCOUNT.
	Subscribe(ctx context.Context, mail string, kind Subscription, addresses []string) error
	// Invite sends each address a message that asks to confirm the subscription. It takes no lock that others wait for
	// while it sends. NO_SUCH_ACCOUNT.
	Invite(ctx context.Context, mail string, kind Subscription, addresses []string) error
	// Invited reports whether the address has been asked since then, as far as the driver can know. NO_SUCH_ACCOUNT.
	Invited(ctx context.Context, mail, address string, since time.Time) (bool, error)
	// Unsubscribe removes addresses whatever their kind; nil removes all. One that is not there is fine. NO_SUCH_ACCOUNT.
	Unsubscribe(ctx context.Context, mail string, addresses []string) error
	// ForgetSubscriber removes the address from these lists: as a subscriber, an owner, a moderator and a moderator of
	// subscriptions. One of them that is missing is fine.
	ForgetSubscriber(ctx context.Context, address string, lists []string) error
	// RenameSubscriber gives what one address is in these lists to another one. One of them that is missing is fine.
	RenameSubscriber(ctx context.Context, from, to string, lists []string) error

	// ListsNaming returns those of the lists that have an address, or for a domain name any address in it, as an owner, a
	// moderator or a moderator of subscriptions, but for IsDefaultPerson.
	ListsNaming(ctx context.Context, name string, lists []string) ([]string, error)

	// SubscribedTo returns, by address, the lists that addresses are subscribed to, in any way, sorted. A driver that does not
	// know which lists there are asks for them; another one may answer with lists that are none of those.
	SubscribedTo(ctx context.Context, addresses []string, lists func() ([]string, error)) (map[string][]string, error)

	// ListsOf returns the lists of a domain that are there, accounts or not, sorted. A driver that cannot know returns
	// nil.
	ListsOf(ctx context.Context, domain string) ([]string, error)
	// Takes returns INVALID_MAIL, with the reason, for an address that this driver cannot have as an owner, a moderator, a
	// subscriber or a further address of a list. It asks nobody.
	Takes(address string) error
	// Ping returns nil when mlmmj can be worked with.
	Ping(ctx context.Context) error
}

// mostInvitable is how long the address of an invitation may be: mlmmj puts a random part of 17 characters in front of it
// to name a file.
const mostInvitable = 255 - 17

// CheckInvitable refuses addresses of which mlmmj cannot make the name of a file, by which it knows whom it asked.
func CheckInvitable(addresses []string) error {
	for _, a := range addresses {
		if strings.Contains(a, "/") || len(a) > mostInvitable {
			return Fail(Invalid, CodeInvalidMail, "mlmmj cannot ask %s for a confirmation.", a)
		}
	}
	return nil
}

// Subscription is how a subscriber gets the posts.
type Subscription string

// The kinds of subscription.
const (
	SubscribeNormal Subscription = "normal"
	SubscribeDigest Subscription = "digest"
	SubscribeNoMail Subscription = "nomail"
)

// Subscriber is one of a list.
type Subscriber struct {
	Mail         string       `json:"mail"`
	Subscription Subscription `json:"subscription"`
}

// MlmmjSettings are the settings that mlmmj works by, under their published meaning.
type MlmmjSettings struct {
	Name                   string
	Closed                 bool // nobody joins or leaves by mail
	OnlyModeratorsPost     bool
	OnlySubscribersPost    bool
	NoSubscription         bool
	NoSubscriptionConfirm  bool
	NoDigest               bool
	NoDigestText           bool
	NoNoMail               bool
	Moderated              bool
	ModerateNonSubscribers bool
	NoOldPosts             bool
	OldPostsForSubscribers bool
	NoSubscriberList       bool
	NoCopyToSender         bool
	NotifyOwners           bool // of who joins and leaves
	NotifyModerated        bool // the sender, that a post waits
	NoArchive              bool
	ModerateSubscription   bool
	Newsletter             bool
	ExtraAddresses         []string
	SubscriptionModerators []string
	Owners                 []string
	Moderators             []string
	MaxMessageSize         int64    // bytes, 0 is unlimited
	SubjectPrefix          string   // spaces at its end count
	CustomHeaders          []string // "Name: value" each, without those that the list writes itself
	RemoveHeaders          []string // names with a colon at the end, without those that are always removed
	FooterText             string
	FooterHTML             string
}

// MlmmjUpdate changes settings; nil leaves as it is.
type MlmmjUpdate struct {
	Name                   *string
	Closed                 *bool
	OnlyModeratorsPost     *bool
	OnlySubscribersPost    *bool
	NoSubscription         *bool
	NoSubscriptionConfirm  *bool
	NoDigest               *bool
	NoDigestText           *bool
	NoNoMail               *bool
	Moderated              *bool
	ModerateNonSubscribers *bool
	NoOldPosts             *bool
	OldPostsForSubscribers *bool
	NoSubscriberList       *bool
	NoCopyToSender         *bool
	NotifyOwners           *bool
	NotifyModerated        *bool
	NoArchive              *bool
	ModerateSubscription   *bool
	Newsletter             *bool
	ExtraAddresses         *[]string
	SubscriptionModerators *[]string
	Owners                 *[]string
	Moderators             *[]string
	MaxMessageSize         *int64
	SubjectPrefix          *string
	CustomHeaders          *[]string
	RemoveHeaders          *[]string
	FooterText             *string
	FooterHTML             *string
}

// Names reports whether the list has the address, or for a domain name any address in it, as an owner, a moderator or a moderator
// of subscriptions.
func (s MlmmjSettings) Names(list, name string) bool {
	for _, people := range [][]string{s.Owners, s.Moderators, s.SubscriptionModerators} {
		for _, mail := range people {
			if IsOf(strings.ToLower(mail), name) && !IsDefaultPerson(mail, list) {
				return true
			}
		}
	}
	return false
}

// With returns the settings after an update. Of the two flags for who may post, moderators win; subscriptions that are not
// moderated have no moderators, and naming some switches it on.
func (s MlmmjSettings) With(u MlmmjUpdate) MlmmjSettings {
	given, to := reflect.ValueOf(u), reflect.ValueOf(&s).Elem()
	for i := range given.NumField() {
		if v := given.Field(i); !v.IsNil() {
			to.FieldByName(given.Type().Field(i).Name).Set(v.Elem())
		}
	}
	switch {
	case u.OnlyModeratorsPost != nil && *u.OnlyModeratorsPost:
		s.OnlySubscribersPost = false
	case u.OnlySubscribersPost != nil && *u.OnlySubscribersPost:
		s.OnlyModeratorsPost = false
	}
	if u.ModerateSubscription == nil && u.SubscriptionModerators != nil && len(*u.SubscriptionModerators) > 0 {
		s.ModerateSubscription = true
	}
	if !s.ModerateSubscription {
		s.SubscriptionModerators = nil
	}
	return s
}

// DefaultMlmmjSettings are those of a new list: subscribers alone post, nobody gets old posts or the subscribers by
// mail, a sender gets no copy, and postmaster is owner and moderator.
func DefaultMlmmjSettings(mail string) MlmmjSettings {
	postmaster := []string{"postmaster@" + DomainOf(mail)}
	return MlmmjSettings{
		OnlySubscribersPost: true, NoOldPosts: true, OldPostsForSubscribers: true, NoSubscriberList: true, NoCopyToSender: true,
		Owners: postmaster, Moderators: postmaster,
	}
}
