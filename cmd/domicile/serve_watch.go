package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/metrics"
	"github.com/domicile-audit/domicile/internal/traces"
)

// tracesTime is how long the last spans of a process that ends have.
const tracesTime = 5 * time.Second

// watch prepares those who watch the scans: the metrics and, where the environment names a
// collector for them, the traces. done sends what of these wasn't sent yet.
func (a *app) watch(ctx context.Context, log *slog.Logger) (numbers *metrics.Metrics, all []fleet.Watcher, done func(), err error) {
	numbers = metrics.New(version, a.Now)
	opened, err := traces.Open(ctx, version, a.Getenv, log)
	if err != nil {
		return nil, nil, nil, usage(err)
	}
	if opened == nil {
		return numbers, []fleet.Watcher{numbers}, func() {}, nil
	}
	done = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tracesTime)
		defer cancel()
		opened.Close(ctx)
	}
	return numbers, []fleet.Watcher{numbers, opened}, done, nil
}
