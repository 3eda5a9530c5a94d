package api

import (
	"errors"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// aboutThePath are the failures that concern the account or domain in the path when a store names no parameter.
var aboutThePath = []string{
	store.CodeNoSuchAccount, store.CodeNoSuchDomain, store.CodeAlreadyExists, store.CodeCanNotBeLocalDomain,
}

// NamePath is a stage of the strict server that names the parameter of the path in such a failure.
func NamePath(next gen.StrictHandlerFunc, _ string) gen.StrictHandlerFunc {
	return func(c *gin.Context, request any) (any, error) {
		response, err := next(c, request)
		var known *store.Error
		if errors.As(err, &known) && known.Field == "" && slices.Contains(aboutThePath, known.Code) {
			return nil, known.With(pathParameter(c, known.Code))
		}
		return response, err
	}
}

// pathParameter is the new address of a rename, unless the old one is missing; else the account or domain.
func pathParameter(c *gin.Context, code string) string {
	for _, name := range []string{"new_mail", "mail", "domain", "account"} {
		if _, ok := c.Params.Get(name); ok && (name != "new_mail" || code != store.CodeNoSuchAccount) {
			return name
		}
	}
	return ""
}
