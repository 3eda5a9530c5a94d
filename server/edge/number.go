package edge

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/server/contract"
)

// maxNumber is how many characters of a number are read.
const maxNumber = 256

var (
	errNoNumber = errors.New("not a number of the kind")
	errTooLarge = errors.New("too large")
	errTooSmall = errors.New("too small")
)

// wholeNumber returns the value of a decimal number as JSON, forms and paths write it: 100, 100.0 and 1e2 are the same.
// The work does not grow with the exponent.
func wholeNumber(text string) (int64, error) {
	digits, negative, exponent, ok := decimal(text)
	switch {
	case !ok:
		return 0, errNoNumber
	case digits == "":
		return 0, nil
	case exponent < 0:
		return 0, errNoNumber
	case len(digits)+exponent > 19: // digits of the largest int64
		return 0, outOfRange(negative)
	}
	digits += strings.Repeat("0", exponent)
	if negative {
		digits = "-" + digits
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, outOfRange(negative)
	}
	return n, nil
}

func outOfRange(negative bool) error {
	if negative {
		return errTooSmall
	}
	return errTooLarge
}

// decimal takes a number apart: its value is that of digits times ten to the power of exponent. Digits begin and end
// with another digit than 0, and are empty for zero. Exponents beyond a million are cut to that.
func decimal(text string) (digits string, negative bool, exponent int, ok bool) {
	const most = 1_000_000
	mantissa, power, scientific := cutAny(text, "eE")
	if scientific {
		if !isSigned(power) {
			return "", false, 0, false
		}
		n, err := strconv.Atoi(power)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return "", false, 0, false
		}
		exponent = max(-most, min(most, n))
	}
	negative = strings.HasPrefix(mantissa, "-")
	if negative || strings.HasPrefix(mantissa, "+") {
		mantissa = mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole+fraction == "" || !isDigits(whole) || !isDigits(fraction) {
		return "", false, 0, false
	}
	exponent -= len(fraction)
	digits = strings.TrimLeft(whole+fraction, "0")
	plain := strings.TrimRight(digits, "0")
	return plain, negative, exponent + len(digits) - len(plain), true
}

func cutAny(s, chars string) (before, after string, found bool) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func isSigned(s string) bool {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	return s != "" && isDigits(s)
}

// fractional returns the value of a number that may have a fraction.
func fractional(text string) (float64, error) {
	if _, _, _, ok := decimal(text); !ok {
		return 0, errNoNumber
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil && math.IsInf(n, 0) {
		return 0, outOfRange(n < 0)
	}
	return n, nil
}

// canonicalNumber returns the one form in which a number of the parameter goes on.
func canonicalNumber(p *contract.Parameter, text string) (json.RawMessage, error) {
	if p.Kind == contract.KindNumber {
		n, err := fractional(text)
		return json.RawMessage(strconv.FormatFloat(n, 'g', -1, 64)), err
	}
	n, err := wholeNumber(text)
	return json.RawMessage(strconv.FormatInt(n, 10)), err
}
