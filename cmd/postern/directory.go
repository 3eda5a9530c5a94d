package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/ldapstore"
)

// directorySchemes are the schemes that slapd compares a password with: Dovecot has it do that.
var directorySchemes = []string{"SSHA512", "SSHA", "SHA512", "BCRYPT", "MD5"}

// directoryServer is where the directory is.
func (c Config) directoryServer() ldapstore.Server {
	return ldapstore.Server{
		URL: c.LDAPURL, BindDN: c.LDAPBindDN, BindPassword: c.LDAPBindPassword, StartTLS: bool(c.LDAPStartTLS), CAFile: c.LDAPCAFile,
	}
}

// adminBaseDN is what is above all admins: in iRedMail's tree that lies beside what is above all domains.
func (c Config) adminBaseDN() string {
	if c.LDAPAdminBaseDN != "" {
		return c.LDAPAdminBaseDN
	}
	_, suffix, _ := strings.Cut(c.LDAPBaseDN, ",")
	return "o=domainAdmins," + suffix
}

func (c Config) directoryOptions() ldapstore.Options {
	o := ldapstore.DefaultOptions(c.directoryServer(), "")
	o.BaseDN, o.AdminBaseDN = c.LDAPBaseDN, c.adminBaseDN()
	o.StorageRoot, o.Transports, o.Delimiters = c.newStorage(), c.transports(), c.Delimiters
	return o
}

// openDirectory opens the directory as the place of accounts.
func (s *stores) openDirectory(ctx context.Context, c Config) (store.Accounts, error) {
	directory, err := ldapstore.New(c.directoryOptions(), s.state, s.mailboxes)
	if err != nil {
		return nil, inDirectory(err)
	}
	s.closers = append(s.closers, directory.Close)
	if err = directory.Check(ctx); err != nil {
		return nil, inDirectory(err)
	}
	s.directory, s.ldap = directory, directory
	return directory, nil
}

func inDirectory(err error) error {
	return fmt.Errorf("%s: open the directory: %w", variable("ldap_url"), err)
}

// inspectDirectory says that the directory can be used and what other programs left out in it. It returns an error unless it
// answers and has what accounts are kept below.
func (c Config) inspectDirectory(ctx context.Context, w io.Writer) error {
	directory, err := ldapstore.New(c.directoryOptions(), nil, nil)
	if err != nil {
		return err
	}
	if err = directory.Check(ctx); err == nil {
		err = directory.CheckWrite(ctx)
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "%-9s %s answers\n", "accounts", c.LDAPURL)
	}
	if err == nil {
		err = tellAliasGaps(ctx, w, directory)
	}
	return errors.Join(err, directory.Close())
}
