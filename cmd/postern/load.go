package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// errShape says that a value is not of the form that its setting's shape names.
var errShape = errors.New("not of the expected form")

// fileSuffix ends the name of a setting that names the file of a secret.
const fileSuffix = "_file"

// layer is one source of settings. It implements koanf.Provider.
type layer struct {
	values map[string]any
	name   func(key string) string // as people write the key in this source
}

// Read implements koanf.Provider.
func (l layer) Read() (map[string]any, error) { return l.values, nil }

// ReadBytes implements koanf.Provider.
func (l layer) ReadBytes() ([]byte, error) { return nil, errors.ErrUnsupported }

// addConfigFlags adds --config and a flag for every setting; of a secret, the one that names its file.
func addConfigFlags(flags *pflag.FlagSet) {
	flags.String("config", "", "configuration `file` (YAML); "+systemFile+" when absent, if that is there")
	initial := defaultConfig().texts()
	for _, s := range settings {
		if s.secret {
			flags.String(flagName(s.key+fileSuffix), "", "`file` that holds: "+s.usage)
			continue
		}
		flags.String(flagName(s.key), initial[s.key], s.usage)
	}
}

// readConfig reads file, environment and flags in that order, the later one winning, and reports every fault at once.
func readConfig(flags *pflag.FlagSet) (Config, error) {
	c := defaultConfig()
	var faults []error
	k := koanf.New(".")
	path, err := configFile(flags)
	if err != nil {
		return c, err
	}
	for _, read := range []func() (layer, []error){
		func() (layer, []error) { return fileLayer(path) },
		func() (layer, []error) { return environmentLayer(), nil },
		func() (layer, []error) { return flagLayer(flags), nil },
	} {
		l, wrong := read()
		faults = append(faults, wrong...)
		faults = append(faults, l.readSecrets()...)
		if err := k.Load(l, nil); err != nil {
			return c, err
		}
	}
	if err := k.Unmarshal("", &c); err != nil {
		faults = append(faults, shapeFaults(err)...)
	}
	if c.Backend != "sqlite" && !k.Exists("admin") {
		c.Admin = "" // nobody becomes an admin of somebody's server unasked
	}
	faults = append(faults, c.faults()...)
	if len(faults) > 0 {
		return c, fmt.Errorf("the configuration has %d fault(s):\n%w", len(faults), errors.Join(faults...))
	}
	return c, nil
}

// fileLayer reads the YAML file. A key that is no setting is a fault: it would be a typing error that nobody notices.
func fileLayer(path string) (layer, []error) {
	l := layer{values: map[string]any{}, name: func(key string) string { return path + ": " + key }}
	if path == "" {
		return l, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return l, []error{fmt.Errorf("--config: %w", err)}
	}
	var written map[string]yaml.Node
	if err = yaml.Unmarshal(text, &written); err != nil {
		return l, []error{fmt.Errorf("%s: %w", path, err)}
	}
	for key, value := range written {
		l.values[key] = plain(&value)
	}
	var faults []error
	for key := range l.values {
		if !known(key) {
			faults = append(faults, fmt.Errorf("%s: %q is not a setting; see `postern init` for those there are", path, key))
			delete(l.values, key)
		}
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return l, faults
}

// plain returns a value of the file as it is written, a list as its items: what it means is up to the setting, as with a
// variable. YAML would take a password of digits for a number, and a time without a unit for nanoseconds.
func plain(node *yaml.Node) any {
	switch {
	case node.Kind == yaml.AliasNode:
		return plain(node.Alias)
	case node.Kind == yaml.SequenceNode:
		items := make([]any, len(node.Content))
		for i, item := range node.Content {
			items[i] = plain(item)
		}
		return items
	case node.Kind != yaml.ScalarNode:
		return map[string]any{} // of a form that no setting has
	case node.ShortTag() == "!!null":
		return nil
	}
	return node.Value
}

func known(key string) bool {
	return slices.ContainsFunc(settings, func(s setting) bool {
		return key == s.key || s.secret && key == s.key+fileSuffix
	})
}

// environmentLayer reads the POSTERN_ variables. One that is set to nothing counts as set.
func environmentLayer() layer {
	l := layer{values: map[string]any{}, name: variable}
	for _, s := range settings {
		for _, key := range []string{s.key, s.key + fileSuffix} {
			if value, ok := os.LookupEnv(variable(key)); ok && known(key) {
				l.values[key] = value
			}
		}
	}
	return l
}

// flagLayer reads the flags that were given.
func flagLayer(flags *pflag.FlagSet) layer {
	l := layer{values: map[string]any{}, name: func(key string) string { return "--" + flagName(key) }}
	flags.Visit(func(f *pflag.Flag) {
		if key := strings.ReplaceAll(f.Name, "-", "_"); known(key) {
			l.values[key] = f.Value.String()
		}
	})
	return l
}

// readSecrets replaces the names of files by what they hold, without the newline at the end.
func (l layer) readSecrets() []error {
	var faults []error
	for _, s := range settings {
		path, given := l.values[s.key+fileSuffix]
		if !given {
			continue
		}
		delete(l.values, s.key+fileSuffix)
		if _, both := l.values[s.key]; both {
			faults = append(faults, fmt.Errorf("%s: is given beside %s; keep one of them", l.name(s.key+fileSuffix), l.name(s.key)))
			continue
		}
		text, err := os.ReadFile(fmt.Sprint(path))
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("%s: %w", l.name(s.key+fileSuffix), err))
		case strings.TrimRight(string(text), "\r\n") == "":
			faults = append(faults, fmt.Errorf("%s: the file %v is empty; write the secret into it", l.name(s.key+fileSuffix), path))
		default:
			l.values[s.key] = strings.TrimRight(string(text), "\r\n")
		}
	}
	return faults
}

// shapeFaults names the settings that could not be read. What was written is left out: it may be a secret.
func shapeFaults(err error) []error {
	switch e := err.(type) { //nolint:errorlint // it takes the tree of errors apart
	case interface{ Unwrap() []error }:
		var faults []error
		for _, part := range e.Unwrap() {
			faults = append(faults, shapeFaults(part)...)
		}
		return faults
	case *mapstructure.DecodeError:
		return []error{shapeFault(e.Name())}
	}
	if inner := errors.Unwrap(err); inner != nil {
		return shapeFaults(inner)
	}
	return []error{err}
}

func shapeFault(field string) error {
	key, _, _ := strings.Cut(field, "[") // an item of a list
	shape := "one plain value"
	for _, s := range settings {
		if s.key == key && s.shape != "" {
			shape = s.shape
		}
	}
	return fmt.Errorf("%s: cannot be read; write %s", variable(key), shape)
}
