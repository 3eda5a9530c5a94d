// Package gen holds what is generated from openapi.yaml: models, the strict gin server and the spec itself. Never
// edited by hand; `make generate` makes it anew.
package gen

import _ "embed"

//go:generate go run ../scripts/specforms ../openapi.yaml .
//go:generate go tool oapi-codegen -config models.cfg.yaml ../openapi.yaml
//go:generate go tool oapi-codegen -config server.cfg.yaml ../openapi.yaml
//go:generate go tool oapi-codegen -config spec.cfg.yaml openapi.json
//go:generate go tool oapi-codegen -config client.cfg.yaml ../openapi.yaml

// SpecJSON and SpecYAML are the whole contract, with its form bodies, as it is served.
var (
	//go:embed openapi.json
	SpecJSON []byte
	//go:embed openapi.yaml
	SpecYAML []byte
)

// UISpec is the contract with JSON bodies only: Swagger UI's form mode would send every field.
//
//go:embed openapi.ui.json
var UISpec []byte
