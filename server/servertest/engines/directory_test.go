package engines_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/server/servertest"
)

// A directory answers in a shape of its own. To compare, what both shapes say of an account is brought into one: the keys that
// are worked out, and those columns that an attribute corresponds to.

// kinds are the sorts of accounts, by a key that only those have, with the keys that are worked out for them.
var kinds = []struct {
	mark string
	keys []string
}{
	{"newsletter_description", append(slices.Sorted(maps.Keys(servertest.DefaultMailingList)), "subscribers")},
	{"forwardings", []string{
		"forwardings", "aliases", "managed_domains", "mailing_aliases", "sender_bcc", "recipient_bcc", "relayhost", "stored_bytes",
		"stored_messages", "last_login",
	}},
	{"alias_domains", []string{
		"catchall", "alias_domains", "admins", "sender_bcc", "recipient_bcc", "relayhost", "num_existing_users",
		"num_existing_aliases", "num_existing_maillists", "allocated_quota", "quota",
	}},
	{"isglobaladmin", []string{"managed_domains", "isglobaladmin"}},
	{"moderators", []string{"members", "moderators"}},
}

// columnAttributes are the columns with the attributes that say the same.
var columnAttributes = map[string]string{
	"first_name": "givenName", "employeeid": "employeeNumber", "department": "departmentNumber", "mailboxformat": "mailboxFormat",
	"mailboxfolder": "mailboxFolder", "accesspolicy": "accessPolicy",
}

// settingNames are the settings of domains with their names in a directory; those of admins are the same.
var settingNames = map[string]string{
	"default_user_quota": "defaultQuota", "max_user_quota": "maxUserQuota", "min_passwd_length": "minPasswordLength",
	"max_passwd_length": "maxPasswordLength", "disabled_domain_profiles": "disabledDomainProfile",
	"disabled_user_profiles": "disabledUserProfile", "disabled_user_preferences": "disabledUserPreference",
}

var limitSettings = []string{
	"create_new_domains", "create_max_domains", "create_max_quota", "create_max_users", "create_max_aliases", "create_max_lists",
}

// answerIn takes a status with an answer behind it apart. The answer is nil where it is none.
func answerIn(text string) (status string, answer map[string]any) {
	status, raw, _ := strings.Cut(text, " ")
	decoder := json.NewDecoder(strings.NewReader(raw))
	decoder.UseNumber()
	if decoder.Decode(&answer) != nil {
		return status, nil
	}
	return status, answer
}

// essence is an answer as both shapes have it: its status, and what it says without the sentences.
func essence(text string, directory bool) string {
	status, answer := answerIn(text)
	if answer == nil {
		return text
	}
	delete(answer, "_detail")
	delete(answer, "_request_id")
	switch data := answer["_data"].(type) {
	case map[string]any:
		answer["_data"] = common(data, directory)
	case []any:
		for i, item := range data {
			if object, ok := item.(map[string]any); ok {
				data[i] = common(object, directory)
			}
		}
	}
	plain, err := json.Marshal(answer)
	if err != nil {
		return text
	}
	return status + " " + string(plain)
}

// common is what both shapes say of an account. What is none stays as it is.
func common(object map[string]any, directory bool) map[string]any {
	for _, kind := range kinds {
		if object[kind.mark] == nil {
			continue
		}
		shared := map[string]any{}
		for _, key := range kind.keys {
			shared[key] = object[key]
		}
		if kind.mark == "newsletter_description" {
			return shared // a list says everything under the published names
		}
		if directory {
			maps.Copy(shared, ofEntry(object))
		} else {
			maps.Copy(shared, ofRow(object))
		}
		return shared
	}
	return object
}

func ofRow(row map[string]any) map[string]any {
	text := func(names ...string) string {
		for _, name := range names {
			if s, ok := row[name].(string); ok {
				return s
			}
		}
		return ""
	}
	settings, _ := row["settings"].(map[string]any)
	said := map[string]any{
		"who": text("username", "address", "domain"), "name": text("description", "name"),
		"active": row["active"] == json.Number("1"), "transport": text("transport"), "surname": text("last_name"),
		"language": text("language"), "quota of it": number(row["quota"]),
	}
	if row["alias_domains"] != nil {
		said["name"], said["language"], said["quota of it"] = text("description"), value(settings["default_language"]), "0"
		said["backup"] = row["backupmx"] == json.Number("1")
	}
	if row["isglobaladmin"] != nil && row["forwardings"] != nil {
		said["rules"] = row["isglobaladmin"] == json.Number("1")
	}
	for column := range columnAttributes {
		said[column] = text(column)
	}
	for key := range settingNames {
		said[key] = value(settings[key])
	}
	for _, key := range limitSettings {
		said[key] = value(settings[key])
	}
	services := []string{}
	for _, service := range comparedServices {
		if v := row["enable"+service]; v == json.Number("1") || v == "y" {
			services = append(services, service)
		}
	}
	said["services"] = services
	return said
}

