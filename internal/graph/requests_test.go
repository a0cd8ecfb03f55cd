package graph_test

import (
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/graph"
)

// TestNoRequestPerObject collects everything of a tenant and of one that has thousands of
// objects more. The second takes one request more for each page more, and neither takes
// more than a tenth above the least that would do.
func TestNoRequestPerObject(t *testing.T) {
	counts := map[string]int{
		"users": 3000, "groups": 2500, "servicePrincipals": 4000, "applications": 1500, "grants": 5000, "appRoleAssignments": 2200, "sites": 2100,
	}
	pages := map[string][2]int{ // the largest page, and how many objects the tenant has without the generated ones
		"users": {999, 26}, "sign_in_activity": {500, 26}, "mfa_registration": {100, 26}, "groups": {999, 6}, "service_principals": {999, 11},
		"applications": {999, 5}, "oauth2_permission_grants": {999, 3}, "app_role_assignments": {999, 30}, "sites": {999, 4},
	}
	generated := map[string]string{
		"users": "users", "sign_in_activity": "users", "mfa_registration": "users", "groups": "groups", "service_principals": "servicePrincipals",
		"applications": "applications", "oauth2_permission_grants": "grants", "app_role_assignments": "appRoleAssignments", "sites": "sites",
	}
	_, needed := requestsOf(t, nil)
	for kind, page := range pages {
		objects := page[1] + counts[generated[kind]]
		if kind == "app_role_assignments" {
			objects -= 2 // of other resources than Microsoft Graph
		}
		needed[kind] += (objects+page[0]-1)/page[0] - 1
	}
	sent, least := requestsOf(t, counts)
	for kind, want := range needed {
		if least[kind] != want {
			t.Errorf("%s needs at least %d requests, want %d", kind, least[kind], want)
		}
	}
	for kind, requests := range sent {
		if requests < least[kind] || float64(requests) > 1.1*float64(least[kind]) {
			t.Errorf("%s took %d requests, of which at least %d were needed", kind, requests, least[kind])
		}
	}
}

// requestsOf collects everything of the simulated tenant with so many objects more, and
// returns the requests of each kind and the least that would have done. Their sum is what
// reached the simulator.
func requestsOf(t *testing.T, counts map[string]int) (sent, needed map[string]int) {
	t.Helper()
	server, at, err := startSimulator(t.Context(), tenantSize{Counts: counts}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	clock := &virtualClock{now: time.Now()}
	manifest, err := at.collect(t.Context(), filepath.Join(t.TempDir(), "bundle"), collectors.Default("global"), clock.keep)
	if err != nil {
		t.Fatal(err)
	}
	sent, needed = map[string]int{}, map[string]int{}
	total, seen := 0, 0
	for _, entry := range manifest.Kinds {
		sent[entry.Kind], needed[entry.Kind] = entry.Requests, entry.Minimum
		total += entry.Requests
	}
	for request, n := range maps.All(server.Requests()) {
		if !strings.Contains(request, "/oauth2/") && !strings.Contains(request, "/.well-known/") && !strings.Contains(request, "/discovery/") {
			seen += n
		}
	}
	if total != seen {
		t.Errorf("the manifest counts %d requests, %d reached the service: %v", total, seen, manifest.Gaps)
	}
	return sent, needed
}

// TestABusyServiceIsReadCompletely: one that grants half of what is documented refuses
// requests now and then, and is asked again when it says.
func TestABusyServiceIsReadCompletely(t *testing.T) {
	start := time.Now()
	clock := &virtualClock{now: start}
	slow := func() time.Time { return start.Add(clock.read().Sub(start) / 2) }
	server, at, err := startSimulator(t.Context(), tenantSize{Counts: map[string]int{"users": 5000}}, slow)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	var mu sync.Mutex
	attempts, requests := 0, 0
	manifest, err := at.collect(t.Context(), filepath.Join(t.TempDir(), "bundle"), []string{"users", "mfa_registration", "consent_events"}, clock.keep, func(o *graph.Options) {
		o.Record = func(r evidence.Request) {
			mu.Lock()
			defer mu.Unlock()
			attempts, requests = attempts+r.Attempts, requests+1
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Gaps) > 0 {
		t.Errorf("gaps: %+v", manifest.Gaps)
	}
	if attempts <= requests {
		t.Errorf("%d attempts of %d requests: the service was never busy", attempts, requests)
	}
	t.Logf("%d requests, %d attempts, %s at most", requests, attempts, clock.read().Sub(start).Round(time.Second))
}
