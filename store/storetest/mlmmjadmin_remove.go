package storetest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func (l adminList) remove(archive bool) any {
	if !l.exists() {
		return nil
	}
	if !archive {
		if err := os.RemoveAll(l.dir); err != nil {
			return err
		}
		return nil
	}
	stamp := time.Now().UTC().Format("-20060102150405")
	place := filepath.Join(l.Archive, strings.TrimPrefix(l.dir, l.Spool)) + stamp
	if _, err := os.Stat(place); err == nil {
		place += stamp // a third one in the same second fails
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(place), 0o700), os.Mkdir(place, 0o700)); err != nil {
		return err
	}
	if err := os.Rename(l.dir, filepath.Join(place, filepath.Base(l.dir))); err != nil {
		return err
	}
	return place
}
