package fleet_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
)

// scheduled is a configuration of tenants that nobody can reach, with schedules.
func scheduled(tenants int, serve config.Serve) *config.Config {
	cfg := &config.Config{File: config.FileName, Version: 1, Serve: serve}
	for n := range tenants {
		cfg.Tenants = append(cfg.Tenants, config.Tenant{
			Name: fmt.Sprintf("tenant-%d", n), ID: fmt.Sprintf("3f0c1d7e-0000-4000-8000-%012d", n), Cloud: "global",
			Auth: config.Auth{Method: "azure_cli"},
		})
	}
	return cfg
}

func opened(t *testing.T, o fleet.Options) *fleet.Fleet {
	t.Helper()
	f, err := fleet.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// TestAWeekOfSchedules plans a week in which clocks are set back in Europe
// and in America.
func TestAWeekOfSchedules(t *testing.T) {
	t.Parallel()
	cfg := scheduled(3, config.Serve{TimeZone: "Europe/Berlin", Schedules: []config.Schedule{
		{Cron: "30 2 * * *", Tenants: []string{"tenant-0"}},
		{Cron: "30 1 * * 0,3", TimeZone: "America/New_York", Groups: []string{"america"}},
		{Cron: "0 */6 * * *", TimeZone: "UTC", Tenants: []string{"tenant-2"}},
		{Cron: "30 2 * * *", TimeZone: "Europe/Berlin"}, // the same again, and of all tenants
	}})
	cfg.Tenants[1].Groups = []string{"america"}
	f := opened(t, options(t, t.TempDir(), cfg))
	start := time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC)
	got := map[string][]string{}
	for now := start; now.Before(start.AddDate(0, 0, 8)); now = now.Add(5 * time.Minute) {
		jobs, err := f.Plan(t.Context(), now)
		if err != nil {
			t.Fatal(err)
		}
		for _, job := range jobs {
			got[job.Tenant] = append(got[job.Tenant], job.Queued.Format("01-02 15:04"))
		}
	}
	nights := []string{"10-25 00:30", "10-26 01:30", "10-27 01:30", "10-28 01:30", "10-29 01:30", "10-30 01:30", "10-31 01:30", "11-01 01:30"}
	want := map[string][]string{
		"tenant-0": nights,
		// Sunday and Wednesday at half past one in New York; on November 1 that comes twice.
		"tenant-1": slices.Sorted(slices.Values(append([]string{"10-25 05:30", "10-28 05:30", "11-01 05:30"}, nights...))),
	}
	want["tenant-2"] = slices.Clone(nights)
	for day := range 9 {
		for hour := range 4 {
			at := time.Date(2026, 10, 24+day, 6*hour, 0, 0, 0, time.UTC)
			if at.After(start) && at.Before(start.AddDate(0, 0, 8)) {
				want["tenant-2"] = append(want["tenant-2"], at.Format("01-02 15:04"))
			}
		}
	}
	slices.Sort(want["tenant-2"])
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scans of the week (-want +got):\n%s", diff)
	}
	// Three days in which nobody planned cost one scan of each tenant.
	jobs, err := f.Plan(t.Context(), start.AddDate(0, 0, 11))
	if err != nil || len(jobs) != 3 {
		t.Errorf("after three days off there are %d jobs, %v, want one of each tenant", len(jobs), err)
	}
}

