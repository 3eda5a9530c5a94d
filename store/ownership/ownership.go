package ownership

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

// Resolver asks the DNS.
type Resolver interface {
	// Texts returns the TXT records of a name, each joined without anything in between. A name without any has none, without an
	// error.
	Texts(ctx context.Context, name string) ([]string, error)
}

// State is where marks and locks are kept.
type State interface {
	store.NameMarks
	store.Locks
	store.Intents
}

// Options of the proof of names.
type Options struct {
	// Verify is whether names of admins who are not global have to be proven. What is pending already stays pending without it.
	Verify bool
	// HostNames are the names of this server, which only a global admin may add.
	HostNames []string
	// InEntries is whether the accounts name the pending alias domains too, as a directory does.
	InEntries bool
	Log       *slog.Logger
	Now       func() time.Time
}

// Accounts is a store.Accounts whose new names are pending where they have to be.
type Accounts struct {
	store.Accounts
	state    State
	codes    store.ProofCodes
	resolver Resolver // nil when no DNS server is known
	options  Options
}

var (
	_ store.Accounts   = (*Accounts)(nil)
	_ store.Ownerships = (*Accounts)(nil)
)

// New puts the proof of names in front of accounts.
func New(accounts store.Accounts, state State, codes store.ProofCodes, resolver Resolver, options Options) *Accounts {
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Accounts{Accounts: accounts, state: state, codes: codes, resolver: resolver, options: options}
}

// lockNames keeps apart all who write marks. It is one for all names: whoever holds it writes to the database that may keep the
// lock itself, which takes a connection more, and so no more than one of a process may wait for that at a time.
const lockNames = "marks of names"

func (a *Accounts) locked(ctx context.Context, fn func(ctx context.Context) error) error {
	return a.state.Locked(ctx, []string{lockNames}, fn)
}

func (a *Accounts) now() time.Time { return a.options.Now().UTC().Truncate(time.Second) }

// mustProve reports whether the names that the actor adds have to be proven.
func (a *Accounts) mustProve(actor store.Actor) bool {
	return a.options.Verify && rules.MustProveNames(actor)
}

// checkNames returns PERMISSION_DENIED when the actor may not add one of the names, proven or not.
func (a *Accounts) checkNames(ctx context.Context, actor store.Actor, names []string) error {
	if !rules.MustProveNames(actor) || len(names) == 0 {
		return nil
	}
	ofAdmins, err := a.DomainsOfAdmins(ctx, names)
	if err != nil {
		return err
	}
	return rules.CheckNames(names, append(ofAdmins, a.options.HostNames...))
}

// isProven reports whether the actor has proven the name so recently that it needs no new proof.
func (a *Accounts) isProven(ctx context.Context, actor store.Actor, name string) (bool, error) {
	last, err := a.codes.LastProof(ctx, actor.Username, name)
	return rules.IsProofStillGood(last, a.now()), err
}

// keepMark marks a name, and sees to it that a pending one has a code.
func (a *Accounts) keepMark(ctx context.Context, m store.NameMark) error {
	if m.Pending() {
		if err := a.freshCode(ctx, m); err != nil {
			return err
		}
	}
	return a.state.MarkName(ctx, m)
}

// freshCode sees to it that a name has a code that is not verified: an earlier proof of it may be too old to count.
func (a *Accounts) freshCode(ctx context.Context, m store.NameMark) error {
	code, found, err := a.codes.ProofCode(ctx, m.Admin, m.Name, m.Domain)
	if err != nil || found && !code.Verified {
		return err
	}
	return a.codes.KeepProofCode(ctx, codeOf(m))
}

// code returns the code of a name. One that has vanished is replaced by a new one, which nobody has published.
func (a *Accounts) code(ctx context.Context, m store.NameMark) (store.ProofCode, error) {
	code, found, err := a.codes.ProofCode(ctx, m.Admin, m.Name, m.Domain)
	if err != nil || found {
		return code, err
	}
	code = codeOf(m)
	return code, a.codes.KeepProofCode(ctx, code)
}

func codeOf(m store.NameMark) store.ProofCode {
	return store.ProofCode{Admin: m.Admin, Name: m.Name, Domain: m.Domain, Code: rules.NewProofCode()}
}

// removeMark takes the mark from a name in a domain, with what says that it is pending.
func (a *Accounts) removeMark(ctx context.Context, m store.NameMark) error {
	if m.Pending() && m.IsAlias() && a.options.InEntries {
		u := store.DomainUpdate{PendingAliasDomains: store.Set{Remove: []string{m.Name}}}
		if _, err := a.Accounts.UpdateDomain(ctx, store.Write{}, m.Domain, u); err != nil && !store.IsNotFound(err) {
			return err
		}
	}
	if m.Pending() {
		if err := a.codes.ForgetProofCodes(ctx, m.Name, m.Domain); err != nil {
			return err
		}
	}
	return a.state.UnmarkName(ctx, m.Name, m.Domain)
}

// removePendingElsewhere takes the pending marks of a name that is in use now, but for one in a domain.
func (a *Accounts) removePendingElsewhere(ctx context.Context, names []string, domain string) error {
	marks, err := a.state.MarksOfNames(ctx, names)
	if err != nil {
		return err
	}
	for _, m := range marks {
		if m.Pending() && m.Domain != domain {
			if err = a.removeMark(ctx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// mark returns the mark of a name in a domain, and whether there is one.
func (a *Accounts) mark(ctx context.Context, name, domain string) (store.NameMark, bool, error) {
	marks, err := a.state.MarksOfNames(ctx, []string{name})
	for _, m := range marks {
		if m.Domain == domain {
			return m, true, err
		}
	}
	return store.NameMark{}, false, err
}

// names returns the names of those marks that the condition holds for.
func names(marks []store.NameMark, holds func(store.NameMark) bool) []string {
	list := []string{}
	for _, m := range marks {
		if holds(m) {
			list = append(list, m.Name)
		}
	}
	slices.Sort(list)
	return list
}

// isPendingAlias tells the marks of alias domains that wait.
func isPendingAlias(m store.NameMark) bool { return m.Pending() && m.IsAlias() }

// isRolledBack reports whether an error says that surely nothing was written.
func isRolledBack(err error) bool {
	var refusal *store.Error
	return errors.As(err, &refusal) && refusal.Kind != store.Unavailable
}

// detachedTime bounds what is tidied up after a write, whether or not the client is still there.
const detachedTime = 5 * time.Second

// detached is a context for what has to be done after a write.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), detachedTime)
}
