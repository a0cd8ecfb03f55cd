package traces_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/simulator"
	"github.com/domicile-audit/domicile/internal/traces"
)

// collector is an OpenTelemetry collector on this machine.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	spans  []*otlp.Span
	header http.Header
	path   string
	asked  int
	refuse []int // the statuses of the next answers
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if len(c.refuse) > 0 {
		w.WriteHeader(c.refuse[0])
		c.refuse = c.refuse[1:]
		return
	}
	var sent otlp.TracesData
	if err != nil || proto.Unmarshal(data, &sent) != nil || r.Header.Get("Content-Type") != "application/x-protobuf" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.header, c.path = r.Header, r.URL.Path
	for _, of := range sent.GetResourceSpans() {
		for _, scope := range of.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
}

// env looks up an environment.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// TestATraceOfAScan: a scan of a simulated tenant, with its kinds, requests and steps in it, and
// nothing in it that the tenant is asked or says.
func TestATraceOfAScan(t *testing.T) {
	c := newCollector(t)
	t.Setenv("HTTPS_PROXY", "")
	opened, err := traces.Open(t.Context(), "1.2.3", env("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL+"/", "OTEL_EXPORTER_OTLP_HEADERS", "x-key=s3cret%20key,other=1"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := simulator.Load(domicile.Tenants(), "weak", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	server, err := simulator.Start(t.Context(), simulator.Options{Tenant: tenant})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	dir := t.TempDir()
	if err := server.WriteConfig(dir); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Read(filepath.Join(dir, config.FileName))
	if err != nil {
		t.Fatal(err)
	}
	f, err := fleet.Open(t.Context(), fleet.Options{
		Data: filepath.Join(dir, "data"), Load: func() (*config.Config, error) { return cfg, nil }, Tool: findings.Tool{Name: "domicile", Version: "1.2.3"},
		Drain: time.Minute, Now: time.Now, Getenv: os.Getenv, Log: slog.New(slog.DiscardHandler), Watchers: []fleet.Watcher{opened},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- f.Run(ctx) }()
	job, err := f.Start(t.Context(), cfg.Tenants[0].Name, "test")
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); job.State != fleet.Done; {
		if job.State == fleet.Failed || time.Now().After(deadline) {
			t.Fatalf("the job is %+v", job)
		}
		time.Sleep(50 * time.Millisecond)
		if job, err = f.Job(t.Context(), job.ID); err != nil {
			t.Fatal(err)
		}
	}
	end()
	if err := errors.Join(<-ended, f.Close()); err != nil {
		t.Fatal(err)
	}
	opened.Close(t.Context())

	byID, names := map[string]*otlp.Span{}, map[string]int{}
	for _, span := range c.spans {
		byID[string(span.GetSpanId())] = span
		names[span.GetName()]++
		if span.GetEndTimeUnixNano() < span.GetStartTimeUnixNano() {
			t.Errorf("%s ends before it begins", span.GetName())
		}
	}
	if names["scan"] != 1 || names["collect users"] != 1 || names["request"] < 20 || names["judge"] != 1 || names["record"] != 1 {
		t.Errorf("the spans are %v", names)
	}
	for _, span := range c.spans {
		parent := byID[string(span.GetParentSpanId())].GetName()
		want := "scan"
		switch span.GetName() {
		case "scan":
			want = ""
		case "request":
			want = "collect "
		}
		if !strings.HasPrefix(parent, want) || want == "" && parent != "" {
			t.Errorf("%s is in %q, want %q", span.GetName(), parent, want)
		}
		if said := fmt.Sprint(span.GetAttributes()); span.GetName() == "scan" && (!strings.Contains(said, "recorded") || !strings.Contains(said, cfg.Tenants[0].Name)) {
			t.Errorf("the scan is %s", said)
		}
	}
	if c.path != "/v1/traces" || c.header.Get("X-Key") != "s3cret key" || c.header.Get("Other") != "1" {
		t.Errorf("asked %s with %v", c.path, c.header)
	}
	var said string // the words; ids are any bytes
	for _, span := range c.spans {
		said += fmt.Sprintln(span.GetName(), span.GetAttributes(), span.GetEvents(), span.GetStatus())
	}
	for _, private := range []string{"://", "$select", "@", "s3cret", cfg.Tenants[0].ID} {
		if strings.Contains(said, private) {
			t.Errorf("the trace has %q", private)
		}
	}
}

func TestWithoutAnEndpointNothingIsSent(t *testing.T) {
	for _, getenv := range []func(string) string{env(), env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318", "OTEL_SDK_DISABLED", "true")} {
		if opened, err := traces.Open(t.Context(), "1", getenv, slog.New(slog.DiscardHandler)); opened != nil || err != nil {
			t.Errorf("Open() = %v, %v", opened, err)
		}
	}
	for _, wrong := range [][]string{
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "s3cret"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://s3cret"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://\x7fs3cret"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318", "OTEL_EXPORTER_OTLP_HEADERS", "s3cret"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318", "OTEL_EXPORTER_OTLP_HEADERS", "key=s3cret%0d%0aother: 1"},
	} {
		if _, err := traces.Open(t.Context(), "1", env(wrong...), slog.New(slog.DiscardHandler)); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("Open() with %q = %v, want an error that doesn't show it", wrong, err)
		}
	}
}

func TestACollectorThatRefuses(t *testing.T) {
	send := func(endpoint string) string {
		var log bytes.Buffer
		opened, err := traces.Open(t.Context(), "1", env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint), slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		_, watch := opened.Watch(t.Context(), fleet.Job{})
		watch.Reading(t.Context(), "users")
		watch.End(fleet.Interrupted)
		opened.Close(t.Context())
		return log.String()
	}
	c := newCollector(t)
	c.refuse = []int{http.StatusServiceUnavailable}
	if said := send(c.URL + "/here"); said != "" || len(c.spans) != 2 || c.asked != 2 || c.path != "/here" {
		t.Errorf("the log says %q, %d spans came, asked %d times", said, len(c.spans), c.asked)
	}
	c.refuse = []int{http.StatusUnauthorized}
	if said := send(c.URL + "/s3cret"); !strings.Contains(said, "the endpoint answered 401") || strings.Contains(said, "s3cret") || c.asked != 3 {
		t.Errorf("the log says %q, asked %d times", said, c.asked)
	}
}

// TestACollectorThatHangs keeps no scan waiting, nor the end of the process.
func TestACollectorThatHangs(t *testing.T) {
	hang := make(chan struct{})
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer collector.Close()
	defer close(hang)
	var log bytes.Buffer
	opened, err := traces.Open(t.Context(), "1", env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for range 10_000 { // more than wait to be sent
		_, watch := opened.Watch(t.Context(), fleet.Job{})
		watch.End(fleet.Recorded)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	opened.Close(ctx)
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if !strings.Contains(log.String(), "the last traces aren't sent") {
		t.Errorf("the log says %q", log.String())
	}
}
