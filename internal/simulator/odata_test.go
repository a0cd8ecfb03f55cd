package simulator_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// all follows the pages of a collection and returns the ids in their order.
func (v *visitor) all(path string) (ids []string, pages int) {
	v.t.Helper()
	for next := path; next != ""; pages++ {
		got := v.get(next)
		for _, o := range got.values(v.t) {
			ids = append(ids, text(o["id"]))
		}
		next = text(got.body["@odata.nextLink"])
		if next != "" && !strings.HasPrefix(next, v.URL()+"/") {
			v.t.Fatalf("nextLink %s leads elsewhere", next)
		}
	}
	return ids, pages
}

func TestPagingReachesEveryObjectOnce(t *testing.T) {
	v := visit(t, "good")
	whole, pages := v.all("/v1.0/users?$top=999")
	if len(whole) != 26 || pages != 1 {
		t.Fatalf("%d users on %d pages, want 26 on 1", len(whole), pages)
	}
	paged, pages := v.all("/v1.0/users?$top=4&$select=id,userPrincipalName")
	if !slices.Equal(paged, whole) || pages != 7 {
		t.Errorf("by four: %v on %d pages, want %v on 7", paged, pages, whole)
	}
	skus, _ := v.all("/v1.0/subscribedSkus?$top=1")
	if len(skus) != 3 {
		t.Errorf("subscribedSkus knows no $top and gives %d of 3", len(skus))
	}
}

func TestNextLinkKeepsTheQueryAndHidesItsPlace(t *testing.T) {
	v := visit(t, "good")
	got := v.get("/v1.0/users?$top=3&$select=displayName&$filter=accountEnabled eq true")
	next, err := url.Parse(text(got.body["@odata.nextLink"]))
	if err != nil {
		t.Fatal(err)
	}
	q := next.Query()
	if q.Get("$select") != "displayName" || q.Get("$filter") != "accountEnabled eq true" || q.Get("$skiptoken") == "" || q.Get("$skip") != "" {
		t.Errorf("nextLink = %s", next)
	}
	for _, token := range []string{"x", "3", "e30"} {
		if got := v.get("/v1.0/users?$skiptoken=" + token); got.status != http.StatusBadRequest {
			t.Errorf("$skiptoken=%s: %d, want 400", token, got.status)
		}
	}
}

func TestTopIsCapped(t *testing.T) {
	v := visit(t, "good")
	for path, want := range map[string]int{
		"users?$top=999": 200, "users?$top=1000": 400, "groups?$top=1000": 400, "servicePrincipals?$top=1000": 400,
		"oauth2PermissionGrants?$top=1000": 400, "security/incidents?$top=50": 200, "security/incidents?$top=51": 400,
		"users?$top=0": 400, "users?$top=-1": 400, "users?$top=many": 400,
	} {
		if got := v.get("/v1.0/" + path); got.status != want {
			t.Errorf("GET %s: %d, want %d", path, got.status, want)
		}
	}
}

func TestSelectProjects(t *testing.T) {
	v := visit(t, "good")
	tests := []struct {
		path string
		want []string
	}{
		{"users?$select=userType,preferredDataLocation", []string{"id", "preferredDataLocation", "userType"}},
		{"users?$select=id,notThere", []string{"id", "notThere"}},
		{"users", []string{"displayName", "givenName", "id", "jobTitle", "mail", "surname", "userPrincipalName"}},
		{"groups/90000000-0000-4000-8000-000000000001/transitiveMembers?$select=accountEnabled", []string{"@odata.type", "accountEnabled", "id"}},
		{"policies/permissionGrantPolicies", []string{"description", "displayName", "id"}},
		{"policies/permissionGrantPolicies?$expand=includes,excludes", []string{"description", "displayName", "excludes", "id", "includes"}},
		{"identityGovernance/appConsent/appConsentRequests", []string{"appDisplayName", "appId", "id", "pendingScopes"}},
		{"users?$select=signInActivity", []string{"id", "signInActivity"}},
		{"roleManagement/directory/roleAssignments?$select=roleDefinitionId&$expand=principal($select=id,displayName)", []string{"id", "principal", "roleDefinitionId"}},
	}
	for _, tt := range tests {
		o := v.get("/v1.0/" + tt.path).values(t)[0]
		var names []string
		for name := range o {
			names = append(names, name)
		}
		slices.Sort(names)
		if !slices.Equal(names, tt.want) {
			t.Errorf("GET %s has %v, want %v", tt.path, names, tt.want)
		}
	}
	one := v.get("/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?$select=appId")
	if one.body["appId"] == nil || one.body["id"] == nil || one.body["appRoles"] != nil {
		t.Errorf("one service principal projected: %.300s", one.raw)
	}
}

func TestExpandPrincipal(t *testing.T) {
	v := visit(t, "weak")
	kinds := map[string]int{}
	for _, o := range v.get("/v1.0/roleManagement/directory/roleAssignments?$expand=principal").values(t) {
		principal, _ := o["principal"].(map[string]any)
		kinds[text(principal["@odata.type"])]++
		if principal != nil && principal["id"] != o["principalId"] {
			t.Errorf("principal of %v is %v", o["principalId"], principal["id"])
		}
		if _, has := o["principal"]; !has {
			t.Errorf("assignment %v has no principal member", o["id"])
		}
	}
	if kinds["#microsoft.graph.user"] != 5 || kinds["#microsoft.graph.servicePrincipal"] != 1 || kinds[""] != 2 {
		t.Errorf("principals = %v, want five users, an application and two that expand to null", kinds)
	}
	if o := v.get("/v1.0/roleManagement/directory/roleAssignments").values(t)[0]; o["principal"] != nil {
		t.Error("the principal comes without being expanded")
	}
	if got := v.get("/v1.0/users?$expand=everything"); got.status != http.StatusBadRequest {
		t.Errorf("an unknown $expand: %d", got.status)
	}
}