// comparedServices are those that both know.
var comparedServices = []string{"imap", "imapsecured", "pop3", "smtp", "deliver", "lmtp", "sieve", "managesieve", "sogo", "sogowebmail"}

func ofEntry(entry map[string]any) map[string]any {
	text := func(names ...string) string {
		for _, name := range names {
			if all, ok := entry[name].([]any); ok && len(all) > 0 {
				return value(all[0])
			}
		}
		return ""
	}
	settings, _ := entry["accountSetting"].(map[string]any)
	who := text("mail", "domainName")
	local, _, isMail := strings.Cut(who, "@")
	unless := func(s string) string { // a name that must not be empty is the local part
		if isMail && s == local && entry["forwardings"] != nil {
			return ""
		}
		return s
	}
	said := map[string]any{
		"who": who, "name": unless(text("cn")), "active": text("accountStatus") == "active", "transport": text("mtaTransport"),
		"surname": "", "language": text("preferredLanguage"), "quota of it": megabytes(text("mailQuota")),
	}
	if entry["forwardings"] != nil {
		said["surname"] = unless(text("sn"))
		said["rules"] = text("domainGlobalAdmin") == "yes"
	}
	if entry["alias_domains"] != nil {
		said["backup"] = text("domainBackupMX") == "yes"
	}
	for column, attribute := range columnAttributes {
		said[column] = text(attribute)
	}
	for key, name := range settingNames {
		said[key] = value(settings[name])
	}
	for _, key := range limitSettings {
		said[key] = value(settings[key])
	}
	all, _ := entry["enabledService"].([]any)
	services := []string{}
	for _, service := range comparedServices {
		if entry["forwardings"] != nil && slices.Contains(all, any(service)) {
			services = append(services, service)
		}
	}
	said["services"] = services
	return said
}

// value is a setting as text, "" where there is none.
func value(v any) string {
	if v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return s
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}

func number(v any) string {
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	return "0"
}

// megabytes is a number of bytes in MB.
func megabytes(bytes string) string {
	n, err := strconv.ParseInt(bytes, 10, 64)
	if err != nil {
		return "0"
	}
	return strconv.FormatInt(n>>20, 10)
}

// directoryDiffers reports whether an answer of a directory has to be another one than that of SQL: there programs may ask for
// services of any name, so that none is unknown.
func directoryDiffers(c servertest.Played) bool {
	for _, parameter := range []string{"addService", "removeService", "services"} {
		if names, ok := c.Given[parameter].(servertest.List); ok && slices.Contains(names, any("telnet")) {
			return true
		}
	}
	return false
}

// withoutDeclared is an answer of the strict surface without what is declared to differ: a directory keeps all phone numbers, SQL the
// first, and services of a domain that a directory has by itself are not shown.
func withoutDeclared(text string) string {
	status, answer := answerIn(text)
	if answer == nil {
		return text
	}
	for _, key := range []string{"_detail", "_request_id", "_adjusted"} {
		delete(answer, key)
	}
	items, isList := answer["_data"].([]any)
	if !isList {
		items = []any{answer["_data"]}
	}
	for _, item := range items {
		noun, _ := item.(map[string]any)
		for _, key := range []string{"telephoneNumber", "mobile"} {
			if numbers, ok := noun[key].([]any); ok {
				noun[key] = numbers[:min(1, len(numbers))]
			}
		}
		if services, ok := noun["services"].([]any); ok && noun["catchall"] != nil {
			noun["services"] = slices.DeleteFunc(services, func(name any) bool {
				return slices.Contains([]any{"mail", "domainalias", "senderbcc", "recipientbcc"}, name)
			})
		}
	}
	plain, err := json.Marshal(answer)
	if err != nil {
		return text
	}
	return status + " " + string(plain)
}
