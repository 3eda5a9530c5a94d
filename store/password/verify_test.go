package password_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

const foreignPassword = "Tr0ub4dor&3 x"

// foreignHashes are of foreignPassword, made by Dovecot's doveadm, OpenSSL and libxcrypt.
var foreignHashes = map[string]string{
	"PLAIN":               "{PLAIN}Tr0ub4dor&3 x",
	"SHA":                 "{SHA}uRe0/HgnZ4NHb66u7ZTYT5Yuhm0=",
	"SHA1":                "{SHA1}uRe0/HgnZ4NHb66u7ZTYT5Yuhm0=",
	"SHA in lower case":   "{sha}uRe0/HgnZ4NHb66u7ZTYT5Yuhm0=",
	"SHA without padding": "{SHA}uRe0/HgnZ4NHb66u7ZTYT5Yuhm0",
	"SSHA":                "{SSHA}A6jApmJd51mguhFoIE2lGKk3bPat+v6D",
	"SHA256":              "{SHA256}p1Z1mhL7+2J+IQbGjD1952fy+bw8y1tYXeND2jbQnNY=",
	"SSHA256":             "{SSHA256}q7FI1PPWZG6RmuewUmci3yNfAPKMyzOS6L7qfU52Q/dS9H1e",
	"SHA512":              "{SHA512}utVwVDzEZo/m/3cW16p4IyfVwP1A0sIa60Bu47Ns9OCiyBC5P51Yx5K8/JDkjRfms84ImTo2eyaDUiCKsI97xg==",
	"SSHA512": "{SSHA512}+UpETbktwPycCyP7ZRgYoGBbeo/URUR8XcK9Sb76" +
		"hWOxltqHzeJ4+mzPEpE/d+KnQcKimP+/RB0ockSWTfBhRd3Sk8A=",
	"SMD5":                    "{SMD5}9T6hJwUs+HJEWAJLwH2TX+sen5U=",
	"LDAP-MD5":                "{LDAP-MD5}WkryNqHmuFICJCO1UkrFwg==",
	"PLAIN-MD5":               "{PLAIN-MD5}5a4af236a1e6b852022423b5524ac5c2",
	"PLAIN-MD5 in base64":     "{PLAIN-MD5}WkryNqHmuFICJCO1UkrFwg==",
	"PLAIN-MD5 in upper case": "{PLAIN-MD5}5A4AF236A1E6B852022423B5524AC5C2",
	"MD5 is md5-crypt":        "{MD5}$1$DuiefMWk$7hU8yGGqU42edh8LvEZPk0",
	"MD5 of a directory":      "{MD5}WkryNqHmuFICJCO1UkrFwg==",
	"MD5 in hexadecimal":      "{MD5}5a4af236a1e6b852022423b5524ac5c2",
	"MD5-CRYPT":               "{MD5-CRYPT}$1$/4W4AhsX$gLt1a3QiCb3M2k.V9ZwK41",
	"md5-crypt in CRYPT":      "{CRYPT}$1$DuiefMWk$7hU8yGGqU42edh8LvEZPk0",
	"md5-crypt, short salt":   "{CRYPT}$1$ab$OududuFuEU5aTn52bXXq./",
	"md5-crypt, no prefix":    "$1$DuiefMWk$7hU8yGGqU42edh8LvEZPk0",
	"CRAM-MD5":                "{CRAM-MD5}c1694ac4de6d9238ca689125d32a8046d5068b849abf01a7e3039deb252a33d3",
	"NTLM":                    "{NTLM}c99b7aadca9d5c0b9e228093f4848212",
	"BLF-CRYPT":               "{BLF-CRYPT}$2y$05$UpJG0lm9ggF6nW4gHKzVRuLjgw70WWi/dNiuIArhJ6uKuGV0KMp/6",
	"bcrypt in CRYPT":         "{CRYPT}$2y$05$9p4dxuAzT5oP/iJQT61cvePqBFfZRyQPTq2bARNb/jPxa.69Ezk5O",
	"bcrypt 2a":               "{CRYPT}$2a$04$abcdefghijklmnopqrstuuE7y5Q.iboeZEuy3a5wOOaRgtq9TQ/5G",
	"bcrypt 2b":               "{CRYPT}$2b$04$abcdefghijklmnopqrstuuE7y5Q.iboeZEuy3a5wOOaRgtq9TQ/5G",
	"bcrypt, no prefix":       "$2b$04$abcdefghijklmnopqrstuuE7y5Q.iboeZEuy3a5wOOaRgtq9TQ/5G",
	"SHA256-CRYPT":            "{SHA256-CRYPT}$5$AjZWF2HxNo4MRJ8f$A2zkvlOxLVT./ewu/q1UhFabpb94c.1nwddyOy5m5m2",
	"sha256-crypt in CRYPT":   "{CRYPT}$5$abcdefgh$381hYn9h1uNy97ZmXBwQXETLvExMNpknyPB.KOHYVy.",
	"SHA512-CRYPT": "{SHA512-CRYPT}$6$KJac0aLFLY0tDSLS$" +
		"ePu2sQgRrwkFkEfjfNEjTJjYmEG0HWru53z47PHX3Liw5x4NUwrrbRY0fZlUu./qsvV/AKJE/Xsgmn7JYWFVq.",
	"sha512-crypt with rounds": "{SHA512-CRYPT}$6$rounds=2000$4LGzkPlGh42lEpwA$" +
		"6eZ0G7Ywumlwxqksbceywl7MXxJeyrOYtGIJs1SFuY40CyXd053dG8R5mtQ6pRIiVaSLEy9nRye/zIIj92BpC/",
	"sha512-crypt, no prefix": "$6$rounds=1000$saltsalt$" +
		"GpKavuBzHhsZAmfHfNC3E0I7XtMxXt6UXgA7cXTbvOqLuoZjdFdxKfYvNTNct0YBCQgbGKuqHTRVS.KZz1Fa/.",
	"SHA in hexadecimal": "{SHA}b917b4fc78276783476faeaeed94d84f962e866d",
	"SHA.HEX":            "{SHA.HEX}b917b4fc78276783476faeaeed94d84f962e866d",
	"SSHA512.HEX": "{SSHA512.HEX}f95a2aed681ca2afe1005cc4cf7e1504b77e155cae565d924916aa5e4afefadeb48e9a68ba123239c45b21940ac22d4b" +
		"de21584100be93db0ca0ae230973c394d4685a7c",
	"SSHA.b64":      "{SSHA.b64}WFuNYobZHPg8idVuJhrqZHKPWBbLuOsm",
	"SMD5.HEX":      "{SMD5.HEX}9d2f15351b720da3d93768fd987ed8a2428f8a48",
	"SHA256.BASE64": "{SHA256.BASE64}p1Z1mhL7+2J+IQbGjD1952fy+bw8y1tYXeND2jbQnNY=",
	"PLAIN-MD5.B64": "{PLAIN-MD5.B64}WkryNqHmuFICJCO1UkrFwg==",
	"MD5.HEX":       "{MD5.HEX}5a4af236a1e6b852022423b5524ac5c2",
	"CRAM-MD5.B64":  "{CRAM-MD5.B64}wWlKxN5tkjjKaJEl0yqARtUGi4SavwGn4wOd6yUqM9M=",
	"PLAIN.HEX":     "{PLAIN.HEX}547230756234646f7226332078",
	"CLEARTEXT":     "{CLEARTEXT}Tr0ub4dor&3 x",
	"MD5-CRYPT.HEX": "{MD5-CRYPT.HEX}243124567761326a597a63247055544d43717749656a746b796d7346524a536c3531",
	"BLF-CRYPT.HEX": "{BLF-CRYPT.HEX}243279243035243669334868472f454a735a7446724c56756446425165526c374834354c7a656c7a6a7063547330762e52525" +
		"3684d54743550584432",
	"PBKDF2.B64": "{PBKDF2.B64}JDEkSDZkazV2cFBObXFJeVRHZiQ1MDAwJGU0NDhiNjZiZTQ4ZGZhZDQzZGFiNTRhMTNhOTNkZmNmYjIwZDQ5ZTQ=",
	"PBKDF2":     "{PBKDF2}$1$woIgS5H1LQZweqh3$5000$7dc1a50bda692ed8f45769915ea75e4e7ca4b14e",
	"ARGON2I": "{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$E9G/25wZlZpFr31oQ17Fbg$" +
		"0kGRfEszk/DjzFj8GQN5G1MxBP5L2HlX3DwZwUnT+4Q",
	"ARGON2ID": "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$KAjd2bqQnyygt8lmw4GFMA$" +
		"5V7AIUXoZ8mpmu4VxqbYj+Gv4N7F6LMiPVXbD7lTOHM",
}

