package simulator_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/internal/simulator"
)

func TestPreferredDataLocationsAreSet(t *testing.T) {
	v := remediate(t, "good")
	for _, path := range []string{"users/b0000000-0000-4000-8000-000000000003", "groups/90000000-0000-4000-8000-000000000005"} {
		for _, location := range []string{`"FRA"`, `null`} {
			v.must(http.StatusNoContent, "PATCH", path, `{"preferredDataLocation": `+location+`}`)
			got := v.get("/v1.0/" + path + "?$select=preferredDataLocation,displayName")
			if want := map[string]any{`"FRA"`: "FRA", "null": nil}[location]; got.body["preferredDataLocation"] != want || got.body["displayName"] == nil {
				t.Errorf("%s: %s, want %v", path, got.raw, want)
			}
		}
	}
}

func TestObjectWritesAreRefused(t *testing.T) {
	const user, synced = "users/b0000000-0000-4000-8000-000000000003", "users/b0000000-0000-4000-8000-000000000009"
	v := remediate(t, "good")
	patch := func(name, path, body string, status int, code, message string) refusedWrite {
		return refusedWrite{name, "PATCH", path, body, status, code, message}
	}
	v.refuses("users", []refusedWrite{
		patch("a person of the organisation's own directory", synced, `{"preferredDataLocation": "FRA"}`, 400, "Request_BadRequest", "on-premises mastered"),
		patch("a group of it", "groups/90000000-0000-4000-8000-000000000004", `{"preferredDataLocation": "FRA"}`, 400, "Request_BadRequest", "on-premises mastered"),
		patch("a number", user, `{"preferredDataLocation": 1}`, 400, "Request_BadRequest", "'Edm.String'"),
		patch("licences", user, `{"assignedLicenses": []}`, 400, "Request_BadRequest", "read-only"),
		patch("a property that isn't simulated", user, `{"displayName": "X"}`, 400, "Request_BadRequest", "takes no change"),
		patch("a property that isn't", user, `{"preferredDataPlace": "X"}`, 400, "Request_BadRequest", "Invalid property"),
		patch("nobody", "users/none", `{"preferredDataLocation": "FRA"}`, 404, "Request_ResourceNotFound", "'none'"),
		patch("no group", "groups/none", `{"preferredDataLocation": "FRA"}`, 404, "Request_ResourceNotFound", "'none'"),
	})
}

func TestGeneratedPeopleAreWrittenToo(t *testing.T) {
	tenant := load(t, domicile.Tenants(), "good")
	if err := simulator.Generate(tenant, map[string]int{"users": 50}); err != nil {
		t.Fatal(err)
	}
	v := visitTenant(t, tenant)
	v.token = v.remediator()
	before := v.ids("users?$top=999")
	const user = "users/10000001-0000-4000-8000-000000000001"
	v.must(http.StatusNoContent, "PATCH", user, `{"preferredDataLocation": "FRA"}`)
	if got := v.get("/v1.0/" + user + "?$select=preferredDataLocation"); got.body["preferredDataLocation"] != "FRA" {
		t.Errorf("the location: %d %s", got.status, got.raw)
	}
	if after := v.ids("users?$top=999"); !cmp.Equal(after, before) {
		t.Errorf("%d users were %d", len(after), len(before))
	}
}

func TestHealthIssuesAreClosed(t *testing.T) {
	const path = "security/identities/healthIssues/4ea17000-0000-4000-8000-000000000002"
	v := remediate(t, "weak")
	before := v.get("/v1.0/" + path)
	for _, status := range []string{"closed", "suppressed", "open"} {
		got := v.must(http.StatusOK, "PATCH", path, `{"@odata.type": "#microsoft.graph.security.healthIssue", "status": "`+status+`"}`)
		now := v.get("/v1.0/" + path)
		if got.body["status"] != status || now.body["status"] != status || now.body["lastModifiedDateTime"] != "2026-11-20T15:04:05Z" || now.body["displayName"] != before.body["displayName"] {
			t.Errorf("%s: %s, then %s", status, got.raw, now.raw)
		}
		readSchema(t, "graph-v1.0.csdl.xml").compare(t, "PATCH healthIssues", "microsoft.graph.security.healthIssue", got.body)
	}
	fresh := remediate(t, "weak")
	fresh.refuses(path, []refusedWrite{
		{"another status", "PATCH", path, `{"status": "ignored"}`, 400, "Request_BadRequest", "healthIssueStatus"},
		{"a severity", "PATCH", path, `{"severity": "low"}`, 400, "Request_BadRequest", "read-only"},
		{"no such issue", "PATCH", "security/identities/healthIssues/none", `{"status": "closed"}`, 404, "NotFound", "not found"},
	})
}
