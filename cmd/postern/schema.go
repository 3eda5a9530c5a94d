package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/policystore"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
)

// embeddedSchema is what there is to say where every database is a file of ours.
const embeddedSchema = "The databases are SQLite files; `postern serve` creates their tables itself."

// schemas are the databases of an iRedMail server whose tables can be made, with what makes them.
var schemas = []struct {
	key    string
	create func(context.Context, *sqldb.DB) error
}{
	{"vmail_dsn", sqlstore.Schema.Create},
	{"iredadmin_dsn", panelstore.Schema.Create},
	{"amavisd_dsn", policystore.Amavisd.Create},
	{"iredapd_dsn", policystore.Iredapd.Create},
}

func schemaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Make the tables of a server that has no iRedMail, or see which indexes one lacks",
	}
	cmd.AddCommand(schemaCreateCommand(), schemaIndexesCommand())
	return cmd
}

func schemaCreateCommand() *cobra.Command {
	return configured(&cobra.Command{
		Use:   "create",
		Short: "Make the tables of the account database, the panel's, Amavisd's and iRedAPD's",
		Long: "Makes iRedMail's tables in the account database, and those of iRedAdmin, Amavisd and iRedAPD in theirs, as far\n" +
			"as they are configured and on a server. With accounts in a directory, the panel's database also gets what is\n" +
			"known about mailboxes. A database that has any of the tables is left as it is.",
		Args: cobra.NoArgs,
	}, func(cmd *cobra.Command, _ []string, c Config) error {
		var faults []error
		asked := false
		for _, s := range schemas {
			d := c.database(s.key)
			if c.url(d) == "" || c.embedded(d) {
				continue
			}
			asked = true
			create := s.create
			if c.Backend == "ldap" && s.key == "iredadmin_dsn" {
				create = createPanelOfDirectory
			}
			if err := c.createSchema(cmd.Context(), cmd.OutOrStdout(), d, create); err != nil {
				faults = append(faults, fmt.Errorf("%s: %s: %w", variable(d.key), withoutPassword(c.url(d)), err))
			}
		}
		if !asked {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), embeddedSchema)
			return err
		}
		return errors.Join(faults...)
	})
}

// createPanelOfDirectory makes the panel's tables and beside them those that, with accounts in a directory, are in no other
// database.
func createPanelOfDirectory(ctx context.Context, db *sqldb.DB) error {
	if err := panelstore.Schema.Create(ctx, db); err != nil {
		return err
	}
	return panelstore.MailboxSchema.Create(ctx, db)
}

func (c Config) createSchema(
	ctx context.Context, w io.Writer, d database, create func(context.Context, *sqldb.DB) error,
) error {
	db, err := sqldb.Open(c.url(d))
	if err != nil {
		return err
	}
	if err = errors.Join(create(ctx, db), db.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%-9s %s has its tables now\n", d.name, withoutPassword(c.url(d)))
	return err
}

func schemaIndexesCommand() *cobra.Command {
	return configured(&cobra.Command{
		Use:   "indexes",
		Short: "Print the statements that make the indexes which iRedMail's databases lack",
		Long: "Prints the statements that make the indexes which lists and limits want and the databases of iRedMail's\n" +
			"lack. Nothing is changed: run them when you see fit, for on a large table they take their time.",
		Args: cobra.NoArgs,
	}, func(cmd *cobra.Command, _ []string, c Config) error {
		statements := sqlstore.Schema.Indexes(c.Backend)
		if len(statements) == 0 && c.Backend != "ldap" {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), embeddedSchema)
			return err
		}
		if d := c.database("amavisd_dsn"); c.url(d) != "" && !c.embedded(d) {
			engine, _, _ := strings.Cut(c.url(d), "://")
			statements = append(append(statements, "-- In Amavisd's database"), policystore.Amavisd.Indexes(engine)...)
		}
		for _, s := range statements {
			if !strings.HasPrefix(s, "--") {
				s += ";"
			}
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), s); err != nil {
				return err
			}
		}
		return nil
	})
}
