package rules

import (
	"cmp"
	"errors"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store"
)

// Transports says which Postfix transports and next hops an admin who is not global may set: the default transport, those
// that the operator allows, and smtp and relay to public hosts. A transport is what transport(5) calls transport:nexthop.
type Transports struct {
	Default   string // of a domain that names none, such as dovecot
	Allowed   []AllowedTransport
	Names     []string       // of this server, in lower case
	Addresses store.Networks // of this server
}

// AllowedTransport is an entry of the operator's list of transports.
type AllowedTransport struct {
	text    string
	service string       // "" is smtp and relay
	any     bool         // any next hop
	network netip.Prefix // when it is valid, next hops in it
	port    string       // of those
}

// DefaultAllowedTransports are LOCAL_TRANSPORTS of iRedAdmin-Pro's default settings.
func DefaultAllowedTransports() []string {
	return []string{"dovecot", "lmtp:unix:private/dovecot-lmtp", "lmtp:inet:127.0.0.1:24"}
}

// DefaultTransports allow what iRedAdmin-Pro allows without settings, on a server that knows nothing of its own names.
func DefaultTransports() Transports {
	t := Transports{Default: "dovecot"}
	for _, text := range DefaultAllowedTransports() {
		entry, err := ParseAllowedTransport(text)
		if err != nil {
			panic(err)
		}
		t.Allowed = append(t.Allowed, entry)
	}
	return t
}

var serviceName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// ParseAllowedTransport reads an entry of the operator's list: a whole transport (external-pipe, lmtp:inet:127.0.0.1:24), one
// that ends in a colon, for any next hop (smtp:), one whose next hop is a network (smtp:[10.20.0.0/16]:25), or a next hop alone
// in brackets, which is that of smtp and relay.
func ParseAllowedTransport(text string) (AllowedTransport, error) {
	entry := AllowedTransport{text: text}
	hop := text
	if !strings.HasPrefix(text, "[") {
		var hasHop bool
		entry.service, hop, hasHop = strings.Cut(text, ":")
		entry.any = hasHop && hop == ""
		if !serviceName.MatchString(entry.service) {
			return entry, errors.New("the name of a transport has letters, digits, - and _, such as smtp")
		}
	}
	switch {
	case strings.EqualFold(entry.service, mlmmjService):
		return entry, errors.New("mlmmj is for mailing lists alone, which have it without being allowed to")
	case strings.Contains(text, "..") || strings.ContainsFunc(text, notPrintable):
		return entry, errors.New("a transport has no .. and only printable ASCII characters")
	}
	inner, rest, closed := strings.Cut(strings.TrimPrefix(hop, "["), "]")
	if !strings.HasPrefix(hop, "[") || !strings.Contains(inner, "/") {
		return entry, nil
	}
	network, ok := store.ParseNetwork(inner)
	port, hasPort := strings.CutPrefix(rest, ":")
	if !ok || !closed || rest != "" && !hasPort || hasPort && !isPort(port) {
		return entry, errors.New("a network is written as in smtp:[10.20.0.0/16]:25")
	}
	entry.network, entry.port = network, smtpPort(port)
	return entry, nil
}

// smtpPort is the port that an absent one stands for.
func smtpPort(port string) string {
	if port == "" || strings.EqualFold(port, "smtp") {
		return "25"
	}
	return port
}

// allows reports whether the entry allows a transport.
func (a AllowedTransport) allows(value string) bool {
	if a.text == value {
		return true
	}
	service, hop, hasHop := strings.Cut(value, ":")
	switch {
	case a.service == "" && !relays(service), a.service != "" && a.service != service:
		return false
	case a.service == "" && hop == a.text, a.any:
		return true
	case !hasHop || !a.network.IsValid():
		return false
	}
	parsed, ok := parseNextHop(hop)
	address, isAddress := parseLiteral(parsed.host)
	return ok && isAddress && a.network.Contains(address.WithZone("")) && smtpPort(parsed.port) == a.port
}

// relays reports whether the service takes a host as its next hop that mail is sent to by SMTP, under Postfix's own names.
func relays(service string) bool { return service == "smtp" || service == "relay" }

