package servertest

import (
	"fmt"
)

// Played is one request of a play.
type Played struct {
	Method, Path string
	Given        Body
}

func (c Played) String() string {
	text := fmt.Sprintf("%s %s %v", c.Method, c.Path, map[string]any(c.Given))
	return text[:min(len(text), 200)]
}
