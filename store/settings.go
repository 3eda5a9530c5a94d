package store

import (
	"slices"
	"strconv"
	"strings"
)

// Settings is the parsed "key:value;key:value;" text that iRedMail keeps in a column named settings. Keys that
// nobody knows are kept. The zero value is empty.
type Settings struct {
	keys   []string
	values map[string]string
}

// Keys of the settings of domains and admins.
const (
	SettingDefaultQuota           = "default_user_quota"
	SettingMaxUserQuota           = "max_user_quota"
	SettingMinPasswordLength      = "min_passwd_length"
	SettingMaxPasswordLength      = "max_passwd_length"
	SettingLanguage               = "default_language"
	SettingEnabledServices        = "enabled_services"
	SettingDisabledMailServices   = "disabled_mail_services"
	SettingDisabledDomainProfiles = "disabled_domain_profiles"
	SettingDisabledUserProfiles   = "disabled_user_profiles"
	SettingDisabledPreferences    = "disabled_user_preferences"
	SettingCreateNewDomains       = "create_new_domains"
	SettingCreateMaxDomains       = "create_max_domains"
	SettingCreateMaxQuota         = "create_max_quota"
	SettingCreateMaxUsers         = "create_max_users"
	SettingCreateMaxAliases       = "create_max_aliases"
	SettingCreateMaxLists         = "create_max_lists"
	SettingNoMailLog              = "disable_viewing_mail_log"
	SettingNoQuarantinedMail      = "disable_managing_quarantined_mails"
)

// numericSettings and listSettings are shown as numbers and lists.
var (
	numericSettings = []string{
		SettingDefaultQuota, SettingMaxUserQuota, SettingMinPasswordLength, SettingMaxPasswordLength,
		SettingCreateMaxDomains, SettingCreateMaxQuota, SettingCreateMaxUsers, SettingCreateMaxAliases, SettingCreateMaxLists,
	}
	listSettings = []string{
		SettingEnabledServices, SettingDisabledMailServices, SettingDisabledDomainProfiles, SettingDisabledUserProfiles,
		SettingDisabledPreferences, "default_groups", "default_mailing_lists",
	}
)

// ParseSettings reads the text of a settings column. Parts without a colon or a value are dropped; a value may
// hold further colons.
func ParseSettings(text string) Settings {
	var s Settings
	for part := range strings.SplitSeq(text, ";") {
		key, value, ok := strings.Cut(part, ":")
		if ok {
			s.SetText(strings.TrimSpace(key), strings.TrimSpace(value))
		}
	}
	return s
}

// String returns the text for the settings column: "" when nothing is set.
func (s Settings) String() string {
	var b strings.Builder
	for _, k := range s.keys {
		b.WriteString(k + ":" + s.values[k] + ";")
	}
	return b.String()
}

// Text returns the value of key, or "".
func (s Settings) Text(key string) string { return s.values[key] }

// Int returns the value of key as a number, 0 when it is absent or none.
func (s Settings) Int(key string) int64 {
	n, err := strconv.ParseInt(s.values[key], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// List returns the comma-separated value of key, nil when absent.
func (s Settings) List(key string) []string {
	if s.values[key] == "" {
		return nil
	}
	return strings.Split(s.values[key], ",")
}

// SetText sets key, or removes it when the value is empty.
func (s *Settings) SetText(key, value string) {
	if key == "" {
		return
	}
	if value == "" {
		s.keys = slices.DeleteFunc(slices.Clone(s.keys), func(k string) bool { return k == key })
		delete(s.values, key)
		return
	}
	if s.values == nil {
		s.values = map[string]string{}
	}
	if _, ok := s.values[key]; !ok {
		s.keys = append(s.keys, key)
	}
	s.values[key] = value
}

// SetInt sets key, or removes it when n is 0.
func (s *Settings) SetInt(key string, n int64) {
	if n == 0 {
		s.SetText(key, "")
		return
	}
	s.SetText(key, strconv.FormatInt(n, 10))
}

// SetList sets key to the sorted list, or removes it when the list is empty.
func (s *Settings) SetList(key string, list []string) {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	s.SetText(key, strings.Join(slices.Compact(sorted), ","))
}

// Record shows the settings under their stored names: numbers as numbers, lists as lists.
func (s Settings) Record() Record {
	r := make(Record, 0, len(s.keys))
	for _, k := range s.keys {
		switch {
		case slices.Contains(numericSettings, k):
			r = append(r, Field{k, s.Int(k)})
		case slices.Contains(listSettings, k):
			r = append(r, Field{k, s.List(k)})
		default:
			r = append(r, Field{k, s.values[k]})
		}
	}
	return r
}
