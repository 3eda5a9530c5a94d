package statestore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/statestore"
	"github.com/postern-mail/postern/store/storetest"
)

// shortly is long enough to be sure that a lock is not to be had.
const shortly = 100 * time.Millisecond

func TestLocks(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "state.db")
		storetest.Locks(t, open(t, path), open(t, path))
	})
	for _, engine := range storetest.Servers {
		t.Run(engine, func(t *testing.T) {
			url := storetest.DatabaseURL(t, engine)
			storetest.Locks(t, mustOpen(t, url), mustOpen(t, url))
		})
	}
}

// holderURL has the test program hold a lock and do nothing else.
const holderURL = "TEST_HOLDER_URL"

func TestMain(m *testing.M) {
	if url := os.Getenv(holderURL); url != "" {
		hold(url)
	}
	os.Exit(m.Run())
}

// hold says when it has the lock and then waits to be killed.
func hold(url string) {
	s, err := statestore.Open(context.Background(), url)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	_ = s.Locked(context.Background(), []string{"domain example.com"}, func(context.Context) error {
		fmt.Println("held")
		select {}
	})
}

// A process that is killed gives its locks up.
func TestLocksOfADeadProcess(t *testing.T) {
	urls := map[string]func(t *testing.T) string{
		"sqlite": func(t *testing.T) string {
			t.Helper()
			return "sqlite://" + filepath.Join(t.TempDir(), "state.db") + "?sync=off"
		},
	}
	for _, engine := range storetest.Servers {
		urls[engine] = func(t *testing.T) string { t.Helper(); return storetest.DatabaseURL(t, engine) }
	}
	for engine, url := range urls {
		t.Run(engine, func(t *testing.T) {
			at := url(t)
			mine := mustOpen(t, at)
			other := exec.CommandContext(t.Context(), os.Args[0])
			other.Env = append(os.Environ(), holderURL+"="+at)
			out, err := other.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, other.Start())
			said, err := bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "held\n", said)

			short, cancel := context.WithTimeout(t.Context(), shortly)
			defer cancel()
			nothing := func(context.Context) error { return nil }
			require.Error(t, mine.Locked(short, []string{"domain example.com"}, nothing), "the other process has it")
			require.NoError(t, mine.Locked(t.Context(), []string{"domain example.org"}, nothing), "nobody has that one")

			require.NoError(t, other.Process.Kill())
			_ = other.Wait() // it was killed
			require.NoError(t, mine.Locked(t.Context(), []string{"domain example.com"}, nothing))
		})
	}
}
