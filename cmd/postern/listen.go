package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// tryListen says whether the address can be listened on. One that is taken by a running server of ours is fine: that is the one
// whose configuration is looked at.
func (c Config) tryListen(ctx context.Context, w io.Writer) error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return nil //nolint:nilerr // the setting itself is at fault, which is told by itself
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err == nil {
		_, err = fmt.Fprintf(w, "%-9s %s is free\n", "listen", c.Listen)
		return errors.Join(err, listener.Close())
	}
	if errors.Is(err, syscall.EADDRINUSE) && isOurs(ctx, c.Listen) {
		_, err = fmt.Fprintf(w, "%-9s %s is taken by a running postern\n", "listen", c.Listen)
		return err
	}
	return fmt.Errorf("%s: %w", variable("listen"), err)
}

// isOurs reports whether a server of ours answers at the address.
func isOurs(ctx context.Context, address string) bool {
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, reachable(a)+"/healthz", nil)
	if err != nil {
		return false
	}
	plain := http.Transport{DisableKeepAlives: true} // without a proxy
	res, err := plain.RoundTrip(r)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 64))
	return err == nil && string(text) == "ok\n" && res.Header.Get("X-Request-Id") != ""
}
