package store_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func TestClassifyAddress(t *testing.T) {
	tests := []struct {
		given, stored    string
		kind             store.AddressKind
		amavisd, iredapd int64
	}{
		{"User@Example.COM", "user@example.com", store.KindEmail, 10, 100},
		{" user+tag@example.com ", "user+tag@example.com", store.KindEmail, 10, 100},
		{"192.0.2.1", "192.0.2.1", store.KindIP, 9, 80},
		{"2001:DB8:0:0::1", "2001:db8::1", store.KindIP, 9, 80},
		{"::ffff:192.0.2.1", "192.0.2.1", store.KindIP, 9, 80},
		{"2620:0:2d0:200::7/128", "2620:0:2d0:200::7", store.KindIP, 9, 80},
		{"192.0.2.1/32", "192.0.2.1", store.KindIP, 9, 80},
		{"192.0.2.*", "192.0.2.*", store.KindWildcardIP, 8, 70},
		{"192.*.2.1", "192.*.2.1", store.KindWildcardIP, 8, 70},
		{"192.0.2.0/24", "192.0.2.0/24", store.KindNetwork, 7, 70},
		{"0.0.0.0/0", "0.0.0.0/0", store.KindNetwork, 7, 70},
		{"2001:DB8::/32", "2001:db8::/32", store.KindNetwork, 7, 70},
		{"user@*", "user@*", store.KindWildcardAddress, 7, 90},
		{"@Example.com", "@example.com", store.KindDomain, 5, 60},
		{"@xn--e1afmkfd.xn--p1ai", "@xn--e1afmkfd.xn--p1ai", store.KindDomain, 5, 60},
		{"@.example.com", "@.example.com", store.KindSubdomain, 3, 50},
		{"@.com", "@.com", store.KindTopLevel, 2, 40},
		{"@ip", "@ip", store.KindCatchallIP, 1, 0},
		{"@.", "@.", store.KindCatchall, 0, 0},
	}
	for _, test := range tests {
		stored, kind := store.ClassifyAddress(test.given)
		require.Equal(t, test.stored, stored, test.given)
		require.Equal(t, test.kind, kind, test.given)
		require.Equal(t, test.amavisd, kind.AmavisdPriority(), test.given)
		require.Equal(t, test.iredapd, kind.IredapdPriority(), test.given)
	}
	for _, invalid := range []string{
		"", " ", "@", "@com", "com", "example.com", "user", "user@", "user@com", "@.c", "@..com", "192.168.1.5/24", "2001:db8::1/32",
		"192.0.2.256", "192.0.2", "192.0.2.1.5", "192.0.2.1/33", "fe80::1%eth0", "us er@example.com", "user@exämple.com", "@exa mple.com",
		"*@example.com", "user@*.com", "@*", "1.2.3.4567", strings.Repeat("a", 250) + "@example.com", "user@example.com\n@x.test", "a\x00@x.test",
	} {
		stored, kind := store.ClassifyAddress(invalid)
		require.Equal(t, store.KindInvalid, kind, "%q became %q", invalid, stored)
	}
}

// TestClassifyAddressTwice makes up texts of the characters that patterns are made of: what is stored is classified as
// itself, in lower case, whatever it came from.
func TestClassifyAddressTwice(t *testing.T) {
	const letters = "aB.@*:/-_+ 0192f"
	valid := 0
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the same texts every time
		text := make([]byte, r.IntN(14))
		for i := range text {
			text[i] = letters[r.IntN(len(letters))]
		}
		for _, given := range []string{string(text), "@" + string(text), string(text) + "@example.com", "10.0." + string(text)} {
			stored, kind := store.ClassifyAddress(given)
			if kind == store.KindInvalid {
				require.Empty(t, stored, "%q", given)
				continue
			}
			valid++
			again, kindAgain := store.ClassifyAddress(stored)
			require.Equal(t, stored, again, "%q", given)
			require.Equal(t, kind, kindAgain, "%q", given)
			require.Equal(t, strings.ToLower(stored), stored, "%q", given)
		}
	}
	require.Greater(t, valid, 1000, "enough of them are valid to say something")
}

func TestPolicyCandidates(t *testing.T) {
	require.Equal(t, []store.PolicyAccount{"user@sub.example.com", "@sub.example.com", "@.sub.example.com", "@.example.com", "@.com", "@."},
		store.PolicyAccount("user@sub.example.com").Candidates())
	require.Equal(t, []store.PolicyAccount{"@example.com", "@.example.com", "@.com", "@."}, store.PolicyAccountOf("example.com").Candidates())
	require.Equal(t, []store.PolicyAccount{"@."}, store.Everybody.Candidates())
}
