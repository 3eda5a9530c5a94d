package codes_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// TestEveryCodeIsProduced holds the codes that all tests together have seen against those that the contract lists: each has to be
// produced by some test. scripts/test.sh runs it once all others have ended, with TEST_CODES_COMPLETE set; before that nobody can
// tell.
func TestEveryCodeIsProduced(t *testing.T) {
	if os.Getenv("TEST_CODES_COMPLETE") == "" {
		t.Skip("scripts/test.sh runs it at the end")
	}
	raw, err := os.ReadFile(os.Getenv("TEST_CODES"))
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, line := range strings.Split(string(raw), "\n") {
		seen[line] = true
	}
	require.Empty(t, servertest.ErrorCodes.Unseen(seen), "no test produces these")
}
