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

	"github.com/domicile-audit/domicile/internal/database"
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

// openQueue prepares the queue in a database. work is called for each turn, for as many as
// atATime at once.
func openQueue(ctx context.Context, db *database.DB, atATime int, log *slog.Logger, work func(context.Context, turn)) (queue, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[scanArgs]) error {
		work(ctx, turn{job.Args.Job, job.Args.Turn})
		return nil
	}))
	config := &river.Config{
		Logger: log, Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: atATime}},
		JobTimeout: -1, RescueStuckJobsAfter: longestScan,
	}
	if db.Pool != nil {
		return openRiver(ctx, riverpgxv5.New(db.Pool), config)
	}
	return openRiver(ctx, riversqlite.New(db.DB), config)
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
