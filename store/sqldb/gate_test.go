package sqldb_test

import (
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// gate stands between a client and the socket of a server, to play a network or a server in trouble.
type gate struct {
	listener net.Listener
	socket   string
	held     sync.RWMutex // locked while nothing passes
	mu       sync.Mutex
	conns    []net.Conn
}

// throughGate returns the URL of a database of ours by way of a gate.
func throughGate(t *testing.T, engine, address string) (string, *gate) {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	query, dir := u.Query(), shortDir(t)
	g := &gate{}
	path := filepath.Join(dir, ".s.PGSQL.5432")
	switch engine {
	case "mysql":
		g.socket = query.Get("socket")
		query.Set("socket", path)
	case "postgres":
		g.socket = filepath.Join(query.Get("host"), ".s.PGSQL.5432")
		query.Set("host", dir)
	}
	u.RawQuery = query.Encode()
	g.listener, err = (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	require.NoError(t, err)
	go g.accept()
	t.Cleanup(func() {
		_ = g.listener.Close()
		g.cut()
	})
	return u.String(), g
}

func (g *gate) accept() {
	for {
		client, err := g.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", g.socket)
		if err != nil {
			_ = client.Close()
			continue
		}
		g.mu.Lock()
		g.conns = append(g.conns, client, server)
		g.mu.Unlock()
		go g.pass(client, server)
		go g.pass(server, client)
	}
}

func (g *gate) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		g.held.RLock()
		_, wrong := to.Write(buffer[:n])
		g.held.RUnlock()
		if err != nil || wrong != nil {
			return
		}
	}
}

// hold lets nothing pass, as a server that has stopped answering, until the returned function is called.
func (g *gate) hold() (release func()) {
	g.held.Lock()
	return sync.OnceFunc(g.held.Unlock)
}

// cut breaks every connection.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.conns {
		_ = c.Close()
	}
	g.conns = nil
}
