package store_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// What an update of a list changes leads to the same settings as the whole update, whatever the settings were.
func TestChangesOfLists(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(of reflect.Type) reflect.Value {
		v := reflect.New(of).Elem()
		switch v.Interface().(type) {
		case bool:
			v.SetBool(random.IntN(2) == 0)
		case string:
			v.SetString([]string{"", "a", "b"}[random.IntN(3)])
		case int64:
			v.SetInt(random.Int64N(2))
		case []string:
			v.Set(reflect.ValueOf([][]string{{}, {"a@a.test"}, {"a@a.test", "b@a.test"}}[random.IntN(3)]))
		}
		return v
	}
	for range 20_000 {
		var now store.MlmmjSettings
		var u store.MailingListUpdate
		settings, update := reflect.ValueOf(&now).Elem(), reflect.ValueOf(&u.Settings).Elem()
		for i := range update.NumField() {
			field := settings.FieldByName(update.Type().Field(i).Name)
			field.Set(pick(field.Type()))
			if random.IntN(3) > 0 {
				given := reflect.New(field.Type())
				given.Elem().Set(pick(field.Type()))
				update.Field(i).Set(given)
			}
		}
		now = now.With(store.MlmmjUpdate{OnlyModeratorsPost: &now.OnlyModeratorsPost})
		is := store.MailingList{Settings: now}
		is.Mail, is.Name, is.Newsletter = "dev@a.test", now.Name, now.Newsletter
		is.MaxMessageSize, is.ExtraAddresses, is.Owners, is.Moderators = now.MaxMessageSize, now.ExtraAddresses, now.Owners, now.Moderators
		is.AccessPolicy = map[bool]string{true: store.PolicyModeratorsOnly}[now.OnlyModeratorsPost]
		if is.AccessPolicy == "" && now.OnlySubscribersPost {
			is.AccessPolicy = store.PolicyMembersOnly
		}
		want, got := now.With(u.Settings), now.With(u.Changes(is).Settings)
		require.Equal(t, emptied(want), emptied(got), "from %+v", now)
		if emptied(want) == emptied(now) {
			require.Zero(t, u.Changes(is).Settings)
		}
	}
}

// emptied is the settings in a form that can be compared: no list is the empty one.
func emptied(s store.MlmmjSettings) string {
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		if list, ok := v.Field(i).Interface().([]string); ok && list == nil {
			v.Field(i).Set(reflect.ValueOf([]string{}))
		}
	}
	text, err := store.Record{{Name: "all", Value: s}}.MarshalJSON()
	if err != nil {
		return err.Error()
	}
	return string(text)
}
