package metrics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/fleet"
)

// Fleet is what runs the scans.
type Fleet interface {
	Tenants(ctx context.Context) ([]fleet.Tenant, error)
	Numbers(ctx context.Context) (fleet.Numbers, error)
}

// History is where the results are.
type History interface {
	Standings(ctx context.Context, tenant string) ([]history.Standing, error)
	Violations(ctx context.Context) (map[string]map[findings.Severity]int, error)
}

// Alerts are the digests that tell of them.
type Alerts interface {
	Waiting(ctx context.Context) (map[string]int, error)
	Lost() int64
}

// Sources are what the database says is read from.
type Sources struct {
	Fleet   Fleet
	History History
	Alerts  Alerts
	Log     *slog.Logger
}

const (
	// freshFor is for how long what the database said is told again, whoever asks how often, and
	// patience how long it has to answer.
	freshFor = 10 * time.Second
	patience = 15 * time.Second
)

// standing is what the database says: how the tenants stand, and what waits.
type standing struct {
	Sources
	now func() time.Time

	recorded, age, violations, rules, leftOut, jobs, due, waiting, lost, up *prometheus.Desc

	mu    sync.Mutex
	asked time.Time
	last  []prometheus.Metric
}

// Standing adds what the database says to the metrics.
func (m *Metrics) Standing(of Sources) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	m.registry.MustRegister(&standing{
		Sources: of, now: m.now,
		recorded:   desc("domicile_tenant_recorded", "Whether a result of the tenant was ever recorded: 1, or 0 before the first.", "tenant"),
		age:        desc("domicile_tenant_last_success_age_seconds", "How long ago the tenant's latest result was recorded; absent before the first.", "tenant"),
		violations: desc("domicile_tenant_violations", "Violations in the tenant's latest result, by severity.", "tenant", "severity"),
		rules:      desc("domicile_tenant_rules", "Rules in the tenant's latest result, by outcome.", "tenant", "outcome"),
		leftOut:    desc("domicile_tenants_left_out", "Tenants of the configuration that are left out, as something is wrong with them."),
		jobs:       desc("domicile_jobs", "Scans that were asked for and aren't forgotten, by state.", "state"),
		due:        desc("domicile_queue_depth", "Scans that are to begin and wait for a worker."),
		waiting:    desc("domicile_alerts_waiting", "Digests that aren't sent yet, by alert.", "alert"),
		lost:       desc("domicile_alerts_given_up_total", "Digests that this process gave up."),
		up:         desc("domicile_database_up", "Whether the database answered; without it nothing is said of tenants and jobs."),
	})
}

// Describe implements prometheus.Collector.
func (s *standing) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{s.recorded, s.age, s.violations, s.rules, s.leftOut, s.jobs, s.due, s.waiting, s.lost, s.up} {
		to <- desc
	}
}

// Collect implements prometheus.Collector.
func (s *standing) Collect(to chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); s.last == nil || now.Sub(s.asked) >= freshFor {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		var err error
		if s.last, err = s.ask(ctx, now); err != nil {
			s.Log.Warn("reading the database for metrics", "error", err)
			s.last = []prometheus.Metric{gauge(s.up, 0)}
		}
		s.asked = now
	}
	for _, metric := range s.last {
		to <- metric
	}
}

func gauge(desc *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

// ask asks the database, of the tenants of the configuration alone.
func (s *standing) ask(ctx context.Context, now time.Time) ([]prometheus.Metric, error) {
	tenants, err := s.Fleet.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	standings, err := s.History.Standings(ctx, "")
	if err != nil {
		return nil, err
	}
	violations, err := s.History.Violations(ctx)
	if err != nil {
		return nil, err
	}
	numbers, err := s.Fleet.Numbers(ctx)
	if err != nil {
		return nil, err
	}
	waiting, err := s.Alerts.Waiting(ctx)
	if err != nil {
		return nil, err
	}
	all := []prometheus.Metric{gauge(s.up, 1), gauge(s.due, float64(numbers.Due)), gauge(s.leftOut, float64(numbers.LeftOut)), prometheus.MustNewConstMetric(s.lost, prometheus.CounterValue, float64(s.Alerts.Lost()))}
	for state, count := range numbers.States {
		all = append(all, gauge(s.jobs, float64(count), string(state)))
	}
	for alert, count := range waiting {
		all = append(all, gauge(s.waiting, float64(count), alert))
	}
	recorded := map[string]history.Standing{}
	for _, one := range standings {
		recorded[one.Scan.Tenant] = one
	}
	for _, tenant := range tenants {
		one, is := recorded[tenant.ID]
		if !is {
			all = append(all, gauge(s.recorded, 0, tenant.Name))
			continue
		}
		name := tenant.Name
		all = append(all, gauge(s.recorded, 1, name))
		all = append(all, gauge(s.age, now.Sub(one.Scan.Recorded).Seconds(), name))
		for _, severity := range findings.Severities() {
			all = append(all, gauge(s.violations, float64(violations[one.Scan.Tenant][severity]), name, string(severity)))
		}
		for _, outcome := range findings.Outcomes() {
			all = append(all, gauge(s.rules, float64(one.Numbers.Summary.Outcomes[outcome]), name, string(outcome)))
		}
	}
	return all, nil
}
