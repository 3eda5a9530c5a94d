package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/spf13/cobra"
)

// run does what the arguments ask for. Answers for people go to stdout, the log and help after a wrong call to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	ctx, stop := untilSignal(ctx)
	defer stop()
	root := &cobra.Command{
		Use:   "postern",
		Short: "The API of a mail server: domains, admins, mailboxes and aliases",
		Long: "Postern serves the API of an iRedMail server (MariaDB, MySQL or PostgreSQL), or of mail accounts in embedded\n" +
			"SQLite files.\n" +
			"Settings come from a file (--config, else " + systemFile + "), then from POSTERN_ variables, then from flags.",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(serveCommand(), checkCommand(), initCommand(), adminCommand(), schemaCommand(), jobsCommand(), versionCommand())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root.ExecuteContext(ctx)
}

// configured makes a command that starts by reading its configuration, which is valid when do is called.
func configured(cmd *cobra.Command, do func(cmd *cobra.Command, args []string, c Config) error) *cobra.Command {
	addConfigFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := readConfig(cmd.Flags())
		if err != nil {
			return err
		}
		log := c.logger(cmd.ErrOrStderr())
		c.warnIgnored(cmd.Flags(), log.Warn)
		return do(cmd, args, c)
	}
	return cmd
}

// logger writes to w in the format and from the level that are configured.
func (c Config) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.Log == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
