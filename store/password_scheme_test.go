package store_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func TestHashPassword(t *testing.T) {
	for _, c := range []struct {
		scheme store.PasswordScheme
		form   string
		salted bool
	}{
		{store.SchemeSSHA512, `^\{SSHA512\}[0-9A-Za-z+/]{96}$`, true},
		{store.SchemeSSHA, `^\{SSHA\}[0-9A-Za-z+/]{38}==$`, true},
		{store.SchemeSHA512, `^\{SHA512\}[0-9A-Za-z+/]{86}==$`, false},
		{store.SchemeBcrypt, `^\{CRYPT\}\$2b\$10\$.{53}$`, true},
		{store.SchemeSHA512Crypt, `^\{SHA512-CRYPT\}\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}$`, true},
		{store.SchemeSHA256Crypt, `^\{SHA256-CRYPT\}\$5\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{43}$`, true},
		{store.SchemeMD5, `^\{CRYPT\}\$1\$[./0-9A-Za-z]{8}\$[./0-9A-Za-z]{22}$`, true},
		{store.SchemePlainMD5, `^\{PLAIN-MD5\}[0-9a-f]{32}$`, false},
		{store.SchemeCRAMMD5, `^\{CRAM-MD5\}[0-9a-f]{64}$`, false},
		{store.SchemeNTLM, `^\{NTLM\}[0-9a-f]{32}$`, false},
		{store.SchemePlain, `^\{PLAIN\}Tr0ub4dor&3 x$`, false},
	} {
		t.Run(string(c.scheme), func(t *testing.T) {
			hash, err := store.HashPassword(c.scheme, foreignPassword)
			require.NoError(t, err)
			require.Regexp(t, regexp.MustCompile(c.form), hash.Reveal())
			require.True(t, store.VerifyPassword(hash, foreignPassword))
			require.False(t, store.VerifyPassword(hash, foreignPassword+" "))
			require.NoError(t, store.CheckPasswordHash(hash.Reveal()))

			again, err := store.HashPassword(c.scheme, foreignPassword)
			require.NoError(t, err)
			require.Equal(t, c.salted, hash.Reveal() != again.Reveal())
		})
	}
}

// TestHashPasswordMatchesDovecot compares the schemes without a salt with what doveadm and OpenSSL write.
func TestHashPasswordMatchesDovecot(t *testing.T) {
	for _, scheme := range []store.PasswordScheme{store.SchemeSHA512, store.SchemePlainMD5, store.SchemeCRAMMD5, store.SchemeNTLM} {
		hash, err := store.HashPassword(scheme, foreignPassword)
		require.NoError(t, err)
		require.Equal(t, foreignHashes[string(scheme)], hash.Reveal())
	}
}

func TestHashPasswordLimits(t *testing.T) {
	for scheme, limit := range map[store.PasswordScheme]int{
		store.SchemeBcrypt: 72, store.SchemePlain: 248, store.SchemeSSHA512: 511, store.SchemeSHA512Crypt: 511,
	} {
		t.Run(string(scheme), func(t *testing.T) {
			longest := strings.Repeat("a", limit)
			hash, err := store.HashPassword(scheme, longest)
			require.NoError(t, err)
			require.True(t, store.VerifyPassword(hash, longest))
			require.LessOrEqual(t, len(hash.Reveal()), 255)

			_, err = store.HashPassword(scheme, longest+"a")
			e := requireFailure(t, err, store.Unprocessable, "PW_GREATER_THAN_MAX_LENGTH")
			require.Equal(t, "password", e.Field)
		})
	}
	t.Run("empty", func(t *testing.T) {
		_, err := store.HashPassword(store.SchemeSSHA512, "")
		_ = requireFailure(t, err, store.Unprocessable, "PW_EMPTY")
	})
	t.Run("unknown scheme", func(t *testing.T) {
		_, err := store.HashPassword("ROT13", "geheim")
		_ = requireFailure(t, err, store.Invalid, "INVALID_PASSWORD_SCHEME")
		require.NotContains(t, err.Error(), "geheim")
	})
}

func TestParsePasswordScheme(t *testing.T) {
	for name, want := range map[string]store.PasswordScheme{
		"SSHA512": store.SchemeSSHA512, "bcrypt": store.SchemeBcrypt, " Cram-MD5 ": store.SchemeCRAMMD5,
		"SHA512-CRYPT": store.SchemeSHA512Crypt,
	} {
		got, err := store.ParsePasswordScheme(name)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, name := range []string{"", "ROT13", "{SSHA512}"} {
		_, err := store.ParsePasswordScheme(name)
		e := requireFailure(t, err, store.Invalid, "INVALID_PASSWORD_SCHEME")
		require.Contains(t, e.Detail, "SSHA512, SSHA")
	}
}
