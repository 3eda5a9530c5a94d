package sqlstore

// outranks is the condition, with one argument, that the mailbox m is above an admin that is not global: it is a
// global admin, or manages a domain (all of them is one more) that the admin does not. Its password would be a ladder.
func (s *Store) outranks() string {
	return "(m.isglobaladmin = 1 OR EXISTS (SELECT 1 FROM domain_admins r WHERE r.username = " + s.db.Dialect.ASCII("m.username") +
		" AND NOT EXISTS (SELECT 1 FROM domain_admins v WHERE v.username = ? AND v.domain = r.domain)))"
}

// global is the condition, with two arguments of the same admin, that nobody is above it.
const global = "(EXISTS (SELECT 1 FROM domain_admins g WHERE g.username = ? AND g.domain = 'ALL') OR " +
	"EXISTS (SELECT 1 FROM mailbox b WHERE b.username = ? AND b.isglobaladmin = 1))"
