package ldapstore

import (
	"slices"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/store"
)

// settings are the "key:value" values of accountSetting. A key may have several.
type settings []setting

type setting struct{ key, value string }

// Keys of settings.
const (
	settingDefaultQuota     = "defaultQuota" // MB
	settingMaxUserQuota     = "maxUserQuota" // MB
	settingDomainQuota      = "domainQuota"  // number and unit: 100:MB
	settingMinPassword      = "minPasswordLength"
	settingMaxPassword      = "maxPasswordLength"
	settingUsers            = "numberOfUsers"
	settingAliases          = "numberOfAliases"
	settingLists            = "numberOfLists"
	settingDefaultList      = "defaultList"
	settingDomainProfile    = "disabledDomainProfile" // one value for each profile; the next three likewise
	settingUserProfile      = "disabledUserProfile"
	settingUserPreference   = "disabledUserPreference"
	settingMailService      = "disabledMailService"
	settingCreateNewDomains = store.SettingCreateNewDomains
	settingCreateMaxDomains = store.SettingCreateMaxDomains
	settingCreateMaxQuota   = store.SettingCreateMaxQuota
	settingCreateMaxUsers   = store.SettingCreateMaxUsers
	settingCreateMaxAliases = store.SettingCreateMaxAliases
	settingCreateMaxLists   = store.SettingCreateMaxLists
	// settingUnfinished marks a domain that is being made: it is switched off until all of it is there.
	settingUnfinished = ownSettings + "Unfinished"
	unfinishedMark    = settingUnfinished + ":" + yes
	// ownSettings begins the keys of ours, which are not shown.
	ownSettings = "postern"
)

// listSettings may have several values, numericSettings are shown as numbers.
var (
	listSettings = []string{settingDomainProfile, settingUserProfile, settingUserPreference, settingMailService}

	numericSettings = []string{
		settingDefaultQuota, settingMaxUserQuota, settingMinPassword, settingMaxPassword, settingUsers, settingAliases, settingLists,
		settingCreateMaxDomains, settingCreateMaxQuota, settingCreateMaxUsers, settingCreateMaxAliases, settingCreateMaxLists,
	}
)

func (e entry) settings() settings {
	var s settings
	for _, v := range e.all(settingsAttribute) {
		if key, value, ok := strings.Cut(v, ":"); ok {
			s = append(s, setting{key, value})
		}
	}
	return s
}

// putSettings makes the settings those of the entry. What is no "key:value" stays.
func (e *entry) putSettings(s settings) {
	values := slices.DeleteFunc(slices.Clone(e.all(settingsAttribute)), func(v string) bool { return strings.Contains(v, ":") })
	for _, one := range s {
		values = append(values, one.key+":"+one.value)
	}
	e.set(settingsAttribute, values...)
}

// Text returns the value of a key, "" when it is absent.
func (s settings) Text(key string) string {
	for _, one := range s {
		if strings.EqualFold(one.key, key) {
			return one.value
		}
	}
	return ""
}

// Int returns the value of a key as a number, 0 when it is absent or none.
func (s settings) Int(key string) int64 {
	n, err := strconv.ParseInt(s.Text(key), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// list returns all values of a key in lower case, sorted and never nil.
func (s settings) list(key string) []string {
	list := []string{}
	for _, one := range s {
		if strings.EqualFold(one.key, key) && one.value != "" {
			list = append(list, strings.ToLower(one.value))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// defaultLists are the lists that new mailboxes of a domain join.
func (s settings) defaultLists() []string {
	return strings.FieldsFunc(strings.ToLower(s.Text(settingDefaultList)), func(r rune) bool { return r == ',' || r == ' ' })
}

// setText makes the value the only one of a key; "" removes the key.
func (s *settings) setText(key, value string) { s.setList(key, []string{value}) }

// setNumber is setText for a number; 0 removes the key.
func (s *settings) setNumber(key string, n int64) {
	if n == 0 {
		s.setText(key, "")
		return
	}
	s.setText(key, strconv.FormatInt(n, 10))
}

// assignNumber is setNumber when there is one to set.
func (s *settings) assignNumber(key string, n *int64) {
	if n != nil {
		s.setNumber(key, *n)
	}
}

// setList makes the values all of a key.
func (s *settings) setList(key string, values []string) {
	*s = slices.DeleteFunc(slices.Clone(*s), func(one setting) bool { return strings.EqualFold(one.key, key) })
	for _, v := range values {
		if v != "" {
			*s = append(*s, setting{key, v})
		}
	}
}

// record shows the settings: numbers as numbers, what may have several values as a list.
func (s settings) record() store.Record {
	r := store.Record{}
	for _, one := range s {
		switch {
		case r.Get(one.key) != nil, strings.HasPrefix(one.key, ownSettings):
		case containsFold(listSettings, one.key):
			r.Set(one.key, s.list(one.key))
		case containsFold(numericSettings, one.key):
			r.Set(one.key, s.Int(one.key))
		default:
			r.Set(one.key, one.value)
		}
	}
	return r
}
