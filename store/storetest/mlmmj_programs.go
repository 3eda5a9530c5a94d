package storetest

import (
	"os"
	"path/filepath"
	"testing"
)

// Mlmmj is the directory of mlmmj's programs. In a quick run, which goes without programs of others, the test is
// skipped where they are missing.
func Mlmmj(t *testing.T) string {
	t.Helper()
	const programs = "/usr/bin"
	if _, err := os.Stat(filepath.Join(programs, "mlmmj-list")); err != nil {
		if testing.Short() {
			t.Skip("mlmmj is not installed, and a quick run goes without")
		}
		t.Fatal("mlmmj is not installed: run scripts/install.sh, or go test -short")
	}
	return programs
}