// What can be verified can be handed over, and the other way round: one table holds both.
func TestVerifyForeignHash(t *testing.T) {
	for name, hash := range foreignHashes {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(hash, "{") {
				require.NoError(t, password.CheckHash(hash))
			}
			ok, err := password.Read(store.Secret(hash)).Match(foreignPassword + "x")
			require.False(t, ok)
			require.NoError(t, err, "it can be checked")
			require.True(t, password.Verify(store.Secret(hash), foreignPassword))
			require.False(t, password.Verify(store.Secret(hash), foreignPassword+"x"))
			require.False(t, password.Verify(store.Secret(hash), ""))
			require.False(t, password.Verify(store.Secret(hash[:len(hash)-9]), foreignPassword), "cut off")
		})
	}
}

// TestVerifyCRAMOfLongPassword covers a key longer than a block, which HMAC hashes first. Made by doveadm.
func TestVerifyCRAMOfLongPassword(t *testing.T) {
	long := strings.Repeat("abcdefghij", 8)
	require.True(t, password.Verify(cramOfLongPassword, long))
	require.False(t, password.Verify(cramOfLongPassword, long[:79]))
}

func TestVerifyBcryptLooksAt72Bytes(t *testing.T) {
	hash := store.Secret("{CRYPT}$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i")
	require.True(t, password.Verify(hash, strings.Repeat("x", 100)))
	require.False(t, password.Verify(hash, strings.Repeat("x", 71)))
}

