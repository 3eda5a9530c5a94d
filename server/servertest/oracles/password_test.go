package oracles_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/server/servertest"
	passwords "github.com/postern-mail/postern/store/password"
)

func (h *hostel) oraclePasswords(t *testing.T) {
	const next = "Autumn-1959-sun"
	nextHash, err := passwords.Hash(passwords.SSHA, next)
	require.NoError(t, err)
	tests := []struct {
		name   string
		change about
	}{
		{"of one user", aboutUser(servertest.Body{"password": next})},
		{"of all users of the domain", aboutUsers(servertest.Body{"password": next})},
		{"by a hash", aboutUser(servertest.Body{"password_hash": nextHash.Reveal()})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, servertest.Body{"password": servertest.Password})
			g.requireLogin(g.mail, servertest.Password, "imap")
			test.change(g)(g.Client)
			g.requireLogin(g.mail, next, "imap")
			require.False(t, g.dovecot.Login(t, g.mail, servertest.Password, "imap"), "the old password")
		})
	}
}

// ownSchemes are those that new passwords are written in and that Dovecot 2.3 knows: all but NTLM.
var ownSchemes = []passwords.Scheme{
	passwords.SSHA512, passwords.SSHA, passwords.SHA512, passwords.Bcrypt, passwords.SHA512Crypt,
	passwords.SHA256Crypt, passwords.MD5, passwords.PlainMD5, passwords.CRAMMD5, passwords.Plain,
}

// awkward has what is special to shells, SQL, LDAP, Dovecot's variables and the notation of hashes.
const awkward = `{PLAIN}-W1n'ter" %u $1$ \*()#;=`

// selected is a few of all on an engine on which asking takes longer: those that may suffer on the way to a table and
// back. SQLite is asked for all, and a directory for those that slapd knows, for it is slapd that compares there.
func selected[T any](h *hostel, all, few, slapd []T) []T {
	if h.root.W.Directory != nil {
		return slapd
	}
	if h.root.W.Vmail != nil && h.root.W.Vmail.Dialect.Name == "sqlite" {
		return all
	}
	return few
}

func (h *hostel) oracleOwnSchemes(t *testing.T) {
	few := []passwords.Scheme{passwords.SSHA512, passwords.Bcrypt, passwords.Plain}
	slapd := []passwords.Scheme{
		passwords.SSHA512, passwords.SSHA, passwords.SHA512, passwords.Bcrypt, passwords.MD5,
	}
	for _, scheme := range selected(h, ownSchemes, few, slapd) {
		t.Run(string(scheme), func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, nil)
			g.Client = g.W.Beside(t, func(d *server.Deps) { d.PasswordScheme = scheme }).Root()
			for i, secret := range []string{servertest.Password, awkward, strings.Repeat("Long-7 ", 10) + "xy"} {
				g.mail = fmt.Sprintf("user%d@%s", i, g.domain)
				servertest.Post("/api/user/"+g.mail, servertest.Body{"password": secret})(g.Client)
				require.True(t, g.dovecot.Login(t, g.mail, secret, "imap"), secret)
				require.True(t, g.verified(secret), secret)
			}
			require.False(t, g.dovecot.Login(t, g.mail, servertest.Password, "imap"), "the password of another")
		})
	}
}

// dovecotSchemes are those of Dovecot that the API takes as hashes. Dovecot writes the hashes itself here.
var dovecotSchemes = []string{
	"PLAIN", "CRYPT", "MD5", "MD5-CRYPT", "PLAIN-MD5", "LDAP-MD5", "SMD5", "SHA", "SSHA", "SHA256", "SSHA256", "SHA256-CRYPT",
	"SHA512", "SSHA512", "SHA512-CRYPT", "BLF-CRYPT", "CRAM-MD5", "PBKDF2", "ARGON2I", "ARGON2ID", "SSHA512.HEX", "PLAIN-MD5.B64",
	"SHA512-CRYPT.B64",
}

// What crypt(3) makes of the password; bcrypt without its version.
const (
	cryptMD5    = "$1$saltsalt$G/gHOp7x6Xpjv1kDgBY6O/"
	cryptSHA256 = "$5$saltsalt$P4j0YjABwdl/Mhc3rgzs961vhpsbiKQ3uj6iGh2wXV5"
	cryptSHA512 = "$6$saltsalt$8kejBs4XzTCWPv0M5sS6gCjK2S/OAhhe3PHoYBQ0H0b69xYNyIzzL6whGBW.ueMXUyu213U6tf.J2ZWBR21jK0"
	cryptBcrypt = "$05$abcdefghijklmnopqrstuuSVza3Q9K5FzWQT506lEExTKpckz.enK"
)

// foreignHashes are spellings that other programs use.
var foreignHashes = map[string]string{
	"crypt with MD5":          "{CRYPT}" + cryptMD5,
	"crypt with SHA-256":      "{CRYPT}" + cryptSHA256,
	"crypt with SHA-512":      "{CRYPT}" + cryptSHA512,
	"crypt with bcrypt 2a":    "{CRYPT}$2a" + cryptBcrypt,
	"crypt with bcrypt 2b":    "{CRYPT}$2b" + cryptBcrypt,
	"crypt with bcrypt 2y":    "{CRYPT}$2y" + cryptBcrypt,
	"Blowfish 2b":             "{BLF-CRYPT}$2b" + cryptBcrypt,
	"MD5 as crypt":            "{MD5}" + cryptMD5,
	"scheme in small letters": "{sha512-crypt}" + cryptSHA512,
}

func (h *hostel) oracleForeignHashes(t *testing.T) {
	oracle := func(name string, hash func(t *testing.T) string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, servertest.Body{"password_hash": hash(t)})
			g.requireLogin(g.mail, servertest.Password, "imap")
			require.True(t, g.verified(servertest.Password), "the API agrees")
			require.False(t, g.verified(servertest.Password+"x"))
		})
	}
	for _, scheme := range selected(h, dovecotSchemes, []string{"SHA512-CRYPT", "ARGON2ID"}, []string{"CRYPT", "SHA", "SSHA", "SMD5", "SHA512", "SSHA512"}) {
		oracle(scheme, func(t *testing.T) string {
			out := h.dovecot.Run(t, "pw", "-s", scheme, "-p", servertest.Password)
			require.Zero(t, out.Status, out)
			return strings.TrimSpace(out.Stdout)
		})
	}
	all := slices.Sorted(maps.Keys(foreignHashes))
	crypts := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !strings.HasPrefix(name, "crypt with") })
	for _, name := range selected(h, all, []string{"crypt with bcrypt 2y", "scheme in small letters"}, crypts) {
		oracle(name, func(*testing.T) string { return foreignHashes[name] })
	}
}
