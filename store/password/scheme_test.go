package password_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

func TestHash(t *testing.T) {
	for _, c := range []struct {
		scheme password.Scheme
		form   string
		salted bool
	}{
		{password.SSHA512, `^\{SSHA512\}[0-9A-Za-z+/]{96}$`, true},
		{password.SSHA, `^\{SSHA\}[0-9A-Za-z+/]{38}==$`, true},
		{password.SHA512, `^\{SHA512\}[0-9A-Za-z+/]{86}==$`, false},
		{password.Bcrypt, `^\{CRYPT\}\$2b\$10\$.{53}$`, true},
		{password.SHA512Crypt, `^\{SHA512-CRYPT\}\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}$`, true},
		{password.SHA256Crypt, `^\{SHA256-CRYPT\}\$5\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{43}$`, true},
		{password.MD5, `^\{CRYPT\}\$1\$[./0-9A-Za-z]{8}\$[./0-9A-Za-z]{22}$`, true},
		{password.PlainMD5, `^\{PLAIN-MD5\}[0-9a-f]{32}$`, false},
		{password.CRAMMD5, `^\{CRAM-MD5\}[0-9a-f]{64}$`, false},
		{password.NTLM, `^\{NTLM\}[0-9a-f]{32}$`, false},
		{password.Plain, `^\{PLAIN\}Tr0ub4dor&3 x$`, false},
	} {
		t.Run(string(c.scheme), func(t *testing.T) {
			hash, err := password.Hash(c.scheme, foreignPassword)
			require.NoError(t, err)
			require.Regexp(t, regexp.MustCompile(c.form), hash.Reveal())
			require.True(t, password.Verify(hash, foreignPassword))
			require.False(t, password.Verify(hash, foreignPassword+" "))
			require.NoError(t, password.CheckHash(hash.Reveal()))

			again, err := password.Hash(c.scheme, foreignPassword)
			require.NoError(t, err)
			require.Equal(t, c.salted, hash.Reveal() != again.Reveal())
		})
	}
}

// TestHashPasswordMatchesDovecot compares the schemes without a salt with what doveadm and OpenSSL write.
func TestHashPasswordMatchesDovecot(t *testing.T) {
	for _, scheme := range []password.Scheme{password.SHA512, password.PlainMD5, password.CRAMMD5, password.NTLM} {
		hash, err := password.Hash(scheme, foreignPassword)
		require.NoError(t, err)
		require.Equal(t, foreignHashes[string(scheme)], hash.Reveal())
	}
}

func TestHashPasswordLimits(t *testing.T) {
	for scheme, limit := range map[password.Scheme]int{
		password.Bcrypt: 72, password.Plain: 248, password.SSHA512: 511, password.SHA512Crypt: 511,
	} {
		t.Run(string(scheme), func(t *testing.T) {
			longest := strings.Repeat("a", limit)
			hash, err := password.Hash(scheme, longest)
			require.NoError(t, err)
			require.True(t, password.Verify(hash, longest))
			require.LessOrEqual(t, len(hash.Reveal()), 255)

			_, err = password.Hash(scheme, longest+"a")
			e := requireWeak(t, err, "PW_GREATER_THAN_MAX_LENGTH")
			require.Equal(t, "password", e.Field)
		})
	}
	t.Run("empty", func(t *testing.T) {
		_, err := password.Hash(password.SSHA512, "")
		_ = requireWeak(t, err, "PW_EMPTY")
	})
	t.Run("unknown scheme", func(t *testing.T) {
		_, err := password.Hash("ROT13", "geheim")
		_ = requireFailure(t, err, store.Invalid, "INVALID_PASSWORD_SCHEME")
		require.NotContains(t, err.Error(), "geheim")
	})
}

func TestParsePasswordScheme(t *testing.T) {
	for name, want := range map[string]password.Scheme{
		"SSHA512": password.SSHA512, "bcrypt": password.Bcrypt, " Cram-MD5 ": password.CRAMMD5,
		"SHA512-CRYPT": password.SHA512Crypt,
	} {
		got, err := password.ParseScheme(name)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, name := range []string{"", "ROT13", "{SSHA512}"} {
		_, err := password.ParseScheme(name)
		e := requireFailure(t, err, store.Invalid, "INVALID_PASSWORD_SCHEME")
		require.Contains(t, e.Detail, "SSHA512, SSHA")
	}
}
