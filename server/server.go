package server

import (
	"cmp"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
	"github.com/rs/cors"
	"golang.org/x/sync/singleflight"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/server/api"
	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/deps"
	"github.com/postern-mail/postern/server/edge"
	"github.com/postern-mail/postern/server/hashing"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// Deps are the stores and the settings of a server.
type Deps = deps.Deps

// builtIn is the contract of this program, read once in a process; nothing changes it.
var builtIn = sync.OnceValues(func() (agreement, error) {
	spec, err := openapi3.NewLoader().LoadFromData(gen.SpecJSON)
	if err != nil {
		return agreement{}, fmt.Errorf("read the contract: %w", err)
	}
	return agree(spec)
})

// agreement is a contract in the form in which a server uses it.
type agreement struct {
	operations contract.Operations
	pages      http.Handler // the documentation
}

func agree(spec *openapi3.T) (agreement, error) {
	operations, err := contract.Load(spec)
	if err != nil {
		return agreement{}, fmt.Errorf("read the contract: %w", err)
	}
	errorCodes, err := errorsPage(spec, operations)
	if err != nil {
		return agreement{}, fmt.Errorf("read the contract: %w", err)
	}
	return agreement{operations, docs(gen.UISpec, errorCodes)}, nil
}

// Server answers requests.
type Server struct {
	handler      http.Handler
	deps         Deps
	sessions     *access.Sessions
	restrictions *access.Restrictions
	hashing      *hashing.Pool
	asking       singleflight.Group // the question whether all backends answer
	draining     atomic.Bool
}

// New returns a server. It fails when the contract and the routes disagree, or an operation says not who may call it.
func New(d Deps) (*Server, error) {
	by, err := builtIn()
	if err != nil {
		return nil, err
	}
	return newServer(by, d)
}

// NewFor is New for another contract than the one that is built in. Tests use it to change rights.
func NewFor(spec *openapi3.T, d Deps) (*Server, error) {
	by, err := agree(spec)
	if err != nil {
		return nil, err
	}
	return newServer(by, d)
}

func newServer(by agreement, d Deps) (*Server, error) {
	restrictions := access.NewRestrictions(d)
	s := &Server{deps: d, hashing: hashing.New(), restrictions: restrictions}
	s.sessions = access.NewSessions(d, s.hashing, restrictions)
	engine := s.engine(by.operations, by.pages)
	if err := by.operations.Match(engine.Routes()); err != nil {
		return nil, err
	}
	s.handler = edge.Identify(d.TrustedProxies, edge.Head(crossOrigin(d.CORSOrigins,
		edge.Legacy(d.LegacyPrefix, edge.Patch(by.operations, engine)))))
	return s, nil
}

// Handler returns the whole server as a handler.
func (s *Server) Handler() http.Handler { return s.handler }

// Draining makes readiness answer 503 from now on: the server is about to stop.
func (s *Server) Draining() { s.draining.Store(true) }

// Forget drops what is remembered about accounts that have changed.
func (s *Server) Forget(change store.Change) { s.sessions.Forget(change) }

func (s *Server) engine(operations contract.Operations, pages http.Handler) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	errors := &reply.Errors{Log: s.deps.Log, Answer: s.allAnswer}
	bodies := &edge.Bodies{Budget: cmp.Or(s.deps.BodyBudget, edge.DefaultBodyBudget), Grace: cmp.Or(s.deps.BodyGrace, edge.DefaultBodyGrace)}
	metrics := edge.NewMetrics(bodies)
	e := gin.New()
	e.ContextWithFallback = true
	e.HandleMethodNotAllowed = true
	e.UseEscapedPath = true      // a slash within an address ends no segment of a path
	e.UnescapePathValues = false // gin would take a plus for a blank; see edge.Match
	e.RedirectTrailingSlash = false
	guard := access.New(s.deps, s.sessions, s.restrictions, errors)
	e.Use(edge.Log(s.deps.Log, metrics), edge.Recover(s.deps.Log, errors), guard.Clients)
	stages := edge.New(operations, s.deps.LegacyPrefix, bodies, errors)
	e.NoRoute(stages.NoSuchPath)
	e.NoMethod(func(c *gin.Context) {
		edge.AllowHead(c.Writer.Header())
		edge.AllowPatch(operations, c.Writer.Header(), c.Request)
		err := *reply.MethodNotAllowed
		err.Detail = "This path takes " + c.Writer.Header().Get("Allow") + "."
		errors.Write(c.Writer, c.Request, &err)
	})
	s.fixedPaths(e, metrics, pages)
	s.operations(e, stages, guard, errors)
	return e
}

