package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/store/change"
)

const (
	// shutdownTimeout is how long requests in progress may take once the server is told to stop.
	shutdownTimeout = 15 * time.Second
	// resumeInterval is how often interrupted changes are taken up again, purgeInterval how often ended sessions go.
	resumeInterval = time.Minute
	purgeInterval  = time.Hour
	// inviteInterval is how often invitations are looked for that failed or that another process recorded.
	inviteInterval = 15 * time.Second
)

func serveCommand() *cobra.Command {
	return configured(&cobra.Command{
		Use:   "serve",
		Short: "Serve the API until a signal ends it",
		Args:  cobra.NoArgs,
	}, func(cmd *cobra.Command, _ []string, c Config) error {
		log := c.logger(cmd.ErrOrStderr())
		path, err := configFile(cmd.Flags())
		if err != nil {
			return err
		}
		for _, text := range c.exposed(path) {
			log.Warn(text)
		}
		return withStores(cmd, c, func(ctx context.Context, s *stores) error {
			return serve(ctx, c, s, log, cmd.OutOrStdout())
		})
	})
}

// serve answers requests until ctx ends, then lets those in progress finish.
func serve(ctx context.Context, c Config, s *stores, log *slog.Logger, stdout io.Writer) error {
	api, err := server.New(c.deps(log, s))
	if err != nil {
		return err
	}
	s.changes.OnChange(api.Forget)
	if err = c.unlessReadOnly(s.changes.Resume)(ctx); err != nil { // it is tried again every minute
		log.Error("some interrupted changes are still unfinished", "error", err)
	}
	first, err := s.bootstrap(ctx, c)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("%s: %w", variable("listen"), err)
	}
	log.Info("listening", "address", listener.Addr().String(), "version", buildVersion())
	front := newHTTPServer(api.Handler(), log)
	ended := make(chan error, 1)
	go func() { ended <- front.Serve(listener) }()
	stopChores := startChores(ctx, c, s, log)
	defer stopChores()
	if err = greet(stdout, listener.Addr(), first); err != nil {
		log.Warn("cannot write to the standard output", "error", err)
	}
	select {
	case err = <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping")
	api.Draining()
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err = front.Shutdown(deadline); err != nil {
		return errors.Join(fmt.Errorf("some requests did not finish in %s: %w", shutdownTimeout, err), front.Close())
	}
	return nil
}

// deps are the stores and the settings as the server gets them.
func (c Config) deps(log *slog.Logger, s *stores) server.Deps {
	d := server.Deps{
		Accounts:           s.accounts,
		Directory:          s.directory,
		Policies:           s.policies,
		MailingLists:       s.mls,
		State:              s.state,
		Panel:              s.panel,
		Ownerships:         s.names,
		LegacyPrefix:       c.LegacyPrefix,
		CORSOrigins:        c.CORSOrigins,
		ReadOnly:           c.readOnly,
		APIClients:         c.APIClients.networks(),
		TrustedProxies:     c.TrustedProxies.networks(),
		Log:                log,
		ShowPasswordHashes: bool(c.ShowPasswordHashes),
		PasswordScheme:     s.scheme,
		SessionIdle:        c.SessionIdle,
		SessionMax:         c.SessionMax,
		BodyBudget:         c.BodyBudget,
	}
	if s.spf != nil {
		d.Spf = s.spf
	}
	return d
}

// newHTTPServer bounds everything that a slow or hostile client could stretch.
func newHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      120 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// startChores does in the background what the jobs do, until the returned function is called, which waits for the end.
func startChores(ctx context.Context, c Config, s *stores, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		every(ctx, resumeInterval, log, "unfinished changes could not be taken up", c.unlessReadOnly(s.changes.ResumeStale))
	})
	if s.inviter != nil {
		s.inviter.Rest = c.readOnly
		running.Go(func() { s.inviter.Run(ctx, inviteInterval) })
	}
	running.Go(func() {
		every(ctx, c.SpfInterval, log, "the mail servers of some domains could not be looked up", c.unlessReadOnly(s.lookUp))
	})
	running.Go(func() {
		every(ctx, c.VerifyInterval, log, "some names that wait for their proof could not be checked", c.unlessReadOnly(s.names.Run))
	})
	running.Go(func() {
		const failure = "ended sessions and old wrong passwords could not be removed"
		purge := func(ctx context.Context) error {
			return errors.Join(purgeSessions(ctx, s, c), purgeAttempts(ctx, s, c))
		}
		withLog(log, failure, purge)(ctx)
		every(ctx, purgeInterval, log, failure, purge)
	})
	return func() { cancel(); running.Wait() }
}

// every repeats a job until ctx ends, and logs what failed; an interval of 0 never does it.
func every(ctx context.Context, interval time.Duration, log *slog.Logger, failure string, job func(ctx context.Context) error) {
	change.Every(ctx, interval, nil, withLog(log, failure, job))
}

func withLog(log *slog.Logger, failure string, job func(ctx context.Context) error) func(ctx context.Context) {
	return func(ctx context.Context) {
		if err := job(ctx); err != nil && ctx.Err() == nil {
			log.Error(failure, "error", err)
		}
	}
}

// greet tells the person at the terminal where to go and how to get in.
func greet(w io.Writer, address net.Addr, first *firstAdmin) error {
	text := fmt.Sprintf("Postern %s is ready.\n\n  Swagger UI  %s/docs/\n", buildVersion(), reachable(address))
	if first != nil {
		text += "  Admin       " + first.mail + "\n"
		switch {
		case first.password != "":
			text += "  Password    " + first.password.Reveal() + "\n              (shown this once, kept in " + first.kept + ")\n"
		case first.kept != "":
			text += "  Password    its first one is kept in " + first.kept + "\n"
		}
	}
	_, err := io.WriteString(w, text+"\n")
	return err
}

// reachable is the URL of a listener, on this machine where it listens everywhere.
func reachable(address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return "http://" + address.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}
