package ldapstore

// Words that attributes hold.
const (
	statusActive   = "active"
	statusDisabled = "disabled"
	yes            = "yes"

	serviceMail         = "mail"
	serviceDeliver      = "deliver"
	serviceDomainAlias  = "domainalias"
	serviceSenderBcc    = "senderbcc"
	serviceRecipientBcc = "recipientbcc"
	serviceDomainAdmin  = "domainadmin"
	serviceShadow       = "shadowaddress"
	serviceForward      = "forward"
	serviceMlmmj        = "mlmmj"
	serviceNewsletter   = "newsletter"
)

// status is the word for an account that is switched on or off.
func status(active bool) string {
	if active {
		return statusActive
	}
	return statusDisabled
}

const bytesPerMB = 1 << 20
