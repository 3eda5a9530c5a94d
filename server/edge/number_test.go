package edge

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/contract"
	"pgregory.net/rapid"
)

func TestWholeNumber(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "7": 7, "007": 7, "+5": 5, "-12": -12, "1.0": 1, "1e2": 100, "1E+2": 100, "100e-2": 1, "12.50e1": 125, "0.0": 0,
		"0e99999999": 0, "0e400": 0, "9223372036854775807": 9223372036854775807, "-9223372036854775808": -9223372036854775808,
		"922337203685477580.7e1": 9223372036854775807, "1000000000000000000000000e-24": 1,
	} {
		n, err := wholeNumber(text)
		require.NoError(t, err, text)
		require.Equal(t, want, n, text)
	}
	for text, want := range map[string]error{
		"1.5": errNoNumber, "1e-1": errNoNumber, "1e-99999999": errNoNumber, "": errNoNumber, "-": errNoNumber, ".": errNoNumber, "1e": errNoNumber,
		"e1": errNoNumber, "1e1.5": errNoNumber, "0x10": errNoNumber, "1_000": errNoNumber, "ten": errNoNumber, "--1": errNoNumber, "1 ": errNoNumber,
		"٣": errNoNumber, "1e400": errTooLarge, "1e99999999": errTooLarge, "1e99999999999999999999999999": errTooLarge, "-1e400": errTooSmall,
		"9223372036854775808": errTooLarge, "-9223372036854775809": errTooSmall, strings.Repeat("9", maxNumber): errTooLarge,
	} {
		_, err := wholeNumber(text)
		require.ErrorIs(t, err, want, text)
	}
}

// TestWholeNumbersAreExact compares with exact arithmetic.
func TestWholeNumbersAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q is no number", text)
		}
		n, err := wholeNumber(text)
		if exact.IsInt() && exact.Num().IsInt64() {
			require.NoError(t, err, text)
			require.Equal(t, exact.Num().Int64(), n, text)
		} else {
			require.Error(t, err, text)
		}
	})
}

func TestNumbersWithAFraction(t *testing.T) {
	score := &contract.Parameter{Kind: contract.KindNumber}
	for text, want := range map[string]string{"5.5": "5.5", "-1": "-1", "1e2": "100", ".5": "0.5", "1e-400": "0"} {
		raw, err := canonicalNumber(score, text)
		require.NoError(t, err, text)
		require.Equal(t, json.RawMessage(want), raw, text)
	}
	for _, text := range []string{"1e400", "1e99999999", "Inf", "NaN", "0x1p4", "", "five"} {
		_, err := canonicalNumber(score, text)
		require.Error(t, err, text)
	}
}
