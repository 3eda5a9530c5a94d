package store

import (
	"context"
	"time"
)

// Panel is the contract for iRedAdmin's own database.
type Panel interface {
	// AppendLog adds a row to the panel's log.
	AppendLog(ctx context.Context, e LogEntry) error
	// PanelSettings returns the rows of the account "global" of the settings table: key to the JSON value.
	// A row that is not of the form {"value": X} is left out.
	PanelSettings(ctx context.Context) (map[string]any, error)
	// PanelRestrictions returns from where the panel's settings let people in. Where an old panel lacks the table nobody is
	// restricted.
	PanelRestrictions(ctx context.Context) (PanelRestrictions, error)
	// Ping returns nil when the database answers.
	Ping(ctx context.Context) error
	// Close releases what the engine holds.
	Close() error
}

// PanelRestrictions are the panel's lists of addresses that may come in; nil restricts nobody.
type PanelRestrictions struct {
	APIClients   *AllowList // restful_api_clients: whoever calls the API
	Admins       *AllowList // admin_login_ip_list: every admin
	GlobalAdmins *AllowList // global_admin_ip_list: global admins, beside the list of every admin
}

// Lists returns the lists that there are, by their keys in the panel's settings.
func (r PanelRestrictions) Lists() map[string]*AllowList {
	all := map[string]*AllowList{
		SettingAPIClients: r.APIClients, SettingAdminLogins: r.Admins, SettingGlobalAdminLogins: r.GlobalAdmins,
	}
	for key, list := range all {
		if list == nil {
			delete(all, key)
		}
	}
	return all
}

// The keys of the restrictions in the panel's settings, of the account "global".
const (
	SettingAPIClients        = "restful_api_clients"
	SettingAdminLogins       = "admin_login_ip_list"
	SettingGlobalAdminLogins = "global_admin_ip_list"
)

// LogEntry is a row of the panel's log. Over-long values are cut to the columns' sizes.
type LogEntry struct {
	Time     time.Time
	Admin    string
	IP       string
	Domain   string
	Username string
	Event    string // one of the panel's event names, at most 20 characters
	Level    string // "info" or "error"
	Message  string
}
