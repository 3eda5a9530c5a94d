package mlmmj

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/postern-mail/postern/store"
)

// noLink returns SERVER_DOWN, with the path, when a symbolic link stands on the way to a name below a directory. mlmmj makes none.
// One that leads outside might let a list read or write what is not its own, one that leads to another list mixes up two.
func noLink(root *os.Root, name string) error {
	at := ""
	for part := range strings.SplitSeq(path.Clean(filepath.ToSlash(name)), "/") {
		at = path.Join(at, part)
		info, err := root.Lstat(at)
		if err != nil {
			return nil //nolint:nilerr // whoever goes there is told
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return store.Fail(store.Unavailable, store.CodeServerDown,
				"%s is a symbolic link, which Postern does not follow; replace it by what it points to.", filepath.Join(root.Name(), at))
		}
	}
	return nil
}
