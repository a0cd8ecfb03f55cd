package fleet

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/domicile-audit/domicile/internal/config"
)

// schedule says when one tenant is scanned.
type schedule struct {
	tenant *config.Tenant
	// key names the schedule where it is written how far it was planned.
	key    string
	cron   cron.Schedule
	zone   *time.Location
	jitter time.Duration
}

// schedulesOf are the schedules of a configuration, tenant by tenant. A tenant has those of
// equal times once.
func schedulesOf(cfg *config.Config) ([]schedule, error) {
	var all []schedule
	for i := range cfg.Tenants {
		tenant := &cfg.Tenants[i]
		known := map[string]bool{}
		for _, of := range cfg.Serve.Schedules {
			if !of.Covers(*tenant) {
				continue
			}
			zone, err := cfg.Serve.Zone(of)
			if err != nil {
				return nil, err
			}
			parsed, err := cron.ParseStandard("CRON_TZ=" + zone.String() + " " + of.Cron)
			if err != nil {
				return nil, err
			}
			key := fmt.Sprintf("%s %s", of.Cron, zone)
			if known[key] {
				continue
			}
			known[key] = true
			all = append(all, schedule{tenant, key, parsed, zone, cfg.Serve.JitterOf(of)})
		}
	}
	return all, nil
}

// next is the first time of the schedule after another, without jitter; zero if there is none.
//
// A schedule of every hour is followed as time passes. Any other one is followed by what
// clocks show: where they are set forward, what falls into the time that is missing is done at
// once, and where they are set back, what falls into the time that comes twice is done in the
// first of the two.
func (s schedule) next(after time.Time) time.Time {
	after = after.In(s.zone)
	spec, isSpec := s.cron.(*cron.SpecSchedule)
	if !isSpec || spec.Hour&everyHour != 0 {
		return s.cron.Next(after)
	}
	// What clocks show is followed in UTC, where there are no changes, from one change to the next.
	shown := *spec
	shown.Location = time.UTC
	began, change := after.ZoneBounds()
	was := offset(after)
	latest := after.UTC().Add(was)
	if !began.IsZero() {
		latest = later(latest, began.UTC().Add(offset(began.Add(-time.Nanosecond))-time.Nanosecond))
	}
	for {
		next := shown.Next(latest)
		at := next.Add(-was).In(s.zone)
		switch {
		case next.IsZero():
			return next
		case change.IsZero() || at.Before(change):
			return at
		}
		is := offset(change)
		if next.Before(change.UTC().Add(is)) { // it is missing
			return change
		}
		latest = change.UTC().Add(max(was, is) - time.Nanosecond)
		was = is
		_, change = change.ZoneBounds()
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// everyHour is the bit by which a parsed schedule says that its hours are a star.
const everyHour = 1 << 63

// offset is by how much clocks at a time are ahead of UTC.
func offset(at time.Time) time.Duration {
	_, seconds := at.Zone()
	return time.Duration(seconds) * time.Second
}

// delay is the tenant's share of the jitter for the scan of a time: the same for whoever plans
// it.
func (s schedule) delay(at time.Time) time.Duration {
	if s.jitter < time.Second {
		return 0
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", s.tenant.ID, s.key, at.Unix()))
	return time.Duration(binary.BigEndian.Uint32(sum[:4])) * time.Second % s.jitter.Truncate(time.Second)
}

// due says whether a scan is to be made now that was not planned yet, and up to what time the
// schedule is then done. Of several that were missed there is one.
func (s schedule) due(planned, now time.Time) (until time.Time, due bool) {
	until = planned
	for {
		next := s.next(until)
		if next.IsZero() || next.Add(s.delay(next)).After(now) {
			return until, due
		}
		until, due = next, true
	}
}
