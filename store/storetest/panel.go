package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/sqldb"
)

// PanelFixture is a fresh database of the panel to test.
type PanelFixture struct {
	Panel store.Panel
	// SQL is the database below, to look at rows and to fill in what the panel writes.
	SQL *sqldb.DB
}

// Panel runs the whole suite of store.Panel. Each subtest opens a fresh, empty store, which open closes.
func Panel(t *testing.T, open func(t *testing.T) PanelFixture) {
	t.Helper()
	open = counted(t, open)
	t.Run("log", func(t *testing.T) { panelLog(t, open) })
	t.Run("settings", func(t *testing.T) { panelSettings(t, open) })
	t.Run("leftovers", func(t *testing.T) { panelLeftovers(t, open) })
	t.Run("restrictions", func(t *testing.T) { panelRestrictions(t, open) })
	t.Run("answers", func(t *testing.T) { require.NoError(t, open(t).Panel.Ping(ctx(t))) })
}

// panelRows reads rows of the panel's database.
func panelRows(t *testing.T, f PanelFixture, query string) []store.Record {
	t.Helper()
	records, err := f.SQL.Reader().Records(ctx(t), query)
	require.NoError(t, err)
	return records
}

func panelLeftovers(t *testing.T, open func(t *testing.T) PanelFixture) {
	fill := func(t *testing.T, f PanelFixture, names ...string) {
		for _, name := range names {
			for _, query := range []string{
				"INSERT INTO settings (account, k, v) VALUES (?, 'x', '{\"value\": 1}')",
				"INSERT INTO domain_ownership (admin, domain) VALUES (?, 'x.test')",
				"INSERT INTO newsletter_subunsub_confirms (mail, mlid, subscriber) VALUES (?, ?, 's@elsewhere.test')",
				"INSERT INTO newsletter_subunsub_confirms (mail, mlid, subscriber) VALUES ('l@elsewhere.test', 'x', ?)",
			} {
				args := []any{name}
				if strings.Count(query, "?") == 2 {
					args = append(args, name)
				}
				Exec(t, f.SQL, query, args...)
			}
		}
	}
	left := func(t *testing.T, f PanelFixture, name string) int {
		n := 0
		for _, query := range []string{
			"SELECT * FROM settings WHERE account = '" + name + "'", "SELECT * FROM domain_ownership WHERE admin = '" + name + "'",
			"SELECT * FROM newsletter_subunsub_confirms WHERE mail = '" + name + "' OR subscriber = '" + name + "'",
		} {
			n += len(panelRows(t, f, query))
		}
		return n
	}
	others := []string{"global", "ann@x_test.org", "ann@xxtest.org", "xann@xa.test", "ann@sub.a.test", "xa.test"}
	for name, gone := range map[string][]string{"ann@a.test": {"ann@a.test"}, "a.test": {"ann@a.test", "bo@a.test", "a.test"}, "x_test.org": {"ann@x_test.org"}} {
		t.Run(name, func(t *testing.T) {
			f := open(t)
			about, ok := f.Panel.(store.Leftovers)
			require.True(t, ok)
			held, err := about.HoldsAccount(ctx(t), name)
			require.NoError(t, err)
			require.False(t, held)
			all := slices.Compact(slices.Sorted(slices.Values(append([]string{"ann@a.test", "bo@a.test", "a.test"}, others...))))
			fill(t, f, all...)
			held, err = about.HoldsAccount(ctx(t), name)
			require.NoError(t, err)
			require.True(t, held)
			for range 2 {
				require.NoError(t, about.ForgetAccount(ctx(t), name))
			}
			held, err = about.HoldsAccount(ctx(t), name)
			require.NoError(t, err)
			require.False(t, held)
			for _, account := range all {
				want := 4
				if slices.Contains(gone, account) {
					want = 0
				}
				require.Equal(t, want, left(t, f, account), account)
			}
		})
	}
}

