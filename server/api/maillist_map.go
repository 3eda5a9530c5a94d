package api

import (
	"slices"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// maillistRecord is what a GET shows of a list: the entry, then what is worked out.
func (a *API) maillistRecord(list store.Maillist) store.Record {
	return append(slices.Clone(list.Stored),
		a.settings(list.Settings),
		store.Field{Name: "members", Value: list.Members},
	)
}

func maillistCreate(mail string, b gen.MaillistCreate) store.MaillistCreate {
	return store.MaillistCreate{
		Mail:         mail,
		Name:         or(b.Name, ""),
		AccessPolicy: or(word(b.AccessPolicy), ""),
		Members:      or(names(b.Members), nil),
	}
}

func maillistUpdate(b gen.MaillistUpdate) store.MaillistUpdate {
	return store.MaillistUpdate{
		Name:         b.Name,
		AccessPolicy: word(b.AccessPolicy),
		Members:      set(b.Members, b.AddMember, b.RemoveMember),
	}
}
