package simulator_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/internal/simulator"
)

func generated(t *testing.T, name string, counts map[string]int) *visitor {
	t.Helper()
	tenant := load(t, domicile.Tenants(), name)
	if err := simulator.Generate(tenant, counts); err != nil {
		t.Fatal(err)
	}
	return visitTenant(t, tenant)
}

func TestGeneratedObjectsPageThroughOnce(t *testing.T) {
	counts := map[string]int{"users": 2500, "groups": 1200, "servicePrincipals": 1100, "grants": 3000, "sites": 1500, "applications": 1300, "appRoleAssignments": 2100}
	v := generated(t, "good", counts)
	again := generated(t, "good", counts)
	for path, want := range map[string]int{
		"users": 26 + 2500, "groups": 6 + 1200, "servicePrincipals": 11 + 1100, "reports/authenticationMethods/userRegistrationDetails": 26 + 2500, "oauth2PermissionGrants": 3 + 3000, "sites/getAllSites()": 4 + 1500,
		"applications": 5 + 1300, "servicePrincipals/50000000-0000-4000-8000-000000000001/appRoleAssignedTo": 30 + 2100,
	} {
		ids, pages := v.all("/v1.0/" + path + "?$top=999&$select=id")
		if len(ids) != want || pages != want/999+1 {
			t.Errorf("%s: %d objects on %d pages, want %d", path, len(ids), pages, want)
		}
		if same, _ := again.all("/v1.0/" + path + "?$top=500&$select=id"); !slices.Equal(same, ids) {
			t.Errorf("%s: equal counts gave other objects, or another order", path)
		}
		slices.Sort(ids)
		if n := len(slices.Compact(ids)); n != want {
			t.Errorf("%s: %d different ids of %d", path, n, want)
		}
	}
	if got := v.get("/v1.0/users?$count=true&$top=1", "ConsistencyLevel", "eventual"); got.body["@odata.count"] != float64(2526) {
		t.Errorf("@odata.count = %v", got.body["@odata.count"])
	}
}

func TestGeneratedObjectsAreWhole(t *testing.T) {
	v := generated(t, "good", map[string]int{"users": 50, "groups": 2, "servicePrincipals": 7, "grants": 20, "sites": 3})
	users, _ := v.all("/v1.0/users?$select=id")
	last := v.get("/v1.0/users/" + users[len(users)-1] + "?$select=displayName,userPrincipalName,userType,accountEnabled")
	if text(last.body["displayName"]) == "" || !strings.HasSuffix(text(last.body["userPrincipalName"]), "@contoso.onmicrosoft.com") || last.body["accountEnabled"] != true {
		t.Errorf("the last user by id: %d %s", last.status, last.raw)
	}
	apps, _ := v.all("/v1.0/servicePrincipals?$select=id")
	for _, grant := range v.get("/v1.0/oauth2PermissionGrants?$top=999").values(t)[3:] {
		if !slices.Contains(apps, text(grant["clientId"])) || !slices.Contains(users, text(grant["principalId"])) || grant["resourceId"] != "50000000-0000-4000-8000-000000000001" {
			t.Errorf("grant %v refers to nothing", grant)
		}
	}
	for _, site := range v.get("/v1.0/sites/getAllSites()").values(t) {
		collection, _ := site["siteCollection"].(map[string]any)
		if text(collection["dataLocationCode"]) == "" {
			t.Errorf("site %v of a multi-geo tenant has no location", site["id"])
		}
	}
	single := generated(t, "gcchigh", map[string]int{"sites": 1}).get("/v1.0/sites/getAllSites()").values(t)
	if collection, _ := single[1]["siteCollection"].(map[string]any); collection["dataLocationCode"] != nil {
		t.Errorf("site %v of a tenant without Multi-Geo has a location", single[1])
	}
}

func TestAMillionUsersTakeNoMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	v := generated(t, "good", map[string]int{"users": 1_000_000})
	page := v.get("/v1.0/users?$top=999&$select=id,displayName,userPrincipalName,accountEnabled")
	if n := len(page.values(t)); n != 999 {
		t.Fatalf("%d users on a page, want 999", n)
	}
	got := v.get("/v1.0/users/10000001-0000-4000-8000-" + fmt.Sprintf("%012x", 999_999))
	if got.status != 200 {
		t.Errorf("the last of them: %d %s", got.status, got.raw)
	}
	if got := v.get("/v1.0/users/10000001-0000-4000-8000-" + fmt.Sprintf("%012x", 1_000_000)); got.status != 404 {
		t.Errorf("the one after it: %d %s", got.status, got.raw)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

func TestGenerateRefusesWhatItDoesNotKnow(t *testing.T) {
	tenant := load(t, domicile.Tenants(), "good")
	for _, counts := range []map[string]int{{"devices": 1}, {"users": -1}} {
		if err := simulator.Generate(tenant, counts); err == nil || !strings.Contains(err.Error(), "appRoleAssignments, applications, grants, groups, servicePrincipals, sites, users") {
			t.Errorf("Generate(%v) error = %v", counts, err)
		}
	}
}
