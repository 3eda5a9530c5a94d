package sqldb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Use is what statements of ours do with a table, in the words of GRANT.
type Use struct {
	Table  string
	Rights []string
}

// AllRights are those that rows are read and written with.
var AllRights = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

// Uses are tables of which the same is done.
func Uses(rights []string, tables ...string) []Use {
	all := make([]Use, len(tables))
	for i, table := range tables {
		all[i] = Use{table, rights}
	}
	return all
}

// ErrNoWrites says that the server takes no writes from anybody.
var ErrNoWrites = errors.New("the server takes no writes: it is a standby or read-only (POSTERN_READ_ONLY=yes says that this is meant)")

// Lacks returns what the account may not do that uses name, table by table, each with the GRANT that mends it. A table that is not
// there is passed over. It changes nothing: MySQL is asked by statements that concern no row, PostgreSQL by its own functions.
func (db *DB) Lacks(ctx context.Context, uses []Use) ([]Note, error) {
	switch db.Dialect.Name {
	case "mysql":
		return db.lacksMySQL(ctx, uses)
	case "postgres":
		return db.lacksPostgres(ctx, uses)
	}
	return nil, nil
}

func lack(table string, rights []string, statement string) Note {
	return Note{"The account may not " + strings.Join(rights, ", ") + " on " + table + ".", statement + ";"}
}

// trials are statements that need one right alone and concern no row: 't' stands for the table and 'c' for a column.
var trials = map[string]string{
	"SELECT": "SELECT 1 FROM t WHERE 1 = 0",
	"INSERT": "INSERT INTO t (c) SELECT NULL FROM DUAL WHERE 1 = 0",
	"UPDATE": "UPDATE t SET c = NULL WHERE 1 = 0",
	"DELETE": "DELETE FROM t WHERE 1 = 0",
}

func (db *DB) lacksMySQL(ctx context.Context, uses []Use) ([]Note, error) {
	seen, err := db.seen(ctx)
	if err != nil {
		return nil, err
	}
	columns, err := db.Reader().Layout(ctx)
	if err != nil {
		return nil, err
	}
	var user, name string
	if err = db.Reader().Get(ctx, &user, "SELECT CURRENT_USER()"); err == nil {
		err = db.Reader().Get(ctx, &name, "SELECT DATABASE()")
	}
	if err != nil {
		return nil, fmt.Errorf("ask who is connected: %w", err)
	}
	account, host, _ := strings.Cut(user, "@")
	var notes []Note
	for _, u := range uses {
		if !slices.Contains(seen, u.Table) {
			continue // not there, or not for the account to see; see Unseen
		}
		denied, err := db.denied(ctx, u, columns[u.Table])
		if err != nil {
			return nil, err
		}
		if len(denied) > 0 {
			notes = append(notes, lack(u.Table, denied, fmt.Sprintf("GRANT %s ON %s.%s TO '%s'@'%s'", strings.Join(denied, ", "),
				db.Dialect.Quote(name), db.Dialect.Quote(u.Table), account, host)))
		}
	}
	return notes, nil
}

// seen are the tables that MySQL tells the account of: those that it has any right on.
func (db *DB) seen(ctx context.Context) (tables []string, err error) {
	query := "SELECT LOWER(table_name) AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1"
	if err = db.Reader().Select(ctx, &tables, query); err != nil {
		err = fmt.Errorf("look at the tables of the database: %w", err)
	}
	return tables, err
}

// denied returns those of the rights that the account has not. It is told of no column when it may neither read nor write one.
func (db *DB) denied(ctx context.Context, u Use, columns []string) (denied []string, err error) {
	column := "x"
	if len(columns) > 0 {
		column = columns[0]
	}
	column = db.Dialect.Quote(column)
	names := strings.NewReplacer(" t ", " "+db.Dialect.Quote(u.Table)+" ", "(c)", "("+column+")", " c ", " "+column+" ")
	for _, right := range u.Rights {
		err := db.DryRun(ctx, func(tx *Tx) error {
			_, err := tx.Exec(ctx, names.Replace(trials[right]))
			return err
		})
		switch {
		case isMySQL(err, 1036, 1290, 1792):
			return nil, ErrNoWrites
		case isMySQL(err, 1044, 1142, 1143), right != "DELETE" && len(columns) == 0:
			denied = append(denied, right)
		case err != nil && ctx.Err() != nil:
			return nil, err
		}
	}
	return denied, nil
}

