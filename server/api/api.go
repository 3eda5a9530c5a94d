package api

import (
	"context"
	"errors"
	"strings"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/server/deps"
	"github.com/postern-mail/postern/server/hashing"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

var _ gen.StrictServerInterface = (*API)(nil)

// API implements the operations.
type API struct {
	// Operations that are not offered never get here (see unavailable.go).
	gen.StrictServerInterface

	deps     deps.Deps
	access   *access.Access
	sessions *access.Sessions
	hashing  *hashing.Pool
	cursors  cursors
	readNoun map[string]func(ctx context.Context, param func(string) string) (store.Record, error)
}

// New returns the operations.
func New(d deps.Deps, access *access.Access, sessions *access.Sessions, hashing *hashing.Pool) *API {
	a := &API{deps: d, access: access, sessions: sessions, hashing: hashing, cursors: cursors{keys: d.State}}
	a.readNoun = a.nouns()
	return a
}

// write is who writes and how lenient the surface is.
func write(ctx context.Context) store.Write {
	p := access.Of(ctx)
	w := store.Write{Actor: store.Actor{
		Username: p.Username, IP: reply.NoteOf(ctx).ClientIP, Global: p.Global, API: true,
	}}
	if reply.IsLenient(ctx) {
		w.OnMissing = store.Drop
	}
	return w
}

// mostDiscarded is how many items an answer names.
const mostDiscarded = 20

// done is the plain answer to a write.
func done(ctx context.Context, change store.Change) gen.DoneJSONResponse {
	answer := gen.DoneJSONResponse{Success: true}
	discarded := append(reply.NoteOf(ctx).Discarded(), change.Discarded...)
	if n := int64(len(discarded)); n > 0 {
		shown := discarded[:min(n, mostDiscarded)]
		answer.Discarded, answer.DiscardedCount = &shown, &n
	}
	return answer
}

// lower returns an address or domain name of the path as it is stored; the contract has checked its form.
func lower(name string) string { return strings.ToLower(name) }

// atMail names the address in the path as the parameter at fault.
func atMail(err error) error { return withField("mail", err) }

func withField(field string, err error) error {
	var known *store.Error
	if errors.As(err, &known) {
		return known.With(field)
	}
	return err
}
