package access

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/deps"
	"github.com/postern-mail/postern/server/edge"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// Global is the value of {account} that stands for everybody.
const Global = "global"

// Access holds the stages that ask who is calling and whether that is allowed.
type Access struct {
	sessions     *Sessions
	accounts     store.Accounts
	names        store.Ownerships
	panel        store.Panel
	restrictions *Restrictions
	errors       *reply.Errors
}

// New returns the stages.
func New(d deps.Deps, sessions *Sessions, restrictions *Restrictions, errors *reply.Errors) *Access {
	return &Access{sessions, d.Accounts, d.Ownerships, d.Panel, restrictions, errors}
}

// Authenticate finds out who is calling, on every operation but the public ones.
func (a *Access) Authenticate(c *gin.Context) {
	ctx := c.Request.Context()
	if contract.Of(ctx).Access == contract.LevelPublic {
		return
	}
	id := sessionID(c.Request)
	if id == "" {
		a.fail(c, errLoginRequired)
		return
	}
	principal, err := a.sessions.Resume(ctx, id)
	if err != nil {
		a.fail(c, err)
		return
	}
	reply.NoteOf(ctx).SetPrincipal(principal.Username)
	if err = a.restrictions.checkAdmin(ctx, reply.NoteOf(ctx).ClientIP, principal.Global); err != nil {
		a.fail(c, err)
		return
	}
	c.Request = c.Request.WithContext(withPrincipal(ctx, principal))
}

// Authorise holds the principal and the path against x-access, x-target and x-profile of the operation.
func (a *Access) Authorise(c *gin.Context) {
	ctx := c.Request.Context()
	if err := a.mayCall(ctx, contract.Of(ctx), Of(ctx), c.Param); err != nil {
		a.fail(c, err)
	}
}

// CheckParameters holds the parameters that were given against the x-access and x-profile of each.
func (a *Access) CheckParameters(c *gin.Context) error {
	ctx := c.Request.Context()
	principal := Of(ctx)
	op := contract.Of(ctx)
	if principal.Global || op.Body == nil || op.Access == contract.LevelPublic {
		return nil
	}
	var off []string // the profiles that are switched off, read when first needed
	for name := range edge.Given(c.Request.Body) {
		p := op.Body[name]
		if p == nil || p.Access == "" && p.Profile == "" {
			continue
		}
		if p.Access != "" && !holds(principal, p.Access) {
			return denied("Only a %s may set %s.", levelWord(p.Access), name).With(name)
		}
		if p.Profile != "" && off == nil {
			var err error
			if off, err = a.profilesOff(ctx, op, c.Param); err != nil {
				return err
			}
		}
		if slices.Contains(off, p.Profile) {
			return denied("The profile %s is disabled for the admins of this domain.", p.Profile).With(name)
		}
	}
	return nil
}

func (a *Access) fail(c *gin.Context, err error) {
	a.errors.Write(c.Writer, c.Request, err)
	c.Abort()
}

func (a *Access) mayCall(ctx context.Context, op *contract.Operation, p *Principal, param func(string) string) error {
	if p.Global || op.Access == contract.LevelPublic || op.Access == contract.LevelAuthenticated {
		return nil
	}
	if !holds(p, op.Access) {
		return denied("Only a %s may do this.", levelWord(op.Access))
	}
	for _, name := range op.Target {
		if err := a.mayTouchBy(ctx, op, p, strings.ToLower(param(name))); err != nil {
			return err
		}
	}
	if op.Profile == "" {
		return nil
	}
	if err := a.maySetPolicies(ctx, op, param); err != nil {
		return err
	}
	off, err := a.profilesOff(ctx, op, param)
	if err != nil {
		return err
	}
	if slices.Contains(off, op.Profile) {
		return denied("The profile %s is disabled for the admins of this domain.", op.Profile)
	}
	return nil
}

