package servertest

import (
	"fmt"
	"net/http/httptest"
	"strings"
)

// LogInFrom sends a log-in from an address.
func (c *Client) LogInFrom(ip, username, given string) Answer {
	c.W.T.Helper()
	body := fmt.Sprintf(`{"username": %q, "password": %q}`, username, given)
	r := httptest.NewRequestWithContext(c.W.T.Context(), "POST", c.Prefix+"/api/login", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = ip + ":40000"
	if strings.Contains(ip, ":") {
		r.RemoteAddr = "[" + ip + "]:40000"
	}
	return c.Do(r)
}

const (
	HomeIP   = "198.51.100.20"
	Strange  = "203.0.113.5"
	WrongOne = "Wrong-1958-rain"
)
