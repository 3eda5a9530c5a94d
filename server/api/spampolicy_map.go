package api

import (
	"github.com/oapi-codegen/nullable"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

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

// bothShown is what is stored and what applies, as they go out.
func bothShown(stored, effective store.Record) (data, applies []byte, err error) {
	if data, err = encode(stored); err == nil {
		applies, err = encode(effective)
	}
	return data, applies, err
}
