package fleet

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
)

const (
	// maxAttempts is how often a scan is tried that fails, and maxBegun how often one is begun
	// whose workers disappear.
	maxAttempts, maxBegun = 3, 5
	// maxWait is how long one request may wait for a service that is busy.
	maxWait = 10 * time.Minute
)

// work makes the scan of a turn in the queue, by the configuration of now.
func (f *Fleet) work(ctx context.Context, of turn) {
	setup := f.setup.Load()
	run, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	c, until, claimed := f.claim(ctx, of)
	if !claimed {
		return
	}
	held := &hold{lose: lose, now: f.options.Now}
	held.extend(until)
	defer held.end()
	notes := &journal{progress: map[string]Progress{}}
	log := slog.New(slog.NewMultiHandler(f.log.With("job", c.ID, "tenant", c.Tenant, "attempt", c.Attempt).Handler(), handler{to: notes}))
	stop := f.stay(run, c, notes, held)
	log.Info("scan begins", "cause", string(c.Cause))
	scanning, seen := f.watch(run, c.Job)
	err := f.scan(scanning, setup, c, notes, held, seen, log)
	stop()
	if cause := context.Cause(run); err != nil && errors.Is(cause, errTaken) {
		err = cause
	}
	seen.end(outcomeOf(ctx, err))
	f.end(ctx, c, log, err)
	f.write(context.WithoutCancel(ctx), c, notes)
	f.tidyTenant(context.WithoutCancel(ctx), c.Tenant)
}

// claim begins the job of a turn, once the database answers, and says until when it is the
// worker's.
func (f *Fleet) claim(ctx context.Context, of turn) (claim, time.Time, bool) {
	for {
		until := f.options.Now().Add(f.options.Term) // before the database counts it
		c, claimed, err := f.store.claim(ctx, of, f.options.Name, f.options.Term, f.options.Now())
		if err == nil {
			return c, until, claimed
		}
		f.log.Error("beginning a scan", "job", of.job, "error", err)
		if sleep(ctx, f.options.Term/10) != nil {
			return c, until, false
		}
	}
}

// stay says for as long as the job runs that its worker is there, and what it has to tell.
// Where that can't be said for the length of the term, or the job is another's by now, the job
// is lost. stop ends it.
func (f *Fleet) stay(ctx context.Context, c claim, notes *journal, held *hold) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var staying sync.WaitGroup
	staying.Go(func() {
		tick := time.NewTicker(f.options.Term / 20)
		defer tick.Stop()
		for quiet := 0; ; quiet++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			lines, progress, changed := notes.take()
			if !changed && quiet < 5 {
				continue
			}
			quiet = 0
			until := f.options.Now().Add(f.options.Term)
			within, done := context.WithTimeout(ctx, f.options.Term/3)
			err := f.store.renew(within, c, f.options.Term, progress, lines)
			done()
			if err == nil {
				held.extend(until)
				continue
			}
			notes.putBack(lines)
			if errors.Is(err, errTaken) {
				held.lose(errTaken)
				return
			}
			if ctx.Err() == nil {
				f.log.Warn("the database doesn't take that a scan goes on", "job", c.ID, "error", err)
			}
		}
	})
	return func() {
		cancel()
		staying.Wait()
	}
}

