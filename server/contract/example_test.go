package contract_test

import (
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/contract"
)

func ExampleLoad() {
	spec, err := openapi3.NewLoader().LoadFromData(gen.SpecJSON)
	if err != nil {
		fmt.Println(err)
		return
	}
	operations, err := contract.Load(spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	op := operations["DELETE /api/user/:mail"]
	fmt.Println(op.ID, op.Access, op.Target, op.MaxBody)
	fmt.Println(operations["PUT /api/user/:mail"].Body["isGlobalAdmin"].Access)
	// Output:
	// deleteUser domain-admin [mail] 262144
	// global-admin
}