const mlmmjService = "mlmmj"

func notPrintable(r rune) bool { return r < ' ' || r > '~' }

func notPrintableOrBlank(r rune) bool { return r <= ' ' || r > '~' }

// Transport returns the transport of an account as it is to be stored. Stored is the present one: a value that is equal is
// never refused. Returns INVALID_TRANSPORT for what Postfix cannot use, for "..", and for mlmmj but of the account's own list;
// PERMISSION_DENIED for what only a global admin may set. Account is a mailbox, a domain, or "" for many.
func (t Transports) Transport(actor store.Actor, account, stored, value string) (string, error) {
	if value == stored || value == "" {
		return value, nil
	}
	value = strings.Trim(value, " ")
	if value == stored || value == "" {
		return value, nil
	}
	service, hop, _ := strings.Cut(value, ":")
	if detail := formFault(account, value, service, hop); detail != "" {
		return "", store.Fail(store.Invalid, store.CodeInvalidTransport, "%s", detail).With("transport")
	}
	if !bound(actor) || value == t.Default {
		return value, nil
	}
	if why := t.refuses(value); why != "" {
		return "", notYours("transport", why)
	}
	return value, nil
}

// formFault says what is wrong with a transport whoever sets it, "" when nothing is.
func formFault(account, value, service, hop string) string {
	switch {
	case len(value) > store.MaxText:
		return "A transport has at most 255 characters."
	case strings.ContainsFunc(value, notPrintable) || service != "" && !serviceName.MatchString(service):
		return "That is not a transport. Write one as in dovecot or smtp:[192.0.2.10]:25."
	case strings.Contains(value, ".."):
		return "A transport may not have .. in it."
	case strings.EqualFold(service, mlmmjService) && (!strings.Contains(account, "@") || value != store.MailingListTransport(account)):
		return "The transport mlmmj is for mailing lists alone."
	case slices.Contains([]string{"smtp", "relay", "lmtp"}, service) && strings.ContainsFunc(hop, notPrintableOrBlank):
		return "The next hop of " + service + " is a host, without blanks."
	}
	return ""
}

// refuses says why an actor that is not global may not set a transport, "" when it may.
func (t Transports) refuses(value string) string {
	if t.allows(value) {
		return ""
	}
	service, hops, _ := strings.Cut(value, ":")
	if !relays(service) {
		return "That transport is not one of those that are allowed here."
	}
	if hops == "" {
		return "A next hop is missing, as in smtp:[mx.example.com]:25."
	}
	all, ok := parseNextHops(hops)
	if !ok {
		return "The next hop is not a host as in [mx.example.com]:25."
	}
	for _, hop := range all {
		if why := t.inward(hop); why != "" && !t.allows(service+":"+hop.String()) {
			return "The next hop " + hop.host + " " + why + "."
		}
	}
	return ""
}

func (t Transports) allows(value string) bool {
	return slices.ContainsFunc(t.Allowed, func(a AllowedTransport) bool { return a.allows(value) })
}

// RelayHost returns the next hop of a parameter that has no transport before it, as it is to be stored. A leading smtp: or
// relay: is dropped, an address gets brackets. Stored is the present one: a value that is equal but for the case of its letters
// stays as it is stored and is never refused. Returns INVALID_RELAY, or PERMISSION_DENIED as Transport does.
func (t Transports) RelayHost(actor store.Actor, field, stored, value string) (string, error) {
	value = strings.TrimSpace(value)
	if value == "" {
		return "", nil
	}
	hops, ok := parseNextHops(withoutService(value))
	whole := joinHops(hops)
	if strings.EqualFold(value, stored) || ok && strings.EqualFold(whole, withoutService(stored)) {
		return stored, nil
	}
	if !ok || len(whole) > store.MaxText-len("relay:") || strings.Contains(whole, "..") {
		return "", store.Fail(store.Invalid, store.CodeInvalidRelay, "Write a host as in [smtp.example.net]:587.").With(field)
	}
	if !bound(actor) || t.refuses("smtp:"+whole) == "" {
		return whole, nil
	}
	if why := t.refuses("relay:" + whole); why != "" {
		return "", notYours(field, why)
	}
	return whole, nil
}

