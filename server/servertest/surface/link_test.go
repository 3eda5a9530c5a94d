package surface_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/storetest"
)

// TestLinkInTheSpool reads, changes and makes lists where somebody put a symbolic link.
func TestLinkInTheSpool(t *testing.T) {
	storetest.Mlmmj(t)
	for at, calls := range map[string][][2]string{
		"example.com":                   {{"GET", servertest.DevMailingList}, {"PUT", servertest.DevMailingList}, {"POST", "/api/ml/new@example.com"}},
		"example.com/dev":               {{"GET", servertest.DevMailingList}, {"PUT", servertest.DevMailingList}},
		"example.com/dev/control/owner": {{"GET", servertest.DevMailingList}, {"PUT", servertest.DevMailingList}},
	} {
		t.Run(at, func(t *testing.T) {
			w := servertest.NewFixture(t)
			root := w.Root()
			root.MustDomain("example.com", nil)
			root.Must(http.StatusCreated, "POST", servertest.DevMailingList, servertest.Body{})
			link, target := filepath.Join(w.Spool(), at), filepath.Join(t.TempDir(), "moved")
			require.NoError(t, os.Rename(link, target))
			require.NoError(t, os.Symlink(target, link))
			for _, c := range []*servertest.Client{root, root.Legacy()} {
				for _, call := range calls {
					sent := servertest.Body{}
					if call[0] == "PUT" {
						sent = servertest.Body{"owner": servertest.List{servertest.RootMail}}
					}
					a := c.JSON(call[0], call[1], sent)
					if call[0] == "GET" {
						a = c.Get(call[1])
					}
					require.Equal(t, http.StatusServiceUnavailable, a.Status, a.Raw)
					require.Equal(t, "SERVER_DOWN", a.Msg())
					require.Contains(t, a.Raw, link+" is a symbolic link")
				}
			}
		})
	}
}
