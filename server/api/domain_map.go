package api

import (
	"slices"
	"strings"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// domainRecord is what a GET shows of a domain: the stored row or entry, then what is worked out. The published quota is the
// limit of the domain in MB, not the historical column of that name.
func (a *API) domainRecord(d store.Domain) store.Record {
	r := slices.Grow(slices.Clone(d.Stored), 13)
	r.Set("quota", d.Quota)
	return append(r,
		a.settings(d.Settings),
		store.Field{Name: "catchall", Value: d.Catchall},
		store.Field{Name: "alias_domains", Value: d.AliasDomains},
		store.Field{Name: "admins", Value: d.Admins},
		store.Field{Name: "sender_bcc", Value: d.SenderBcc},
		store.Field{Name: "recipient_bcc", Value: d.RecipientBcc},
		store.Field{Name: "relayhost", Value: d.RelayHost},
		store.Field{Name: "num_existing_users", Value: d.Users},
		store.Field{Name: "num_existing_aliases", Value: d.Aliases},
		store.Field{Name: "num_existing_maillists", Value: d.Lists},
		store.Field{Name: "allocated_quota", Value: d.Allocated},
	)
}

func domainCreate(name string, b gen.DomainCreate) store.DomainCreate {
	return store.DomainCreate{
		Name:            name,
		Description:     valueOr(b.Name, ""),
		Quota:           valueOr(b.Quota, 0),
		Language:        valueOr(textOrEmpty(b.Language), ""),
		Transport:       strings.TrimSpace(valueOr(b.Transport, "")),
		DefaultQuota:    valueOr(numberOrZero(b.DefaultQuota), 0),
		MaxUserQuota:    valueOr(numberOrZero(b.MaxUserQuota), 0),
		NumberOfUsers:   valueOr(b.NumberOfUsers, 0),
		NumberOfAliases: valueOr(b.NumberOfAliases, 0),
		NumberOfLists:   valueOr(b.NumberOfLists, 0),
		SenderBcc:       valueOr(lowerTrim(b.SenderBcc), ""),
		RecipientBcc:    valueOr(lowerTrim(b.RecipientBcc), ""),
	}
}

func domainUpdate(b gen.DomainUpdate) store.DomainUpdate {
	return store.DomainUpdate{
		Description:       b.Name,
		Active:            active(b.AccountStatus),
		Quota:             b.Quota,
		Language:          textOrEmpty(b.Language),
		Transport:         b.Transport,
		MinPasswordLength: numberOrZero(b.MinPasswordLength),
		MaxPasswordLength: numberOrZero(b.MaxPasswordLength),
		DefaultQuota:      numberOrZero(b.DefaultQuota),
		MaxUserQuota:      numberOrZero(b.MaxUserQuota),
		NumberOfUsers:     b.NumberOfUsers,
		NumberOfAliases:   b.NumberOfAliases,
		NumberOfLists:     b.NumberOfLists,
		SenderBcc:         lowerTrim(b.SenderBcc),
		RecipientBcc:      lowerTrim(b.RecipientBcc),
		BackupMX:          flag(b.IsBackupmx),
		PrimaryMX:         lowerTrim(b.Primarymx),
		Catchall:          lowerUnique(b.Catchall),
		OutboundRelay:     lowerTrim(b.OutboundRelay),
		AliasDomains:      set(b.AliasDomains, b.AddAliasDomain, b.RemoveAliasDomain),
		Services:          set(b.Services, b.AddService, b.RemoveService),
		DomainProfiles:    set(nil, b.DisableDomainProfile, b.EnableDomainProfile),
		UserProfiles:      set(nil, b.DisableUserProfile, b.EnableUserProfile),
		UserPreferences:   set(nil, b.DisableUserPreference, b.EnableUserPreference),
	}
}

// domainAdmins is the change to the admins of a domain: those who go, go before others come.
func domainAdmins(b gen.DomainAdminsUpdate) store.Set {
	s := set(nil, b.AddAdmin, b.RemoveAdmin)
	if isYes(b.RemoveAllAdmins) {
		s.Replace = &[]string{}
	}
	return s
}
