package edge

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts requests for Prometheus.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// NewMetrics returns metrics with a registry of their own.
func NewMetrics(bodies *Bodies) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "postern_requests_total",
			Help: "Requests by operation (empty: none matched), method, HTTP status and code of the failure (empty: none).",
		}, []string{"operation", "method", "status", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "postern_request_duration_seconds",
			Help:    "Time from the first to the last byte of the handler, by operation.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5},
		}, []string{"operation"}),
	}
	inFlight := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "postern_body_bytes",
		Help: "Bytes read of the bodies of requests in progress, bounded by POSTERN_BODY_BUDGET.",
	}, func() float64 { return float64(bodies.InFlight()) })
	m.registry.MustRegister(m.requests, m.duration, inFlight, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// methods are those that are told apart: a client may invent others without end.
var methods = []string{"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}

// observe counts a request. Of the codes that a failure of the password policy joins, the first one counts.
func (m *Metrics) observe(operation, method string, status int, code string, took time.Duration) {
	code, _, _ = strings.Cut(code, ",")
	if !slices.Contains(methods, method) {
		method = "other"
	}
	m.requests.WithLabelValues(operation, method, strconv.Itoa(status), code).Inc()
	m.duration.WithLabelValues(operation).Observe(took.Seconds())
}
