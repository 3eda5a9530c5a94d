package parameters_test

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

// listCases are those of the parameters that need mlmmj.
func listCases() []servertest.EffectCase {
	all := []servertest.EffectCase{
		{Operation: "GET /api/mls/<domain>", Parameter: "email_only", Run: func(t *testing.T, v servertest.Session) {
			v.Write("POST", "/api/ml/news@example.com", servertest.Body{"name": "News"})
			require.Equal(t, []any{"dev@example.com", "news@example.com"}, v.Get("/api/mls/example.com?email_only=yes").Body["_data"])
			whole := v.Legacy().Get("/api/mls/example.com?email_only=no").Body["_data"].([]any)
			require.Len(t, whole, 2)
			require.Equal(t, "News", whole[1].(map[string]any)["name"])
			name := whole[1].(map[string]any)
			require.Equal(t, "news@example.com", cmp.Or(servertest.TextAt(name, "mail"), servertest.TextAt(name, "address")))
			require.Equal(t, []any{}, v.Get("/api/mls/other.test?email_only=yes").Body["_data"])
		}},
		{Operation: "GET /api/ml/<mail>", Parameter: "with_subscribers", Run: func(t *testing.T, v servertest.Session) {
			servertest.RequireDone(t, v.Write("PUT", servertest.DevMailingList, servertest.Body{"add_subscribers": servertest.List{"x@far.test"}, "require_confirm": "no"}))
			require.NotContains(t, v.Get(servertest.DevMailingList).Data(), "subscribers")
			require.NotContains(t, v.Get(servertest.DevMailingList+"?with_subscribers=no").Data(), "subscribers")
			require.Equal(t, []any{servertest.Subscriber("x@far.test", "normal")}, v.Legacy().Get(servertest.DevMailingList + "?with_subscribers=yes").Data()["subscribers"])
		}},
		{Operation: "DELETE /api/ml/<mail>", Parameter: "keep_archive", Run: func(t *testing.T, v servertest.Session) {
			for answer, kept := range map[string]bool{"": true, "?keep_archive=yes": true, "?keep_archive=no": false} {
				const gone = "gone@example.com"
				servertest.RequireDone(t, v.Write("POST", "/api/ml/"+gone, servertest.Body{"name": "Gone"}))
				require.NotNil(t, v.W.InList(gone, "control/listaddress"))
				servertest.RequireDone(t, v.Delete("/api/ml/"+gone+answer))
				require.Nil(t, v.W.InList(gone, "control/listaddress"))
				archived, err := filepath.Glob(v.W.Spool() + "-archive/example.com/gone-*")
				require.NoError(t, err)
				require.Equal(t, kept, len(archived) > 0, answer)
				require.NoError(t, os.RemoveAll(v.W.Spool()+"-archive"))
				require.False(t, v.Get("/api/ml/"+gone).OK())
			}
		}},
	}
	for _, p := range servertest.MailingListParameters {
		all = append(all, p.Effects()...)
	}
	return append(all, mailingListPages...)
}

// listFixture is parameterFixture with a mailing list.
func listFixture(t *testing.T) *servertest.Fixture {
	t.Helper()
	servertest.NeedMlmmj(t)
	base := parameterFixture(t)
	base.Root().Must(201, "POST", servertest.DevMailingList, servertest.Body{"moderators": servertest.List{"anna@example.com"}, "owner": servertest.List{"anna@example.com"}})
	return base
}

// TestMailingListParameters has each driver do each, on both surfaces.
func TestMailingListParameters(t *testing.T) {
	servertest.NeedMlmmj(t)
	ran := map[string]int{}
	for driver, open := range map[string]func(t *testing.T, dir string) *servertest.Fixture{
		"native": func(t *testing.T, dir string) *servertest.Fixture { return servertest.OpenFixture(t, dir) }, "mlmmjadmin": servertest.ThroughMlmmjadmin,
	} {
		t.Run(driver, func(t *testing.T) {
			base := open(t, t.TempDir())
			base.CreateRoot()
			servertest.Seed(base)
			base.Root().Must(201, "POST", servertest.DevMailingList, servertest.Body{"moderators": servertest.List{"anna@example.com"}, "owner": servertest.List{"anna@example.com"}})
			again := func(t *testing.T) *servertest.Fixture {
				t.Helper()
				dir := t.TempDir()
				require.NoError(t, os.CopyFS(dir, os.DirFS(base.Dir)))
				return open(t, dir)
			}
			for _, p := range listCases() {
				onSurfaces(t, base, p.Operation+" "+p.Parameter, again, func(t *testing.T, v servertest.Session) {
					p.Run(t, v)
					ran[driver]++
				})
			}
			storetest.Count(t, "effects of parameters of mailing lists", ran[driver])
		})
	}
	if len(ran) == 2 {
		require.Equal(t, ran["native"], ran["mlmmjadmin"], "as many with each driver")
	}
}
