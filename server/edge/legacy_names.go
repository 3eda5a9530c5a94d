package edge

import (
	"slices"
	"strings"
)

// legacyName is a parameter name of an earlier version of the published API.
type legacyName struct {
	published string
	// operations that take it; nil is all that have the published one
	operations []string
	// value replaces what was sent: the old name acted by presence
	value []string
}

// legacyNames are the old names by what scripts send.
var legacyNames = map[string]legacyName{
	"cn":                {published: "name"},
	"mailQuota":         {published: "quota", operations: []string{"createUser", "updateUser"}},
	"preferredLanguage": {published: "language"},
	"givenName":         {published: "gn"},
	"enableService":     {published: "addService", operations: []string{"updateDomain"}},
	"disableService":    {published: "removeService", operations: []string{"updateDomain"}},
	"removeAllServices": {published: "services", operations: []string{"updateDomain"}, value: []string{""}},
	"backupmx":          {published: "is_backupmx"},
	"mailbox_format":    {published: "mailboxFormat"},
	"mailbox_folder":    {published: "mailboxFolder"},
	"maxMailSize":       {published: "max_message_size"},
}

// publishedName returns the published parameter that a name of the legacy surface means, nil when the operation has
// none.
func (op *Operation) publishedName(name string) (*Parameter, []string) {
	if p := op.parameter(name); p != nil {
		return p, nil
	}
	old, ok := legacyNames[name]
	if !ok || old.operations != nil && !slices.Contains(old.operations, op.ID) {
		return nil, nil
	}
	return op.parameter(old.published), old.value
}

// legacyValue turns the words that older scripts send for a choice into the published ones. A word that is none of
// them stays, and is an error later.
func legacyValue(name, value string) string {
	if name != "accountStatus" {
		return value
	}
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "active", "enabled", "enable", "yes", "on", "1":
		return "active"
	case "disabled", "disable", "no", "off", "0":
		return "disabled"
	}
	return value
}

func (op *Operation) parameter(name string) *Parameter {
	if p := op.Body[name]; p != nil {
		return p
	}
	return op.Query[name]
}
