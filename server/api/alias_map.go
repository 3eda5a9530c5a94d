package api

import (
	"slices"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// aliasRecord is what a GET shows of an alias account: the stored row, then what is worked out.
func aliasRecord(alias store.Alias) store.Record {
	return append(slices.Clone(alias.Stored),
		store.Field{Name: "members", Value: alias.Members},
		store.Field{Name: "moderators", Value: alias.Moderators},
	)
}

func aliasCreate(mail string, b gen.AliasCreate) store.AliasCreate {
	return store.AliasCreate{
		Mail:         mail,
		Name:         valueOr(b.Name, ""),
		AccessPolicy: valueOr(textOrEmpty(b.AccessPolicy), ""),
		Members:      valueOr(lowerUnique(b.Members), nil),
		Active:       activeUnlessSaid(b.AccountStatus),
	}
}

func aliasUpdate(b gen.AliasUpdate) store.AliasUpdate {
	return store.AliasUpdate{
		Name:         b.Name,
		Active:       active(b.AccountStatus),
		AccessPolicy: textOrEmpty(b.AccessPolicy),
		Members:      set(b.Members, b.AddMember, b.RemoveMember),
	}
}
