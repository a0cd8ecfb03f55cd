package fleet

import (
	"context"
	"sync"
	"time"
)

// hold is a worker's hold on its job: until a time that the worker moves as long as the
// database hears of it. After that the job may be another's, and is lost. A worker that was
// paused finds so before it makes another request.
type hold struct {
	lose context.CancelCauseFunc
	now  func() time.Time

	mu    sync.Mutex
	until time.Time
	timer *time.Timer
}

// extend moves the time until which the job is the worker's.
func (h *hold) extend(until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stop()
	h.until = until
	h.timer = time.AfterFunc(until.Sub(h.now()), func() { h.lose(errTaken) })
}

// allow says whether the job is still the worker's.
func (h *hold) allow() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now().Before(h.until) {
		return nil
	}
	h.lose(errTaken)
	return errTaken
}

// end lets go.
func (h *hold) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stop()
}

func (h *hold) stop() {
	if h.timer != nil {
		h.timer.Stop()
	}
}
