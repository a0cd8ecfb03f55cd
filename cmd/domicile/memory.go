package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// The garbage collector's pace. Reading and compiling the rules makes much garbage and little
// that lives, so that collecting it at twice what lives, as Go does by itself, is half of the
// work of a small scan; judging has tables and rules that live on while pages come and go.
const (
	startGC   = 400      // percent, until a command knows better
	judgeHeap = 48 << 20 // bytes
	leastGC   = 50       // percent, where what lives is larger than that
)

// pace lets the heap grow to a size in bytes before it is collected, and by half of what lives
// where that is more, until the function is called that it returns.
func pace(size uint64) (stop func()) {
	before := debug.SetGCPercent(percentOf(size))
	var stopped atomic.Bool
	// A finalizer runs after each collection, which is when what lives is known anew.
	type cycle struct{ again func(*cycle) }
	again := func(c *cycle) {
		if !stopped.Load() {
			debug.SetGCPercent(percentOf(size))
			runtime.SetFinalizer(&cycle{c.again}, c.again)
		}
	}
	runtime.SetFinalizer(&cycle{again}, again)
	return func() {
		stopped.Store(true)
		debug.SetGCPercent(before)
	}
}

// percentOf is by how much of what lives now the heap may grow.
func percentOf(size uint64) int {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	lives := max(live[0].Value.Uint64(), 1<<20)
	most := min(size/(lives/100), 1000) // per cent of what lives
	return max(int(most)-100, leastGC)
}
