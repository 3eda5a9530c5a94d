package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// database is one of the databases that Postern works with.
type database struct {
	key  string // of its setting
	name string // for people
	file string // in the data directory, where the setting is absent
	dsn  store.Secret
}

// databases returns all that can be configured, those that this build opens first.
func (c Config) databases() []database {
	return []database{
		{"vmail_dsn", "accounts", "vmail.db", c.VmailDSN},
		{"iredadmin_dsn", "panel", "iredadmin.db", c.IredadminDSN},
		{"state_dsn", "state", "state.db", c.StateDSN},
		{"amavisd_dsn", "Amavisd", "", c.AmavisdDSN},
		{"iredapd_dsn", "iRedAPD", "", c.IredapdDSN},
	}
}

// database returns the one of that key.
func (c Config) database(key string) database {
	for _, d := range c.databases() {
		if d.key == key {
			return d
		}
	}
	panic("no database " + key)
}

// url is where the database is: as configured, else a file in the data directory.
func (c Config) url(d database) string {
	if d.dsn != "" {
		return d.dsn.Reveal()
	}
	return "sqlite://" + filepath.Join(c.DataDir, d.file)
}

// path is the file of a SQLite URL.
func (c Config) path(d database) string {
	_, rest, _ := strings.Cut(c.url(d), "://")
	path, _, _ := strings.Cut(rest, "?")
	return path
}

// open opens a database of ours, whose file it makes when it is missing. Others may not read it: it holds password
// hashes and sessions.
func (c Config) open(d database) (*sqldb.DB, error) {
	if err := c.prepare(d); err != nil {
		return nil, err
	}
	return sqldb.Open(c.url(d))
}

func (c Config) prepare(d database) error {
	if d.dsn == "" {
		if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
			return fmt.Errorf("%s: %w", variable("data_dir"), err)
		}
	}
	f, err := os.OpenFile(c.path(d), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// inspect reports whether the database can be used, in a few words, and changes nothing: a file that is missing
// is made by serve.
func (c Config) inspect(ctx context.Context, d database) (state string, err error) {
	path := c.path(d)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "is not there yet, serve makes it", c.mayCreate(path)
	}
	if err != nil {
		return "", err
	}
	if err = f.Close(); err != nil {
		return "", err
	}
	db, err := sqldb.Open(c.url(d))
	if err != nil {
		return "", err
	}
	return "answers", errors.Join(db.Ping(ctx), db.Close())
}

// mayCreate tries whether a file can be made at path. The directory itself may be missing only where serve makes it.
func (c Config) mayCreate(path string) error {
	dir := filepath.Dir(path)
	for {
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			return fmt.Errorf("%s is no directory", dir)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) || !c.inDataDir(path) {
			return err
		}
		dir = filepath.Dir(dir)
	}
	f, err := os.CreateTemp(dir, ".postern-check-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (c Config) inDataDir(path string) bool { return filepath.Dir(path) == filepath.Clean(c.DataDir) }
