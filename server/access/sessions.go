package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"sync"
	"time"

	"github.com/postern-mail/postern/server/deps"
	"github.com/postern-mail/postern/server/hashing"
	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
	"github.com/postern-mail/postern/store/turns"
)

const (
	// remembered is how long an answer of the stores may be used again: a change by another process shows after
	// that, one of this process at once (see Forget).
	remembered = time.Second
	// touchEvery bounds how often the last use of a session is written.
	touchEvery = time.Minute
	// mostRemembered bounds the memory.
	mostRemembered = 10000
)

// Sessions logs principals in and out and knows them again.
type Sessions struct {
	accounts  store.Identities
	state     store.Sessions
	attempts  store.Attempts
	hashing   *hashing.Pool
	deps      deps.Deps
	from      *Restrictions // say from where admins may come
	dummyHash func() store.Secret
	turns     turns.Queue // of those who compare a password for the same subject
	floor     floor

	mu     sync.Mutex
	known  map[string]known // by session id hash
	forgot int              // how often Forget was called
}

type known struct {
	session   store.Session
	principal *Principal
	at        time.Time
}

// NewSessions returns sessions over the stores.
func NewSessions(d deps.Deps, hashing *hashing.Pool, restrictions *Restrictions) *Sessions {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Sessions{
		accounts: d.Accounts, state: d.State, attempts: d.State, hashing: hashing, deps: d, from: restrictions, known: map[string]known{},
		// dummyHash is verified for unknown accounts, so that timing does not reveal whether an account exists. It costs what the
		// hashes of this server cost.
		dummyHash: sync.OnceValue(func() store.Secret {
			hash, err := password.Hash(d.PasswordScheme, "nobody has this password")
			if err != nil {
				return ""
			}
			return hash
		}),
	}
}

func (s *Sessions) open(ctx context.Context, identity store.Identity, ip string) (string, error) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	id := base64.RawURLEncoding.EncodeToString(random[:])
	now := s.deps.Now()
	ended, err := s.state.CreateSession(ctx, store.Session{
		IDHash: hashID(id), Username: identity.Username, Stamp: stamp(identity), IP: ip, Created: now, LastUsed: now,
	})
	for _, hash := range ended {
		s.drop(hash)
	}
	return id, err
}

// Resume returns the principal of a session id, or LOGIN_REQUIRED. A session is as good as its account: it ends when
// that is disabled or gone or has another password, whoever changed it.
func (s *Sessions) Resume(ctx context.Context, id string) (*Principal, error) {
	hash := hashID(id)
	now := s.deps.Now()
	k, fresh, forgot := s.recall(hash, now)
	if !fresh {
		var err error
		if k, err = s.load(ctx, hash, now, forgot); err != nil {
			return nil, err
		}
	}
	if now.Sub(k.session.LastUsed) > s.deps.SessionIdle || now.Sub(k.session.Created) > s.deps.SessionMax {
		s.drop(hash)
		if err := s.state.EndSession(ctx, hash); err != nil {
			return nil, err
		}
		return nil, errLoginRequired
	}
	if now.Sub(k.session.LastUsed) >= touchEvery {
		if err := s.state.TouchSession(ctx, hash, now); err != nil {
			return nil, err
		}
		k.session.LastUsed = now
		s.remember(hash, k, forgot)
	}
	return k.principal, nil
}

func (s *Sessions) load(ctx context.Context, hash string, now time.Time, forgot int) (known, error) {
	session, err := s.state.Session(ctx, hash)
	if err != nil {
		return known{}, err
	}
	identity, err := s.accounts.Identity(ctx, session.Username)
	if err != nil && !store.IsNotFound(err) {
		return known{}, err
	}
	if err != nil || !identity.MayLogIn() || stamp(identity) != session.Stamp {
		if err = s.state.EndSession(ctx, hash); err != nil {
			return known{}, err
		}
		return known{}, errLoginRequired
	}
	k := known{session: session, principal: &Principal{Identity: identity, session: hash}, at: now}
	s.remember(hash, k, forgot)
	return k, nil
}

// LogOut ends the session of the principal.
func (s *Sessions) LogOut(ctx context.Context, p *Principal) error {
	s.drop(p.session)
	return s.state.EndSession(ctx, p.session)
}

// Forget drops what is remembered about the accounts that a change may concern, so that it shows at once.
func (s *Sessions) Forget(c store.Change) {
	if c.Action == store.ActionCreate && c.Noun != store.NounDomain || c.Noun == store.NounAlias {
		return // a new account has no session yet
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgot++
	for hash, k := range s.known {
		user := k.session.Username
		if c.Noun == store.NounDomain || user == c.Name || store.DomainOf(user) == c.Name {
			delete(s.known, hash)
		}
	}
}

func (s *Sessions) recall(hash string, now time.Time) (k known, fresh bool, forgot int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.known[hash]
	return k, ok && now.Sub(k.at) < remembered, s.forgot
}

// remember keeps an answer, unless a change came in between reading it and now.
func (s *Sessions) remember(hash string, k known, forgot int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forgot != forgot {
		return
	}
	if len(s.known) >= mostRemembered {
		clear(s.known)
	}
	s.known[hash] = k
}

func (s *Sessions) drop(hash string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, hash)
}

// hashID is what the state database knows of a session id: who reads it there cannot log in with it.
func hashID(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

// stamp is a fingerprint of the stored password.
func stamp(identity store.Identity) string {
	sum := sha256.Sum256([]byte("session\x00" + identity.Password.Reveal()))
	return hex.EncodeToString(sum[:16])
}
