package collectors_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// TestAnswersThatAreNotWhatWasAskedForAreGaps: a 2xx says only that somebody answered.
// A gateway that answers everything is neither an empty tenant nor a service that is on.
func TestAnswersThatAreNotWhatWasAskedForAreGaps(t *testing.T) {
	const application = "servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?$select=id,appId,appRoles,oauth2PermissionScopes"
	paths := map[string]string{
		"authorization_policy": "policies/authorizationPolicy", "admin_consent_policy": "policies/adminConsentRequestPolicy",
		"resource_permissions": application, "incidents_probe": "security/incidents?$top=1", "defender_api_probe": "api/incidents?$top=1",
	}
	for kind, path := range paths {
		for _, body := range []string{``, `null`, `[]`, `"on"`, `7`, `{}`, `{"value":null}`, `{"value":{}}`} {
			if strings.HasSuffix(kind, "_policy") && strings.Contains(body, "value") {
				continue // an object that lacks what rules look for, which is theirs to say
			}
			t.Run(kind+" "+body, func(t *testing.T) {
				s := &source{
					granted: map[collectors.API][]string{collectors.Graph: {"Policy.Read.All", "Application.Read.All"}},
					docs:    map[string]string{path: body},
				}
				got, err := collect(t, s, collectors.Options{Kinds: []string{kind}})
				if err != nil {
					t.Fatal(err)
				}
				if gap, missing := got.GapOf(kind); !missing || gap.Reason != evidence.Invalid {
					t.Errorf("gap = %+v, want invalid; the lines are %q", gap, got.lines[kind])
				}
			})
		}
	}
}

func TestHuntingAnswersThatAreNoResultsAreGaps(t *testing.T) {
	for _, body := range []string{`null`, `[]`, `{}`, `{"results":null}`, `{"results":[{"day":"abcdefghijT","n":1}]}`, `{"results":[{"day":"2026-02-28T00:00:00Z","n":-1}]}`, `{"results":[{"day":"2026-02-28T00:00:00Z","n":1e300}]}`} {
		for _, query := range []string{"print", "DeviceInfo"} {
			if query == "print" && strings.Contains(body, "day") {
				continue
			}
			s := &source{granted: graph("ThreatHunting.Read.All"), hunts: map[string]string{"print": `{"results":[{"Probe":1}]}`}}
			s.hunts[query] = body
			got, err := collect(t, s, collectors.Options{Kinds: []string{"hunting_probe"}})
			if err != nil {
				t.Fatal(err)
			}
			if gap, missing := got.GapOf("hunting_probe"); !missing || gap.Reason != evidence.Invalid {
				t.Errorf("gap after %s answered %s = %+v, want invalid", query, body, gap)
			}
		}
	}
}

// TestATenantWithoutGraphIsNoTenant: Graph's own application is in every tenant, so that
// "no application has a permission" can't be meant where it isn't found.
func TestATenantWithoutGraphIsNoTenant(t *testing.T) {
	s := &source{granted: graph("Application.Read.All")}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"app_role_assignments"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"resource_permissions", "app_role_assignments"} {
		if _, missing := got.GapOf(kind); !missing {
			t.Errorf("%s has no gap, although nothing was found where something must be", kind)
		}
	}
}

// TestObjectsThatComeTwiceAreKeptOnce, and don't make up for one that was left out.
func TestObjectsThatComeTwiceAreKeptOnce(t *testing.T) {
	s := &source{
		granted: graph("User.Read.All"),
		pages:   map[string][][]string{"users": {{`{"id":"1"}`, `{"id":"2"}`}, {`{"id":"2"}`}}},
	}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"users"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`{"id":"1"}`, `{"id":"2"}`}, got.lines["users"]); diff != "" || len(got.Gaps) != 0 {
		t.Errorf("gaps %v, users differ:\n%s", got.Gaps, diff)
	}
	s.counts = map[string]int{"users": 3}
	if got, err = collect(t, s, collectors.Options{Kinds: []string{"users"}}); err != nil {
		t.Fatal(err)
	}
	if gap, missing := got.GapOf("users"); !missing || gap.Reason != evidence.Partial {
		t.Errorf("gap = %+v, want partial: one of three users was never seen", gap)
	}
}

// TestAnObjectThatCannotBeKeptIsAGap, and not the end of the scan.
func TestAnObjectThatCannotBeKeptIsAGap(t *testing.T) {
	s := &source{
		granted: graph("User.Read.All"),
		pages:   map[string][][]string{"users": {{`{"id":"1"}`}, {`{"id":"` + strings.Repeat("x", 64<<20) + `"}`}}},
	}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"users"}})
	if err != nil {
		t.Fatal(err)
	}
	gap, _ := got.GapOf("users")
	if entry, held := got.Entry("users"); gap.Reason != evidence.Invalid || !held || entry.Objects != 1 {
		t.Errorf("gap = %+v, entry = %+v, want invalid with the first object", gap, entry)
	}
}

// TestALinkThatIsNotFollowedIsNoRequest: the manifest counts what was sent.
func TestALinkThatIsNotFollowedIsNoRequest(t *testing.T) {
	s := &source{
		granted: graph("User.Read.All"),
		pages:   map[string][][]string{"users": {{`{"id":"1"}`}}},
		fails:   map[string]error{"users": &collectors.RefusalError{Status: 200, Reason: evidence.Partial, Message: "the link leads elsewhere"}},
	}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"users"}})
	if err != nil {
		t.Fatal(err)
	}
	if entry, _ := got.Entry("users"); entry.Requests != 1 || entry.Pages != 1 {
		t.Errorf("entry = %+v, want one request and one page", entry)
	}
}

