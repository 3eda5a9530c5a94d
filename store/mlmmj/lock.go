package mlmmj

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

const (
	shared    = syscall.LOCK_SH
	exclusive = syscall.LOCK_EX
	// longestWait bounds the wait for a lock where the caller sets no time of its own.
	longestWait = 10 * time.Second
)

// flock takes a lock on an open directory, which holds among processes and goroutines and goes with the file. It leaves
// nothing behind that mlmmj would stumble over.
func flock(ctx context.Context, f *os.File, how int) error {
	return await(ctx, func() error { return syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB) })
}

// recordLock takes the lock that mlmmj's own programs take on a file. It belongs to the whole process, so who takes it
// holds the exclusive lock of the list, and who opens such a file holds at least the shared one.
func recordLock(ctx context.Context, f *os.File) error {
	return await(ctx, func() error {
		return syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart})
	})
}

// await tries until the lock is free or the time is up.
func await(ctx context.Context, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := try()
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EACCES):
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for a lock: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
}
