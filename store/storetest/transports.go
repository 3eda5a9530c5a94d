package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// routes is where mail of a domain and a mailbox is stored to go.
type routes struct{ domain, user, relay string }

func readRoutes(t *testing.T, f Fixture, domain, mail string) routes {
	t.Helper()
	first := func(value any) string {
		switch v := value.(type) {
		case string:
			return v
		case []string:
			return v[0]
		}
		return ""
	}
	column := "transport"
	if f.Directory != nil {
		column = "mtaTransport"
	}
	d := mustReadDomain(t, f, domain)
	u, err := f.Accounts.User(ctx(t), mail)
	require.NoError(t, err)
	return routes{first(d.Stored.Get(column)), first(u.Stored.Get(column)), d.RelayHost}
}

// putRoutes stores them as another program would.
func putRoutes(t *testing.T, f Fixture, domain, mail string, r routes) {
	t.Helper()
	if f.Directory != nil {
		f.Directory.Put(t, f.Directory.DomainDN(domain), "mtaTransport", r.domain)
		f.Directory.Put(t, f.Directory.DomainDN(domain), "senderRelayHost", r.relay)
		f.Directory.Put(t, f.Directory.UserDN(mail), "mtaTransport", r.user)
		return
	}
	exec(t, f, "UPDATE domain SET transport = ? WHERE domain = ?", r.domain, domain)
	exec(t, f, "DELETE FROM sender_relayhost WHERE account = ?", "@"+domain)
	exec(t, f, "INSERT INTO sender_relayhost (account, relayhost) VALUES (?, ?)", "@"+domain, r.relay)
	exec(t, f, "UPDATE mailbox SET transport = ? WHERE username = ?", r.user, mail)
}

