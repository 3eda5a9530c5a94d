package oracles_test

import (
	"strings"
	"testing"

	"github.com/postern-mail/postern/server/servertest"
)

// TestPostfixReturnsForeignAddresses has Postfix's own maps return each as it was given: neither SQL nor LDAP nor Postfix takes a
// character for more than that.
func TestPostfixReturnsForeignAddresses(t *testing.T) {
	var effects []effect
	for _, mail := range servertest.ForeignAddresses {
		mail = strings.Replace(mail, "@example.net", "@far.test", 1)
		effects = append(effects, effect{
			name: strings.ReplaceAll(mail, "/", "|"),
			do: servertest.Acts(
				servertest.Put("/api/alias/sales@example.com", servertest.Body{"members": servertest.List{mail}}),
				servertest.Put(servertest.AnnaPath, servertest.Body{"forwarding": servertest.List{mail}}),
				servertest.Put(servertest.BenPath, servertest.Body{"senderBcc": mail, "recipientBcc": mail}),
				servertest.Put("/api/domain/other.test", servertest.Body{"senderBcc": mail, "recipientBcc": mail, "catchall": servertest.List{mail}}),
			),
			was: servertest.Verdicts{
				"expansion sales@example.com": "anna@example.com", "expansion anna@example.com": "anna@example.com",
				"sender_bcc ben@example.com": "", "recipient_bcc ben@example.com": "",
				"sender_bcc any@other.test": "", "recipient_bcc any@other.test": "", "expansion nobody@other.test": "",
			},
			is: servertest.Verdicts{
				"expansion sales@example.com": mail, "expansion anna@example.com": mail,
				"sender_bcc ben@example.com": mail, "recipient_bcc ben@example.com": mail,
				"sender_bcc any@other.test": mail, "recipient_bcc any@other.test": mail, "expansion nobody@other.test": mail,
			},
		})
	}
	oracleEffects(t, effects)
}
