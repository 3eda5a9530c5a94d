package api

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/store"
)

// userRecordFor returns what the legacy surface shows the caller of a mailbox: the stored row or entry, then what is worked out. The
// published maildir is the whole path.
func (a *API) userRecordFor(ctx context.Context) func(store.User) store.Record {
	showHash := a.deps.ShowPasswordHashes && access.Of(ctx).Global
	return func(u store.User) store.Record {
		r := slices.Grow(slices.Clone(u.Stored), 14)
		showPublished(&r)
		r = append(r,
			a.settings(u.Settings),
			store.Field{Name: "forwardings", Value: u.Forwardings},
			store.Field{Name: "aliases", Value: u.Aliases},
			store.Field{Name: "managed_domains", Value: u.Domains},
			store.Field{Name: "mailing_aliases", Value: u.MailingAliases},
			store.Field{Name: "mailing_lists", Value: u.MailingLists},
			store.Field{Name: "sender_bcc", Value: u.SenderBcc},
			store.Field{Name: "recipient_bcc", Value: u.RecipientBcc},
			store.Field{Name: "relayhost", Value: u.RelayHost},
			store.Field{Name: "stored_bytes", Value: u.StoredBytes},
			store.Field{Name: "stored_messages", Value: u.StoredMessages},
			store.Field{Name: "last_login", Value: u.LastLogin},
		)
		if showHash {
			a.showPassword(&r, u.Password)
		}
		return r
	}
}

// showPublished gives columns that share their name with a published parameter the form of the parameter.
func showPublished(r *store.Record) {
	if base, node, dir := textOf(*r, "storagebasedirectory"), textOf(*r, "storagenode"), textOf(*r, "maildir"); dir != "" {
		r.Set("maildir", strings.TrimSuffix(base+"/"+node+"/"+dir, "/"))
	}
	if number, ok := r.Get("mobile").(string); ok {
		r.Set("mobile", phones(number))
	}
}

func textOf(r store.Record, name string) string {
	s, _ := r.Get(name).(string)
	return s
}

func phones(number string) []string {
	if number == "" {
		return []string{}
	}
	return []string{number}
}

// users is how mailboxes are shown.
func (a *API) users(ctx context.Context) view[store.User] {
	return view[store.User]{
		noun: userNoun, legacy: a.userRecordFor(ctx), stored: func(u store.User) store.Record { return u.Stored },
	}
}

func userNoun(u store.User) store.Record {
	return store.Record{
		{Name: "mail", Value: u.Mail},
		{Name: "domain", Value: store.DomainOf(u.Mail)},
		{Name: "name", Value: u.Name},
		{Name: "gn", Value: u.FirstName},
		{Name: "sn", Value: u.LastName},
		{Name: "accountStatus", Value: status(u.Active)},
		{Name: "isGlobalAdmin", Value: yesNo(u.Global)},
		{Name: "language", Value: textOrNull(u.Language)},
		{Name: "quota", Value: u.Quota},
		{Name: "employeeid", Value: u.EmployeeID},
		{Name: "department", Value: u.Department},
		{Name: "transport", Value: u.Transport},
		{Name: "telephoneNumber", Value: list(u.Telephone)},
		{Name: "mobile", Value: list(u.Mobile)},
		{Name: "forwarding", Value: list(u.Forwardings)},
		{Name: "keeps_copy", Value: len(u.Forwardings) == 0 || store.Among(u.Forwardings)(u.Mail)},
		{Name: "aliases", Value: list(u.Aliases)},
		{Name: "senderBcc", Value: u.SenderBcc},
		{Name: "recipientBcc", Value: u.RecipientBcc},
		{Name: "services", Value: list(u.Services)},
		{Name: "mailboxFormat", Value: textOrNull(u.MailboxFormat)},
		{Name: "mailboxFolder", Value: textOrNull(u.MailboxFolder)},
		{Name: "maildir", Value: u.Maildir},
		{Name: "managed_domains", Value: list(u.Domains)},
		{Name: "mailing_aliases", Value: list(u.MailingAliases)},
		{Name: "mailing_lists", Value: list(u.MailingLists)},
		{Name: "relayhost", Value: u.RelayHost},
		{Name: "stored_bytes", Value: u.StoredBytes},
		{Name: "stored_messages", Value: u.StoredMessages},
		{Name: "last_login", Value: whenStored(u.LastLogin)},
		{Name: "created", Value: when(u.Created)},
		{Name: "modified", Value: when(u.Modified)},
		{Name: "password_changed", Value: when(u.PasswordChanged)},
	}
}

func userCreate(mail string, hash store.Secret, b gen.UserCreate) store.UserCreate {
	return store.UserCreate{
		Mail:          mail,
		Name:          valueOr(b.Name, ""),
		FirstName:     valueOr(b.Gn, ""),
		LastName:      valueOr(b.Sn, ""),
		EmployeeID:    valueOr(b.Employeeid, ""),
		Password:      hash,
		Active:        activeUnlessSaid(b.AccountStatus),
		Language:      valueOr(textOrEmpty(b.Language), ""),
		Quota:         b.Quota,
		MailboxFormat: valueOr(textOrEmpty(b.MailboxFormat), ""),
		MailboxFolder: valueOr(textOrEmpty(b.MailboxFolder), ""),
		Maildir:       valueOr(b.Maildir, ""),
		Department:    valueOr(b.Department, ""),
		Transport:     valueOr(b.Transport, ""),
		Global:        isYes(b.IsGlobalAdmin),
		Forwarding:    valueOr(lowerUnique(b.Forwarding), nil),
		Aliases:       valueOr(lowerUnique(b.Aliases), nil),
		SenderBcc:     valueOr(lowerTrim(b.SenderBcc), ""),
		RecipientBcc:  valueOr(lowerTrim(b.RecipientBcc), ""),
		Services:      lowerUnique(b.Services),
		Telephone:     valueOr(b.TelephoneNumber, nil),
		Mobile:        valueOr(b.Mobile, nil),
	}
}

func userUpdate(hash *store.Secret, b gen.UserUpdate) store.UserUpdate {
	return store.UserUpdate{
		Name:          b.Name,
		FirstName:     b.Gn,
		LastName:      b.Sn,
		Password:      hash,
		Quota:         b.Quota,
		Active:        active(b.AccountStatus),
		Language:      textOrEmpty(b.Language),
		EmployeeID:    b.Employeeid,
		Department:    b.Department,
		Transport:     b.Transport,
		Global:        flag(b.IsGlobalAdmin),
		Forwarding:    set(b.Forwarding, b.AddForwarding, b.RemoveForwarding),
		SenderBcc:     lowerTrim(b.SenderBcc),
		RecipientBcc:  lowerTrim(b.RecipientBcc),
		Aliases:       set(b.Aliases, b.AddAlias, b.RemoveAlias),
		Services:      set(b.Services, b.AddService, b.RemoveService),
		MailboxFormat: textOrEmpty(b.MailboxFormat),
		MailboxFolder: textOrEmpty(b.MailboxFolder),
		Maildir:       b.Maildir,
		Telephone:     b.TelephoneNumber,
		Mobile:        b.Mobile,
	}
}

func usersUpdate(hash *store.Secret, b gen.UsersUpdate) store.UsersUpdate {
	return store.UsersUpdate{
		Active: active(b.AccountStatus), Password: hash, Language: textOrEmpty(b.Language), Transport: b.Transport,
	}
}
