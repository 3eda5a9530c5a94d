package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ldapstore"
	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/policystore"
	"github.com/postern-mail/postern/store/purge"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
)

// purgeJob is the job that removes the files of deleted mailboxes. A running server does not do it: it has no rights there.
const purgeJob = "purge-mailboxes"

// purgeFlags are those of purge-mailboxes. A dry run alias-domains has, too.
type purgeFlags struct{ dryRun, forgetMissing bool }

func (f *purgeFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, purgeJob+" and "+aliasJob+": only say what would be done")
	cmd.Flags().BoolVar(&f.forgetMissing, "forget-missing", false, purgeJob+": remove the records of directories that are absent, too")
}

// purgeMailboxes removes the files of deleted mailboxes whose day has come, and the addresses that no white- or blacklist names.
// It opens no more than that takes, so that it can run as the user of the mailboxes, who may not read the state database.
func purgeMailboxes(ctx context.Context, c Config, f purgeFlags, w io.Writer) (err error) {
	p, err := c.openPurge(ctx)
	defer func() { err = errors.Join(err, p.close()) }()
	if err != nil {
		return err
	}
	if p.records == nil {
		if _, err = fmt.Fprintf(w, "Deleted mailboxes are recorded in the panel's database. %s names none.\n", variable("iredadmin_dsn")); err != nil {
			return err
		}
	} else if err = p.files(ctx, c, f, w); err != nil {
		return err
	}
	n, err := p.policies.PurgeAddresses(ctx, f.dryRun)
	if err != nil || n == 0 {
		return err
	}
	verb := "removed"
	if f.dryRun {
		verb = "would be removed"
	}
	_, err = fmt.Fprintf(w, "%d addresses that no white- or blacklist names: %s\n", n, verb)
	return err
}

// purging is what the job works on.
type purging struct {
	homes    store.MailboxHomes
	records  store.DeletedMailboxes // nil where there is no database for them
	panel    store.Panel            // nil when there is no panel database
	policies *policystore.Store
	closers  []func() error
}

func (p *purging) close() error {
	var faults []error
	for _, closer := range p.closers {
		faults = append(faults, closer())
	}
	return errors.Join(faults...)
}

// openPurge opens the accounts and the databases that the job needs. Where accounts are in SQL the records are beside them, else
// in the panel's database.
func (c Config) openPurge(ctx context.Context) (*purging, error) {
	p := &purging{}
	panel, err := p.open(c, "iredadmin_dsn")
	if err != nil {
		return p, err
	}
	if panel != nil {
		p.panel = panelstore.New(panel)
	}
	amavisd, err := p.open(c, "amavisd_dsn")
	if err != nil {
		return p, err
	}
	p.policies = policystore.New(amavisd, nil, policystore.DefaultOptions())
	if c.Backend == "ldap" {
		directory, err := ldapstore.New(c.directoryOptions(), nil, nil)
		if err != nil {
			return p, inDirectory(err)
		}
		p.closers = append(p.closers, directory.Close)
		p.homes = directory
		if panel != nil {
			p.records = panelstore.NewMailboxes(panel)
		}
		return p, nil
	}
	vmail, err := p.open(c, "vmail_dsn")
	if err != nil {
		return p, err
	}
	accounts, err := sqlstore.New(ctx, vmail, sqlstore.DefaultOptions())
	if err != nil {
		return p, inDatabase(c.database("vmail_dsn"), err)
	}
	p.homes, p.records = accounts, panelstore.NewMailboxes(vmail)
	return p, nil
}

// open opens a database, nil when it is not configured.
func (p *purging) open(c Config, key string) (*sqldb.DB, error) {
	d := c.database(key)
	if c.url(d) == "" {
		return nil, nil //nolint:nilnil // that there is none is a good answer
	}
	db, err := sqldb.Open(c.url(d))
	if err != nil {
		return nil, inDatabase(d, err)
	}
	p.closers = append(p.closers, db.Close)
	return db, nil
}

func (p *purging) files(ctx context.Context, c Config, f purgeFlags, w io.Writer) error {
	job := &purge.Job{
		Options: purge.Options{Nodes: c.MailStorage, DryRun: f.dryRun, ForgetMissing: f.forgetMissing},
		Records: p.records, Homes: p.homes, Panel: p.panel,
	}
	var told error
	job.Report = func(d store.DueMailbox, outcome string) {
		_, err := fmt.Fprintf(w, "%s %q: %s\n", d.Mail, d.Maildir, outcome)
		told = errors.Join(told, err)
	}
	return errors.Join(job.Run(ctx), told)
}
