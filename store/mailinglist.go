package store

import (
	"context"
	"iter"
	"strings"
	"time"
)

// MailingListAccounts is the contract for the accounts of mailing lists that people subscribe to: what Postfix and iRedAPD know of
// them. Their settings and subscribers are with mlmmj (see Mlmmj).
type MailingListAccounts interface {
	// MailingListAccount returns the account of one list, or NO_SUCH_ACCOUNT.
	MailingListAccount(ctx context.Context, mail string) (MailingListAccount, error)
	// MailingListAccounts returns a page of the lists of a domain, in a constant number of statements. Returns NO_SUCH_DOMAIN,
	// and INVALID_VALUE for a sort that there is not.
	MailingListAccounts(ctx context.Context, filter MailingListFilter, page PageRequest) (Page[MailingListAccount], error)
	// MailingListAddresses is MailingListAccounts with the addresses alone. The domain "" stands for all.
	MailingListAddresses(ctx context.Context, filter MailingListFilter, page PageRequest) (Page[string], error)
	// CreateMailingListAccount makes the account, from which on mail to the list is taken. Fails as CreateAlias does, with
	// EXCEED_LIMIT_LISTS. Owners and moderators under a hosted domain that do not exist fail with NO_SUCH_ACCOUNT
	// (Unprocessable) whatever w.OnMissing says. Extra addresses lie in the list's domain or one of its alias domains, else
	// INVALID_MAIL; one that is in use is ALREADY_EXISTS. With Drop both are discarded.
	CreateMailingListAccount(ctx context.Context, w Write, m MailingListAccountCreate) (Change, error)
	// UpdateMailingListAccount changes what is given. Returns NO_SUCH_ACCOUNT; the rest as in CreateMailingListAccount.
	UpdateMailingListAccount(ctx context.Context, w Write, mail string, u MailingListAccountUpdate) (Change, error)
	// DeleteMailingListAccount removes the account with every reference to it in the scope, so that no more mail is taken. Returns
	// NO_SUCH_ACCOUNT. The change is lasting: a follower removes what mlmmj holds.
	DeleteMailingListAccount(ctx context.Context, w Write, mail string, keepArchive bool) (Change, error)
}

// MailingListFilter selects the mailing lists of a domain.
type MailingListFilter struct {
	Search
	Domain string
}

// MailingListAccount is the account of a mailing list.
type MailingListAccount struct {
	Mail           string
	Stored         Record // the row or entry
	Name           string
	Active         bool
	AccessPolicy   string // "" is public
	Newsletter     bool
	Description    string // of the newsletter
	MaxMessageSize int64  // bytes, 0 is unlimited
	Owners         []string
	Moderators     []string
	ExtraAddresses []string
	Created        time.Time // the zero time where it is not known
	Modified       time.Time
}

// MailingListAccountCreate is the account of a mailing list to be.
type MailingListAccountCreate struct {
	Mail           string
	Name           string
	Active         bool
	AccessPolicy   string
	Newsletter     bool
	Description    string
	MaxMessageSize int64
	Owners         []string
	Moderators     []string
	ExtraAddresses []string
	// Subscribers are only looked at: the list itself is INVALID_MAIL, one under a hosted domain that does not exist is
	// NO_SUCH_ACCOUNT (Unprocessable). With Drop both are discarded. SubscriberField is the parameter that names them.
	Subscribers     []string
	SubscriberField string
}

// MailingListAccountUpdate changes the account of a mailing list; nil leaves as it is.
type MailingListAccountUpdate struct {
	Name            *string
	Active          *bool
	AccessPolicy    *string
	Newsletter      *bool
	Description     *string
	MaxMessageSize  *int64
	Owners          *[]string
	Moderators      *[]string
	ExtraAddresses  *[]string
	Subscribers     []string // as in MailingListAccountCreate
	SubscriberField string
	// Elsewhere says that the list changes in what mlmmj holds: then the change is one even where the account stays as it is.
	Elsewhere bool
}

// Check returns VALUE_TOO_LONG or INVALID_NUMBER for what no store takes, and INVALID_MAIL for an address that mlmmj would
// take for a command to another list.
func (m MailingListAccountCreate) Check() error {
	if local, _ := SplitAddress(m.Mail); strings.ContainsAny(local, "+/") {
		return Fail(Invalid, CodeInvalidMail, "The address of a mailing list cannot have a + or a / in it.").With("mail")
	}
	return MailingListAccountUpdate{
		Name: &m.Name, AccessPolicy: &m.AccessPolicy, Description: &m.Description, MaxMessageSize: &m.MaxMessageSize,
	}.Check()
}

