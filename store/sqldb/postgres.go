package sqldb

import (
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

var postgres = engine{
	Dialect: Dialect{
		Name: "postgres", bind: sqlx.DOLLAR, forUpdate: " FOR UPDATE", quote: `"`, serialise: "SELECT pg_advisory_xact_lock(hashtext(?))",
		typedDates: true, typedBytes: true, texts: texts{cast: "CAST(%s AS TEXT)", contains: "ILIKE"},
	},

	goose:     "postgres",
	open:      openPostgres,
	isolation: sql.LevelReadCommitted,
	wholeDDL:  true,
	faults: faults{
		isDuplicate: func(err error) bool { return isPostgres(err, "23505") },
		// A serialization failure, a deadlock, a lock that did not come in time.
		isRetry:   func(err error) bool { return isPostgres(err, "40001", "40P01", "55P03") },
		isDown:    isPostgresDown,
		complaint: postgresComplaint,
	},
	locks: locks{
		migrate:  "SELECT pg_advisory_lock(8097854)",
		migrated: "SELECT pg_advisory_unlock(8097854)",
		hold:     "SELECT pg_advisory_lock(hashtextextended($1, 0)) IS NOT NULL",
		letGo:    "SELECT pg_advisory_unlock(hashtextextended($1, 0))",
		holdArgs: 1,
	},
	catalogue: catalogue{
		layout: "SELECT table_name, column_name FROM information_schema.columns" +
			" WHERE table_schema = CURRENT_SCHEMA() ORDER BY table_name, ordinal_position",
		required: "SELECT table_name, column_name, data_type AS kind, data_type AS definition FROM information_schema.columns" +
			" WHERE table_schema = CURRENT_SCHEMA() AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'" +
			" AND is_generated = 'NEVER' ORDER BY table_name, ordinal_position",
		limits: "SELECT table_name, column_name, character_maximum_length AS characters, 2147483647 AS bytes, '' AS charset" +
			" FROM information_schema.columns WHERE table_schema = CURRENT_SCHEMA() AND character_maximum_length IS NOT NULL",
		allowNull: "ALTER TABLE %[1]s ALTER COLUMN %[2]s DROP NOT NULL;",
	},
}

func postgresCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func isPostgres(err error, codes ...string) bool { return slices.Contains(codes, postgresCode(err)) }

// isPostgresDown reports a connection that broke or was not made, a server that stops or starts, has no connection
// left, or was told to give up the statement.
func isPostgresDown(err error) bool {
	code := postgresCode(err)
	return strings.HasPrefix(code, "08") || pgconn.Timeout(err) || pgconn.SafeToRetry(err) ||
		slices.Contains([]string{"53300", "57014", "57P01", "57P02", "57P03", "57P05"}, code)
}

// openPostgres opens postgres://user:password@host:port/database; a socket's directory may stand in ?host=. Of the URL
// itself nothing is in an error.
func openPostgres(raw string) (write, read *sql.DB, err error) {
	config, err := pgx.ParseConfig(raw)
	if err != nil {
		return nil, nil, errors.New("write postgres://user:password@host:5432/database, or" +
			" postgres://user:password@/database?host=/directory/of/the/socket; other than letters and digits in the" +
			" password are percent-encoded")
	}
	if config.ConnectTimeout == 0 || config.ConnectTimeout > connectTimeout {
		config.ConnectTimeout = connectTimeout
	}
	config.RuntimeParams["timezone"] = "UTC"
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "postern"
	}
	db := pool(stdlib.GetConnector(*config))
	return db, db, nil
}
