package edge

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// FuzzSkip holds the reader against encoding/json: both take the same documents for well-formed.
func FuzzSkip(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `""`, `0`, `-0.0e+1`, `01`, `1.`, `.5`, `1e`, `-`, `+1`, `true`, `nul`, `{"a":[1,{"b":null}],"c":"\u00e9\ud83d\ude00\ud800x"}`,
		`{"a":1,}`, `[1,]`, `[,1]`, `{"a"}`, `{"a" 1}`, `{a:1}`, "\"\x01\"", `"\x"`, `"\u12"`, `"\u12g4"`, "\"\xff\"", "\"\u00e9\"", ` { } `, `{} {}`,
		"\ufeff{}", "[[[[[[]]]]]]", `"a`, `[`, `{"a":`, `"\`, "\x00", "\"\x00\"", `1e99999999`, `"\ud800\u0041"`, `"\ud800\ud800"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, from := range []io.Reader{strings.NewReader(body), iotest.OneByteReader(strings.NewReader(body))} {
			j := newJSONReader(from)
			err := j.skip()
			if err == nil {
				err = j.end()
			}
			if errors.Is(err, errTooDeep) {
				return
			}
			require.Equal(t, json.Valid([]byte(body)) && utf8.ValidString(body), err == nil, "%q: %v", body, err)
			var known *store.Error
			require.True(t, err == nil || errors.As(err, &known) || errors.Is(err, io.EOF), "%q: %v", body, err)
		}
	})
}

// FuzzText holds a string against what encoding/json makes of it.
func FuzzText(f *testing.F) {
	for _, seed := range []string{`"abc"`, `"\n\t\"\\\/"`, `"\u00e9é"`, `"\ud83d\ude00"`, `"\ud800\ud83d\ude00"`, `"\ud800"`, `"\ude00\u0000"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var want string
		if !utf8.ValidString(body) || json.Unmarshal([]byte(body), &want) != nil || body == "" || strings.Trim(body, " \t\r\n")[0] != '"' {
			return
		}
		got, cut, err := newJSONReader(strings.NewReader(body)).text(len(want))
		require.NoError(t, err, "%q", body)
		require.False(t, cut)
		require.Equal(t, want, got)
		if want != "" {
			_, cut, err = newJSONReader(strings.NewReader(body)).text(len(want) - 1)
			require.NoError(t, err)
			require.True(t, cut)
		}
	})
}

func TestNesting(t *testing.T) {
	deep := func(n int) error {
		return newJSONReader(strings.NewReader(strings.Repeat("[", n) + strings.Repeat("]", n))).skip()
	}
	require.NoError(t, deep(maxNesting))
	require.ErrorIs(t, deep(maxNesting+2), errTooDeep)
}
