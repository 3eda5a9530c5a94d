package ldapstore

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/postern-mail/postern/store"
)

// Export implements store.Exports.
func (s *Store) Export(ctx context.Context, what store.Exported, name string, showPasswords bool) (string, error) {
	dns, class, missing := s.exported(what, name)
	var text strings.Builder
	for i, dn := range dns {
		if i > 0 {
			class = anything
		}
		e, err := s.read(ctx, dn, class)
		switch {
		case err != nil:
			return "", err
		case e == nil && i == 0:
			return "", missing
		case e == nil:
			continue
		}
		writeLDIF(&text, *e, showPasswords)
		text.WriteByte('\n')
	}
	return text.String(), nil
}

// exported returns which entries belong to what is exported, the class of the first one, without which there is nothing to
// export, and what to say then.
func (s *Store) exported(what store.Exported, name string) (dns []string, class string, missing *store.Error) {
	switch what {
	case store.ExportDomain:
		dns = []string{s.tree.domain(name)}
		for _, container := range containers {
			dns = append(dns, s.tree.container(name, container))
		}
		return dns, finishedDomain, store.NoSuchDomain(name)
	case store.ExportCatchall:
		return []string{s.tree.catchall(name)}, classUser, store.NoSuchAccount("@" + name)
	case store.ExportAdmin:
		return []string{s.tree.admin(name)}, classAdmin, store.NoSuchAccount(name)
	case store.ExportUser:
		return []string{s.tree.user(name)}, classUser, store.NoSuchAccount(name)
	case store.ExportAlias:
		return []string{s.tree.alias(name)}, classAlias, store.NoSuchAccount(name)
	}
	return []string{s.tree.list(name), s.tree.externals(name)}, finishedList, store.NoSuchAccount(name)
}

// writeLDIF writes an entry as RFC 2849 has it, without folding lines: readers need not have them short. Like slapcat's, the
// text names no version, so that texts can be put together.
func writeLDIF(text *strings.Builder, e entry, showPasswords bool) {
	writeLine(text, "dn", e.dn)
	for _, a := range e.attributes {
		if strings.EqualFold(a.name, passwordAttribute) && !showPasswords {
			continue
		}
		for _, v := range a.values {
			writeLine(text, a.name, v)
		}
	}
}

func writeLine(text *strings.Builder, name, value string) {
	if safe(value) {
		text.WriteString(name + ": " + value + "\n")
		return
	}
	text.WriteString(name + ":: " + base64.StdEncoding.EncodeToString([]byte(value)) + "\n")
}

// safe reports whether a value may stand as it is: printable ASCII that neither begins like something else nor ends in a
// space.
func safe(value string) bool {
	if value == "" {
		return true
	}
	beyond := func(r rune) bool { return r < ' ' || r > '~' }
	return !strings.ContainsAny(value[:1], " :<") && !strings.HasSuffix(value, " ") && !strings.ContainsFunc(value, beyond)
}
