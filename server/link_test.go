package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/storetest"
)

// TestLinkInTheSpool reads, changes and makes lists where somebody put a symbolic link.
func TestLinkInTheSpool(t *testing.T) {
	storetest.Mlmmj(t)
	for at, calls := range map[string][][2]string{
		"example.com":                   {{"GET", devMailingList}, {"PUT", devMailingList}, {"POST", "/api/ml/new@example.com"}},
		"example.com/dev":               {{"GET", devMailingList}, {"PUT", devMailingList}},
		"example.com/dev/control/owner": {{"GET", devMailingList}, {"PUT", devMailingList}},
	} {
		t.Run(at, func(t *testing.T) {
			w := newFixture(t)
			root := w.root()
			root.mustDomain("example.com", nil)
			root.must(http.StatusCreated, "POST", devMailingList, body{})
			link, target := filepath.Join(w.spool(), at), filepath.Join(t.TempDir(), "moved")
			require.NoError(t, os.Rename(link, target))
			require.NoError(t, os.Symlink(target, link))
			for _, c := range []*client{root, root.legacy()} {
				for _, call := range calls {
					sent := body{}
					if call[0] == "PUT" {
						sent = body{"owner": list{rootMail}}
					}
					a := c.json(call[0], call[1], sent)
					if call[0] == "GET" {
						a = c.get(call[1])
					}
					require.Equal(t, http.StatusServiceUnavailable, a.status, a.raw)
					require.Equal(t, "SERVER_DOWN", a.msg())
					require.Contains(t, a.raw, link+" is a symbolic link")
				}
			}
		})
	}
}