func TestVerifyRefuses(t *testing.T) {
	key := "$0kGRfEszk/DjzFj8GQN5G1MxBP5L2HlX3DwZwUnT+4Q"
	for name, hash := range map[string]string{
		"plain text":                  foreignPassword,
		"nothing":                     "",
		"unknown scheme":              "{ROT13}" + foreignPassword,
		"no end of the scheme":        "{PLAIN" + foreignPassword,
		"empty hash":                  "{SSHA512}",
		"too short a digest":          "{SSHA512}Zm9v",
		"salted without a salt":       "{SSHA}uRe0/HgnZ4NHb66u7ZTYT5Yuhm0=",
		"hexadecimal in base64":       "{SHA.B64}b917b4fc78276783476faeaeed94d84f962e866d",
		"base64 in hexadecimal":       "{SHA.HEX}uRe0/HgnZ4NHb66u7ZTYT5Yuhm0=",
		"encoding that is none":       "{PLAIN.ROT13}Tr0ub4dor&3 x",
		"argon2 of the other kind":    "{ARGON2I}$argon2id$v=19$m=65536,t=3,p=1$KAjd2bqQnyygt8lmw4GFMA$5V7AIUXoZ8mpmu4VxqbYj+Gv4N7F6LMiPVXbD7lTOHM",
		"salt where none belongs":     "{SHA}A6jApmJd51mguhFoIE2lGKk3bPat+v6D",
		"bare hexadecimal MD5":        "5a4af236a1e6b852022423b5524ac5c2",
		"DES":                         "{CRYPT}ccCFrEOKX3jqQ",
		"sha-crypt of another kind":   "{SHA512-CRYPT}$5$abcdefgh$381hYn9h1uNy97ZmXBwQXETLvExMNpknyPB.KOHYVy.",
		"bcrypt of the broken kind":   "{CRYPT}$2x$04$abcdefghijklmnopqrstuuE7y5Q.iboeZEuy3a5wOOaRgtq9TQ/5G",
		"sha-crypt of many rounds":    "{CRYPT}$6$rounds=9999999$saltsalt$" + strings.Repeat("a", 86),
		"sha-crypt beyond any number": "{CRYPT}$6$rounds=99999999999999999999$saltsalt$" + strings.Repeat("a", 86),
		"costly bcrypt":               "{CRYPT}$2b$31$abcdefghijklmnopqrstuuE7y5Q.iboeZEuy3a5wOOaRgtq9TQ/5G",
		"PBKDF2 of many rounds":       "{PBKDF2}$1$woIgS5H1LQZweqh3$9999999$7dc1a50bda692ed8f45769915ea75e4e7ca4b14e",
		"PBKDF2 of no rounds":         "{PBKDF2}$1$woIgS5H1LQZweqh3$0$7dc1a50bda692ed8f45769915ea75e4e7ca4b14e",
		"argon2 of much memory":       "{ARGON2ID}$argon2id$v=19$m=4194304,t=1,p=1$E9G/25wZlZpFr31oQ17Fbg" + key,
		"argon2 of many passes":       "{ARGON2ID}$argon2id$v=19$m=262144,t=999,p=1$E9G/25wZlZpFr31oQ17Fbg" + key,
		"argon2 of no threads":        "{ARGON2ID}$argon2id$v=19$m=65536,t=1,p=0$E9G/25wZlZpFr31oQ17Fbg" + key,
		"argon2 of no passes":         "{ARGON2ID}$argon2id$v=19$m=65536,t=0,p=1$E9G/25wZlZpFr31oQ17Fbg" + key,
	} {
		t.Run(name, func(t *testing.T) {
			require.False(t, password.Verify(store.Secret(hash), foreignPassword))
			if hash == "" {
				return // no password is none that could not be checked
			}
			_, err := password.Read(store.Secret(hash)).Match(foreignPassword)
			e := requireFailure(t, err, store.Unprocessable, "INVALID_PASSWORD_SCHEME")
			require.NotContains(t, e.Detail, foreignPassword)
			_ = requireFailure(t, password.CheckHash(hash), store.Invalid, "INVALID_PASSWORD_SCHEME")
		})
	}
	t.Run("password too long to hash", func(t *testing.T) {
		long := strings.Repeat("a", 512)
		require.False(t, password.Verify(store.Secret("{PLAIN}"+long), long))
	})
	t.Run("empty password", func(t *testing.T) {
		require.False(t, password.Verify("{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=", ""))
		require.False(t, password.Verify("{PLAIN}", ""))
	})
}

