package edge

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// Edge holds the stages that know the contract.
type Edge struct {
	operations Operations
	bodies     *Bodies
	errors     *reply.Errors
}

// New returns the stages for the operations.
func New(operations Operations, bodies *Bodies, errors *reply.Errors) *Edge {
	return &Edge{operations, bodies, errors}
}

const (
	formMedia = "application/x-www-form-urlencoded"
	jsonMedia = "application/json"
)

// Match finds the operation and looks at what can be judged without reading the body: its declared length and media
// type, and the path.
func (e *Edge) Match(c *gin.Context) {
	op := e.operations[c.Request.Method+" "+c.FullPath()]
	reply.NoteOf(c.Request.Context()).SetOperation(op.ID)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), operationKey{}, op))
	if err := op.checkHeaders(c.Request); err != nil {
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
		if err := op.checkPath(p.Key, p.Value); err != nil {
			e.fail(c, err)
			return
		}
		c.Params[i].Value = op.path[p.Key].canonical(p.Value)
	}
}

func (e *Edge) fail(c *gin.Context, err error) {
	e.errors.Write(c.Writer, c.Request, err)
	c.Abort()
}

// checkHeaders brings the media type into its canonical form.
func (op *Operation) checkHeaders(r *http.Request) error {
	if r.ContentLength > op.MaxBody {
		return reply.BodyTooLarge(op.MaxBody)
	}
	if !hasBody(r) {
		r.Header.Del("Content-Type") // of nothing
		return nil
	}
	declared := r.Header.Get("Content-Type")
	if declared == "" && reply.IsLenient(r.Context()) {
		declared = formMedia
	}
	media, _, err := mime.ParseMediaType(declared)
	if err != nil || (media != formMedia && media != jsonMedia) {
		return reply.UnsupportedMedia
	}
	r.Header.Set("Content-Type", media)
	return nil
}

// checkPath judges one parameter of the path by its schema.
func (op *Operation) checkPath(name, value string) error {
	p := op.path[name]
	code := codeOf(p.schema, reply.CodeInvalidValue)
	bad := store.Fail(store.Invalid, code, "The value in the path is not %s.", pathWord(name)).With(name)
	switch {
	case p.schema.MaxLength != nil && uint64(len(value)) > *p.schema.MaxLength:
		return bad
	case p.pattern != nil && !p.pattern.MatchString(value):
		return bad
	case p.schema.Type.Is("integer"):
		n, err := wholeNumber(value)
		if err != nil || p.schema.Min != nil && float64(n) < *p.schema.Min || p.schema.Max != nil && float64(n) > *p.schema.Max {
			return bad
		}
	case len(p.schema.Enum) > 0:
		if p.schema.VisitJSON(value) != nil {
			return bad
		}
	}
	return nil
}

// canonical returns the form in which a value of the path goes on.
func (p *pathParameter) canonical(value string) string {
	if !p.schema.Type.Is(kindInteger) {
		return value
	}
	n, err := wholeNumber(value)
	if err != nil {
		return value
	}
	return strconv.FormatInt(n, 10)
}

// pathWord says what a parameter of the path should be.
func pathWord(name string) string {
	switch name {
	case "domain":
		return "a domain name"
	case "mail", "new_mail":
		return "a mail address"
	case "account":
		return "global, a domain name or a mail address"
	case "days":
		return "a number of days"
	}
	return "a valid " + name
}
