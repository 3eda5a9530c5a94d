package ldapstore

import (
	"regexp"
	"slices"

	"github.com/postern-mail/postern/store"
)

// userServices are those of a new mailbox.
var userServices = []string{
	"internal", "doveadm", "lib-storage", "indexer-worker", "dsync", "quota-status",
	serviceMail, "smtp", "smtpsecured", "smtptls", "pop3", "pop3secured", "pop3tls", "imap", "imapsecured", "imaptls",
	"managesieve", "managesievesecured", "managesievetls", "sieve", "sievesecured", "sievetls",
	serviceDeliver, "lda", "lmtp", serviceRecipientBcc, serviceSenderBcc, serviceForward, serviceShadow,
	"displayedInGlobalAddressBook", "sogo", "sogowebmail", "sogocalendar", "sogoactivesync",
}

// lastingServices stay when a mailbox gets a new set of services: what Dovecot needs inside, and what is switched by other
// parameters. Removed by name they go.
var lastingServices = []string{
	"internal", "doveadm", "lib-storage", "indexer-worker", "dsync", "quota-status",
	serviceMail, serviceForward, serviceShadow, serviceSenderBcc, serviceRecipientBcc, serviceDomainAdmin,
	"displayedInGlobalAddressBook",
}

// mirroredServices are further names of the same thing. Dovecot calls ManageSieve "sieve".
var mirroredServices = map[string][]string{
	"managesieve":        {"sieve"},
	"managesievesecured": {"sievesecured", "sievetls"},
	"managesievetls":     {"sievetls"},
	serviceDeliver:       {"lda", "lmtp"},
}

// withMirrors are the services with their further names.
func withMirrors(names []string) []string {
	all := slices.Clone(names)
	for _, name := range names {
		all = append(all, mirroredServices[name]...)
	}
	return all
}

// newServices are those of a new mailbox in a domain that switches some off.
func newServices(off []string) []string { return store.LeaveOut(userServices, withMirrors(off)) }

var serviceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// dropUnknownServices leaves out what cannot be the name of a service. Which services there are is open: programs may ask for
// any.
func dropUnknownServices(rule store.OnMissing, services store.Set, change *store.Change) (store.Set, error) {
	field := services.Field("services", "addService")
	bad := slices.DeleteFunc(slices.Concat(services.Wanted(), services.Remove), serviceName.MatchString)
	if len(bad) > 0 && slices.Contains(services.Remove, bad[0]) {
		field = "removeService"
	}
	return store.Discard(rule, services, bad, change, func(string) *store.Error {
		return store.Fail(store.Invalid, store.CodeInvalidService, "That is not the name of a service.").With(field)
	})
}

// applyServices switches the services of a mailbox. A new set is one of those that we know: what another program asks for by a
// name of its own stays, as a column of its own does in SQL. Removed by name it goes.
func (e *entry) applyServices(services store.Set) {
	if services.Replace != nil {
		e.remove("enabledService", store.LeaveOut(userServices, lastingServices)...)
	}
	e.remove("enabledService", withMirrors(services.Remove)...)
	e.add("enabledService", withMirrors(services.Wanted())...)
}
