package access

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// undoTime bounds how long it may take to correct a count after the request has ended.
const undoTime = 2 * time.Second

var (
	errLoginRequired = store.Fail(store.Unauthenticated, store.CodeLoginRequired,
		"Log in with POST /api/login and send its cookie along.")
	errInvalidCredentials = store.Fail(store.Unauthenticated, store.CodeInvalidCredentials, "The username or the password is wrong.")
)

// LogIn checks the credentials and opens a session. It returns the id for the cookie. Unknown account, wrong
// password and disabled account all fail with INVALID_CREDENTIALS, after the same time; too many of them with
// TOO_MANY_ATTEMPTS, at once. It fails with NOT_ALLOWED_IP where no admin, or no global admin, may come from the address: the latter
// shows only to who knows the password.
func (s *Sessions) LogIn(ctx context.Context, username, password, ip string) (id string, err error) {
	begun := time.Now()
	id, err = s.logIn(ctx, username, password, ip)
	if err != nil {
		s.logFailure(ctx, username, ip, err)
		if store.HasCode(err, store.CodeInvalidCredentials) {
			now := time.Now()
			waitUntil(ctx, begun.Add(s.floor.of(now.Sub(begun), now)))
		}
	}
	return id, err
}

func (s *Sessions) logIn(ctx context.Context, username, password, ip string) (id string, err error) {
	if err = s.from.checkAdmin(ctx, ip, false); err != nil {
		return "", err
	}
	username, err = store.NormaliseAddress(username)
	if err != nil {
		return "", store.Fail(store.Invalid, reply.CodeInvalidUsername, "The username is a full mail address.").With("username")
	}
	if password = strings.TrimSpace(password); password == "" {
		return "", store.Fail(store.Invalid, reply.CodeEmptyPassword, "The password is empty.").With("password")
	}
	var identity store.Identity
	ok, err := s.compare(ctx, store.Attempt{Account: username, Network: store.NetworkOf(ip)}, func() (ok bool, err error) {
		identity, ok, err = s.verify(ctx, username, password)
		return ok, err
	})
	if err == nil && !ok {
		err = errInvalidCredentials
	}
	if err == nil {
		err = s.from.checkAdmin(ctx, ip, identity.Global)
	}
	if err != nil {
		return "", err
	}
	return s.open(ctx, identity, ip)
}

// verify reports whether that is the password of an account that may log in. Where there is no such account, a password is
// compared all the same: a server that is busy then answers alike, too.
func (s *Sessions) verify(ctx context.Context, username, password string) (store.Identity, bool, error) {
	identity, err := s.accounts.Identity(ctx, username)
	if err != nil && !store.IsNotFound(err) {
		return identity, false, err
	}
	stored := identity.Password
	if err != nil {
		stored = s.dummyHash()
	}
	ok, err := s.hashing.Verify(ctx, stored, password)
	var known *store.Error
	if errors.As(err, &known) && known.Code == store.CodeInvalidPasswordScheme {
		failed := *errInvalidCredentials
		failed.Cause = known
		err = &failed
	}
	return identity, ok && identity.MayLogIn(), err
}

// logFailure writes the one line that tells of a failed log-in. That a backend is away is told elsewhere.
func (s *Sessions) logFailure(ctx context.Context, username, ip string, err error) {
	var known *store.Error
	if !errors.As(err, &known) || known.Kind == store.Unavailable && known.Code != store.CodeServerBusy {
		return
	}
	// The address comes before anything that a client chooses: a ban looks for it there.
	line := []any{"code", known.Code, "ip", ip, "name", shown(username), "request_id", reply.NoteOf(ctx).RequestID}
	if known.Cause != nil {
		line = append(line, "cause", known.Cause)
	}
	s.deps.Log.Warn("log-in failed", line...)
}

// shown cuts a name that a client made up.
func shown(name string) string {
	const most = 255
	return name[:min(len(name), most)]
}

// ComparePassword tells whether compare finds the right password, for somebody who is logged in. Too many wrong ones of one
// session fail with TOO_MANY_ATTEMPTS; nothing is compared then.
func (s *Sessions) ComparePassword(ctx context.Context, p *Principal, compare func() (bool, error)) (bool, error) {
	return s.compare(ctx, store.Attempt{Session: p.session}, compare)
}

// compare counts what a comparison says. Those of the same subject come one after the other, so that right passwords at the
// same time are not in each other's way.
func (s *Sessions) compare(ctx context.Context, a store.Attempt, compare func() (bool, error)) (bool, error) {
	if s.deps.UnlimitedLogins {
		return compare()
	}
	done, err := s.turns.Take(ctx, a.Session+" "+a.Account+" "+a.Network)
	if err != nil {
		return false, errBusy
	}
	defer done()
	a.At = s.deps.Now()
	if err = s.attempts.BeginAttempt(ctx, a); err != nil {
		return false, err
	}
	ok, err := compare()
	// The count is corrected also for a client that has gone.
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	failed := err != nil && !store.HasCode(err, store.CodeInvalidCredentials)
	if failed && ctx.Err() != nil { // the reply is due, and a backend that is away would keep it waiting
		go func() {
			defer cancel()
			_ = s.attempts.CancelAttempt(lasting, a)
		}()
		return false, err
	}
	defer cancel()
	switch {
	case ok && err == nil:
		return true, s.attempts.SucceedAttempt(lasting, a)
	case failed:
		return false, errors.Join(err, s.attempts.CancelAttempt(lasting, a))
	}
	return false, err
}

var errBusy = func() *store.Error {
	e := store.Fail(store.Unavailable, store.CodeServerBusy, "Too many log in to this account at the same time. Try again in a few seconds.")
	e.RetryAfter = time.Second
	return e
}()

// waitUntil returns at that time, or when the request ends.
func waitUntil(ctx context.Context, at time.Time) {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
