package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

func adminCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "Make admins and set their passwords on this machine",
	}
	cmd.AddCommand(adminCreateCommand(), adminPasswordCommand())
	return cmd
}

func adminCreateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create ADDRESS",
		Short: "Make a global admin",
		Long: "Makes a global admin that is no mailbox: the domain of its address must not be hosted here.\n" +
			"Without --password-file a password is generated and printed.",
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().String("name", "", "display `name`")
	addPasswordFlag(cmd)
	return configured(cmd, func(cmd *cobra.Command, args []string, c Config) error {
		if err := c.refuseReadOnly(); err != nil {
			return err
		}
		name, err := cmd.Flags().GetString("name")
		if err != nil {
			return err
		}
		return withStores(cmd, c, func(ctx context.Context, s *stores) error {
			mail, err := store.NormaliseLogin(args[0])
			if err != nil {
				return inWords(err)
			}
			chosen, err := chosenPassword(ctx, cmd, s.panel)
			if err != nil {
				return err
			}
			if err = s.createGlobalAdmin(ctx, mail, name, chosen.text); err != nil {
				return inWords(err)
			}
			return chosen.report(cmd.OutOrStdout(), mail)
		})
	})
}

func adminPasswordCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "password ADDRESS",
		Short: "Set the password of an admin",
		Long: "Sets the password of an admin, or of a mailbox with admin rights, and ends its sessions.\n" +
			"Without --password-file a password is generated and printed.",
		Args: cobra.ExactArgs(1),
	}
	addPasswordFlag(cmd)
	return configured(cmd, func(cmd *cobra.Command, args []string, c Config) error {
		if err := c.refuseReadOnly(); err != nil {
			return err
		}
		return withStores(cmd, c, func(ctx context.Context, s *stores) error {
			mail, err := store.NormaliseLogin(args[0])
			if err != nil {
				return inWords(err)
			}
			chosen, err := chosenPassword(ctx, cmd, s.panel)
			if err != nil {
				return err
			}
			if err = s.setAdminPassword(ctx, mail, chosen.text); err != nil {
				return inWords(err)
			}
			return chosen.report(cmd.OutOrStdout(), mail)
		})
	})
}

// withStores opens the stores for the time of do.
func withStores(cmd *cobra.Command, c Config, do func(ctx context.Context, s *stores) error) (err error) {
	s, err := openStores(cmd.Context(), c, c.logger(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return do(cmd.Context(), s)
}

func (s *stores) createGlobalAdmin(ctx context.Context, mail, name string, plain store.Secret) error {
	hash, err := password.Hash(s.scheme, plain.Reveal())
	if err != nil {
		return err
	}
	_, err = s.accounts.CreateAdmin(ctx, asProgram, store.AdminCreate{
		Mail: mail, Name: name, Password: hash, Active: true, Global: true,
	})
	return err
}

func (s *stores) setAdminPassword(ctx context.Context, mail string, plain store.Secret) error {
	hash, err := password.Hash(s.scheme, plain.Reveal())
	if err != nil {
		return err
	}
	identity, err := s.accounts.Identity(ctx, mail)
	switch {
	case err != nil:
		return err
	case !identity.Mailbox:
		_, err = s.accounts.UpdateAdmin(ctx, asProgram, mail, store.AdminUpdate{Password: &hash})
	case identity.Global || len(identity.Domains) > 0:
		_, err = s.accounts.UpdateUser(ctx, asProgram, mail, store.UserUpdate{Password: &hash})
	default:
		err = fmt.Errorf("%s is a mailbox without admin rights; set its password through the API", mail)
	}
	return err
}

// asProgram is a write by Postern itself, which no cap binds.
var asProgram = store.Write{Actor: store.Actor{Global: true}}

func addPasswordFlag(cmd *cobra.Command) {
	cmd.Flags().String("password-file", "", "`file` that holds the password, - for the standard input")
}

// choice is a password and whether somebody still has to be told.
type choice struct {
	text      store.Secret
	generated bool
}

// chosenPassword reads the password that was given, or generates one. It keeps the policy of the server.
func chosenPassword(ctx context.Context, cmd *cobra.Command, panel store.Panel) (choice, error) {
	policy, err := password.ServerPolicy(ctx, panel)
	if err != nil {
		return choice{}, err
	}
	path, err := cmd.Flags().GetString("password-file")
	if err != nil {
		return choice{}, err
	}
	var text []byte
	switch path {
	case "":
		generated, err := generatePassword(policy)
		return choice{text: generated, generated: true}, err
	case "-":
		text, err = io.ReadAll(io.LimitReader(cmd.InOrStdin(), 4096))
	default:
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return choice{}, fmt.Errorf("read the password: %w", err)
	}
	plain := password.Trim(string(text))
	return choice{text: store.Secret(plain)}, inWords(policy.Check(plain))
}

// report says that it is done, and the password only if nobody else knows it.
func (c choice) report(w io.Writer, mail string) error {
	var err error
	if c.generated {
		_, err = fmt.Fprintf(w, "Admin     %s\nPassword  %s\n", mail, c.text.Reveal())
	} else {
		_, err = fmt.Fprintf(w, "Admin     %s\n", mail)
	}
	return err
}

// inWords returns what a failure says to a person, without its code.
func inWords(err error) error {
	var known *store.Error
	if errors.As(err, &known) && known.Kind != store.Unavailable {
		return errors.New(known.Detail)
	}
	return err
}
