package sqlstore

import (
	"regexp"
	"slices"

	"github.com/postern-mail/postern/store"
)

// What an admin of a domain, and the people in it, can be shut out of.
var (
	domainProfiles = []string{
		"bcc", "relay", "catchall", "aliases", "throttle", "greylisting", "wblist", "spampolicy",
		"backupmx", "password_policies", "advanced",
	}
	userProfiles    = []string{"bcc", "forwarding", "relay", "aliases", "throttle", "greylisting", "wblist", "spampolicy"}
	userPreferences = []string{"personal_info", "forwarding", "wblist", "quarantine", "rcvd_mails", "spampolicy"}
)

// profileSet is a change to a set of profiles, with the setting that keeps it and the names that it may hold.
type profileSet struct {
	field, key string
	set        store.Set
	known      []string
}

func profileSets(u store.DomainUpdate) []profileSet {
	return []profileSet{
		{"disableDomainProfile", store.SettingDisabledDomainProfiles, u.DomainProfiles, domainProfiles},
		{"disableUserProfile", store.SettingDisabledUserProfiles, u.UserProfiles, userProfiles},
		{"disableUserPreference", store.SettingDisabledPreferences, u.UserPreferences, userPreferences},
	}
}

// checkProfiles returns INVALID_PROFILE for a name that is none. A removed one need not be known: it may be left
// over from an older version.
func checkProfiles(u store.DomainUpdate) error {
	for _, p := range profileSets(u) {
		for _, name := range wantedOf(p.set) {
			if !slices.Contains(p.known, name) {
				return store.Fail(store.Invalid, store.CodeInvalidProfile, "There is no such profile.").With(p.field)
			}
		}
	}
	return nil
}

var serviceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// checkDomainServices returns INVALID_SERVICE for what cannot stand in a list of settings. Which services there are
// is open.
func checkDomainServices(services store.Set) error {
	for _, name := range wantedOf(services) {
		if !serviceName.MatchString(name) {
			return store.Fail(store.Invalid, store.CodeInvalidService, "That is not the name of a service.").With("services")
		}
	}
	return nil
}

// wantedOf returns the names that a change to a set brings in.
func wantedOf(set store.Set) []string {
	if set.Replace == nil {
		return set.Add
	}
	return slices.Concat(*set.Replace, set.Add)
}

// changedSettings returns the settings text of a domain after the update, and whether it asks for any change of it.
func changedSettings(current string, u store.DomainUpdate) (changed string, touched bool) {
	settings := store.ParseSettings(current)
	numbers := []struct {
		key   string
		value *int64
	}{
		{store.SettingDefaultQuota, u.DefaultQuota},
		{store.SettingMaxUserQuota, u.MaxUserQuota},
		{store.SettingMinPasswordLength, u.MinPasswordLength},
		{store.SettingMaxPasswordLength, u.MaxPasswordLength},
	}
	for _, n := range numbers {
		if n.value != nil {
			settings.SetInt(n.key, *n.value)
			touched = true
		}
	}
	if u.Language != nil {
		settings.SetText(store.SettingLanguage, *u.Language)
		touched = true
	}
	if u.Services.Touches() {
		settings.SetList(store.SettingEnabledServices, u.Services.Apply(settings.List(store.SettingEnabledServices)))
		touched = true
	}
	for _, p := range profileSets(u) {
		if p.set.Touches() {
			settings.SetList(p.key, p.set.Apply(settings.List(p.key)))
			touched = true
		}
	}
	return settings.String(), touched
}