// Unseen tells of tables that MySQL says nothing of to the account, whether they are there or not: it has no right on them.
// PostgreSQL says that they are there, and Lacks tells.
func (db *DB) Unseen(ctx context.Context, uses []Use) ([]Note, error) {
	if db.Dialect.Name != "mysql" {
		return nil, nil
	}
	seen, err := db.seen(ctx)
	if err != nil {
		return nil, err
	}
	var notes []Note
	for _, u := range uses {
		if slices.Contains(seen, u.Table) {
			continue
		}
		var n int
		err := db.Reader().Get(ctx, &n, "SELECT COUNT(*) FROM "+db.Dialect.Quote(u.Table)+" WHERE 1 = 0")
		if isMySQL(err, 1044, 1142) {
			notes = append(notes, Note{Text: "The account has no right on a table " + u.Table + ", if there is one."})
		}
	}
	return notes, nil
}

func (db *DB) lacksPostgres(ctx context.Context, uses []Use) ([]Note, error) {
	var readOnly, user string
	if err := db.Reader().Get(ctx, &readOnly, "SELECT current_setting('transaction_read_only')"); err != nil {
		return nil, fmt.Errorf("ask whether the server takes writes: %w", err)
	}
	if readOnly == "on" {
		return nil, ErrNoWrites
	}
	if err := db.Reader().Get(ctx, &user, "SELECT CURRENT_USER"); err != nil {
		return nil, fmt.Errorf("ask who is connected: %w", err)
	}
	user = db.Dialect.Quote(user)
	var notes []Note
	for _, u := range uses {
		var denied []string
		query := "SELECT r FROM unnest(string_to_array(?, ',')) r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace" +
			" WHERE n.nspname = CURRENT_SCHEMA() AND c.relname = ? AND c.relkind IN ('r', 'p', 'v') AND NOT has_table_privilege(c.oid, r)"
		if err := db.Reader().Select(ctx, &denied, query, strings.Join(u.Rights, ","), u.Table); err != nil {
			return nil, fmt.Errorf("ask for the rights on %s: %w", u.Table, err)
		}
		if len(denied) > 0 {
			notes = append(notes, lack(u.Table, denied,
				"GRANT "+strings.Join(denied, ", ")+" ON "+u.Table+" TO "+user))
		}
		if !slices.Contains(u.Rights, "INSERT") {
			continue
		}
		sequences, err := db.deniedSequences(ctx, u.Table)
		if err != nil {
			return nil, err
		}
		for _, s := range sequences {
			notes = append(notes, lack("the sequence "+s, []string{"USAGE"}, "GRANT USAGE ON SEQUENCE "+db.Dialect.Quote(s)+" TO "+user))
		}
	}
	return notes, nil
}

// deniedSequences are those that number the rows of a table and that the account may not use: a row cannot be inserted then.
func (db *DB) deniedSequences(ctx context.Context, table string) (names []string, err error) {
	query := "SELECT DISTINCT s.relname FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace JOIN pg_attrdef d ON d.adrelid = t.oid" +
		" JOIN pg_depend u ON u.classid = 'pg_attrdef'::regclass AND u.objid = d.oid AND u.refclassid = 'pg_class'::regclass" +
		" JOIN pg_class s ON s.oid = u.refobjid AND s.relkind = 'S' WHERE n.nspname = CURRENT_SCHEMA() AND t.relname = ?" +
		" AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE, UPDATE') ELSE FALSE END ORDER BY 1"
	if err = db.Reader().Select(ctx, &names, query, table); err != nil {
		err = fmt.Errorf("ask for the sequences of %s: %w", table, err)
	}
	return names, err
}

