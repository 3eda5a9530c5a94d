package engines_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

const examples = "../../../clients/examples"

// TestProgramsPrintTheSame runs the example programs, which know nothing of engines, against each: all print the same.
func TestProgramsPrintTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program, and needs node")
	}
	node, err := exec.LookPath("node")
	require.NoError(t, err, "the JavaScript program needs node")
	built := filepath.Join(t.TempDir(), "mailbox")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", built, examples+"/mailbox").CombinedOutput()
	require.NoError(t, err, "%s", out)
	var printed string
	for _, engine := range []string{"sqlite", "mysql", "postgres", "ldap"} {
		t.Run(engine, func(t *testing.T) {
			w := servertest.NewFixtureOn(t, engine)
			server := httptest.NewServer(w.Handler)
			defer server.Close()
			for _, program := range [][]string{{built}, {node, examples + "/mailbox.mjs"}} {
				command := exec.CommandContext(t.Context(), program[0], program[1:]...)
				command.Env = append(os.Environ(), "POSTERN_URL="+server.URL, "POSTERN_USERNAME="+servertest.RootMail,
					"POSTERN_PASSWORD="+servertest.Password)
				out, err := command.CombinedOutput()
				require.NoError(t, err, "%s", out)
				if printed == "" {
					printed = string(out)
					require.Contains(t, printed, "changed: anna@example.com | Anna Berg-Söhne | disabled | none | 2048 MB")
				}
				require.Equal(t, printed, string(out), program)
			}
		})
	}
}
