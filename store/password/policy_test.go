package password_test

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

func TestPasswordPolicy(t *testing.T) {
	strict := password.DefaultPolicy()
	for _, c := range []struct {
		name     string
		policy   password.Policy
		password string
		code     string
	}{
		{"good", strict, "Tr0ub4dor&3", ""},
		{"blank inside is fine", strict, "Tr0ub4dor &3", ""},
		{"empty stands alone", strict, "", "PW_EMPTY"},
		{"short", strict, "Tr0ub4&", "PW_SHORTER_THAN_MIN_LENGTH"},
		{"no letter", strict, "12345678&", "PW_NO_LETTER,PW_NO_UPPERCASE"},
		{"no upper-case letter", strict, "tr0ub4dor&3", "PW_NO_UPPERCASE"},
		{"no digit", strict, "Troubador&x", "PW_NO_DIGIT_NUMBER"},
		{"no special character", strict, "Tr0ub4dor3x", "PW_NO_SPECIAL_CHAR"},
		{"characters that do not count as special", strict, `Tr0ub4dor3^\`, "PW_NO_SPECIAL_CHAR"},
		{"everything at once, in order", strict, "ü",
			"PW_NON_ASCII,PW_SHORTER_THAN_MIN_LENGTH,PW_NO_LETTER,PW_NO_UPPERCASE,PW_NO_DIGIT_NUMBER,PW_NO_SPECIAL_CHAR"},
		{"umlaut", strict, "Tr0ub4dör&3", "PW_NON_ASCII"},
		{"control character", strict, "Tr0ub4dor&3\x00", "PW_NON_ASCII"},
		{"not UTF-8", strict, "Tr0ub4dor&3\xff", "PW_NON_ASCII"},
		{"longest", password.Policy{MaxLength: 10}, strings.Repeat("a", 10), ""},
		{"too long", password.Policy{MaxLength: 10}, strings.Repeat("a", 11), "PW_GREATER_THAN_MAX_LENGTH"},
		{"no limit", password.Policy{}, strings.Repeat("a", 511), ""},
		{"beyond what is hashed", password.Policy{}, strings.Repeat("a", 512), "PW_GREATER_THAN_MAX_LENGTH"},
		{"nothing is special", password.Policy{NeedSpecial: true}, "a", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.policy.Check(c.password)
			if c.code == "" {
				require.NoError(t, err)
				return
			}
			e := requireWeak(t, err, c.code)
			require.Equal(t, "password", e.Field)
			require.NotEmpty(t, e.Detail)
			if len(c.password) > 3 {
				require.NotContains(t, err.Error(), c.password)
			}
		})
	}
}

func TestPasswordPolicySaysWhatIsMissing(t *testing.T) {
	err := password.DefaultPolicy().Check("abcdefg&")
	e := requireWeak(t, err, "PW_NO_UPPERCASE,PW_NO_DIGIT_NUMBER")
	require.Equal(t, "The password must have an upper-case letter and a digit.", e.Detail)
}

func TestPasswordPolicyForDomain(t *testing.T) {
	server := password.Policy{MinLength: 8, MaxLength: 20}
	require.Equal(t, server, server.ForDomain(store.DomainRules{}))
	require.Equal(t, password.Policy{MinLength: 4, MaxLength: 6},
		server.ForDomain(store.DomainRules{MinPasswordLength: 4, MaxPasswordLength: 6}))
}

func TestPasswordPolicyWithPanelSettings(t *testing.T) {
	var settings map[string]any
	require.NoError(t, json.Unmarshal([]byte(`{"min_passwd_length": 12, "max_passwd_length": "64", "password_has_letter": false,
		"password_has_uppercase": "false", "password_has_number": true, "global_admin_ip_list": ["192.0.2.1"]}`), &settings))
	got := password.DefaultPolicy().WithPanelSettings(settings)
	want := password.DefaultPolicy()
	want.MinLength, want.MaxLength, want.NeedLetter, want.NeedUpper = 12, 64, false, false
	require.Equal(t, want, got)

	t.Run("ignores what makes no sense", func(t *testing.T) {
		for _, bad := range []any{-1.0, 2.5, "many", true, nil, []any{8.0}, map[string]any{}} {
			got := password.DefaultPolicy().WithPanelSettings(map[string]any{"min_passwd_length": bad})
			require.Equal(t, password.DefaultPolicy(), got, "%v", bad)
		}
		for _, bad := range []any{0.0, "no", nil, []any{}} {
			got := password.DefaultPolicy().WithPanelSettings(map[string]any{"password_has_number": bad})
			require.Equal(t, password.DefaultPolicy(), got, "%v", bad)
		}
	})
}

func TestTrimPassword(t *testing.T) {
	require.Equal(t, "a b", password.Trim(" \ta b\r\n"))
}

func TestCheckPasswordHash(t *testing.T) {
	const digest43, digest85 = "381hYn9h1uNy97ZmXBwQXETLvExMNpknyPB.KOHYVy.", "GpKavuBzHhsZAmfHfNC3E0I7XtMxXt6UXgA7cXTbvOqLuoZjdFdxKfYvNTNct0YBCQgbGKuqHTRVS.KZz1Fa/"
	argon := func(parameters string) string {
		return "{ARGON2ID}$argon2id$v=19$" + parameters + "$KAjd2bqQnyygt8lmw4GFMA$5V7AIUXoZ8mpmu4VxqbYj+Gv4N7F6LMiPVXbD7lTOHM"
	}
	bcrypt := func(cost string) string {
		return "{BLF-CRYPT}$2y$" + cost + "$UpJG0lm9ggF6nW4gHKzVRuLjgw70WWi/dNiuIArhJ6uKuGV0KMp/6"
	}
	pbkdf2 := func(rounds string) string {
		return "{PBKDF2}$1$woIgS5H1LQZweqh3$" + rounds + "$7dc1a50bda692ed8f45769915ea75e4e7ca4b14e"
	}
	for _, good := range []string{
		"{Plain}a b", "{PLAIN}" + strings.Repeat("a", 248), "{CRYPT}$5$abcdefgh$" + digest43,
		"{SHA512-CRYPT}$6$rounds=100000$saltsalt$" + digest85 + ".", bcrypt("12"), argon("m=65536,t=4,p=1"), argon("m=65536,t=1,p=4"),
		pbkdf2("100000"),
	} {
		require.NoError(t, password.CheckHash(good), good)
	}
	for name, bad := range map[string]string{
		"empty":                         "",
		"plain text":                    "geheim",
		"bare crypt":                    "$5$abcdefgh$" + digest43,
		"unknown scheme":                "{ROT13}trurvz",
		"unknown to Dovecot":            "{BCRYPT}$2b$10$x",
		"nothing after it":              "{SSHA512}",
		"no end of the scheme":          "{SSHA512",
		"not at the start":              " {PLAIN}abc",
		"not ASCII":                     "{PLAIN}gehüm",
		"control character":             "{PLAIN}a\nb",
		"too long for the column":       "{PLAIN}" + strings.Repeat("a", 249),
		"too short":                     "{SSHA512}AAAA",
		"locked":                        "{CRYPT}!",
		"plain hexadecimal":             "{MD5-CRYPT}5a4af236a1e6b852022423b5524ac5c2",
		"DES, which is not known here":  "{CRYPT}ccCFrEOKX3jqQ",
		"yescrypt":                      "{CRYPT}$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7",
		"hexadecimal of another length": "{NTLM}c99b7aadca9d5c0b9e228093f48482",
		"no hexadecimal":                "{CRAM-MD5}" + strings.Repeat("x", 64),
		"no base64":                     "{SHA}!!!!",
		"digest one letter short":       "{CRYPT}$5$abcdefgh$" + digest43[1:],
		"digest of another scheme":      "{CRYPT}$6$abcdefgh$" + digest43,
		"impossible last letter":        "{CRYPT}$5$abcdefgh$" + digest43[:42] + "z",
		"impossible end of bcrypt":      "{BLF-CRYPT}$2y$05$UpJG0lm9ggF6nW4gHKzVRuLjgw70WWi/dNiuIArhJ6uKuGV0KMp/7",
		"bcrypt with letters of base64": strings.Replace(bcrypt("10"), "/", "+", 1),
		"bcrypt cost":                   bcrypt("13"),
		"bcrypt below any cost":         bcrypt("03"),
		"rounds of sha-crypt":           "{SHA512-CRYPT}$6$rounds=100001$saltsalt$" + digest85 + ".",
		"few rounds of sha-crypt":       "{SHA512-CRYPT}$6$rounds=0999$saltsalt$" + digest85 + ".",
		"rounds of PBKDF2":              pbkdf2("100001"),
		"memory of argon2":              argon("m=65537,t=1,p=1"),
		"passes of argon2":              argon("m=1024,t=5,p=1"),
		"argon2 without memory":         argon("m=0,t=1,p=1"),
		"argon2 of an older version":    strings.Replace(argon("m=65536,t=4,p=1"), "v=19", "v=16", 1),
		"bounds behind an encoding":     "{BLF-CRYPT.HEX}" + hex.EncodeToString([]byte(strings.TrimPrefix(bcrypt("13"), "{BLF-CRYPT}"))),
	} {
		t.Run(name, func(t *testing.T) {
			e := requireFailure(t, password.CheckHash(bad), store.Invalid, "INVALID_PASSWORD_SCHEME")
			require.Equal(t, "password_hash", e.Field)
			require.NotContains(t, e.Detail, "geheim")
		})
	}
}

// requireFailure asserts an *Error of that kind and code.
// requireWeak wants a refusal for breaking just those rules, joined with commas.
func requireWeak(t *testing.T, err error, causes string) *store.Error {
	t.Helper()
	e := requireFailure(t, err, store.Unprocessable, "WEAK_PASSWORD")
	require.Equal(t, strings.Split(causes, ","), e.Causes)
	return e
}

func requireFailure(t *testing.T, err error, kind store.Kind, code string) *store.Error {
	t.Helper()
	var e *store.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code)
	require.Equal(t, kind, e.Kind)
	return e
}
