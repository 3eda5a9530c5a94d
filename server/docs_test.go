package server

import (
	"compress/gzip"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/contract"
)

func getDocs(t *testing.T, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	docs([]byte(`{"openapi":"3.0.3"}`), []byte("<h1>Error codes</h1>")).ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b)
}

func TestDocs(t *testing.T) {
	t.Run("index under a strict policy", func(t *testing.T) {
		res := getDocs(t, "GET", "/docs/")
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
		policy := res.Header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'")
		require.Contains(t, policy, "script-src 'self';")
		require.Contains(t, policy, "frame-ancestors 'none'")
		require.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
		require.Contains(t, body(t, res.Body), `<div id="swagger-ui">`)
	})
	t.Run("content types", func(t *testing.T) {
		for name, want := range map[string]string{
			"index.html": "text/html; charset=utf-8", "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
			"init.js": "text/javascript; charset=utf-8", "swagger-ui.css": "text/css; charset=utf-8",
			"favicon.svg": "image/svg+xml", "errors.html": "text/html; charset=utf-8", "page.css": "text/css; charset=utf-8", "LICENSE": "text/plain; charset=utf-8", "openapi.json": "application/json",
		} {
			res := getDocs(t, "GET", "/docs/"+name)
			require.Equal(t, http.StatusOK, res.StatusCode, name)
			require.Equal(t, want, res.Header.Get("Content-Type"), name)
		}
	})
	t.Run("the contract that it was given", func(t *testing.T) {
		require.Equal(t, `{"openapi":"3.0.3"}`, body(t, getDocs(t, "GET", "/docs/openapi.json").Body))
	})
	t.Run("no script on the page of error codes", func(t *testing.T) {
		res := getDocs(t, "GET", "/docs/errors.html")
		require.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'self';")
		require.NotContains(t, res.Header.Get("Content-Security-Policy"), "script-src")
		require.Contains(t, body(t, getDocs(t, "GET", "/docs/").Body), `href="errors.html"`)
	})
	t.Run("without the slash", func(t *testing.T) {
		res := getDocs(t, "GET", "/docs")
		require.Equal(t, http.StatusMovedPermanently, res.StatusCode)
		require.Equal(t, "/docs/", res.Header.Get("Location"))
	})
	t.Run("unknown file", func(t *testing.T) {
		for _, target := range []string{"/docs/nothing.js", "/docs/../docs.go", "/docs/docs/index.html"} {
			require.Equal(t, http.StatusNotFound, getDocs(t, "GET", target).StatusCode, target)
		}
	})
	t.Run("other methods", func(t *testing.T) {
		res := getDocs(t, "POST", "/docs/")
		require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
		require.Equal(t, "GET, HEAD", res.Header.Get("Allow"))
	})
}

func TestDocsTransfer(t *testing.T) {
	t.Run("packed for whom can unpack", func(t *testing.T) {
		plain := getDocs(t, "GET", "/docs/swagger-ui.css")
		require.Empty(t, plain.Header.Get("Content-Encoding"))
		packed := getDocs(t, "GET", "/docs/swagger-ui.css", "Accept-Encoding", "deflate, gzip;q=0.8")
		require.Equal(t, "gzip", packed.Header.Get("Content-Encoding"))
		z, err := gzip.NewReader(packed.Body)
		require.NoError(t, err)
		require.Equal(t, body(t, plain.Body), body(t, z))
	})
	t.Run("not packed when refused", func(t *testing.T) {
		res := getDocs(t, "GET", "/docs/swagger-ui.css", "Accept-Encoding", "gzip;q=0, br")
		require.Empty(t, res.Header.Get("Content-Encoding"))
	})
	t.Run("not sent again when unchanged", func(t *testing.T) {
		first := getDocs(t, "GET", "/docs/init.js")
		require.Equal(t, "no-cache", first.Header.Get("Cache-Control"))
		again := getDocs(t, "GET", "/docs/init.js", "If-None-Match", first.Header.Get("ETag"))
		require.Equal(t, http.StatusNotModified, again.StatusCode)
		require.Empty(t, body(t, again.Body))
	})
	t.Run("HEAD has no body", func(t *testing.T) {
		res := getDocs(t, "HEAD", "/docs/")
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Empty(t, body(t, res.Body))
	})
}

func TestErrorsPage(t *testing.T) {
	spec, err := openapi3.NewLoader().LoadFromData(gen.SpecJSON)
	require.NoError(t, err)
	operations, err := contract.Load(spec)
	require.NoError(t, err)
	page, err := errorsPage(spec, operations)
	require.NoError(t, err)
	codes, err := contract.ErrorCodes(spec)
	require.NoError(t, err)
	text := html.UnescapeString(string(page))
	for _, c := range codes {
		require.Contains(t, text, `<tr id="`+c.Code+`">`)
		require.Contains(t, text, c.Meaning)
		require.Contains(t, text, c.Remedy)
	}
	for _, op := range operations {
		require.Contains(t, text, "<code>"+op.ID+"</code>")
	}
	require.NotContains(t, text, "<script")
	require.NotContains(t, text, " style=")
}

func TestDocsNameNoOtherHost(t *testing.T) {
	host := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9.-]+\.[a-z]{2,}`)
	require.Regexp(t, host, `<script src="https://cdn.example.com/x.js">`)
	require.Regexp(t, host, `<script src="//cdn.example.com/x.js">`)
	for _, name := range []string{"/docs/", "/docs/init.js", "/docs/page.css"} {
		require.NotRegexp(t, host, body(t, getDocs(t, "GET", name).Body), name)
	}
}