// scan collects, judges and records the tenant of a job.
func (f *Fleet) scan(ctx context.Context, setup *setup, c claim, notes *journal, held *hold, seen watches, log *slog.Logger) error {
	if c.Attempt > maxBegun {
		return &finalError{fmt.Errorf("it was begun %d times, and its workers disappeared", maxBegun)}
	}
	tenant, err := setup.tenant(c.TenantID)
	if err != nil {
		return &finalError{err}
	}
	adopted := f.adopt(c, log)
	dir := f.path(c.folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	run, err := f.run(ctx, setup, tenant, dir, log)
	if err != nil {
		return err
	}
	run.Collection.Progress, run.Collection.Allow = notes.show, held.allow
	run.Collection.Notice = func(text string) { log.Info(text) }
	var result *findings.Result
	run.Written = func(written *findings.Result, _ []string) error {
		result = written
		return nil
	}
	run.Record = func(ctx context.Context, path string) error {
		if passing := passingGaps(result); len(passing) > 0 && c.Attempt < maxAttempts {
			err := fmt.Errorf("not everything could be read: %s", strings.Join(passing, ", "))
			return errors.Join(err, os.Remove(path)) // the next attempt's result counts
		}
		return f.record(ctx, c, path, log)
	}
	seen.over(ctx, &run)
	_, err = run.Scan(ctx)
	var collect *scan.CollectError
	if adopted && ctx.Err() == nil && errors.As(err, &collect) && !errors.As(err, new(*collectors.AuthError)) {
		log.Warn("what an interrupted scan left can't be gone on with; starting anew", "error", err)
		run.Collection.Resume = false
		_, err = run.Scan(ctx)
	}
	return err
}

// run is the scan of a tenant into a folder.
func (f *Fleet) run(ctx context.Context, setup *setup, tenant *config.Tenant, dir string, log *slog.Logger) (scan.Run, error) {
	pseudonyms, err := setup.pseudonyms(tenant)
	if err != nil {
		return scan.Run{}, &finalError{err}
	}
	of := judged{tenant: tenant, began: f.options.Now(), dir: dir, pseudonyms: pseudonyms}
	if pseudonyms != nil {
		of.fingerprint = pseudonyms.Fingerprint()
	} else if left, err := evidence.ReadInterrupted(filepath.Join(dir, scan.EvidenceFolder)); err == nil {
		of.began = left.Manifest.Started // it is gone on with
	}
	judging, err := f.judging(ctx, setup, of, log)
	if err != nil {
		return scan.Run{}, err
	}
	return scan.Run{Dir: dir, Judgement: judging.Judgement, Collection: scan.Collection{
		Tenant: tenant, Previous: judging.previous, Kinds: setup.set.Kinds(), MaxWait: maxWait, Resume: true,
		Key: setup.key, Trust: setup.trust, Require: setup.proof.Required, Pseudonyms: pseudonyms,
		Tool: setup.settings.Tool.Name + " " + setup.settings.Tool.Version, Now: f.options.Now, Getenv: f.options.Getenv, Prompt: io.Discard, Log: log,
	}}, nil
}

// record records a result and ends the job, both or neither: a worker whose job was given to
// another records nothing.
func (f *Fleet) record(ctx context.Context, c claim, path string, log *slog.Logger) error {
	entry, err := f.entry(path, c.Worker)
	if err != nil {
		return err
	}
	recorded, _, err := f.history.RecordWith(ctx, entry, func(tx *sql.Tx, scan history.Scan) error {
		return f.store.done(ctx, tx, c, scan.ID, scan.Exit, f.options.Now())
	})
	if err == nil {
		log.Info("scan is recorded", "scan", recorded.ID, "exit", recorded.Exit.Code, "violations", recorded.Violations)
	}
	return err
}

// entry is a result that was written, with the signature beside it, as somebody records it.
func (f *Fleet) entry(path, by string) (history.Entry, error) {
	document, err := os.ReadFile(path)
	if err != nil {
		return history.Entry{}, err
	}
	envelope, err := scan.ReadEnvelope(path)
	return history.Entry{Result: document, Envelope: envelope, By: by, Time: f.options.Now()}, err
}

// passingGaps are the kinds that weren't read for a reason that may pass.
func passingGaps(result *findings.Result) []string {
	passing := []string{string(evidence.Throttled), string(evidence.Unreachable), string(evidence.Timeout)}
	var kinds []string
	for _, gap := range result.Gaps {
		if slices.Contains(passing, gap.Reason) {
			kinds = append(kinds, gap.Kind+" ("+gap.Reason+")")
		}
	}
	return kinds
}

// finalError is an error that another attempt won't change.
type finalError struct{ err error }

func (e *finalError) Error() string { return e.err.Error() }

func (e *finalError) Unwrap() error { return e.err }

// end says what becomes of a job whose scan has ended. What was recorded is done already, and
// what is left in a folder that no job has any more is tidied up afterwards.
func (f *Fleet) end(ctx context.Context, c claim, log *slog.Logger, err error) {
	if err == nil {
		return
	}
	interrupted := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.options.Term)
	defer cancel()
	var say func() error
	wait, again := f.again(err, c.Attempt)
	switch {
	case errors.Is(err, errTaken):
		log.Warn("the scan was given to another worker; this one ends")
		return
	case interrupted:
		log.Info("the scan is interrupted, and goes on where another worker begins it")
		say = func() error { return f.store.giveBack(ctx, c) }
	case again:
		log.Warn("the scan failed, and is tried again", "in", wait, "error", err)
		say = func() error { return f.store.retry(ctx, c, err.Error(), wait) }
	default:
		log.Error("the scan failed", "error", err)
		state := Failed
		if errors.Is(err, ErrNoTenant) {
			state = Cancelled
		}
		say = func() error { return f.store.over(ctx, c, state, err.Error(), f.options.Now()) }
	}
	// Where the database is away, the job is taken back once its worker's term is over.
	for {
		err := say()
		if err == nil || errors.Is(err, errTaken) {
			return
		}
		log.Error("ending a scan", "error", err)
		if sleep(ctx, f.options.Term/10) != nil {
			return
		}
	}
}

// again says whether a scan that failed is tried once more, and when: soon where the cause may
// pass, later where the sign-in failed, which troubles people and may lock an account out, and
// never where somebody must mend something first.
func (f *Fleet) again(err error, attempt int) (wait time.Duration, again bool) {
	var collect *scan.CollectError
	var path *os.PathError
	switch wait = f.options.Pause << (2 * (attempt - 1)); {
	case attempt >= maxAttempts || errors.As(err, new(*finalError)):
		return 0, false
	case errors.As(err, new(*collectors.AuthError)):
		return 15 * wait, true
	case errors.As(err, &collect) && (!errors.As(err, &path) || os.IsNotExist(path)):
		return 0, false
	default:
		return wait, true
	}
}

// write writes what a job has to tell once it is over.
func (f *Fleet) write(ctx context.Context, c claim, notes *journal) {
	lines, _, _ := notes.take()
	for _, line := range lines {
		if err := f.store.log(ctx, f.store.db, c.ID, line); err != nil {
			f.log.Error("writing the log of a scan", "job", c.ID, "error", err)
			return
		}
	}
}
