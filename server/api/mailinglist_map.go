package api

import (
	"cmp"
	"slices"
	"strings"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// mailingListAccounts is how a list shows mailing lists: what their accounts say, since their settings are with mlmmj.
var mailingListAccounts = view[store.MailingListAccount]{
	noun: func(m store.MailingListAccount) store.Record {
		return append(accountNoun(m, m.Owners, m.Moderators), times(m)...)
	},
	legacy: func(m store.MailingListAccount) store.Record {
		return beside(legacyAccount(m, m.Owners, m.Moderators), m.Stored)
	},
	stored: func(m store.MailingListAccount) store.Record { return m.Stored },
}

// mailingLists is how one mailing list is shown, with all its settings. Who owns and moderates it is what mlmmj goes by.
var mailingLists = view[store.MailingList]{
	noun: func(m store.MailingList) store.Record {
		r := append(accountNoun(m.MailingListAccount, m.Settings.Owners, m.Settings.Moderators), settingsOf(m.Settings)...)
		r.Set("remove_headers", withoutColons(m.Settings.RemoveHeaders))
		return append(r, times(m.MailingListAccount)...)
	},
	legacy: func(m store.MailingList) store.Record {
		r := legacyAccount(m.MailingListAccount, m.Settings.Owners, m.Settings.Moderators)
		return beside(append(r, settingsOf(m.Settings)...), m.Stored)
	},
	stored: func(m store.MailingList) store.Record { return m.Stored },
}

// accountNoun is what the account of a list says, with who owns and moderates it.
func accountNoun(m store.MailingListAccount, owners, moderators []string) store.Record {
	r := append(store.Record{{Name: "mail", Value: m.Mail}, {Name: "domain", Value: store.DomainOf(m.Mail)}},
		legacyAccount(m, owners, moderators)...)
	r.Set("accessPolicy", textOrNull(rules.ShownPolicy(m.AccessPolicy)))
	return r
}

// withoutColons are the names of header lines as people write them. mlmmj wants each with a colon.
func withoutColons(names []string) []string {
	shown := make([]string, len(names))
	for i, name := range names {
		shown[i] = strings.TrimSuffix(name, ":")
	}
	return shown
}

func times(m store.MailingListAccount) store.Record {
	return store.Record{{Name: "created", Value: when(m.Created)}, {Name: "modified", Value: when(m.Modified)}}
}

// legacyAccount is what the account of a list says under the published names.
func legacyAccount(m store.MailingListAccount, owners, moderators []string) store.Record {
	return store.Record{
		{Name: "name", Value: m.Name},
		{Name: "accountStatus", Value: status(m.Active)},
		{Name: "accessPolicy", Value: cmp.Or(m.AccessPolicy, store.PolicyPublic)},
		{Name: "is_newsletter", Value: yesNo(m.Newsletter)},
		{Name: "newsletter_description", Value: m.Description},
		{Name: "owner", Value: list(owners)},
		{Name: "moderators", Value: list(moderators)},
		{Name: "max_message_size", Value: m.MaxMessageSize},
		{Name: "extra_addresses", Value: list(m.ExtraAddresses)},
	}
}

// settingsOf is what mlmmj goes by, under the published names.
func settingsOf(s store.MlmmjSettings) store.Record {
	return store.Record{
		{Name: "close_list", Value: yesNo(s.Closed)},
		{Name: "only_moderator_can_post", Value: yesNo(s.OnlyModeratorsPost)},
		{Name: "only_subscriber_can_post", Value: yesNo(s.OnlySubscribersPost)},
		{Name: "disable_subscription", Value: yesNo(s.NoSubscription)},
		{Name: "disable_subscription_confirm", Value: yesNo(s.NoSubscriptionConfirm)},
		{Name: "disable_digest_subscription", Value: yesNo(s.NoDigest)},
		{Name: "disable_digest_text", Value: yesNo(s.NoDigestText)},
		{Name: "disable_nomail_subscription", Value: yesNo(s.NoNoMail)},
		{Name: "moderated", Value: yesNo(s.Moderated)},
		{Name: "moderate_non_subscriber_post", Value: yesNo(s.ModerateNonSubscribers)},
		{Name: "disable_retrieving_old_posts", Value: yesNo(s.NoOldPosts)},
		{Name: "only_subscriber_can_get_old_posts", Value: yesNo(s.OldPostsForSubscribers)},
		{Name: "disable_retrieving_subscribers", Value: yesNo(s.NoSubscriberList)},
		{Name: "disable_send_copy_to_sender", Value: yesNo(s.NoCopyToSender)},
		{Name: "notify_owner_when_sub_unsub", Value: yesNo(s.NotifyOwners)},
		{Name: "notify_sender_when_moderated", Value: yesNo(s.NotifyModerated)},
		{Name: "disable_archive", Value: yesNo(s.NoArchive)},
		{Name: "moderate_subscription", Value: yesNo(s.ModerateSubscription)},
		{Name: "subscription_moderators", Value: list(s.SubscriptionModerators)},
		{Name: "subject_prefix", Value: s.SubjectPrefix},
		{Name: "custom_headers", Value: strings.Join(s.CustomHeaders, "\n")},
		{Name: "remove_headers", Value: list(s.RemoveHeaders)},
		{Name: "footer_text", Value: s.FooterText},
		{Name: "footer_html", Value: s.FooterHTML},
	}
}

// beside appends what is stored. A name that both have is that of the parameter.
func beside(published, stored store.Record) store.Record {
	names := make([]string, len(published))
	for i, f := range published {
		names[i] = f.Name
	}
	return append(published, stored.Without(names...)...)
}

func mailingListCreate(mail string, b gen.MailingListCreate) store.MailingListCreate {
	u := asUpdate(b)
	return store.MailingListCreate{
		Mail: mail, Active: activeUnlessSaid(b.AccountStatus), AccessPolicy: textOrEmpty(b.AccessPolicy),
		Description: valueOr(b.NewsletterDescription, ""), Settings: listUpdate(u),
		Subscribers: valueOr(lowerUnique(b.Subscribers), nil), Subscription: subscription(b.Subscription), Confirm: confirms(b.RequireConfirm),
	}
}

func mailingListUpdate(b gen.MailingListUpdate) store.MailingListUpdate {
	leaving := valueOr(b.RemoveSubscribers, nil)
	return store.MailingListUpdate{
		Active: active(b.AccountStatus), AccessPolicy: textOrEmpty(b.AccessPolicy), Description: b.NewsletterDescription, Settings: listUpdate(b),
		Unsubscribe: valueOr(lowerUnique(&leaving), nil), UnsubscribeAll: slices.Contains(leaving, "ALL"),
		Subscribe: valueOr(lowerUnique(b.AddSubscribers), nil), Subscription: subscription(b.Subscription), Confirm: confirms(b.RequireConfirm),
	}
}

func subscription(v *gen.MailingListSubscription) store.Subscription {
	return store.Subscription(valueOr(v, gen.MailingListSubscription(store.SubscribeNormal)))
}

// confirms is the published default: who is added is asked first.
func confirms(v *gen.YesNo) bool { return v == nil || isYes(v) }

func listUpdate(b gen.MailingListUpdate) store.MlmmjUpdate {
	return store.MlmmjUpdate{
		Name:                   b.Name,
		Closed:                 flag(b.CloseList),
		OnlyModeratorsPost:     flag(b.OnlyModeratorCanPost),
		OnlySubscribersPost:    flag(b.OnlySubscriberCanPost),
		NoSubscription:         flag(b.DisableSubscription),
		NoSubscriptionConfirm:  flag(b.DisableSubscriptionConfirm),
		NoDigest:               flag(b.DisableDigestSubscription),
		NoDigestText:           flag(b.DisableDigestText),
		NoNoMail:               flag(b.DisableNomailSubscription),
		Moderated:              flag(b.Moderated),
		ModerateNonSubscribers: flag(b.ModerateNonSubscriberPost),
		NoOldPosts:             flag(b.DisableRetrievingOldPosts),
		OldPostsForSubscribers: flag(b.OnlySubscriberCanGetOldPosts),
		NoSubscriberList:       flag(b.DisableRetrievingSubscribers),
		NoCopyToSender:         flag(b.DisableSendCopyToSender),
		NotifyOwners:           flag(b.NotifyOwnerWhenSubUnsub),
		NotifyModerated:        flag(b.NotifySenderWhenModerated),
		NoArchive:              flag(b.DisableArchive),
		ModerateSubscription:   flag(b.ModerateSubscription),
		Newsletter:             flag(b.IsNewsletter),
		ExtraAddresses:         lowerUnique(b.ExtraAddresses),
		SubscriptionModerators: lowerUnique(b.SubscriptionModerators),
		Owners:                 lowerUnique(b.Owner),
		Moderators:             lowerUnique(b.Moderators),
		MaxMessageSize:         b.MaxMessageSize,
		SubjectPrefix:          b.SubjectPrefix,
		CustomHeaders:          headerLines(b.CustomHeaders),
		RemoveHeaders:          b.RemoveHeaders,
		FooterText:             b.FooterText,
		FooterHTML:             b.FooterHTML,
	}
}

// headerLines are the lines of one text. Scripts also send a backslash and an n for the end of a line.
func headerLines(v *string) *[]string {
	if v == nil {
		return nil
	}
	lines := []string{}
	for line := range strings.SplitSeq(strings.ReplaceAll(*v, `\n`, "\n"), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return &lines
}

// asUpdate is what a new list and a change of one have in common.
func asUpdate(b gen.MailingListCreate) gen.MailingListUpdate {
	return gen.MailingListUpdate{
		AccessPolicy:                 b.AccessPolicy,
		AccountStatus:                b.AccountStatus,
		Name:                         b.Name,
		IsNewsletter:                 b.IsNewsletter,
		NewsletterDescription:        b.NewsletterDescription,
		CloseList:                    b.CloseList,
		OnlyModeratorCanPost:         b.OnlyModeratorCanPost,
		OnlySubscriberCanPost:        b.OnlySubscriberCanPost,
		DisableSubscription:          b.DisableSubscription,
		DisableSubscriptionConfirm:   b.DisableSubscriptionConfirm,
		DisableDigestSubscription:    b.DisableDigestSubscription,
		DisableDigestText:            b.DisableDigestText,
		DisableNomailSubscription:    b.DisableNomailSubscription,
		Moderated:                    b.Moderated,
		ModerateNonSubscriberPost:    b.ModerateNonSubscriberPost,
		DisableRetrievingOldPosts:    b.DisableRetrievingOldPosts,
		OnlySubscriberCanGetOldPosts: b.OnlySubscriberCanGetOldPosts,
		DisableRetrievingSubscribers: b.DisableRetrievingSubscribers,
		DisableSendCopyToSender:      b.DisableSendCopyToSender,
		NotifyOwnerWhenSubUnsub:      b.NotifyOwnerWhenSubUnsub,
		NotifySenderWhenModerated:    b.NotifySenderWhenModerated,
		DisableArchive:               b.DisableArchive,
		ModerateSubscription:         b.ModerateSubscription,
		ExtraAddresses:               b.ExtraAddresses,
		SubscriptionModerators:       b.SubscriptionModerators,
		Owner:                        b.Owner,
		Moderators:                   b.Moderators,
		MaxMessageSize:               b.MaxMessageSize,
		SubjectPrefix:                b.SubjectPrefix,
		CustomHeaders:                b.CustomHeaders,
		RemoveHeaders:                b.RemoveHeaders,
		FooterText:                   b.FooterText,
		FooterHTML:                   b.FooterHTML,
		RequireConfirm:               b.RequireConfirm,
		Subscription:                 b.Subscription,
	}
}
