package fleet

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

// queue shares jobs among the processes: River's client, which is of another type for each
// database.
type queue interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	InsertMany(ctx context.Context, params []river.InsertManyParams) ([]*rivertype.JobInsertResult, error)
}

// scanArgs is a turn in the queue. A turn is given out once, whatever becomes of it; who gives
// a job back, or takes it back, gives it its next turn.
type scanArgs struct {
	Job  int64 `json:"job" river:"unique"`
	Turn int64 `json:"turn" river:"unique"`
}

// Kind names the queue's jobs.
func (scanArgs) Kind() string { return "scan" }

// InsertOpts say that a turn is put into the queue once.
func (scanArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// longestScan is longer than any scan: River takes a job for lost after that time. Whose
// worker is gone is known long before, from the lease.
const longestScan = 30 * 24 * time.Hour

// openQueue prepares the queue in the database, and says how many jobs this process works at
// a time.
func (f *Fleet) openQueue(ctx context.Context, atATime int) (queue, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[scanArgs]) error {
		f.work(ctx, turn{job.Args.Job, job.Args.Turn})
		return nil
	}))
	config := &river.Config{
		ID: f.options.Name, Logger: slog.New(warnings{f.log.Handler()}), Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: atATime}},
		JobTimeout: -1, RescueStuckJobsAfter: longestScan,
	}
	if pool := f.store.db.Pool; pool != nil {
		return openRiver(ctx, riverpgxv5.New(pool), config)
	}
	return openRiver(ctx, riversqlite.New(f.store.db.DB), config)
}

func openRiver[Tx any](ctx context.Context, driver riverdriver.Driver[Tx], config *river.Config) (queue, error) {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: config.Logger})
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	return river.NewClient(driver, config)
}

// warnings leaves out what is logged below a warning.
type warnings struct{ slog.Handler }

// Enabled implements slog.Handler.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
