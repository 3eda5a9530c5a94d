package store

// AdminLimits is what an admin may create. Counts run over all domains that it manages; 0 is unlimited and -1
// forbidden, but for Domains, where 0 is none.
type AdminLimits struct {
	CreateDomains bool
	Domains       int64 // managed domains at most
	Quota         int64 // sum of the mailbox quotas in MB
	Users         int64
	Aliases       int64
	Lists         int64
}

// LimitsOf reads the limits from the settings of an admin, which have the same names in SQL and in a directory.
func LimitsOf(settings interface {
	Text(key string) string
	Int(key string) int64
},
) AdminLimits {
	return AdminLimits{
		CreateDomains: settings.Text(SettingCreateNewDomains) != "",
		Domains:       settings.Int(SettingCreateMaxDomains),
		Quota:         settings.Int(SettingCreateMaxQuota),
		Users:         settings.Int(SettingCreateMaxUsers),
		Aliases:       settings.Int(SettingCreateMaxAliases),
		Lists:         settings.Int(SettingCreateMaxLists),
	}
}

// UnlimitedQuota in Usage says that a mailbox without a quota is wanted, which no cap of quota can hold.
const UnlimitedQuota = -1

// Usage is what a write adds to what an admin's domains hold.
type Usage struct {
	Domains, Users, Aliases, Lists int64
	Quota                          int64 // MB, or UnlimitedQuota
}

// QuotaUsage is what a mailbox's quota in MB means in Usage.
func QuotaUsage(quota int64) int64 {
	if quota == 0 {
		return UnlimitedQuota
	}
	return quota
}

// Counted is what an admin has a limit of.
type Counted int

// What is counted over the domains that an admin manages.
const (
	CountDomains Counted = iota // the domains themselves
	CountUsers
	CountAliases
	CountLists  // of both kinds
	CountQuotas // MB of all mailboxes
)
