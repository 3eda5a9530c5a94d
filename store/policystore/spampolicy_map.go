package policystore

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/store"
)

// Where Amavisd keeps what it found, by the names that iRedMail gives those places.
const (
	spamQuarantine   = "spam-quarantine"
	virusQuarantine  = "virus-quarantine"
	bannedQuarantine = "banned-quarantine"
	headerQuarantine = "bad-header-quarantine"
)

// everyHeader is the score from which X-Spam-* headers are written into every message.
const everyHeader = -100.0

// maxRules is how many characters the names of ban rules may have together.
const maxRules = 64

// shippedPolicy is the policy of everybody as iRedMail ships it.
// Source: samples/amavisd/default_spam_policy.sql of iRedMail.
var shippedPolicy = store.Record{
	{Name: "spam_lover", Value: "Y"}, {Name: "virus_lover", Value: "N"}, {Name: "banned_files_lover", Value: "N"},
	{Name: "bad_header_lover", Value: "Y"},
	{Name: "bypass_spam_checks", Value: "N"}, {Name: "bypass_virus_checks", Value: "N"},
	{Name: "bypass_banned_checks", Value: "N"}, {Name: "bypass_header_checks", Value: "N"},
	{Name: "spam_quarantine_to", Value: ""}, {Name: "virus_quarantine_to", Value: virusQuarantine},
	{Name: "banned_quarantine_to", Value: bannedQuarantine}, {Name: "bad_header_quarantine_to", Value: ""},
}

// configuredPolicy is what Amavisd's own configuration says where no policy does, as iRedMail writes it.
// Source: amavisd.conf as the installer of iRedMail writes it (samples/amavisd).
var configuredPolicy = store.Record{
	{Name: "spam_lover", Value: "N"}, {Name: "virus_lover", Value: "N"}, {Name: "banned_files_lover", Value: "N"},
	{Name: "bad_header_lover", Value: "N"},
	{Name: "bypass_spam_checks", Value: "N"}, {Name: "bypass_virus_checks", Value: "N"},
	{Name: "bypass_banned_checks", Value: "N"}, {Name: "bypass_header_checks", Value: "N"},
	{Name: "spam_quarantine_to", Value: spamQuarantine}, {Name: "virus_quarantine_to", Value: virusQuarantine},
	{Name: "banned_quarantine_to", Value: bannedQuarantine}, {Name: "bad_header_quarantine_to", Value: headerQuarantine},
	{Name: "spam_tag_level", Value: 2.0}, {Name: "spam_tag2_level", Value: 6.2}, {Name: "spam_kill_level", Value: 6.9},
	{Name: "spam_subject_tag2", Value: "[SPAM] "}, {Name: "banned_rulenames", Value: "DEFAULT"},
}

// parameter is a published parameter: the columns that it is made of, and how they read.
type parameter struct {
	name    string
	columns []string
	read    func(values []any) any
}

// parameters are all of them, in the order in which they are published.
var parameters = []parameter{
	{"bypass_spam_checks", []string{"bypass_spam_checks"}, readFlag},
	{"bypass_virus_checks", []string{"bypass_virus_checks"}, readFlag},
	{"bypass_banned_checks", []string{"bypass_banned_checks"}, readFlag},
	{"bypass_header_checks", []string{"bypass_header_checks"}, readFlag},
	{"quarantine_spam", []string{"spam_lover", "spam_quarantine_to"}, readQuarantine},
	{"quarantine_virus", []string{"virus_lover", "virus_quarantine_to"}, readQuarantine},
	{"quarantine_banned", []string{"banned_files_lover", "banned_quarantine_to"}, readQuarantine},
	{"quarantine_bad_header", []string{"bad_header_lover", "bad_header_quarantine_to"}, readQuarantine},
	{"prefix_spam_in_subject", []string{"spam_subject_tag2"}, readText},
	{"always_insert_x_spam_headers", []string{"spam_tag_level"}, readEvery},
	{"spam_score", []string{"spam_tag2_level"}, readScore},
	{"banned_rulenames", []string{"banned_rulenames"}, readRules},
}

func yesNo(yes bool) any {
	if yes {
		return "yes"
	}
	return "no"
}

// isSet is how Amavisd reads a flag.
func isSet(value any) bool {
	text, _ := value.(string)
	return !strings.Contains("NnFf0 ", text)
}

func readFlag(values []any) any {
	if values[0] == nil {
		return nil
	}
	return yesNo(isSet(values[0]))
}

// readQuarantine takes the flag that lets mail through, then the place where it is kept.
func readQuarantine(values []any) any {
	target, _ := values[1].(string)
	switch {
	case values[0] == nil:
		return nil
	case isSet(values[0]):
		return "no"
	case values[1] == nil:
		return nil
	}
	return yesNo(target != "")
}

