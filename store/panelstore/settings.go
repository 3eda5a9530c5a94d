package panelstore

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/postern-mail/postern/store"
)

// settingRow is a row of the table settings.
type settingRow struct {
	Key   string  `db:"k"`
	Value *string `db:"v"`
}

// PanelSettings implements store.Panel. Where an old panel lacks the table nothing is set.
func (s *Store) PanelSettings(ctx context.Context) (map[string]any, error) {
	layout, err := s.db.Layout(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for the panel's settings: %w", err)
	}
	settings := map[string]any{}
	if !layout.Has("settings") {
		return settings, nil
	}
	var rows []settingRow
	if err = s.db.Reader().Select(ctx, &rows, "SELECT k, v FROM settings WHERE account = ? ORDER BY k", "global"); err != nil {
		return nil, fmt.Errorf("read the panel's settings: %w", err)
	}
	for _, row := range rows {
		if value, ok := parseValue(row.Value); ok {
			settings[row.Key] = value
		}
	}
	return settings, nil
}

// PanelRestrictions implements store.Panel.
func (s *Store) PanelRestrictions(ctx context.Context) (store.PanelRestrictions, error) {
	var all store.PanelRestrictions
	layout, err := s.db.Layout(ctx)
	if err != nil {
		return all, fmt.Errorf("look for the panel's settings: %w", err)
	}
	if !layout.Has("settings") {
		return all, nil
	}
	var rows []settingRow
	err = s.db.Reader().Select(ctx, &rows, "SELECT k, v FROM settings WHERE account = ? AND k IN (?)", "global",
		[]string{store.SettingAPIClients, store.SettingAdminLogins, store.SettingGlobalAdminLogins})
	if err != nil {
		return all, fmt.Errorf("read the panel's restrictions: %w", err)
	}
	lists := map[string]*store.AllowList{}
	for _, row := range rows {
		if row.Value != nil {
			lists[row.Key] = store.ParseAllowList(*row.Value)
		}
	}
	return store.PanelRestrictions{
		APIClients: lists[store.SettingAPIClients], Admins: lists[store.SettingAdminLogins],
		GlobalAdmins: lists[store.SettingGlobalAdminLogins],
	}, nil
}

// parseValue reads {"value": X}.
func parseValue(text *string) (any, bool) {
	var wrapped map[string]any
	if text == nil || json.Unmarshal([]byte(*text), &wrapped) != nil || len(wrapped) != 1 {
		return nil, false
	}
	value, ok := wrapped["value"]
	return value, ok
}
