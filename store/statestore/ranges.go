package statestore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// An embedded database has no server that would keep locks. The processes that share its file share another one beside it:
// each name is one byte of that, which the kernel locks for a process until it ends. Nothing is ever written there.

// ranges is the file of locks.
type ranges struct {
	file *os.File
	mu   sync.Mutex
	held map[int64]int // how often each byte is held here: two names may fall on the same
}

// besideFile opens the file of locks beside the database file of a URL.
func besideFile(url string) (holder, error) {
	_, rest, _ := strings.Cut(url, "://")
	path, _, _ := strings.Cut(rest, "?")
	file, err := os.OpenFile(path+".locks", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the file of locks: %w", err)
	}
	return &ranges{file: file, held: map[int64]int{}}, nil
}

// close may be called again, as that of a database may.
func (r *ranges) close() error {
	if err := r.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// place is the byte that stands for a name.
func place(name string) int64 {
	sum := sha256.Sum256([]byte(name))
	return int64(binary.BigEndian.Uint32(sum[:4]))
}

func (r *ranges) hold(ctx context.Context, names []string, fn func() error) (bool, error) {
	places := make([]int64, len(names))
	for i, name := range names {
		places[i] = place(name)
	}
	slices.Sort(places)
	places = slices.Compact(places)
	held := 0
	defer func() {
		for _, at := range places[:held] {
			r.letGo(at)
		}
	}()
	for _, at := range places {
		if taken, err := r.take(ctx, at); !taken || err != nil {
			return false, err
		}
		held++
	}
	return true, fn()
}

// take locks a byte, and tries again until it can or the context ends: the kernel's own waiting could not be ended.
func (r *ranges) take(ctx context.Context, at int64) (bool, error) {
	const first, longest = time.Millisecond, 20 * time.Millisecond
	for pause := first; ; pause = min(2*pause, longest) {
		taken, err := r.try(at)
		if taken || err != nil {
			return taken, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false, nil
		case <-timer.C:
		}
	}
}

func (r *ranges) try(at int64) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held[at] == 0 {
		taken, err := lockByte(r.file, at)
		if !taken || err != nil {
			return false, err
		}
	}
	r.held[at]++
	return true, nil
}

func (r *ranges) letGo(at int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held[at]--; r.held[at] > 0 {
		return
	}
	delete(r.held, at)
	unlockByte(r.file, at)
}
