package web_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/web"
	"github.com/domicile-audit/domicile/reports"
)

// now is the time of every test.
func now() time.Time { return time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC) }

// engine is an engine that keeps everything in memory and scans nothing.
type engine struct {
	tenants  []fleet.Tenant
	jobs     []fleet.Job // the latest first
	log      []fleet.LogLine
	started  []string // tenant and by
	uploaded []string
	upload   func([]byte) (history.Scan, error)
	evidence string
}

func (e *engine) Tenants(context.Context) ([]fleet.Tenant, error) { return e.tenants, nil }

func (e *engine) Jobs(_ context.Context, query fleet.Query) ([]fleet.Job, error) {
	var out []fleet.Job
	for _, job := range e.jobs {
		if (query.Tenant == "" || job.Tenant == query.Tenant) && (query.State == "" || job.State == query.State) && (query.Before == 0 || job.ID < query.Before) && len(out) < cmp.Or(query.Limit, 100) {
			job.Progress = nil
			out = append(out, job)
		}
	}
	return out, nil
}

// Due is a day after, as everything is scanned daily.
func (e *engine) Due(_ string, after time.Time) time.Time { return after.AddDate(0, 0, 1) }

func (e *engine) Job(_ context.Context, id int64) (fleet.Job, error) {
	for _, job := range e.jobs {
		if job.ID == id {
			return job, nil
		}
	}
	return fleet.Job{}, fleet.ErrNoJob
}

func (e *engine) Log(context.Context, int64) ([]fleet.LogLine, error) { return e.log, nil }

func (e *engine) Start(_ context.Context, tenant, by string) (fleet.Job, error) {
	for _, job := range e.jobs {
		if job.Tenant == tenant && (job.State == fleet.Running || job.State == fleet.Waiting) {
			return job, fleet.ErrUnderWay
		}
	}
	e.started = append(e.started, tenant+" by "+by)
	job := fleet.Job{ID: int64(1000 + len(e.started)), Tenant: tenant, Cause: fleet.ByRequest, By: by, State: fleet.Waiting, Queued: now()}
	e.jobs = append([]fleet.Job{job}, e.jobs...)
	return job, nil
}

func (e *engine) Upload(_ context.Context, packed io.Reader, by string) (history.Scan, error) {
	data, err := io.ReadAll(packed)
	if err != nil {
		return history.Scan{}, err
	}
	e.uploaded = append(e.uploaded, by)
	return e.upload(data)
}

func (e *engine) Evidence(context.Context, history.Scan) (string, error) { return e.evidence, nil }

// approvals keeps approvals in memory.
type approvals map[string]web.Approval

func (a approvals) Refuses() error { return nil }

func (a approvals) Approve(path string, text []byte, approval web.Approval) error {
	a[filepath.Base(path)+" "+string(text)] = approval
	return nil
}

func (a approvals) Approval(path string, text []byte) (*web.Approval, error) {
	approval, there := a[filepath.Base(path)+" "+string(text)]
	if !there {
		return nil, nil //nolint:nilnil // no approval, as the interface says
	}
	return &approval, nil
}

// site is a dashboard under test.
type site struct {
	store     *history.Store
	engine    *engine
	approvals approvals
	options   web.Options
	log       bytes.Buffer
}

func newSite(t testing.TB) *site {
	t.Helper()
	dir := t.TempDir()
	store, err := history.OpenOrCreate(t.Context(), filepath.Join(dir, "domicile.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s := &site{store: store, engine: &engine{}, approvals: approvals{}}
	plans := filepath.Join(dir, "plans")
	if err := os.Mkdir(plans, 0o700); err != nil {
		t.Fatal(err)
	}
	s.options = web.Options{
		Access: web.Access{Approver: s.approvals}, Store: store, Engine: s.engine, Plans: plans, Formats: reports.Formats(), Version: "1.2.3", Now: now,
		Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	}
	return s
}

func (s *site) handler(t testing.TB) http.Handler {
	t.Helper()
	server, err := web.New(s.options)
	if err != nil {
		t.Fatal(err)
	}
	return server.Handler()
}

// get asks for a page as a browser on this machine does.
func get(t testing.TB, handler http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return send(t, handler, http.MethodGet, path, "", header...)
}

// send sends a form, with headers given as pairs.
func send(t testing.TB, handler http.Handler, method, path, form string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form))
	request.Host = "127.0.0.1:8080"
	if form != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			request.Host = header[i+1]
			continue
		}
		request.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

// tenantID is the id of the n-th tenant.
func tenantID(n int) string { return fmt.Sprintf("3f0c1d7e-0000-4000-8000-%012x", n) }

