package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"
)

// What holds for a database that is a server of its own.
const (
	// connectTimeout bounds how long making a connection takes: a request is to be answered within five seconds.
	connectTimeout = 3 * time.Second
	// answerTimeout is for the reads that no context bounds. It is longer than any write that touches a whole domain.
	answerTimeout = 90 * time.Second
	// lockTimeout bounds how long a statement waits for a row, in seconds. Whoever asked for it may long be gone.
	lockTimeout = "5"

	maxConnections  = 32
	idleConnections = 8
	// connectionAge is when a connection is made anew, so that all of them leave a server that others take over from.
	connectionAge = 5 * time.Minute
)

// pool keeps connections to a server. Those that break are replaced when they are needed.
func pool(connector driver.Connector) *sql.DB {
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(idleConnections)
	db.SetConnMaxLifetime(connectionAge)
	return db
}

// prepared is a connector that gets each connection ready for use, within the time that connecting may take.
type prepared struct {
	driver.Connector
	statement string
}

// Connect implements driver.Connector.
func (p prepared) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if _, err = conn.(driver.ExecerContext).ExecContext(ctx, p.statement, nil); err != nil {
		_ = conn.Close() // it is of no use
		return nil, err
	}
	return conn, nil
}
