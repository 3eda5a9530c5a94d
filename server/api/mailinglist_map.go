package api

import (
	"cmp"
	"slices"
	"strings"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// mailingListAccountRecord is what a listing shows of a mailing list: what its account says under the published names, then the account as it
// is stored.
func mailingListAccountRecord(m store.MailingListAccount) store.Record {
	return beside(accountFields(m, m.Owners, m.Moderators), m.Stored)
}

// mailingListRecord is what a GET shows: every parameter, then the account as it is stored. Who owns and moderates the list is
// what mlmmj goes by.
func mailingListRecord(m store.MailingList) store.Record {
	s := m.Settings
	return beside(append(accountFields(m.MailingListAccount, s.Owners, s.Moderators),
		store.Field{Name: "close_list", Value: yesNo(s.Closed)},
		store.Field{Name: "only_moderator_can_post", Value: yesNo(s.OnlyModeratorsPost)},
		store.Field{Name: "only_subscriber_can_post", Value: yesNo(s.OnlySubscribersPost)},
		store.Field{Name: "disable_subscription", Value: yesNo(s.NoSubscription)},
		store.Field{Name: "disable_subscription_confirm", Value: yesNo(s.NoSubscriptionConfirm)},
		store.Field{Name: "disable_digest_subscription", Value: yesNo(s.NoDigest)},
		store.Field{Name: "disable_digest_text", Value: yesNo(s.NoDigestText)},
		store.Field{Name: "disable_nomail_subscription", Value: yesNo(s.NoNoMail)},
		store.Field{Name: "moderated", Value: yesNo(s.Moderated)},
		store.Field{Name: "moderate_non_subscriber_post", Value: yesNo(s.ModerateNonSubscribers)},
		store.Field{Name: "disable_retrieving_old_posts", Value: yesNo(s.NoOldPosts)},
		store.Field{Name: "only_subscriber_can_get_old_posts", Value: yesNo(s.OldPostsForSubscribers)},
		store.Field{Name: "disable_retrieving_subscribers", Value: yesNo(s.NoSubscriberList)},
		store.Field{Name: "disable_send_copy_to_sender", Value: yesNo(s.NoCopyToSender)},
		store.Field{Name: "notify_owner_when_sub_unsub", Value: yesNo(s.NotifyOwners)},
		store.Field{Name: "notify_sender_when_moderated", Value: yesNo(s.NotifyModerated)},
		store.Field{Name: "disable_archive", Value: yesNo(s.NoArchive)},
		store.Field{Name: "moderate_subscription", Value: yesNo(s.ModerateSubscription)},
		store.Field{Name: "subscription_moderators", Value: list(s.SubscriptionModerators)},
		store.Field{Name: "subject_prefix", Value: s.SubjectPrefix},
		store.Field{Name: "custom_headers", Value: strings.Join(s.CustomHeaders, "\n")},
		store.Field{Name: "remove_headers", Value: list(s.RemoveHeaders)},
		store.Field{Name: "footer_text", Value: s.FooterText},
		store.Field{Name: "footer_html", Value: s.FooterHTML},
	), m.Stored)
}

func accountFields(m store.MailingListAccount, owners, moderators []string) store.Record {
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
