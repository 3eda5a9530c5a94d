package contract

import (
	"fmt"
	"slices"
	"strings"
)

// The keys of the contract that begin with x-. Its introduction explains them.
const (
	keyAccess      = "x-access"
	keyTarget      = "x-target"
	keyTargetAlias = "x-target-alias"
	keyProfile     = "x-profile"
	keyProfileOf   = "x-profile-of"
	keyRequires    = "x-requires"
	keyBulk        = "x-bulk"
	keyReadOnly    = "x-read-only"
	keyMaxBody     = "x-max-body"
	keyPostern     = "x-postern"
	keyReplaces    = "x-replaces"
	keyConflicts   = "x-conflicts"
	keyNeeds       = "x-needs"
	keyLegacyNeeds = "x-legacy-needs"
	keyPasswords   = "x-passwords"
	keyPresence    = "x-presence"
	keyLegacyNames = "x-legacy-names"
	keyLegacyWords = "x-legacy-words"
	keyStoredNames = "x-stored-names"
	keyCode        = "x-code"
	keyCodeMissing = "x-code-missing"
	keyGoName      = "x-go-name"
	keyGoType      = "x-go-type"
	keyErrors      = "x-errors"
	keyStrict      = "x-strict"
	keyLegacyReply = "x-legacy-reply"
	keyOrdered     = "x-ordered"
	keyCompared    = "x-compared"

	keyExtensibleEnum = "x-extensible-enum"
	keyErrorCodes     = "x-error-codes"
)

// keys reads those of one object. The first value that a key cannot have is kept as the fault.
type keys struct {
	extensions map[string]any
	fault      error
}

func (k *keys) refuse(key, want string) {
	if k.fault == nil {
		k.fault = fmt.Errorf("%s is %v; it has to be %s", key, k.extensions[key], want)
	}
}

// only refuses keys that mean nothing here: a misspelt one would be passed over.
func (k *keys) only(known []string) {
	for key := range k.extensions {
		if strings.HasPrefix(key, "x-") && !slices.Contains(known, key) && k.fault == nil {
			k.fault = fmt.Errorf("%s means nothing here", key)
		}
	}
}

func (k *keys) text(key string) string {
	value, stated := k.extensions[key]
	text, ok := value.(string)
	if stated && (!ok || text == "") {
		k.refuse(key, "a text")
	}
	return text
}

func (k *keys) boolean(key string) (value, stated bool) {
	found, stated := k.extensions[key]
	value, ok := found.(bool)
	if stated && !ok {
		k.refuse(key, "true or false")
	}
	return value, stated
}

// flag is for keys that stand only where they are true.
func (k *keys) flag(key string) bool {
	value, stated := k.boolean(key)
	if stated && !value {
		k.refuse(key, "true, or left out")
	}
	return value
}

// whole reads a whole number, 0 where there is none.
func (k *keys) whole(key string) int64 {
	value, stated := k.extensions[key]
	n, ok := value.(float64)
	if stated && (!ok || n != float64(int64(n))) {
		k.refuse(key, "a whole number")
		return 0
	}
	return int64(n)
}

func (k *keys) texts(key string) []string {
	value, stated := k.extensions[key]
	if !stated {
		return nil
	}
	list, ok := value.([]any)
	all := make([]string, 0, len(list))
	for _, item := range list {
		if text, isText := item.(string); isText && text != "" {
			all = append(all, text)
		}
	}
	if !ok || len(all) == 0 || len(all) != len(list) {
		k.refuse(key, "a list of texts")
	}
	return all
}

func (k *keys) pairs(key string) [][2]string {
	value, stated := k.extensions[key]
	if !stated {
		return nil
	}
	list, ok := value.([]any)
	var all [][2]string
	for _, item := range list {
		pair := &keys{extensions: map[string]any{key: item}}
		if names := pair.texts(key); pair.fault == nil && len(names) == 2 {
			all = append(all, [2]string{names[0], names[1]})
		}
	}
	if !ok || len(all) == 0 || len(all) != len(list) {
		k.refuse(key, "a list of pairs of parameters")
	}
	return all
}

// legacyNames reads x-legacy-names. A name=value stands for that value, whatever is sent with the name.
func (k *keys) legacyNames() map[string]*string {
	all := map[string]*string{}
	for _, text := range k.texts(keyLegacyNames) {
		name, value, fixed := strings.Cut(text, "=")
		all[name] = nil
		if fixed {
			all[name] = &value
		}
	}
	return all
}

// oneOf reads a key that holds one of some words, "" where there is none.
func oneOf[T ~string](k *keys, key string, words ...T) T {
	text := T(k.text(key))
	if text != "" && !slices.Contains(words, text) {
		k.refuse(key, fmt.Sprintf("one of %v", words))
	}
	return text
}

// someOf reads a key that holds a list of some words.
func someOf[T ~string](k *keys, key string, words ...T) []T {
	var all []T
	for _, text := range k.texts(key) {
		if !slices.Contains(words, T(text)) {
			k.refuse(key, fmt.Sprintf("a list of %v", words))
		}
		all = append(all, T(text))
	}
	return all
}
