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
	// Ping returns nil when the database answers.
	Ping(ctx context.Context) error
	// Close releases what the engine holds.
	Close() error
}

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
