package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/simulator"
)

// watched is a simulated tenant that watches who reads it.
type watched struct {
	*simulator.Server
	config *config.Config
	// requests counts them; hold, if set, is called with each.
	requests atomic.Int64
	hold     atomic.Pointer[func(*http.Request)]
}

// simulate starts a simulated tenant and writes the configuration that reads it into a folder.
func simulate(t testing.TB, name, dir string) *watched {
	t.Helper()
	tenant, err := simulator.Load(domicile.Tenants(), name, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{}
	w.Server, err = simulator.Start(context.Background(), simulator.Options{Tenant: tenant, Before: func(r *http.Request) {
		w.requests.Add(1)
		if hold := w.hold.Load(); hold != nil {
			(*hold)(r)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := w.WriteConfig(dir); err != nil {
		t.Fatal(err)
	}
	if w.config, err = config.Read(filepath.Join(dir, config.FileName)); err != nil {
		t.Fatal(err)
	}
	return w
}

// joined is one configuration of several simulated tenants.
func joined(tenants ...*watched) *config.Config {
	all := &config.Config{File: config.FileName, Version: 1}
	for _, one := range tenants {
		tenant := one.config.Tenants[0]
		tenant.Profile, tenant.Params = one.config.Settings(&tenant)
		all.Tenants = append(all.Tenants, tenant)
	}
	return all
}

// options are those of a fleet of a configuration, quick to miss a worker.
func options(t testing.TB, data string, cfg *config.Config) fleet.Options {
	t.Helper()
	return optionsOf(data, cfg, &testWriter{t: t})
}

func optionsOf(data string, cfg *config.Config, log io.Writer) fleet.Options {
	return fleet.Options{
		Data: data, Load: func() (*config.Config, error) { return cfg, nil }, Tool: findings.Tool{Name: "domicile", Version: "0.0.0"},
		Term: 6 * time.Second, Pause: 50 * time.Millisecond, Drain: time.Minute, Now: time.Now, Getenv: os.Getenv,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	}
}

// testWriter writes to a test's log.
type testWriter struct{ t testing.TB }

func (w *testWriter) Write(line []byte) (int, error) {
	w.t.Logf("%s", line)
	return len(line), nil
}

// started runs a fleet until the test ends.
func started(t testing.TB, o fleet.Options) *fleet.Fleet {
	t.Helper()
	f, err := fleet.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, f.Close()); err != nil {
			t.Error(err)
		}
	})
	return f
}

// await waits until a job is in a state.
func await(t testing.TB, f *fleet.Fleet, id int64, state fleet.State) fleet.Job {
	t.Helper()
	var job fleet.Job
	eventually(t, fmt.Sprintf("job %d is %s", id, state), func() bool {
		var err error
		job, err = f.Job(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if job.State == fleet.Failed && state != fleet.Failed {
			t.Fatalf("job %d failed: %s", id, job.Error)
		}
		return job.State == state
	})
	return job
}

// eventually waits until something is so.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

// gate lets some requests through and holds the others until it is opened.
type gate struct {
	open    chan struct{}
	release func()
	mu      sync.Mutex
	left    int
}

func holdAfter(w *watched, requests int) *gate {
	g := &gate{open: make(chan struct{}), left: requests}
	g.release = sync.OnceFunc(func() { close(g.open) })
	hold := func(r *http.Request) {
		g.mu.Lock()
		g.left--
		pass := g.left >= 0
		g.mu.Unlock()
		if !pass {
			select {
			case <-g.open:
			case <-r.Context().Done():
			}
		}
	}
	w.hold.Store(&hold)
	return g
}

// begun asks for a scan that a worker begins and that is held half way.
func begun(t *testing.T, f *fleet.Fleet, tenant *watched, g *gate) fleet.Job {
	t.Helper()
	t.Cleanup(g.release)
	job, err := f.Start(t.Context(), tenant.config.Tenants[0].Name, "auditor")
	if err != nil {
		t.Fatal(err)
	}
	job = await(t, f, job.ID, fleet.Running)
	eventually(t, "the scan is half way", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.left < 0
	})
	return job
}

// once checks that a tenant has one recorded scan, and that a job made it.
func once(t *testing.T, f *fleet.Fleet, job fleet.Job) {
	t.Helper()
	scans, err := f.History().List(t.Context(), job.TenantID)
	if err != nil || len(scans) != 1 || scans[0].ID != job.Scan {
		t.Errorf("the history has %d scans, %v, want the one of job %+v", len(scans), err, job)
	}
	if len(scans) == 1 {
		if folder, err := f.Evidence(t.Context(), scans[0]); err != nil || folder == "" {
			t.Errorf("Evidence() = %q, %v", folder, err)
		}
	}
}

// said says whether the log of a job has a text.
func said(t *testing.T, f *fleet.Fleet, job int64, text string) bool {
	t.Helper()
	lines, err := f.Log(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if strings.Contains(line.Text, text) {
			return true
		}
	}
	return false
}

// folders are those of the tenant's evidence.
func folders(t *testing.T, data, tenant string) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(data, "evidence", tenant))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestAScanOnRequest: a scan that was asked for is made, recorded with its evidence, log and
// progress, and compared with the one before.
func TestAScanOnRequest(t *testing.T) {
	t.Parallel()
	tenant := simulate(t, "weak", t.TempDir())
	data := t.TempDir()
	f := started(t, options(t, data, joined(tenant)))
	for n := range 2 {
		job, err := f.Start(t.Context(), "weak", "auditor")
		if err != nil {
			t.Fatal(err)
		}
		job = await(t, f, job.ID, fleet.Done)
		if job.Exit == nil || job.Exit.Code != findings.ExitViolations || job.Scan == 0 || job.Attempt != 1 || job.By != "auditor" || job.Cause != fleet.ByRequest {
			t.Errorf("job = %+v, want one that found violations at its first attempt", job)
		}
		if len(job.Progress) == 0 || job.Progress[0].State == "reading" {
			t.Errorf("progress = %v, want kinds that are done", job.Progress)
		}
		scan, err := f.History().Scan(t.Context(), "", job.Scan)
		if err != nil {
			t.Fatal(err)
		}
		if (scan.Digests.Previous != "") != (n > 0) {
			t.Errorf("scan %d rests on the earlier result %q", n, scan.Digests.Previous)
		}
		folder, err := f.Evidence(t.Context(), scan)
		if err != nil || folder == "" {
			t.Errorf("Evidence() = %q, %v, want its folder", folder, err)
		}
		eventually(t, "its log is written", func() bool {
			lines, err := f.Log(t.Context(), job.ID)
			return err == nil && len(lines) >= 2
		})
	}
}

// TestAQueueThatDoesNotEnd keeps no process from ending.
func TestAQueueThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	o := options(t, t.TempDir(), scheduled(1, config.Serve{}))
	o.Drain, o.Term = 0, time.Second
	f := opened(t, o)
	f.Stick()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("Run() = %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("Run() doesn't end")
	}
}
