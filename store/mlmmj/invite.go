package mlmmj

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/postern-mail/postern/store"
)

const (
	// atOnce is how many programs run at the same time for one request.
	atOnce = 4
	// longestRun bounds one program. mlmmj sends before it ends; what is in its queue by then goes out later.
	longestRun = 20 * time.Second
	// tokenSize is the size of the random part at the start of a pending confirmation's name, and of the dash behind it.
	tokenSize = 17
)

// Invite implements store.Mlmmj. An earlier invitation of an address is no longer good.
func (s *Spool) Invite(ctx context.Context, mail string, kind store.Subscription, addresses []string) error {
	addresses, err := subscribable(kind, addresses)
	if err != nil {
		return err
	}
	if err := store.CheckInvitable(addresses); err != nil {
		return err
	}
	l, err := s.hold(ctx, mail, exclusive)
	if err != nil {
		return err
	}
	if err = l.mayTake(addresses); err == nil {
		err = l.forgetInvitations(addresses...)
	}
	// mlmmj takes locks of its own, and its mail may take a while.
	l.close()
	if err == nil {
		err = l.invite(ctx, kind, addresses)
	}
	return failed("invite to", mail, err)
}

// forgetInvitations removes the pending confirmations of addresses.
func (l *list) forgetInvitations(addresses ...string) error {
	names, err := l.names("subconf")
	if err != nil || len(names) == 0 {
		return err
	}
	old := map[string]bool{}
	for _, a := range addresses {
		local, domain := store.SplitAddress(a)
		old[local+"="+domain] = true
	}
	for _, name := range names {
		if len(name) > tokenSize && name[tokenSize-1] == '-' && old[name[tokenSize:]] {
			if err := l.remove("subconf/" + name); err != nil {
				return err
			}
		}
	}
	return nil
}

// Invited implements store.Mlmmj: mlmmj keeps the name of whoever is asked, with the time, until the answer comes.
func (s *Spool) Invited(ctx context.Context, mail, address string, since time.Time) (bool, error) {
	l, err := s.hold(ctx, mail, shared)
	if err != nil {
		return false, err
	}
	defer l.close()
	names, err := l.names("subconf")
	if err != nil {
		return false, failed("read", mail, err)
	}
	local, domain := store.SplitAddress(address)
	for _, name := range names {
		if len(name) <= tokenSize || name[tokenSize:] != local+"="+domain {
			continue
		}
		info, err := l.root.Stat("subconf/" + name)
		if err == nil && !info.ModTime().Before(since.Truncate(time.Second)) {
			return true, nil
		}
	}
	return false, nil
}

// invite runs mlmmj's own program for each address, a few at once.
func (l *list) invite(ctx context.Context, kind store.Subscription, addresses []string) error {
	args := []string{"-L", filepath.Join(l.Spool.Spool, l.name), "-C", "-s"}
	switch kind {
	case store.SubscribeDigest:
		args = append(args, "-d")
	case store.SubscribeNoMail:
		args = append(args, "-n")
	}
	todo := make(chan string)
	errs := make([]error, atOnce)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for a := range todo {
				errs[i] = errors.Join(errs[i], l.run(ctx, "mlmmj-sub", append(args[:len(args):len(args)], "-a", a)...))
			}
		})
	}
	for _, a := range addresses {
		if ctx.Err() != nil {
			break
		}
		todo <- a
	}
	close(todo)
	wg.Wait()
	return errors.Join(append(errs, ctx.Err())...)
}

// run starts one of mlmmj's programs as the owner of the list and waits for its end.
func (l *list) run(ctx context.Context, program string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, longestRun)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(l.Programs, program), args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}
	cmd.WaitDelay = time.Second
	if l.me == 0 && l.uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(l.uid), Gid: uint32(l.gid)}}
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	err := cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", program, ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %.200q", program, err, said.String())
	}
	return nil
}
