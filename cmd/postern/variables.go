package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// clientVariables are those that posternctl reads, or that scripts hand to a client. They are not the server's, and no mistakes.
var clientVariables = strings.Fields(`POSTERN_URL POSTERN_USERNAME POSTERN_USER POSTERN_PASSWORD POSTERN_PASSWORD_FILE POSTERN_TOKEN
	POSTERN_TOKEN_FILE POSTERN_KEY POSTERN_KEY_FILE POSTERN_API_KEY POSTERN_API_KEY_FILE POSTERN_PROFILE POSTERN_CONFIG POSTERN_OUTPUT
	POSTERN_TIMEOUT POSTERN_CA_FILE POSTERN_INSECURE POSTERN_COLOR POSTERN_DEBUG POSTERN_BINARY`)

// injected is the form of the variables that Docker and Kubernetes make of a service's name.
var injected = regexp.MustCompile(`^POSTERN_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT(_[0-9]+_(TCP|UDP)(_(ADDR|PORT|PROTO))?)?|NAME)$`)

// knownVariables are all that mean something.
func knownVariables() []string {
	all := slices.Clone(clientVariables)
	for _, s := range settings {
		all = append(all, variable(s.key))
		if s.secret {
			all = append(all, variable(s.key+fileSuffix))
		}
	}
	return all
}

// strayVariables returns an error for every variable that begins as ours do and is none: its value has no effect, which nobody
// would notice. The value is not shown: it may be a secret.
func strayVariables(environment []string) error {
	all := knownVariables()
	var faults []error
	for _, entry := range slices.Sorted(slices.Values(environment)) {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(strings.ToUpper(name), "POSTERN_") || slices.Contains(all, name) || injected.MatchString(name) {
			continue
		}
		if near := nearest(name, all); near != "" {
			faults = append(faults, fmt.Errorf("%s: is no setting; did you mean %s?", name, near))
			continue
		}
		faults = append(faults, fmt.Errorf("%s: is no setting; see `postern init` for those there are", name))
	}
	return errors.Join(faults...)
}

// nearest returns the word that takes the fewest changes of a letter, "" when they are all far away.
func nearest(name string, words []string) string {
	best, fewest := "", 4
	for _, word := range words {
		if n := distance(strings.ToUpper(name), word); n < fewest {
			best, fewest = word, n
		}
	}
	return best
}

// distance is how many letters must be added, left out or replaced (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