// withoutService drops the transport that may stand in front of a next hop.
func withoutService(value string) string {
	for _, service := range []string{"smtp:", "relay:"} {
		value = strings.TrimPrefix(value, service)
	}
	return value
}

// DomainRoutes are where mail of a domain goes, as it is stored.
type DomainRoutes struct {
	Domain    string
	Transport string
	RelayHost string // that outgoing mail takes
	BackupMX  bool
}

// CreateDomain returns the domain to be with its transport and next hops as they are to be stored, or why it may not be made like
// that. The transport of a backup MX is the primary one.
func (t Transports) CreateDomain(actor store.Actor, d store.DomainCreate) (store.DomainCreate, error) {
	d, err := d.Checked()
	if err != nil {
		return d, err
	}
	u, err := t.UpdateDomain(actor, DomainRoutes{Domain: d.Name}, d.Update())
	if err != nil {
		return d, err
	}
	d.Transport, d.PrimaryMX, d.OutboundRelay = *u.Transport, *u.PrimaryMX, *u.OutboundRelay
	d.Transport, d.BackupMX = t.After(DomainRoutes{Domain: d.Name}, u)
	return d, nil
}

// After returns the transport of a domain once an update is done, and whether it is a backup MX then. A backup MX relays to the
// primary one; a domain that ceases to be one gets the default transport back.
func (t Transports) After(stored DomainRoutes, u store.DomainUpdate) (transport string, backupMX bool) {
	transport, backupMX = stored.Transport, stored.BackupMX
	if u.Transport != nil {
		transport = cmp.Or(*u.Transport, t.Default)
	}
	switch {
	case u.BackupMX == nil:
	case *u.BackupMX:
		primary := stored.Domain // Postfix looks up its MX
		if u.PrimaryMX != nil {
			primary = cmp.Or(*u.PrimaryMX, primary)
		}
		return "relay:" + primary, true
	case stored.BackupMX:
		return t.Default, false
	default:
		backupMX = false
	}
	return transport, backupMX
}

// UpdateDomain returns the update with its transport and next hops as they are to be stored, or why they may not be.
func (t Transports) UpdateDomain(actor store.Actor, stored DomainRoutes, u store.DomainUpdate) (store.DomainUpdate, error) {
	primary := ""
	if stored.BackupMX {
		primary = strings.TrimPrefix(stored.Transport, "relay:")
	}
	if _, backupMX := t.After(stored, u); !backupMX && u.PrimaryMX != nil && *u.PrimaryMX != "" && !strings.EqualFold(*u.PrimaryMX, stored.PrimaryMX()) {
		return u, store.Fail(store.Invalid, store.CodeConflicting,
			"Only a backup MX has a primarymx: send is_backupmx: yes with it, or leave it empty.").With("primarymx")
	}
	for _, part := range []struct {
		value *string
		check func(value string) (string, error)
		set   func(value *string)
	}{
		{
			u.Transport, func(v string) (string, error) { return t.Transport(actor, stored.Domain, stored.Transport, v) },
			func(v *string) { u.Transport = v },
		},
		{
			u.PrimaryMX, func(v string) (string, error) { return t.RelayHost(actor, "primarymx", primary, v) },
			func(v *string) { u.PrimaryMX = v },
		},
		{
			u.OutboundRelay, func(v string) (string, error) { return t.RelayHost(actor, "outboundRelay", stored.RelayHost, v) },
			func(v *string) { u.OutboundRelay = v },
		},
	} {
		if part.value == nil {
			continue
		}
		checked, err := part.check(*part.value)
		if err != nil {
			return u, err
		}
		part.set(&checked)
	}
	return u, nil
}

// bound reports whether the limits of admins hold for the actor. They do not for the program itself.
func bound(actor store.Actor) bool { return !actor.Global && actor.Username != "" }

func notYours(field, why string) error {
	return store.Fail(store.Forbidden, store.CodePermissionDenied, "%s Only a global admin may set that.", why).With(field)
}
