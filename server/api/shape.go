package api

import (
	"strings"

	"github.com/postern-mail/postern/store"
)

// What a GET shows has the shape of where accounts are kept: columns of a row, or attributes of an entry, which are always
// lists. This file knows the names that both have for the same thing.

// settings is the parsed settings of an account under the name of where they are kept.
func (a *API) settings(r store.Record) store.Field {
	if a.deps.Directory != nil {
		return store.Field{Name: "accountSetting", Value: r}
	}
	return store.Field{Name: "settings", Value: r}
}

// showPassword adds the stored hash. An entry may have several, which come one a line.
func (a *API) showPassword(r *store.Record, hash store.Secret) {
	if a.deps.Directory != nil {
		r.Set("userPassword", strings.Split(hash.Reveal(), "\n"))
		return
	}
	r.Set("password", hash.Reveal())
}
