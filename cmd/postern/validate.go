package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ldapstore"
	"github.com/postern-mail/postern/store/password"
	"github.com/postern-mail/postern/store/rules"
	"github.com/postern-mail/postern/store/sqldb"
)

// Validate reports every fault at once; each names the variable and says what to do.
func (c Config) Validate() error { return errors.Join(c.faults()...) }

func (c Config) faults() []error {
	var f faults
	c.checkServer(&f)
	c.checkBackends(&f)
	c.checkLists(&f)
	c.checkAccounts(&f)
	return f
}

// faults collects what is wrong.
type faults []error

func (f *faults) add(key, format string, args ...any) {
	*f = append(*f, errors.New(variable(key)+": "+fmt.Sprintf(format, args...)))
}

// oneOf checks a setting that is one word of a few.
func (f *faults) oneOf(key, value string, words ...string) {
	if !slices.Contains(words, value) {
		f.add(key, "%q is none of %s", value, strings.Join(words, ", "))
	}
}

// networks checks a setting that is a list of networks.
func (f *faults) networks(key string, items list) {
	for _, item := range items {
		if _, ok := store.ParseNetwork(item); !ok {
			f.add(key, "%q is neither a network nor an address; write one such as 10.0.0.0/8 or 2001:db8::1", item)
		}
	}
}

// fixedPaths are served beside the API, so that no prefix may cover them.
var fixedPaths = []string{"/api", "/docs", "/healthz", "/readyz", "/metrics", "/openapi.yaml", "/openapi.json"}

var prefixForm = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// minBodyBudget lets the largest body of a log-in through.
const minBodyBudget = 16 << 10

func (c Config) checkServer(f *faults) {
	if _, port, err := net.SplitHostPort(c.Listen); err != nil {
		f.add("listen", "%q is not an address; write host:port, such as 127.0.0.1:8080", c.Listen)
	} else if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		f.add("listen", "%q is not a port; write a number up to 65535", port)
	}
	c.checkPrefix(f)
	for _, origin := range c.CORSOrigins {
		if !isOrigin(origin) {
			f.add("cors_origins", "%q is not an origin; write each as browsers send it, such as https://panel.example.com or"+
				" http://localhost:3000: in lower case, without a path, the usual port or a wildcard", origin)
		}
	}
	f.networks("api_clients", c.APIClients)
	f.networks("trusted_proxies", c.TrustedProxies)
	if c.SessionIdle <= 0 {
		f.add("session_idle", "must be longer than nothing; write a time such as 30m")
	}
	if c.SessionMax < c.SessionIdle {
		f.add("session_max", "%s is shorter than %s (%s); make it longer", c.SessionMax, variable("session_idle"), c.SessionIdle)
	}
	if c.SpfInterval < 0 {
		f.add("spf_interval", "%s is less than nothing; write a time such as 1h, or 0 for never", c.SpfInterval)
	}
	if c.BodyBudget < minBodyBudget {
		f.add("body_budget", "%d is too few for one body; write at least %d", c.BodyBudget, minBodyBudget)
	}
	f.oneOf("log", c.Log, "text", "json")
}

