package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

func TestExtended(t *testing.T) {
	for mail, c := range map[string]struct {
		delimiters string
		want       []string
	}{
		"anna@a.test":       {"+", nil},
		"anna+x@a.test":     {"+", []string{"anna@a.test"}},
		"anna+x+y@a.test":   {"+", []string{"anna@a.test", "anna+x@a.test"}},
		"anna-x+y@a.test":   {"+-", []string{"anna@a.test", "anna-x@a.test"}},
		"anna-z@a.test":     {"+", nil},
		"+x@a.test":         {"+", nil},
		"anna+x@a.b+c.test": {"", nil},
		"anna+@a.test":      {"+", []string{"anna@a.test"}},
	} {
		require.Equal(t, c.want, rules.Extended(mail, c.delimiters), mail)
	}
}

func TestTaken(t *testing.T) {
	boss := rules.Owner{Identity: store.Identity{Username: "boss@a.test", Mailbox: true, Global: true}}
	anna := rules.Owner{Identity: store.Identity{Username: "anna@a.test", Mailbox: true}}
	owners := map[string]rules.Owner{"boss@a.test": boss, "anna@a.test": anna, "list@a.test": {List: true}}
	admin := store.Identity{Username: "me@a.test", Domains: []string{"a.test"}, Limits: store.AdminLimits{Users: -1}}
	global := store.Identity{Username: "root@x.test", Global: true}
	for _, c := range []struct {
		mail, delimiters string
		admin, global    bool // taken for them
	}{
		{"boss+x@a.test", "+", true, false},
		{"boss-x@a.test", "+", false, false},
		{"boss-x@a.test", "+-", true, false},
		{"boss+x@a.test", "-", false, false},
		{"anna+x@a.test", "+", false, false},
		{"nobody+x@a.test", "+", false, false},
		{"list+subscribe@a.test", "+", true, true},
		{"list+subscribe@a.test", "-", true, true},
		{"list-subscribe@a.test", "+-", false, false},
	} {
		require.Equal(t, c.admin, rules.Taken(admin, c.mail, c.delimiters, owners), c.mail)
		require.Equal(t, c.global, rules.Taken(global, c.mail, c.delimiters, owners), c.mail)
	}
	require.Equal(t, []string{"a@a.test", "b@a.test"}, rules.Candidates([]string{"b+x@a.test", "a-y@a.test", "b+z@a.test"}, "-"))
}
