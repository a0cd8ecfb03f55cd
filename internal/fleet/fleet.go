package fleet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/database"
)

// Options say where a fleet is kept and what it is run by.
type Options struct {
	// Data is the folder of the database, unless the configuration names one, and of evidence.
	Data string
	// Load reads the configuration: when the fleet is opened, and whenever it is to be reread.
	Load func() (*config.Config, error)
	Tool findings.Tool
	// Name names the process among others; it is made up from the machine's name when empty.
	Name string
	// Drain is how long scans may go on once the fleet is to end; then they are interrupted, and
	// another process goes on with them.
	Drain time.Duration
	// Term is for how long a worker that says nothing is taken to be there; 45 seconds when
	// zero.
	Term time.Duration
	// Pause is how long a scan waits for its second attempt, a minute when zero; it waits longer
	// for its third.
	Pause time.Duration
	// Watchers are told what the scans do.
	Watchers []Watcher
	Now      func() time.Time
	Getenv   func(string) string
	Log      *slog.Logger
}

// defaultTerm lets the jobs of a worker that is gone be taken over within a minute.
const defaultTerm = 45 * time.Second

// Fleet is what one process has of all tenants and their scans. Several processes may have the
// same database: each plans where no other does, and works where no other works.
type Fleet struct {
	options Options
	address string
	log     *slog.Logger
	setup   atomic.Pointer[setup]
	store   store
	history *history.Store
	queue   queue
	// fetched are the turns that were taken from the queue by the last tick and not begun.
	fetched map[turn]bool
	// foreign are folders of evidence whose results aren't in the history.
	foreign sync.Map
}

// DatabaseFile is the database's file in the data folder, where the configuration names none.
const DatabaseFile = "domicile.db"

// Open reads the configuration and opens the database, which it makes where there is none.
func Open(ctx context.Context, o Options) (*Fleet, error) {
	if o.Term == 0 {
		o.Term = defaultTerm
	}
	if o.Pause == 0 {
		o.Pause = time.Minute
	}
	if o.Name == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, err
		}
		o.Name = fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:6])
	}
	f := &Fleet{options: o, log: o.Log.With("worker", o.Name)}
	cfg, err := o.Load()
	if err != nil {
		return nil, err
	}
	setup, err := newSetup(ctx, cfg, o.Tool, o.Getenv)
	if err != nil {
		return nil, err
	}
	for _, err := range cfg.Refused {
		f.log.Error("a tenant is left out", "error", err)
	}
	f.use(setup)
	if f.address, err = Address(cfg, f.options.Data, f.options.Getenv); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(o.Data, evidenceFolder), 0o700); err != nil {
		return nil, fmt.Errorf("creating the data folder: %w", err)
	}
	if f.history, err = history.OpenOrCreate(ctx, f.address); err != nil {
		return nil, err
	}
	f.store = store{f.history.Database()}
	if err := f.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing the database %s: %w", database.Shown(f.address), err), f.history.Close())
	}
	return f, nil
}

// Address is where a configuration has its database: in the data folder where it names none. getenv
// looks up the environment.
func Address(cfg *config.Config, data string, getenv func(string) string) (string, error) {
	if database.HasPassword(cfg.Serve.Database) {
		return "", errors.New("serve.database: a password doesn't belong in the configuration; put the address into a variable of the environment, and write env: and its name")
	}
	address, err := cfg.DatabaseAddress(getenv)
	if address == "" {
		address = filepath.Join(data, DatabaseFile)
	}
	return address, err
}

