package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// without clears the environment of settings, so that the machine's own do not reach a test.
func without(t testing.TB) {
	t.Helper()
	machine := systemFile
	systemFile = filepath.Join(t.TempDir(), "postern.yaml")
	t.Cleanup(func() { systemFile = machine })
	for _, variable := range os.Environ() {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "POSTERN_") {
			t.Setenv(name, value) // puts it back afterwards
			require.NoError(t, os.Unsetenv(name))
		}
	}
}

func read(t *testing.T, args ...string) (Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	addConfigFlags(flags)
	require.NoError(t, flags.Parse(args))
	return readConfig(flags)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestConfigPrecedence(t *testing.T) {
	without(t)
	t.Run("nothing set", func(t *testing.T) {
		c, err := read(t)
		require.NoError(t, err)
		require.Equal(t, defaultConfig(), c)
	})
	file := write(t, "postern.yaml",
		"listen: 127.0.0.1:1\nlog: json\nsession_idle: 5m\ncors_origins: [https://a.example, https://b.example]\n")
	t.Run("file over defaults", func(t *testing.T) {
		c, err := read(t, "--config", file)
		require.NoError(t, err)
		require.Equal(t, "127.0.0.1:1", c.Listen)
		require.Equal(t, "json", c.Log)
		require.Equal(t, 5*time.Minute, c.SessionIdle)
		require.Equal(t, list{"https://a.example", "https://b.example"}, c.CORSOrigins)
		require.Equal(t, "sqlite", c.Backend)
	})
	t.Run("environment over file", func(t *testing.T) {
		t.Setenv("POSTERN_LISTEN", "127.0.0.1:2")
		t.Setenv("POSTERN_CORS_ORIGINS", "https://c.example, https://d.example")
		t.Setenv("POSTERN_LEGACY_PREFIX", "")
		t.Setenv("POSTERN_SHOW_PASSWORD_HASHES", "yes")
		t.Setenv("POSTERN_LOG_LEVEL", "debug")
		c, err := read(t, "--config", file)
		require.NoError(t, err)
		require.Equal(t, "127.0.0.1:2", c.Listen)
		require.Equal(t, "json", c.Log)
		require.Equal(t, list{"https://c.example", "https://d.example"}, c.CORSOrigins)
		require.Empty(t, c.LegacyPrefix)
		require.True(t, bool(c.ShowPasswordHashes))
		require.Equal(t, slog.LevelDebug, c.LogLevel)
	})
	t.Run("a list replaces the default, also by none", func(t *testing.T) {
		c, err := read(t, "--config", write(t, "proxies.yaml", "trusted_proxies: [192.0.2.0/24]\n"))
		require.NoError(t, err)
		require.Equal(t, list{"192.0.2.0/24"}, c.TrustedProxies)
		c, err = read(t, "--config", write(t, "none.yaml", "trusted_proxies: []\n"))
		require.NoError(t, err)
		require.Empty(t, c.TrustedProxies)
		t.Setenv("POSTERN_TRUSTED_PROXIES", "")
		c, err = read(t)
		require.NoError(t, err)
		require.Empty(t, c.TrustedProxies)
		t.Setenv("POSTERN_TRUSTED_PROXIES", "192.0.2.1, 2001:db8::/32")
		c, err = read(t)
		require.NoError(t, err)
		require.Len(t, c.TrustedProxies.networks(), 2)
		require.Equal(t, list{"127.0.0.0/8", "::1/128"}, defaultConfig().TrustedProxies)
	})
	t.Run("the first admin of a server is made only if it is set", func(t *testing.T) {
		t.Setenv("POSTERN_VMAIL_DSN", "mysql://u@h/vmail")
		c, err := read(t, "--backend", "mysql")
		require.NoError(t, err)
		require.Empty(t, c.Admin)
		c, err = read(t, "--backend", "mysql", "--admin", "root@elsewhere.test")
		require.NoError(t, err)
		require.Equal(t, "root@elsewhere.test", c.Admin)
	})
	t.Run("flag over environment", func(t *testing.T) {
		t.Setenv("POSTERN_LISTEN", "127.0.0.1:2")
		c, err := read(t, "--config", file, "--listen", "127.0.0.1:3", "--log=text")
		require.NoError(t, err)
		require.Equal(t, "127.0.0.1:3", c.Listen)
		require.Equal(t, "text", c.Log)
	})
}

func TestConfigSecrets(t *testing.T) {
	without(t)
	secret := write(t, "secret", "Winter-1958-rain\r\n")
	t.Run("from a file, without its newline", func(t *testing.T) {
		t.Setenv("POSTERN_ADMIN_PASSWORD_FILE", secret)
		c, err := read(t)
		require.NoError(t, err)
		require.Equal(t, "Winter-1958-rain", c.AdminPassword.Reveal())
	})
	t.Run("every source names such a file", func(t *testing.T) {
		c, err := read(t, "--config", write(t, "postern.yaml", "admin_password_file: "+secret+"\n"))
		require.NoError(t, err)
		require.Equal(t, "Winter-1958-rain", c.AdminPassword.Reveal())
		c, err = read(t, "--admin-password-file", secret)
		require.NoError(t, err)
		require.Equal(t, "Winter-1958-rain", c.AdminPassword.Reveal())
	})
	t.Run("a later source replaces the file of an earlier one", func(t *testing.T) {
		t.Setenv("POSTERN_ADMIN_PASSWORD", "Summer-1959-sun")
		c, err := read(t, "--config", write(t, "postern.yaml", "admin_password_file: "+secret+"\n"))
		require.NoError(t, err)
		require.Equal(t, "Summer-1959-sun", c.AdminPassword.Reveal())
	})
	t.Run("given twice", func(t *testing.T) {
		t.Setenv("POSTERN_ADMIN_PASSWORD", "Summer-1959-sun")
		t.Setenv("POSTERN_ADMIN_PASSWORD_FILE", secret)
		_, err := read(t)
		require.ErrorContains(t, err, "POSTERN_ADMIN_PASSWORD_FILE: is given beside POSTERN_ADMIN_PASSWORD")
	})
	t.Run("missing and empty files", func(t *testing.T) {
		t.Setenv("POSTERN_ADMIN_PASSWORD_FILE", filepath.Join(t.TempDir(), "none"))
		t.Setenv("POSTERN_STATE_DSN_FILE", write(t, "empty", "\n"))
		_, err := read(t)
		require.ErrorContains(t, err, "POSTERN_ADMIN_PASSWORD_FILE: ")
		require.ErrorContains(t, err, "POSTERN_STATE_DSN_FILE: ")
	})
	t.Run("not on the command line", func(t *testing.T) {
		flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
		addConfigFlags(flags)
		require.Error(t, flags.Parse([]string{"--admin-password", "Summer-1959-sun"}))
	})
	t.Run("never shown", func(t *testing.T) {
		c := defaultConfig()
		c.AdminPassword, c.MlmmjadminToken = "Summer-1959-sun", "t0ken-of-mine"
		c.VmailDSN = "mysql://vmail:hunter2@127.0.0.1:3306/vmail?tls=skip"
		c.StateDSN = "postgres://localhost/state?user=u&password=hunter2"
		c.IredadminDSN = "mysql://u:hun%ter2@h/db" // no URL: nothing of it can be trusted to be harmless
		var all strings.Builder
		require.NoError(t, c.print(&all))
		require.NotContains(t, all.String(), "Summer")
		require.NotContains(t, all.String(), "t0ken")
		require.NotContains(t, all.String(), "hunter2")
		require.NotContains(t, all.String(), "ter2")
		require.Contains(t, all.String(), "mysql://vmail:xxxxx@127.0.0.1:3306/vmail?tls=skip")
	})
}

func TestConfigFaults(t *testing.T) {
	without(t)
	t.Run("all at once, each with its variable", func(t *testing.T) {
		for name, value := range map[string]string{
			"LISTEN": "nowhere", "BACKEND": "oracle", "VMAIL_DSN": "vmail.db", "IREDAPD_DSN": "mysql://u:hunter2@/db",
			"LDAP_URL": "http://x", "LISTS": "maybe", "MLMMJ_SPOOL": "spool", "ADMIN": "root", "ADMIN_PASSWORD": "hunter2",
			"PASSWORD_SCHEME": "ROT13", "SHOW_PASSWORD_HASHES": "perhaps", "CORS_ORIGINS": "*", "LEGACY_PREFIX": "/api/old",
			"SESSION_IDLE": "soon", "SESSION_MAX": "1m", "BODY_BUDGET": "16383", "MAIL_STORAGE": "vmail1", "DEFAULT_TRANSPORT": "", "LOG": "xml",
			"LOG_LEVEL": "loud", "DATA_DIR": "", "TRUSTED_PROXIES": "10.0.0.0/33, proxy.example",
			"TRANSPORTS": "mlmmj:,smtp:[10.0.0.0/99]", "API_CLIENTS": "office", "READ_ONLY": "perhaps", "DOVEADM": "bin/doveadm",
		} {
			t.Setenv("POSTERN_"+name, value)
		}
		_, err := read(t)
		require.Error(t, err)
		for name := range strings.FieldsSeq(`LISTEN BACKEND VMAIL_DSN IREDAPD_DSN LDAP_URL LISTS MLMMJ_SPOOL ADMIN ADMIN_PASSWORD
			PASSWORD_SCHEME SHOW_PASSWORD_HASHES CORS_ORIGINS LEGACY_PREFIX SESSION_IDLE SESSION_MAX BODY_BUDGET MAIL_STORAGE
			DEFAULT_TRANSPORT LOG LOG_LEVEL DATA_DIR TRUSTED_PROXIES TRANSPORTS API_CLIENTS READ_ONLY DOVEADM`) {
			require.ErrorContains(t, err, "\nPOSTERN_"+name+": ")
		}
		require.NotContains(t, err.Error(), "hunter2")
	})
	t.Run("a directory needs to be told where and who", func(t *testing.T) {
		_, err := read(t, "--backend", "ldap")
		for _, fault := range []string{
			"POSTERN_LDAP_URL: is missing; write ldap://", "POSTERN_LDAP_BIND_DN: is missing", "POSTERN_LDAP_BIND_PASSWORD: is missing",
			"POSTERN_LDAP_BASE_DN: is missing; write o=domains,",
		} {
			require.ErrorContains(t, err, fault)
		}
		t.Setenv("POSTERN_LDAP_BIND_PASSWORD", "hunter2")
		place := []string{"--backend", "ldap", "--ldap-bind-dn", "cn=vmailadmin,dc=example,dc=com"}
		_, err = read(t, append(place, "--ldap-url", "http://127.0.0.1", "--ldap-base-dn", "no dn", "--password-scheme", "PLAIN-MD5")...)
		require.ErrorContains(t, err, "POSTERN_LDAP_URL: the URL of a directory starts with ldap://")
		require.ErrorContains(t, err, `POSTERN_LDAP_BASE_DN: "no dn" is no DN`)
		require.ErrorContains(t, err, "POSTERN_PASSWORD_SCHEME: slapd does not understand PLAIN-MD5")
		require.NotContains(t, err.Error(), "hunter2")
		_, err = read(t, append(place, "--ldap-url", "ldaps://127.0.0.1", "--ldap-starttls", "yes", "--ldap-base-dn", "o=domains,dc=example,dc=com")...)
		require.ErrorContains(t, err, "StartTLS is for ldap:// only")
		c, err := read(t, append(place, "--ldap-url", "ldap://127.0.0.1", "--ldap-base-dn", "o=domains,dc=example,dc=com")...)
		require.NoError(t, err)
		require.Equal(t, "o=domainAdmins,dc=example,dc=com", c.adminBaseDN())
	})
	t.Run("a server needs the URL of its accounts", func(t *testing.T) {
		for _, backend := range []string{"mysql", "postgres"} {
			_, err := read(t, "--backend", backend)
			require.ErrorContains(t, err, "POSTERN_VMAIL_DSN: is missing; write "+backend+"://")
		}
	})
	t.Run("the URL and the backend disagree", func(t *testing.T) {
		for backend, dsn := range map[string]string{
			"mysql": "postgres://u:hunter2@h/vmail", "postgres": "mysql://u:hunter2@h/vmail", "sqlite": "mysql://u:hunter2@h/vmail",
		} {
			t.Setenv("POSTERN_VMAIL_DSN", dsn)
			_, err := read(t, "--backend", backend)
			require.ErrorContains(t, err, "POSTERN_VMAIL_DSN: is no "+backend+":// URL")
			require.NotContains(t, err.Error(), "hunter2")
		}
	})
	t.Run("URLs of servers", func(t *testing.T) {
		for dsn, fault := range map[string]string{
			"mysql://u:hunter2@h":          "names no database",
			"mysql://u:hunter2@h/":         "names no database",
			"postgres://u:hunter2@h/":      "names no database",
			"mysql://u:hunter2@/db":        "neither a host nor a socket",
			"mysql://u:hunter2@h/db?x=1":   "socket and tls",
			"mysql://u:hunter2%@h/db":      "percent-encoded",
			"postgres://u:hunter2%@h/db":   "percent-encoded",
			"oracle://u:hunter2@h/db":      `"oracle" is not a kind`,
			"mysql://u:hunter2@h/db":       "",
			"postgres://u@/db?host=/run/s": "",
		} {
			t.Setenv("POSTERN_STATE_DSN", dsn)
			_, err := read(t)
			if fault == "" {
				require.NoError(t, err)
				continue
			}
			require.ErrorContains(t, err, "POSTERN_STATE_DSN: ")
			require.ErrorContains(t, err, fault)
			require.NotContains(t, err.Error(), "hunter2")
		}
	})
	t.Run("one database for two purposes", func(t *testing.T) {
		t.Setenv("POSTERN_STATE_DSN", "sqlite:///tmp/one.db")
		t.Setenv("POSTERN_IREDADMIN_DSN", "sqlite:///tmp/one.db")
		_, err := read(t)
		require.ErrorContains(t, err, "POSTERN_STATE_DSN: is the database of POSTERN_IREDADMIN_DSN")
	})
	t.Run("mlmmjadmin needs its URL and token", func(t *testing.T) {
		_, err := read(t, "--lists", "mlmmjadmin")
		require.ErrorContains(t, err, "POSTERN_MLMMJADMIN_URL: ")
		require.ErrorContains(t, err, "POSTERN_MLMMJADMIN_TOKEN: ")
	})
	t.Run("unknown keys in the file", func(t *testing.T) {
		_, err := read(t, "--config", write(t, "postern.yaml", "lisen: 127.0.0.1:1\nldap:\n  url: x\n"))
		require.ErrorContains(t, err, `"lisen" is not a setting`)
		require.ErrorContains(t, err, `"ldap" is not a setting`)
	})
	t.Run("a time without a unit, whatever names it", func(t *testing.T) {
		for _, s := range settings {
			if !strings.HasPrefix(s.shape, "a time") {
				continue
			}
			for _, value := range []string{"30", "1.5", "true", "0x1e", "1_000"} {
				_, err := read(t, "--config", write(t, "postern.yaml", s.key+": "+value+"\n"))
				require.ErrorContains(t, err, variable(s.key)+": cannot be read; write a time with its unit", value)
				_, err = read(t, "--"+flagName(s.key), value)
				require.ErrorContains(t, err, variable(s.key)+": cannot be read", value)
			}
		}
		_, err := read(t, "--spf-interval", "-5m")
		require.ErrorContains(t, err, "POSTERN_SPF_INTERVAL: -5m0s is less than nothing")
	})
	t.Run("a word that YAML takes for a number or a date stays as it is written", func(t *testing.T) {
		for value, want := range map[string]string{
			"0123": "0123", "1e10": "1e10", "2024-01-01": "2024-01-01", "0x10": "0x10", "&a yes": "yes", "'x'": "x", "true": "true",
		} {
			c, err := read(t, "--config", write(t, "postern.yaml", "mlmmjadmin_token: "+value+"\nadmin:\n"))
			require.NoError(t, err, value)
			require.Equal(t, want, c.MlmmjadminToken.Reveal())
			require.Equal(t, defaultConfig().Admin, c.Admin, "nothing is written there")
		}
		_, err := read(t, "--config", write(t, "postern.yaml", "show_password_hashes: 2\nlog_level: 4\nbody_budget: 65536.5\n"))
		for _, fault := range []string{"SHOW_PASSWORD_HASHES: cannot", "LOG_LEVEL: cannot", "BODY_BUDGET: cannot"} {
			require.ErrorContains(t, err, "POSTERN_"+fault)
		}
	})
	t.Run("a list where a word belongs", func(t *testing.T) {
		_, err := read(t, "--config", write(t, "postern.yaml", "listen: {host: x}\nvmail_dsn: [hunter2]\n"))
		require.ErrorContains(t, err, "POSTERN_LISTEN: cannot be read")
		require.NotContains(t, err.Error(), "hunter2")
	})
	t.Run("a file that is missing or no YAML", func(t *testing.T) {
		_, err := read(t, "--config", filepath.Join(t.TempDir(), "none.yaml"))
		require.ErrorContains(t, err, "--config: ")
		_, err = read(t, "--config", write(t, "postern.yaml", "listen: [\n"))
		require.Error(t, err)
	})
	t.Run("origins", func(t *testing.T) {
		for _, bad := range []string{
			"*", "https://*", "http://*", "https://*.example.com", "https://panel.*", "https://*:8443", "null", "https://", "https://:8443",
			"https://panel.example.com/", "https://panel.example.com:443", "http://panel.example.com:80", "https://Panel.example.com",
			"https://u@panel.example.com", "https://panel.example.com:99999", "https://panel..example.com", "ftp://panel.example.com",
			"https://panel.example.com?x", "https://panel example.com", "https://panel.example.com.",
		} {
			_, err := read(t, "--cors-origins", "https://good.example,"+bad)
			require.ErrorContains(t, err, "POSTERN_CORS_ORIGINS: ", bad)
			require.NotContains(t, err.Error(), "good", bad)
		}
		for _, good := range []string{
			"https://panel.example.com", "http://localhost:3000", "https://192.0.2.1", "http://[::1]:8443", "https://xn--bcher-kva.example",
			"https://panel.example.com:80",
		} {
			_, err := read(t, "--cors-origins", good)
			require.NoError(t, err, good)
		}
	})
	t.Run("prefixes", func(t *testing.T) {
		for _, bad := range []string{"iredadmin", "/iredadmin/", "//x", "/", "/docs", "/api", "/a b"} {
			_, err := read(t, "--legacy-prefix", bad)
			require.ErrorContains(t, err, "POSTERN_LEGACY_PREFIX: ", bad)
		}
		for _, good := range []string{"", "/iredadmin", "/mail/admin", "/apis"} {
			_, err := read(t, "--legacy-prefix", good)
			require.NoError(t, err, good)
		}
	})
}

func TestSample(t *testing.T) {
	without(t)
	t.Run("holds the defaults", func(t *testing.T) {
		c, err := read(t, "--config", write(t, "postern.yaml", string(sample)))
		require.NoError(t, err)
		c.CORSOrigins, c.APIClients = nil, nil // an empty list and none are the same
		require.Equal(t, defaultConfig(), c)
	})
	t.Run("shows every setting", func(t *testing.T) {
		for _, s := range settings {
			require.Regexp(t, `(?m)^(# )?`+s.key+`: `, string(sample))
		}
	})
	t.Run("can be used with everything switched on", func(t *testing.T) {
		var on strings.Builder
		for line := range strings.Lines(string(sample)) {
			key, _, _ := strings.Cut(strings.TrimPrefix(line, "# "), ":")
			if known(key) && key != "admin_password" {
				line = strings.TrimPrefix(line, "# ")
			}
			on.WriteString(line)
		}
		_, err := read(t, "--config", write(t, "postern.yaml", on.String()))
		require.NoError(t, err)
	})
}

func TestEverySettingIsAField(t *testing.T) {
	texts := defaultConfig().texts()
	require.Len(t, settings, len(texts))
	require.Equal(t, reflect.TypeFor[Config]().NumField(), len(texts))
	secret := reflect.TypeFor[store.Secret]()
	for i, s := range settings {
		field := reflect.TypeFor[Config]().Field(i)
		require.Equal(t, field.Tag.Get("koanf"), s.key)
		require.Equal(t, field.Type == secret, s.secret, s.key)
		require.NotEmpty(t, s.usage, s.key)
	}
}
