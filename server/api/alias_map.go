package api

import (
	"slices"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// aliasRecord is what the legacy surface shows of an alias account: the stored row, then what is worked out.
func aliasRecord(alias store.Alias) store.Record {
	return append(slices.Clone(alias.Stored),
		store.Field{Name: "members", Value: alias.Members},
		store.Field{Name: "moderators", Value: alias.Moderators},
	)
}

// aliases is how alias accounts are shown.
var aliases = view[store.Alias]{
	noun: aliasNoun, legacy: aliasRecord, stored: func(alias store.Alias) store.Record { return alias.Stored },
}

func aliasNoun(alias store.Alias) store.Record {
	return store.Record{
		{Name: "mail", Value: alias.Mail},
		{Name: "domain", Value: store.DomainOf(alias.Mail)},
		{Name: "name", Value: alias.Name},
		{Name: "accountStatus", Value: status(alias.Active)},
		{Name: "accessPolicy", Value: textOrNull(alias.AccessPolicy)},
		{Name: "members", Value: list(alias.Members)},
		{Name: "moderators", Value: list(alias.Moderators)},
		{Name: "created", Value: when(alias.Created)},
		{Name: "modified", Value: when(alias.Modified)},
	}
}

func aliasCreate(mail string, b gen.AliasCreate) store.AliasCreate {
	return store.AliasCreate{
		Mail:         mail,
		Name:         valueOr(b.Name, ""),
		AccessPolicy: valueOr(textOrEmpty(b.AccessPolicy), ""),
		Members:      valueOr(lowerUnique(b.Members), nil),
		Moderators:   valueOr(lowerUnique(b.Moderators), nil),
		Active:       activeUnlessSaid(b.AccountStatus),
	}
}

func aliasUpdate(b gen.AliasUpdate) store.AliasUpdate {
	return store.AliasUpdate{
		Name:         b.Name,
		Active:       active(b.AccountStatus),
		AccessPolicy: textOrEmpty(b.AccessPolicy),
		Members:      set(b.Members, b.AddMember, b.RemoveMember),
		Moderators:   lowerUnique(b.Moderators),
	}
}
