package api

import (
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/store"
)

// Offered is a stage of the strict server that answers for the operations whose x-requires is not met. What Amavisd and iRedAPD
// keep is looked at by the store, which knows their databases.
func (a *API) Offered(next gen.StrictHandlerFunc, _ string) gen.StrictHandlerFunc {
	return func(c *gin.Context, request any) (any, error) {
		needs := contract.Of(c.Request.Context()).Requires
		switch {
		case a.deps.Directory == nil && slices.Contains(needs, contract.NeedDirectory):
			return nil, store.Fail(store.Unsupported, store.CodeNotSupportedByBackend, "This operation needs the OpenLDAP backend.")
		case a.deps.MailingLists == nil && slices.Contains(needs, contract.NeedMlmmj):
			return nil, store.Fail(store.Unavailable, store.CodeNotConfigured,
				"Mailing lists are disabled. Set POSTERN_LISTS to enable them.")
		}
		return next(c, request)
	}
}