func transports(t *testing.T, open Open) {
	t.Run("of a backup MX", func(t *testing.T) { routesOfBackupMX(t, open) })
	const mail = "anna@a.test"
	start := func(t *testing.T) Fixture {
		f := open(t)
		mustDomain(t, f, "a.test")
		mustUser(t, f, mail)
		mustUser(t, f, "ben@a.test")
		mustAdmin(t, f, "adma@elsewhere.test", store.LimitsUpdate{Domains: ptr[int64](9)})
		mustManage(t, f, "a.test", "adma@elsewhere.test")
		return f
	}
	asAdmin := by("adma@elsewhere.test")
	// ways are the writes that take a transport or a next hop.
	ways := map[string]func(f Fixture, w store.Write, value string) error{
		"transport of a domain": func(f Fixture, w store.Write, value string) error {
			_, err := f.Accounts.UpdateDomain(t.Context(), w, "a.test", store.DomainUpdate{Transport: &value})
			return err
		},
		"transport of a new domain": func(f Fixture, w store.Write, value string) error {
			_, err := f.Accounts.CreateDomain(t.Context(), w, store.DomainCreate{Name: "new.test", Transport: value})
			return err
		},
		"transport of a mailbox": func(f Fixture, w store.Write, value string) error {
			_, err := f.Accounts.UpdateUser(t.Context(), w, mail, store.UserUpdate{Transport: &value})
			return err
		},
		"transport of a new mailbox": func(f Fixture, w store.Write, value string) error {
			_, err := f.Accounts.CreateUser(t.Context(), w, store.UserCreate{Mail: "new@a.test", Password: aHash, Transport: value})
			return err
		},
		"transport of all mailboxes": func(f Fixture, w store.Write, value string) error {
			_, err := f.Accounts.UpdateUsers(t.Context(), w, "a.test", store.UsersUpdate{Transport: &value})
			return err
		},
	}
	for name, put := range ways {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			same := unchanged(t, f)
			for _, value := range []string{"local:", "smtp:", "smtp:[127.0.0.1]:22", "smtp:[::ffff:10.0.0.1]", "relay:localhost", "error:5.1.1 no", "discard:"} {
				err := put(f, asAdmin, value)
				requireCode(t, err, store.Forbidden, store.CodePermissionDenied)
				requireField(t, err, "transport")
			}
			for _, value := range []string{"mlmmj:b.test/lst", "mlmmj:../../../etc", "smtp:[a..b]", "smtp: x"} {
				for _, w := range []store.Write{asAdmin, asGlobal} {
					err := put(f, w, value)
					requireCode(t, err, store.Invalid, store.CodeInvalidTransport)
					requireField(t, err, "transport")
				}
			}
			same()
			require.NoError(t, put(f, asAdmin, "smtp:[192.0.2.10]:587"))
		})
		t.Run(name+", by a global admin", func(t *testing.T) {
			for _, value := range []string{"error:5.1.1 text with blanks", "retry:", "discard:", "smtp:[10.0.0.5]:smtp", "smtp:[127.0.0.1]:22"} {
				require.NoError(t, put(start(t), asGlobal, value), value)
			}
		})
	}
	t.Run("next hops", func(t *testing.T) {
		f := start(t)
		same := unchanged(t, f)
		for _, value := range []string{"127.0.0.1", "[10.0.0.5]:25", "smtp:[192.168.1.2]:25", "localhost", "intranet:25", "[2002:7f00:1::]"} {
			_, err := f.Accounts.UpdateDomain(ctx(t), asAdmin, "a.test", store.DomainUpdate{OutboundRelay: &value})
			requireCode(t, err, store.Forbidden, store.CodePermissionDenied)
			requireField(t, err, "outboundRelay")
			_, err = f.Accounts.UpdateDomain(ctx(t), asAdmin, "a.test", store.DomainUpdate{BackupMX: ptr(true), PrimaryMX: &value})
			requireCode(t, err, store.Forbidden, store.CodePermissionDenied)
			requireField(t, err, "primarymx")
			_, err = f.Accounts.CreateDomain(ctx(t), asAdmin, store.DomainCreate{Name: "new.test", OutboundRelay: value})
			requireCode(t, err, store.Forbidden, store.CodePermissionDenied)
			requireField(t, err, "outboundRelay")
			_, err = f.Accounts.CreateDomain(ctx(t), asAdmin, store.DomainCreate{Name: "new.test", BackupMX: true, PrimaryMX: value})
			requireCode(t, err, store.Forbidden, store.CodePermissionDenied)
			requireField(t, err, "primarymx")
		}
		same()
		for _, w := range []store.Write{asAdmin, asGlobal} {
			_, err := f.Accounts.UpdateDomain(ctx(t), w, "a.test", store.DomainUpdate{
				BackupMX: ptr(true), PrimaryMX: ptr("mx.example.net:smtp"), OutboundRelay: ptr("[192.0.2.7]:submission"),
			})
			require.NoError(t, err)
			require.Equal(t, routes{"relay:mx.example.net:smtp", "", "[192.0.2.7]:submission"}, readRoutes(t, f, "a.test", mail))
		}
		_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", store.DomainUpdate{OutboundRelay: ptr("[10.0.0.5]:25,[10.0.0.6]")})
		require.NoError(t, err)
		require.Equal(t, "[10.0.0.5]:25,[10.0.0.6]", mustReadDomain(t, f, "a.test").RelayHost)
	})
	t.Run("what is stored is never refused", func(t *testing.T) {
		for _, stored := range []routes{
			{"smtp:[127.0.0.1]:22", "local:", "[10.0.0.5]:25"},
			{"mlmmj:b.test/lst", "mlmmj:../../../etc", "smtp:[10.0.0.5]:25"},
			{"smtp: a b", "smtp:[a..b]", "[10.0.0.5]:25 [10.0.0.6]:25"},
		} {
			for _, w := range []store.Write{asAdmin, asGlobal} {
				f := start(t)
				putRoutes(t, f, "a.test", mail, stored)
				_, err := f.Accounts.UpdateDomain(ctx(t), w, "a.test", store.DomainUpdate{Transport: &stored.domain, OutboundRelay: &stored.relay})
				require.NoError(t, err)
				_, err = f.Accounts.UpdateUser(ctx(t), w, mail, store.UserUpdate{Transport: &stored.user})
				require.NoError(t, err)
				require.Equal(t, stored, readRoutes(t, f, "a.test", mail))
				_, err = f.Accounts.UpdateUsers(ctx(t), asAdmin, "a.test", store.UsersUpdate{Transport: &stored.user})
				require.Error(t, err, "ben has another one")
				putRoutes(t, f, "a.test", "ben@a.test", stored)
				_, err = f.Accounts.UpdateUsers(ctx(t), w, "a.test", store.UsersUpdate{Transport: &stored.user})
				require.NoError(t, err, "all have it")
				require.Equal(t, stored, readRoutes(t, f, "a.test", mail))
			}
		}
	})
	t.Run("all that are stored can be read", func(t *testing.T) {
		f := start(t)
		found, err := f.Accounts.NextHops(ctx(t))
		require.NoError(t, err)
		require.Empty(t, found)
		putRoutes(t, f, "a.test", mail, routes{"smtp:[10.0.0.5]", "lmtp:inet:127.0.0.1:24", "[10.0.0.6]"})
		found, err = f.Accounts.NextHops(ctx(t))
		require.NoError(t, err)
		require.Equal(t, []store.NextHop{
			{Account: "a.test", Field: "outboundRelay", Value: "[10.0.0.6]"},
			{Account: "a.test", Field: "transport", Value: "smtp:[10.0.0.5]"},
			{Account: mail, Field: "transport", Value: "lmtp:inet:127.0.0.1:24"},
		}, found)
	})
	t.Run("a primary MX that is stored is never refused", func(t *testing.T) {
		f := start(t)
		primary := store.DomainUpdate{BackupMX: ptr(true), PrimaryMX: ptr("[10.0.0.5]:25")}
		mustUpdateDomain(t, f, "a.test", primary)
		_, err := f.Accounts.UpdateDomain(ctx(t), asAdmin, "a.test", primary)
		require.NoError(t, err)
		require.Equal(t, "relay:[10.0.0.5]:25", readRoutes(t, f, "a.test", mail).domain)
	})
	t.Run("a primary MX is for a backup MX", func(t *testing.T) {
		f := start(t)
		before := readRoutes(t, f, "a.test", mail)
		for _, backupMX := range []*bool{nil, ptr(false)} {
			_, err := f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", store.DomainUpdate{BackupMX: backupMX, PrimaryMX: ptr("mx.example.net")})
			requireCode(t, err, store.Invalid, store.CodeConflicting)
		}
		_, err := f.Accounts.CreateDomain(ctx(t), asGlobal, store.DomainCreate{Name: "new.test", PrimaryMX: "mx.example.net"})
		requireCode(t, err, store.Invalid, store.CodeConflicting)
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{BackupMX: ptr(false), PrimaryMX: ptr("")})
		require.Equal(t, before, readRoutes(t, f, "a.test", mail))
		mustUpdateDomain(t, f, "a.test", store.DomainUpdate{BackupMX: ptr(true), PrimaryMX: ptr("mx.example.net")})
		off := store.DomainUpdate{BackupMX: ptr(false), PrimaryMX: ptr("mx2.example.net")}
		_, err = f.Accounts.UpdateDomain(ctx(t), asGlobal, "a.test", off)
		requireCode(t, err, store.Invalid, store.CodeConflicting)
		off.PrimaryMX = ptr("MX.example.net")
		mustUpdateDomain(t, f, "a.test", off)
		require.Equal(t, "dovecot", readRoutes(t, f, "a.test", mail).domain, "the stored one says nothing new")
	})
}

// routesOfBackupMX proves that a backup MX relays to the primary one, and has the default transport back afterwards.
func routesOfBackupMX(t *testing.T, open Open) {
	f := open(t)
	mustDomain(t, f, "a.test")
	mustUser(t, f, "u@a.test")
	for _, c := range []struct {
		update store.DomainUpdate
		want   string
	}{
		{store.DomainUpdate{BackupMX: ptr(true)}, "relay:a.test"},
		{store.DomainUpdate{BackupMX: ptr(true), PrimaryMX: ptr("mx.example.com")}, "relay:mx.example.com"},
		{store.DomainUpdate{Description: ptr("A")}, "relay:mx.example.com"},
		{store.DomainUpdate{BackupMX: ptr(false)}, "dovecot"},
		{store.DomainUpdate{Transport: ptr("smtp:[192.0.2.1]")}, "smtp:[192.0.2.1]"},
		{store.DomainUpdate{BackupMX: ptr(false)}, "smtp:[192.0.2.1]"},
		{store.DomainUpdate{Transport: ptr("")}, "dovecot"},
	} {
		mustUpdateDomain(t, f, "a.test", c.update)
		require.Equal(t, c.want, readRoutes(t, f, "a.test", "u@a.test").domain)
	}
}
