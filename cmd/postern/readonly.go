package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// readOnlyFile makes the server read-only while it lies in the data directory.
const readOnlyFile = "read-only"

// readOnly reports whether nothing may be written to mail data now.
func (c Config) readOnly() bool {
	if c.ReadOnly {
		return true
	}
	_, err := os.Lstat(filepath.Join(c.DataDir, readOnlyFile))
	return err == nil
}

// unlessReadOnly is a chore that rests while nothing may be written.
func (c Config) unlessReadOnly(do func(ctx context.Context) error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		if c.readOnly() {
			return nil
		}
		return do(ctx)
	}
}

// refuseReadOnly returns an error while nothing may be written.
func (c Config) refuseReadOnly() error {
	if !c.readOnly() {
		return nil
	}
	return fmt.Errorf("%s: nothing is written while it is yes or the file %s is there", variable("read_only"),
		filepath.Join(c.DataDir, readOnlyFile))
}
