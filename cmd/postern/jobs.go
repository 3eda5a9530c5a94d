package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// jobs are the chores that can be run by hand. A running server does them by itself.
var jobs = map[string]func(ctx context.Context, s *stores, c Config) error{
	"sessions-purge": purgeSessions,
	"attempts-purge": purgeAttempts,
	"spf-whitelist":  func(ctx context.Context, s *stores, _ Config) error { return s.lookUp(ctx) },
	"invitations-send": func(ctx context.Context, s *stores, _ Config) error {
		if s.inviter == nil {
			return nil
		}
		return s.inviter.Send(ctx)
	},
	"verify-domains": func(ctx context.Context, s *stores, _ Config) error { return s.names.Run(ctx) },
	"intents-resume": func(ctx context.Context, s *stores, _ Config) error { return s.changes.ResumeStale(ctx) },
}

// purgeSessions removes the sessions that have ended.
func purgeSessions(ctx context.Context, s *stores, c Config) error {
	now := time.Now()
	return s.state.PurgeSessions(ctx, now.Add(-c.SessionIdle), now.Add(-c.SessionMax))
}

// purgeAttempts removes the wrong passwords that count no more.
func purgeAttempts(ctx context.Context, s *stores, _ Config) error {
	return s.state.PurgeAttempts(ctx, time.Now())
}

func jobNames() string {
	return strings.Join(slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(jobs)), aliasJob, purgeJob))), ", ")
}

func jobsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "jobs", Short: "Run a chore once"}
	var purge purgeFlags
	run := configured(&cobra.Command{
		Use:   "run NAME",
		Short: "Run one of: " + jobNames(),
		Long: "Runs one chore and ends. A running server does all of them by itself but for the first two.\n" +
			"  alias-domains   gives the accounts of a directory the addresses under alias domains that other programs left out,\n" +
			"                  and takes away those of alias domains that are gone\n" +
			"  purge-mailboxes  removes the files of deleted mailboxes whose day has come, and addresses that no white- or\n" +
			"                  blacklist names; to be run by the user whom the mailboxes belong to\n" +
			"  spf-whitelist   looks up the mail servers of the domains that are not to be greylisted\n" +
			"  verify-domains  looks up the names that wait for their proof, and puts those into use that have it\n" +
			"  sessions-purge  removes the sessions that have ended\n" +
			"  attempts-purge  removes the wrong passwords that count no more\n" +
			"  invitations-send  asks people to confirm the subscription of a mailing list\n" +
			"  intents-resume  finishes what a delete, rename or disable left to do that was interrupted over a minute ago",
		Args: cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, args []string, c Config) error {
		onlyLooks := purge.dryRun && slices.Contains([]string{aliasJob, purgeJob}, args[0])
		if err := c.refuseReadOnly(); err != nil && !onlyLooks {
			return err
		}
		if args[0] == purgeJob {
			return purgeMailboxes(cmd.Context(), c, purge, cmd.OutOrStdout())
		}
		if purge.forgetMissing || purge.dryRun && args[0] != aliasJob {
			return fmt.Errorf("--dry-run is for %s and %s, --forget-missing for %[2]s alone", aliasJob, purgeJob)
		}
		if args[0] == aliasJob {
			return withStores(cmd, c, func(ctx context.Context, s *stores) error {
				return s.mendAliasDomains(ctx, purge.dryRun, cmd.OutOrStdout())
			})
		}
		job, ok := jobs[args[0]]
		if !ok {
			return fmt.Errorf("there is no job %q; there are %s", args[0], jobNames())
		}
		return withStores(cmd, c, func(ctx context.Context, s *stores) error { return job(ctx, s, c) })
	})
	purge.add(run)
	cmd.AddCommand(run)
	return cmd
}
