package main

import (
	"log/slog"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// Config is everything that can be set. The names are the keys of the file; the environment variable of a key is
// POSTERN_ and the key in capitals, its flag has dashes for underscores.
type Config struct {
	Listen             string        `koanf:"listen"`
	DataDir            string        `koanf:"data_dir"`
	Backend            string        `koanf:"backend"`
	VmailDSN           store.Secret  `koanf:"vmail_dsn"`
	AmavisdDSN         store.Secret  `koanf:"amavisd_dsn"`
	IredapdDSN         store.Secret  `koanf:"iredapd_dsn"`
	IredadminDSN       store.Secret  `koanf:"iredadmin_dsn"`
	StateDSN           store.Secret  `koanf:"state_dsn"`
	LDAPURL            string        `koanf:"ldap_url"`
	LDAPBindDN         string        `koanf:"ldap_bind_dn"`
	LDAPBindPassword   store.Secret  `koanf:"ldap_bind_password"`
	LDAPBaseDN         string        `koanf:"ldap_base_dn"`
	LDAPAdminBaseDN    string        `koanf:"ldap_admin_base_dn"`
	LDAPStartTLS       yesNo         `koanf:"ldap_starttls"`
	LDAPCAFile         string        `koanf:"ldap_ca_file"`
	Lists              string        `koanf:"lists"`
	MlmmjadminURL      string        `koanf:"mlmmjadmin_url"`
	MlmmjadminToken    store.Secret  `koanf:"mlmmjadmin_token"`
	MlmmjSpool         string        `koanf:"mlmmj_spool"`
	MlmmjArchive       string        `koanf:"mlmmj_archive"`
	MlmmjSMTPPort      int           `koanf:"mlmmj_smtp_port"`
	Admin              string        `koanf:"admin"`
	AdminPassword      store.Secret  `koanf:"admin_password"`
	PasswordScheme     string        `koanf:"password_scheme"`
	ShowPasswordHashes yesNo         `koanf:"show_password_hashes"`
	CORSOrigins        list          `koanf:"cors_origins"`
	APIClients         list          `koanf:"api_clients"`
	TrustedProxies     list          `koanf:"trusted_proxies"`
	LegacyPrefix       string        `koanf:"legacy_prefix"`
	SessionIdle        time.Duration `koanf:"session_idle"`
	SessionMax         time.Duration `koanf:"session_max"`
	BodyBudget         int64         `koanf:"body_budget"`
	SpfInterval        time.Duration `koanf:"spf_interval"`
	DomainOwnership    string        `koanf:"domain_ownership"`
	VerifyInterval     time.Duration `koanf:"verify_interval"`
	DNSServers         list          `koanf:"dns_servers"`
	MailStorage        list          `koanf:"mail_storage"`
	DefaultTransport   string        `koanf:"default_transport"`
	Transports         list          `koanf:"transports"`
	Delimiters         string        `koanf:"recipient_delimiters"`
	Doveadm            string        `koanf:"doveadm"`
	ReadOnly           yesNo         `koanf:"read_only"`
	Log                string        `koanf:"log"`
	LogLevel           slog.Level    `koanf:"log_level"`
}

// defaultConfig is what holds where nothing is set.
func defaultConfig() Config {
	return Config{
		Listen:           "127.0.0.1:8080",
		DataDir:          "./data",
		Backend:          "sqlite",
		Lists:            "native",
		Admin:            "admin@postern.local",
		PasswordScheme:   "SSHA512",
		TrustedProxies:   list{"127.0.0.0/8", "::1/128"},
		LegacyPrefix:     "/iredadmin",
		SessionIdle:      30 * time.Minute,
		SessionMax:       12 * time.Hour,
		BodyBudget:       64 << 20,
		SpfInterval:      time.Hour,
		DomainOwnership:  "verify",
		VerifyInterval:   time.Hour,
		MailStorage:      list{"/var/vmail/vmail1"},
		DefaultTransport: "dovecot",
		Transports:       rules.DefaultAllowedTransports(),
		Delimiters:       "+",
		Log:              "text",
		LogLevel:         slog.LevelInfo,
	}
}

// setting says what people are told about a key.
type setting struct {
	key   string
	usage string // of its flag
	shape string // what a value that cannot be read should look like
	// secret marks what is never shown and never taken from the command line, where every user of the machine
	// could read it. It may stand in a file of its own: admin_password_file, POSTERN_ADMIN_PASSWORD_FILE and
	// --admin-password-file name one.
	secret bool
}

var settings = []setting{
	{key: "listen", usage: "`address` to listen on; port 0 picks a free one"},
	{key: "data_dir", usage: "`directory` of the SQLite files"},
	{key: "backend", usage: "where accounts are kept: sqlite, mysql (MariaDB too), postgres or ldap"},
	{key: "vmail_dsn", usage: "URL of the account database", secret: true},
	{key: "amavisd_dsn", usage: "URL of Amavisd's database", secret: true},
	{key: "iredapd_dsn", usage: "URL of iRedAPD's database", secret: true},
	{key: "iredadmin_dsn", usage: "URL of iRedAdmin's database", secret: true},
	{key: "state_dsn", usage: "URL of Postern's own database", secret: true},
	{key: "ldap_url", usage: "`URL` of the directory"},
	{key: "ldap_bind_dn", usage: "`DN` to bind as"},
	{key: "ldap_bind_password", usage: "password to bind with", secret: true},
	{key: "ldap_base_dn", usage: "`DN` above all domains"},
	{key: "ldap_admin_base_dn", usage: "`DN` above all admins; o=domainAdmins beside the other one when absent"},
	{key: "ldap_starttls", usage: "ask for TLS on an ldap:// connection: yes or no", shape: "yes or no"},
	{key: "ldap_ca_file", usage: "`file` of the certificates that vouch for the directory's, instead of the system's"},
	{key: "lists", usage: "how mailing lists are run: native, mlmmjadmin or off"},
	{key: "mlmmjadmin_url", usage: "`URL` of mlmmjadmin"},
	{key: "mlmmjadmin_token", usage: "API token of mlmmjadmin", secret: true},
	{key: "mlmmj_spool", usage: "`directory` of mlmmj's lists; mlmmj beside the mail storage when absent, with sqlite in the data directory"},
	{key: "mlmmj_archive", usage: "`directory` of removed lists; the other one with -archive at its end when absent"},
	{
		key: "mlmmj_smtp_port", usage: "`port` on which this machine takes the mail of new lists; 0 leaves it to mlmmj, which takes 25",
		shape: "a number such as 10027",
	},
	{key: "admin", usage: "`address` of the first global admin, made while there is none; on a server only if it is set"},
	{key: "admin_password", usage: "password of the first global admin; generated when absent", secret: true},
	{key: "password_scheme", usage: "`scheme` that new passwords are stored in"},
	{key: "show_password_hashes", usage: "show stored password hashes to global admins: yes or no", shape: "yes or no"},
	{
		key: "cors_origins", usage: "comma-separated `origins` whose pages may call the API",
		shape: "a list such as https://panel.example.com",
	},
	{
		key: "api_clients", usage: "comma-separated `networks` from which the API may be called, instead of those of the panel's settings",
		shape: "a list such as 192.0.2.1,10.0.0.0/8",
	},
	{
		key: "trusted_proxies", usage: "comma-separated `networks` of the proxies whose X-Forwarded-For and X-Forwarded-Proto count",
		shape: "a list such as 127.0.0.0/8,::1/128",
	},
	{key: "legacy_prefix", usage: "`prefix` of the legacy surface; empty switches it off"},
	{key: "session_idle", usage: "`time` after which an unused session ends", shape: "a time with its unit, such as 30m or 12h"},
	{key: "session_max", usage: "`time` after which every session ends", shape: "a time with its unit, such as 30m or 12h"},
	{
		key: "body_budget", usage: "`bytes` of request bodies that may be in flight; beyond them a request is told to come again",
		shape: "a number of bytes such as 67108864",
	},
	{
		key: "spf_interval", usage: "`time` from one lookup of the mail servers that are not greylisted to the next; 0 is never",
		shape: "a time with its unit, such as 30m or 12h, or 0",
	},
	{key: "domain_ownership", usage: "whether admins who are not global have to prove new names by a TXT record: verify or trust"},
	{
		key: "verify_interval", usage: "`time` from one lookup of the names that wait for their proof to the next; 0 is never",
		shape: "a time with its unit, such as 30m or 12h, or 0",
	},
	{
		key: "dns_servers", usage: "comma-separated DNS `servers` to ask, each host:port; those of the machine when absent",
		shape: "a list such as 192.0.2.53:53",
	},
	{
		key: "mail_storage", usage: "comma-separated `directories` of mailboxes; new ones are given the first",
		shape: "a list such as /var/vmail/vmail1,/var/vmail/vmail2",
	},
	{key: "default_transport", usage: "`transport` of a domain that names none"},
	{
		key: "transports", usage: "comma-separated `transports` that admins who are not global may set beside the default one",
		shape: "a list such as dovecot,external-pipe,smtp:[10.20.0.0/16]:25",
	},
	{key: "recipient_delimiters", usage: "`characters` that begin an extension of an address, as Postfix's recipient_delimiter says"},
	{key: "doveadm", usage: "`program` that ends the mail sessions of disabled accounts and after a new password, such as doveadm; off when absent"},
	{
		key: "read_only", usage: "refuse all writes to mail data: yes or no; so does a file named read-only in the data directory",
		shape: "yes or no",
	},
	{key: "log", usage: "format of the log: text or json"},
	{key: "log_level", usage: "least `level` that is logged: debug, info, warn or error", shape: "debug, info, warn or error"},
}

// variable is the environment variable of a key.
func variable(key string) string { return "POSTERN_" + strings.ToUpper(key) }

// flagName is the flag of a key.
func flagName(key string) string { return strings.ReplaceAll(key, "_", "-") }

// yesNo is a switch that reads yes and no, and what YAML takes for them.
type yesNo bool

// UnmarshalText implements encoding.TextUnmarshaler.
func (y *yesNo) UnmarshalText(text []byte) error {
	switch strings.ToLower(string(text)) {
	case "yes", "true", "on", "1":
		*y = true
	case "no", "false", "off", "0", "":
		*y = false
	default:
		return errShape
	}
	return nil
}

// String returns yes or no.
func (y yesNo) String() string {
	if y {
		return "yes"
	}
	return "no"
}

// list is a list that may also be written with commas.
type list []string

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *list) UnmarshalText(text []byte) error { //nolint:unparam // the interface returns an error
	*l = list{} // not nil, which would leave the default
	for item := range strings.SplitSeq(string(text), ",") {
		if item = strings.TrimSpace(item); item != "" {
			*l = append(*l, item)
		}
	}
	return nil
}

// networks returns the items as networks, without those that are none; validation names these.
func (l list) networks() store.Networks {
	var all store.Networks
	for _, item := range l {
		if network, ok := store.ParseNetwork(item); ok {
			all = append(all, network)
		}
	}
	return all
}

// newStorage is the directory that new mailboxes are given.
func (c Config) newStorage() string {
	if len(c.MailStorage) == 0 {
		return "" // validation has said so
	}
	return c.MailStorage[0]
}

// String returns the items with commas.
func (l list) String() string { return strings.Join(l, ",") }
