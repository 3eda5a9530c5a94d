package sqlstore

import (
	"slices"

	"github.com/postern-mail/postern/store"
)

// managedServices are those that are switched as a whole: a new set of services switches off all that it lacks.
// What Dovecot needs inside (doveadm, lib-storage, quota-status and the like) is left alone unless it is named.
var managedServices = []string{
	"smtp", "smtpsecured", "pop3", "pop3secured", "pop3tls", "imap", "imapsecured", "imaptls",
	"managesieve", "managesievesecured", "deliver", "sogo", "sogowebmail", "sogocalendar", "sogoactivesync",
}

// mirroredServices are further names of the same thing. Dovecot calls ManageSieve "sieve".
var mirroredServices = map[string][]string{
	"managesieve":        {"sieve"},
	"managesievesecured": {"sievesecured", "sievetls"},
	"deliver":            {"lda", "lmtp"},
}

// directoryServices mean something in a directory alone.
var directoryServices = []string{"smtptls", "managesievetls", "forward", "senderbcc", "recipientbcc", "mail"}

// letterServices are kept as the letters y and n.
var letterServices = []string{"sogowebmail", "sogocalendar", "sogoactivesync"}

// unknownServices returns those of the names that nothing knows.
func (s *Store) unknownServices(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.Contains(managedServices, name) || slices.Contains(directoryServices, name) ||
			s.schema.HasColumn("mailbox", "enable"+name)
	})
}

// dropUnknownServices leaves out services that nothing knows.
func (s *Store) dropUnknownServices(rule store.OnMissing, services store.Set, change *store.Change) (store.Set, error) {
	in := func(field string) func(string) *store.Error {
		return func(string) *store.Error {
			return store.Fail(store.Invalid, store.CodeInvalidService, "There is no such service.").With(field)
		}
	}
	wanted := services.Field("services", "addService")
	services, err := store.Discard(rule, services, s.unknownServices(services.Wanted()), change, in(wanted))
	if err != nil {
		return services, err
	}
	return store.Discard(rule, services, s.unknownServices(services.Remove), change, in("removeService"))
}

// applyServices switches the columns of a mailbox row. A service without a column is passed over.
func (s *Store) applyServices(row store.Record, services store.Set) {
	if services.Replace != nil {
		switchServices(row, managedServices, false)
	}
	switchServices(row, services.Remove, false)
	switchServices(row, services.Wanted(), true)
}

func switchServices(row store.Record, names []string, on bool) {
	for _, name := range names {
		assign(row, "enable"+name, serviceValue(name, on))
		for _, mirror := range mirroredServices[name] {
			assign(row, "enable"+mirror, serviceValue(mirror, on))
		}
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