// hostForm is a name or an address as it stands in an origin. A wildcard would let the pages of strangers act for an admin.
var hostForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$`)

// isOrigin reports whether browsers send an origin in that form (RFC 6454, section 6.2): only then it is ever recognised.
func isOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || origin != u.Scheme+"://"+u.Host || !hostForm.MatchString(u.Host) {
		return false
	}
	if u.Port() == "" {
		return true
	}
	usual := map[string]string{"http": "80", "https": "443"}
	_, err = strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && u.Port() != usual[u.Scheme]
}

func (c Config) checkPrefix(f *faults) {
	if c.LegacyPrefix != "" && !prefixForm.MatchString(c.LegacyPrefix) {
		f.add("legacy_prefix", "%q is not a prefix; write a path such as /iredadmin, or nothing to switch it off", c.LegacyPrefix)
	}
	for _, path := range fixedPaths {
		if c.LegacyPrefix == path || strings.HasPrefix(c.LegacyPrefix, path+"/") {
			f.add("legacy_prefix", "%s is taken; choose another path", path)
		}
	}
}

func (c Config) checkBackends(f *faults) {
	if c.DataDir == "" {
		f.add("data_dir", "is empty; name a directory that Postern may write to")
	}
	if strings.Contains(c.DataDir, "?") {
		f.add("data_dir", "%q holds a question mark, which a database URL cannot carry; name another directory", c.DataDir)
	}
	switch c.Backend {
	case "sqlite", "mysql", "postgres", "ldap":
	default:
		f.add("backend", "%q is no backend; use sqlite, mysql, postgres or ldap", c.Backend)
	}
	c.checkDatabases(f)
	c.checkDirectory(f)
}

// checkDirectory checks what is set about the directory, and that with it as backend nothing is missing.
func (c Config) checkDirectory(f *faults) {
	if c.LDAPURL != "" {
		if err := c.directoryServer().Check(); err != nil {
			f.add("ldap_url", "%v; write one such as ldap://127.0.0.1:389", err)
		}
	}
	for key, dn := range map[string]string{
		"ldap_bind_dn": c.LDAPBindDN, "ldap_base_dn": c.LDAPBaseDN, "ldap_admin_base_dn": c.LDAPAdminBaseDN,
	} {
		if err := ldapstore.CheckDN(dn); err != nil {
			f.add(key, "%q is no DN: %v", dn, err)
		}
	}
	if c.Backend != "ldap" {
		return
	}
	for _, needed := range []struct{ key, value, example string }{
		{"ldap_url", c.LDAPURL, "ldap://127.0.0.1:389"},
		{"ldap_bind_dn", c.LDAPBindDN, "cn=vmailadmin,dc=example,dc=com"},
		{"ldap_bind_password", c.LDAPBindPassword.Reveal(), "the password of that entry"},
		{"ldap_base_dn", c.LDAPBaseDN, "o=domains,dc=example,dc=com"},
	} {
		if needed.value == "" {
			f.add(needed.key, "is missing; write %s", needed.example)
		}
	}
	if c.VmailDSN != "" {
		f.add("vmail_dsn", "is given, while accounts are in a directory; leave it out")
	}
	if scheme, err := password.ParseScheme(c.PasswordScheme); err == nil && !slices.Contains(directorySchemes, string(scheme)) {
		f.add("password_scheme", "slapd does not understand %s; use one of %s", scheme, strings.Join(directorySchemes, ", "))
	}
}

// databaseForms says how database URLs are written.
const databaseForms = "write mysql://user:password@host/database, postgres://user:password@host/database, or sqlite:// and" +
	" the path of a file"

func (c Config) checkDatabases(f *faults) {
	taken := map[string]string{}
	for _, d := range c.databases() {
		if d.dsn == "" {
			continue
		}
		raw := d.dsn.Reveal()
		kind, _, _ := strings.Cut(raw, "://")
		if err := sqldb.Check(raw); err != nil {
			f.add(d.key, "is no database URL: %v; %s", err, databaseForms)
			continue
		}
		if kind != "sqlite" && !namesDatabase(raw) {
			f.add(d.key, "names no database; %s", databaseForms)
		}
		if other, twice := taken[raw]; twice {
			f.add(d.key, "is the database of %s; each has one of its own", variable(other))
		}
		taken[raw] = d.key
	}
	vmail := c.database("vmail_dsn").dsn.Reveal()
	switch kind, _, _ := strings.Cut(vmail, "://"); {
	case vmail == "" && (c.Backend == "mysql" || c.Backend == "postgres"):
		f.add("vmail_dsn", "is missing; write %s://user:password@host/database", c.Backend)
	case vmail != "" && kind != c.Backend && slices.Contains([]string{"sqlite", "mysql", "postgres"}, c.Backend):
		f.add("vmail_dsn", "is no %s:// URL, while %s is %s; make them agree", c.Backend, variable("backend"), c.Backend)
	}
}

// namesDatabase reports whether the URL of a server says which of its databases is meant.
func namesDatabase(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (strings.Trim(u.Path, "/") != "" || u.Query().Get("dbname") != "")
}

func (c Config) checkLists(f *faults) {
	f.oneOf("lists", c.Lists, "native", "mlmmjadmin", "off")
	if c.Lists == "mlmmjadmin" {
		if u, err := url.Parse(c.MlmmjadminURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			f.add("mlmmjadmin_url", "is no URL; write where mlmmjadmin listens, such as http://127.0.0.1:7790")
		}
		if c.MlmmjadminToken == "" {
			f.add("mlmmjadmin_token", "is missing; give one of mlmmjadmin's api_auth_tokens")
		}
	}
	if c.MlmmjSMTPPort < 0 || c.MlmmjSMTPPort > 65535 {
		f.add("mlmmj_smtp_port", "%d is no port; write one from 1 to 65535, or 0", c.MlmmjSMTPPort)
	}
	for _, path := range []struct{ key, value string }{{"mlmmj_spool", c.MlmmjSpool}, {"mlmmj_archive", c.MlmmjArchive}} {
		if path.value != "" && !filepath.IsAbs(path.value) {
			f.add(path.key, "%q is relative; write the whole path", path.value)
		}
	}
}

// delimiterForm are the characters that may stand in a local part without being letters, digits or dots.
var delimiterForm = regexp.MustCompile(`^[+=/&#_-]*$`)

func (c Config) checkAccounts(f *faults) {
	if c.Admin != "" {
		if mail, err := store.NormaliseLogin(c.Admin); err != nil || mail != c.Admin {
			f.add("admin", "%q cannot be an admin; write a mail address in lower case", c.Admin)
		}
	}
	if c.AdminPassword != "" {
		if err := password.DefaultPolicy().Check(password.Trim(c.AdminPassword.Reveal())); err != nil {
			f.add("admin_password", "%v Give none to have one generated", inWords(err))
		}
	}
	if _, err := password.ParseScheme(c.PasswordScheme); err != nil {
		f.add("password_scheme", "%q is not a scheme that passwords are stored in here; use SSHA512 or BCRYPT", c.PasswordScheme)
	}
	c.checkStorage(f)
	if strings.Contains(c.Doveadm, "/") && !filepath.IsAbs(c.Doveadm) {
		f.add("doveadm", "%q is relative; write doveadm, or its whole path", c.Doveadm)
	}
	for _, item := range c.Transports {
		if _, err := rules.ParseAllowedTransport(item); err != nil {
			f.add("transports", "%q cannot be allowed: %v", item, err)
		}
	}
	if !delimiterForm.MatchString(c.Delimiters) {
		f.add("recipient_delimiters", "%q cannot begin an extension of an address; write what Postfix's recipient_delimiter says, such as +",
			c.Delimiters)
	}
	c.checkNames(f)
	if c.DefaultTransport == "" || strings.ContainsAny(c.DefaultTransport, " \t\r\n") {
		f.add("default_transport", "%q is not a transport; write one such as dovecot", c.DefaultTransport)
	}
}

func (c Config) checkStorage(f *faults) {
	if len(c.MailStorage) == 0 {
		f.add("mail_storage", "is empty; name the directory that new mailboxes are given, such as /var/vmail/vmail1")
	}
	for _, storage := range c.MailStorage {
		base, node := filepath.Split(storage)
		if !filepath.IsAbs(storage) || filepath.Clean(storage) != storage || node == "" || base == "/" {
			f.add("mail_storage", "%q is not a mail storage; write an absolute path of two parts or more, such as /var/vmail/vmail1",
				storage)
		}
	}
}

// checkNames checks what is set about the proof of names.
func (c Config) checkNames(f *faults) {
	f.oneOf("domain_ownership", c.DomainOwnership, "verify", "trust")
	if c.VerifyInterval < 0 {
		f.add("verify_interval", "is less than nothing; write a time such as 1h, or 0 for never")
	}
	for _, server := range c.DNSServers {
		host, port, err := net.SplitHostPort(server)
		n, e := strconv.ParseUint(port, 10, 16)
		if err != nil || e != nil || host == "" || n == 0 {
			f.add("dns_servers", "%q is no DNS server; write host:port, such as 192.0.2.53:53 or [2001:db8::53]:53", server)
		}
	}
}

// texts returns every setting as it is written, by key, secrets included.
func (c Config) texts() map[string]string {
	texts := map[string]string{}
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		value := v.Field(i).Interface()
		if secret, ok := value.(store.Secret); ok {
			value = secret.Reveal()
		}
		texts[v.Type().Field(i).Tag.Get("koanf")] = fmt.Sprint(value)
	}
	return texts
}

// shown returns every setting as it may be printed, by key: the passwords of database URLs and all other secrets
// are hidden.
func (c Config) shown() map[string]string {
	texts := c.texts()
	for _, s := range settings {
		switch {
		case !s.secret || texts[s.key] == "":
		case strings.HasSuffix(s.key, "_dsn"):
			texts[s.key] = withoutPassword(texts[s.key])
		default:
			texts[s.key] = store.Secret(texts[s.key]).String()
		}
	}
	return texts
}

// withoutPassword returns a database URL with every password in it hidden, or hides what it cannot read.
func withoutPassword(dsn string) string {
	hidden := store.Secret("").String()
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme == "" || u.Opaque != "" {
		return hidden
	}
	query := u.Query()
	for name := range query {
		if strings.Contains(strings.ToLower(name), "pass") {
			query.Set(name, "xxxxx")
		}
	}
	u.RawQuery = query.Encode()
	return u.Redacted()
}
