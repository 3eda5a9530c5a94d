package contract

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// Parameter is a property of a body or a parameter of the query string.
type Parameter struct {
	Name    string
	Access  Level  // who may give it, beyond who may call; "" is whoever may call
	Profile string // the profile that switches it off, or ""

	Kind     string
	Nullable bool
	Replaces bool // a list that replaces the stored one
	// Empties is true where an empty text or list leaves nothing of what is stored, or of what a new account begins with.
	Empties  bool
	Choice   bool // has an enum
	Pattern  bool
	Caseless bool // an address or the name of a domain, or a list of these
	Presence bool // in a form, being there is enough
	Bulk     bool // the operation may take long when it is given
	Strict   bool // the legacy surface passes over it
	Ordered  bool // the order of its items means something
	Compared bool // it is compared with what is stored also where nothing refuses it
	// On and Off are the words of a choice between two, else "". Words is false when the legacy surface takes no others for them.
	On, Off string
	Words   bool

	Schema *openapi3.Schema
	Items  *openapi3.Schema // of an array, whose items are strings

	legacyNames map[string]*string // with the value that the name itself gives
	storedNames []string           // under which a row or an entry shows what it sets
	codes       []string           // that a value of it may be answered with
}

// The kinds of parameters. Bodies are flat: there are no objects, and items of arrays are strings.
const (
	KindString  = "string"
	KindInteger = "integer"
	KindNumber  = "number"
	KindArray   = "array"
)

// formatPassword is that of a text of which an account has always one.
const formatPassword = "password"

// IsYesNo reports whether the values are yes and no.
func (p *Parameter) IsYesNo() bool { return p.On == "yes" }

// IsNumber reports whether the values are numbers.
func (p *Parameter) IsNumber() bool { return p.Kind == KindInteger || p.Kind == KindNumber }

// parameterKeys are the keys of a parameter's schema that begin with x-.
var parameterKeys = []string{
	keyAccess, keyProfile, keyPresence, keyBulk, keyLegacyNames, keyLegacyWords, keyStoredNames, keyCode, keyCodeMissing, keyErrors, keyPostern, keyGoName, keyGoType,
	keyOrdered, keyCompared,
}

// newParameter fails for a kind of value that the readers of bodies do not know.
func newParameter(name string, schema *openapi3.Schema) (*Parameter, error) {
	p := &Parameter{Name: name, Words: true, legacyNames: map[string]*string{}}
	// A property that adds a remark to a shared schema wraps it in an allOf of one. What it says itself comes first.
	for {
		if err := p.readKeys(schema); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(schema.AllOf) != 1 || schema.Type != nil {
			break
		}
		schema = schema.AllOf[0].Value
	}
	p.Schema = schema
	p.Choice = len(schema.Enum) > 0
	p.On, p.Off = switchWords(schema.Enum)
	p.Pattern = schema.Pattern != ""
	p.Caseless = isCaseless(schema)
	if schema.Type != nil && len(*schema.Type) > 0 {
		p.Kind = (*schema.Type)[0]
	}
	switch p.Kind {
	case KindString:
		p.Empties = !p.Choice && schema.Format != formatPassword && schema.VisitJSON("") == nil
		return p, nil
	case KindInteger, KindNumber:
		return p, nil
	case KindArray:
		k := &keys{extensions: schema.Items.Value.Extensions}
		k.only([]string{keyCode})
		p.codes = append(p.codes, codesOf(schema.Items.Value)...)
		p.Caseless = isCaseless(schema.Items.Value)
		if p.Items = schema.Items.Value; p.Items.Type.Is(KindString) && schema.MaxItems != nil {
			return p, k.fault
		}
	}
	return nil, fmt.Errorf("%s is %v; parameters are strings, numbers, or bounded arrays of strings", name, p.Kind)
}

// isCaseless reports whether texts are the same in any case. Their code tells what they are.
func isCaseless(schema *openapi3.Schema) bool {
	return slices.Contains([]string{codeInvalidMail, codeInvalidDomainName}, Code(schema))
}

func (p *Parameter) readKeys(schema *openapi3.Schema) error {
	k := &keys{extensions: schema.Extensions}
	k.only(parameterKeys)
	if level := oneOf(k, keyAccess, Levels...); p.Access == "" {
		p.Access = level
	}
	if profile := k.text(keyProfile); p.Profile == "" {
		p.Profile = profile
	}
	p.Presence = p.Presence || k.flag(keyPresence)
	p.Bulk = p.Bulk || k.flag(keyBulk)
	p.Ordered = p.Ordered || k.flag(keyOrdered)
	p.Compared = p.Compared || k.flag(keyCompared)
	p.Nullable = p.Nullable || schema.Nullable
	if words, stated := k.boolean(keyLegacyWords); stated {
		p.Words = words
	}
	if names := k.legacyNames(); len(p.legacyNames) == 0 {
		p.legacyNames = names
	}
	p.storedNames = append(p.storedNames, k.texts(keyStoredNames)...)
	k.text(keyCode)
	k.text(keyCodeMissing)
	p.codes = append(append(p.codes, k.texts(keyErrors)...), codesOf(schema)...)
	return k.fault
}

// readQueryKeys reads what stands beside the schema of a parameter of the query string.
func (p *Parameter) readQueryKeys(extensions map[string]any) error {
	k := &keys{extensions: extensions}
	k.only([]string{keyPostern, keyStrict})
	k.flag(keyPostern)
	p.Strict = k.flag(keyStrict)
	if k.fault != nil {
		return fmt.Errorf("%s: %w", p.Name, k.fault)
	}
	return nil
}

// switches are the words of the contract for on and off.
var switches = [][2]string{{"active", "disabled"}, {"yes", "no"}, {"enable", "disable"}}

// switchWords are the words of a choice that is on or off, "" for any other choice.
func switchWords(enum []any) (on, off string) {
	for _, words := range switches {
		rest := slices.DeleteFunc(slices.Clone(enum), func(v any) bool { return v == nil || v == words[0] || v == words[1] })
		if len(enum) > 0 && len(rest) == 0 {
			return words[0], words[1]
		}
	}
	return "", ""
}

// Code is the code of a value that the schema does not allow, "" where it names none.
func Code(schema *openapi3.Schema) string { return textOf(schema, keyCode) }

// CodeMissing is the code of a value that is missing though it is required, "" where the schema names none.
func CodeMissing(schema *openapi3.Schema) string { return textOf(schema, keyCodeMissing) }

// codesOf are the codes of a schema.
func codesOf(schema *openapi3.Schema) []string {
	var all []string
	for _, code := range []string{Code(schema), CodeMissing(schema)} {
		if code != "" {
			all = append(all, code)
		}
	}
	return all
}

func textOf(schema *openapi3.Schema, key string) string {
	if schema == nil {
		return ""
	}
	text, _ := schema.Extensions[key].(string)
	return text
}

// PathParameter is a parameter of the path.
type PathParameter struct {
	Pattern *regexp.Regexp // nil when any value will do
	Schema  *openapi3.Schema
}

func newPathParameter(p *openapi3.Parameter) (*PathParameter, error) {
	schema := p.Schema.Value
	k := &keys{extensions: schema.Extensions}
	k.only([]string{keyCode})
	k.text(keyCode)
	if k.fault != nil || schema.Pattern == "" {
		return &PathParameter{Schema: schema}, k.fault
	}
	pattern, err := regexp.Compile(schema.Pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern of %s: %w", p.Name, err)
	}
	return &PathParameter{Pattern: pattern, Schema: schema}, nil
}
