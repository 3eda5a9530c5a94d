package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

func TestUpdateNamesTheWeightiest(t *testing.T) {
	off, on := rules.State{}, rules.State{Active: true}
	offGlobal, onGlobal := rules.State{Global: true}, rules.State{Active: true, Global: true}
	for name, c := range map[string]struct {
		was, is      rules.State
		newPassword  bool
		action       store.Action
		lasting, log bool // EndsSessions
	}{
		"nothing of both":             {was: on, is: on, action: store.ActionUpdate},
		"another password":            {was: on, is: on, newPassword: true, action: store.ActionUpdate, log: true},
		"switched off":                {was: on, is: off, action: store.ActionDisable, lasting: true, log: true},
		"switched on":                 {was: off, is: on, action: store.ActionEnable},
		"becomes a global admin":      {was: on, is: onGlobal, action: store.ActionGrant},
		"is none any more":            {was: onGlobal, is: on, action: store.ActionRevoke},
		"switched off and none":       {was: onGlobal, is: off, action: store.ActionDisable, lasting: true, log: true},
		"switched on, but none":       {was: offGlobal, is: on, action: store.ActionRevoke},
		"switched on, and one":        {was: off, is: onGlobal, action: store.ActionGrant},
		"switched off, and one still": {was: onGlobal, is: offGlobal, action: store.ActionDisable, lasting: true, log: true},
	} {
		t.Run(name, func(t *testing.T) {
			var change store.Change
			rules.Update(&change, c.was, c.is, c.newPassword)
			require.Equal(t, store.Change{Action: c.action, Lasting: c.lasting, EndsSessions: c.log}, change)
		})
	}
	var change store.Change
	rules.UpdateDomain(&change, true, false)
	require.Equal(t, store.Change{Action: store.ActionDisable, Lasting: true}, change, "its admins stay logged in")
}

func TestUpdateAll(t *testing.T) {
	hash, active := store.Secret("{PLAIN}x"), false
	var change store.Change
	rules.UpdateAll(&change, "a.test", store.UsersUpdate{Password: &hash}, []string{"boss@a.test"})
	require.Equal(t, store.Change{
		Action: store.ActionUpdate, Noun: store.NounUser, Name: "a.test", Domain: "a.test", EndsSessions: true, Discarded: []string{"boss@a.test"},
	}, change)
	rules.UpdateAll(&change, "a.test", store.UsersUpdate{Active: &active}, nil)
	require.Equal(t, store.ActionDisable, change.Action)
	require.True(t, change.Lasting && change.EndsSessions)
	active = true
	change = store.Change{}
	rules.UpdateAll(&change, "a.test", store.UsersUpdate{Active: &active}, nil)
	require.Equal(t, store.ActionEnable, change.Action)
	require.False(t, change.Lasting || change.EndsSessions)
}

func TestState(t *testing.T) {
	yes, no := true, false
	require.True(t, rules.State{Active: true}.After(nil, &yes).Leads())
	require.False(t, rules.State{Active: true, Global: true}.After(&no, nil).Leads())
	require.True(t, rules.IsFalse(&no))
	require.False(t, rules.IsFalse(&yes) || rules.IsFalse(nil))
}

func TestMailboxDefaults(t *testing.T) {
	m := rules.Mailboxes{Format: "maildir", Folder: "Maildir"}
	u := store.UserCreate{MailboxFormat: "mdbox"}
	require.NoError(t, m.Complete(&u))
	require.Equal(t, "mdbox", u.MailboxFormat)
	require.Equal(t, "Maildir", u.MailboxFolder)
	u.MailboxFolder = "a/b"
	require.True(t, store.HasCode(m.Complete(&u), store.CodeInvalidMailboxFolder))

	var update store.UserUpdate
	require.NoError(t, m.CompleteUpdate(&update))
	require.Nil(t, update.MailboxFormat, "absent leaves")
	empty, wrong := "", "mbox"
	update.MailboxFormat = &empty
	require.NoError(t, m.CompleteUpdate(&update))
	require.Equal(t, "maildir", *update.MailboxFormat, "empty is the default")
	require.Empty(t, empty, "what the caller holds stays")
	update.MailboxFormat = &wrong
	require.True(t, store.HasCode(m.CompleteUpdate(&update), store.CodeInvalidMailboxFormat))
}

