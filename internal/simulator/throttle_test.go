package simulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/internal/simulator"
)

// TestLimitsAreEnforced asks the audit log until its bucket of five is empty, and again
// once one token is back.
func TestLimitsAreEnforced(t *testing.T) {
	clock := present
	v := visitTenant(t, load(t, domicile.Tenants(), "good"), func(o *simulator.Options) {
		o.Throttle = func() time.Time { return clock }
	})
	const audits = "/v1.0/auditLogs/directoryAudits?$top=1"
	for i := range 5 {
		if got := v.get(audits); got.status != http.StatusOK {
			t.Fatalf("request %d: %d %s", i+1, got.status, got.raw)
		}
	}
	got := v.get(audits)
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "2" {
		t.Errorf("the sixth request: %d, Retry-After %q, want 429 and 2", got.status, got.header.Get("Retry-After"))
	}
	if got := v.get("/v1.0/users?$top=1"); got.status != http.StatusOK || got.header.Get("x-ms-resource-unit") != "1" {
		t.Errorf("another workload: %d, x-ms-resource-unit %q", got.status, got.header.Get("x-ms-resource-unit"))
	}
	clock = clock.Add(2 * time.Second)
	for i, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
		if got := v.get(audits); got.status != want {
			t.Errorf("request %d after two seconds: %d, want %d", i+1, got.status, want)
		}
	}
	const policies = "/v1.0/identity/conditionalAccess/policies"
	v.get(policies)
	if got := v.get(policies); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "" {
		t.Errorf("conditional access: %d, Retry-After %q, want 429 without", got.status, got.header.Get("Retry-After"))
	}
}
