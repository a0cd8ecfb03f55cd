package remediation_test

import (
	"strings"
	"testing"
)

// TestBoundCredentials changes what leaves credentials unbounded, and nothing that binds them
// already.
func TestBoundCredentials(t *testing.T) {
	const path = "policies/defaultAppManagementPolicy"
	passwords := func(items ...any) object {
		return object{"passwordCredentials": items, "keyCredentials": nil, "identifierUris": object{"a": "b"}}
	}
	entry := func(kind, state, longest, from any) object {
		return object{"restrictionType": kind, "state": state, "maxLifetime": longest, "restrictForAppsCreatedAfterDateTime": from, "excludeActors": nil}
	}
	const keys = `"keyCredentials":[{"maxLifetime":"P366D","restrictForAppsCreatedAfterDateTime":null,"restrictionType":"asymmetricKeyLifetime","state":"enabled"}]`
	tests := []struct {
		name   string
		policy object
		params object
		want   string // the list of passwords, or why there is none
	}{
		{
			"nothing is bounded",
			object{"isEnabled": true, "applicationRestrictions": nil},
			nil,
			`[{"maxLifetime":"P181D","restrictForAppsCreatedAfterDateTime":null,"restrictionType":"passwordLifetime","state":"enabled"}]`,
		},
		{
			"the parameters say",
			object{"isEnabled": false},
			object{"secret_max_days": 30.0},
			`[{"maxLifetime":"P31D","restrictForAppsCreatedAfterDateTime":null,"restrictionType":"passwordLifetime","state":"enabled"}]`,
		},
		{
			"passwords are blocked",
			object{"isEnabled": true, "applicationRestrictions": passwords(entry("passwordAddition", "enabled", nil, "0001-01-01T00:00:00Z"))},
			nil,
			`[{"excludeActors":null,"maxLifetime":null,"restrictForAppsCreatedAfterDateTime":"0001-01-01T00:00:00Z","restrictionType":"passwordAddition","state":"enabled"}]`,
		},
		{
			"passwords are blocked for new applications",
			object{"isEnabled": true, "applicationRestrictions": passwords(entry("passwordAddition", "enabled", nil, "2026-01-01T00:00:00Z"))},
			nil,
			`[{"excludeActors":null,"maxLifetime":null,"restrictForAppsCreatedAfterDateTime":"2026-01-01T00:00:00Z","restrictionType":"passwordAddition","state":"enabled"},` +
				`{"maxLifetime":"P181D","restrictForAppsCreatedAfterDateTime":null,"restrictionType":"passwordLifetime","state":"enabled"}]`,
		},
		{
			"a shorter life stays",
			object{"isEnabled": true, "applicationRestrictions": passwords(entry("passwordLifetime", "disabled", "P90D", "2026-01-01T00:00:00Z"))},
			nil,
			`[{"excludeActors":null,"maxLifetime":"P90D","restrictForAppsCreatedAfterDateTime":null,"restrictionType":"passwordLifetime","state":"enabled"}]`,
		},
		{
			"a longer one is cut",
			object{"isEnabled": true, "applicationRestrictions": passwords(entry("passwordLifetime", "enabled", "P182D", nil))},
			nil,
			`[{"excludeActors":null,"maxLifetime":"P181D","restrictForAppsCreatedAfterDateTime":null,"restrictionType":"passwordLifetime","state":"enabled"}]`,
		},
		{
			"as is one that can't be read",
			object{"isEnabled": true, "applicationRestrictions": passwords(entry("passwordLifetime", "enabled", "P1Y", nil))},
			nil,
			`[{"excludeActors":null,"maxLifetime":"P181D","restrictForAppsCreatedAfterDateTime":null,"restrictionType":"passwordLifetime","state":"enabled"}]`,
		},
		{"it isn't said whether it is on", object{"isEnabled": nil}, nil, "doesn't have the tenant's application policy"},
		{"another policy", object{"policyType": "custom", "isEnabled": true}, nil, "doesn't have the tenant's application policy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tenant := newTenant()
			tenant.single[path] = object{"policyType": "default"}
			merge(tenant.single[path], tt.policy)
			sources := tenant.sources(t, found{"CONS1015", "bound_application_credentials", "tenant", tenantID})
			merge(sources.Result.Params, tt.params)
			plan := build(t, sources)
			if !strings.HasPrefix(tt.want, "[") {
				if len(plan.Changes) != 0 || !strings.Contains(plan.Steps[0].Unplanned, tt.want) {
					t.Errorf("Build() = %+v, want a step that says %q", plan, tt.want)
				}
				return
			}
			if len(plan.Changes) != 1 {
				t.Fatalf("Build() = %+v", plan.Steps)
			}
			uris := ""
			if strings.Contains(string(plan.Changes[0].Before), "identifierUris") {
				uris = `"identifierUris":{"a":"b"},`
			}
			want := `{"applicationRestrictions":{` + uris + keys + `,"passwordCredentials":` + tt.want + `},"isEnabled":true}`
			if got := string(plan.Changes[0].Request.Body); got != want {
				t.Errorf("the body is\n%s, want\n%s", got, want)
			}
		})
	}
	plan := build(t, newTenant().sources(t, found{"CONS1015", "bound_application_credentials", "app_management_policy", "a4"}))
	if len(plan.Changes) != 0 || !strings.Contains(plan.Steps[0].Unplanned, "policy of single applications") {
		t.Errorf("Build() = %+v", plan)
	}
}
