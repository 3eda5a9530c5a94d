package server

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// readyTimeout bounds how long a backend may take to answer.
const readyTimeout = 2 * time.Second

// backend is something that has to answer before the server is ready.
type backend struct {
	name string
	ping func(context.Context) error
}

// backends are all that are configured.
func (s *Server) backends() []backend {
	all := []backend{
		{"the account database", s.deps.Accounts.Ping},
		{"the state database", s.deps.State.Ping},
	}
	if s.deps.Policies != nil {
		all = append(all, backend{"a database of policies (Amavisd's or iRedAPD's)", s.deps.Policies.Ping})
	}
	if s.deps.Panel != nil {
		all = append(all, backend{"the panel database", s.deps.Panel.Ping})
	}
	return all
}

// lateTimeout is what is left for it within the five seconds in which a request is answered.
const lateTimeout = 400 * time.Millisecond

// allAnswer reports whether every backend answers, at a time when the request has none left. Requests that ask while others do get the
// same answer: while a backend stands still many end at a time, and each question to it would hold on to a connection.
func (s *Server) allAnswer(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lateTimeout)
	defer cancel()
	answer := s.asking.DoChan("all", func() (any, error) { return s.askAll(), nil })
	select {
	case r := <-answer:
		all, _ := r.Val.(bool)
		return all
	case <-ctx.Done():
		return false
	}
}

func (s *Server) askAll() bool {
	ctx, cancel := context.WithTimeout(context.Background(), lateTimeout)
	defer cancel()
	all := s.backends()
	answers := make(chan bool, len(all))
	for _, b := range all {
		go func() { answers <- b.ping(ctx) == nil }()
	}
	for range all {
		select {
		case ok := <-answers:
			if !ok {
				return false
			}
		case <-ctx.Done(): // a driver may take a second more to give up a connection
			return false
		}
	}
	return true
}

// ready reports whether every backend answers, and names those that do not. They are asked at the same time.
func (s *Server) ready(c *gin.Context) {
	if s.draining.Load() {
		c.String(http.StatusServiceUnavailable, "stopping\n")
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), readyTimeout)
	defer cancel()
	all := s.backends()
	silent := make([]bool, len(all))
	var asked sync.WaitGroup
	for i, b := range all {
		asked.Go(func() { silent[i] = b.ping(ctx) != nil })
	}
	asked.Wait()
	var text strings.Builder
	for i, b := range all {
		if silent[i] {
			text.WriteString(b.name + " does not answer\n")
		}
	}
	if text.Len() > 0 {
		c.String(http.StatusServiceUnavailable, text.String())
		return
	}
	c.String(http.StatusOK, "ready\n")
}
