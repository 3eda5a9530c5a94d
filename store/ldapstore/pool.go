package ldapstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"
)

const (
	// poolSize is how many connections there are at most; one serves one request at a time.
	poolSize = 16
	// idleTime is after how long without use a connection is tried before it is trusted.
	idleTime = 20 * time.Second
)

var errClosed = errors.New("the store is closed")

// pool keeps connections that are bound.
type pool struct {
	server Server
	slots  chan struct{} // one for each connection that may be in use
	mu     sync.Mutex
	idle   []idleConn
	closed bool
}

type idleConn struct {
	conn  *ldap.Conn
	since time.Time
}

func newPool(server Server) *pool {
	return &pool{server: server, slots: make(chan struct{}, poolSize)}
}

// with runs fn on a connection, and ends it when ctx ends. A connection that broke while it was idle, as all do when the
// server restarts, is found out by fn failing: with again set, fn then runs once more on a new one.
func (p *pool) with(ctx context.Context, again bool, fn func(conn *ldap.Conn) error) error {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	conn, fresh, err := p.take(ctx)
	if err != nil {
		<-p.slots
		return err
	}
	err = call(ctx, conn, fn)
	if broken(err) && !fresh && again && ctx.Err() == nil {
		if conn, err = p.server.dial(ctx); err != nil {
			<-p.slots
			return err
		}
		err = call(ctx, conn, fn)
	}
	p.give(conn, err)
	return err
}

// call runs fn, which returns errors of the library alone, and closes the connection under it when ctx ends first: the library
// itself knows no contexts.
func call(ctx context.Context, conn *ldap.Conn, fn func(conn *ldap.Conn) error) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	err := fn(conn)
	var refusal *ldap.Error
	if err != nil && !errors.As(err, &refusal) {
		err = ldap.NewError(ldap.ErrorNetwork, err) // some errors of a connection that ends are plain texts of the library
	}
	if !stop() && err != nil {
		return errors.Join(ctx.Err(), err)
	}
	return err
}

// take returns a connection, and whether it is a new one. What has been idle for long is tried first.
func (p *pool) take(ctx context.Context) (conn *ldap.Conn, fresh bool, err error) {
	for {
		c, err := p.pop()
		if err != nil {
			return nil, false, err
		}
		if c.conn == nil {
			conn, err = p.server.dial(ctx)
			return conn, true, err
		}
		if c.conn.IsClosing() {
			continue
		}
		if time.Since(c.since) < idleTime || call(ctx, c.conn, alive) == nil {
			return c.conn, false, nil
		}
		_ = c.conn.Close()
	}
}

// alive asks for next to nothing.
func alive(conn *ldap.Conn) error {
	_, err := conn.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, 2, false,
		"(objectClass=*)", []string{"1.1"}, nil))
	return err
}

// pop takes the connection that was used last, none when there is none.
func (p *pool) pop() (idleConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return idleConn{}, errClosed
	}
	if len(p.idle) == 0 {
		return idleConn{}, nil
	}
	last := len(p.idle) - 1
	c := p.idle[last]
	p.idle = p.idle[:last]
	return c, nil
}

// give puts a connection back unless it is broken.
func (p *pool) give(conn *ldap.Conn, err error) {
	defer func() { <-p.slots }()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || broken(err) || conn.IsClosing() {
		_ = conn.Close()
		return
	}
	p.idle = append(p.idle, idleConn{conn, time.Now()})
}

// close closes what is idle; what is in use is closed as it comes back.
func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.conn.Close())
	}
	p.idle = nil
	return errors.Join(errs...)
}
