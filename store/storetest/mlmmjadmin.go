package storetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Mlmmjadmin is a server that speaks mlmmjadmin's protocol as it is documented, with what is odd about it: nearly
// everything is answered with the status 200, a POST on a list that is there sets its defaults again, a PUT does not look
// whether there is one, an address may be subscribed in several ways at once, and lists come in no order.
type Mlmmjadmin struct {
	URL, Token, Spool, Archive string
	// KeepsAccounts is a backend_api other than bk_none, which knows these lists.
	KeepsAccounts []string

	server   *httptest.Server
	mu       sync.Mutex
	requests []string
}

// NewMlmmjadmin starts a server, which is gone when the test ends.
func NewMlmmjadmin(t *testing.T) *Mlmmjadmin {
	t.Helper()
	dir := t.TempDir()
	return NewMlmmjadminAt(t, filepath.Join(dir, "spool"), filepath.Join(dir, "archive"))
}

// NewMlmmjadminAt is NewMlmmjadmin on these directories, which may hold lists.
func NewMlmmjadminAt(t *testing.T, spool, archive string) *Mlmmjadmin {
	t.Helper()
	m := &Mlmmjadmin{Token: "token-of-mlmmjadmin", Spool: spool, Archive: archive}
	require.NoError(t, os.MkdirAll(m.Spool, 0o700))
	m.server = httptest.NewServer(http.HandlerFunc(m.serve))
	t.Cleanup(m.server.Close)
	m.URL = m.server.URL + "/api"
	return m
}

// Stop ends the server.
func (m *Mlmmjadmin) Stop() { m.server.Close() }

// Requests returns what was asked since the last time, as "METHOD /path?query body" with sorted parameters in clear.
func (m *Mlmmjadmin) Requests() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked := m.requests
	m.requests = nil
	return asked
}

func (m *Mlmmjadmin) note(r *http.Request, body url.Values) {
	line := r.Method + " " + r.URL.RequestURI()
	if len(body) > 0 {
		plain, err := url.QueryUnescape(body.Encode())
		if err == nil {
			line += " " + plain
		}
	}
	m.requests = append(m.requests, line)
}

// adminRefusal is a failure as mlmmjadmin answers it.
type adminRefusal string

