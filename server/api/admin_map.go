package api

import (
	"slices"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// adminRecord is what the legacy surface shows of an admin.
func (a *API) adminRecord(admin store.Admin) store.Record {
	r := slices.Grow(slices.Clone(admin.Stored), 5)
	if a.deps.Directory != nil {
		r = append(r, a.settings(admin.Settings))
	}
	var global int64
	if admin.Global {
		global = 1
	}
	r = append(r,
		store.Field{Name: "settings", Value: admin.Settings}, // under that name wherever it is kept
		store.Field{Name: "managed_domains", Value: admin.Domains},
		store.Field{Name: "isglobaladmin", Value: global},
	)
	if a.deps.ShowPasswordHashes {
		a.showPassword(&r, admin.Password)
	}
	return r
}

// admins is how standalone admins are shown, to global admins only.
func (a *API) admins() view[store.Admin] {
	return view[store.Admin]{noun: adminNoun, legacy: a.adminRecord, stored: func(admin store.Admin) store.Record { return admin.Stored }}
}

func adminNoun(admin store.Admin) store.Record {
	limits := admin.Limits
	return store.Record{
		{Name: "mail", Value: admin.Mail},
		{Name: "name", Value: admin.Name},
		{Name: "accountStatus", Value: status(admin.Active)},
		{Name: "isGlobalAdmin", Value: yesNo(admin.Global)},
		{Name: "language", Value: textOrNull(admin.Language)},
		{Name: "maxDomains", Value: limits.Domains},
		{Name: "maxUsers", Value: limits.Users},
		{Name: "maxAliases", Value: limits.Aliases},
		{Name: "maxLists", Value: limits.Lists},
		{Name: "maxQuota", Value: limits.Quota},
		{Name: "disableViewingMailLog", Value: yesNo(admin.NoMailLog)},
		{Name: "disableManagingQuarantinedMails", Value: yesNo(admin.NoQuarantinedMail)},
		{Name: "managed_domains", Value: list(admin.Domains)},
		{Name: "created", Value: when(admin.Created)},
		{Name: "modified", Value: when(admin.Modified)},
		{Name: "password_changed", Value: when(admin.PasswordChanged)},
	}
}

func adminCreate(mail string, hash store.Secret, b gen.AdminCreate) store.AdminCreate {
	return store.AdminCreate{
		Mail:     mail,
		Name:     valueOr(b.Name, ""),
		Password: hash,
		Active:   activeUnlessSaid(b.AccountStatus),
		Language: valueOr(textOrEmpty(b.Language), ""),
		Global:   isYes(b.IsGlobalAdmin),
		Limits: store.LimitsUpdate{
			Domains: b.MaxDomains, Quota: megabytes(b.MaxQuota, b.QuotaUnit), Users: b.MaxUsers, Aliases: b.MaxAliases,
			Lists: b.MaxLists, NoMailLog: flag(b.DisableViewingMailLog), NoQuarantinedMail: flag(b.DisableManagingQuarantinedMails),
		},
	}
}

func adminUpdate(hash *store.Secret, b gen.AdminUpdate) store.AdminUpdate {
	return store.AdminUpdate{
		Name:     b.Name,
		Password: hash,
		Active:   active(b.AccountStatus),
		Language: textOrEmpty(b.Language),
		Global:   flag(b.IsGlobalAdmin),
		Limits: store.LimitsUpdate{
			Domains: b.MaxDomains, Quota: megabytes(b.MaxQuota, b.QuotaUnit), Users: b.MaxUsers, Aliases: b.MaxAliases,
			Lists: b.MaxLists, NoMailLog: flag(b.DisableViewingMailLog), NoQuarantinedMail: flag(b.DisableManagingQuarantinedMails),
		},
	}
}

// megabytes is a quota in MB, whatever unit it was given in. -1 and 0 have no unit.
func megabytes(n *int64, unit *gen.QuotaUnit) *int64 {
	if n == nil || *n <= 0 || unit == nil {
		return n
	}
	mb := *n
	switch *unit {
	case gen.GB:
		mb <<= 10
	case gen.TB:
		mb <<= 20
	}
	return &mb
}
