package graph_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/graph"
)

// TestDocumentedLimitsAreKept reads the audit log, of which five requests in ten seconds
// are answered, conditional access, of which one a second is, and users, who cost units.
func TestDocumentedLimitsAreKept(t *testing.T) {
	const second = time.Second
	tests := []struct {
		path     string
		requests int
		sleeps   []time.Duration
	}{
		{"auditLogs/directoryAudits", 5, nil},
		{"auditLogs/directoryAudits", 12, []time.Duration{10 * second, 10 * second}},
		{"identity/conditionalAccess/policies", 3, []time.Duration{second, second}},
		{"security/secureScores", 151, []time.Duration{60 * second}},
		{"groups/g/transitiveMembers", 701, []time.Duration{10 * second}}, // 5 units each of 3,500
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			f := newFake(t)
			f.answers(says(http.StatusOK, `{}`))
			client := f.connect(t)
			for range tt.requests {
				if _, err := client.Get(t.Context(), graphPath(tt.path)); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(f.sleeps, tt.sleeps) {
				t.Errorf("waited %v for %d requests, want %v", f.sleeps, tt.requests, tt.sleeps)
			}
		})
	}
}

// TestTheServiceSaysWhatARequestCosts, which counts instead of the documented cost.
func TestTheServiceSaysWhatARequestCosts(t *testing.T) {
	f := newFake(t)
	f.answers(says(http.StatusOK, `{}`, "x-ms-resource-unit", "1000"))
	client := f.connect(t)
	for range 5 {
		if _, err := client.Get(t.Context(), graphPath("organization")); err != nil {
			t.Fatal(err)
		}
	}
	if want := []time.Duration{10 * time.Second}; !slices.Equal(f.sleeps, want) {
		t.Errorf("waited %v, want %v: four requests have used 4,000 of 3,500 units", f.sleeps, want)
	}
}

// TestACostThatCantBe is not believed: nobody would wait for what it asks.
func TestACostThatCantBe(t *testing.T) {
	for _, units := range []string{"3501", "2147483647", "99999999999999999999", "-5", "0", "1e3", "many", ""} {
		f := newFake(t)
		f.answers(says(http.StatusOK, `{}`, "x-ms-resource-unit", units))
		client := f.connect(t)
		for range 3 {
			if _, err := client.Get(t.Context(), graphPath("organization")); err != nil {
				t.Fatal(err)
			}
		}
		if len(f.sleeps) > 0 {
			t.Errorf("a cost of %q units led to waits of %v", units, f.sleeps)
		}
	}
}

// TestAPauseIsKeptByTheWholeWorkload, and by no other.
func TestAPauseIsKeptByTheWholeWorkload(t *testing.T) {
	f := newFake(t)
	asleep, wake := make(chan time.Duration, 2), make(chan struct{})
	var once sync.Once
	f.api = func(w http.ResponseWriter, r *http.Request) {
		status, after := http.StatusOK, ""
		once.Do(func() { status, after = http.StatusTooManyRequests, "30" })
		says(status, `{}`, "Retry-After", after)(w, r)
	}
	client := f.connect(t, func(o *graph.Options) {
		o.Sleep = func(_ context.Context, d time.Duration) error {
			asleep <- d
			<-wake
			return nil
		}
	})
	var group sync.WaitGroup
	get := func(path string) {
		group.Go(func() {
			if _, err := client.Get(t.Context(), graphPath(path)); err != nil {
				t.Errorf("Get(%s) = %v", path, err)
			}
		})
	}
	get("users")
	if d := <-asleep; d != 30*time.Second {
		t.Errorf("the refused request waits %v, want 30s", d)
	}
	get("groups")
	if d := <-asleep; d != 30*time.Second {
		t.Errorf("another request of the workload waits %v, want 30s", d)
	}
	for _, request := range []collectors.Request{graphPath("auditLogs/directoryAudits"), {API: collectors.ARM, Path: "subscriptions"}} {
		if _, err := client.Get(t.Context(), request); err != nil {
			t.Errorf("another workload: Get(%s) = %v", request.Path, err)
		}
	}
	close(wake)
	group.Wait()
	if len(f.calls) != 5 {
		t.Errorf("%d requests were sent, want 5: one twice and three once", len(f.calls))
	}
}

// TestAPauseThatIsTooLongIsAskedForOnce: the other requests of the workload are refused
// without being sent.
func TestAPauseThatIsTooLongIsAskedForOnce(t *testing.T) {
	f := newFake(t)
	f.answers(says(http.StatusTooManyRequests, odata("TooManyRequests", "Slow down."), "Retry-After", "3600"))
	client := f.connect(t)
	for _, path := range []string{"users", "groups"} {
		_, err := client.Get(t.Context(), graphPath(path))
		var refusal *collectors.RefusalError
		if !errors.As(err, &refusal) || refusal.Reason != evidence.Throttled {
			t.Errorf("Get(%s) = %v, want throttled", path, err)
		}
	}
	if len(f.calls) != 1 || len(f.record) != 1 || len(f.sleeps) != 0 {
		t.Errorf("%d requests were sent, %d recorded, after waiting %v; want one and no wait", len(f.calls), len(f.record), f.sleeps)
	}
}

// TestRequestsUnderWayAdapt: two at first, one more with each round that is answered, half
// of them after a round in which the service was busy, and never none.
func TestRequestsUnderWayAdapt(t *testing.T) {
	const ok, busy, unavailable = http.StatusOK, http.StatusTooManyRequests, http.StatusServiceUnavailable
	got := graph.UnderWay("users", ok, ok, ok, busy, ok, unavailable, busy, busy, ok, ok)
	if want := []int{2, 3, 4, 5, 2, 3, 1, 1, 1, 2}; !slices.Equal(got, want) {
		t.Errorf("%v requests were under way in the rounds, want %v", got, want)
	}
	if got := slices.Max(graph.UnderWay("users", slices.Repeat([]int{ok}, 40)...)); got != 16 {
		t.Errorf("at most %d requests were under way, want 16", got)
	}
	if got := slices.Max(graph.UnderWay("security/secureScores", slices.Repeat([]int{ok}, 40)...)); got != 4 {
		t.Errorf("at most %d requests for secure scores were under way, want the documented 4", got)
	}
}
