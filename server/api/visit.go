package api

import "net/http"

// An answer is the reply of each operation that reads or writes a noun: the generated interfaces differ in the name of one method alone.

// VisitCreateAdminResponse implements gen.CreateAdminResponseObject.
func (a answer) VisitCreateAdminResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitUpdateAdminResponse implements gen.UpdateAdminResponseObject.
func (a answer) VisitUpdateAdminResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetAdminResponse implements gen.GetAdminResponseObject.
func (a answer) VisitGetAdminResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitCreateDomainResponse implements gen.CreateDomainResponseObject.
func (a answer) VisitCreateDomainResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitUpdateDomainResponse implements gen.UpdateDomainResponseObject.
func (a answer) VisitUpdateDomainResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetDomainResponse implements gen.GetDomainResponseObject.
func (a answer) VisitGetDomainResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitCreateUserResponse implements gen.CreateUserResponseObject.
func (a answer) VisitCreateUserResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitUpdateUserResponse implements gen.UpdateUserResponseObject.
func (a answer) VisitUpdateUserResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetUserResponse implements gen.GetUserResponseObject.
func (a answer) VisitGetUserResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitCreateAliasResponse implements gen.CreateAliasResponseObject.
func (a answer) VisitCreateAliasResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitUpdateAliasResponse implements gen.UpdateAliasResponseObject.
func (a answer) VisitUpdateAliasResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetAliasResponse implements gen.GetAliasResponseObject.
func (a answer) VisitGetAliasResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitCreateMailingListResponse implements gen.CreateMailingListResponseObject.
func (a answer) VisitCreateMailingListResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitUpdateMailingListResponse implements gen.UpdateMailingListResponseObject.
func (a answer) VisitUpdateMailingListResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetMailingListResponse implements gen.GetMailingListResponseObject.
func (a answer) VisitGetMailingListResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitCreateStaticListResponse implements gen.CreateStaticListResponseObject.
func (a answer) VisitCreateStaticListResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitUpdateStaticListResponse implements gen.UpdateStaticListResponseObject.
func (a answer) VisitUpdateStaticListResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetStaticListResponse implements gen.GetStaticListResponseObject.
func (a answer) VisitGetStaticListResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitUpdateGlobalSpamPolicyResponse implements gen.UpdateGlobalSpamPolicyResponseObject.
func (a answer) VisitUpdateGlobalSpamPolicyResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitUpdateDomainSpamPolicyResponse implements gen.UpdateDomainSpamPolicyResponseObject.
func (a answer) VisitUpdateDomainSpamPolicyResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitUpdateUserSpamPolicyResponse implements gen.UpdateUserSpamPolicyResponseObject.
func (a answer) VisitUpdateUserSpamPolicyResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetGlobalSpamPolicyResponse implements gen.GetGlobalSpamPolicyResponseObject.
func (a answer) VisitGetGlobalSpamPolicyResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetDomainSpamPolicyResponse implements gen.GetDomainSpamPolicyResponseObject.
func (a answer) VisitGetDomainSpamPolicyResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetUserSpamPolicyResponse implements gen.GetUserSpamPolicyResponseObject.
func (a answer) VisitGetUserSpamPolicyResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetThrottleResponse implements gen.GetThrottleResponseObject.
func (a answer) VisitGetThrottleResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetGreylistingResponse implements gen.GetGreylistingResponseObject.
func (a answer) VisitGetGreylistingResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitListGreylistingsResponse implements gen.ListGreylistingsResponseObject.
func (a answer) VisitListGreylistingsResponse(w http.ResponseWriter) error { return a.write(w) }
