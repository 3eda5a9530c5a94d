package api

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/store"
)

// userRecordFor returns what a GET shows the caller of a mailbox: the stored row or entry, then what is worked out. The
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
