package store

import (
	"regexp"
	"slices"
)

// What an admin of a domain, and the people in it, can be shut out of.
var (
	domainProfiles = []string{
		"bcc", "relay", "catchall", "aliases", "throttle", "greylisting", "wblist", "spampolicy",
		"backupmx", "password_policies", "advanced",
	}
	userProfiles    = []string{"bcc", "forwarding", "relay", "aliases", "throttle", "greylisting", "wblist", "spampolicy"}
	userPreferences = []string{"personal_info", "forwarding", "wblist", "quarantine", "rcvd_mails", "spampolicy"}
)

// checkProfiles returns INVALID_PROFILE for a name that is none. A removed one need not be known: it may be left over
// from an older version.
func checkProfiles(u DomainUpdate) error {
	for _, p := range []struct {
		field string
		set   Set
		known []string
	}{
		{"disableDomainProfile", u.DomainProfiles, domainProfiles},
		{"disableUserProfile", u.UserProfiles, userProfiles},
		{"disableUserPreference", u.UserPreferences, userPreferences},
	} {
		for _, name := range p.set.Wanted() {
			if !slices.Contains(p.known, name) {
				return Fail(Invalid, CodeInvalidProfile, "There is no such profile.").With(p.field)
			}
		}
	}
	return nil
}

// KnownDomainProfiles are those of stored names that can be set, sorted and never nil. KnownUserProfiles and
// KnownUserPreferences likewise: an older version may have left others.
func KnownDomainProfiles(stored []string) []string { return known(domainProfiles, stored) }

// KnownUserProfiles is KnownDomainProfiles for what an admin may change of a mailbox.
func KnownUserProfiles(stored []string) []string { return known(userProfiles, stored) }

// KnownUserPreferences is KnownDomainProfiles for what people may change themselves.
func KnownUserPreferences(stored []string) []string { return known(userPreferences, stored) }

func known(names, stored []string) []string {
	isStored := Among(stored)
	there := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !isStored(name) })
	slices.Sort(there)
	return there
}

// KnownDomainServices are those of stored names that can be names of services, each once, sorted and never nil.
func KnownDomainServices(stored []string) []string {
	names := []string{}
	for _, name := range slices.Sorted(slices.Values(stored)) {
		if serviceName.MatchString(name) && !Among(names)(name) {
			names = append(names, name)
		}
	}
	return names
}

var serviceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// checkDomainServices returns INVALID_SERVICE for what cannot stand in a list of settings. Which services there are is
// open.
func checkDomainServices(services Set) error {
	for _, name := range services.Wanted() {
		if !serviceName.MatchString(name) {
			return Fail(Invalid, CodeInvalidService, "That is not the name of a service.").With("services")
		}
	}
	return nil
}
