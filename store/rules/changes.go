package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// A parameter whose value is that which is read counts as not given: it is never refused, and nothing is written for it. Lists
// compare as sets, addresses without regard to case. What changes nothing leaves the account as it was, whatever the form in which
// other programs have stored it. A password is always a change.

// ChangesOfUser returns what an update changes of a mailbox. Of where its mail goes and its further addresses the engines tell,
// which read them when they are given (see store.Set.IsAlready).
func ChangesOfUser(u store.UserUpdate, is store.User) store.UserUpdate {
	u.Name = changed(u.Name, is.Name)
	u.FirstName = changed(u.FirstName, is.FirstName)
	u.LastName = changed(u.LastName, is.LastName)
	u.Quota = changed(u.Quota, is.Quota)
	u.Active = changed(u.Active, is.Active)
	u.Language = changed(u.Language, is.Language)
	u.EmployeeID = changed(u.EmployeeID, is.EmployeeID)
	u.Department = changed(u.Department, is.Department)
	u.Transport = changed(u.Transport, is.Transport)
	u.Global = changed(u.Global, is.Global)
	u.SenderBcc = changedAddress(u.SenderBcc, is.SenderBcc)
	u.RecipientBcc = changedAddress(u.RecipientBcc, is.RecipientBcc)
	u.Services = changedSet(u.Services, is.Services)
	u.MailboxFormat = changed(u.MailboxFormat, is.MailboxFormat)
	u.MailboxFolder = changed(u.MailboxFolder, is.MailboxFolder)
	if u.Maildir != nil && cleanPath(*u.Maildir) == cleanPath(is.Maildir) {
		u.Maildir = nil
	}
	u.Telephone = changedTexts(u.Telephone, is.Telephone)
	u.Mobile = changedTexts(u.Mobile, is.Mobile)
	return u
}

// ChangesOfDomain returns what an update changes of a domain.
func ChangesOfDomain(u store.DomainUpdate, is store.Domain) store.DomainUpdate {
	u.Description = changed(u.Description, is.Description)
	u.Active = changed(u.Active, is.Active)
	u.Quota = changed(u.Quota, is.Quota)
	u.Language = changed(u.Language, is.Language)
	u.MinPasswordLength = changed(u.MinPasswordLength, is.MinPasswordLength)
	u.MaxPasswordLength = changed(u.MaxPasswordLength, is.MaxPasswordLength)
	u.DefaultQuota = changed(u.DefaultQuota, is.DefaultQuota)
	u.MaxUserQuota = changed(u.MaxUserQuota, is.MaxUserQuota)
	u.NumberOfUsers = changed(u.NumberOfUsers, is.NumberOfUsers)
	u.NumberOfAliases = changed(u.NumberOfAliases, is.NumberOfAliases)
	u.NumberOfLists = changed(u.NumberOfLists, is.NumberOfLists)
	u.SenderBcc = changedAddress(u.SenderBcc, is.SenderBcc)
	u.RecipientBcc = changedAddress(u.RecipientBcc, is.RecipientBcc)
	u.Catchall = changedList(u.Catchall, is.Catchall)
	u.OutboundRelay = changedAddress(u.OutboundRelay, is.RelayHost)
	u.AliasDomains = changedSet(u.AliasDomains, is.AliasDomains)
	u.Services = changedSet(u.Services, is.Services)
	u.DomainProfiles = changedSet(u.DomainProfiles, is.DomainProfiles)
	u.UserProfiles = changedSet(u.UserProfiles, is.UserProfiles)
	u.UserPreferences = changedSet(u.UserPreferences, is.UserPreferences)
	return changedRoute(u, is)
}

// changedRoute leaves out how mail gets to a domain where that is so already. A backup MX has a transport, too, and without a
// primary MX it goes back to the one that Postfix looks up: so the two together say what is so.
func changedRoute(u store.DomainUpdate, is store.Domain) store.DomainUpdate {
	u.Transport = changed(u.Transport, is.Transport)
	switch {
	case u.BackupMX == nil || *u.BackupMX != is.BackupMX:
	case !is.BackupMX, u.PrimaryMX != nil && strings.EqualFold(*u.PrimaryMX, is.PrimaryMX):
		u.BackupMX = nil
	}
	if u.BackupMX == nil {
		u.PrimaryMX = changedAddress(u.PrimaryMX, is.PrimaryMX)
	}
	return u
}

