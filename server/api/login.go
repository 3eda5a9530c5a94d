package api

import (
	"context"
	"net/http"
	"time"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// Login opens a session.
func (a *API) Login(ctx context.Context, r gen.LoginRequestObject) (gen.LoginResponseObject, error) {
	note := reply.NoteOf(ctx)
	id, err := a.sessions.LogIn(ctx, r.Body.Username, r.Body.Password, note.ClientIP)
	if err != nil {
		return nil, err
	}
	a.logLogin(ctx, lower(r.Body.Username))
	return withCookies{done(ctx, store.Change{}), []*http.Cookie{access.Cookie(id, note.Secure)}}, nil
}

// logLogin adds a row to the panel's log. It is no reason to refuse the log-in when that fails.
func (a *API) logLogin(ctx context.Context, username string) {
	if a.deps.Panel == nil {
		return
	}
	err := a.deps.Panel.AppendLog(ctx, store.LogEntry{
		Time: time.Now(), Admin: username, IP: reply.NoteOf(ctx).ClientIP, Event: "login", Level: "info", Message: "[API] Log in.",
	})
	if err != nil {
		a.deps.Log.Warn("panel log", "request_id", reply.NoteOf(ctx).RequestID, "cause", err)
	}
}

// Logout ends the session of the request.
func (a *API) Logout(ctx context.Context, _ gen.LogoutRequestObject) (gen.LogoutResponseObject, error) {
	if err := a.sessions.LogOut(ctx, access.Of(ctx)); err != nil {
		return nil, err
	}
	return withCookies{done(ctx, store.Change{}), access.ExpiredCookies(reply.NoteOf(ctx).Secure)}, nil
}

// Whoami tells the caller who it is.
func (a *API) Whoami(ctx context.Context, _ gen.WhoamiRequestObject) (gen.WhoamiResponseObject, error) {
	p := access.Of(ctx)
	kind := gen.Standalone
	if p.Mailbox {
		kind = gen.Mailbox
	}
	return gen.Whoami200JSONResponse{Success: true, Data: gen.Whoami{
		Username: p.Username, Name: p.Name, Kind: kind, IsGlobalAdmin: p.Global,
		MayCreateDomains: p.MayCreateDomains(), ManagedDomains: append([]string{}, p.Domains...),
	}}, nil
}

// withCookies is the plain answer with cookies.
type withCookies struct {
	done    gen.DoneJSONResponse
	cookies []*http.Cookie
}

func (r withCookies) set(w http.ResponseWriter) {
	for _, c := range r.cookies {
		http.SetCookie(w, c)
	}
}

// VisitLoginResponse implements gen.LoginResponseObject.
func (r withCookies) VisitLoginResponse(w http.ResponseWriter) error {
	r.set(w)
	return gen.Login200JSONResponse{DoneJSONResponse: r.done}.VisitLoginResponse(w)
}

// VisitLogoutResponse implements gen.LogoutResponseObject.
func (r withCookies) VisitLogoutResponse(w http.ResponseWriter) error {
	r.set(w)
	return gen.Logout200JSONResponse{DoneJSONResponse: r.done}.VisitLogoutResponse(w)
}
