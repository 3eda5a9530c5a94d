package sqlstore

import (
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// directoryServices mean something in a directory alone.
// Source: samples/iredmail/iredmail.mysql of iRedMail has no columns for these.
var directoryServices = []string{"smtptls", "managesievetls", "forward", "senderbcc", "recipientbcc", "mail"}

// letterServices are kept as the letters y and n.
// Source: samples/iredmail/iredmail.mysql of iRedMail (CHAR(1), y or n).
var letterServices = []string{"sogowebmail", "sogocalendar", "sogoactivesync"}

// isService returns what reports whether a name is that of a service: one that we know, or one that has a column of its own. What a
// directory alone has is one where such names are dropped without a word, as scripts for either kind of server expect.
func (s *Store) isService(rule store.OnMissing) func(name string) bool {
	return func(name string) bool {
		if slices.Contains(directoryServices, name) {
			return rule == store.Drop
		}
		return rules.IsService(name) || s.schema.HasColumn("mailbox", "enable"+name)
	}
}

// applyServices switches the columns of a mailbox row. A service without a column is passed over.
func (s *Store) applyServices(row store.Record, services store.Set) {
	if services.Replace != nil {
		switchServices(row, rules.Services(), false)
	}
	switchServices(row, services.Remove, false)
	switchServices(row, services.Wanted(), true)
}

func switchServices(row store.Record, names []string, on bool) {
	for _, name := range rules.AllNames(store.LeaveOut(names, directoryServices)) {
		assign(row, "enable"+name, serviceValue(name, on))
	}
}

func serviceValue(name string, on bool) any {
	if !slices.Contains(letterServices, name) {
		return flag(on)
	}
	if on {
		return "y"
	}
	return "n"
}

// servicesOf are the services of a mailbox as they are read, sorted.
func servicesOf(row store.Record) []string {
	names := make([]string, 0, 16)
	for i := range row { // once, for that is done for each row of a long list
		if name, ok := serviceOf(row[i].Name); ok && rules.IsShownService(name) && isOn(row[i].Value) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// isOn reports whether the column of a service says that it is on.
func isOn(value any) bool {
	switch v := value.(type) {
	case int64:
		return v != 0
	case string: // the letter may be a capital, and PostgreSQL pads
		return strings.EqualFold(strings.TrimSpace(v), "y")
	}
	return false
}

// newServices are the columns of a new mailbox: everything is on but what its domain switches off.
func (s *Store) newServices(off []string) store.Record {
	var row store.Record
	for _, column := range s.schema["mailbox"] {
		if name, ok := serviceOf(column); ok {
			row.Set(column, serviceValue(name, true))
		}
	}
	switchServices(row, off, false)
	return row
}

// serviceOf returns the service that a column of a mailbox switches.
func serviceOf(column string) (name string, ok bool) {
	const prefix = "enable"
	if len(column) <= len(prefix) || column[:len(prefix)] != prefix {
		return "", false
	}
	return column[len(prefix):], true
}
