package servertest

import (
	"strings"
)

// Cause is what the log says of a request.
func (w *Fixture) Cause(a Answer) string {
	id, _ := a.Body["_request_id"].(string)
	var lines []string
	for line := range strings.Lines(w.Log.String()) {
		if strings.Contains(line, id) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
