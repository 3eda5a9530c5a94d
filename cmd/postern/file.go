package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
)

// systemFile is the configuration file where --config names none. A test has one of its own.
var systemFile = "/etc/postern/postern.yaml"

// localFiles are names under which people keep a configuration file where they happen to be. What is there may be anybody's, so
// it is never read unasked.
var localFiles = []string{"postern.yaml", "postern.yml"}

// configFile is the file that settings are read from, "" for none: the one that --config names, else that of the system if it is
// there.
func configFile(flags *pflag.FlagSet) (string, error) {
	path, err := flags.GetString("config")
	if err != nil || flags.Changed("config") {
		return path, err
	}
	if _, err = os.Stat(systemFile); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return systemFile, nil // reading it tells what else is wrong
}

// ignoredFile is a configuration file in the working directory that is not read, "" where there is none.
func ignoredFile(flags *pflag.FlagSet) string {
	if flags.Changed("config") {
		return ""
	}
	system, _ := os.Stat(systemFile)
	for _, name := range localFiles {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() || system != nil && os.SameFile(info, system) {
			continue
		}
		if path, err := filepath.Abs(name); err == nil {
			return path
		}
		return name
	}
	return ""
}

// warnIgnored tells of a configuration file that somebody may believe is read.
func (c Config) warnIgnored(flags *pflag.FlagSet, warn func(message string, args ...any)) {
	if path := ignoredFile(flags); path != "" {
		warn("the configuration file in the working directory is not read; name it with --config", "file", path)
	}
}
