package server_test

import (
	"strings"
	"testing"
)

// TestPostfixReturnsForeignAddresses has Postfix's own maps return each as it was given: neither SQL nor LDAP nor Postfix takes a
// character for more than that.
func TestPostfixReturnsForeignAddresses(t *testing.T) {
	var effects []effect
	for _, mail := range foreignAddresses {
		mail = strings.Replace(mail, "@example.net", "@far.test", 1)
		effects = append(effects, effect{
			name: strings.ReplaceAll(mail, "/", "|"),
			do: acts(
				put("/api/alias/sales@example.com", body{"members": list{mail}}),
				put(annaPath, body{"forwarding": list{mail}}),
				put(benPath, body{"senderBcc": mail, "recipientBcc": mail}),
				put("/api/domain/other.test", body{"senderBcc": mail, "recipientBcc": mail, "catchall": list{mail}}),
			),
			was: verdicts{
				"expansion sales@example.com": "anna@example.com", "expansion anna@example.com": "anna@example.com",
				"sender_bcc ben@example.com": "", "recipient_bcc ben@example.com": "",
				"sender_bcc any@other.test": "", "recipient_bcc any@other.test": "", "expansion nobody@other.test": "",
			},
			is: verdicts{
				"expansion sales@example.com": mail, "expansion anna@example.com": mail,
				"sender_bcc ben@example.com": mail, "recipient_bcc ben@example.com": mail,
				"sender_bcc any@other.test": mail, "recipient_bcc any@other.test": mail, "expansion nobody@other.test": mail,
			},
		})
	}
	oracleEffects(t, effects)
}
