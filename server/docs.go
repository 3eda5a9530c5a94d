package server

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// docsPolicy keeps the page to itself: nothing is fetched from, sent to or framed by another host. Swagger UI sets
// style attributes and shows icons from data URLs.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'"

//go:embed docs
var docsFiles embed.FS

var docsTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
	".json": "application/json",
	"":      "text/plain; charset=utf-8",
	".txt":  "text/plain; charset=utf-8",
}

// docs serves Swagger UI below /docs/, for the contract uiSpec, and beside it the page of error codes.
func docs(uiSpec, errorsPage []byte) http.Handler {
	assets := map[string]*asset{
		"/docs/openapi.json": newAsset("openapi.json", uiSpec),
		"/docs/errors.html":  newAsset("errors.html", errorsPage),
	}
	assets["/docs/errors.html"].policy = pagePolicy
	entries, err := docsFiles.ReadDir("docs")
	if err != nil {
		panic(err) // the binary was built without its files
	}
	for _, e := range entries {
		body, err := docsFiles.ReadFile("docs/" + e.Name())
		if err != nil {
			panic(err)
		}
		assets["/docs/"+e.Name()] = newAsset(e.Name(), body)
	}
	assets["/docs/"] = assets["/docs/index.html"]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		a := assets[r.URL.Path]
		h.Set("Content-Security-Policy", docsPolicy)
		if a != nil {
			h.Set("Content-Security-Policy", cmp.Or(a.policy, docsPolicy))
		}
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "Only GET and HEAD are served here.", http.StatusMethodNotAllowed)
		case r.URL.Path == "/docs":
			http.Redirect(w, r, "/docs/", http.StatusMovedPermanently)
		case a == nil:
			http.Error(w, "There is no such page. Swagger UI is at /docs/.", http.StatusNotFound)
		default:
			a.serve(w, r)
		}
	})
}

// asset is one file. What is costly to make of it is made when it is first asked for.
type asset struct {
	name    string
	body    []byte
	tag     func() string
	zipped  func() []byte
	isPlain bool   // too small to be worth packing
	policy  string // its own Content-Security-Policy, or ""
}

func newAsset(name string, body []byte) *asset {
	return &asset{
		name: name,
		body: body,
		tag: sync.OnceValue(func() string {
			sum := sha256.Sum256(body)
			return hex.EncodeToString(sum[:12])
		}),
		zipped:  sync.OnceValue(func() []byte { return zip(body) }),
		isPlain: len(body) < 1024,
	}
}

// serve answers with the file. Browsers keep it and ask each time whether it changed.
func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", docsTypes[path.Ext(a.name)])
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding")
	body, tag := a.body, a.tag()
	if !a.isPlain && takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body, tag = a.zipped(), tag+"-gzip"
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, a.name, time.Time{}, bytes.NewReader(body))
}

func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";")
		if strings.EqualFold(name, "gzip") {
			return quality != "q=0"
		}
	}
	return false
}

func zip(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(body) // a bytes.Buffer takes everything
	_ = z.Close()
	return b.Bytes()
}