func readText(values []any) any {
	if values[0] == nil {
		return nil
	}
	return yesNo(values[0] != "")
}

func readEvery(values []any) any {
	level, ok := score(values[0])
	if !ok {
		return nil
	}
	return yesNo(level <= everyHeader)
}

func readScore(values []any) any {
	if level, ok := score(values[0]); ok {
		return level
	}
	return nil
}

func readRules(values []any) any {
	text, ok := values[0].(string)
	if !ok {
		return nil
	}
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// score is a number of a column of single precision, as it was meant: 6.2 and not 6.199999809.
func score(value any) (float64, bool) {
	var n float64
	switch v := value.(type) {
	case float64:
		n = v
	case int64:
		n = float64(v)
	case string:
		var err error
		if n, err = strconv.ParseFloat(v, 64); err != nil {
			return 0, false
		}
	default:
		return 0, false
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(n, 'g', -1, 32), 64)
	if err != nil {
		return n, true
	}
	return short, true
}

// shownPolicy is a stored policy as it is shown: the published parameters, then the columns that have other names.
func shownPolicy(row store.Record) store.Record {
	shown := make(store.Record, 0, len(parameters)+len(row))
	for _, p := range parameters {
		values := make([]any, len(p.columns))
		for i, c := range p.columns {
			values[i] = row.Get(c)
		}
		shown = append(shown, store.Field{Name: p.name, Value: p.read(values)})
	}
	for _, f := range row {
		if slices.ContainsFunc(parameters, func(p parameter) bool { return p.name == f.Name }) {
			continue
		}
		if strings.HasSuffix(f.Name, "_level") {
			if n, ok := score(f.Value); ok {
				f.Value = n
			}
		}
		shown = append(shown, f)
	}
	return shown
}

// effectivePolicy resolves layers, the first of which has something to say decides, over what is configured. A parameter
// of two columns is whose the narrower of them is.
// Source: README.sql of Amavisd: of the rows by users.priority, the first whose column is not NULL.
func effectivePolicy(layers []layer) store.Record {
	layers = append(slices.Clone(layers), layer{store.SourceDefault, configuredPolicy})
	effective := make(store.Record, 0, len(parameters))
	for _, p := range parameters {
		values, from := make([]any, len(p.columns)), len(layers)-1
		for i, column := range p.columns {
			for n, l := range layers {
				if values[i] = l.row.Get(column); values[i] != nil {
					from = min(from, n)
					break
				}
			}
		}
		effective = append(effective, store.Field{Name: p.name, Value: store.Effective{Value: p.read(values), Source: layers[from].source}})
	}
	return effective
}

// changesOfPolicy leaves out of an update what is so already. One that has mail quarantined and says nothing of the check stays where
// the check is bypassed: it is what switches that on.
func changesOfPolicy(u store.SpamPolicyUpdate, shown store.Record) store.SpamPolicyUpdate {
	for _, check := range []struct {
		bypass, quarantine         *store.Optional[bool]
		bypassName, quarantineName string
	}{
		{&u.BypassSpam, &u.QuarantineSpam, "bypass_spam_checks", "quarantine_spam"},
		{&u.BypassVirus, &u.QuarantineVirus, "bypass_virus_checks", "quarantine_virus"},
		{&u.BypassBanned, &u.QuarantineBanned, "bypass_banned_checks", "quarantine_banned"},
		{&u.BypassHeader, &u.QuarantineHeader, "bypass_header_checks", "quarantine_bad_header"},
	} {
		switchesOn := isTrue(*check.quarantine) && !check.bypass.Given && shown.Get(check.bypassName) == yesNo(true)
		if !switchesOn {
			leaveSame(check.quarantine, shown.Get(check.quarantineName))
		}
		leaveSame(check.bypass, shown.Get(check.bypassName))
	}
	leaveSame(&u.PrefixSubject, shown.Get("prefix_spam_in_subject"))
	leaveSame(&u.AlwaysInsertHeader, shown.Get("always_insert_x_spam_headers"))
	if u.Score.Given && scoreOf(u.Score) == shown.Get("spam_score") {
		u.Score = store.Optional[float64]{}
	}
	rules, _ := shown.Get("banned_rulenames").([]string)
	if u.BannedRules != nil && slices.Equal(*u.BannedRules, rules) { // another order is a change
		u.BannedRules = nil
	}
	return u
}

func leaveSame(o *store.Optional[bool], shown any) {
	if isSo(*o, shown) {
		*o = store.Optional[bool]{}
	}
}

// isSo reports whether the setting is given as it is shown.
func isSo(o store.Optional[bool], shown any) bool {
	if o.Value == nil {
		return o.Given && shown == nil
	}
	return yesNo(*o.Value) == shown
}

// scoreOf is a score that is given, as it would be shown.
func scoreOf(o store.Optional[float64]) any {
	if o.Value == nil {
		return nil
	}
	return readScore([]any{*o.Value})
}

// policyColumns are the columns that an update sets, with their values; nil unsets.
func (s *Store) policyColumns(u store.SpamPolicyUpdate) (store.Record, error) {
	set := store.Record{}
	checks := []struct {
		kind, flag, lover, target, place string
		bypass, quarantine               store.Optional[bool]
	}{
		{"spam", "bypass_spam_checks", "spam_lover", "spam_quarantine_to", spamQuarantine, u.BypassSpam, u.QuarantineSpam},
		{"virus", "bypass_virus_checks", "virus_lover", "virus_quarantine_to", virusQuarantine, u.BypassVirus, u.QuarantineVirus},
		{"banned", "bypass_banned_checks", "banned_files_lover", "banned_quarantine_to", bannedQuarantine, u.BypassBanned, u.QuarantineBanned},
		{"bad_header", "bypass_header_checks", "bad_header_lover", "bad_header_quarantine_to", headerQuarantine, u.BypassHeader, u.QuarantineHeader},
	}
	for _, c := range checks {
		if isTrue(c.bypass) && isTrue(c.quarantine) {
			return nil, store.Fail(store.Invalid, store.CodeConflicting,
				"What is not checked is not found: quarantine_%s cannot be yes together with %s.", c.kind, c.flag).With("quarantine_" + c.kind)
		}
		setQuarantine(&set, c.quarantine, c.lover, c.target, c.place, c.flag)
		setFlag(&set, c.flag, c.bypass)
	}
	s.setMarks(&set, u)
	if err := setScore(&set, u.Score); err != nil {
		return nil, err
	}
	return set, setRules(&set, u.BannedRules)
}

func isTrue(o store.Optional[bool]) bool { return o.Given && o.Value != nil && *o.Value }

func setFlag(set *store.Record, column string, o store.Optional[bool]) {
	switch {
	case !o.Given:
	case o.Value == nil:
		set.Set(column, nil)
	case *o.Value:
		set.Set(column, "Y")
	default:
		set.Set(column, "N")
	}
}

// setQuarantine never keeps mail from being delivered without keeping it anywhere: it would be lost. What is to be kept
// has to be looked for first.
func setQuarantine(set *store.Record, o store.Optional[bool], lover, target, place, bypass string) {
	switch {
	case !o.Given:
	case o.Value == nil:
		set.Set(lover, nil)
		set.Set(target, nil)
	case *o.Value:
		set.Set(lover, "N")
		set.Set(target, place)
		set.Set(bypass, "N")
	default:
		set.Set(lover, "Y")
		set.Set(target, "")
	}
}

// setMarks sets what is written into messages. No prefix is ”, for NULL would inherit one.
func (s *Store) setMarks(set *store.Record, u store.SpamPolicyUpdate) {
	if o := u.PrefixSubject; o.Given {
		set.Set("spam_subject_tag2", nil)
		if o.Value != nil {
			set.Set("spam_subject_tag2", map[bool]string{true: s.options.SubjectPrefix, false: ""}[*o.Value])
		}
	}
	if o := u.AlwaysInsertHeader; o.Given {
		set.Set("spam_tag_level", nil)
		if isTrue(o) {
			set.Set("spam_tag_level", everyHeader)
		}
	}
}

func setScore(set *store.Record, o store.Optional[float64]) error {
	if !o.Given {
		return nil
	}
	var value any
	if o.Value != nil {
		if math.IsNaN(*o.Value) || math.IsInf(*o.Value, 0) || math.Abs(*o.Value) > math.MaxFloat32 {
			return store.Fail(store.Invalid, store.CodeInvalidNumber, "A score is a number.").With("spam_score")
		}
		value = *o.Value
	}
	set.Set("spam_tag2_level", value)
	set.Set("spam_kill_level", value)
	return nil
}

func setRules(set *store.Record, rules *[]string) error {
	if rules == nil {
		return nil
	}
	text := strings.ReplaceAll(strings.Join(*rules, ","), " ", "")
	if len(text) > maxRules {
		return store.Fail(store.Invalid, store.CodeValueTooLong,
			"The names of the rules may have at most %d characters together, with the commas between them.", maxRules).With("banned_rulenames")
	}
	set.Set("banned_rulenames", nil)
	if text != "" {
		set.Set("banned_rulenames", text)
	}
	return nil
}
