package sqldb

import (
	"database/sql"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
)

// mysqlServer is MariaDB or MySQL.
var mysqlServer = engine{
	Dialect: Dialect{
		Name: "mysql", bind: sqlx.QUESTION, forUpdate: " FOR UPDATE", quote: "`", typedDates: true, onDuplicate: true,
		texts: texts{ascii: "CONVERT(%s USING ascii)", cast: "CAST(%s AS CHAR)", contains: "LIKE"},
	},

	goose: "mysql",
	open:  openMySQL,
	faults: faults{
		isDuplicate: func(err error) bool { return isMySQL(err, 1062, 1586) },
		// A row that has changed since it was read, a lock that did not come in time, and a deadlock.
		isRetry: func(err error) bool { return isMySQL(err, 1020, 1205, 1213) },
		// Too many connections, shutting down, a connection that broke or was killed, a commit or a storage engine that the
		// shutdown cut short, and what the driver says of an answer that ends in the middle.
		isDown: func(err error) bool {
			return errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, mysql.ErrMalformPkt) || errors.Is(err, mysql.ErrBusyBuffer) ||
				errors.Is(err, mysql.ErrPktSync) || errors.Is(err, mysql.ErrPktSyncMul) ||
				isMySQL(err, 1030, 1040, 1043, 1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1180, 1181, 1184, 1203, 1317, 1927)
		},
		complaint: mysqlComplaint,
	},
	locks: locks{
		migrate:  "SELECT GET_LOCK(LEFT(CONCAT('postern.', DATABASE()), 64), 60)",
		migrated: "SELECT RELEASE_LOCK(LEFT(CONCAT('postern.', DATABASE()), 64))",
		hold:     "SELECT GET_LOCK(SHA1(CONCAT(DATABASE(), ' ', ?)), ?)", // the names are those of the whole server
		letGo:    "SELECT RELEASE_LOCK(SHA1(CONCAT(DATABASE(), ' ', ?)))",
		holdArgs: 2,
	},
	catalogue: catalogue{
		layout: "SELECT table_name AS table_name, column_name AS column_name FROM information_schema.columns" +
			" WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position",
		required: "SELECT table_name AS table_name, column_name AS column_name, data_type AS kind, column_type AS definition" +
			" FROM information_schema.columns WHERE table_schema = DATABASE() AND is_nullable = 'NO' AND column_default IS NULL" +
			" AND extra NOT LIKE '%auto_increment%' AND extra NOT LIKE '%GENERATED%' ORDER BY table_name, ordinal_position",
		limits: "SELECT table_name AS table_name, column_name AS column_name, CAST(character_maximum_length AS SIGNED) AS characters," +
			" CAST(character_octet_length AS SIGNED) AS bytes, COALESCE(character_set_name, '') AS charset FROM information_schema.columns" +
			" WHERE table_schema = DATABASE() AND character_maximum_length IS NOT NULL AND character_maximum_length < 2147483647",
		// MySQL's three-byte character set takes no emoji.
		narrow: "SELECT table_name AS table_name, table_collation AS table_collation FROM information_schema.tables" +
			" WHERE table_schema = DATABASE() AND (table_collation LIKE 'utf8mb3%' OR table_collation LIKE 'utf8\\\\_%'" +
			" OR table_collation LIKE 'latin1%') ORDER BY table_name",
		allowNull: "ALTER TABLE %[1]s MODIFY %[2]s %[3]s NULL;",
		anyCase:   true,
	},
}

func isMySQL(err error, numbers ...uint16) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && slices.Contains(numbers, e.Number)
}

// readCommitted has a statement that follows a lock see what others committed before they gave it up. It is set once
// for a connection: setting it with each transaction would be one more question to the server.
const readCommitted = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"

func openMySQL(raw string) (write, read *sql.DB, err error) {
	config, err := parseMySQL(raw)
	if err != nil {
		return nil, nil, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, nil, errors.New("the mysql:// URL asks for something that the driver does not know")
	}
	db := pool(prepared{connector, readCommitted})
	return db, db, nil
}

// parseMySQL reads mysql://user:password@host:port/database or mysql://user:password@/database?socket=/path. Of the
// URL itself nothing is in an error.
func parseMySQL(raw string) (*mysql.Config, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("write mysql://user:password@host:3306/database; other than letters and digits in the" +
			" password are percent-encoded")
	}
	options := u.Query()
	for name := range options {
		if name != "socket" && name != "tls" {
			return nil, errors.New("of a mysql:// URL only socket and tls can be set")
		}
	}
	c := mysql.NewConfig()
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.DBName = strings.TrimPrefix(u.Path, "/")
	c.TLSConfig = options.Get("tls")
	switch socket := options.Get("socket"); {
	case socket != "" && u.Host != "":
		return nil, errors.New("a mysql:// URL names a host or a socket, not both")
	case socket != "":
		c.Net, c.Addr = "unix", socket
	case u.Hostname() == "":
		return nil, errors.New("the mysql:// URL names neither a host nor a socket")
	default:
		port := u.Port()
		if port == "" {
			port = "3306"
		}
		c.Net, c.Addr = "tcp", net.JoinHostPort(u.Hostname(), port)
	}
	setSessionMySQL(c)
	return c, nil
}

// setSessionMySQL sets what our statements rely on, whatever the server's own defaults are.
func setSessionMySQL(c *mysql.Config) {
	c.ClientFoundRows = true
	c.ParseTime = true
	c.InterpolateParams = true
	c.Timeout, c.ReadTimeout, c.WriteTimeout = connectTimeout, answerTimeout, answerTimeout
	c.Logger = &mysql.NopLogger{} // it says nothing that the error does not
	c.Params = map[string]string{
		"time_zone":                "'+00:00'",
		"sql_mode":                 "'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
		"innodb_lock_wait_timeout": lockTimeout,
	}
}
