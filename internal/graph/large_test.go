//go:build integration && linux && !race

package graph_test

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/graph"
)

// TestALargeTenantWithinTheLimits collects everything of a tenant with 110,469 service
// principals and 6,427 applications from services that enforce the documented limits, on a
// clock that passes only while domicile waits. Everything is complete and nothing is ever
// refused.
func TestALargeTenantWithinTheLimits(t *testing.T) {
	counts := map[string]int{
		"servicePrincipals": 110_469, "applications": 6_427, "grants": 150_000, "appRoleAssignments": 60_000,
		"users": 30_000, "groups": 20_000, "sites": 20_000,
	}
	began := time.Now()
	clock := &virtualClock{now: began}
	server, at, err := startSimulator(t.Context(), tenantSize{Counts: counts}, clock.read)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	var mu sync.Mutex
	var refused []evidence.Request
	manifest, err := at.collect(t.Context(), filepath.Join(t.TempDir(), "bundle"), collectors.Default("global"), clock.keep, func(o *graph.Options) {
		o.Record = func(r evidence.Request) {
			mu.Lock()
			defer mu.Unlock()
			if r.Attempts > 1 || r.Status == 429 {
				refused = append(refused, r)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	objects, requests, needed := 0, 0, 0
	for _, entry := range manifest.Kinds {
		objects, requests, needed = objects+entry.Objects, requests+entry.Requests, needed+entry.Minimum
		if !entry.Complete {
			t.Errorf("%s is incomplete", entry.Kind)
		}
	}
	principals, _ := manifest.Entry("service_principals")
	applications, _ := manifest.Entry("applications")
	if principals.Objects < counts["servicePrincipals"] || applications.Objects < counts["applications"] {
		t.Errorf("%d service principals and %d applications were read", principals.Objects, applications.Objects)
	}
	small := []string{}
	for _, gap := range manifest.Gaps {
		small = append(small, gap.Kind+" "+string(gap.Reason))
	}
	if len(small) > 0 {
		t.Errorf("gaps: %v", small)
	}
	if len(refused) > 0 {
		t.Errorf("%d requests were refused, such as %+v", len(refused), refused[0])
	}
	if float64(requests) > 1.1*float64(needed) {
		t.Errorf("%d requests were sent and %d needed", requests, needed)
	}
	t.Logf("%d objects with %d requests, of which at least %d were needed; waits of at most %s on the services' clock; %s in fact",
		objects, requests, needed, clock.read().Sub(began).Round(time.Second), time.Since(began).Round(time.Second))
	slices.SortFunc(manifest.Kinds, func(a, b evidence.Entry) int { return b.Requests - a.Requests })
	for _, entry := range manifest.Kinds[:8] {
		t.Logf("%s: %d objects, %d requests, at least %d needed", entry.Kind, entry.Objects, entry.Requests, entry.Minimum)
	}
}

// TestMemoryStaysFlatAtAMillion is TestMemoryStaysFlat for a million users.
func TestMemoryStaysFlatAtAMillion(t *testing.T) {
	if got := peak(t, 1_000_000); got > mostMemory {
		t.Errorf("collecting a million users took %d KiB, want at most %d", got, mostMemory)
	}
}

// TestCollectingCostsLittle holds the CPU of collecting to one and a half times that of the
// floor, and the allocations to two an object. Of several runs in turn the cheapest count:
// whatever else the machine does only adds.
func TestCollectingCostsLittle(t *testing.T) {
	for _, plain := range []bool{true, false} {
		t.Run(encoding(plain), func(t *testing.T) {
			at := simulate(t, tenantSize{map[string]int{"users": benchmarkUsers}, plain})
			client, token := at.client(t)
			defer client.CloseIdleConnections()
			dir := t.TempDir()
			collecting, floor, allocations := time.Hour, time.Hour, uint64(0)
			for range 7 {
				start, _ := spent()
				if _, err := at.floor(t.Context(), client, token, filepath.Join(dir, "users.ndjson")); err != nil {
					t.Fatal(err)
				}
				between, middle := spent()
				if _, err := at.collect(t.Context(), filepath.Join(dir, "bundle"), []string{"users"}); err != nil {
					t.Fatal(err)
				}
				after, end := spent()
				floor, collecting, allocations = min(floor, between-start), min(collecting, after-between), end-middle
			}
			ratio, each := float64(collecting)/float64(floor), float64(allocations)/benchmarkUsers
			t.Logf("collecting %s, floor %s: %.2f times; %.2f allocations an object", collecting, floor, ratio, each)
			if ratio > 1.5 || each > 2 {
				t.Errorf("collecting costs %.2f times the floor and %.2f allocations an object, want at most 1.5 and 2", ratio, each)
			}
		})
	}
}
