package simulator

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/domicile-audit/domicile/internal/limits"
)

// throttle enforces the documented limits of each workload, as Microsoft says that its
// services do it: a bucket of tokens that fills steadily, from which each request takes
// what it costs.
type throttle struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[*limits.Workload][]tokens
}

// tokens is what is left in the bucket of one limit, and of when that is.
type tokens struct {
	left float64
	at   time.Time
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, buckets: map[*limits.Workload][]tokens{}}
}

// admit takes the units of a request from every bucket of its workload. Where one of them
// doesn't hold enough it takes none, and says how long that will last.
func (t *throttle) admit(workload *limits.Workload, units int) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	buckets := t.buckets[workload]
	if buckets == nil {
		for _, limit := range workload.Limits {
			buckets = append(buckets, tokens{float64(limit.Units), now})
		}
		t.buckets[workload] = buckets
	}
	for i, limit := range workload.Limits {
		each := float64(limit.Per) / float64(limit.Units)
		b := &buckets[i]
		b.left = min(b.left+float64(now.Sub(b.at))/each, float64(limit.Units))
		b.at = now
		if lack := float64(units) - b.left; lack > rounding {
			wait = max(wait, time.Duration(lack*each))
		}
	}
	if wait > 0 {
		return wait
	}
	for i := range buckets {
		buckets[i].left -= float64(units)
	}
	return 0
}

// rounding is what the sums of fractions may be off by.
const rounding = 1e-6

// throttled answers 429 where the request goes beyond the documented limits, in the shape
// that refuse gives it.
func (c *call) throttled(refuse func(status int, code, message string)) bool {
	if c.server.throttle == nil {
		return false
	}
	api, path := splitAPI(c.path)
	workload, units := limits.Of(api, path+"?"+c.r.URL.RawQuery)
	wait := c.server.throttle.admit(workload, units)
	if workload.Options {
		c.out.header.Set("x-ms-resource-unit", strconv.Itoa(units))
	}
	if wait == 0 {
		return false
	}
	refuse(http.StatusTooManyRequests, "TooManyRequests", "Too many requests of "+workload.Name+".")
	if !workload.Silent {
		c.out.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	return true
}

// splitAPI splits a canonical path into the API and the path relative to its root.
func splitAPI(path string) (api, rest string) {
	api, rest, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if api == "v1.0" || api == "beta" {
		api = "graph"
	}
	return api, rest
}
