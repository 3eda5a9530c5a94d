package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

// passwordLength is how many characters a generated password has: about 140 bits.
const passwordLength = 24

// passwordAlphabet leaves out what is easily taken for something else, and what a shell, a form or a YAML file would
// read as more than itself.
const passwordAlphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_"

// firstAdmin is what people are told about the first global admin at start.
type firstAdmin struct {
	mail     string
	password store.Secret // only when it was generated just now
	kept     string       // the file that holds the generated password, "" when there is none
}

// bootstrap makes the first global admin while there is none. It returns nil when there is nothing to tell.
func (s *stores) bootstrap(ctx context.Context, c Config) (*firstAdmin, error) {
	path := filepath.Join(c.DataDir, "initial-admin")
	admins, err := s.accounts.GlobalAdmins(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for a global admin: %w", err)
	}
	if len(admins) > 0 || c.Admin == "" || c.readOnly() {
		return readFirstAdmin(path)
	}
	policy, err := password.ServerPolicy(ctx, s.panel)
	if err != nil {
		return nil, err
	}
	first := &firstAdmin{mail: c.Admin}
	plain := store.Secret(password.Trim(c.AdminPassword.Reveal()))
	if plain == "" {
		if plain, err = newFirstPassword(policy, path, c.Admin); err != nil {
			return nil, err
		}
		first.password, first.kept = plain, path
	} else if err = policy.Check(plain.Reveal()); err != nil {
		return nil, fmt.Errorf("%s: %w", variable("admin_password"), inWords(err))
	}
	if err = s.createGlobalAdmin(ctx, c.Admin, "Administrator", plain); err != nil {
		if first.kept != "" {
			err = errors.Join(err, os.Remove(path))
		}
		return nil, fmt.Errorf("make the first global admin %s (%s; `postern admin create` makes another one): %w",
			c.Admin, variable("admin"), inWords(err))
	}
	return first, nil
}

// newFirstPassword generates a password and keeps it in the file before anybody needs it: an admin whose password
// went lost in a crash would lock everybody out.
func newFirstPassword(policy password.Policy, path, mail string) (store.Secret, error) {
	plain, err := generatePassword(policy)
	if err != nil {
		return "", err
	}
	if err = os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	if err = os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return plain, writeNew(path, []byte(mail+"\n"+plain.Reveal()+"\n"))
}

// readFirstAdmin says whose password the file holds. Once it is gone there is nothing to tell.
func readFirstAdmin(path string) (*firstAdmin, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // nothing to tell
	}
	if err != nil {
		return nil, err
	}
	mail, _, _ := strings.Cut(string(text), "\n")
	return &firstAdmin{mail: mail, kept: path}, nil
}

// generatePassword returns a random password that keeps the policy.
func generatePassword(policy password.Policy) (store.Secret, error) {
	const attempts = 1000 // about every second password has a digit, a capital and a sign
	length := max(passwordLength, policy.MinLength)
	if policy.MaxLength > 0 {
		length = min(length, policy.MaxLength)
	}
	for range attempts {
		text := make([]byte, length)
		for i := range text {
			n, err := rand.Int(rand.Reader, big.NewInt(int64(len(passwordAlphabet))))
			if err != nil {
				return "", err
			}
			text[i] = passwordAlphabet[n.Int64()]
		}
		if policy.Check(string(text)) == nil {
			return store.Secret(text), nil
		}
	}
	return "", fmt.Errorf("no generated password keeps the policy of the panel's settings; give one with --password-file or %s",
		variable("admin_password"))
}
