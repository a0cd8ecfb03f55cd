package web

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limits bounds how often a visitor may ask: each session and token for itself, and whoever
// is neither by where the request comes from.
type limits struct {
	now     func() time.Time
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	*rate.Limiter
	last time.Time
}

// maxBuckets is how many visitors are told apart at a time; those that asked least recently
// are forgotten first.
const maxBuckets = 10_000

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, buckets: map[string]*bucket{}}
}

func (l *limits) allow(who visitor, network string) bool {
	key, every, burst := who.key, rate.Limit(20), 100
	if key == "" {
		key, every, burst = "network "+network, rate.Limit(1), 60
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	of, known := l.buckets[key]
	if !known {
		if len(l.buckets) >= maxBuckets {
			l.forget(now)
		}
		of = &bucket{Limiter: rate.NewLimiter(every, burst)}
		l.buckets[key] = of
	}
	of.last = now
	return of.AllowN(now, 1)
}

// forget forgets whoever hasn't asked for two minutes, by when every bucket is full again,
// and everybody where that is nobody.
func (l *limits) forget(now time.Time) {
	for key, of := range l.buckets {
		if now.Sub(of.last) > 2*time.Minute {
			delete(l.buckets, key)
		}
	}
	if len(l.buckets) >= maxBuckets {
		clear(l.buckets)
	}
}
