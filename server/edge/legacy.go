package edge

import (
	"net/http"
	"strings"

	"github.com/postern-mail/postern/server/reply"
)

// Legacy serves the legacy surface behind prefix with the handler of the strict one: it marks the request as
// lenient and cleans its URL. Everything else goes to the handler as it is.
func Legacy(prefix string, strict http.Handler) http.Handler {
	if prefix == "" {
		return strict
	}
	mount := "/" + strings.Trim(prefix, "/") + "/api"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := strings.CutPrefix(collapse(r.URL.Path), mount)
		if !ok || rest != "" && rest[0] != '/' {
			strict.ServeHTTP(w, r)
			return
		}
		r2 := r.WithContext(reply.Lenient(r.Context()))
		url := *r.URL
		url.Path = "/api" + rest
		url.RawPath = ""
		r2.URL = &url
		rewriteOldPath(r2)
		strict.ServeHTTP(reply.LenientWriter{ResponseWriter: w}, r2)
	})
}

// collapse returns the path with single slashes and none at the end. Dots are left alone: they are part of names, and
// a path with ".." matches nothing.
func collapse(raw string) string {
	var segments []string
	for segment := range strings.SplitSeq(raw, "/") {
		if segment != "" {
			segments = append(segments, segment)
		}
	}
	return "/" + strings.Join(segments, "/")
}

// rewriteOldPath brings two paths of earlier versions of the published API to the present ones.
func rewriteOldPath(r *http.Request) {
	if r.Method != http.MethodPut {
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) == 4 && (parts[1] == "user" || parts[1] == "users") && parts[3] == "password":
		r.URL.Path = "/" + strings.Join(parts[:3], "/")
	case len(parts) == 5 && (parts[1] == "user" || parts[1] == "alias") && parts[3] == "change_email":
		r.Method = http.MethodPost
	}
}