// Check returns VALUE_TOO_LONG or INVALID_NUMBER for what no store takes.
func (u MailingListAccountUpdate) Check() error {
	return firstOf(checkText("name", u.Name), checkPolicy(u.AccessPolicy), checkDescription(u.Description), checkSize(u.MaxMessageSize))
}

// maxDescription is the longest text, in bytes, that the SQL column for the description of a newsletter takes.
const maxDescription = 65535

func checkDescription(value *string) error {
	if value != nil && len(*value) > maxDescription {
		return Fail(Invalid, CodeValueTooLong, "That text is longer than %d bytes.", maxDescription).With("newsletter_description")
	}
	return nil
}

func checkSize(value *int64) error {
	if value != nil && *value < 0 {
		return Fail(Invalid, CodeInvalidNumber, "max_message_size must not be negative.").With("max_message_size")
	}
	return nil
}

// DiscardItself leaves out of those who are to be subscribed the addresses of the list itself: its posts would come back to it.
func DiscardItself(rule OnMissing, field string, itself []string, subscribers Set, change *Change) (Set, error) {
	return Discard(rule, subscribers, itself, change, func(string) *Error {
		return Fail(Invalid, CodeInvalidMail, "A list cannot be subscribed to itself.").With(field)
	})
}

// MailingListPeople are those of a list's owners or moderators who have to exist where their domain is hosted. The postmaster of the
// list's domain need not: a new list names that address by itself.
func MailingListPeople(list string, people *[]string) []string {
	return LeaveOut(or(people), []string{"postmaster@" + DomainOf(list)})
}

// NotOfList is the refusal of an extra address that lies elsewhere than the list.
func NotOfList(domain string) *Error {
	return Fail(Invalid, CodeInvalidMail, "A further address of a list must be in %s or one of its alias domains.", domain).
		With("extra_addresses")
}

// MailingListTransport is the Postfix transport of a mailing list: mlmmj:domain/local part.
func MailingListTransport(mail string) string {
	local, domain := SplitAddress(mail)
	return "mlmmj:" + domain + "/" + local
}

// MailingLists is the contract for mailing lists as a whole: the account, and what mlmmj holds. Where mlmmj cannot be worked
// with it fails with SERVER_DOWN, or with NOT_CONFIGURED where mailing lists are switched off.
type MailingLists interface {
	// MailingList returns one list, or NO_SUCH_ACCOUNT.
	MailingList(ctx context.Context, mail string) (MailingList, error)
	// Subscribers yields all subscribers, as Mlmmj does.
	Subscribers(ctx context.Context, mail string) iter.Seq2[Subscriber, error]
	// CreateMailingList makes a list; its account comes last. Fails as CreateMailingListAccount and Mlmmj.Prepare do.
	CreateMailingList(ctx context.Context, w Write, m MailingListCreate) (Change, error)
	// UpdateMailingList changes what is given; the account comes last. Fails as UpdateMailingListAccount and Mlmmj.ConfigureList do.
	UpdateMailingList(ctx context.Context, w Write, mail string, u MailingListUpdate) (Change, error)
	// DeleteMailingList removes the account, and then what mlmmj holds. Returns NO_SUCH_ACCOUNT.
	DeleteMailingList(ctx context.Context, w Write, mail string, keepArchive bool) (Change, error)
}

// MailingList is a list with what mlmmj works by.
type MailingList struct {
	MailingListAccount
	Settings MlmmjSettings
}

// MailingListCreate is a list to be.
type MailingListCreate struct {
	Mail         string
	Active       bool
	AccessPolicy *string // "" is public; nil follows from who may post
	Description  string
	Settings     MlmmjUpdate // over DefaultMlmmjSettings
	Subscribers  []string
	Subscription Subscription
	Confirm      bool // they are asked to confirm, rather than subscribed
}