// MayNotCreate tells when the account may make no tables in the database. Since PostgreSQL 15 that is so for all but the owner.
func (db *DB) MayNotCreate(ctx context.Context) ([]Note, error) {
	switch db.Dialect.Name {
	case "mysql":
		return db.mayNotCreateMySQL(ctx)
	case "postgres":
		var found struct {
			Account string `db:"account"`
			Schema  string `db:"name"`
			May     bool   `db:"may"`
		}
		query := "SELECT CURRENT_USER AS account, COALESCE(CURRENT_SCHEMA(), 'public') AS name," +
			" COALESCE(has_schema_privilege(CURRENT_SCHEMA(), 'CREATE'), FALSE) AS may"
		if err := db.Reader().Get(ctx, &found, query); err != nil || found.May {
			return nil, err
		}
		return []Note{lack("the schema "+found.Schema, []string{"CREATE"},
			"GRANT USAGE, CREATE ON SCHEMA "+db.Dialect.Quote(found.Schema)+" TO "+db.Dialect.Quote(found.Account))}, nil
	}
	return nil, nil
}

// grantOn is a line of SHOW GRANTS about a whole database or all of them.
var grantOn = regexp.MustCompile("^GRANT (.+) ON `?([^`]+?)`?\\.\\* TO ")

func (db *DB) mayNotCreateMySQL(ctx context.Context) ([]Note, error) {
	var lines []string
	if err := db.Reader().Select(ctx, &lines, "SHOW GRANTS"); err != nil {
		return nil, fmt.Errorf("ask for the rights of the account: %w", err)
	}
	var user, name string
	err := db.Reader().Get(ctx, &user, "SELECT CURRENT_USER()")
	if err == nil {
		err = db.Reader().Get(ctx, &name, "SELECT DATABASE()")
	}
	if err != nil {
		return nil, fmt.Errorf("ask who is connected: %w", err)
	}
	for _, line := range lines {
		m := grantOn.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		rights := strings.Split(m[1], ", ")
		if !slices.Contains(rights, "ALL PRIVILEGES") && !slices.Contains(rights, "CREATE") {
			continue
		}
		var fits bool // a database is named by a pattern
		if err := db.Reader().Get(ctx, &fits, "SELECT ? = '*' OR DATABASE() LIKE ?", m[2], m[2]); err != nil || fits {
			return nil, err
		}
	}
	account, host, _ := strings.Cut(user, "@")
	return []Note{lack("the database "+name, []string{"CREATE"}, fmt.Sprintf("GRANT ALL PRIVILEGES ON %s.* TO '%s'@'%s'",
		db.Dialect.Quote(name), account, host))}, nil
}

// Later tells, on PostgreSQL, when tables belong to somebody who has not said that the account may use those to come: an upgrade of
// iRedMail adds some, as their owner.
func (db *DB) Later(ctx context.Context, uses []Use) ([]Note, error) {
	if db.Dialect.Name != "postgres" {
		return nil, nil
	}
	tables := make([]string, len(uses))
	for i, u := range uses {
		tables[i] = u.Table
	}
	var owners []struct {
		Owner string `db:"owner"`
		User  string `db:"account"`
	}
	query := "SELECT DISTINCT r.rolname AS owner, CURRENT_USER AS account FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace" +
		" JOIN pg_roles r ON r.oid = c.relowner WHERE n.nspname = CURRENT_SCHEMA() AND c.relname IN (?)" +
		" AND NOT pg_has_role(c.relowner, 'USAGE') AND NOT EXISTS (SELECT 1 FROM pg_default_acl d, aclexplode(d.defaclacl) a" +
		" WHERE d.defaclrole = c.relowner AND d.defaclobjtype = 'r' AND a.privilege_type = 'INSERT' AND (a.grantee = 0" +
		" OR pg_has_role(a.grantee, 'USAGE'))) ORDER BY 1"
	if err := db.Reader().Select(ctx, &owners, query, tables); err != nil {
		return nil, fmt.Errorf("ask who owns the tables: %w", err)
	}
	var notes []Note
	for _, o := range owners {
		alter := "ALTER DEFAULT PRIVILEGES FOR ROLE " + db.Dialect.Quote(o.Owner)
		to := " TO " + db.Dialect.Quote(o.User)
		notes = append(notes, Note{
			"The tables belong to " + o.Owner + ": those that an upgrade adds cannot be read by this account.",
			alter + " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES" + to + ";\n" + alter + " GRANT USAGE ON SEQUENCES" + to + ";",
		})
	}
	return notes, nil
}
