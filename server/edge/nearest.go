package edge

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
)

// NoSuchPath answers a path that no route has, and names the one that is most likely meant.
func NoSuchPath(operations contract.Operations, errors *reply.Errors) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := *reply.NoSuchPath
		if near := nearestPath(operations, c.Request.URL.Path); near != "" {
			err.Detail = fmt.Sprintf("There is nothing at this path. Did you mean %s? All paths are at /docs/.", near)
		}
		errors.Write(c.Writer, c.Request, &err)
	}
}

// nearestPath returns the path of the contract that begins as this one does, or nearly so; "" when there is none. Of several the
// shortest counts, and of these a GET.
func nearestPath(operations contract.Operations, path string) string {
	asked := strings.Split(strings.Trim(path, "/"), "/")
	if len(asked) < 2 || asked[0] != "api" {
		return ""
	}
	best, least := "", 0
	for _, op := range operations {
		known := strings.Split(strings.Trim(op.Route.Path, "/"), "/")
		wrong := distance(strings.ToLower(asked[1]), known[1])
		if wrong > len(asked[1])/3 {
			continue
		}
		cost := 1000*wrong + 10*differences(asked[2:], known[2:])
		if op.Method != http.MethodGet {
			cost++
		}
		if best == "" || cost < least || cost == least && op.Route.Path < best {
			best, least = op.Route.Path, cost
		}
	}
	return best
}

// differences counts the segments in which a path differs from a template. A parameter stands for any.
func differences(asked, known []string) int {
	count := max(len(asked), len(known)) - min(len(asked), len(known))
	for i := range min(len(asked), len(known)) {
		if !strings.HasPrefix(known[i], "{") && known[i] != asked[i] {
			count++
		}
	}
	return count
}
