package servertest

import (
	"strings"
)

// PathOf is a concrete path of a template.
func PathOf(template string) string {
	return strings.NewReplacer("{domain}", "example.com", "{mail}", "anna@example.com", "{new_mail}", "ben@example.com",
		"{account}", "example.com", "{days}", "30", "{direction}", "inbound", "{colour}", "blacklist").Replace(template)
}
