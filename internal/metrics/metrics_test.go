package metrics_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/graph"
	"github.com/domicile-audit/domicile/internal/metrics"
)

// database says what a test says.
type database struct {
	err   error
	asked int
}

func (d *database) Tenants(context.Context) ([]fleet.Tenant, error) {
	d.asked++
	return []fleet.Tenant{{Name: "contoso", ID: "c"}, {Name: "new", ID: "n"}}, d.err
}

func (d *database) Numbers(context.Context) (fleet.Numbers, error) {
	return fleet.Numbers{States: map[fleet.State]int{fleet.Waiting: 3, fleet.Running: 1, fleet.Retrying: 0, fleet.Done: 5, fleet.Failed: 0, fleet.Cancelled: 0}, Due: 2, LeftOut: 6}, nil
}

func (d *database) Standings(context.Context, string) ([]history.Standing, error) {
	one := history.Standing{Scan: history.Scan{Tenant: "c", Recorded: start.Add(-time.Hour)}}
	one.Numbers.Summary.Outcomes = map[findings.Outcome]int{findings.Pass: 40, findings.Unknown: 2}
	return []history.Standing{one, {Scan: history.Scan{Tenant: "gone"}}}, nil
}

func (d *database) Violations(context.Context) (map[string]map[findings.Severity]int, error) {
	return map[string]map[findings.Severity]int{"c": {findings.High: 7}, "gone": {findings.High: 1}}, nil
}

func (d *database) Waiting(context.Context) (map[string]int, error) {
	return map[string]int{"security": 1}, nil
}

func (d *database) Lost() int64 { return 4 }

var start = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// busy are the metrics of a process that has done everything once.
func busy(t *testing.T) (*metrics.Metrics, *database, *time.Time) {
	t.Helper()
	now := start
	m := metrics.New("1.2.3", func() time.Time { return now })
	d := &database{}
	m.Standing(metrics.Sources{Fleet: d, History: d, Alerts: d, Log: slog.New(slog.DiscardHandler)})
	_, watch := m.Watch(t.Context(), fleet.Job{Tenant: "contoso", Attempt: 2})
	ctx := watch.Reading(t.Context(), "users")
	for _, status := range []int{200, 429, 0, 777} {
		watch.Request(ctx, graph.Attempt{API: collectors.Graph, Workload: "identity", Status: status, Duration: time.Second})
	}
	now = now.Add(3 * time.Second)
	watch.Progress(collectors.Progress{Kind: "users", Objects: 20})
	watch.Progress(collectors.Progress{Kind: "users", Objects: 41, Done: true, Gap: evidence.Throttled})
	watch.Step(ctx, fleet.Judging)()
	now = now.Add(4 * time.Second)
	watch.End(fleet.Recorded)
	return m, d, &now
}

// scrape is what Prometheus reads.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("the answer is %d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

func TestWhatAProcessSays(t *testing.T) {
	m, d, now := busy(t)
	said := scrape(t, m)
	for _, line := range []string{
		`domicile_scan_duration_seconds_sum{outcome="recorded"} 7`, `domicile_scan_duration_seconds_count{outcome="failed"} 0`, `domicile_scan_retries_total 1`,
		`domicile_collect_duration_seconds_sum{kind="users"} 3`, `domicile_collect_objects_total{kind="users"} 41`, `domicile_collect_gaps_total{kind="users",reason="throttled"} 1`,
		`domicile_requests_total{status="200",workload="identity"} 1`, `domicile_requests_total{status="none",workload="identity"} 1`, `domicile_requests_total{status="other",workload="identity"} 1`,
		`domicile_requests_throttled_total{workload="identity"} 1`, `domicile_request_duration_seconds_count{workload="identity"} 4`,
		`domicile_tenant_last_success_age_seconds{tenant="contoso"} 3607`, `domicile_tenant_violations{severity="high",tenant="contoso"} 7`, `domicile_tenant_violations{severity="low",tenant="contoso"} 0`,
		`domicile_tenant_rules{outcome="pass",tenant="contoso"} 40`, `domicile_tenant_rules{outcome="fail",tenant="contoso"} 0`,
		`domicile_tenant_recorded{tenant="contoso"} 1`, `domicile_tenant_recorded{tenant="new"} 0`, `domicile_tenants_left_out 6`,
		`domicile_jobs{state="waiting"} 3`, `domicile_queue_depth 2`, `domicile_alerts_waiting{alert="security"} 1`, `domicile_alerts_given_up_total 4`, `domicile_database_up 1`,
		`version="1.2.3"} 1`,
	} {
		if !strings.Contains(said, line+"\n") {
			t.Errorf("it doesn't say %s:\n%s", line, said)
		}
	}
	if strings.Contains(said, "gone") || strings.Contains(said, `seconds{tenant="new"`) {
		t.Errorf("it tells of tenants that aren't watched, or weren't scanned:\n%s", said)
	}
	scrape(t, m)
	if d.asked != 1 {
		t.Errorf("the database was asked %d times within ten seconds", d.asked)
	}
	*now, d.err = now.Add(time.Minute), errors.New("away")
	if said = scrape(t, m); !strings.Contains(said, "domicile_database_up 0\n") || strings.Contains(said, "domicile_tenant") {
		t.Errorf("without a database it says\n%s", said)
	}
}

func TestTheMetricsAreWellNamed(t *testing.T) {
	m, _, _ := busy(t)
	problems, err := testutil.GatherAndLint(m.Gatherer())
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint says %v, %v", problems, err)
	}
}

// TestTheDocumentationHasEachMetric, with its labels and its help.
func TestTheDocumentationHasEachMetric(t *testing.T) {
	m, _, _ := busy(t)
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "domicile_") {
			continue
		}
		names[family.GetName()] = true
		var labels []string
		for _, label := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, label.GetName())
		}
		slices.Sort(labels)
		line := "| `" + family.GetName() + "` | " + strings.ToLower(family.GetType().String()) + " | " + strings.Join(labels, ", ") + " | " + family.GetHelp() + " |\n"
		if !bytes.Contains(document, []byte(line)) {
			t.Errorf("docs/metrics.md lacks the line\n%s", line)
		}
	}
	for _, name := range regexp.MustCompile(`domicile_[a-z_]+`).FindAllString(string(document), -1) {
		if !names[name] {
			t.Errorf("docs/metrics.md names %s, which there isn't", name)
		}
	}
}
