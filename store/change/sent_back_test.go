package change_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// TestListsSentBack: a list that is sent back as it is read touches no row and no file, and nobody is told.
func TestListsSentBack(t *testing.T) { onBothDrivers(t, listsSentBack) }

func listsSentBack(t *testing.T, open func(t *testing.T) *post) {
	yes, size := true, int64(10<<30)
	people, more := []string{"bo@example.com", "m@far.test"}, []string{"d@example.com", "e@example.com"}
	headers := []string{"X-One: 1", "X-Two: 2"}
	for name, c := range map[string]struct {
		create store.MailingListCreate
		update store.MailingListUpdate
		odd    func(t *testing.T, p *post)
	}{
		"new": {},
		"with everything": {create: store.MailingListCreate{
			Active: true, AccessPolicy: text("moderatorsonly"), Description: "x\ny",
			Settings: store.MlmmjUpdate{
				Name: text("Dev"), Newsletter: &yes, MaxMessageSize: &size, ExtraAddresses: &more, Owners: &people, Moderators: &people,
				SubscriptionModerators: &people, SubjectPrefix: text("[Dev] "), FooterText: text("Bye"), FooterHTML: text("<p>Bye</p>"),
				CustomHeaders: &headers, RemoveHeaders: &[]string{"X-Gone"}, NotifyOwners: &yes, Closed: &yes,
			},
		}},
		"moderated by its owners": {update: store.MailingListUpdate{Settings: store.MlmmjUpdate{
			Moderated: &yes, Owners: &people, Moderators: &[]string{},
		}}},
		"of its domain": {update: store.MailingListUpdate{AccessPolicy: text("domain")}},
		"of anybody":    {update: store.MailingListUpdate{AccessPolicy: text("")}},
		"of another one": {odd: func(t *testing.T, p *post) {
			t.Helper()
			p.write(t, "control/moderated", "")
			p.write(t, "control/prefix", "[x]\nrest\n")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			c.create.Mail, c.create.Subscribers, c.create.Subscription = dev, members, store.SubscribeNormal
			_, err := p.mls().CreateMailingList(t.Context(), byRoot, c.create)
			require.NoError(t, err)
			_, err = p.mls().UpdateMailingList(t.Context(), byRoot, dev, c.update)
			require.NoError(t, err)
			if c.odd != nil {
				c.odd(t, p)
			}
			list, err := p.mls().MailingList(t.Context(), dev)
			require.NoError(t, err)
			p.restart()
			before, files := p.everything(t), p.files(t)
			row, err := p.accounts.MailingListAccount(t.Context(), dev)
			require.NoError(t, err)

			done, err := p.mls().UpdateMailingList(t.Context(), byRoot, dev, listAsRead(list))
			require.NoError(t, err)
			require.True(t, done.Nothing, "%v", done.After)
			require.NotContains(t, p.taken, "ConfigureList")
			require.Empty(t, p.log.changes)
			require.Equal(t, before, p.everything(t))
			require.Equal(t, files, p.files(t))
			now, err := p.accounts.MailingListAccount(t.Context(), dev)
			require.NoError(t, err)
			require.Equal(t, row, now)

			u := listAsRead(list)
			u.Settings.SubjectPrefix = text("[Other]")
			done, err = p.mls().UpdateMailingList(t.Context(), byRoot, dev, u)
			require.NoError(t, err)
			require.False(t, done.Nothing)
			require.Len(t, p.log.changes, 1)
			require.Equal(t, "[Other]", p.everything(t)[dev].Settings.SubjectPrefix)
			done, err = p.mls().UpdateMailingList(t.Context(), byRoot, dev, store.MailingListUpdate{Unsubscribe: []string{"x@far.test"}})
			require.NoError(t, err)
			require.False(t, done.Nothing)
			require.Len(t, p.log.changes, 2)
		})
	}
}

// TestNothingHasNoFollowers: what changes nothing is told to nobody, and needs no intent.
func TestNothingHasNoFollowers(t *testing.T) {
	p := newPost(t)
	told := 0
	p.all().OnChange(func(store.Change) { told++ })
	update := func(u store.UserUpdate) store.Change {
		t.Helper()
		c, err := p.all().UpdateUser(t.Context(), byRoot, "bo@example.com", u)
		require.NoError(t, err)
		return c
	}
	no := false
	require.False(t, update(store.UserUpdate{Active: &no, Name: text("Bo")}).Nothing)
	require.Len(t, p.log.changes, 1)
	require.Equal(t, 1, told)
	for _, u := range []store.UserUpdate{{}, {Active: &no}, {Active: &no, Name: text("Bo"), Language: text("")}} {
		require.True(t, update(u).Nothing)
	}
	require.Len(t, p.log.changes, 1)
	require.Equal(t, 1, told)
	intents, err := p.state.UnfinishedIntents(t.Context())
	require.NoError(t, err)
	require.Empty(t, intents)
}

// listAsRead is the update that says of a list what is read of it. Lists come in another order.
func listAsRead(is store.MailingList) store.MailingListUpdate {
	shown := is.Settings
	shown.Name, shown.Newsletter = is.Name, is.Newsletter
	shown.MaxMessageSize, shown.ExtraAddresses = is.MaxMessageSize, is.ExtraAddresses
	u := store.MailingListUpdate{Active: &is.Active, AccessPolicy: &is.AccessPolicy, Description: &is.Description}
	from, to := reflect.ValueOf(shown), reflect.ValueOf(&u.Settings).Elem()
	for i := range to.NumField() {
		value := from.FieldByName(to.Type().Field(i).Name)
		if list, ok := value.Interface().([]string); ok {
			list = append([]string{}, list...)
			slices.Reverse(list)
			value = reflect.ValueOf(list)
		}
		pointer := reflect.New(value.Type())
		pointer.Elem().Set(value)
		to.Field(i).Set(pointer)
	}
	return u
}

// files are all files of the spool, with what tells whether they were written to.
func (p *post) files(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(p.lists.Spool, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		all[path] = info.ModTime().String() + " " + string(content)
		return err
	}))
	require.NotEmpty(t, all)
	return all
}

// write has a file of the list hold a text, as another program would.
func (p *post) write(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(p.lists.Spool, "example.com", "dev", name), []byte(content), 0o600))
}
