package servertest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	specs "github.com/postern-mail/postern/server/contract"
)

// codesOf are the codes of a contract, and those that were seen. What is seen is added to the file that the variable TEST_CODES
// names when there is one, from which TestEveryCodeIsProduced takes what all packages together have seen.
type codesOf struct {
	Operations map[string]map[string]bool // by operation
	universal  map[string]bool
	Statuses   map[string][]int

	mu   sync.Mutex
	seen map[string]bool // "operation CODE", "CODE" and "CODE status"
}

var ErrorCodes = readCodes()

func readCodes() *codesOf {
	c := &codesOf{Operations: map[string]map[string]bool{}, universal: map[string]bool{}, Statuses: map[string][]int{}, seen: map[string]bool{}}
	all, err := specs.Load(Contract)
	if err != nil {
		panic(err)
	}
	for _, op := range all {
		c.Operations[op.ID] = map[string]bool{}
		for _, code := range op.Answers() {
			c.Operations[op.ID][code] = true
		}
	}
	universal, _ := specs.UniversalErrors(Contract) // which Load has read
	for _, code := range universal {
		c.universal[code] = true
	}
	listed, _ := specs.ErrorCodes(Contract)
	for _, e := range listed {
		c.Statuses[e.Code] = e.Statuses
	}
	return c
}

// Check refuses a code that the contract does not list for the operation, which is "" where there is none.
func (c *codesOf) Check(t testing.TB, operation, prefix string, a Answer) {
	t.Helper()
	codes := strings.Split(a.Msg(), ",")
	if prefix == "" {
		codes = append([]string{a.Msg()}, a.Causes()...)
	}
	named, _ := a.Body["_errors"].([]any)
	for _, item := range named {
		one, _ := item.(map[string]any)
		code := TextAt(one, "_msg")
		require.True(t, c.universal[code] || c.Operations[operation][code], "%s does not list %s: %s", operation, code, a.Raw)
	}
	for _, code := range codes {
		require.True(t, c.universal[code] || c.Operations[operation][code], "%s does not list %s: %s", operation, code, a.Raw)
		c.note(t, code)
		c.note(t, operation+" "+code)
		if prefix == "" {
			c.note(t, fmt.Sprintf("%s %d", code, a.Status))
		}
		if prefix == "" {
			require.Contains(t, c.Statuses[code], a.Status, "ErrorCode has another status for %s", code)
		}
	}
}

// note adds what was seen to the file.
func (c *codesOf) note(t testing.TB, what string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	path := os.Getenv("TEST_CODES")
	if c.seen[what] || path == "" {
		return
	}
	c.seen[what] = true
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.WriteString(what + "\n")
	require.NoError(t, err)
}

// Unseen are the codes that are not among those.
func (c *codesOf) Unseen(seen map[string]bool) []string {
	var missing []string
	wanted := func(what string) {
		if !seen[what] {
			missing = append(missing, what)
		}
	}
	for operation, codes := range c.Operations {
		for code := range codes {
			wanted(operation + " " + code)
		}
	}
	for code := range c.universal {
		wanted(code)
	}
	for code, statuses := range c.Statuses {
		for _, status := range statuses {
			wanted(fmt.Sprintf("%s %d", code, status))
		}
	}
	slices.Sort(missing)
	return missing
}
