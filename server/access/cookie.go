package access

import "net/http"

// CookieName is the cookie that carries the session id. Clients never look at it.
const CookieName = "postern_session"

// Cookie returns the cookie that hands a session id to the client.
func Cookie(id string, secure bool) *http.Cookie {
	return &http.Cookie{
		Name: CookieName, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: secure,
	}
}

// ExpiredCookie takes the session id away from the client.
func ExpiredCookie(secure bool) *http.Cookie {
	c := Cookie("", secure)
	c.MaxAge = -1
	return c
}
