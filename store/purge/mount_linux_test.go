package purge_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// mountOver mounts a file system with a file in it, and returns what unmounts it again.
func mountOver(t *testing.T, dir string) (unmount func()) {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("this machine lets nobody mount: ", err)
	}
	mounted := true
	unmount = func() {
		if mounted {
			require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH))
			mounted = false
		}
	}
	t.Cleanup(unmount)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "other"), nil, 0o600))
	return unmount
}
