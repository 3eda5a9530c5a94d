package contract

import (
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// Operation is one operation of the contract, in the shape that the stages of a request need.
type Operation struct {
	ID     string
	Method string
	Path   string // as gin spells it: /api/domain/:domain
	Access Level
	Target []string // the path parameters whose domains the caller has to manage
	// TargetAlias is true when an alias domain as target counts as its primary domain, a pending one too.
	TargetAlias bool
	Profile     string // the profile that switches the whole operation off
	// ProfileOfUsers is true when the profiles of its parameters are those of users, though its target is a domain.
	ProfileOfUsers bool
	Requires       []Need
	Bulk           bool     // it may take long
	ReadOnly       bool     // it goes on while the server is read-only, and so does every GET
	MaxBody        int64    // bytes of the largest body
	Errors         []string // the codes that are special to it
	AnswersNoun    bool     // of a write: its reply says what the account or policy is afterwards

	Query     map[string]*Parameter
	Body      map[string]*Parameter // nil when the operation takes none
	Computed  map[string]bool       // keys of a reply that the body may send back and that are passed over
	InPath    map[string]*PathParameter
	Conflicts [][2]string // parameters that exclude each other
	Needs     [][2]string // parameters of which the first needs the second
	// LegacyNeeds is the same on the legacy surface alone.
	LegacyNeeds [][2]string
	// Passwords are the parameters of which a new account needs one, empty where it needs none.
	Passwords []string

	// Queries and Route are for the validator.
	Queries openapi3.Parameters
	Route   *routers.Route

	legacy map[string]LegacyName
	stored map[string]*Parameter
	codes  []string // of its parameters
}

// Parameter returns a parameter of the body or of the query string, nil when there is none of the name.
func (op *Operation) Parameter(name string) *Parameter {
	if p := op.Body[name]; p != nil {
		return p
	}
	return op.Query[name]
}

// LegacyName is a parameter under a name of an earlier version of the published API.
type LegacyName struct {
	Parameter *Parameter
	// Value replaces what was sent, nil leaves it: some old names acted by presence.
	Value *string
}

// Legacy returns the parameter that an old name means, nil when it means none.
func (op *Operation) Legacy(name string) LegacyName { return op.legacy[name] }

// Stored returns the parameter that sets what a row or an entry shows under the name, nil when none does.
func (op *Operation) Stored(name string) *Parameter { return op.stored[name] }

// ShowsStored reports whether the operation is about something of which there is a row or an entry.
func (op *Operation) ShowsStored() bool { return len(op.stored) > 0 }

func newOperation(
	doc *openapi3.T, template string, item *openapi3.PathItem, method string, spec *openapi3.Operation,
) (*Operation, error) {
	op := &Operation{
		ID: spec.OperationID, Method: method, Path: ginPath(template),
		Query: map[string]*Parameter{}, InPath: map[string]*PathParameter{}, legacy: map[string]LegacyName{},
		stored: map[string]*Parameter{},
	}
	if err := op.readKeys(spec.Extensions); err != nil {
		return nil, err
	}
	for _, p := range slices.Concat(item.Parameters, spec.Parameters) {
		if err := op.addParameter(p.Value); err != nil {
			return nil, err
		}
	}
	if spec.RequestBody != nil {
		if err := op.readBody(spec.RequestBody.Value.Content[MediaJSON].Schema.Value); err != nil {
			return nil, err
		}
		creates := spec.Responses.Value("201") != nil
		for _, p := range op.Body {
			p.Empties = p.Empties || p.Replaces || creates && p.Kind == KindArray
		}
	}
	op.AnswersNoun = answersNoun(spec)
	if err := op.checkTargets(); err != nil {
		return nil, err
	}
	// Credentials are looked at before the body is read, by access and not by the validator.
	bare := *spec
	bare.Security = &openapi3.SecurityRequirements{}
	op.Route = &routers.Route{Spec: doc, Path: template, PathItem: item, Method: method, Operation: &bare}
	return op, nil
}

// answersNoun reports whether an operation is a write that answers with what it has written.
func answersNoun(spec *openapi3.Operation) bool {
	for status, response := range spec.Responses.Map() {
		if content := response.Value.Content[MediaJSON]; status != "default" && content != nil && content.Schema.Value.Properties["_omitted"] != nil {
			return true
		}
	}
	return false
}

// operationKeys are the keys of an operation that begin with x-.
var operationKeys = []string{
	keyAccess, keyTarget, keyTargetAlias, keyProfile, keyProfileOf, keyRequires, keyBulk, keyReadOnly, keyMaxBody, keyPostern, keyErrors,
	keyLegacyReply,
}

func (op *Operation) readKeys(extensions map[string]any) error {
	k := &keys{extensions: extensions}
	k.only(operationKeys)
	op.Access = oneOf(k, keyAccess, Levels...)
	op.Target = k.texts(keyTarget)
	op.TargetAlias = k.flag(keyTargetAlias)
	op.Profile = k.text(keyProfile)
	op.ProfileOfUsers = oneOf(k, keyProfileOf, "user") != ""
	op.Requires = someOf(k, keyRequires, needs...)
	op.Bulk = k.flag(keyBulk)
	op.ReadOnly = k.flag(keyReadOnly)
	op.MaxBody = k.whole(keyMaxBody)
	op.Errors = k.texts(keyErrors)
	k.flag(keyPostern)
	k.text(keyLegacyReply)
	switch {
	case k.fault != nil:
		return k.fault
	case op.Access == "":
		return fmt.Errorf("%s is missing", keyAccess)
	case op.Access == LevelDomainAdmin && len(op.Target) == 0:
		return fmt.Errorf("%s is missing", keyTarget)
	case op.MaxBody <= 0 || op.MaxBody > MaxBody:
		return fmt.Errorf("%s is %v; it is at least 1 and at most %d", keyMaxBody, extensions[keyMaxBody], MaxBody)
	}
	return nil
}

func (op *Operation) checkTargets() error {
	for _, name := range op.Target {
		if op.InPath[name] == nil {
			return fmt.Errorf("%s: the path has no %s", keyTarget, name)
		}
	}
	return nil
}

func (op *Operation) addParameter(p *openapi3.Parameter) error {
	switch p.In {
	case openapi3.ParameterInQuery:
		parameter, err := newParameter(p.Name, p.Schema.Value)
		if err != nil {
			return err
		}
		if err = parameter.readQueryKeys(p.Extensions); err != nil {
			return err
		}
		op.Query[p.Name] = parameter
		op.codes = append(op.codes, parameter.codes...)
		op.Queries = append(op.Queries, &openapi3.ParameterRef{Value: p})
		return op.addLegacy(parameter)
	case openapi3.ParameterInPath:
		parameter, err := newPathParameter(p)
		if err != nil {
			return err
		}
		op.InPath[p.Name] = parameter
		op.codes = append(op.codes, codesOf(p.Schema.Value)...)
	}
	return nil
}

// bodyKeys are the keys of the schema of a body that begin with x-.
var bodyKeys = []string{keyReplaces, keyConflicts, keyNeeds, keyLegacyNeeds, keyPasswords}

func (op *Operation) readBody(schema *openapi3.Schema) error {
	k := &keys{extensions: schema.Extensions}
	k.only(bodyKeys)
	op.Body, op.Computed = map[string]*Parameter{}, map[string]bool{}
	for name, property := range schema.Properties {
		if property.Value.ReadOnly {
			op.Computed[name] = true
			continue
		}
		p, err := newParameter(name, property.Value)
		if err != nil {
			return err
		}
		op.Body[name] = p
		op.codes = append(op.codes, p.codes...)
		if err = op.addLegacy(p); err != nil {
			return err
		}
		if err = op.addStored(p); err != nil {
			return err
		}
	}
	for _, name := range k.texts(keyReplaces) {
		if op.Body[name] == nil || op.Body[name].Kind != KindArray {
			return fmt.Errorf("%s: %s is no list", keyReplaces, name)
		}
		op.Body[name].Replaces = true
	}
	op.Passwords = k.texts(keyPasswords)
	for _, name := range op.Passwords {
		if op.Body[name] == nil {
			return fmt.Errorf("%s: there is no %s", keyPasswords, name)
		}
	}
	op.Conflicts, op.Needs, op.LegacyNeeds = k.pairs(keyConflicts), k.pairs(keyNeeds), k.pairs(keyLegacyNeeds)
	for _, pair := range slices.Concat(op.Conflicts, op.Needs, op.LegacyNeeds) {
		if op.Body[pair[0]] == nil || op.Body[pair[1]] == nil {
			return fmt.Errorf("%s, %s or %s: there is no %s, or no %s", keyConflicts, keyNeeds, keyLegacyNeeds, pair[0], pair[1])
		}
	}
	return k.fault
}

func (op *Operation) addStored(p *Parameter) error {
	for _, name := range p.storedNames {
		if op.stored[name] != nil {
			return fmt.Errorf("%s: %s stands for two parameters", keyStoredNames, name)
		}
		op.stored[name] = p
	}
	return nil
}

func (op *Operation) addLegacy(p *Parameter) error {
	for name, value := range p.legacyNames {
		if _, taken := op.legacy[name]; taken {
			return fmt.Errorf("%s: %s stands for two parameters", keyLegacyNames, name)
		}
		op.legacy[name] = LegacyName{p, value}
	}
	return nil
}
