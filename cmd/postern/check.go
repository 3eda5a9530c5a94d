package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/store/dovecot"
	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/policystore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
)

// checkTimeout bounds how long one backend may take to answer.
const checkTimeout = 5 * time.Second

func checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Show the configuration, try every backend and report every fault",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, faults := readConfig(cmd.Flags())
			c.warnIgnored(cmd.Flags(), c.logger(cmd.ErrOrStderr()).Warn)
			w := cmd.OutOrStdout()
			path, err := configFile(cmd.Flags())
			if err != nil {
				return err
			}
			if err = errors.Join(tellFile(w, path), c.print(w)); err != nil {
				return err
			}
			err = errors.Join(faults, strayVariables(os.Environ()), c.tryListen(cmd.Context(), w), c.tryBackends(cmd.Context(), w),
				c.tellExposed(w, path))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(w, "Everything is fine.")
			return err
		},
	}
	addConfigFlags(cmd.Flags())
	return cmd
}

// tellFile says which file settings are read from.
func tellFile(w io.Writer, path string) error {
	if path == "" {
		path = "none"
	}
	_, err := fmt.Fprintf(w, "%-30s %s\n", "--config", path)
	return err
}

// print shows what is configured, without its secrets.
func (c Config) print(w io.Writer) error {
	values := c.shown()
	for _, s := range settings {
		if _, err := fmt.Fprintf(w, "%-30s %s\n", variable(s.key), values[s.key]); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

// tryBackends says of each backend whether it can be used, and fails when one cannot.
func (c Config) tryBackends(ctx context.Context, w io.Writer) error {
	var faults []error
	for _, d := range c.databases() {
		if c.url(d) == "" || c.DataDir == "" || sqldb.Check(c.url(d)) != nil {
			continue // nothing opens it, or the setting itself is at fault
		}
		inspecting, cancel := context.WithTimeout(ctx, checkTimeout)
		state, err := c.inspect(inspecting, d)
		cancel()
		where := withoutPassword(c.url(d))
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", variable(d.key), where, err))
			continue
		}
		if _, err = fmt.Fprintf(w, "%-9s %s %s\n", d.name, where, state); err != nil {
			return err
		}
		if err = c.tellNotes(ctx, w, d); err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", variable(d.key), where, err))
		}
		if d.key == "iredadmin_dsn" {
			if err = c.tellRestrictions(ctx, w, d); err != nil {
				return err
			}
		}
	}
	for _, try := range []func(context.Context, io.Writer) error{c.tryDirectory, c.tryLists, c.tryDoveadm, c.tryNextHops} {
		if err := try(ctx, w); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("%d backend(s) cannot be used:\n%w", len(faults), errors.Join(faults...))
	}
	return nil
}

// tryDirectory is tryBackends for the directory, where that is where accounts are.
func (c Config) tryDirectory(ctx context.Context, w io.Writer) error {
	if c.Backend != "ldap" || c.LDAPURL == "" || c.LDAPBaseDN == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if err := c.inspectDirectory(ctx, w); err != nil {
		return fmt.Errorf("%s: %s: %w", variable("ldap_url"), c.LDAPURL, err)
	}
	return nil
}

// tryDoveadm asks Dovecot for an account that there is not.
func (c Config) tryDoveadm(ctx context.Context, w io.Writer) error {
	if c.Doveadm == "" {
		return nil
	}
	if _, err := exec.LookPath(c.Doveadm); err != nil {
		return fmt.Errorf("%s: %w; install Dovecot, or leave the setting out", variable("doveadm"), err)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if err := (dovecot.Doveadm{Program: c.Doveadm}).Check(ctx); err != nil {
		return fmt.Errorf("%s: %w; Dovecot has to run, and whoever runs Postern needs its sockets anvil and auth-master",
			variable("doveadm"), err)
	}
	_, err := fmt.Fprintf(w, "%-9s %s answers\n", "doveadm", c.Doveadm)
	return err
}

func (c Config) tryNextHops(ctx context.Context, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return c.tellNextHops(ctx, w, net.DefaultResolver)
}

func (c Config) tryLists(ctx context.Context, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return c.inspectLists(ctx, w)
}

// tellNotes tells of what an older version of the database lacks or has left behind, each with the statement that mends it.
// Postern works all the same, and runs none of them.
func (c Config) tellNotes(ctx context.Context, w io.Writer, d database) error {
	if c.embedded(d) && (d.key != "vmail_dsn" || !exists(c.path(d))) {
		return nil
	}
	db, err := sqldb.Open(c.url(d))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	notes, err := c.notes(ctx, d, db)
	for _, n := range notes {
		text := "          " + n.Text + "\n"
		if n.Statement != "" {
			text += "            " + strings.ReplaceAll(n.Statement, "\n", "\n            ") + "\n"
		}
		if _, e := io.WriteString(w, text); e != nil {
			err = errors.Join(err, e)
		}
	}
	return errors.Join(err, db.Close())
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// notes are what there is to tell of a database.
func (c Config) notes(ctx context.Context, d database, db *sqldb.DB) (notes []sqldb.Note, err error) {
	if !c.embedded(d) {
		if notes, err = c.compare(ctx, d, db); err != nil {
			return nil, err
		}
	}
	if d.key != "vmail_dsn" {
		return notes, nil
	}
	if c.embedded(d) && errors.Is(sqlstore.Schema.Check(ctx, db), sqldb.ErrTablesMissing) {
		return notes, nil // an empty file, in which serve lays the tables
	}
	unreached, err := sqlstore.Unreached(ctx, db)
	return append(notes, unreached...), err
}

// compare is what there is to tell of a database on a server.
func (c Config) compare(ctx context.Context, d database, db *sqldb.DB) ([]sqldb.Note, error) {
	notes, err := db.Compare(ctx, c.newestTables(d, db.Dialect.Name))
	if err != nil {
		return nil, err
	}
	unseen, err := db.Unseen(ctx, c.uses(d))
	if err != nil || d.key == "state_dsn" { // whose tables are ours
		return notes, err
	}
	later, err := db.Later(ctx, c.uses(d))
	return slices.Concat(notes, unseen, later), err
}

// newestTables is the script of the tables of a database, "" for our own.
func (c Config) newestTables(d database, dialect string) string {
	switch d.key {
	case "vmail_dsn":
		return sqlstore.Schema.Script(dialect)
	case "iredadmin_dsn":
		if c.Backend == "ldap" {
			return panelstore.Schema.Script(dialect) + "\n\n" + panelstore.MailboxSchema.Script(dialect)
		}
		return panelstore.Schema.Script(dialect)
	case "amavisd_dsn":
		return policystore.Amavisd.Script(dialect)
	case "iredapd_dsn":
		return policystore.Iredapd.Script(dialect)
	}
	return ""
}
