// Command specforms writes the forms in which the contract is embedded and served:
//
//	openapi.json     whole: what validates requests, parses in half the time of YAML
//	openapi.yaml     whole, as it was written
//	openapi.ui.json  JSON bodies only: for Swagger UI and the TypeScript types
//
// Usage: specforms openapi.yaml DIRECTORY.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/getkin/kin-openapi/openapi3"
)

const formBody = "application/x-www-form-urlencoded"

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: specforms openapi.yaml DIRECTORY")
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(source, dir string) error {
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return fmt.Errorf("read %s: %w", source, err)
	}
	if err = doc.Validate(context.Background()); err != nil {
		return fmt.Errorf("%s is not valid: %w", source, err)
	}
	if err = os.WriteFile(filepath.Join(dir, "openapi.yaml"), text, 0o644); err != nil {
		return err
	}
	if err = writeJSON(filepath.Join(dir, "openapi.json"), doc); err != nil {
		return err
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody != nil && op.RequestBody.Value != nil {
				delete(op.RequestBody.Value.Content, formBody)
			}
		}
	}
	return writeJSON(filepath.Join(dir, "openapi.ui.json"), doc)
}

// writeJSON writes one line: the file is for programs, and a change to it shows in openapi.yaml.
func writeJSON(path string, doc *openapi3.T) error {
	b, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}
