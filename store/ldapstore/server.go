package ldapstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/postern-mail/postern/store"
)

// Server says where the directory is and what to bind with.
type Server struct {
	URL          string // ldap://host:port, ldaps://host:port or ldapi:///path/to/socket
	BindDN       string
	BindPassword store.Secret
	StartTLS     bool   // asks for TLS on an ldap:// connection before anything else is said
	CAFile       string // certificates to trust instead of the system's; "" are the system's
}

// How long the directory may take to connect and to answer one request. A whole request of ours has less.
const (
	dialTimeout = 3 * time.Second
	callTimeout = 30 * time.Second
)

// Check returns what is wrong with the URL. It connects to nothing, and reads no file.
func (s Server) Check() error {
	u, err := url.Parse(s.URL)
	if err != nil {
		return errors.New("the URL of the directory cannot be read")
	}
	switch {
	case u.Scheme != "ldap" && u.Scheme != "ldaps" && u.Scheme != "ldapi":
		return errors.New("the URL of a directory starts with ldap://, ldaps:// or ldapi://")
	case s.StartTLS && u.Scheme != "ldap":
		return errors.New("StartTLS is for ldap:// only")
	}
	return nil
}

// tls returns how certificates are checked: always, and by name.
func (s Server) tls() (*tls.Config, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, errors.New("the URL of the directory cannot be read")
	}
	config := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	if s.CAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificates of the directory: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("there is no certificate in %s", s.CAFile)
	}
	return config, nil
}

// dial connects and binds.
func (s Server) dial(ctx context.Context) (*ldap.Conn, error) {
	config, err := s.tls()
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	if due, bounded := ctx.Deadline(); bounded {
		dialer.Deadline = due
	}
	conn, err := ldap.DialURL(s.URL, ldap.DialWithDialer(dialer), ldap.DialWithTLSConfig(config))
	if err != nil {
		return nil, err
	}
	conn.SetTimeout(callTimeout)
	if err = call(ctx, conn, func(conn *ldap.Conn) error { return s.greet(conn, config) }); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// greet is what is said first on a new connection.
func (s Server) greet(conn *ldap.Conn, config *tls.Config) error {
	if s.StartTLS {
		if err := conn.StartTLS(config); err != nil {
			return err
		}
	}
	return conn.Bind(s.BindDN, s.BindPassword.Reveal())
}