func panelLog(t *testing.T, open func(t *testing.T) PanelFixture) {
	const query = "SELECT timestamp, admin, ip, domain, username, event, loglevel, msg FROM log ORDER BY id"
	full := store.LogEntry{
		Time: noon, Admin: "root@elsewhere.test", IP: "2001:db8::1", Domain: "example.com", Username: "anna@example.com",
		Event: "update", Level: "error", Message: "Änderung 🚪",
	}
	t.Run("keeps what it is given", func(t *testing.T) {
		f := open(t)
		require.NoError(t, f.Panel.AppendLog(ctx(t), full))
		got := panelRows(t, f, query)
		require.Len(t, got, 1)
		at, ok := got[0].Get("timestamp").(time.Time)
		require.True(t, ok)
		require.True(t, noon.Equal(at))
		require.Equal(t, store.Record{
			{Name: "admin", Value: full.Admin}, {Name: "ip", Value: full.IP}, {Name: "domain", Value: full.Domain},
			{Name: "username", Value: full.Username}, {Name: "event", Value: full.Event}, {Name: "loglevel", Value: full.Level},
			{Name: "msg", Value: full.Message},
		}, got[0].Without("timestamp"))
	})
	t.Run("appends", func(t *testing.T) {
		f := open(t)
		second := full
		second.Message = "second"
		require.NoError(t, f.Panel.AppendLog(ctx(t), full))
		require.NoError(t, f.Panel.AppendLog(ctx(t), second))
		got := panelRows(t, f, query)
		require.Len(t, got, 2)
		require.Equal(t, "second", got[1].Get("msg"))
	})
	t.Run("level is info unless it is given", func(t *testing.T) {
		f := open(t)
		require.NoError(t, f.Panel.AppendLog(ctx(t), store.LogEntry{Time: noon, Event: "create"}))
		require.Equal(t, "info", panelRows(t, f, query)[0].Get("loglevel"))
	})
	t.Run("cuts what is too long between characters", func(t *testing.T) {
		f := open(t)
		long := strings.Repeat("ü", 20_000)
		require.NoError(t, f.Panel.AppendLog(ctx(t), store.LogEntry{
			Time: noon, Admin: long, IP: long, Domain: long, Username: long, Event: long, Level: long, Message: long,
		}))
		got := panelRows(t, f, query)[0]
		for column, size := range map[string]int{
			"admin": 255, "ip": 40, "domain": 255, "username": 255, "event": 20, "loglevel": 10, "msg": 16_000,
		} {
			require.Equal(t, strings.Repeat("ü", size), got.Get(column), column)
		}
	})
	t.Run("takes out what is no text", func(t *testing.T) {
		f := open(t)
		require.NoError(t, f.Panel.AppendLog(ctx(t), store.LogEntry{Time: noon, Message: "a\x00b\xffc"}))
		require.Equal(t, "ab\uFFFDc", panelRows(t, f, query)[0].Get("msg"))
	})
}

func panelSettings(t *testing.T, open func(t *testing.T) PanelFixture) {
	fill := func(t *testing.T, f PanelFixture, account, key string, value any) {
		t.Helper()
		require.NoError(t, f.SQL.Write(ctx(t), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(ctx(t), "INSERT INTO settings (account, k, v) VALUES (?, ?, ?)", account, key, value)
			return err
		}))
	}
	t.Run("none", func(t *testing.T) {
		got, err := open(t).Panel.PanelSettings(ctx(t))
		require.NoError(t, err)
		require.NotNil(t, got)
		require.Empty(t, got)
	})
	t.Run("reads every sort of value", func(t *testing.T) {
		f := open(t)
		fill(t, f, "global", "min_passwd_length", `{"value": 12}`)
		fill(t, f, "global", "password_has_letter", `{"value": false}`)
		fill(t, f, "global", "mailbox_format", `{"value": "mdbox"}`)
		fill(t, f, "global", "admin_login_ip_list", `{"value": ["192.0.2.1", "2001:db8::/32"]}`)
		fill(t, f, "anna@example.com", "mailbox_folder", `{"value": "Mail"}`)
		got, err := f.Panel.PanelSettings(ctx(t))
		require.NoError(t, err)
		require.Equal(t, map[string]any{
			"min_passwd_length": 12.0, "password_has_letter": false, "mailbox_format": "mdbox",
			"admin_login_ip_list": []any{"192.0.2.1", "2001:db8::/32"},
		}, got)
	})
	t.Run("leaves out what has another form", func(t *testing.T) {
		f := open(t)
		for key, value := range map[string]any{
			"a": nil, "b": "", "c": "12", "d": "[1]", "e": `{"value": 1`, "f": `{"values": 1}`, "g": "{}", "h": `{"value": 1, "x": 2}`,
		} {
			fill(t, f, "global", key, value)
		}
		fill(t, f, "global", "good", `{"value": 1}`)
		got, err := f.Panel.PanelSettings(ctx(t))
		require.NoError(t, err)
		require.Equal(t, map[string]any{"good": 1.0}, got)
	})
}

func panelRestrictions(t *testing.T, open func(t *testing.T) PanelFixture) {
	f := open(t)
	found, err := f.Panel.PanelRestrictions(ctx(t))
	require.NoError(t, err)
	require.Equal(t, store.PanelRestrictions{}, found)
	require.NoError(t, f.SQL.Write(ctx(t), func(tx *sqldb.Tx) error {
		for _, row := range [][]any{
			{"global", store.SettingAPIClients, `{"value": ["192.0.2.1", "10.0.0.0/8", "office"]}`},
			{"global", store.SettingAdminLogins, `{"value": []}`}, {"global", store.SettingGlobalAdminLogins, `not JSON`},
			{"global", "min_passwd_length", `{"value": 12}`}, {"anna@example.com", store.SettingAPIClients, `{"value": ["192.0.2.9"]}`},
		} {
			if _, err := tx.Exec(ctx(t), "INSERT INTO settings (account, k, v) VALUES (?, ?, ?)", row...); err != nil {
				return err
			}
		}
		return nil
	}))
	found, err = f.Panel.PanelRestrictions(ctx(t))
	require.NoError(t, err)
	require.Nil(t, found.Admins)
	require.Len(t, found.APIClients.Networks, 2)
	require.Equal(t, []string{"office"}, found.APIClients.Bad)
	require.Equal(t, &store.AllowList{Bad: []string{"not JSON"}}, found.GlobalAdmins)
}
