package change_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/change"
	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/sqldb"
)

// principals knows who is a mailbox.
type principals struct {
	store.Identities
	standalone, gone string
}

func (p principals) Identity(_ context.Context, username string) (store.Identity, error) {
	if username == p.gone {
		return store.Identity{}, store.NoSuchAccount(username)
	}
	return store.Identity{Username: username, Mailbox: username != p.standalone}, nil
}

func TestEndSessions(t *testing.T) {
	who := principals{standalone: "boss@example.com", gone: "gone@example.com"}
	for name, c := range map[string]struct {
		change store.Change
		stay   []string
	}{
		"plain update": {store.Change{Name: "anna@example.com"},
			[]string{"anna@example.com", "bo@example.com", "boss@example.com", "gone@example.com", "root@elsewhere.test"}},
		"another password": {store.Change{Name: "anna@example.com", EndsSessions: true},
			[]string{"bo@example.com", "boss@example.com", "gone@example.com", "root@elsewhere.test"}},
		"all mailboxes of a domain": {store.Change{Name: "example.com", EndsSessions: true},
			[]string{"boss@example.com", "root@elsewhere.test"}},
		"all mailboxes of a domain but one": {store.Change{Name: "example.com", EndsSessions: true, Discarded: []string{"bo@example.com"}},
			[]string{"bo@example.com", "boss@example.com", "root@elsewhere.test"}},
		"rename": {store.Change{Name: "anna@example.com", NewName: "bo@example.com", EndsSessions: true},
			[]string{"bo@example.com", "boss@example.com", "gone@example.com", "root@elsewhere.test"}},
	} {
		t.Run(name, func(t *testing.T) {
			state := openState(t)
			all := []string{"anna@example.com", "bo@example.com", who.standalone, who.gone, "root@elsewhere.test"}
			for _, name := range all {
				_, err := state.CreateSession(t.Context(), store.Session{IDHash: name, Username: name})
				require.NoError(t, err)
			}
			for range 2 { // the second time is as good as the first
				require.NoError(t, change.EndSessions(state, who).Follow(t.Context(), byRoot.Actor, c.change))
			}
			var stay []string
			for _, name := range all {
				if _, err := state.Session(t.Context(), name); err == nil {
					stay = append(stay, name)
				}
			}
			require.Equal(t, c.stay, stay)
		})
	}
}

func TestPanelLog(t *testing.T) {
	type row struct{ domain, username, event, msg string }
	const anna, dom, root = "anna@example.com", "example.com", "root@elsewhere.test"
	for name, c := range map[string]struct {
		change store.Change
		want   row
	}{
		"create domain": {store.Change{Action: store.ActionCreate, Noun: store.NounDomain, Name: dom, Domain: dom},
			row{dom, "", "create", "Create domain example.com."}},
		"create user": {store.Change{Action: store.ActionCreate, Noun: store.NounUser, Name: anna, Domain: dom},
			row{dom, "", "create", "Create user anna@example.com."}},
		"create admin": {store.Change{Action: store.ActionCreate, Noun: store.NounAdmin, Name: root},
			row{"", "", "create", "Create admin root@elsewhere.test."}},
		"delete alias": {store.Change{Action: store.ActionDelete, Noun: store.NounAlias, Name: anna, Domain: dom},
			row{dom, "", "delete", "Delete alias anna@example.com."}},
		"delete admin": {store.Change{Action: store.ActionDelete, Noun: store.NounAdmin, Name: root},
			row{"", "", "delete", "Delete admin root@elsewhere.test."}},
		"update domain": {store.Change{Action: store.ActionUpdate, Noun: store.NounDomain, Name: dom, Domain: dom},
			row{dom, "", "update", "Update domain example.com."}},
		"update user": {store.Change{Action: store.ActionUpdate, Noun: store.NounUser, Name: anna, Domain: dom},
			row{dom, anna, "update", "Update user anna@example.com."}},
		"update admin": {store.Change{Action: store.ActionUpdate, Noun: store.NounAdmin, Name: root},
			row{"", root, "update", "Update admin root@elsewhere.test."}},
		"update users": {store.Change{Action: store.ActionUpdate, Noun: store.NounUser, Name: dom, Domain: dom},
			row{dom, "", "update", "Update all users of example.com."}},
		"rename user": {
			store.Change{Action: store.ActionRename, Noun: store.NounUser, Name: anna, NewName: "a@example.org", Domain: dom},
			row{"example.org", "a@example.org", "update", "Rename user anna@example.com to a@example.org."},
		},
		"enable user": {store.Change{Action: store.ActionEnable, Noun: store.NounUser, Name: anna, Domain: dom},
			row{"", "", "active", "Enable user anna@example.com."}},
		"disable domain": {store.Change{Action: store.ActionDisable, Noun: store.NounDomain, Name: dom, Domain: dom},
			row{"", "", "disable", "Disable domain example.com."}},
		"grant": {store.Change{Action: store.ActionGrant, Noun: store.NounUser, Name: anna, Domain: dom},
			row{dom, anna, "grant", "Grant global admin rights to user anna@example.com."}},
		"revoke": {store.Change{Action: store.ActionRevoke, Noun: store.NounUser, Name: anna, Domain: dom},
			row{dom, anna, "revoke", "Revoke admin rights of user anna@example.com."}},
		"revoke of a mail user": {store.Change{Action: store.ActionRevoke, Noun: store.NounAdmin, Name: anna, Domain: dom},
			row{dom, anna, "revoke", "Revoke admin rights of admin anna@example.com."}},
	} {
		t.Run(name, func(t *testing.T) {
			got := logged(t, byRoot.Actor, c.change)
			require.Equal(t, c.want, row{
				domain: got.Get("domain").(string), username: got.Get("username").(string), event: got.Get("event").(string),
				msg: strings.TrimPrefix(got.Get("msg").(string), "[API] "),
			})
			require.Equal(t, root, got.Get("admin"))
			require.Equal(t, "192.0.2.7", got.Get("ip"))
			require.Equal(t, "info", got.Get("loglevel"))
			require.Equal(t, "[API] "+c.want.msg, got.Get("msg"))
			require.WithinDuration(t, time.Now(), got.Get("timestamp").(time.Time), time.Minute)
		})
	}
	t.Run("by the program itself", func(t *testing.T) {
		got := logged(t, store.Actor{}, store.Change{Action: store.ActionCreate, Noun: store.NounAdmin, Name: root})
		require.Equal(t, "postern", got.Get("admin"))
		require.Equal(t, "", got.Get("ip"))
		require.Equal(t, "Create admin root@elsewhere.test.", got.Get("msg"))
	})
}

// logged returns the row that the change leaves in the panel's log.
func logged(t *testing.T, actor store.Actor, c store.Change) store.Record {
	t.Helper()
	db, err := sqldb.Open("sqlite://" + filepath.Join(t.TempDir(), "iredadmin.db") + "?sync=off")
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, panelstore.Schema.Migrate(t.Context(), db))
	require.NoError(t, change.PanelLog(panelstore.New(db)).Follow(t.Context(), actor, c))
	rows, err := db.Reader().Records(t.Context(), "SELECT * FROM log")
	require.NoError(t, err)
	require.Len(t, rows, 1)
	return rows[0]
}