// policyProfiles are those of what Amavisd and iRedAPD keep. They look settings up by senders and recipients anywhere, whether or
// not the domain is in use here, so that those of a domain which is still to be proven would hold for others' mail to it.
var policyProfiles = []string{"spampolicy", "wblist", "throttle", "greylisting"}

// maySetPolicies refuses an admin that is not global to set a policy in a domain that is not in use. Removing one is fine.
func (a *Access) maySetPolicies(ctx context.Context, op *contract.Operation, param func(string) string) error {
	sets := op.Method == http.MethodPost || op.Method == http.MethodPut && op.Profile != "wblist" // where PUT removes
	if !sets || !slices.Contains(policyProfiles, op.Profile) {
		return nil
	}
	name := store.DomainOf(strings.ToLower(param(op.Target[0])))
	domain, err := a.accounts.DomainRules(ctx, name)
	if err != nil || domain.Active {
		if store.IsNotFound(err) {
			return nil // the handler says so
		}
		return err
	}
	return denied("The domain %s is not active, so only a global admin may set policies in it.", name)
}

// holds reports whether the principal, which is no global admin, reaches the level at all.
func holds(p *Principal, level contract.Level) bool {
	switch level {
	case contract.LevelPublic, contract.LevelAuthenticated, contract.LevelDomainAdmin:
		return true
	case contract.LevelDomainCreator:
		return p.MayCreateDomains()
	}
	return false
}

func levelWord(level contract.Level) string {
	if level == contract.LevelDomainCreator {
		return "global admin or an admin that may create domains"
	}
	return "global admin"
}

// mayTouchBy is mayTouch for an operation, for which an alias domain may count as its primary domain (x-target-alias).
func (a *Access) mayTouchBy(ctx context.Context, op *contract.Operation, p *Principal, target string) error {
	err := a.mayTouch(ctx, p, target)
	if err == nil || !op.TargetAlias {
		return err
	}
	domains, e := a.names.DomainsWithName(ctx, target)
	if e != nil {
		return e
	}
	if slices.ContainsFunc(domains, p.Manages) {
		return nil
	}
	return err
}

// mayTouch refuses a target outside of the domains that the principal manages, and one that outranks it.
func (a *Access) mayTouch(ctx context.Context, p *Principal, target string) error {
	if target == Global {
		return denied("Only a global admin may do this for everybody.")
	}
	if domain := store.DomainOf(target); !p.Manages(domain) {
		return denied("You do not manage the domain %s.", domain)
	}
	if !strings.Contains(target, "@") || target == p.Username {
		return nil
	}
	return a.RefuseOutranking(ctx, p, target)
}

// RefuseOutranking refuses a target that is a principal of its own and outranks p.
func (a *Access) RefuseOutranking(ctx context.Context, p *Principal, target string) error {
	if p.Global {
		return nil
	}
	other, err := a.accounts.Identity(ctx, target)
	if store.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if rules.Outranks(other, p.Identity) {
		return denied("%s has rights that you do not have (other domains, creating domains, or a higher limit), so you may neither read nor change it.", target)
	}
	return nil
}

// profilesOff returns the profiles that are switched off for the admins of the domain that the path names.
func (a *Access) profilesOff(ctx context.Context, op *contract.Operation, param func(string) string) ([]string, error) {
	if len(op.Target) == 0 {
		return []string{}, nil // a domain that is being made
	}
	target := strings.ToLower(param(op.Target[0]))
	domain, err := a.accounts.DomainRules(ctx, store.DomainOf(target))
	if store.IsNotFound(err) {
		return []string{}, nil // the handler says so
	}
	if err != nil {
		return nil, err
	}
	off := domain.DisabledDomainProfiles
	if op.ProfileOfUsers || strings.Contains(target, "@") {
		off = domain.DisabledUserProfiles
	}
	return append([]string{}, off...), nil
}

func denied(format string, args ...any) *store.Error {
	return store.Fail(store.Forbidden, store.CodePermissionDenied, format, args...)
}
