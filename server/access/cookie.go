package access

import "net/http"

// CookieName is the cookie that carries the session id. Clients never look at it.
const CookieName = "postern_session"

// hostCookieName is the cookie where the client speaks TLS. Browsers take one of that prefix from this very host alone and over
// TLS only, so that no other host of the domain can put its own in the place (RFC 6265bis, section 4.1.3.2).
const hostCookieName = "__Host-" + CookieName

// Cookie returns the cookie that hands a session id to the client. Secure says that the client speaks TLS.
func Cookie(id string, secure bool) *http.Cookie {
	name := CookieName
	if secure {
		name = hostCookieName
	}
	return &http.Cookie{
		Name: name, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: secure,
	}
}

// ExpiredCookies take the session id away from the client, by whichever name it has it.
func ExpiredCookies(secure bool) []*http.Cookie {
	expired := []*http.Cookie{Cookie("", false)}
	if secure {
		expired = append(expired, Cookie("", true))
	}
	for _, c := range expired {
		c.MaxAge, c.Secure = -1, secure
	}
	return expired
}

// sessionID returns the session id that a request carries, "" when it carries none. A session from before the name with the
// prefix, or from before the client spoke TLS, is still one.
func sessionID(r *http.Request) string {
	for _, name := range []string{hostCookieName, CookieName} {
		if cookie, err := r.Cookie(name); err == nil && cookie.Value != "" {
			return cookie.Value
		}
	}
	return ""
}
