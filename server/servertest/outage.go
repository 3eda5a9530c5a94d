package servertest

import (
	"strings"
)

// Causes are the lines of the log that tell why requests failed.
func (w *Fixture) Causes() string {
	var lines []string
	for line := range strings.Lines(w.Log.String()) {
		if strings.Contains(line, "request failed") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