// sample is a result that the reports are held to: weak, partial or good.
func sample(t testing.TB, name string) *findings.Result {
	t.Helper()
	data, err := os.ReadFile("../../reports/testdata/" + name + "/result.json")
	if err != nil {
		t.Fatal(err)
	}
	result, err := findings.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// scanned is a result as another tenant's, at another time, without some of its violations.
func scanned(t testing.TB, name string, tenant int, title string, started time.Time, fewer int) *findings.Result {
	t.Helper()
	result := sample(t, name)
	result.Tenant.ID, result.Tenant.Name = tenantID(tenant), title
	result.Finished = started.Add(result.Finished.Sub(result.Started))
	result.Started = started
	for i := range result.Findings {
		result.Findings[i].Fingerprint = findings.Fingerprint(result.Tenant.ID, result.Findings[i].Rule, result.Findings[i].Resource)
	}
	result.Change = nil
	for i := range result.Rules {
		result.Rules[i].Was = ""
	}
	for ; fewer > 0; fewer-- {
		mend(result)
	}
	for i := range result.Findings {
		result.Findings[i].Change = ""
	}
	result.Summary = findings.Summarise(result.Rules, result.Findings)
	result.Exit = findings.Gate(result, "high", false)
	return result
}

// mend takes the last violation out of a result, and lets its rule pass where it was the only one.
func mend(result *findings.Result) {
	for i := len(result.Findings) - 1; i >= 0; i-- {
		id := result.Findings[i].Rule
		if result.Findings[i].Outcome != findings.Fail {
			continue
		}
		result.Findings = slices.Delete(result.Findings, i, i+1)
		at := slices.IndexFunc(result.Rules, func(rule findings.Rule) bool { return rule.ID == id })
		result.Rules[at].Failed--
		if !slices.ContainsFunc(result.Findings, func(f findings.Finding) bool { return f.Rule == id }) {
			result.Rules[at].Outcome = findings.Pass
		}
		return
	}
}

// record records a result, compared with an earlier one where there is one.
func (s *site) record(t testing.TB, result, previous *findings.Result) history.Scan {
	t.Helper()
	if previous != nil {
		scans, err := s.store.Scans(t.Context(), history.Page{Tenant: result.Tenant.ID, Limit: 1})
		if err != nil || len(scans) == 0 {
			t.Fatalf("there is no earlier scan: %v", err)
		}
		if err := result.Compare(previous, scans[0].Digest); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := result.Write(&out); err != nil {
		t.Fatal(err)
	}
	scan, _, err := s.store.Record(t.Context(), out.Bytes(), "worker@contoso", result.Finished)
	if err != nil {
		t.Fatal(err)
	}
	return scan
}

// threeTenants fills a site with three tenants that were scanned daily: one that got worse,
// one that got better, and one that could not be judged in full; and a fourth that wasn't scanned.
func threeTenants(t testing.TB, s *site) {
	t.Helper()
	last := now().Add(-90 * time.Minute)
	add := func(tenant int, title, sample string, fewer ...int) {
		var previous *findings.Result
		for i, n := range fewer {
			result := scanned(t, sample, tenant, title, last.AddDate(0, 0, i-len(fewer)+1), n)
			s.record(t, result, previous)
			previous = result
		}
	}
	add(1, "Contoso", "weak", 14, 14, 13, 15, 15, 12, 9, 9, 6, 6, 4, 2)
	add(2, "Fabrikam Europe", "weak", 0, 0, 4, 4, 10, 10, 20, 25)
	add(3, "Tailspin Toys", "partial", 0, 0)
	zone := "CRON_TZ=Europe/Berlin 30 7 * * *"
	s.engine.tenants = []fleet.Tenant{
		{Name: "contoso", ID: tenantID(1), Cloud: "global", Groups: []string{"customers", "europe"}, Schedules: []string{zone}, Next: last.AddDate(0, 0, 1)},
		{Name: "fabrikam", ID: tenantID(2), Cloud: "global", Groups: []string{"europe"}, Schedules: []string{zone}, Next: last.AddDate(0, 0, 1)},
		{Name: "tailspin", ID: tenantID(3), Cloud: "gcc", Groups: []string{"customers"}, Schedules: []string{zone}, Next: last.AddDate(0, 0, 1)},
		{Name: "wingtip", ID: tenantID(4), Cloud: "global"},
	}
	s.engine.jobs = []fleet.Job{
		{
			ID: 44, Tenant: "fabrikam", TenantID: tenantID(2), Cause: fleet.ByRequest, By: "ann@contoso.com (1)", State: fleet.Running, Queued: now().Add(-2 * time.Minute), Started: now().Add(-2 * time.Minute), Worker: "worker-1", Attempt: 1,
			Progress: []fleet.Progress{{Kind: "organization", Objects: 1, State: "done"}, {Kind: "users", Objects: 4218, State: "reading"}, {Kind: "mdi_sensors", State: "no_permission"}},
		},
		{ID: 43, Tenant: "wingtip", TenantID: tenantID(4), Cause: fleet.BySchedule, By: zone, State: fleet.Failed, Queued: last, Started: last, Finished: last.Add(time.Minute), Worker: "worker-2", Attempt: 5, Error: "signing in to tenant wingtip: AADSTS7000222: the client secret has expired"},
		{ID: 42, Tenant: "contoso", TenantID: tenantID(1), Cause: fleet.BySchedule, By: zone, State: fleet.Done, Queued: last, Started: last, Finished: last.Add(3 * time.Minute), Worker: "worker-1", Attempt: 1, Exit: &findings.Exit{Code: 3, Reason: "27 violations at or above high"}, Scan: 12},
	}
	s.engine.log = []fleet.LogLine{{Time: last, Level: "INFO", Text: "reading 42 kinds of evidence"}, {Time: last.Add(time.Second), Level: "WARN", Text: "mdi_sensors: the permission SecurityIdentitiesSensors.Read.All is missing"}}
	plan, err := os.ReadFile("../../remediation/testdata/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.options.Plans, "contoso.json"), plan, 0o600); err != nil {
		t.Fatal(err)
	}
}
