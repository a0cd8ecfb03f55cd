// Package metrics says in numbers, as Prometheus reads them, what the scans of a process do and
// how the tenants stand.
//
// What scans tell their watchers, and the database, go in; metrics whose labels are names of the
// configuration and words of the program come out. None names a resource of a tenant.
package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	reading "github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/graph"
)

// Metrics are the metrics of a process.
type Metrics struct {
	registry *prometheus.Registry
	now      func() time.Time

	scans, kinds, requests          *prometheus.HistogramVec
	retries                         prometheus.Counter
	objects, gaps, answered, paused *prometheus.CounterVec
}

// New makes the metrics of a process of a version.
func New(version string, now func() time.Time) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	}
	long := []float64{0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400}
	m := &Metrics{
		registry: prometheus.NewRegistry(), now: now,
		scans:    histogram("domicile_scan_duration_seconds", "How long attempts of scans by this process took, by how they ended.", long, "outcome"),
		kinds:    histogram("domicile_collect_duration_seconds", "How long the reading of a kind of evidence took.", long, "kind"),
		requests: histogram("domicile_request_duration_seconds", "How long attempts of requests took, by workload of the service.", []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100}, "workload"),
		retries:  prometheus.NewCounter(prometheus.CounterOpts{Name: "domicile_scan_retries_total", Help: "Attempts of scans by this process that weren't the first."}),
		objects:  counter("domicile_collect_objects_total", "Objects that were read, by kind of evidence.", "kind"),
		gaps:     counter("domicile_collect_gaps_total", "Kinds of evidence that weren't read in full, by reason.", "kind", "reason"),
		answered: counter("domicile_requests_total", "Attempts of requests, by workload of the service and status of the answer; none without an answer.", "workload", "status"),
		paused:   counter("domicile_requests_throttled_total", "Attempts of requests that the service answered with 429, by workload.", "workload"),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "domicile_build_info", Help: "The program's version, and that of Go.", ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	info.Set(1)
	m.registry.MustRegister(m.scans, m.kinds, m.requests, m.retries, m.objects, m.gaps, m.answered, m.paused, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, outcome := range fleet.Outcomes() {
		m.scans.WithLabelValues(string(outcome))
	}
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Timeout: 30 * time.Second,
	})
}

// Gatherer gathers the metrics.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Watch implements fleet.Watcher.
func (m *Metrics) Watch(ctx context.Context, job fleet.Job) (context.Context, fleet.Watch) {
	if job.Attempt > 1 {
		m.retries.Inc()
	}
	return ctx, &watch{Metrics: m, begun: m.now(), reading: map[string]time.Time{}}
}

// watch is what one scan does.
type watch struct {
	*Metrics
	begun time.Time

	mu      sync.Mutex
	reading map[string]time.Time
}

// Reading implements fleet.Watch.
func (w *watch) Reading(ctx context.Context, kind string) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reading[kind] = w.now()
	return ctx
}

// Request implements fleet.Watch.
func (w *watch) Request(_ context.Context, attempt graph.Attempt) {
	status := "none"
	if attempt.Status > 0 {
		status = strconv.Itoa(attempt.Status)
	}
	if attempt.Status > 599 || attempt.Status > 0 && attempt.Status < 100 {
		status = "other" // whoever answers chooses the number
	}
	w.answered.WithLabelValues(attempt.Workload, status).Inc()
	w.requests.WithLabelValues(attempt.Workload).Observe(attempt.Duration.Seconds())
	if attempt.Throttled() {
		w.paused.WithLabelValues(attempt.Workload).Inc()
	}
}

// Progress implements fleet.Watch.
func (w *watch) Progress(p reading.Progress) {
	if !p.Done {
		return
	}
	w.mu.Lock()
	begun, known := w.reading[p.Kind]
	delete(w.reading, p.Kind)
	w.mu.Unlock()
	if known {
		w.kinds.WithLabelValues(p.Kind).Observe(w.now().Sub(begun).Seconds())
	}
	w.objects.WithLabelValues(p.Kind).Add(float64(p.Objects))
	if p.Gap != "" {
		w.gaps.WithLabelValues(p.Kind, string(p.Gap)).Inc()
	}
}

// Step implements fleet.Watch.
func (w *watch) Step(context.Context, fleet.Step) func() { return func() {} }

// End implements fleet.Watch.
func (w *watch) End(outcome fleet.Outcome) {
	w.scans.WithLabelValues(string(outcome)).Observe(w.now().Sub(w.begun).Seconds())
}
