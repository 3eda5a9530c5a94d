package rules

import "github.com/postern-mail/postern/store"

// BackupMX is a change to a domain of SQL tables as far as backup MX and alias domains go.
type BackupMX struct {
	Was, Is bool // a backup MX
	Added   bool // alias domains come
	Aliases bool // it has alias domains afterwards
	Field   string
}

// Check returns BACKUPMX_ALIAS_DOMAIN for an alias domain on a backup MX, be it that the domain becomes one or that the alias
// domain comes: iRedMail's tables say of it neither that mail is delivered here (virtual_alias_domain and the domain's own map
// leave a backup MX out) nor that it is relayed (relay_domains knows primary domains alone), so Postfix refuses all of it. Where
// another program has made it so, it is no reason to refuse other changes.
// Source: iRedMail's map for SQL, samples/postfix/mysql/relay_domains.cf, asks for the domain itself, and not for alias domains.
func (b BackupMX) Check() error {
	if !b.Is || !b.Aliases || b.Was && !b.Added {
		return nil
	}
	field := b.Field
	if !b.Was {
		field = "is_backupmx"
	}
	return store.Fail(store.Conflict, store.CodeBackupMXAliasDomain,
		"Mail for an alias domain of a backup MX would be refused. Remove the alias domains first, or host the domain here.").With(field)
}
