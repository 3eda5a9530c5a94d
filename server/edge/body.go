package edge

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/postern-mail/postern/server/reply"
)

const (
	// DefaultBodyBudget is how many bytes of request bodies may be in flight in one process.
	DefaultBodyBudget = 64 << 20
	// DefaultBodyGrace is how long every body may take, however short it is.
	DefaultBodyGrace = 10 * time.Second
	// bytesPerSecond is how fast a longer body has to come.
	bytesPerSecond = 64 << 10
	// answerTime is how long a client may take to fetch the answer, from when its body has arrived.
	answerTime = 120 * time.Second
)

// Bodies bounds what the request bodies of a process may take.
type Bodies struct {
	Budget int64         // bytes that were read of requests that have not ended
	Grace  time.Duration // what every body may take, beside a second for each 64 KiB

	inFlight atomic.Int64
}

// InFlight returns how many bytes have been read of the bodies of requests that have not ended.
func (b *Bodies) InFlight() int64 { return b.inFlight.Load() }

// take counts n bytes. It fails, and counts none, when they are more than what is left.
func (b *Bodies) take(n int64) bool {
	if b.inFlight.Add(n) > b.Budget {
		b.inFlight.Add(-n)
		return false
	}
	return true
}

// bodyReader reads the body of one request. Its errors are what the client is told.
type bodyReader struct {
	from    io.Reader
	bodies  *Bodies
	limit   int64
	control *http.ResponseController
	started time.Time
	read    int64 // counted in bodies
	failed  error
}

func (b *Bodies) reader(w http.ResponseWriter, from io.Reader, limit int64) *bodyReader {
	return &bodyReader{from: from, bodies: b, limit: limit, control: http.NewResponseController(w), started: time.Now()}
}

// Read implements io.Reader.
func (r *bodyReader) Read(p []byte) (int, error) {
	if r.failed != nil {
		return 0, r.failed
	}
	if left := r.limit - r.read + 1; int64(len(p)) > left { // one more shows that the body is too large
		p = p[:left]
	}
	allowed := r.bodies.Grace + time.Duration(r.read)*time.Second/bytesPerSecond
	_ = r.control.SetReadDeadline(r.started.Add(allowed)) // a writer that is no connection cannot be slow
	n, err := r.from.Read(p)
	if !r.bodies.take(int64(n)) {
		r.failed = reply.BodiesBusy
		return 0, r.failed
	}
	r.read += int64(n)
	if r.read > r.limit {
		r.failed = reply.BodyTooLarge(r.limit)
		return 0, r.failed
	}
	if err != nil {
		r.failed = readError(err)
	}
	return n, r.failed
}

func readError(err error) error {
	var network net.Error
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.As(err, &network) && network.Timeout():
		return reply.RequestTimeout
	}
	return malformed("The body ended before its declared length.")
}

// arrived ends the time of the body and begins that of the answer.
func (r *bodyReader) arrived() {
	_ = r.control.SetReadDeadline(time.Time{}) // the same as in Read
	_ = r.control.SetWriteDeadline(time.Now().Add(answerTime))
}

// release gives back what was counted, once nothing holds the body any more.
func (r *bodyReader) release() { r.bodies.inFlight.Add(-r.read) }
