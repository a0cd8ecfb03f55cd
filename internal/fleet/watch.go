package fleet

import (
	"context"
	"errors"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/internal/graph"
	"github.com/domicile-audit/domicile/internal/scan"
)

// Watcher is told what the scans of this process do, for metrics and traces.
type Watcher interface {
	// Watch is told that a scan begins. The context that it returns is the scan's.
	Watch(ctx context.Context, job Job) (context.Context, Watch)
}

// Watch is told what one scan does. Its methods may be called by several goroutines at a time.
type Watch interface {
	// Reading is told that the reading of a kind begins; the context that it returns is that of
	// its requests.
	Reading(ctx context.Context, kind string) context.Context
	// Request is told of each attempt of a request.
	Request(ctx context.Context, attempt graph.Attempt)
	// Progress is told how far the reading of a kind has come.
	Progress(progress collectors.Progress)
	// Step is told that a step begins, and what it returns that it has ended.
	Step(ctx context.Context, step Step) (ended func())
	// End is told how it ended. What was under way has ended too.
	End(outcome Outcome)
}

// Step is a step of a scan besides the reading.
type Step string

// The steps.
const (
	Judging   Step = "judge"
	Recording Step = "record"
)

// Outcome is how an attempt of a scan ended.
type Outcome string

// The outcomes. One that failed may be tried again; one that was interrupted, or that was taken
// over after its worker couldn't say that it is there, goes on elsewhere.
const (
	Recorded    Outcome = "recorded"
	Broken      Outcome = "failed"
	Interrupted Outcome = "interrupted"
	TakenOver   Outcome = "taken_over"
)

// Outcomes lists every outcome.
func Outcomes() []Outcome { return []Outcome{Recorded, Broken, Interrupted, TakenOver} }

func outcomeOf(ctx context.Context, err error) Outcome {
	switch {
	case err == nil:
		return Recorded
	case errors.Is(err, errTaken):
		return TakenOver
	case ctx.Err() != nil:
		return Interrupted
	default:
		return Broken
	}
}

// watches are all who watch one scan.
type watches []Watch

// watch tells the watchers that a scan begins.
func (f *Fleet) watch(ctx context.Context, job Job) (context.Context, watches) {
	var all watches
	for _, watcher := range f.options.Watchers {
		var one Watch
		ctx, one = watcher.Watch(ctx, job)
		all = append(all, one)
	}
	return ctx, all
}

// over lets a scan tell those who watch it.
func (w watches) over(ctx context.Context, run *scan.Run) {
	if len(w) == 0 {
		return
	}
	show, record := run.Collection.Progress, run.Record
	run.Collection.Progress = func(progress collectors.Progress) {
		show(progress)
		for _, one := range w {
			one.Progress(progress)
		}
	}
	run.Collection.Reading = func(ctx context.Context, kind string) context.Context {
		for _, one := range w {
			ctx = one.Reading(ctx, kind)
		}
		return ctx
	}
	run.Collection.Observe = func(ctx context.Context, attempt graph.Attempt) {
		for _, one := range w {
			one.Request(ctx, attempt)
		}
	}
	run.Judging = func() func() { return w.step(ctx, Judging) }
	run.Record = func(ctx context.Context, path string) error {
		defer w.step(ctx, Recording)()
		return record(ctx, path)
	}
}

func (w watches) step(ctx context.Context, step Step) (ended func()) {
	var all []func()
	for _, one := range w {
		all = append(all, one.Step(ctx, step))
	}
	return func() {
		for _, end := range all {
			end()
		}
	}
}

func (w watches) end(outcome Outcome) {
	for _, one := range w {
		one.End(outcome)
	}
}