func TestFilter(t *testing.T) {
	v := visit(t, "weak")
	tests := []struct {
		path   string
		status int
		want   int
	}{
		{"security/identities/healthIssues?$filter=status eq 'open'", 200, 2},
		{"security/identities/healthIssues?$filter=status ne 'open'", 200, 1},
		{"security/identities/healthIssues?$filter=status eq 'open' and severity eq 'high'", 200, 1},
		{"roleManagement/directory/roleAssignments?$filter=roleDefinitionId eq '62e90394-69f5-4237-9190-012177145e10'", 200, 2},
		{"oauth2PermissionGrants?$filter=consentType eq 'AllPrincipals'", 200, 3},
		{"users?$filter=accountEnabled eq false", 200, 2},
		{"users?$filter=startswith(displayName,'Break')", 200, 2},
		{"users?$filter=onPremisesSyncEnabled eq null and userType eq 'Guest'", 200, 1},
		{"users?$filter=createdDateTime ge 2026-11-01T00:00:00Z", 200, 3},
		{"users?$filter=displayName eq 'and so on and on'", 200, 0},
		{"sites/getAllSites()?$filter=siteCollection/root ne null", 200, 1},
		{"users?$filter=displayName eq 'Alex Reuter' or displayName eq 'Jonas Vogel' and accountEnabled eq false", 200, 1},
		{"users?$filter=displayName eq 'Alex Reuter' or displayName eq 'x or y'", 200, 1},
		{"policies/roleManagementPolicyAssignments?$filter=scopeType eq 'DirectoryRole'", 400, 0},
		{"policies/roleManagementPolicyAssignments", 400, 0},
		{"identityGovernance/privilegedAccess/group/eligibilityScheduleInstances", 400, 0},
		{"users?$filter=displayName in ('alex reuter', 'x or y','O''Neil')", 200, 1},
		{"users?$filter=displayName in ('" + strings.Repeat("x','", 14) + "Alex Reuter')", 200, 1},
		{"users?$filter=displayName in ('" + strings.Repeat("x','", 15) + "Alex Reuter')", 400, 0},
		{"users?$filter=displayName in ()", 400, 0},
		{"users?$filter=displayName has 'x'", 400, 0},
		{"users?$filter=(accountEnabled eq true) or (accountEnabled eq false)", 400, 0},
		{"subscribedSkus?$filter=skuPartNumber eq 'SPE_E5'", 400, 0},
	}
	for _, tt := range tests {
		got := v.get("/v1.0/" + tt.path)
		if got.status != tt.status {
			t.Errorf("GET %s: %d %s", tt.path, got.status, got.raw)
		} else if tt.status == http.StatusOK && len(got.values(t)) != tt.want {
			t.Errorf("GET %s: %d objects, want %d", tt.path, len(got.values(t)), tt.want)
		}
	}
	filtered, pages := v.all("/v1.0/users?$top=1&$filter=accountEnabled eq false")
	if len(filtered) != 2 || pages != 2 {
		t.Errorf("a filtered collection has %d objects on %d pages, want 2 on 2", len(filtered), pages)
	}
}

func TestCountNeedsEventualConsistencyInTheDirectory(t *testing.T) {
	v := visit(t, "good")
	if got := v.get("/v1.0/users?$count=true&$top=2"); got.body["@odata.count"] != nil {
		t.Errorf("users count without ConsistencyLevel: %s", got.raw)
	}
	first := v.get("/v1.0/users?$count=true&$top=2", "ConsistencyLevel", "eventual")
	if first.body["@odata.count"] != float64(26) {
		t.Errorf("@odata.count = %v, want 26", first.body["@odata.count"])
	}
	if second := v.get(text(first.body["@odata.nextLink"]), "ConsistencyLevel", "eventual"); second.body["@odata.count"] != nil {
		t.Errorf("the second page counts again: %v", second.body["@odata.count"])
	}
	if got := v.get("/v1.0/security/incidents?$count=true&$top=1"); got.body["@odata.count"] != float64(2) {
		t.Errorf("@odata.count of incidents = %v, want 2", got.body["@odata.count"])
	}
}

func TestBodiesAreCompressedWhenAccepted(t *testing.T) {
	v := visit(t, "good")
	plain := v.get("/v1.0/users")
	zipped := v.get("/v1.0/users", "Accept-Encoding", "gzip")
	if plain.header.Get("Content-Encoding") != "" || zipped.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("Content-Encoding: %q and %q", plain.header.Get("Content-Encoding"), zipped.header.Get("Content-Encoding"))
	}
	if string(plain.raw) != string(zipped.raw) {
		t.Error("the compressed body isn't the plain one")
	}
	if got := v.get("/v1.0/nothing", "client-request-id", "mine"); got.header.Get("client-request-id") != "mine" || !strings.Contains(string(got.raw), `"client-request-id":"mine"`) {
		t.Errorf("client-request-id isn't echoed: %s", got.raw)
	}
}
