package storetest

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Sink is an SMTP server on the loopback that takes every message and keeps it.
type Sink struct {
	Port     int
	arrived  chan Message
	sessions sync.WaitGroup
}

// Message is one that a sink got.
type Message struct {
	Sender     string
	Recipients []string
	Text       string // with "\n" at the end of lines
}

// sinkRoom is how many messages a sink keeps that nobody has asked for, patience how long one is waited for that does not
// come: then the test fails.
const (
	sinkRoom = 1000
	patience = 30 * time.Second
)

// NewSink starts a sink, which ends with the test.
func NewSink(t testing.TB) *Sink {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &Sink{Port: listener.Addr().(*net.TCPAddr).Port, arrived: make(chan Message, sinkRoom)}
	ctx, end := context.WithCancel(context.WithoutCancel(t.Context()))
	s.sessions.Go(func() { s.accept(ctx, listener) })
	t.Cleanup(func() {
		end()
		_ = listener.Close()
		s.sessions.Wait()
	})
	return s
}

// Next waits for the next message.
func (s *Sink) Next(t testing.TB) Message {
	t.Helper()
	select {
	case m := <-s.arrived:
		return m
	case <-time.After(patience):
		require.Fail(t, "no message arrived")
		return Message{}
	}
}

// Taken returns the messages that have arrived by now and that nobody has asked for.
func (s *Sink) Taken() []Message {
	var all []Message
	for {
		select {
		case m := <-s.arrived:
			all = append(all, m)
		default:
			return all
		}
	}
}

// accept serves until the listener is closed. A client may keep its connection, which the end of ctx closes.
func (s *Sink) accept(ctx context.Context, listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		s.sessions.Go(func() {
			defer stop()
			defer conn.Close()
			s.serve(textproto.NewConn(conn))
		})
	}
}

// serve answers one session. What a client says beside the envelope and the message is agreed to.
func (s *Sink) serve(c *textproto.Conn) {
	var m Message
	reply := func(text string) bool { return c.PrintfLine("%s", text) == nil }
	for ok := reply("220 sink.test ESMTP"); ok; {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, ":")
		switch strings.ToUpper(strings.Fields(verb + " -")[0]) {
		case "MAIL":
			m = Message{Sender: path(rest)}
			ok = reply("250 2.1.0 Ok")
		case "RCPT":
			m.Recipients = append(m.Recipients, path(rest))
			ok = reply("250 2.1.5 Ok")
		case "DATA":
			if !reply("354 Go on") {
				return
			}
			var text bytes.Buffer
			if _, err = io.Copy(&text, c.DotReader()); err != nil {
				return
			}
			m.Text = text.String()
			s.arrived <- m
			m = Message{Sender: m.Sender}
			ok = reply("250 2.0.0 Ok")
		case "QUIT":
			reply("221 2.0.0 Bye")
			return
		default:
			ok = reply("250 2.0.0 Ok")
		}
	}
}

// path is the address between angle brackets.
func path(text string) string {
	_, text, _ = strings.Cut(text, "<")
	text, _, _ = strings.Cut(text, ">")
	return text
}
