package ldapstore

import (
	"context"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// home is the domain that an account lies in.
type home struct {
	entry    entry
	name     string
	settings settings
	aliases  []string // its alias domains
	active   bool
}

// home reads a domain, or returns NO_SUCH_DOMAIN. A domain that is not finished is none: it is being made. What is counted
// against its limits stays as it is only under the lock of the domain.
func (s *Store) home(ctx context.Context, domain string) (home, error) {
	e, err := s.read(ctx, s.tree.domain(domain), classDomain)
	if err != nil {
		return home{}, err
	}
	if e == nil || e.unfinished() {
		return home{}, store.NoSuchDomain(domain)
	}
	return homeOf(*e), nil
}

func homeOf(e entry) home {
	return home{
		entry: e, name: strings.ToLower(e.first("domainName")), settings: e.settings(), aliases: e.sorted("domainAliasName"),
		active: e.active(),
	}
}

// unfinished reports whether a domain is being made, or was when something broke.
func (e entry) unfinished() bool { return e.settings().Text(settingUnfinished) != "" }

// room returns an error when the domain may have no further account of that sort.
func (s *Store) room(ctx context.Context, h home, k kind) error {
	limit := h.settings.Int(k.limit)
	var existing int64
	if limit > 0 {
		var err error
		if existing, err = s.count(ctx, h.name, k); err != nil {
			return err
		}
	}
	return rules.CheckRoom(limit, existing, k.plural)
}

// kind is a sort of account, as far as a domain and its admins have limits of it.
type kind struct {
	container string
	class     string // filter
	limit     string // key of the setting
	counter   string // attribute of the domain that says how many there are
	plural    string
}

var (
	kindUser  = kind{containerUsers, classUser, settingUsers, "domainCurrentUserNumber", "mailboxes"}
	kindAlias = kind{containerAliases, classAlias, settingAliases, "domainCurrentAliasNumber", "alias accounts"}
	kindList  = kind{containerGroups, classList, settingLists, "domainCurrentListNumber", "mailing lists"}
)

// filter fits the accounts of that sort in a domain. The entry of the catch-all is no mailbox.
func (k kind) filter(domain string) string {
	return and(k.class, not(equals("mail", "@"+domain)))
}

// count counts the accounts of that sort in a domain.
func (s *Store) count(ctx context.Context, domain string, k kind) (int64, error) {
	entries, err := s.children(ctx, s.tree.container(domain, k.container), k.filter(domain), "1.1")
	return int64(len(entries)), err
}

// allocated adds up the quotas of the mailboxes of a domain, in MB.
func (s *Store) allocated(ctx context.Context, domain string) (int64, error) {
	entries, err := s.children(ctx, s.tree.container(domain, containerUsers), kindUser.filter(domain), "mailQuota")
	var sum int64
	for _, e := range entries {
		sum += e.quota()
	}
	return sum, err
}

// quota is that of a mailbox in MB, 0 is unlimited.
func (e entry) quota() int64 { return e.number("mailQuota") / bytesPerMB }

// setQuota sets that of a mailbox in MB; unlimited is no attribute.
func (e *entry) setQuota(mb int64) {
	if mb <= 0 {
		e.set("mailQuota")
		return
	}
	e.set("mailQuota", strconv.FormatInt(mb*bytesPerMB, 10))
}

// quotas is what the domain says about the quotas of its mailboxes.
func (s *Store) quotas(ctx context.Context, h home) (rules.Quotas, error) {
	q := rules.Quotas{
		Domain: h.name, Default: h.settings.Int(settingDefaultQuota), Most: h.settings.Int(settingMaxUserQuota),
		Limit: h.settings.domainQuota(),
	}
	var err error
	if q.Limit > 0 {
		q.Allocated, err = s.allocated(ctx, h.name)
	}
	return q, err
}

// domainQuota is what all mailboxes of a domain may have together, in MB. A value without a unit is in GB.
func (s settings) domainQuota() int64 {
	number, unit, _ := strings.Cut(s.Text(settingDomainQuota), ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0
	}
	switch strings.ToUpper(unit) {
	case "MB":
		return n
	case "TB":
		return n << 20
	}
	return n << 10
}

// setDomainQuota sets that; 0 removes it.
func (s *settings) setDomainQuota(mb int64) {
	if mb == 0 {
		s.setText(settingDomainQuota, "")
		return
	}
	s.setText(settingDomainQuota, strconv.FormatInt(mb, 10)+":MB")
}

// tally brings the number of accounts that a domain says it has to what it has. iRedAdmin shows that number; no limit
// depends on it. A domain that is not there any more needs none.
func (p *plan) tally(domain string, k kind) {
	p.do("count "+k.plural+" of "+domain, func(ctx context.Context, s *Store) error { return s.tally(ctx, domain, k) })
}

func (s *Store) tally(ctx context.Context, domain string, k kind) error {
	n, err := s.count(ctx, domain, k)
	if err != nil {
		return err
	}
	return s.adjustCount(ctx, domain, k, func(int64) int64 { return n })
}

// counted adds to the number of accounts that a domain says it has, which costs the same however many there are.
func (p *plan) counted(domain string, k kind, more int64) {
	p.do("note the number of "+k.plural+" of "+domain, func(ctx context.Context, s *Store) error {
		return s.adjustCount(ctx, domain, k, func(n int64) int64 { return max(0, n+more) })
	})
}

func (s *Store) adjustCount(ctx context.Context, domain string, k kind, next func(n int64) int64) error {
	before, err := s.read(ctx, s.tree.domain(domain), classDomain, k.counter)
	if err != nil || before == nil {
		return err
	}
	was := before.number(k.counter)
	now := next(was)
	if now == was {
		return nil
	}
	after := before.clone()
	after.set(k.counter, strconv.FormatInt(now, 10))
	err = s.modify(ctx, *before, after)
	if isMissing(err) {
		return nil
	}
	return wrap(err)
}
