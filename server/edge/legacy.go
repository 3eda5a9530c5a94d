package edge

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/postern-mail/postern/server/reply"
)

// Legacy serves the legacy surface behind prefix with the handler of the strict one: it marks the request as
// lenient and cleans its URL. On either surface the path is left in one encoding, which routes are looked up in: a slash
// within an address stays %2F there.
func Legacy(prefix string, strict http.Handler) http.Handler {
	mount := "/" + strings.Trim(prefix, "/") + "/api"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		segments := strings.Split(r.URL.EscapedPath(), "/")
		for i, segment := range segments {
			segments[i] = encodeOnce(segment)
		}
		path := strings.Join(segments, "/")
		rest, ok := strings.CutPrefix(collapse(segments), mount)
		if prefix == "" || !ok || rest != "" && rest[0] != '/' {
			strict.ServeHTTP(w, withPath(r, r.Method, path))
			return
		}
		method, path := rewriteOldPath(r.Method, "/api"+rest)
		lenient := r.WithContext(reply.Lenient(r.Context()))
		strict.ServeHTTP(reply.NewLenientWriter(w, reply.NoteOf(r.Context())), withPath(lenient, method, path))
	})
}

// encodeOnce returns a segment of a path in the encoding of url.PathEscape, whatever the client encoded beyond need.
func encodeOnce(segment string) string {
	plain, err := url.PathUnescape(segment)
	if err != nil {
		return segment
	}
	return url.PathEscape(plain)
}

// withPath returns the request for another method and path, which is encoded.
func withPath(r *http.Request, method, path string) *http.Request {
	plain, err := url.PathUnescape(path)
	if err != nil || method == r.Method && path == r.URL.EscapedPath() {
		return r
	}
	changed := *r
	location := *r.URL
	location.Path, location.RawPath = plain, path
	changed.Method, changed.URL = method, &location
	return &changed
}

// collapse returns the path with single slashes and none at the end. Dots are left alone: they are part of names, and
// a path with ".." matches nothing.
func collapse(segments []string) string {
	var path strings.Builder
	for _, segment := range segments {
		if segment != "" {
			path.WriteString("/" + segment)
		}
	}
	return path.String()
}

// rewriteOldPath brings two paths of earlier versions of the published API to the present ones.
func rewriteOldPath(method, path string) (newMethod, newPath string) {
	if method != http.MethodPut {
		return method, path
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) == 4 && (parts[1] == "user" || parts[1] == "users") && parts[3] == "password":
		return method, "/" + strings.Join(parts[:3], "/")
	case len(parts) == 5 && (parts[1] == "user" || parts[1] == "alias") && parts[3] == "change_email":
		return http.MethodPost, path
	}
	return method, path
}
