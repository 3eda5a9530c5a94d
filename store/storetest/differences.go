package storetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// directoryDifferences are the subtests that cannot be the same on a directory, with the reason. The name is that of the
// subtest below the suite, as go test prints it; what is below it differs too.
var directoryDifferences = map[string]string{
	"identity/mail user/marked or named by another program/name":            "no row names a global admin; the mark on its entry does",
	"domain/alias domains/not on a backup MX":                               "the filters of a directory relay for alias domains too",
	"domain/create with what an update refuses/alias domain of a backup MX": "the filters of a directory relay for alias domains too",
	"domain/creator/is alone with a name that somebody had before":          "who manages a domain stands in its entry and goes with it",
	"domain/read/columns in their order":                                    "attributes have no order",
	"domain/read/NULL columns":                                              "an attribute is there or not",
	"user/create in a domain with settings/joins the default groups that exist": "a domain names lists there, no alias" +
		" accounts; the suite of lists proves it",
	"user/create taken/by a bare row":                                           "there are no addresses without an account",
	"user/read/columns keep their order and type":                               "attributes have no order, and all are text",
	"user/read/NULL where MySQL has it":                                         "an attribute is there or not",
	"user/list as seen by an admin/row for all domains counts without the mark": "no row names a global admin; the mark on its entry does",
	"user/forwarding/a row of another sort in the way":                          "values are of one sort",
	"user/services/replace with an unknown one":                                 "programs may ask for services of any name",
	"user/services/add with an unknown one":                                     "programs may ask for services of any name",
	"user/services/remove with an unknown one":                                  "programs may ask for services of any name",
	"user/services/replace by those of a directory with an unknown one":         "they are known there",
	"user/services/add that of a directory with an unknown one":                 "they are known there",
	"user/rename/where the new address stood already":                           "an address stands nowhere twice; the steps of a rename are proven apart",
}

// differs passes over a subtest that is declared to differ on a directory, and fails any other.
func differs(t *testing.T) {
	t.Helper()
	_, name, _ := strings.Cut(strings.ReplaceAll(t.Name(), "_", " "), "/")
	for declared, reason := range directoryDifferences {
		if name == declared || strings.HasPrefix(name, declared+"/") {
			t.Skip(reason)
		}
	}
	require.Fail(t, "the subtest needs tables and is not declared to differ", name)
}
