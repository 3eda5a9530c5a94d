package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ldapstore"
	"github.com/postern-mail/postern/store/mlmmj"
	"github.com/postern-mail/postern/store/sqldb"
	"github.com/postern-mail/postern/store/sqlstore"
)

// nativeLists are the lists of mlmmj's spool directory.
func (c Config) nativeLists() *mlmmj.Spool {
	return mlmmj.NewSpool(mlmmj.SpoolConfig{Spool: c.spool(), Archive: c.MlmmjArchive, SMTPPort: c.MlmmjSMTPPort})
}

// spool is mlmmj's directory: as configured, else where iRedMail has it, beside the mailboxes; with embedded databases it lies
// beside them.
func (c Config) spool() string {
	switch {
	case c.MlmmjSpool != "":
		return c.MlmmjSpool
	case c.Backend == "sqlite":
		return filepath.Join(c.DataDir, "mlmmj")
	}
	return filepath.Join(filepath.Dir(c.newStorage()), "mlmmj")
}

// listDriver is how mailing lists are run, nil when they are switched off.
func (c Config) listDriver() store.Mlmmj {
	switch c.Lists {
	case "native":
		return c.nativeLists()
	case "mlmmjadmin":
		return c.remoteLists()
	}
	return nil
}

func (c Config) remoteLists() *mlmmj.Daemon {
	return mlmmj.NewDaemon(mlmmj.DaemonConfig{URL: c.MlmmjadminURL, Token: c.MlmmjadminToken.Reveal()})
}

// inspectLists says whether mailing lists can be worked with, and which are half there. It returns an error when what is
// configured cannot work; that mlmmj is not installed keeps nothing else from working, and is only told.
func (c Config) inspectLists(ctx context.Context, w io.Writer) error {
	switch c.Lists {
	case "native":
		return c.inspectNative(ctx, w)
	case "mlmmjadmin":
		if err := c.remoteLists().Check(ctx); err != nil {
			return fmt.Errorf("%s: %s: %w", variable("mlmmjadmin_url"), c.MlmmjadminURL, err)
		}
		return tellLists(w, c.MlmmjadminURL+" answers")
	}
	return tellLists(w, "are switched off")
}

func tellLists(w io.Writer, text string) error {
	_, err := fmt.Fprintf(w, "%-9s %s\n", "lists", text)
	return err
}

func (c Config) inspectNative(ctx context.Context, w io.Writer) error {
	lists := c.nativeLists()
	if err := lists.Installed(); err != nil {
		return tellLists(w, "cannot be used: mlmmj is not installed; install the package mlmmj, or set "+variable("lists")+" to off")
	}
	inSpool := func(err error) error {
		if err != nil {
			err = fmt.Errorf("%s: %w", variable("mlmmj_spool"), err)
		}
		return err
	}
	if _, err := os.Stat(lists.Spool); errors.Is(err, fs.ErrNotExist) {
		return errors.Join(inSpool(mayMake(lists.Spool)), tellLists(w, lists.Spool+" is not there yet, the first list makes it"))
	}
	if err := lists.Check(ctx); err != nil {
		return inSpool(err)
	}
	if err := tellLists(w, lists.Spool+" can be used"); err != nil {
		return err
	}
	accounts, err := c.inspectedAccounts(ctx)
	if accounts == nil || err != nil {
		return err // the accounts themselves are told of elsewhere
	}
	return errors.Join(tellStrays(ctx, w, accounts, lists), accounts.Close())
}

// inspectedAccounts opens the accounts to read them, nil when they cannot be read: that is told of by itself.
func (c Config) inspectedAccounts(ctx context.Context) (store.Accounts, error) {
	if c.Backend == "ldap" {
		directory, err := ldapstore.New(c.directoryOptions(), nil, nil)
		if err != nil || directory.Check(ctx) != nil {
			return nil, nil //nolint:nilnil,nilerr // see above
		}
		return directory, nil
	}
	d := c.database("vmail_dsn")
	if _, err := os.Stat(c.path(d)); c.embedded(d) && err != nil {
		return nil, nil //nolint:nilnil,nilerr // see above
	}
	db, err := sqldb.Open(c.url(d))
	if err != nil {
		return nil, nil //nolint:nilnil,nilerr // see above
	}
	accounts, err := sqlstore.New(ctx, db, sqlstore.DefaultOptions())
	if err != nil {
		return nil, db.Close()
	}
	return accounts, nil
}

// tellStrays tells of lists that mlmmj or the accounts have alone: what a crash left, or another program.
func tellStrays(ctx context.Context, w io.Writer, accounts store.Accounts, lists *mlmmj.Spool) error {
	known, err := accounts.MailingListAddresses(ctx, store.MailingListFilter{}, store.PageRequest{})
	if err != nil {
		return fmt.Errorf("read the accounts of mailing lists: %w", err)
	}
	held, err := lists.All()
	if err != nil {
		return fmt.Errorf("read mlmmj's lists: %w", err)
	}
	for _, mail := range held {
		if slices.Contains(known.Items, mail) {
			continue
		}
		text := mail + " has no account, so no mail is taken for it; creating the list moves what is there to the archive"
		if err = tellLists(w, text); err != nil {
			return err
		}
	}
	for _, mail := range known.Items {
		if slices.Contains(held, mail) {
			continue
		}
		if err = tellLists(w, mail+" has an account and nothing with mlmmj, so its mail bounces; any update of the list makes it anew"); err != nil {
			return err
		}
	}
	return nil
}