func (m *Mlmmjadmin) serve(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		http.Error(w, "internal server error", http.StatusInternalServerError)
		return
	}
	m.note(r, r.PostForm)
	answer := map[string]any{"_success": true}
	switch data := m.answer(r).(type) {
	case error:
		// A Python exception, as it shows itself.
		answer = map[string]any{"_success": false, "_msg": fmt.Sprintf("OSError(%q)", data.Error())}
	case adminRefusal:
		answer = map[string]any{"_success": false, "_msg": string(data)}
	case nil:
	default:
		answer["_data"] = data
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// answer returns data, an error or a adminRefusal.
func (m *Mlmmjadmin) answer(r *http.Request) any {
	switch r.Header.Get("X-MLMMJADMIN-API-AUTH-TOKEN") {
	case "":
		return adminRefusal("NO_API_AUTH_TOKEN")
	case m.Token:
	default:
		return adminRefusal("INVALID_MLMMJADMIN_API_AUTH_TOKEN")
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/api/"), "/")
	for i, part := range parts {
		if plain, err := url.PathUnescape(part); err == nil {
			parts[i] = plain
		}
	}
	if parts[0] == "subscriber" && len(parts) == 3 && parts[2] == "subscribed" {
		return m.subscribed(parts[1])
	}
	l := adminList{Mlmmjadmin: m, mail: strings.ToLower(parts[0])}
	local, domain, _ := strings.Cut(l.mail, "@")
	l.dir = filepath.Join(m.Spool, domain, local)
	call := r.Method
	if len(parts) > 1 {
		call += " " + parts[1]
	}
	switch call {
	case "GET":
		return l.profile(r.Form.Get("params"))
	case "POST":
		return l.create(r.Form)
	case "PUT":
		return l.update(r.Form)
	case "DELETE":
		return l.remove(r.Form.Get("archive") != "no")
	case "GET subscribers":
		return l.subscribers()
	case "POST subscribers":
		return l.subscribe(r.Form)
	}
	return adminRefusal("INVALID_DATA")
}

// adminList is one list.
type adminList struct {
	*Mlmmjadmin
	mail, dir string
}

func (l adminList) control(name string) string { return filepath.Join(l.dir, "control", name) }

func (l adminList) exists() bool {
	_, err := os.Stat(l.dir)
	return err == nil
}

// The parameters by the form of their control files.
var (
	adminFlags = map[string]string{
		"close_list": "closedlist", "only_moderator_can_post": "modonlypost", "only_subscriber_can_post": "subonlypost",
		"disable_subscription": "closedlistsub", "disable_subscription_confirm": "nosubconfirm",
		"disable_digest_subscription": "nodigestsub", "disable_digest_text": "nodigesttext",
		"disable_nomail_subscription": "nonomailsub", "if_mod_send_only_mod_moderate": "ifmodsendonlymodmoderate",
		"moderated": "moderated", "moderate_non_subscriber_post": "modnonsubposts", "disable_retrieving_old_posts": "noget",
		"only_subscriber_can_get_old_posts": "subonlyget", "disable_retrieving_subscribers": "nolistsubsemail",
		"notify_sender_when_moderated": "notifymod", "notify_owner_when_sub_unsub": "notifysub",
		"disable_send_copy_to_sender": "notmetoo", "disable_archive": "noarchive", "tocc": "tocc",
		"enable_newsletter_subscription": "enable_newsletter_subscription", "moderate_subscription": "submod",
		"disable_notify_subscription_moderated": "nosubmodmails", "disable_notify_when_missing_listaddress": "notoccdenymails",
		"disable_notify_when_access_denied": "noaccessdenymails", "disable_notify_when_subscriber_only": "nosubonlydenymails",
		"disable_notify_when_moderator_only":          "nomodonlydenymails",
		"disable_notify_when_exceeding_max_mail_size": "nomaxmailsizedenymails", "reply_to_sender": "replyto",
	}
	adminLists = map[string]string{
		"custom_headers": "customheaders", "remove_headers": "delheaders", "extra_addresses": "listaddress",
		"owner": "owner", "owners": "owner",
		"moderators": "moderators", "subscription_moderators": "submod",
	}
	adminLines = map[string]string{
		"max_message_size": "maxmailsize", "subject_prefix": "prefix", "name": "name", "relay_host": "relayhost",
		"smtp_helo": "smtphelo", "smtp_port": "smtpport",
	}
	adminTexts = map[string]string{"footer_text": "footer_text", "footer_html": "footer_html"}
	// adminDefaults are set on every POST that does not say otherwise.
	adminDefaults = map[string]string{
		"tocc": "yes", "only_subscriber_can_post": "yes", "only_moderator_can_post": "no", "moderate_non_subscriber_post": "no",
		"notify_owner_when_sub_unsub": "no", "notify_sender_when_moderated": "no", "disable_archive": "no",
		"disable_retrieving_old_posts": "yes", "only_subscriber_can_get_old_posts": "yes", "if_mod_send_only_mod_moderate": "yes",
	}
)

func (l adminList) profile(only string) any {
	if !l.exists() {
		return adminRefusal("NO_SUCH_ACCOUNT")
	}
	values := map[string]any{}
	for name, file := range adminFlags {
		_, err := os.Stat(l.control(file))
		values[name] = map[bool]string{true: "yes", false: "no"}[err == nil]
	}
	for name, file := range adminLists {
		content, _ := os.ReadFile(l.control(file))
		lines := []string{}
		for line := range strings.Lines(string(content)) {
			if line = strings.TrimSpace(line); line != "" && (name != "extra_addresses" || line != l.mail) {
				lines = append(lines, line)
			}
		}
		slices.Sort(lines)
		values[name] = lines
	}
	for name, file := range adminLines {
		content, _ := os.ReadFile(l.control(file))
		line, _, _ := strings.Cut(string(content), "\n")
		values[name] = line
	}
	for name, file := range adminTexts {
		content, _ := os.ReadFile(l.control(file))
		values[name] = strings.TrimRight(string(content), "\n")
	}
	some := map[string]any{}
	for name := range strings.SplitSeq(only, ",") {
		if v, known := values[name]; known {
			some[name] = v
		}
	}
	if len(some) == 0 {
		return values
	}
	return some
}

func (l adminList) create(form url.Values) any {
	if slices.Contains(l.KeepsAccounts, l.mail) {
		return adminRefusal("ALREADY_EXISTS")
	}
	_, domain, _ := strings.Cut(l.mail, "@")
	for name, value := range map[string]string{
		"remove_headers": "", "custom_headers": "", "owner": "postmaster@" + domain, "moderators": "postmaster@" + domain,
	} {
		if !form.Has(name) {
			form.Set(name, value)
		}
	}
	for name, value := range adminDefaults {
		opposite := map[string]string{
			"only_subscriber_can_post": "only_moderator_can_post", "only_moderator_can_post": "only_subscriber_can_post",
		}[name]
		if !form.Has(name) && (opposite == "" || form.Get(opposite) != "yes") {
			form.Set(name, value)
		}
	}
	for _, dir := range []string{
		"archive", "bounce", "control", "digesters.d", "incoming", "moderation", "nomailsubs.d", "queue", "queue/discarded",
		"requeue", "subconf", "subscribers.d", "text", "unsubconf",
	} {
		if err := os.MkdirAll(filepath.Join(l.dir, dir), 0o700); err != nil {
			return err
		}
	}
	for file, content := range map[string]string{"control/listaddress": l.mail + "\n", "index": "",
		"text/confirm": "Subject: x\n\n"} {
		if err := os.WriteFile(filepath.Join(l.dir, file), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return l.update(form)
}

func (l adminList) update(form url.Values) any {
	if form.Has("moderate_subscription") && form.Has("subscription_moderators") {
		if form.Get("moderate_subscription") == "yes" && form.Get("subscription_moderators") != "" {
			form.Del("moderate_subscription")
		} else {
			form.Del("subscription_moderators")
		}
	}
	if form.Has("only_subscriber_can_post") && form.Get("only_moderator_can_post") == "yes" {
		form.Set("only_subscriber_can_post", "no")
	}
	for name := range form {
		if err := l.set(name, form.Get(name)); err != nil {
			return err
		}
	}
	if form.Get("footer_html") != "" {
		if content, _ := os.ReadFile(l.control("footer_text")); strings.TrimSpace(string(content)) == "" {
			if err := l.write("footer_text", "\n"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l adminList) set(name, value string) error {
	if file, known := adminFlags[name]; known {
		return l.setFlag(file, value)
	}
	if file, known := adminLists[name]; known {
		return l.write(file, strings.Join(l.values(name, value), ""))
	}
	if file, known := adminLines[name]; known {
		if value == "" || file == "maxmailsize" && value == "0" {
			return l.write(file, "")
		}
		return l.write(file, value+"\n")
	}
	if file, known := adminTexts[name]; known && value != "" {
		return l.write(file, strings.TrimSpace(value)+"\n")
	} else if known {
		return l.write(file, "")
	}
	return nil
}

// write replaces a file, and removes it when there is nothing to write: also the one that every list needs.
func (l adminList) write(file, content string) error {
	if content != "" {
		return os.WriteFile(l.control(file), []byte(content), 0o600)
	}
	if err := os.Remove(l.control(file)); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

func (l adminList) setFlag(file, value string) error {
	switch value {
	case "yes":
		f, err := os.OpenFile(l.control(file), os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		other := map[string]string{"modonlypost": "subonlypost", "subonlypost": "modonlypost"}[file]
		if err := f.Close(); err != nil || other == "" {
			return err
		}
		return l.write(other, "")
	case "no":
		return l.write(file, "")
	}
	return nil
}

// values returns the lines of a list parameter, each with its end.
func (l adminList) values(name, value string) []string {
	separator := ","
	if name == "custom_headers" {
		separator = "\n"
	}
	var values []string
	for v := range strings.SplitSeq(value, separator) {
		if v = strings.TrimSpace(v); v != "" {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	switch name {
	case "custom_headers":
		values = l.headers(values)
	case "owner", "moderators":
		values = slices.DeleteFunc(values, func(v string) bool { return !adminEmail.MatchString(v) })
	case "extra_addresses":
		if values = slices.DeleteFunc(values, func(v string) bool { return v == l.mail }); value != "" {
			values = append([]string{l.mail}, values...)
		}
	}
	for i := range values {
		values[i] += "\n"
	}
	return values
}

func (l adminList) headers(lines []string) []string {
	local, domain, _ := strings.Cut(l.mail, "@")
	own := []string{
		"Precedence: bulk", "List-Id: <" + l.mail + ">", "Reply-To: " + l.mail, "List-Post: <mailto:" + l.mail + ">",
		"List-Subscribe: <mailto:" + local + "+subscribe@" + domain + "?subject=Subscribe>",
		"List-Unsubscribe: <mailto:" + local + "+unsubscribe@" + domain + "?subject=Unsubscribe>",
	}
	lines = slices.DeleteFunc(lines, func(line string) bool {
		name, _, found := strings.Cut(line, ":")
		return !found || slices.ContainsFunc(own, func(o string) bool {
			return strings.HasPrefix(strings.ToLower(o), strings.ToLower(name)+":")
		})
	})
	return append(lines, own...)
}
