package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/postern-mail/postern/store/ldapstore"
)

// aliasJob is the job that gives the accounts of a directory the addresses that they have under alias domains. A running server
// does not do it: what it writes itself has them.
const aliasJob = "alias-domains"

// mendAliasDomains does the job and says what it did. A dry run only says what it would do.
func (s *stores) mendAliasDomains(ctx context.Context, dryRun bool, w io.Writer) error {
	if s.ldap == nil {
		_, err := fmt.Fprintln(w, "Accounts are in SQL, where Postfix looks alias domains up by itself: there is nothing to do.")
		return err
	}
	write := asProgram
	write.DryRun = dryRun
	told := aliasReport{w: w, dryRun: dryRun}
	err := s.ldap.MendAliasDomains(ctx, write, told.tell)
	return errors.Join(err, told.end(err))
}

// aliasReport says what happens to each entry, and how many there were.
type aliasReport struct {
	w       io.Writer
	dryRun  bool
	entries int
	err     error
}

func (r *aliasReport) tell(g ldapstore.AliasGap) {
	r.entries++
	var parts []string
	for _, part := range []struct {
		verb      string
		addresses []string
	}{{"added", g.Missing}, {"removed", g.LeftOver}} {
		if len(part.addresses) > 0 {
			parts = append(parts, r.verb(part.verb)+" "+strings.Join(part.addresses, ", "))
		}
	}
	_, err := fmt.Fprintf(r.w, "%s: %s\n", g.Account, strings.Join(parts, "; "))
	r.err = errors.Join(r.err, err)
}

func (r *aliasReport) verb(past string) string {
	if r.dryRun {
		return "would be " + past
	}
	return past
}

// end says how many entries there were. When the job failed on its way, that is told elsewhere.
func (r *aliasReport) end(failed error) error {
	if failed != nil || r.err != nil {
		return r.err
	}
	text := fmt.Sprintf("%d entries %s.", r.entries, r.verb("mended"))
	if r.entries == 0 {
		text = "Every account has its addresses under the alias domains, and none under others: there is nothing to do."
	}
	_, err := fmt.Fprintln(r.w, text)
	return err
}

// fewExamples is how many entries a check names.
const fewExamples = 3

// tellAliasGaps says which accounts of a directory lack addresses under alias domains, or have those of one that is gone.
func tellAliasGaps(ctx context.Context, w io.Writer, directory *ldapstore.Store) error {
	entries, examples := 0, []string{}
	err := directory.AliasGaps(ctx, func(g ldapstore.AliasGap) {
		if entries++; entries > fewExamples {
			return
		}
		var parts []string
		if len(g.Missing) > 0 {
			parts = append(parts, "lacks "+strings.Join(g.Missing, ", "))
		}
		if len(g.LeftOver) > 0 {
			parts = append(parts, "still has "+strings.Join(g.LeftOver, ", "))
		}
		examples = append(examples, g.Account+" "+strings.Join(parts, " and "))
	})
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		_, err = fmt.Fprintf(w, "          not all addresses under alias domains could be looked at in time: postern jobs run %s --dry-run does\n", aliasJob)
		return err
	}
	if err != nil || entries == 0 {
		return err
	}
	_, err = fmt.Fprintf(w, "          %d entries do not fit the alias domains, such as: %s\n            postern jobs run %s\n",
		entries, strings.Join(examples, "; "), aliasJob)
	return err
}
