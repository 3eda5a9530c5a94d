package sqldb

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Note is something about a database that keeps a part of ours from working, or that an upgrade left behind.
type Note struct {
	Text      string // a sentence for a person
	Statement string // what mends it, "" when that is not for us to say
}

// Compare holds the tables of a database of a server against the script that creates the newest version of them. It tells of
// tables and columns that are missing, of columns that an insert has to name and that we do not know, and of tables whose
// character set does not take every character. It changes nothing.
func (db *DB) Compare(ctx context.Context, script string) ([]Note, error) {
	r := db.Reader()
	there, err := r.Layout(ctx)
	if err != nil {
		return nil, err
	}
	wanted := tablesOf(script)
	var notes []Note
	for _, t := range wanted {
		if len(there[t.name]) == 0 {
			notes = append(notes, Note{"The table " + t.name + " is missing: what needs it is not configured, or empty.", t.statement + ";"})
			continue
		}
		for _, c := range t.columns {
			if !slices.Contains(there[t.name], c.name) {
				notes = append(notes, Note{
					"The column " + t.name + "." + c.name + " is missing: it reads as empty and is not written.",
					"ALTER TABLE " + t.name + " ADD COLUMN " + c.definition + ";",
				})
			}
		}
	}
	more, err := db.unknownColumns(ctx, wanted)
	if err != nil {
		return nil, err
	}
	narrow, err := db.narrowTables(ctx, wanted)
	return append(append(notes, more...), narrow...), err
}

// tableScript is a table as the script creates it.
type tableScript struct {
	name, statement string
	columns         []columnScript
}

type columnScript struct{ name, definition string }

// notColumns begin the lines of a CREATE TABLE that are no columns.
var notColumns = []string{"PRIMARY", "UNIQUE", "KEY", "INDEX", "FOREIGN", "CONSTRAINT", ")"}

// tablesOf reads the tables of a script of ours, which has one column on each line.
func tablesOf(script string) []tableScript {
	var tables []tableScript
	for _, statement := range Statements(script) {
		at := createTable.FindStringSubmatchIndex(statement)
		if at == nil {
			continue
		}
		statement = statement[at[0]:] // without comments
		t := tableScript{name: createTable.FindStringSubmatch(statement)[1], statement: statement}
		for line := range strings.SplitSeq(statement, "\n") {
			line, indented := strings.CutPrefix(line, "    ")
			definition := strings.TrimSuffix(line, ",")
			word, _, _ := strings.Cut(definition, " ")
			if !indented || slices.Contains(notColumns, word) {
				continue
			}
			t.columns = append(t.columns, columnScript{strings.ToLower(strings.Trim(word, "`\"")), definition})
		}
		tables = append(tables, t)
	}
	return tables
}

// unknownColumns tells of columns of those tables that we do not know and that an insert has to name.
func (db *DB) unknownColumns(ctx context.Context, wanted []tableScript) ([]Note, error) {
	required, err := db.Reader().Required(ctx)
	if err != nil {
		return nil, err
	}
	var notes []Note
	for _, c := range required {
		i := slices.IndexFunc(wanted, func(t tableScript) bool { return t.name == c.Table })
		if i < 0 || slices.ContainsFunc(wanted[i].columns, func(known columnScript) bool { return known.name == c.Name }) {
			continue
		}
		notes = append(notes, Note{
			fmt.Sprintf("The column %s.%s is not one of iRedMail's, must not be NULL and has no default: new rows get %s.", c.Table, c.Name, c.empty()),
			db.allowNull(c),
		})
	}
	return notes, nil
}

func (db *DB) allowNull(c RequiredColumn) string {
	if db.catalogue.allowNull == "" {
		return ""
	}
	return fmt.Sprintf(db.catalogue.allowNull, c.Table, db.Dialect.Quote(c.Name), c.Definition)
}

// narrowTables tells of tables in a character set that takes no emoji.
func (db *DB) narrowTables(ctx context.Context, wanted []tableScript) ([]Note, error) {
	if db.catalogue.narrow == "" {
		return nil, nil
	}
	var rows []struct {
		Table     string `db:"table_name"`
		Collation string `db:"table_collation"`
	}
	if err := db.Reader().Select(ctx, &rows, db.catalogue.narrow); err != nil {
		return nil, fmt.Errorf("look at the character sets of tables: %w", err)
	}
	var notes []Note
	for _, row := range rows {
		table := strings.ToLower(row.Table)
		if slices.ContainsFunc(wanted, func(t tableScript) bool { return t.name == table }) {
			notes = append(notes, Note{
				"The table " + table + " has the collation " + row.Collation + ": values with characters beyond it, such as emoji, are refused.",
				"ALTER TABLE " + table + " CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;",
			})
		}
	}
	return notes, nil
}
