package api

import (
	"github.com/oapi-codegen/nullable"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

func spamPolicyUpdate(b gen.SpamPolicyUpdate) store.SpamPolicyUpdate {
	return store.SpamPolicyUpdate{
		BypassSpam:         choice(b.BypassSpamChecks),
		BypassVirus:        choice(b.BypassVirusChecks),
		BypassBanned:       choice(b.BypassBannedChecks),
		BypassHeader:       choice(b.BypassHeaderChecks),
		QuarantineSpam:     choice(b.QuarantineSpam),
		QuarantineVirus:    choice(b.QuarantineVirus),
		QuarantineBanned:   choice(b.QuarantineBanned),
		QuarantineHeader:   choice(b.QuarantineBadHeader),
		PrefixSubject:      choice(b.PrefixSpamInSubject),
		AlwaysInsertHeader: choice(b.AlwaysInsertXSpamHeaders),
		Score:              optional(b.SpamScore),
		BannedRules:        b.BannedRulenames,
	}
}

// choice is yes or no, or null, which unsets.
func choice(v nullable.Nullable[gen.NullableYesNo]) store.Optional[bool] {
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
	if data, err = shown(stored); err == nil {
		applies, err = shown(effective)
	}
	return data, applies, err
}
