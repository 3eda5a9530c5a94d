package api

import (
	"slices"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// staticListRecord is what the legacy surface shows of a list: the entry, then what is worked out.
func (a *API) staticListRecord(list store.StaticList) store.Record {
	return append(slices.Clone(list.Stored),
		a.settings(list.Settings),
		store.Field{Name: "members", Value: list.Members},
	)
}

// staticLists is how static lists are shown.
func (a *API) staticLists() view[store.StaticList] {
	return view[store.StaticList]{
		noun: staticListNoun, legacy: a.staticListRecord, stored: func(list store.StaticList) store.Record { return list.Stored },
	}
}

func staticListNoun(m store.StaticList) store.Record {
	return store.Record{
		{Name: "mail", Value: m.Mail},
		{Name: "domain", Value: store.DomainOf(m.Mail)},
		{Name: "name", Value: m.Name},
		{Name: "accountStatus", Value: status(m.Active)},
		{Name: "accessPolicy", Value: textOrNull(m.AccessPolicy)},
		{Name: "members", Value: list(m.Members)},
		{Name: "created", Value: when(m.Created)},
		{Name: "modified", Value: when(m.Modified)},
	}
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
