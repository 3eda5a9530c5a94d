package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/edge"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// What was read may be sent back: a parameter whose value is the stored one counts as not sent. It is dropped before anybody asks
// whether the caller may set it, and since it is not written either, nothing slips through. What is stored is read for that where the
// request shows that it is sent back, or where it would be refused otherwise.

// nouns read what each of the operations of this installation that can be sent what was read would write to.
func (a *API) nouns() map[string]func(ctx context.Context, param func(string) string) (store.Record, error) {
	all := map[string]func(context.Context, func(string) string) (store.Record, error){
		"createDomain": func(context.Context, func(string) string) (store.Record, error) { return newDomain, nil },
		"createUser":   func(context.Context, func(string) string) (store.Record, error) { return newUser, nil },
		"updateDomain": func(ctx context.Context, p func(string) string) (store.Record, error) {
			return a.domainNow(ctx, lower(p("domain")))
		},
		"updateAdmin": func(ctx context.Context, p func(string) string) (store.Record, error) {
			return a.adminNow(ctx, lower(p("mail")))
		},
		"updateUser": func(ctx context.Context, p func(string) string) (store.Record, error) {
			return a.userNow(ctx, lower(p("mail")))
		},
		"updateAlias": func(ctx context.Context, p func(string) string) (store.Record, error) {
			return a.aliasNow(ctx, lower(p("mail")))
		},
		"updateGlobalSpamPolicy": func(ctx context.Context, _ func(string) string) (store.Record, error) {
			return a.spamPolicyNow(ctx, store.Everybody)
		},
		"updateDomainSpamPolicy": func(ctx context.Context, p func(string) string) (store.Record, error) {
			return a.spamPolicyNow(ctx, store.PolicyAccountOf(lower(p("domain"))))
		},
		"updateUserSpamPolicy": func(ctx context.Context, p func(string) string) (store.Record, error) {
			return a.spamPolicyNow(ctx, store.PolicyAccountOf(lower(p("mail"))))
		},
	}
	if a.deps.MailingLists != nil {
		all["updateMailingList"] = func(ctx context.Context, p func(string) string) (store.Record, error) {
			return a.mailingListNow(ctx, lower(p("mail")))
		}
	}
	if a.deps.Directory != nil {
		all["updateStaticList"] = func(ctx context.Context, p func(string) string) (store.Record, error) {
			return a.staticListNow(ctx, lower(p("mail")))
		}
	}
	return all
}

// Check is the stage that holds a request against the contract and the rights of the caller, in this order, and drops what says the
// same as is stored where the request is refused otherwise.
func (a *API) Check(write func(*gin.Context, error), checks ...func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := firstError(c, checks)
		ctx := c.Request.Context()
		sent := edge.SentOf(ctx)
		toCompare := sent != nil && (sent.Computed || isRefusal(err) || sent.HasCompared(contract.Of(ctx)))
		if toCompare && a.dropEqual(c) {
			if e := sent.PutBack(c.Request); e != nil {
				err = e
			} else {
				err = firstError(c, checks)
			}
		}
		if err != nil {
			write(c, err)
			c.Abort()
		}
	}
}

func firstError(c *gin.Context, checks []func(*gin.Context) error) error {
	for _, check := range checks {
		if err := check(c); err != nil {
			return err
		}
	}
	return nil
}

// Retry is a stage of the strict server that tries a write anew without what says the same as is stored, once the store has refused
// it: such a value may be one that nobody could set now, such as an address that is gone.
func (a *API) Retry(next gen.StrictHandlerFunc, _ string) gen.StrictHandlerFunc {
	return func(c *gin.Context, request any) (any, error) {
		response, err := next(c, request)
		if !isRefusal(err) || !a.dropEqual(c) {
			return response, err
		}
		again, e := withBody(request, edge.SentOf(c.Request.Context()))
		if e != nil {
			return response, err
		}
		return next(c, again)
	}
}

// isRefusal reports whether an error is about what was sent.
func isRefusal(err error) bool {
	var known *store.Error
	if !errors.As(err, &known) {
		return false
	}
	switch known.Kind {
	case store.Invalid, store.Forbidden, store.Conflict, store.Unprocessable:
		return true
	}
	return false
}

// dropEqual drops the parameters whose value is the stored one, and reports whether there were any.
func (a *API) dropEqual(c *gin.Context) bool {
	ctx := c.Request.Context()
	op, sent := contract.Of(ctx), edge.SentOf(ctx)
	read := a.readNoun[op.ID]
	if read == nil || sent == nil || reply.IsLenient(ctx) {
		return false
	}
	noun, err := read(ctx, c.Param)
	if err != nil {
		return false
	}
	dropped := sent.DropEqual(op, noun)
	return dropImpliedTransport(sent, lower(c.Param("domain"))) || dropped
}

// newUser is what a new mailbox is where nothing else is said, as far as not everybody may say it.
var newUser = store.Record{{Name: "isGlobalAdmin", Value: yesNo(false)}}

// newDomain is what a new domain has where nothing else is said, as far as that contradicts what may be said.
var newDomain = store.Record{{Name: "is_backupmx", Value: yesNo(false)}, {Name: "primarymx", Value: ""}}

// dropImpliedTransport drops the transport of a domain that is to be a backup MX where it is the one that this means: a domain that is
// read has both, and so can be made elsewhere.
func dropImpliedTransport(sent *edge.Sent, domain string) bool {
	implied := "relay:" + cmp.Or(sent.Text("primarymx"), domain)
	if sent.Text("is_backupmx") != yesNo(true) || !strings.EqualFold(sent.Text("transport"), implied) {
		return false
	}
	sent.Drop("transport")
	return true
}

// withBody is a request object of the stubs with the body that is left.
func withBody(request any, sent *edge.Sent) (any, error) {
	raw, err := sent.Body()
	if err != nil {
		return nil, err
	}
	again := reflect.New(reflect.TypeOf(request)).Elem()
	again.Set(reflect.ValueOf(request))
	field := again.FieldByName("Body")
	body := reflect.New(field.Type().Elem())
	if err = json.Unmarshal(raw, body.Interface()); err != nil {
		return nil, err
	}
	field.Set(body)
	return again.Interface(), nil
}
