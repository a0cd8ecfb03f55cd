package fleet

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Plan asks for the scans that are due at a time, and returns those that wait, which it ends.
func (f *Fleet) Plan(ctx context.Context, now time.Time) ([]Job, error) {
	if err := f.plan(ctx, now); err != nil {
		return nil, err
	}
	jobs, err := f.store.jobs(ctx, Query{State: Waiting, Limit: 1000})
	for _, job := range jobs {
		if _, err := f.store.db.ExecContext(ctx, f.store.db.SQL("UPDATE fleet_jobs SET state = 'done' WHERE id = ?"), job.ID); err != nil {
			return nil, err
		}
	}
	return jobs, err
}

// PlanOnly asks for the scans that are due at a time.
func (f *Fleet) PlanOnly(ctx context.Context, now time.Time) error { return f.plan(ctx, now) }

// Stick makes the queue one that doesn't end.
func (f *Fleet) Stick() { f.queue = stuck{f.queue} }

type stuck struct{ queue }

// Stop implements queue.
func (stuck) Stop(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// StopAndCancel implements queue.
func (s stuck) StopAndCancel(ctx context.Context) error {
	return errors.Join(s.queue.StopAndCancel(ctx), s.Stop(ctx))
}

// Tidy forgets what isn't kept.
func (f *Fleet) Tidy(ctx context.Context) { f.tidy(ctx) }

// Block keeps everybody else from writing to the database until the function that it returns
// is called.
func (f *Fleet) Block(ctx context.Context) (unblock func() error, err error) {
	tx, err := f.store.db.BeginTx(ctx, &sql.TxOptions{})
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE fleet_jobs SET error = error"); err != nil {
		return nil, err
	}
	return tx.Rollback, nil
}