// prepare brings the tables to what this program knows, one process at a time.
func (f *Fleet) prepare(ctx context.Context) error {
	if err := f.store.db.Migrate(ctx, database.Migrations{Table: "fleet_migrations", Files: migrations}, true); err != nil {
		return err
	}
	for waits := false; ; waits = true {
		mine, err := f.store.acquire(ctx, "migration", f.options.Name, f.options.Term)
		if err != nil {
			return err
		}
		if mine {
			break
		}
		if !waits {
			f.log.Info("waiting for another process that prepares the database, or was killed while it did", "at_most", f.options.Term)
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	var err error
	f.queue, err = f.openQueue(ctx, f.setup.Load().config.Serve.AtATime())
	return errors.Join(err, f.store.release(ctx, "migration", f.options.Name))
}

// Close closes the database.
func (f *Fleet) Close() error { return f.history.Close() }

// History is where the results are.
func (f *Fleet) History() *history.Store { return f.history }

// refusals is how many tenants an error or a line of the log names.
const refusals = 20

// Reload reads the configuration anew, and gives it to somebody else who goes by it. One that
// is wrong, also in a single tenant, or that is refused there, is refused, and the one before goes
// on; scans that are running end by the one that they began with.
func (f *Fleet) Reload(ctx context.Context, also func(*config.Config) error) error {
	cfg, err := f.options.Load()
	if err != nil {
		return err
	}
	next, err := newSetup(ctx, cfg, f.options.Tool, f.options.Getenv)
	if err != nil {
		return err
	}
	if err := cfg.Refusal(refusals); err != nil {
		return err
	}
	if address, err := Address(cfg, f.options.Data, f.options.Getenv); err != nil || address != f.address {
		return errors.Join(err, errDatabase)
	}
	if err := also(cfg); err != nil {
		return err
	}
	f.use(next)
	return nil
}

// use goes by a setup from now on. It says how many tenants that has and which of those before are
// gone: a configuration that was read half-written may be in order.
func (f *Fleet) use(next *setup) {
	before := f.setup.Swap(next)
	f.log.Info("these tenants are watched", "tenants", len(next.config.Tenants), "schedules", len(next.config.Serve.Schedules))
	if len(next.config.Tenants) == 0 {
		f.log.Warn("the configuration has no tenants")
	}
	if before == nil {
		return
	}
	left := map[string]bool{}
	for _, tenant := range next.config.Tenants {
		left[tenant.ID] = true
	}
	var gone []string
	for _, tenant := range before.config.Tenants {
		if !left[tenant.ID] {
			gone = append(gone, tenant.Name)
		}
	}
	if len(gone) > 0 {
		f.log.Warn("tenants are in the configuration no longer", "gone", len(gone), "names", strings.Join(gone[:min(len(gone), refusals)], ", "))
	}
}

// Run plans and scans until the context ends, and then lets what is running go on for as long
// as Options.Drain says.
func (f *Fleet) Run(ctx context.Context) error {
	if err := f.queue.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	f.tidy(ctx)
	tick := time.NewTicker(f.options.Term / 9)
	defer tick.Stop()
	daily := time.NewTicker(24 * time.Hour)
	defer daily.Stop()
	for {
		if err := f.tick(ctx); err != nil && ctx.Err() == nil {
			f.log.Error("planning", "error", err)
		}
		select {
		case <-ctx.Done():
			return f.drain(context.WithoutCancel(ctx))
		case <-daily.C:
			f.tidy(ctx)
		case <-tick.C:
		}
	}
}

// drain ends the scans that are running.
func (f *Fleet) drain(ctx context.Context) error {
	f.log.Info("ending: no further scan is begun, and those that are running have time", "drain", f.options.Drain)
	soft, cancel := context.WithTimeout(ctx, f.options.Drain)
	defer cancel()
	err := f.queue.Stop(soft)
	if errors.Is(err, context.DeadlineExceeded) {
		f.log.Warn("interrupting the scans that are running; they go on where another process begins them")
		hard, cancel := context.WithTimeout(ctx, f.options.Term)
		defer cancel()
		if err = f.queue.StopAndCancel(hard); errors.Is(err, context.DeadlineExceeded) {
			f.log.Warn("the queue has not ended; what was running is taken back from this process as from one that was killed")
			err = nil
		}
	}
	within, cancel := context.WithTimeout(ctx, f.options.Term)
	defer cancel()
	return errors.Join(err, f.store.release(within, planning, f.options.Name))
}

// sleep waits, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Ready says why nothing can be scanned now: the database doesn't answer, or nobody plans. It says
// nothing of where the database is, as everybody may ask; the log does.
func (f *Fleet) Ready(ctx context.Context) error {
	left, err := f.store.held(ctx, planning)
	switch {
	case err != nil:
		f.log.Error("asking the database whether it answers", "error", err)
		return errors.New("the database doesn't answer")
	case left < -f.options.Term:
		return errors.New("nobody has planned for a while")
	default:
		return nil
	}
}

// Evidence is the folder of the bundle that a recorded scan rests on; empty where this process
// doesn't have it, or no longer.
func (f *Fleet) Evidence(ctx context.Context, of history.Scan) (string, error) {
	folder, err := f.store.folder(ctx, of.ID)
	if err != nil || folder == "" {
		return "", err
	}
	path := f.bundle(folder)
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return "", err
	}
	return path, nil
}
