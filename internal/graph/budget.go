package graph

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/domicile-audit/domicile/internal/limits"
)

// The number of requests of one workload that are under way at a time: it starts at
// firstConcurrent, grows by one for each round of answers, and halves when the service is
// busy.
const (
	firstConcurrent = 2
	mostConcurrent  = 16
	// nearLimit is the use of the limit from which Graph tells of it; then it is no time to
	// ask for more (x-ms-throttle-limit-percentage).
	nearLimit = 0.8
)

// budget keeps the requests of a client, which is one application in one tenant, within
// the documented limits. Each workload has its own pace, so that one that is busy holds
// nobody else up.
type budget struct {
	opts *Options

	mu    sync.Mutex
	paces map[*limits.Workload]*pace
	// reached is the latest time that was waited for: a clock that stands still doesn't
	// make a wait endless.
	reached time.Time
}

func newBudget(opts *Options) *budget {
	return &budget{opts: opts, paces: map[*limits.Workload]*pace{}}
}

// pace is the state of one workload. It is guarded by the budget's mutex.
type pace struct {
	workload *limits.Workload
	sent     []*sent
	// until is when the workload may be asked again.
	until time.Time
	// under is how many requests are under way, allowed how many may be.
	under   int
	allowed float64
	// halved is how often allowed was halved. The refusals of one round halve it once.
	halved int
	// changed is closed when a request has ended.
	changed chan struct{}
}

// sent is a request that counts against the limits.
type sent struct {
	at    time.Time
	units int
}

// ticket is the right to send one attempt of a request; it must be given back.
type ticket struct {
	budget *budget
	pace   *pace
	sent   *sent
	halved int
}

// take waits until a request may be sent. What the service asked the whole workload to
// wait for counts against the request's patience, and ends it where it is longer: then
// there is no ticket. Waits for the documented limits are domicile's own and count for
// nothing.
func (b *budget) take(ctx context.Context, patience *retry, workload *limits.Workload, units int) (*ticket, error) {
	for {
		b.mu.Lock()
		p, now := b.pace(workload), b.now()
		pause, room := p.until.Sub(now), p.room(now, units)
		switch {
		case pause > 0:
			b.mu.Unlock()
			if !patience.bears(pause) {
				return nil, nil //nolint:nilnil // no ticket is an answer of its own
			}
			if err := patience.wait(ctx, pause); err != nil {
				return nil, err
			}
		case p.under >= int(p.allowed):
			changed := p.changed
			b.mu.Unlock()
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-changed:
			}
		case room > 0:
			b.mu.Unlock()
			b.tell(ctx, "waiting for the documented limit", workload, room)
			if err := b.wait(ctx, room); err != nil {
				return nil, err
			}
		default:
			current := &sent{now, units}
			p.sent = append(p.sent, current)
			p.under++
			b.mu.Unlock()
			return &ticket{b, p, current, p.halved}, nil
		}
	}
}

// give gives a ticket back after an attempt, with the status and the header of its answer,
// if it had one. A pause that the service asked for is kept by the whole workload.
func (t *ticket) give(got reply, pause time.Duration) {
	t.budget.mu.Lock()
	defer t.budget.mu.Unlock()
	p := t.pace
	p.under--
	switch {
	case busy(got.status):
		if t.halved == p.halved {
			p.allowed = max(p.allowed/2, 1)
			p.halved++
		}
	case got.status != 0 && !near(got.header):
		p.allowed = min(p.allowed+1/math.Floor(p.allowed), p.most())
	}
	if until := t.budget.now().Add(pause); pause > 0 && until.After(p.until) {
		p.until = until
	}
	if units, err := strconv.Atoi(got.header.Get("x-ms-resource-unit")); err == nil && units > 0 && p.fits(units) {
		t.sent.units = units
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// near says whether an answer tells that the limit is nearly reached.
func near(header http.Header) bool {
	use, err := strconv.ParseFloat(strings.TrimSpace(header.Get("x-ms-throttle-limit-percentage")), 64)
	return err == nil && use >= nearLimit
}

// pace returns the state of a workload.
func (b *budget) pace(workload *limits.Workload) *pace {
	p := b.paces[workload]
	if p == nil {
		p = &pace{workload: workload, allowed: firstConcurrent, changed: make(chan struct{})}
		b.paces[workload] = p
	}
	return p
}

func (p *pace) most() float64 {
	if p.workload.Concurrent > 0 {
		return float64(p.workload.Concurrent)
	}
	return mostConcurrent
}

// fits says whether a request can cost so many units: one that costs more than a limit allows
// would never be answered, so that who says it did is wrong.
func (p *pace) fits(units int) bool {
	return !slices.ContainsFunc(p.workload.Limits, func(limit limits.Limit) bool { return units > limit.Units })
}

// room returns how long to wait until the units fit into every limit of the workload: no
// period of a limit's length may hold more than it allows, wherever the period begins.
// Such requests pass a service that counts in fixed periods as well as one that fills a
// bucket.
func (p *pace) room(now time.Time, units int) time.Duration {
	longest, wait := time.Duration(0), time.Duration(0)
	for _, limit := range p.workload.Limits {
		longest = max(longest, limit.Per)
		free := limit.Units - units
		for i := len(p.sent) - 1; i >= 0; i-- {
			left := limit.Per - now.Sub(p.sent[i].at)
			if left <= 0 {
				break
			}
			if free -= p.sent[i].units; free < 0 {
				wait = max(wait, left)
				break
			}
		}
	}
	gone := 0
	for gone < len(p.sent) && now.Sub(p.sent[gone].at) >= longest {
		gone++
	}
	p.sent = p.sent[gone:]
	return wait
}

// now is the client's clock, which never goes behind what was waited for.
func (b *budget) now() time.Time {
	if now := b.opts.Now(); now.After(b.reached) {
		return now
	}
	return b.reached
}

// wait sleeps on the client's clock, or returns the context's error.
func (b *budget) wait(ctx context.Context, d time.Duration) error {
	b.mu.Lock()
	until := b.now().Add(d)
	b.mu.Unlock()
	err := b.opts.Sleep(ctx, d)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil && until.After(b.reached) {
		b.reached = until
	}
	return err
}

// tell logs a wait. One that is long is told at once: nothing else would say why the
// program stands still.
func (b *budget) tell(ctx context.Context, what string, workload *limits.Workload, wait time.Duration) {
	level := slog.LevelDebug
	if wait >= longWait {
		level = slog.LevelWarn
	}
	b.opts.Log.Log(ctx, level, what, "workload", workload.Name, "duration", wait)
}
