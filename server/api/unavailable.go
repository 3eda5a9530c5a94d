package api

import (
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/store"
)

// listsOnly are the operations that need mlmmj.
var listsOnly = []string{"ListMailingLists", "GetMailingList", "CreateMailingList", "DeleteMailingList", "UpdateMailingList"}

// directoryOnly are the operations that need the OpenLDAP backend.
var directoryOnly = []string{
	"GetStaticList", "CreateStaticList", "DeleteStaticList", "UpdateStaticList",
	"ExportDomain", "ExportCatchall", "ExportAdmin", "ExportUser", "ExportStaticList", "ExportAlias",
}

// Offered is a stage of the strict server that answers for the operations that there are not.
func (a *API) Offered(next gen.StrictHandlerFunc, operationID string) gen.StrictHandlerFunc {
	switch {
	case a.directory == nil && slices.Contains(directoryOnly, operationID):
		return refuse(store.Fail(store.Unsupported, store.CodeNotSupportedByBackend, "This operation needs the OpenLDAP backend."))
	case a.mls == nil && slices.Contains(listsOnly, operationID):
		return refuse(store.Fail(store.Unavailable, store.CodeNotConfigured,
			"Mailing lists are switched off here; POSTERN_LISTS would switch them on."))
	}
	return next
}

func refuse(err error) gen.StrictHandlerFunc {
	return func(*gin.Context, any) (any, error) { return nil, err }
}