// TestAWeekOfTwoPlanners plans the week in which clocks are set forward in Europe, by two processes in turn
// whose clocks differ by half a minute, with jitter, and with a day and a half in which nobody plans:
// every tenant has one scan for each night, within its jitter, and one for all that was missed.
func TestAWeekOfTwoPlanners(t *testing.T) {
	t.Parallel()
	const jitter, step, apart = 40 * time.Minute, 5 * time.Minute, 30 * time.Second
	data := t.TempDir()
	cfg := scheduled(4, config.Serve{TimeZone: "Europe/Berlin", Jitter: config.Duration(jitter), Schedules: []config.Schedule{{Cron: "30 2 * * *"}}})
	var planners []*fleet.Fleet
	for n := range 2 {
		o := options(t, data, cfg)
		o.Name = fmt.Sprint("planner-", n)
		planners = append(planners, opened(t, o))
	}
	at := func(text string) time.Time {
		t.Helper()
		parsed, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	off, on := at("2026-03-31T12:00:00Z"), at("2026-04-02T01:40:00Z")
	got := map[string][]time.Time{}
	turn := 0
	for now := at("2026-03-26T22:00:00Z"); now.Before(at("2026-04-03T22:00:00Z")); now = now.Add(step) {
		if now.After(off) && now.Before(on) {
			continue
		}
		turn++
		jobs, err := planners[turn%2].Plan(t.Context(), now.Add(time.Duration(turn%2)*apart))
		if err != nil {
			t.Fatal(err)
		}
		for _, job := range jobs {
			got[job.Tenant] = append(got[job.Tenant], job.Queued)
		}
	}
	nights := []time.Time{
		at("2026-03-27T01:30:00Z"), at("2026-03-28T01:30:00Z"),
		at("2026-03-29T01:00:00Z"), // half past two is missing: at three, which is as soon
		at("2026-03-30T00:30:00Z"), at("2026-03-31T00:30:00Z"),
		on, // the night before and this one
		at("2026-04-03T00:30:00Z"),
	}
	for _, tenant := range cfg.Tenants {
		times := got[tenant.Name]
		if len(times) != len(nights) {
			t.Errorf("tenant %s is scanned at %v, want a time in each of %d nights", tenant.Name, times, len(nights))
			continue
		}
		for i, night := range nights {
			if times[i].Before(night) || times[i].After(night.Add(jitter+step+apart)) {
				t.Errorf("tenant %s is scanned at %s, want a time soon after %s", tenant.Name, times[i], night)
			}
		}
	}
}

// TestAClockThatWasAhead: schedules that were planned by a clock that was a year ahead are followed once it
// is right, and a clock that is behind another's by some seconds does nothing twice.
func TestAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	f := opened(t, options(t, t.TempDir(), scheduled(1, config.Serve{Schedules: []config.Schedule{{Cron: "0 3 * * *"}}})))
	day := time.Date(2026, 11, 2, 3, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		now  time.Time
		jobs int
	}{
		{day.AddDate(1, 0, -1), 0}, // first seen
		{day.AddDate(1, 0, 0), 1},
		{day.Add(-time.Minute), 0}, // set right
		{day, 1},
		{day.Add(-10 * time.Second), 0}, // another process's
		{day.Add(10 * time.Second), 0},
		{day.AddDate(0, 0, 1), 1},
	} {
		jobs, err := f.Plan(t.Context(), tt.now)
		if err != nil || len(jobs) != tt.jobs {
			t.Errorf("at %s there are %d scans, %v, want %d", tt.now, len(jobs), err, tt.jobs)
		}
	}
}

// TestOnePlan: however many processes plan at once, each scan is asked for once.
func TestOnePlan(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	cfg := scheduled(50, config.Serve{Jitter: config.Duration(time.Hour), Schedules: []config.Schedule{{Cron: "0 3 * * *"}}})
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var fleets []*fleet.Fleet
	for n := range 3 {
		o := options(t, data, cfg)
		o.Name = fmt.Sprint("process-", n)
		fleets = append(fleets, opened(t, o))
	}
	if err := fleets[0].PlanOnly(t.Context(), start); err != nil {
		t.Fatal(err)
	}
	tenants, err := fleets[0].Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	nexts := map[time.Time]bool{}
	for _, tenant := range tenants {
		nexts[tenant.Next] = true
		if first := start.Add(3 * time.Hour); tenant.Next.Before(first) || !tenant.Next.Before(first.Add(time.Hour)) {
			t.Errorf("tenant %s is next scanned at %s", tenant.Name, tenant.Next)
		}
	}
	if len(nexts) < 40 {
		t.Errorf("50 tenants are scanned at %d times, want them spread", len(nexts))
	}
	for minute := range 65 {
		now := start.Add(3*time.Hour + time.Duration(minute)*time.Minute)
		var planning sync.WaitGroup
		for _, f := range fleets {
			planning.Go(func() {
				if err := f.PlanOnly(t.Context(), now); err != nil {
					t.Error(err)
				}
			})
		}
		planning.Wait()
	}
	jobs, err := fleets[0].Jobs(t.Context(), fleet.Query{Limit: 1000})
	if err != nil || len(jobs) != len(cfg.Tenants) {
		t.Errorf("%d jobs, %v, want one of each of the %d tenants", len(jobs), err, len(cfg.Tenants))
	}
}

// TestDue: the first time after another that any of a tenant's schedules names.
func TestDue(t *testing.T) {
	t.Parallel()
	f := opened(t, options(t, t.TempDir(), scheduled(1, config.Serve{Schedules: []config.Schedule{{Cron: "0 3 * * *"}, {Cron: "0 1 * * 1"}}})))
	tenants, err := f.Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sunday := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for after, want := range map[time.Time]time.Time{sunday: sunday.Add(3 * time.Hour), sunday.Add(4 * time.Hour): sunday.Add(25 * time.Hour)} {
		if due := f.Due(tenants[0].Name, after); !due.Equal(want) {
			t.Errorf("Due(%s) = %s, want %s", after, due, want)
		}
	}
	if due := f.Due("nobody", sunday); !due.IsZero() {
		t.Errorf("Due() of nobody = %s", due)
	}
}
