package fleet

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/riverqueue/river"
)

// planning is what the process holds that plans.
const planning = "planning"

// tick plans, if no other process does: it takes jobs back from workers that are gone, asks
// for the scans that are due, and puts what is to begin into the queue. Each of the steps may
// be done by two processes at once and is done once, so that one that was paused while it
// planned does no harm.
func (f *Fleet) tick(ctx context.Context) error {
	mine, err := f.store.acquire(ctx, planning, f.options.Name, f.options.Term/3)
	if err != nil || !mine {
		return err
	}
	taken, err := f.store.takeBack(ctx)
	if err != nil {
		return err
	}
	if taken > 0 {
		f.log.Warn("took jobs back from workers that are gone", "jobs", taken)
	}
	if err := f.requeue(ctx); err != nil {
		return err
	}
	if err := f.plan(ctx, f.options.Now()); err != nil {
		return err
	}
	return f.dispatch(ctx)
}

// requeue gives jobs their next turn whose worker was gone before it could begin them: those
// that were taken from the queue by the last tick, and still aren't begun.
func (f *Fleet) requeue(ctx context.Context) error {
	fetched, err := f.store.fetched(ctx)
	if err != nil {
		return err
	}
	for one := range fetched {
		if !f.fetched[one] {
			continue
		}
		f.log.Warn("a job was taken from the queue and never begun; it is put there again", "job", one.job)
		if err := f.store.requeue(ctx, one); err != nil {
			return err
		}
	}
	f.fetched = fetched
	return nil
}

// clocksApart is by how much the clocks of processes that plan may differ.
const clocksApart = time.Hour

// plan asks for the scans that are due by the schedules. A schedule counts from when it is
// first seen, and so does one again that a clock that was ahead has planned.
func (f *Fleet) plan(ctx context.Context, now time.Time) error {
	planned, err := f.store.planned(ctx)
	if err != nil {
		return err
	}
	for _, schedule := range f.setup.Load().schedules {
		name := [2]string{schedule.tenant.ID, schedule.key}
		was, known := planned[name]
		delete(planned, name)
		if !known {
			if err := f.store.begin(ctx, schedule, now); err != nil {
				return err
			}
			continue
		}
		if was.Sub(now) > clocksApart {
			f.log.Warn("a schedule was planned up to a time that is yet to come; a clock was ahead, and it counts from now on", "tenant", schedule.tenant.Name, "schedule", schedule.key, "planned", was)
			if err := f.store.setBack(ctx, schedule, was, now); err != nil {
				return err
			}
			continue
		}
		until, due := schedule.due(was, now)
		if !due {
			continue
		}
		if _, err := f.store.plan(ctx, schedule, was, until, now); err != nil {
			return err
		}
	}
	for name := range planned {
		if err := f.store.forget(ctx, name[0], name[1]); err != nil {
			return err
		}
	}
	return nil
}

// dispatch puts the jobs that are to begin into the queue.
func (f *Fleet) dispatch(ctx context.Context) error {
	turns, err := f.store.toQueue(ctx)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(turns, 100) {
		var params []river.InsertManyParams
		for _, one := range part {
			params = append(params, river.InsertManyParams{Args: scanArgs{one.job, one.turn}})
		}
		inserted, err := f.queue.InsertMany(ctx, params)
		if err != nil {
			return err
		}
		for i, one := range part {
			if err := f.store.queued(ctx, one, inserted[i].Job.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// Tenants lists the tenants that are watched, in the order of the configuration.
func (f *Fleet) Tenants(ctx context.Context) ([]Tenant, error) {
	planned, err := f.store.planned(ctx)
	if err != nil {
		return nil, err
	}
	setup, now := f.setup.Load(), f.options.Now()
	tenants := make([]Tenant, 0, len(setup.config.Tenants))
	places := map[string]int{}
	for _, tenant := range setup.config.Tenants {
		places[tenant.ID] = len(tenants)
		tenants = append(tenants, Tenant{Name: tenant.Name, ID: tenant.ID, Cloud: tenant.Cloud, Groups: slices.Concat([]string{}, tenant.Groups), Schedules: []string{}})
	}
	for _, schedule := range setup.schedules {
		tenant := &tenants[places[schedule.tenant.ID]]
		tenant.Schedules = append(tenant.Schedules, schedule.key)
		was, known := planned[[2]string{schedule.tenant.ID, schedule.key}]
		if !known {
			was = now
		}
		next := schedule.next(was)
		if next.IsZero() {
			continue
		}
		next = next.Add(schedule.delay(next)).UTC()
		if tenant.Next.IsZero() || next.Before(tenant.Next) {
			tenant.Next = next
		}
	}
	return tenants, nil
}

// Due is when a tenant, by its name, was to be scanned first after a time; zero where no schedule
// says so.
func (f *Fleet) Due(tenant string, after time.Time) (due time.Time) {
	for _, schedule := range f.setup.Load().named[tenant] {
		next := schedule.next(after)
		if !next.IsZero() && (due.IsZero() || next.Before(due)) {
			due = next
		}
	}
	return due
}

// Start asks for a scan of a tenant, by its name or id, for somebody. Where one is under way
// it returns that one, with ErrUnderWay; one that waits for its next try has it now.
func (f *Fleet) Start(ctx context.Context, tenant, by string) (Job, error) {
	of, err := f.setup.Load().tenant(tenant)
	if err != nil {
		return Job{}, err
	}
	id, isNew, err := f.store.insert(ctx, f.store.db, of, ByRequest, text(by), f.options.Now())
	if err != nil {
		return Job{}, err
	}
	if !isNew {
		hurried, err := f.store.hurry(ctx, of.ID)
		if err != nil {
			return Job{}, err
		}
		if hurried {
			f.dispatchNow(ctx)
		}
		job, err := f.store.underWay(ctx, of.ID)
		return job, errors.Join(err, ErrUnderWay)
	}
	f.dispatchNow(ctx)
	return f.store.job(ctx, id)
}

// dispatchNow does what the next tick does otherwise.
func (f *Fleet) dispatchNow(ctx context.Context) {
	if err := f.dispatch(ctx); err != nil {
		f.log.Warn("a scan that was asked for waits until it is planned", "error", err)
	}
}

// Jobs lists jobs, the latest first.
func (f *Fleet) Jobs(ctx context.Context, q Query) ([]Job, error) { return f.store.jobs(ctx, q) }

// Job returns a job by its id, or ErrNoJob.
func (f *Fleet) Job(ctx context.Context, id int64) (Job, error) { return f.store.job(ctx, id) }

// Log returns the log of a job.
func (f *Fleet) Log(ctx context.Context, id int64) ([]LogLine, error) { return f.store.lines(ctx, id) }
