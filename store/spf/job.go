package spf

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/postern-mail/postern/store"
)

// Policies is what the job needs of store.Policies.
type Policies interface {
	SpfDomains(ctx context.Context) ([]string, error)
	ReplaceSpfSenders(ctx context.Context, domain string, senders []string) error
}

// Job looks domains up.
type Job struct {
	policies Policies
	resolver *Resolver
	log      *slog.Logger
}

// New returns the job.
func New(policies Policies, resolver *Resolver, log *slog.Logger) *Job {
	return &Job{policies, resolver, log}
}

// together is how many domains are looked up at a time.
const together = 8

// Run looks up these of the listed domains, or all of them when none is named, and replaces what is exempt on their behalf.
// When the DNS fails for a domain, all of that domain stays as it was, and the others are done all the same; the error then
// names each that failed. Without iRedAPD's database there is nothing to do.
func (j *Job) Run(ctx context.Context, domains ...string) error {
	listed, err := j.policies.SpfDomains(ctx)
	if store.HasCode(err, store.CodeNotConfigured) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(domains) > 0 {
		listed = slices.DeleteFunc(listed, func(d string) bool { return !slices.Contains(domains, d) })
	}
	answers := newCache(j.resolver)
	errs := make([]error, len(listed))
	var running sync.WaitGroup
	slots := make(chan struct{}, together)
	for i, domain := range listed {
		slots <- struct{}{}
		running.Go(func() {
			errs[i] = j.refresh(ctx, answers, domain)
			<-slots
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// refresh looks up one domain.
func (j *Job) refresh(ctx context.Context, answers *cache, domain string) error {
	found, err := servers(ctx, answers, domain)
	var fault broken
	if errors.As(err, &fault) {
		j.log.WarnContext(ctx, "A domain whose mail servers are to be exempt has a broken SPF record; what it had stays.",
			"domain", domain, "fault", fault.Error())
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up the mail servers of %s: %w", domain, err)
	}
	if err = j.policies.ReplaceSpfSenders(ctx, domain, found); err != nil {
		return fmt.Errorf("exempt the mail servers of %s: %w", domain, err)
	}
	return nil
}
