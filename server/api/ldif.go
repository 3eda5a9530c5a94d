package api

import (
	"context"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/store"
)

// ldif is what is exported, as the answer has it. Stored passwords are in it for global admins alone, where the server is set to
// show them.
func (a *API) ldif(ctx context.Context, what store.Exported, name string) (gen.LdifReply, error) {
	text, err := a.deps.Directory.Export(ctx, what, lower(name), a.deps.ShowPasswordHashes && access.Of(ctx).Global)
	return gen.LdifReply{Success: true, Data: text}, err
}

// ExportDomain returns a domain with its containers as LDIF.
func (a *API) ExportDomain(ctx context.Context, r gen.ExportDomainRequestObject) (gen.ExportDomainResponseObject, error) {
	answer, err := a.ldif(ctx, store.ExportDomain, r.Domain)
	return gen.ExportDomain200JSONResponse(answer), err
}

// ExportCatchall returns who gets mail for what does not exist in a domain as LDIF.
func (a *API) ExportCatchall(ctx context.Context, r gen.ExportCatchallRequestObject) (gen.ExportCatchallResponseObject, error) {
	answer, err := a.ldif(ctx, store.ExportCatchall, r.Domain)
	return gen.ExportCatchall200JSONResponse(answer), err
}

// ExportAdmin returns a standalone admin as LDIF.
func (a *API) ExportAdmin(ctx context.Context, r gen.ExportAdminRequestObject) (gen.ExportAdminResponseObject, error) {
	answer, err := a.ldif(ctx, store.ExportAdmin, r.Mail)
	return gen.ExportAdmin200JSONResponse(answer), err
}

// ExportUser returns a mailbox as LDIF.
func (a *API) ExportUser(ctx context.Context, r gen.ExportUserRequestObject) (gen.ExportUserResponseObject, error) {
	answer, err := a.ldif(ctx, store.ExportUser, r.Mail)
	return gen.ExportUser200JSONResponse(answer), err
}

// ExportStaticList returns a list with its members outside as LDIF.
func (a *API) ExportStaticList(ctx context.Context, r gen.ExportStaticListRequestObject) (gen.ExportStaticListResponseObject, error) {
	answer, err := a.ldif(ctx, store.ExportStaticList, r.Mail)
	return gen.ExportStaticList200JSONResponse(answer), err
}

// ExportAlias returns an alias account as LDIF.
func (a *API) ExportAlias(ctx context.Context, r gen.ExportAliasRequestObject) (gen.ExportAliasResponseObject, error) {
	answer, err := a.ldif(ctx, store.ExportAlias, r.Mail)
	return gen.ExportAlias200JSONResponse(answer), err
}
