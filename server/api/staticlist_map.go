package api

import (
	"slices"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// staticListRecord is what a GET shows of a list: the entry, then what is worked out.
func (a *API) staticListRecord(list store.StaticList) store.Record {
	return append(slices.Clone(list.Stored),
		a.settings(list.Settings),
		store.Field{Name: "members", Value: list.Members},
	)
}

func staticListCreate(mail string, b gen.StaticListCreate) store.StaticListCreate {
	return store.StaticListCreate{
		Mail:         mail,
		Name:         valueOr(b.Name, ""),
		AccessPolicy: valueOr(textOrEmpty(b.AccessPolicy), ""),
		Members:      valueOr(lowerUnique(b.Members), nil),
	}
}

func staticListUpdate(b gen.StaticListUpdate) store.StaticListUpdate {
	return store.StaticListUpdate{
		Name:         b.Name,
		AccessPolicy: textOrEmpty(b.AccessPolicy),
		Members:      set(b.Members, b.AddMember, b.RemoveMember),
	}
}
