// Package traces tells an OpenTelemetry collector what the scans of a process do: a trace for
// each, with a span for each kind that is read and for each attempt of its requests, and for
// judging and recording.
//
// What scans tell their watchers goes in, and OTLP over HTTP comes out. Spans name tenants as the
// configuration does, kinds and workloads; no address of a request, no object and no error's
// words, in which names of people and secrets may stand.
package traces

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/graph"
)

// Traces are the traces of a process.
type Traces struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	log      *slog.Logger
}

// Open opens the traces of a process of a version; nil where the environment names no endpoint
// to send them to.
func Open(ctx context.Context, version string, getenv func(string) string, log *slog.Logger) (*Traces, error) {
	to, err := newClient(getenv)
	if err != nil || to == nil {
		return nil, err
	}
	exporter, err := otlptrace.New(ctx, to)
	if err != nil {
		return nil, err
	}
	name := getenv("OTEL_SERVICE_NAME")
	if name == "" {
		name = "domicile"
	}
	of := resource.NewSchemaless(attribute.String("service.name", name), attribute.String("service.version", version))
	// The provider is this package's alone: the libraries that send requests would put their
	// addresses into the spans of one that is everybody's.
	provider := sdk.NewTracerProvider(sdk.WithResource(of), sdk.WithBatcher(quiet{exporter, log}))
	return &Traces{provider, provider.Tracer("github.com/domicile-audit/domicile"), log}, nil
}

// Close sends what wasn't sent yet. Traces that can't be sent are told of and are nobody's error.
func (t *Traces) Close(ctx context.Context) {
	if err := t.provider.Shutdown(ctx); err != nil {
		t.log.Warn("the last traces aren't sent", "error", err)
	}
}

// quiet tells of spans that can't be sent, and goes on without them.
type quiet struct {
	sdk.SpanExporter
	log *slog.Logger
}

// ExportSpans implements sdk.SpanExporter.
func (q quiet) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := q.SpanExporter.ExportSpans(ctx, spans); err != nil {
		q.log.Warn("traces can't be sent", "spans", len(spans), "error", err)
	}
	return nil
}

// Watch implements fleet.Watcher.
func (t *Traces) Watch(ctx context.Context, job fleet.Job) (context.Context, fleet.Watch) {
	ctx, span := t.tracer.Start(ctx, "scan", trace.WithNewRoot(), trace.WithAttributes(
		attribute.String("domicile.tenant", job.Tenant), attribute.Int64("domicile.job", job.ID), attribute.Int("domicile.attempt", job.Attempt), attribute.String("domicile.cause", string(job.Cause)),
	))
	return ctx, &watch{tracer: t.tracer, scan: span, kinds: map[string]trace.Span{}}
}

// watch is the trace of one scan.
type watch struct {
	tracer trace.Tracer
	scan   trace.Span

	mu    sync.Mutex
	kinds map[string]trace.Span
}

// Reading implements fleet.Watch.
func (w *watch) Reading(ctx context.Context, kind string) context.Context {
	ctx, span := w.tracer.Start(ctx, "collect "+kind, trace.WithAttributes(attribute.String("domicile.kind", kind)))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kinds[kind] = span
	return ctx
}

// Request implements fleet.Watch.
func (w *watch) Request(ctx context.Context, attempt graph.Attempt) {
	_, span := w.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(attempt.Started), trace.WithAttributes(
		attribute.String("domicile.api", string(attempt.API)), attribute.String("domicile.workload", attempt.Workload),
		attribute.Int("http.response.status_code", attempt.Status), attribute.Int("http.request.resend_count", attempt.Number-1),
	))
	if attempt.Status == 0 || attempt.Status >= 400 {
		span.SetStatus(codes.Error, "")
	}
	span.End(trace.WithTimestamp(attempt.Started.Add(max(attempt.Duration, time.Nanosecond))))
}

// Progress implements fleet.Watch.
func (w *watch) Progress(p collectors.Progress) {
	if !p.Done {
		return
	}
	w.mu.Lock()
	span, known := w.kinds[p.Kind]
	delete(w.kinds, p.Kind)
	w.mu.Unlock()
	if !known {
		return
	}
	span.SetAttributes(attribute.Int("domicile.objects", p.Objects), attribute.Int("domicile.requests", p.Requests))
	if p.Gap != "" {
		span.SetAttributes(attribute.String("domicile.gap", string(p.Gap)))
		span.SetStatus(codes.Error, string(p.Gap))
	}
	span.End()
}

// Step implements fleet.Watch.
func (w *watch) Step(ctx context.Context, step fleet.Step) (ended func()) {
	_, span := w.tracer.Start(ctx, string(step))
	return func() { span.End() }
}

// End implements fleet.Watch.
func (w *watch) End(outcome fleet.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, span := range w.kinds {
		span.SetStatus(codes.Error, string(outcome)) // its reading didn't end by itself
		span.End()
	}
	clear(w.kinds)
	w.scan.SetAttributes(attribute.String("domicile.outcome", string(outcome)))
	if outcome != fleet.Recorded {
		w.scan.SetStatus(codes.Error, string(outcome))
	}
	w.scan.End()
}