// operations registers what the contract describes, behind the stages of a request.
func (s *Server) operations(e *gin.Engine, stages *edge.Edge, guard *access.Access, errors *reply.Errors) {
	handlers := api.New(s.deps, guard, s.sessions, s.hashing)
	write := func(c *gin.Context, err error) { errors.Write(c.Writer, c.Request, err) }
	around := []gen.StrictMiddlewareFunc{detachContext, handlers.Retry, api.NamePath, handlers.Offered} // the last is the outermost
	strict := gen.NewStrictHandlerWithOptions(handlers, around, gen.StrictGinServerOptions{
		RequestErrorHandlerFunc:  func(c *gin.Context, err error) { write(c, edge.BadBody(err)) },
		HandlerErrorFunc:         write,
		ResponseErrorHandlerFunc: write,
	})
	group := e.Group("", stages.Match, sameOrigin(s.deps.CORSOrigins, errors), noStore, edge.Deadline,
		guard.Authenticate, guard.Authorise, readOnly(s.deps.ReadOnly, errors), stages.Normalise,
		handlers.Check(write, stages.CheckBody, guard.CheckParameters), edge.BulkDeadline)
	gen.RegisterHandlersWithOptions(group, strict, gen.GinServerOptions{
		ErrorHandler: func(c *gin.Context, err error, _ int) { write(c, edge.BadParameter(c.Request.Context(), err)) },
	})
}

// detachContext gives a handler a context of its own, and turns a handler that returned nothing into an error; the stub
// would answer an empty 200. The context at hand goes back to a pool when the request ends, while a driver may still
// be waiting for its end.
func detachContext(next gen.StrictHandlerFunc, operationID string) gen.StrictHandlerFunc {
	return func(c *gin.Context, request any) (any, error) {
		response, err := next(c.Copy(), request)
		if err == nil && response == nil {
			err = fmt.Errorf("%s returned neither an answer nor an error", operationID)
		}
		return response, err
	}
}

// fixedPaths are outside of the contract and the envelope.
func (s *Server) fixedPaths(e *gin.Engine, metrics *edge.Metrics, pages http.Handler) {
	e.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	e.GET("/readyz", s.ready)
	e.GET("/metrics", gin.WrapH(metrics.Handler()))
	e.GET("/openapi.json", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", gen.SpecJSON) })
	e.GET("/openapi.yaml", func(c *gin.Context) { c.Data(http.StatusOK, "application/yaml", gen.SpecYAML) })
	ui := gin.WrapH(pages)
	e.GET("/docs", ui)
	e.GET("/docs/*file", ui)
	e.GET("/", func(c *gin.Context) { c.Redirect(http.StatusFound, "/docs/") })
}

// readOnly refuses every operation that may change mail data while the server is read-only.
func readOnly(now func() bool, errors *reply.Errors) gin.HandlerFunc {
	return func(c *gin.Context) {
		op := contract.Of(c.Request.Context())
		if now == nil || op.Method == http.MethodGet || op.ReadOnly || !now() {
			return
		}
		errors.Write(c.Writer, c.Request, reply.ReadOnly)
		c.Abort()
	}
}

// noStore keeps answers, which are about accounts, out of caches.
func noStore(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Header("X-Content-Type-Options", "nosniff")
}

// sameOrigin refuses writes from pages of other sites: the browser adds the cookie, the person has not asked. Programs
// that are no browser send none of the headers that tell.
func sameOrigin(trusted []string, errors *reply.Errors) gin.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	for _, origin := range trusted {
		_ = protection.AddTrustedOrigin(origin) // the configuration has been checked
	}
	return func(c *gin.Context) {
		if protection.Check(c.Request) != nil {
			errors.Write(c.Writer, c.Request, reply.CrossOrigin)
			c.Abort()
		}
	}
}

// crossOrigin lets pages of the trusted origins read the answers.
func crossOrigin(trusted []string, next http.Handler) http.Handler {
	if len(trusted) == 0 {
		return next
	}
	return cors.New(cors.Options{
		AllowedOrigins:   trusted,
		AllowedMethods:   []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders:   []string{"Authorization", "Content-Type", "Prefer", "X-Request-Id"},
		ExposedHeaders:   []string{"Link", "Location", "Retry-After", "X-Request-Id"},
		AllowCredentials: true,
	}).Handler(next)
}