func TestKnownServices(t *testing.T) {
	known := func(name string) bool { return rules.IsService(name) || name == "own" }
	set := store.Set{Add: []string{"imap", "own", "nonsense"}, Remove: []string{"rubbish"}}
	var change store.Change
	_, err := rules.KnownServices(store.Refuse, set, known, &change)
	var e *store.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "addService", e.Field)
	_, err = rules.KnownServices(store.Refuse, store.Set{Remove: []string{"rubbish"}}, known, &change)
	require.ErrorAs(t, err, &e)
	require.Equal(t, "removeService", e.Field)
	set, err = rules.KnownServices(store.Drop, set, known, &change)
	require.NoError(t, err)
	require.Equal(t, []string{"imap", "own"}, set.Add)
	require.Empty(t, set.Remove)
	require.Equal(t, []string{"nonsense", "rubbish"}, change.Discarded)
	require.Equal(t, []string{"imap", "deliver", "lda", "lmtp"}, rules.AllNames([]string{"imap", "deliver"}))
	require.Contains(t, rules.Services(), "sieve")
}

func TestAliasDomains(t *testing.T) {
	set := store.Set{Replace: &[]string{"new.test", "off.test"}}
	_, err := addresses(store.Refuse).AliasDomains(t.Context(), []string{"b.test"}, set)
	require.True(t, store.HasCode(err, store.CodeAlreadyExists), "off.test is a domain")
	c, err := addresses(store.Drop).AliasDomains(t.Context(), []string{"b.test"}, set)
	require.NoError(t, err)
	require.Equal(t, rules.AliasDomains{Added: []string{"new.test"}, Removed: []string{"b.test"}, Discarded: []string{"off.test"}}, c)
	_, err = addresses(store.Drop).AliasDomains(t.Context(), nil, store.Set{Replace: &[]string{"off.test"}})
	var left *store.NothingLeft
	require.ErrorAs(t, err, &left, "nothing of the list is left")
	c, err = addresses(store.Refuse).AliasDomains(t.Context(), []string{"b.test"}, store.Set{})
	require.NoError(t, err)
	require.False(t, c.Touches())
}

func TestTransportAfter(t *testing.T) {
	yes, no, primary, other, empty := true, false, "mx.example", "smtp:[x.example]", ""
	transports := rules.Transports{Default: "dovecot"}
	for name, c := range map[string]struct {
		stored    rules.DomainRoutes
		update    store.DomainUpdate
		transport string
		backupMX  bool
	}{
		"nothing":                  {rules.DomainRoutes{Transport: "x"}, store.DomainUpdate{}, "x", false},
		"another transport":        {rules.DomainRoutes{Transport: "x"}, store.DomainUpdate{Transport: &other}, other, false},
		"the default one":          {rules.DomainRoutes{Transport: "x"}, store.DomainUpdate{Transport: &empty}, "dovecot", false},
		"becomes a backup MX":      {rules.DomainRoutes{Domain: "a.test"}, store.DomainUpdate{BackupMX: &yes}, "relay:a.test", true},
		"of a primary MX":          {rules.DomainRoutes{Domain: "a.test"}, store.DomainUpdate{BackupMX: &yes, PrimaryMX: &primary}, "relay:mx.example", true},
		"ceases to be one":         {rules.DomainRoutes{Transport: "relay:x", BackupMX: true}, store.DomainUpdate{BackupMX: &no}, "dovecot", false},
		"never was one":            {rules.DomainRoutes{Transport: "x"}, store.DomainUpdate{BackupMX: &no}, "x", false},
		"stays one without a word": {rules.DomainRoutes{Transport: "relay:x", BackupMX: true}, store.DomainUpdate{}, "relay:x", true},
	} {
		t.Run(name, func(t *testing.T) {
			transport, backupMX := transports.After(c.stored, c.update)
			require.Equal(t, c.transport, transport)
			require.Equal(t, c.backupMX, backupMX)
		})
	}
}
