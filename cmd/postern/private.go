package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// forOthers are the rights of everybody who is neither the owner nor of the group.
const forOthers = fs.FileMode(0o006)

// exposed returns what others can read or write of the places where password hashes, sessions and secrets are: the data
// directory, the files in it, databases elsewhere and the configuration file, each with the command that mends it.
func (c Config) exposed(configFile string) []string {
	paths := []string{configFile, c.DataDir}
	entries, _ := os.ReadDir(c.DataDir) // what cannot be read is told of where it is opened
	for _, e := range entries {
		if e.Type().IsRegular() {
			paths = append(paths, filepath.Join(c.DataDir, e.Name()))
		}
	}
	for _, d := range c.databases() {
		if c.embedded(d) && !c.inDataDir(c.path(d)) {
			for _, end := range []string{"", "-wal", "-shm"} {
				paths = append(paths, c.path(d)+end)
			}
		}
	}
	var all []string
	for _, path := range paths {
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&forOthers == 0 {
			continue
		}
		all = append(all, fmt.Sprintf("%s has mode %04o, so that every user of this machine can %s it; chmod o-rwx %s",
			path, info.Mode().Perm(), verbs(info.Mode()), path))
	}
	return all
}

func verbs(mode fs.FileMode) string {
	var all []string
	if mode&0o004 != 0 {
		all = append(all, "read")
	}
	if mode&0o002 != 0 {
		all = append(all, "write")
	}
	return strings.Join(all, " and ")
}

// tellExposed names what others can read.
func (c Config) tellExposed(w io.Writer, configFile string) error {
	for _, text := range c.exposed(configFile) {
		if _, err := fmt.Fprintf(w, "%-9s %s\n", "private", text); err != nil {
			return err
		}
	}
	return nil
}
