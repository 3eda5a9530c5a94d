package api

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// domainRecord is what the legacy surface shows of a domain: the stored row or entry, then what is worked out. The published quota is the
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

// ownedDomain is a domain with what has to be proven of it, which the legacy surface does not show.
type ownedDomain struct {
	store.Domain
	store.DomainOwnership
}

// domains is how domains are shown.
func (a *API) domains() view[ownedDomain] {
	return view[ownedDomain]{
		noun: domainNoun, legacy: func(d ownedDomain) store.Record { return a.domainRecord(d.Domain) },
		stored: func(d ownedDomain) store.Record { return d.Stored },
	}
}

// owned adds to domains what has to be proven of them.
func (a *API) owned(ctx context.Context, domains []store.Domain) ([]ownedDomain, error) {
	all := make([]ownedDomain, len(domains))
	var ownerships []store.DomainOwnership
	if !reply.IsLenient(ctx) {
		var err error
		if ownerships, err = a.deps.Ownerships.DomainOwnerships(ctx, domains); err != nil {
			return nil, err
		}
	}
	for i, d := range domains {
		all[i].Domain = d
		if ownerships != nil {
			all[i].DomainOwnership = ownerships[i]
		}
	}
	return all, nil
}

func domainNoun(d ownedDomain) store.Record {
	return store.Record{
		{Name: "domain", Value: d.Name},
		{Name: "name", Value: d.Description},
		{Name: "accountStatus", Value: status(d.Active)},
		{Name: "ownership", Value: string(d.Status)},
		{Name: "transport", Value: d.Transport},
		{Name: "language", Value: textOrNull(d.Language)},
		{Name: "quota", Value: d.Quota},
		{Name: "maxUserQuota", Value: numberOrNull(d.MaxUserQuota)},
		{Name: "defaultQuota", Value: numberOrNull(d.DefaultQuota)},
		{Name: "numberOfUsers", Value: d.NumberOfUsers},
		{Name: "numberOfAliases", Value: d.NumberOfAliases},
		{Name: "numberOfLists", Value: d.NumberOfLists},
		{Name: "aliasDomains", Value: list(d.AliasDomains)},
		{Name: "pendingAliasDomains", Value: list(d.Pending)},
		{Name: "catchall", Value: list(d.Catchall)},
		{Name: "services", Value: list(d.Services)},
		{Name: "admins", Value: list(d.Admins)},
		{Name: "senderBcc", Value: d.SenderBcc},
		{Name: "recipientBcc", Value: d.RecipientBcc},
		{Name: "outboundRelay", Value: d.RelayHost},
		{Name: "is_backupmx", Value: yesNo(d.BackupMX)},
		{Name: "primarymx", Value: d.PrimaryMX},
		{Name: "minPasswordLength", Value: numberOrNull(d.MinPasswordLength)},
		{Name: "maxPasswordLength", Value: numberOrNull(d.MaxPasswordLength)},
		{Name: "disabledDomainProfiles", Value: list(d.DomainProfiles)},
		{Name: "disabledUserProfiles", Value: list(d.UserProfiles)},
		{Name: "disabledUserPreferences", Value: list(d.UserPreferences)},
		{Name: "usage", Value: store.Record{
			{Name: "users", Value: d.Users}, {Name: "aliases", Value: d.Aliases}, {Name: "lists", Value: d.Lists},
			{Name: "allocated_quota", Value: d.Allocated},
		}},
		{Name: "created", Value: when(d.Created)},
		{Name: "modified", Value: when(d.Modified)},
	}
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

		Disabled:          b.AccountStatus != nil && *b.AccountStatus == gen.Disabled,
		MinPasswordLength: valueOr(numberOrZero(b.MinPasswordLength), 0),
		MaxPasswordLength: valueOr(numberOrZero(b.MaxPasswordLength), 0),
		BackupMX:          isYes(b.IsBackupmx),
		PrimaryMX:         valueOr(lowerTrim(b.Primarymx), ""),
		Catchall:          valueOr(lowerUnique(b.Catchall), nil),
		OutboundRelay:     valueOr(lowerTrim(b.OutboundRelay), ""),
		AliasDomains:      valueOr(lowerUnique(b.AliasDomains), nil),
		Services:          lowerUnique(b.Services),
		DomainProfiles:    valueOr(lowerUnique(b.DisabledDomainProfiles), nil),
		UserProfiles:      valueOr(lowerUnique(b.DisabledUserProfiles), nil),
		UserPreferences:   valueOr(lowerUnique(b.DisabledUserPreferences), nil),
	}
}

// primaryMX is the host that a backup MX relays to, as it was sent. Scripts send it with is_backupmx=no, too, where it says nothing.
func primaryMX(ctx context.Context, backupMX *gen.YesNo, host *string) *string {
	if reply.IsLenient(ctx) && !isYes(backupMX) {
		return nil
	}
	return host
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
		DomainProfiles:    set(b.DisabledDomainProfiles, b.DisableDomainProfile, b.EnableDomainProfile),
		UserProfiles:      set(b.DisabledUserProfiles, b.DisableUserProfile, b.EnableUserProfile),
		UserPreferences:   set(b.DisabledUserPreferences, b.DisableUserPreference, b.EnableUserPreference),
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
