package servertest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	FormType = "application/x-www-form-urlencoded"
	JSONType = "application/json"
)

// Exchange is one request with what has to come back.
type Exchange struct {
	Name                           string
	Legacy                         bool
	Method, Path, ContentType, Raw string

	Status     int
	Msg, Field string // of a failure
	// data is what GET /api/domain/example.com (or, with user, of anna) holds afterwards.
	Domain, User map[string]any
	Discarded    []any
}

// Run plays each exchange in a fixture of its own: example.com with anna and ben, other.test with zoe.
func Run(t *testing.T, exchanges []Exchange) {
	t.Helper()
	base := NewFixture(t)
	root := base.Root()
	root.MustDomain("example.com", nil)
	root.MustDomain("other.test", nil)
	root.MustUser("anna@example.com", nil)
	root.MustUser("ben@example.com", nil)
	for _, x := range exchanges {
		t.Run(x.Name, func(t *testing.T) { x.play(t, base) })
	}
}

func (x Exchange) play(t *testing.T, base *Fixture) {
	t.Helper()
	w := CopyFixture(t, base.Dir)
	strict := w.Root()
	c := strict
	if x.Legacy {
		c = strict.Legacy()
	}
	a := c.Send(x.Method, x.Path, x.ContentType, x.Raw)
	require.Equal(t, x.Status, a.Status, a.Raw)
	require.Equal(t, x.Msg, a.Msg(), a.Raw)
	require.Equal(t, x.Field, a.Field(), a.Raw)
	require.Equal(t, x.Msg == "", a.OK(), a.Raw)
	if x.Discarded != nil {
		require.Equal(t, x.Discarded, a.Body["_discarded"])
	}
	RequireData(t, strict.Legacy().Get("/api/domain/example.com").Data(), x.Domain)
	RequireData(t, strict.Legacy().Get("/api/user/anna@example.com").Data(), x.User)
}

func RequireData(t *testing.T, got, want map[string]any) {
	t.Helper()
	for name, value := range want {
		require.Equal(t, value, got[name], name)
	}
}
