package sqlstore

import (
	"github.com/postern-mail/postern/store"
)

// profileSet is a change to a set of profiles, with the setting that keeps it.
type profileSet struct {
	key string
	set store.Set
}

func profileSets(u store.DomainUpdate) []profileSet {
	return []profileSet{
		{store.SettingDisabledDomainProfiles, u.DomainProfiles},
		{store.SettingDisabledUserProfiles, u.UserProfiles},
		{store.SettingDisabledPreferences, u.UserPreferences},
	}
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
