package contract

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// ErrorCode is a code of the contract: what _msg of a failure may be.
type ErrorCode struct {
	Code     string
	Statuses []int  // of the strict surface
	Meaning  string // what happened, as a sentence
	Remedy   string // what to do about it, as a sentence
}

// ErrorCodes reads the codes of the contract, in the order in which it lists them.
func ErrorCodes(doc *openapi3.T) ([]ErrorCode, error) {
	schema := doc.Components.Schemas["ErrorCode"]
	if schema == nil {
		return nil, errors.New("there is no schema ErrorCode")
	}
	k := &keys{extensions: schema.Value.Extensions}
	k.only([]string{keyExtensibleEnum, keyErrorCodes})
	listed := k.texts(keyExtensibleEnum)
	explained, _ := schema.Value.Extensions[keyErrorCodes].(map[string]any)
	if k.fault == nil && !slices.Equal(slices.Sorted(slices.Values(listed)), slices.Sorted(maps.Keys(explained))) {
		k.fault = fmt.Errorf("%s and %s do not name the same codes", keyExtensibleEnum, keyErrorCodes)
	}
	all := make([]ErrorCode, 0, len(listed))
	for _, code := range listed {
		all = append(all, readErrorCode(k, code, explained[code]))
	}
	return all, k.fault
}

func readErrorCode(k *keys, code string, explained any) ErrorCode {
	members, _ := explained.(map[string]any)
	of := &keys{extensions: members}
	e := ErrorCode{Code: code, Meaning: of.text("meaning"), Remedy: of.text("remedy")}
	statuses, _ := members["status"].([]any)
	for _, status := range statuses {
		n, _ := status.(float64)
		e.Statuses = append(e.Statuses, int(n))
	}
	isError := func(status int) bool { return status >= 400 && status < 600 }
	if k.fault == nil && (of.fault != nil || len(members) != 3 || e.Meaning == "" || e.Remedy == "" || len(statuses) == 0 ||
		slices.IndexFunc(e.Statuses, func(n int) bool { return !isError(n) }) >= 0) {
		k.fault = fmt.Errorf("%s: %s has to have statuses, a meaning and a remedy", keyErrorCodes, code)
	}
	return e
}

// UniversalErrors are the codes that any operation may answer.
func UniversalErrors(doc *openapi3.T) ([]string, error) {
	response := doc.Components.Responses["Failure"]
	if response == nil {
		return nil, errors.New("there is no response Failure")
	}
	k := &keys{extensions: response.Value.Extensions}
	k.only([]string{keyErrors})
	return k.texts(keyErrors), k.fault
}

// Answers returns the codes that the operation may answer beside the universal ones: its x-errors, those of its parameters, and
// those that follow from what it requires and from parameters that exclude or need each other.
func (op *Operation) Answers() []string {
	codes := map[string]bool{}
	for _, list := range [][]string{op.Errors, op.codes} {
		for _, code := range list {
			codes[code] = true
		}
	}
	for _, need := range op.Requires {
		codes[need.code()] = true
	}
	if len(op.Conflicts)+len(op.Needs) > 0 {
		codes[codeConflicting] = true
	}
	return slices.Sorted(maps.Keys(codes))
}

const (
	codeConflicting       = "CONFLICTING_PARAMETERS"
	codeInvalidMail       = "INVALID_MAIL"
	codeInvalidDomainName = "INVALID_DOMAIN_NAME"
)

// code is what an operation answers where the need is not met.
func (n Need) code() string {
	if n == NeedDirectory {
		return "NOT_SUPPORTED_BY_BACKEND"
	}
	return "NOT_CONFIGURED"
}

// checkErrors refuses a code that the contract does not list.
func checkErrors(doc *openapi3.T, all Operations) error {
	listed, err := ErrorCodes(doc)
	if err != nil {
		return err
	}
	universal, err := UniversalErrors(doc)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, e := range listed {
		known[e.Code] = true
	}
	for _, code := range universal {
		if !known[code] {
			return fmt.Errorf("response Failure: ErrorCode does not list %s", code)
		}
	}
	for _, op := range all {
		for _, code := range op.Answers() {
			if !known[code] {
				return fmt.Errorf("%s %s: ErrorCode does not list %s", op.Method, op.Route.Path, code)
			}
		}
		for _, code := range op.Errors {
			if slices.Contains(universal, code) {
				return fmt.Errorf("%s %s: %s: any operation may answer %s", op.Method, op.Route.Path, keyErrors, code)
			}
		}
	}
	return nil
}
