// Package gen holds what is generated from openapi.yaml: models, the strict gin server and the spec itself. Never
// edited by hand; `make generate` makes it anew.
package gen

//go:generate go run ../scripts/specforms ../openapi.yaml .
//go:generate go tool oapi-codegen -config models.cfg.yaml ../openapi.yaml
//go:generate go tool oapi-codegen -config server.cfg.yaml ../openapi.yaml
//go:generate go tool oapi-codegen -config client.cfg.yaml ../openapi.yaml
