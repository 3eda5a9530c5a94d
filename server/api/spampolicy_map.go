package api

import (
	"github.com/oapi-codegen/nullable"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// spamPolicies is how spam policies are shown.
var spamPolicies = view[store.SpamPolicy]{
	noun: spamPolicyNoun, legacy: func(p store.SpamPolicy) store.Record { return p.Stored },
	stored: func(p store.SpamPolicy) store.Record { return p.Stored },
}

// spamPolicyKeys are the parameters of a policy. Where there is none all are unset.
var spamPolicyKeys = []string{
	"bypass_spam_checks", "bypass_virus_checks", "bypass_banned_checks", "bypass_header_checks", "quarantine_spam", "quarantine_virus",
	"quarantine_banned", "quarantine_bad_header", "prefix_spam_in_subject", "always_insert_x_spam_headers", "spam_score",
}

func spamPolicyNoun(p store.SpamPolicy) store.Record {
	r := make(store.Record, 0, len(spamPolicyKeys)+1)
	for _, key := range spamPolicyKeys {
		r = append(r, store.Field{Name: key, Value: p.Stored.Get(key)})
	}
	rules, _ := p.Stored.Get("banned_rulenames").([]string)
	return append(r, store.Field{Name: "banned_rulenames", Value: list(rules)})
}

func spamPolicyUpdate(b gen.SpamPolicyUpdate) store.SpamPolicyUpdate {
	return store.SpamPolicyUpdate{
		BypassSpam:         optionalBool(b.BypassSpamChecks),
		BypassVirus:        optionalBool(b.BypassVirusChecks),
		BypassBanned:       optionalBool(b.BypassBannedChecks),
		BypassHeader:       optionalBool(b.BypassHeaderChecks),
		QuarantineSpam:     optionalBool(b.QuarantineSpam),
		QuarantineVirus:    optionalBool(b.QuarantineVirus),
		QuarantineBanned:   optionalBool(b.QuarantineBanned),
		QuarantineHeader:   optionalBool(b.QuarantineBadHeader),
		PrefixSubject:      optionalBool(b.PrefixSpamInSubject),
		AlwaysInsertHeader: optionalBool(b.AlwaysInsertXSpamHeaders),
		Score:              optional(b.SpamScore),
		BannedRules:        b.BannedRulenames,
	}
}

// optionalBool is yes or no, or null, which unsets.
func optionalBool(v nullable.Nullable[gen.NullableYesNo]) store.Optional[bool] {
	o := store.Optional[bool]{Given: v.IsSpecified()}
	if o.Given && !v.IsNull() {
		yes := v.MustGet() == gen.NullableYesNoYes
		o.Value = &yes
	}
	return o
}

// optional is a value, or null, which unsets.
func optional[T any](v nullable.Nullable[T]) store.Optional[T] {
	o := store.Optional[T]{Given: v.IsSpecified()}
	if o.Given && !v.IsNull() {
		value := v.MustGet()
		o.Value = &value
	}
	return o
}
