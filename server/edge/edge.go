package edge

import (
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
	"golang.org/x/net/idna"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// Edge holds the stages that know the contract.
type Edge struct {
	operations   contract.Operations
	legacyPrefix string
	bodies       *Bodies
	errors       *reply.Errors
}

// New returns the stages for the operations.
func New(operations contract.Operations, legacyPrefix string, bodies *Bodies, errors *reply.Errors) *Edge {
	return &Edge{operations, legacyPrefix, bodies, errors}
}

// Match finds the operation and looks at what can be judged without reading the body: its declared length and media
// type, and the path.
func (e *Edge) Match(c *gin.Context) {
	op := e.operations[c.Request.Method+" "+c.FullPath()]
	reply.NoteOf(c.Request.Context()).SetOperation(op.ID)
	c.Request = c.Request.WithContext(contract.With(c.Request.Context(), op))
	if err := checkHeaders(op, c.Request); err != nil {
		e.fail(c, err)
		return
	}
	for i, p := range c.Params {
		value, err := url.PathUnescape(p.Value)
		if err != nil {
			e.fail(c, reply.NoSuchPath)
			return
		}
		p.Value = value
		if err := checkPath(p.Key, op.InPath[p.Key], p.Value); err != nil {
			if path := pathWithWord(e.operations, op, p.Key, p.Value); path != "" {
				err.Detail += " Did you mean " + e.asked(c, path) + "?"
			}
			e.fail(c, err)
			return
		}
		c.Params[i].Value = canonicalInPath(op.InPath[p.Key], p.Value)
	}
}

func (e *Edge) fail(c *gin.Context, err error) {
	e.errors.Write(c.Writer, c.Request, err)
	c.Abort()
}

// checkHeaders brings the media type into its canonical form.
func checkHeaders(op *contract.Operation, r *http.Request) error {
	if r.ContentLength > op.MaxBody {
		return reply.BodyTooLarge(op.MaxBody)
	}
	if !hasBody(r) {
		r.Header.Del("Content-Type") // of nothing
		return nil
	}
	declared := r.Header.Get("Content-Type")
	if declared == "" && reply.IsLenient(r.Context()) {
		declared = contract.MediaForm
	}
	media, _, err := mime.ParseMediaType(declared)
	if err != nil || (media != contract.MediaForm && media != contract.MediaJSON) {
		return reply.UnsupportedMedia
	}
	r.Header.Set("Content-Type", media)
	return nil
}

// checkPath judges one parameter of the path by its schema.
func checkPath(name string, p *contract.PathParameter, value string) *store.Error {
	code := codeOf(p.Schema, reply.CodeInvalidValue)
	bad := store.Fail(store.Invalid, code, "%q in the path is not %s.%s", shown(value), pathWord(name, p.Schema), asciiHint(value)).With(name)
	switch {
	case p.Schema.MaxLength != nil && uint64(len(value)) > *p.Schema.MaxLength:
		return bad
	case p.Pattern != nil && !p.Pattern.MatchString(value):
		return bad
	case p.Schema.Type.Is("integer"):
		n, err := wholeNumber(value)
		if err != nil || p.Schema.Min != nil && float64(n) < *p.Schema.Min || p.Schema.Max != nil && float64(n) > *p.Schema.Max {
			return bad
		}
	case len(p.Schema.Enum) > 0:
		if p.Schema.VisitJSON(value) != nil {
			return bad
		}
	}
	return nil
}

// canonicalInPath returns the form in which a value of the path goes on.
func canonicalInPath(p *contract.PathParameter, value string) string {
	if !p.Schema.Type.Is(contract.KindInteger) {
		return value
	}
	n, err := wholeNumber(value)
	if err != nil {
		return value
	}
	return strconv.FormatInt(n, 10)
}

// asciiHint tells how a domain name with letters beyond ASCII is written (RFC 5891), "" where that is not the matter.
func asciiHint(value string) string {
	local, domain, isAddress := strings.Cut(value, "@")
	if !isAddress {
		local, domain = "", value
	}
	written, err := idna.Lookup.ToASCII(domain)
	if err != nil || strings.EqualFold(written, domain) {
		return ""
	}
	if isAddress {
		written = local + "@" + written
	}
	return " Write " + shown(written) + "."
}

// pathWord says what a parameter of the path should be.
func pathWord(name string, schema *openapi3.Schema) string {
	switch name {
	case "domain":
		return "a domain name"
	case "mail", "new_mail":
		return "a mail address"
	case "account":
		return "global, a domain name or a mail address"
	case "days":
		return "a number of days: 0 or more, at most " + number(*schema.Max) + ", of which 0 keeps for ever"
	}
	if len(schema.Enum) > 0 {
		return "one of " + choices(schema.Enum)
	}
	return "a valid " + name
}

// hasBody reports whether the request came with a body.
func hasBody(r *http.Request) bool {
	return r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0
}
