package rules_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// What is sent back as it is read changes nothing, field by field: one that is added to an update has to be left out as well.
func TestChanges(t *testing.T) {
	changesNothing(t, rules.ChangesOfUser, "Password", "Forwarding", "Aliases")
	changesNothing(t, rules.ChangesOfDomain, "PendingAliasDomains")
	changesNothing(t, rules.ChangesOfAdmin, "Password")
	changesNothing(t, rules.ChangesOfAlias, "Members")
	changesNothing(t, rules.ChangesOfStaticList, "Members")
	changesNothing(t, rules.ChangesOfMailingList, "Subscribers", "SubscriberField", "Elsewhere")
	for _, again := range [][]string{{"ext. 7a"}, {"Ext. 7a", "8"}, {}} {
		u := rules.ChangesOfUser(store.UserUpdate{Telephone: &again}, store.User{Telephone: []string{"Ext. 7a"}})
		require.Equal(t, &again, u.Telephone)
	}
}

// nounFields are the fields of a noun that are named otherwise than that of its update.
var nounFields = map[string]string{"OutboundRelay": "RelayHost", "Limits.NoMailLog": "NoMailLog", "Limits.NoQuarantinedMail": "NoQuarantinedMail"}

// phones are the lists of what is no address, in which another case is another text.
var phones = []string{"Telephone", "Mobile"}

// changesNothing sends back an empty and a filled noun, and the filled one in place of the empty one. Some fields are not looked at.
func changesNothing[U, N any](t *testing.T, changes func(u U, is N) U, but ...string) {
	t.Helper()
	var empty, filled N
	fillNoun(reflect.ValueOf(&filled).Elem())
	for _, noun := range []N{empty, filled} {
		eachField(reflect.ValueOf(changes(sentBack[U](noun, but), noun)), "", func(name string, v reflect.Value) {
			if !slices.Contains(but, name) {
				require.True(t, v.IsZero(), "%s of %T", name, *new(U))
			}
		})
	}
	eachField(reflect.ValueOf(changes(sentBack[U](filled, but), empty)), "", func(name string, v reflect.Value) {
		require.True(t, slices.Contains(but, name) || !v.IsZero(), "another %s of %T", name, *new(U))
	})
}

// fillNoun gives every field of a noun a value.
func fillNoun(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Interface().(type) {
		case string:
			f.SetString("Text")
		case bool:
			f.SetBool(true)
		case int64:
			f.SetInt(7)
		case []string:
			f.Set(reflect.ValueOf([]string{"A@a.test", "b@a.test"}))
		case store.AdminLimits:
			fillNoun(f)
		}
	}
}

// sentBack is the update that says what a noun has, with lists in another order and case.
func sentBack[U, N any](noun N, but []string) U {
	var u U
	eachField(reflect.ValueOf(&u).Elem(), "", func(name string, to reflect.Value) {
		if slices.Contains(but, name) {
			return
		}
		if other, ok := nounFields[name]; ok {
			name = other
		}
		from := reflect.ValueOf(noun)
		for part := range strings.SplitSeq(name, ".") {
			from = from.FieldByName(part)
		}
		if list, ok := from.Interface().([]string); ok {
			other := []string{}
			for _, v := range slices.Backward(list) {
				if !slices.Contains(phones, name) {
					v = strings.ToLower(v)
				}
				other = append(other, v)
			}
			from = reflect.ValueOf(other)
		}
		if to.Type() == reflect.TypeFor[store.Set]() {
			list, _ := from.Interface().([]string)
			to.Set(reflect.ValueOf(store.Set{Replace: &list}))
			return
		}
		pointer := reflect.New(from.Type())
		pointer.Elem().Set(from)
		to.Set(pointer)
	})
	return u
}

// eachField calls fn for each field of an update, and for those of limits as Limits.Name.
func eachField(v reflect.Value, prefix string, fn func(name string, v reflect.Value)) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type == reflect.TypeFor[store.LimitsUpdate]() {
			eachField(v.Field(i), prefix+f.Name+".", fn)
			continue
		}
		fn(prefix+f.Name, v.Field(i))
	}
}
