package fleet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/internal/config"
)

func scheduleOf(t *testing.T, expression, zone string, jitter time.Duration) schedule {
	t.Helper()
	all, err := schedulesOf(&config.Config{
		Tenants: []config.Tenant{{Name: "contoso", ID: "3f0c1d7e-0000-4000-8000-000000000001"}},
		Serve:   config.Serve{Jitter: config.Duration(jitter), Schedules: []config.Schedule{{Cron: expression, TimeZone: zone}}},
	})
	if err != nil || len(all) != 1 {
		t.Fatalf("schedulesOf(%q) = %d schedules, %v", expression, len(all), err)
	}
	return all[0]
}

// TestNextAcrossClockChanges: nothing is left out where clocks are set forward, and nothing
// done twice where they are set back, but for what is done every hour.
func TestNextAcrossClockChanges(t *testing.T) {
	tests := []struct {
		name, cron, zone, after string
		want                    []string
	}{
		{"a missing time is done at once", "30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", []string{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"a time beside the missing ones is untouched", "0 3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"}},
		{"a time that comes twice is done once", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"between the two it is over", "30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", []string{"2026-10-26T01:30:00Z"}},
		{"a time after those that come twice", "0 3 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"}},
		{"several times within the hour", "0,30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:00:00Z"}},
		{"every hour, forward", "15 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", []string{"2026-03-29T00:15:00Z", "2026-03-29T01:15:00Z", "2026-03-29T02:15:00Z"}},
		{"every hour, back", "15 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", []string{"2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z", "2026-10-25T02:15:00Z"}},
		{"half an hour that is missing", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", []string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
		{"half an hour that comes twice", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00Z", []string{"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"}},
		{"midnight that is missing", "0 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z", []string{"2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"}},
		{"a descriptor", "@daily", "", "2026-03-28T12:00:00Z", []string{"2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z"}},
		{"an interval", "@every 6h", "Europe/Berlin", "2026-03-29T00:00:00Z", []string{"2026-03-29T06:00:00Z", "2026-03-29T12:00:00Z"}},
		{"never", "0 0 30 2 *", "Europe/Berlin", "2026-03-28T12:00:00Z", []string{"0001-01-01T00:00:00Z"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scheduleOf(t, tt.cron, tt.zone, 0)
			at, err := time.Parse(time.RFC3339, tt.after)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for range tt.want {
				at = s.next(at)
				got = append(got, at.UTC().Format(time.RFC3339))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("next(%s) of %q in %s (-want +got):\n%s", tt.after, tt.cron, tt.zone, diff)
			}
		})
	}
}

// TestNextIsWhatClocksShow holds the schedules of the weeks in which clocks change, in zones of all
// sorts, to a walk through every minute: what clocks show, what they never show, and what they show
// twice.
func TestNextIsWhatClocksShow(t *testing.T) {
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata", "Africa/Casablanca", "Europe/Dublin"} {
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		weeks := []time.Time{time.Date(2026, 6, 28, 5, 0, 0, 0, time.UTC)}
		for _, change := weeks[0].In(location).ZoneBounds(); !change.IsZero() && len(weeks) < 4; _, change = change.ZoneBounds() {
			weeks = append(weeks, change.UTC().AddDate(0, 0, -3))
		}
		for _, expression := range []string{"30 2 * * *", "0 3 * * *", "15 1,2,3 * * *", "0,30 0-4 * * 0", "45 23 * * *", "*/20 2 * * 6,0", "10 * * * *", "*/30 * * * 0", "0 0 1 * *", "0 0 * * *"} {
			s := scheduleOf(t, expression, zone, 0)
			for _, start := range weeks {
				end := start.AddDate(0, 0, 7)
				var got []time.Time
				for at := s.next(start); at.Before(end); at = s.next(at) {
					got = append(got, at.UTC())
				}
				if diff := cmp.Diff(walk(expression, location, start, end), got); diff != "" {
					t.Errorf("%q in %s from %s on (-want +got):\n%s", expression, zone, start, diff)
				}
			}
		}
	}
}

// walk goes through time minute by minute, after its start, and notes when an expression comes: when a
// clock shows it for the first time, or for an expression of every hour any time, and when clocks jump
// over it.
func walk(expression string, zone *time.Location, start, end time.Time) (times []time.Time) {
	fields := strings.Fields(expression)
	comes := func(shown time.Time) bool { // in UTC, as a clock shows it
		for i, value := range []int{shown.Minute(), shown.Hour(), shown.Day(), int(shown.Month()), int(shown.Weekday())} {
			if !slices.ContainsFunc(strings.Split(fields[i], ","), func(part string) bool {
				var from, to, step int
				switch {
				case part == "*":
					return true
				case strings.HasPrefix(part, "*/"):
					step, _ = strconv.Atoi(part[2:])
					return value%step == 0
				case strings.Contains(part, "-"):
					_, err := fmt.Sscanf(part, "%d-%d", &from, &to)
					return err == nil && from <= value && value <= to
				default:
					return strconv.Itoa(value) == part
				}
			}) {
				return false
			}
		}
		return true
	}
	shows := func(at time.Time) time.Time {
		in := at.In(zone)
		return time.Date(in.Year(), in.Month(), in.Day(), in.Hour(), in.Minute(), 0, 0, time.UTC)
	}
	everyHour := fields[1] == "*"
	latest := shows(start) // the latest that a clock has shown
	for at := start.Add(time.Minute); at.Before(end); at = at.Add(time.Minute) {
		now := shows(at)
		is := false
		switch {
		case everyHour:
			is = comes(now)
		case now.After(latest):
			for missing := latest.Add(time.Minute); !missing.After(now); missing = missing.Add(time.Minute) {
				is = is || comes(missing)
			}
		}
		if now.After(latest) {
			latest = now
		}
		if is {
			times = append(times, at)
		}
	}
	return times
}

// TestDue: a scan is due once the tenant's share of the jitter has passed, and of several that
// were missed one is made.
func TestDue(t *testing.T) {
	s := scheduleOf(t, "0 3 * * *", "UTC", 10*time.Minute)
	planned := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	first := time.Date(2026, 11, 2, 3, 0, 0, 0, time.UTC)
	delay := s.delay(first)
	if delay <= 0 || delay >= 10*time.Minute || delay != s.delay(first) || delay == s.delay(first.AddDate(0, 0, 1)) {
		t.Fatalf("delay = %v, want a share of ten minutes, always the same for one time and another for the next", delay)
	}
	tests := []struct {
		name  string
		now   time.Time
		until time.Time
		due   bool
	}{
		{"before its share", first.Add(delay - time.Second), planned, false},
		{"at its share", first.Add(delay), first, true},
		{"after a week", first.AddDate(0, 0, 7).Add(-time.Hour), first.AddDate(0, 0, 6), true},
	}
	for _, tt := range tests {
		until, due := s.due(planned, tt.now)
		if !until.Equal(tt.until) || due != tt.due {
			t.Errorf("%s: due(%v) = %v, %v, want %v, %v", tt.name, tt.now, until, due, tt.until, tt.due)
		}
	}
}
