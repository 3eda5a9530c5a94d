package rules

import (
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// services are those that a mailbox has a switch for: a new set of services switches off all of them that it lacks. What Dovecot
// needs inside (doveadm, lib-storage, quota-status and the like) is left alone unless it is named. The names are iRedMail's.
// Source: the columns enable* of mailbox in samples/iredmail/iredmail.mysql of iRedMail, and enabledService in its directory.
var services = []string{
	"smtp", "smtpsecured", "smtptls", "pop3", "pop3secured", "pop3tls", "imap", "imapsecured", "imaptls",
	"managesieve", "managesievesecured", "managesievetls", "deliver", "sogo", "sogowebmail", "sogocalendar", "sogoactivesync",
}

// furtherServices are further names of the same thing. Dovecot calls ManageSieve "sieve", and delivery by its two programs; a
// directory has a name of its own for STARTTLS where SQL has one for all connections with TLS.
// Source: Dovecot asks for the name of its own protocol, which iRedMail puts into the query (samples/dovecot, user_query and user_filter).
var furtherServices = map[string][]string{
	"managesieve":        {"sieve"},
	"smtpsecured":        {"smtptls"},
	"managesievesecured": {"managesievetls", "sievesecured", "sievetls"},
	"managesievetls":     {"sievetls"},
	"deliver":            {"lda", "lmtp"},
}

// Services are those that a new set of services switches off, under all their names.
func Services() []string { return AllNames(services) }

// IsService reports whether that is one of them.
func IsService(name string) bool { return slices.Contains(services, name) }

// AllNames are the services with their further names.
func AllNames(services []string) []string {
	all := slices.Clone(services)
	for _, name := range services {
		all = append(all, furtherServices[name]...)
	}
	return all
}

// KnownServices leaves out of a change to the services of a mailbox what the engine does not know, and notes that in the change.
func KnownServices(rule store.OnMissing, set store.Set, isKnown func(name string) bool, change *store.Change) (store.Set, error) {
	for _, part := range []struct {
		field string
		names []string
	}{{set.Field("services", "addService"), set.Wanted()}, {"removeService", set.Remove}} {
		var err error
		set, err = store.Discard(rule, set, slices.DeleteFunc(slices.Clone(part.names), isKnown), change, func(name string) *store.Error {
			return store.Fail(store.Invalid, store.CodeInvalidService, "There is no service %q. Services are %s.", name,
				strings.Join(shownServices, ", ")).With(part.field)
		})
		if err != nil {
			return set, err
		}
	}
	return set, nil
}