func FuzzVerify(f *testing.F) {
	for _, hash := range foreignHashes {
		f.Add(hash, foreignPassword)
	}
	f.Add("{CRYPT}$6$rounds=$$", "a")
	f.Add("{ARGON2ID}$argon2id$v=19$m=8,t=1,p=1$$", "a")
	f.Fuzz(func(t *testing.T, hash, text string) {
		ok := password.Verify(store.Secret(hash), text)
		if ok && !strings.HasPrefix(hash, "{") && !strings.HasPrefix(hash, "$") {
			t.Errorf("plain text verified: %q", hash)
		}
	})
}

const cramOfLongPassword = store.Secret("{CRAM-MD5}b541e5c433776fe0bd5dac161db18bf0571f89a1f19cf62a4c34c67145a449dc")

// Any of several hashes counts, as an entry of a directory may have them.
func TestVerifyPasswordWithSeveralHashes(t *testing.T) {
	one, err := password.Hash(password.SSHA, "first")
	require.NoError(t, err)
	other, err := password.Hash(password.SSHA512, "second")
	require.NoError(t, err)
	both := one + "\n" + other
	require.True(t, password.Verify(both, "first"))
	require.True(t, password.Verify(both, "second"))
	require.False(t, password.Verify(both, "third"))
	require.False(t, password.Verify(both, ""))
}

// When none of several matches and one of them cannot be checked, nobody can say that the password is wrong.
func TestVerifyPasswordBesideWhatCannotBeChecked(t *testing.T) {
	one, err := password.Hash(password.SSHA, "first")
	require.NoError(t, err)
	both := password.Read(one + "\n{SCRAM-SHA-1}4096,PtRNJIyrR0k3zQedEd5IDw==,x,y")
	ok, err := both.Match("first")
	require.NoError(t, err)
	require.True(t, ok)
	_, err = both.Match("second")
	require.ErrorContains(t, err, "{SCRAM-SHA-1}")
}

func TestCostlyPasswords(t *testing.T) {
	for hash, want := range map[string]bool{
		foreignHashes["SSHA512"]:   false,
		foreignHashes["BLF-CRYPT"]: false,
		foreignHashes["ARGON2ID"]:  true,
		"{CRYPT}$2b$12$abcdefghijklmnopqrstuuE7y5Q.iboeZEuy3a5wOOaRgtq9TQ/5G": false,
		"{CRYPT}$2b$13$abcdefghijklmnopqrstuuE7y5Q.iboeZEuy3a5wOOaRgtq9TQ/5G": true,
		"{CRYPT}$6$rounds=100001$saltsalt$" + strings.Repeat("a", 85) + "/":   true,
	} {
		require.Equal(t, want, password.Read(store.Secret(hash)).Costly(), hash)
	}
}
