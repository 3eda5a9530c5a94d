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

// Check returns EXCEED_LIMIT_... when the write would take the admin beyond its limits. What there is already is
// asked for only where a limit depends on it.
func (l AdminLimits) Check(username string, more Usage, held func(Counted) (int64, error)) error {
	if more.Domains > 0 {
		existing, err := held(CountDomains)
		if err != nil {
			return err
		}
		if !l.CreateDomains || existing+more.Domains > l.Domains {
			return Fail(Conflict, CodeLimitDomain, "%s may have no more domains.", username)
		}
	}
	for _, c := range []struct {
		what        Counted
		code, noun  string
		limit, more int64
	}{
		{CountUsers, CodeLimitUsers, "users", l.Users, more.Users},
		{CountAliases, CodeLimitAliases, "aliases", l.Aliases, more.Aliases},
		{CountLists, CodeLimitLists, "lists", l.Lists, more.Lists},
	} {
		if c.more <= 0 || c.limit == 0 {
			continue
		}
		existing, err := held(c.what)
		if err != nil {
			return err
		}
		if existing+c.more > c.limit { // -1 forbids any
			return Fail(Conflict, c.code, "%s may have no more %s in the domains that it manages.", username, c.noun)
		}
	}
	return l.checkQuota(username, more.Quota, held)
}

func (l AdminLimits) checkQuota(username string, more int64, held func(Counted) (int64, error)) error {
	if l.Quota == 0 || more == 0 {
		return nil
	}
	refusal := Fail(Conflict, CodeLimitQuota, "%s may give its mailboxes %d MB altogether.", username, max(l.Quota, 0))
	if more == UnlimitedQuota {
		return refusal
	}
	existing, err := held(CountQuotas)
	if err != nil {
		return err
	}
	if existing+more > l.Quota { // -1 forbids any
		return refusal
	}
	return nil
}

// CheckGrants returns EXCEED_LIMIT_... when a domain is given more than its creator may have over all its domains.
func (l AdminLimits) CheckGrants(username string, d DomainCreate) error {
	for _, g := range []struct {
		field, code    string
		granted, limit int64
	}{
		{"quota", CodeLimitQuota, d.Quota, l.Quota},
		{"numberOfUsers", CodeLimitUsers, d.NumberOfUsers, l.Users},
		{"numberOfAliases", CodeLimitAliases, d.NumberOfAliases, l.Aliases},
		{"numberOfLists", CodeLimitLists, d.NumberOfLists, l.Lists},
	} {
		if g.limit != 0 && g.granted > max(g.limit, 0) {
			return Fail(Conflict, g.code, "%s may give at most %d.", username, max(g.limit, 0)).With(g.field)
		}
	}
	return nil
}