// TestEveryOnboardingPackageIsKept: two packages may contradict each other, which can't
// be seen where only the first is kept.
func TestEveryOnboardingPackageIsKept(t *testing.T) {
	pack := func(body string) collectors.Imported {
		return collectors.Imported{Kind: "onboarding_package", Objects: []json.RawMessage{json.RawMessage(body)}, Tier: evidence.Signed, Complete: true}
	}
	first, second := `{"sha256":"1","signature":"valid"}`, `{"sha256":"2","signature":"valid"}`
	imports := []collectors.Imported{pack(first), pack(second), pack(first)}
	sources := map[string]*source{
		"imports alone": nil,
		"without Azure": {fails: map[string]error{"token arm": &collectors.RefusalError{Reason: evidence.NotInThisCloud}}},
		"Azure refuses": {fails: map[string]error{"subscriptions": &collectors.RefusalError{Status: 403}}},
	}
	for name, s := range sources {
		t.Run(name, func(t *testing.T) {
			got, err := collect(t, s, collectors.Options{Kinds: []string{"onboarding_package"}, Import: imports})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{first, second}, got.lines["onboarding_package"]); diff != "" {
				t.Errorf("packages differ:\n%s", diff)
			}
		})
	}
}

// TestPermissionsThatSuffice are those of Microsoft's reference; to call one of them
// missing would be untrue.
func TestPermissionsThatSuffice(t *testing.T) {
	tests := []struct {
		kind    string
		suffice []string
		short   []string
	}{
		{"subscribed_skus", []string{"LicenseAssignment.Read.All", "Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}, []string{"User.Read.All"}},
		{"users", []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All"}, []string{"User.ReadBasic.All", "User.Read"}},
		{"groups", []string{"Group.Read.All", "Group.ReadWrite.All"}, []string{"GroupMember.Read.All"}},
		{"role_assignments", []string{"RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "Directory.Read.All"}, []string{"EntitlementManagement.Read.All"}},
		{"role_schedules", []string{"RoleAssignmentSchedule.Read.Directory", "RoleAssignmentSchedule.ReadWrite.Directory", "RoleManagement.Read.Directory"}, []string{"Directory.Read.All"}},
		{"role_eligibility", []string{"RoleEligibilitySchedule.Read.Directory", "RoleManagement.ReadWrite.Directory"}, []string{"RoleAssignmentSchedule.Read.Directory"}},
		{"role_group_members", []string{"GroupMember.Read.All", "Group.ReadWrite.All"}, []string{"GroupMember.ReadBasic.All"}},
		{"service_principals", []string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"}, []string{"Application.ReadWrite.OwnedBy"}},
		{"oauth2_permission_grants", []string{"Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All"}, []string{"Application.Read.All"}},
		{"admin_consent_policy", []string{"Policy.Read.All", "Policy.ReadWrite.ConsentRequest", "Directory.Read.All"}, []string{"Policy.Read.PermissionGrant"}},
		{"permission_classifications", []string{"Policy.Read.PermissionGrant", "Application.Read.All"}, []string{"User.Read.All"}},
		{"incidents_probe", []string{"SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All"}, []string{"SecurityEvents.Read.All"}},
		{"hunting_probe", []string{"ThreatHunting.Read.All"}, []string{"SecurityIncident.Read.All"}},
		{"defender_api_probe", []string{"Incident.Read.All", "Incident.Read", "Incident.ReadWrite"}, []string{"SecurityIncident.Read.All"}},
		{"mdi_health", []string{"SecurityIdentitiesHealth.Read.All", "SecurityIdentitiesHealth.ReadWrite.All"}, []string{"SecurityIdentitiesSensors.Read.All"}},
	}
	for _, tt := range tests {
		var of collectors.Collector
		for _, collector := range collectors.All() {
			if collector.Kind == tt.kind {
				of = collector
			}
		}
		for _, permission := range tt.suffice {
			if !slices.Contains(of.Permissions, permission) {
				t.Errorf("%s: %s is not taken for enough", tt.kind, permission)
			}
		}
		for _, permission := range tt.short {
			if slices.Contains(of.Permissions, permission) {
				t.Errorf("%s: %s is taken for enough", tt.kind, permission)
			}
		}
	}
}

// TestGapsOfATokenThatWasRefused say what the authority said.
func TestGapsOfATokenThatWasRefused(t *testing.T) {
	s := &source{fails: map[string]error{"token xdr": &collectors.RefusalError{
		Status: 400, Code: "AADSTS500011", Reason: evidence.NoPermission, Message: "AADSTS500011: no such principal; hint: the product may not be licensed",
	}}}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"defender_api_probe"}})
	if err != nil {
		t.Fatal(err)
	}
	gap, _ := got.GapOf("defender_api_probe")
	if gap.Permission != "Incident.Read.All" || !strings.Contains(gap.Message, "'Incident.Read.All' is missing") || !strings.Contains(gap.Message, "may not be licensed") {
		t.Errorf("gap = %+v, want the permission and what the authority said", gap)
	}
}
