package mlmmj

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// TestArchivePlaces asks for many places of one list in the archive, within a second.
func TestArchivePlaces(t *testing.T) {
	s := newSpool(t)
	require.NoError(t, s.Prepare(t.Context(), devList, store.DefaultMlmmjSettings(devList)))
	l, err := s.take(t.Context(), devList, exclusive)
	require.NoError(t, err)
	defer l.close()
	archive, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer func() { _ = archive.Close() }()
	local, domain := store.SplitAddress(devList)
	places := map[string]bool{}
	for range 50 {
		place, err := l.archivePlace(archive, domain, local)
		require.NoError(t, err)
		places[place] = true
	}
	require.Len(t, places, 50)
}
