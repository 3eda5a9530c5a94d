package server

import (
	"bytes"
	_ "embed" // the page
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/postern-mail/postern/server/contract"
)

// pagePolicy is for pages without a script.
const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"

//go:embed pages/errors.html
var errorsTemplate string

// errorsPage is the table of all error codes, and of those of each operation, as a page that needs no script.
func errorsPage(spec *openapi3.T, operations contract.Operations) ([]byte, error) {
	codes, err := contract.ErrorCodes(spec)
	if err != nil {
		return nil, err
	}
	universal, err := contract.UniversalErrors(spec)
	if err != nil {
		return nil, err
	}
	page, err := template.New("errors").Parse(errorsTemplate)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, struct {
		Codes      []contract.ErrorCode
		Universal  []string
		Operations []*contract.Operation
	}{codes, universal, slices.SortedFunc(maps.Values(operations), func(a, b *contract.Operation) int { return strings.Compare(a.ID, b.ID) })})
	return out.Bytes(), err
}
