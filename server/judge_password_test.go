package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server"
	"github.com/postern-mail/postern/store"
)

func (h *hostel) judgePasswords(t *testing.T) {
	const next = "Autumn-1959-sun"
	tests := []struct {
		name   string
		change about
	}{
		{"of one user", aboutUser(body{"password": next})},
		{"of all users of the domain", aboutUsers(body{"password": next})},
		{"by a hash", aboutUser(body{"password_hash": "{PLAIN}" + next})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, body{"password": password})
			g.requireLogin(g.mail, password, "imap")
			test.change(g)(g.client)
			g.requireLogin(g.mail, next, "imap")
			require.False(t, g.dovecot.login(t, g.mail, password, "imap"), "the old password")
		})
	}
}

// ownSchemes are those that new passwords are written in and that Dovecot 2.3 knows: all but NTLM.
var ownSchemes = []store.PasswordScheme{
	store.SchemeSSHA512, store.SchemeSSHA, store.SchemeSHA512, store.SchemeBcrypt, store.SchemeSHA512Crypt,
	store.SchemeSHA256Crypt, store.SchemeMD5, store.SchemePlainMD5, store.SchemeCRAMMD5, store.SchemePlain,
}

// awkward has what is special to shells, SQL, LDAP, Dovecot's variables and the notation of hashes.
const awkward = `{PLAIN}-W1n'ter" %u $1$ \*()#;=`

func (h *hostel) judgeOwnSchemes(t *testing.T) {
	for _, scheme := range ownSchemes {
		t.Run(string(scheme), func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, nil)
			writer := openWorld(t, g.w.dir, func(o *server.Options) { o.PasswordScheme = scheme })
			g.client = &client{w: writer, cookie: g.cookie}
			for i, secret := range []string{password, awkward, strings.Repeat("Long-7 ", 10) + "xy"} {
				g.mail = fmt.Sprintf("user%d@%s", i, g.domain)
				post("/api/user/"+g.mail, body{"password": secret})(g.client)
				require.True(t, g.dovecot.login(t, g.mail, secret, "imap"), secret)
				require.True(t, g.verified(secret), secret)
			}
			require.False(t, g.dovecot.login(t, g.mail, password, "imap"), "the password of another")
		})
	}
}

// dovecotSchemes are those of Dovecot that the API takes as hashes. Dovecot writes the hashes itself here.
var dovecotSchemes = []string{
	"PLAIN", "CRYPT", "MD5", "MD5-CRYPT", "PLAIN-MD5", "LDAP-MD5", "SMD5", "SHA", "SSHA", "SHA256", "SSHA256", "SHA256-CRYPT",
	"SHA512", "SSHA512", "SHA512-CRYPT", "BLF-CRYPT", "CRAM-MD5", "ARGON2I", "ARGON2ID",
}

// foreignHashes are of the password, by other programs: crypt(3) in its sorts, and schemes in small letters.
var foreignHashes = map[string]string{
	"crypt with MD5":          "{CRYPT}$1$saltsalt$G/gHOp7x6Xpjv1kDgBY6O/",
	"crypt with SHA-256":      "{CRYPT}$5$saltsalt$P4j0YjABwdl/Mhc3rgzs961vhpsbiKQ3uj6iGh2wXV5",
	"crypt with SHA-512":      "{CRYPT}$6$saltsalt$8kejBs4XzTCWPv0M5sS6gCjK2S/OAhhe3PHoYBQ0H0b69xYNyIzzL6whGBW.ueMXUyu213U6tf.J2ZWBR21jK0",
	"crypt with bcrypt 2a":    "{CRYPT}$2a$05$abcdefghijklmnopqrstuuSVza3Q9K5FzWQT506lEExTKpckz.enK",
	"crypt with bcrypt 2b":    "{CRYPT}$2b$05$abcdefghijklmnopqrstuuSVza3Q9K5FzWQT506lEExTKpckz.enK",
	"crypt with bcrypt 2y":    "{CRYPT}$2y$05$abcdefghijklmnopqrstuuSVza3Q9K5FzWQT506lEExTKpckz.enK",
	"Blowfish of 2b":          "{BLF-CRYPT}$2b$05$abcdefghijklmnopqrstuuSVza3Q9K5FzWQT506lEExTKpckz.enK",
	"MD5 as crypt":            "{MD5}$1$saltsalt$G/gHOp7x6Xpjv1kDgBY6O/",
	"scheme in small letters": "{sha512-crypt}$6$saltsalt$8kejBs4XzTCWPv0M5sS6gCjK2S/OAhhe3PHoYBQ0H0b69xYNyIzzL6whGBW.ueMXUyu213U6tf.J2ZWBR21jK0",
}

func (h *hostel) judgeForeignHashes(t *testing.T) {
	judge := func(name string, hash func(t *testing.T) string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, body{"password_hash": hash(t)})
			g.requireLogin(g.mail, password, "imap")
			require.True(t, g.verified(password), "the API agrees")
			require.False(t, g.verified(password+"x"))
		})
	}
	for _, scheme := range dovecotSchemes {
		judge(scheme, func(t *testing.T) string {
			out := h.dovecot.run(t, "pw", "-s", scheme, "-p", password)
			require.Zero(t, out.status, out)
			return strings.TrimSpace(out.stdout)
		})
	}
	for name, hash := range foreignHashes {
		judge(name, func(*testing.T) string { return hash })
	}
}
