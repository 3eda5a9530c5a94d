package ldapstore

import (
	"regexp"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// userServices are those of a new mailbox.
// Source: the values of enabledService for a new user in libs/ldaplib/iredldif.py of iRedAdmin.
var userServices = []string{
	"internal", "doveadm", "lib-storage", "indexer-worker", "dsync", "quota-status",
	serviceMail, "smtp", "smtpsecured", "smtptls", "pop3", "pop3secured", "pop3tls", "imap", "imapsecured", "imaptls",
	"managesieve", "managesievesecured", "managesievetls", "sieve", "sievesecured", "sievetls",
	serviceDeliver, "lda", "lmtp", serviceRecipientBcc, serviceSenderBcc, serviceForward, serviceShadow,
	"displayedInGlobalAddressBook", "sogo", "sogowebmail", "sogocalendar", "sogoactivesync",
}

// newServices are those of a new mailbox in a domain that switches some off.
func newServices(off []string) []string { return store.LeaveOut(userServices, rules.AllNames(off)) }

// serviceName is the form of the name of a service. Which services there are is open: programs may ask for any.
var serviceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// applyServices switches the services of a mailbox. A new set is one of those that we know: what another program asks for by a
// name of its own stays, as a column of its own does in SQL. Removed by name it goes.
func (e *entry) applyServices(services store.Set) {
	if services.Replace != nil {
		e.remove("enabledService", rules.Services()...)
	}
	e.remove("enabledService", rules.AllNames(services.Remove)...)
	e.add("enabledService", rules.AllNames(services.Wanted())...)
}