// MailingListUpdate changes a list; nil leaves as it is. Who leaves does so before the others come.
type MailingListUpdate struct {
	Active         *bool
	AccessPolicy   *string
	Description    *string
	Settings       MlmmjUpdate
	Unsubscribe    []string
	UnsubscribeAll bool
	Subscribe      []string
	Subscription   Subscription
	Confirm        bool
}

// Account is the account that the list is to have, beside these settings.
func (m MailingListCreate) Account(s MlmmjSettings) MailingListAccountCreate {
	policy := s.accessPolicy("")
	if m.AccessPolicy != nil {
		policy = *m.AccessPolicy
	}
	return MailingListAccountCreate{
		Mail: m.Mail, Name: s.Name, Active: m.Active, AccessPolicy: policy, Newsletter: s.Newsletter, Description: m.Description,
		MaxMessageSize: s.MaxMessageSize, Owners: or(m.Settings.Owners), Moderators: or(m.Settings.Moderators),
		ExtraAddresses: s.ExtraAddresses, Subscribers: m.Subscribers, SubscriberField: "subscribers",
	}
}

// Initial are the settings that mlmmj is to start the list with.
func (m MailingListCreate) Initial() MlmmjSettings {
	s := DefaultMlmmjSettings(m.Mail)
	return s.With(m.Settings.over(s, m.AccessPolicy))
}

// Account is what the update does to the account of a list that has this policy and, after the update, these settings.
func (u MailingListUpdate) Account(policy string, after MlmmjSettings) MailingListAccountUpdate {
	change := MailingListAccountUpdate{
		Name: u.Settings.Name, Active: u.Active, AccessPolicy: u.AccessPolicy, Newsletter: u.Settings.Newsletter,
		Description: u.Description, MaxMessageSize: u.Settings.MaxMessageSize, Owners: u.Settings.Owners,
		Moderators: u.Settings.Moderators, ExtraAddresses: u.Settings.ExtraAddresses,
		Subscribers: u.Subscribe, SubscriberField: "add_subscribers",
	}
	if u.AccessPolicy == nil && (u.Settings.OnlyModeratorsPost != nil || u.Settings.OnlySubscribersPost != nil) {
		if next := after.accessPolicy(policy); next != policyOr(policy) {
			change.AccessPolicy = &next
		}
	}
	return change
}

// Settings are those that a list is to have when all that is known of it is its account.
func (m MailingListAccount) Settings() MlmmjSettings {
	u := MlmmjUpdate{
		Name: &m.Name, Newsletter: &m.Newsletter, MaxMessageSize: &m.MaxMessageSize, ExtraAddresses: &m.ExtraAddresses,
	}
	if len(m.Owners) > 0 {
		u.Owners = &m.Owners
	}
	if len(m.Moderators) > 0 {
		u.Moderators = &m.Moderators
	}
	s := DefaultMlmmjSettings(m.Mail)
	return s.With(u.over(s, &m.AccessPolicy))
}

// Configure is what the update does to the settings that are now.
func (u MailingListUpdate) Configure(now MlmmjSettings) MlmmjUpdate {
	if u.Settings == (MlmmjUpdate{}) && u.AccessPolicy == nil {
		return MlmmjUpdate{}
	}
	return u.Settings.over(now, u.AccessPolicy)
}

// over is the update with what follows from it. An access policy wins over the flags that say who may post. Where posts are
// to be moderated and there is nobody to do it, the owners do: mlmmj would hold the posts for nobody.
func (u MlmmjUpdate) over(now MlmmjSettings, policy *string) MlmmjUpdate {
	if policy != nil {
		moderators, subscribers := *policy == PolicyModeratorsOnly, *policy == PolicyMembersOnly
		u.OnlyModeratorsPost, u.OnlySubscribersPost = &moderators, &subscribers
	}
	if after := now.With(u); after.Moderated && len(after.Moderators) == 0 {
		u.Moderators = &after.Owners
	}
	return u
}

// accessPolicy is the one that says the same as the flags. Where anybody may post, one that iRedAPD enforces by itself stays.
func (s MlmmjSettings) accessPolicy(current string) string {
	switch {
	case s.OnlyModeratorsPost:
		return PolicyModeratorsOnly
	case s.OnlySubscribersPost:
		return PolicyMembersOnly
	case current == PolicyDomain || current == PolicySubdomain:
		return current
	}
	return PolicyPublic
}

func or(list *[]string) []string {
	if list == nil {
		return nil
	}
	return *list
}
