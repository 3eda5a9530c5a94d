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

// legacyWords are what scripts send for a setting that is on or off, in any case. Upstream (iRedAdmin-Pro) takes some of
// them for a status and silently disables an account for all others; here a word that is none of them is an error.
var legacyWords = map[string]bool{
	"active": true, "enable": true, "enabled": true, "yes": true, "true": true, "on": true, "1": true,
	"inactive": false, "disable": false, "disabled": false, "no": false, "false": false, "off": false, "0": false,
}

// plainRights are what nobody gets or loses by a word that was meant for something else: they take yes and no only.
var plainRights = []string{"isGlobalAdmin", "disableViewingMailLog", "disableManagingQuarantinedMails"}

// legacyValue turns the words that older scripts send for a choice of two into the published ones. A word that is none of
// them stays, and is an error later.
func (p *Parameter) legacyValue(value string) string {
	if p.on == "" || slices.Contains(plainRights, p.Name) {
		return value
	}
	on, known := legacyWords[strings.ToLower(strings.TrimSpace(value))]
	switch {
	case !known:
		return value
	case on:
		return p.on
	}
	return p.off
}

// switches are the words of the contract for on and off.
var switches = [][2]string{{"active", "disabled"}, {"yes", "no"}, {"enable", "disable"}}

// setSwitch notes the words of a parameter that is on or off.
func (p *Parameter) setSwitch() {
	for _, words := range switches {
		rest := slices.DeleteFunc(slices.Clone(p.schema.Enum), func(v any) bool { return v == nil || v == words[0] || v == words[1] })
		if len(p.schema.Enum) > 0 && len(rest) == 0 {
			p.on, p.off = words[0], words[1]
		}
	}
}

func (op *Operation) parameter(name string) *Parameter {
	if p := op.Body[name]; p != nil {
		return p
	}
	return op.Query[name]
}
