package edge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
)

// NoSuchPath answers a path that no route has, and names the one that is most likely meant, on the surface that was asked.
func (e *Edge) NoSuchPath(c *gin.Context) {
	err := *reply.NoSuchPath
	if near := nearestPath(e.operations, c.Request.Method, c.Request.URL.Path); near != "" {
		err.Detail = fmt.Sprintf("There is nothing at this path. Did you mean %s? All paths are at /docs/.", e.asked(c, near))
	}
	e.errors.Write(c.Writer, c.Request, &err)
}

// asked returns a path of the contract as it is on the surface that was asked.
func (e *Edge) asked(c *gin.Context, path string) string {
	if reply.IsLenient(c.Request.Context()) {
		return "/" + strings.Trim(e.legacyPrefix, "/") + path
	}
	return path
}

// nearestPath returns the path of the contract that begins as this one does, or nearly so; "" when there is none. Of several the one
// counts that has the fewest segments besides, and of these one that takes the method. It is called before anybody is known, so its
// work must not grow with the path.
func nearestPath(operations contract.Operations, method, path string) string {
	const most = 16 // segments
	asked := slices.DeleteFunc(strings.SplitN(path, "/", most), func(segment string) bool { return segment == "" })
	if len(asked) == 0 || asked[0] != "api" || len(asked) > 1 && len(asked[1]) > mostShown {
		return ""
	}
	if len(asked) == 1 { // every path begins so
		asked = append(asked, "")
	}
	best, least := "", 0
	for _, op := range operations {
		known := segments(op)
		wrong := 0
		if asked[1] != "" {
			wrong = distance(strings.ToLower(asked[1]), known[1])
		}
		if wrong > len(asked[1])/3 {
			continue
		}
		cost := 1000*wrong + 10*differences(asked[2:], known[2:])
		if op.Method != method {
			cost++
		}
		if best == "" || cost < least || cost == least && op.Route.Path < best {
			best, least = op.Route.Path, cost
		}
	}
	return best
}

func segments(op *contract.Operation) []string {
	return strings.Split(strings.Trim(op.Route.Path, "/"), "/")
}

// differences weighs the segments in which a path differs from a template. A parameter stands for any. That something is missing at the
// end weighs least: it is what follows a path that is right so far.
func differences(asked, known []string) int {
	count := 4 * max(len(asked)-len(known), 0)
	for i, segment := range known {
		isParameter := strings.HasPrefix(segment, "{")
		switch {
		case i >= len(asked) && isParameter:
			count += 2
		case i >= len(asked):
			count += 3
		case !isParameter && segment != asked[i]:
			count += 4
		}
	}
	return count
}

// pathWithWord returns the path of which the value of a parameter is a word: /api/domain/admins has no domain of that name, but something
// behind it. It is "" where there is none.
func pathWithWord(operations contract.Operations, op *contract.Operation, parameter, value string) string {
	best := ""
	here := segments(op)
	for _, other := range operations {
		there := segments(other)
		for i, segment := range here {
			if segment != "{"+parameter+"}" || i >= len(there) || there[i] != value || strings.Join(there[:i], "/") != strings.Join(here[:i], "/") {
				continue
			}
			if best == "" || other.Route.Path < best {
				best = other.Route.Path
			}
		}
	}
	return best
}