// ChangesOfAdmin returns what an update changes of a standalone admin.
func ChangesOfAdmin(u store.AdminUpdate, is store.Admin) store.AdminUpdate {
	u.Name = changed(u.Name, is.Name)
	u.Active = changed(u.Active, is.Active)
	u.Language = changed(u.Language, is.Language)
	u.Global = changed(u.Global, is.Global)
	u.Limits.Domains = changed(u.Limits.Domains, is.Limits.Domains)
	u.Limits.Quota = changed(u.Limits.Quota, is.Limits.Quota)
	u.Limits.Users = changed(u.Limits.Users, is.Limits.Users)
	u.Limits.Aliases = changed(u.Limits.Aliases, is.Limits.Aliases)
	u.Limits.Lists = changed(u.Limits.Lists, is.Limits.Lists)
	u.Limits.NoMailLog = changed(u.Limits.NoMailLog, is.NoMailLog)
	u.Limits.NoQuarantinedMail = changed(u.Limits.NoQuarantinedMail, is.NoQuarantinedMail)
	return u
}

// ChangesOfAlias returns what an update changes of an alias account. Of its members the engines tell, as of a mailbox; its moderators are
// read when they are given.
func ChangesOfAlias(u store.AliasUpdate, is store.Alias) store.AliasUpdate {
	u.Name = changed(u.Name, is.Name)
	u.Active = changed(u.Active, is.Active)
	u.AccessPolicy = changed(u.AccessPolicy, is.AccessPolicy)
	u.Moderators = changedList(u.Moderators, is.Moderators)
	return u
}

// ChangesOfStaticList returns what an update changes of a list of the directory. Of its members the directory tells.
func ChangesOfStaticList(u store.StaticListUpdate, is store.StaticList) store.StaticListUpdate {
	u.Name = changed(u.Name, is.Name)
	u.AccessPolicy = changed(u.AccessPolicy, is.AccessPolicy)
	return u
}

// ChangesOfMailingList returns what an update changes of the account of a mailing list. Who is to be subscribed stays: that is
// looked at in any case.
func ChangesOfMailingList(u store.MailingListAccountUpdate, is store.MailingListAccount) store.MailingListAccountUpdate {
	u.Name = changed(u.Name, is.Name)
	u.Active = changed(u.Active, is.Active)
	u.AccessPolicy = changed(u.AccessPolicy, is.AccessPolicy)
	u.Newsletter = changed(u.Newsletter, is.Newsletter)
	u.Description = changed(u.Description, is.Description)
	u.MaxMessageSize = changed(u.MaxMessageSize, is.MaxMessageSize)
	u.Owners = changedList(u.Owners, is.Owners)
	u.Moderators = changedList(u.Moderators, is.Moderators)
	u.ExtraAddresses = changedList(u.ExtraAddresses, is.ExtraAddresses)
	return u
}

func changed[T comparable](value *T, is T) *T {
	if value != nil && *value == is {
		return nil
	}
	return value
}

// changedAddress is changed for what is compared without regard to case.
func changedAddress(value *string, is string) *string {
	if value != nil && strings.EqualFold(*value, is) {
		return nil
	}
	return value
}

func changedList(list *[]string, is []string) *[]string {
	if list != nil && store.SameNames(*list, is) {
		return nil
	}
	return list
}

// changedTexts is changedList for what is no address: another case is another text.
func changedTexts(list *[]string, is []string) *[]string {
	if list != nil && slices.Equal(slices.Compact(slices.Sorted(slices.Values(*list))), slices.Compact(slices.Sorted(slices.Values(is)))) {
		return nil
	}
	return list
}

func changedSet(set store.Set, is []string) store.Set {
	if set.IsAlready(is) {
		return store.Set{}
	}
	return set
}

// cleanPath is the path of a mailbox as it is compared: Dovecot puts it into lower case.
func cleanPath(text string) string { return path.Clean(strings.ToLower(text)) }
