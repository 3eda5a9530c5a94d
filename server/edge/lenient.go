package edge

import (
	"encoding/json"
	"strings"

	"github.com/postern-mail/postern/server/contract"
)

// lenient is the legacy surface: it takes what scripts written for the published API send.
type lenient struct{}

// find takes the old names too. Body and query string may stand for each other. What the strict surface alone has is nothing here.
func (lenient) find(op *contract.Operation, name string, _ bool) contract.LegacyName {
	if p := op.Parameter(name); p != nil && !p.Strict {
		return contract.LegacyName{Parameter: p}
	}
	return op.Legacy(name)
}

func (lenient) unknown(*contract.Operation, string, bool) error { return nil }

// jsonAsForm reads an object as what it is. Other JSON holds no parameter: where there are some it was meant to be them.
func (lenient) jsonAsForm(op *contract.Operation, isObject bool) error {
	if isObject || len(op.Body) == 0 {
		return nil
	}
	return errJSONAsForm
}

// noPair refuses what would change nothing without a word.
func (lenient) noPair(op *contract.Operation, name string, isBody bool) error {
	switch {
	case !isBody || len(op.Body) == 0 || strings.TrimSpace(name) == "":
		return nil
	case holdsJSON(name):
		return errJSONAsForm
	}
	return errNoPair
}

func (lenient) repeated(string) error { return nil }

// legacyWords are what scripts send for a setting that is on or off, in any case. Upstream (iRedAdmin-Pro) takes some of
// them for a status and silently disables an account for all others; here a word that is none of them is an error.
var legacyWords = map[string]bool{
	"active": true, "enable": true, "enabled": true, "yes": true, "true": true, "on": true, "1": true,
	"inactive": false, "disable": false, "disabled": false, "no": false, "false": false, "off": false, "0": false,
}

// word turns the words that older scripts send for a choice of two into the published ones. A word that is none of them stays,
// and is an error later.
func (lenient) word(p *contract.Parameter, value string) string {
	if p.On == "" || !p.Words {
		return value
	}
	on, known := legacyWords[strings.ToLower(strings.TrimSpace(value))]
	switch {
	case !known:
		return value
	case on:
		return p.On
	}
	return p.Off
}

func (lenient) emptyIsAbsent() bool { return true }

func (lenient) readsWords() bool { return true }

// null is left to the validator, but for text.
func (lenient) null(*contract.Parameter) (json.RawMessage, error) { return nullJSON, nil }

func (lenient) readsBooleans(p *contract.Parameter) bool { return p.Choice }

// checkItem leaves an invalid item out; the answer names it.
func (lenient) checkItem(p *contract.Parameter, item string, cut bool) (leftOut bool, err error) {
	if cut {
		return true, tooLong(p)
	}
	if err := p.Items.VisitJSON(item); err != nil {
		return true, explainItem(p.Name, err)
	}
	return true, nil
}
