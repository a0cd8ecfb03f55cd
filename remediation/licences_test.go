package remediation_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestAssignLicence assigns what the tenant has to spare, and says why where it doesn't.
func TestAssignLicence(t *testing.T) {
	defender, activation := found{"LIC1007", "assign_defender_licence", "user", "u4"}, found{"LIC1012", "assign_activation_licence", "user", "u4"}
	skus := func(t *tenant, products ...object) { t.collections["subscribedSkus"] = products }
	tests := []struct {
		name       string
		change     func(*tenant)
		violations []found
		want       string // the products that are assigned
		says       string // why the last violation is a person's
	}{
		{"the fewest plans", nil, []found{defender}, "sku-mde", ""},
		{"the one that has a free unit", func(t *tenant) { t.collections["subscribedSkus"][2]["consumedUnits"] = 3 }, []found{defender}, "sku-e5 without " + premiumP2 + " mail", ""},
		{"one plan for an administrator", nil, []found{activation}, "sku-e5 without " + endpoint + " mail", ""},
		{"one licence for an account at a time", nil, []found{defender, activation}, "sku-mde", "make another plan when this one is applied"},
		{"the last unit", func(t *tenant) {
			skus(t, product("sku-mde", 3, 2, endpoint))
			t.user("u2")["usageLocation"], t.user("u2")["assignedLicenses"] = "DE", []any{}
		}, []found{{"LIC1007", "assign_defender_licence", "user", "u2"}, defender}, "sku-mde", "no unit of such a licence is free"},
		{"more units than were bought", func(t *tenant) { skus(t, product("sku-mde", 3, 9, endpoint)) }, []found{defender}, "", "no unit"},
		{"units that aren't said", func(t *tenant) {
			skus(t, product("sku-mde", 3, 9, endpoint))
			t.collections["subscribedSkus"][0]["consumedUnits"] = nil
		}, []found{defender}, "", "no unit"},
		{"no such licence", func(t *tenant) { skus(t) }, []found{defender}, "", "buying one is for a person"},
		{"one in grace", func(t *tenant) {
			skus(t, product("sku-mde", 3, 1, endpoint))
			t.collections["subscribedSkus"][0]["capabilityStatus"] = "Warning"
		}, []found{defender}, "", "in good standing"},
		{"one of the whole company", func(t *tenant) {
			skus(t, product("sku-mde", 3, 1, endpoint))
			t.collections["subscribedSkus"][0]["appliesTo"] = "Company"
		}, []found{defender}, "", "in good standing"},
		{"a plan that is disabled in the licence", func(t *tenant) {
			skus(t, product("sku-mde", 3, 1, endpoint))
			t.collections["subscribedSkus"][0]["servicePlans"].([]any)[0].(object)["provisioningStatus"] = "Disabled"
		}, []found{defender}, "", "in good standing"},
		{"one that the account holds", func(t *tenant) {
			skus(t, product("sku-mde", 3, 1, endpoint))
			t.user("u4")["assignedLicenses"] = []any{object{"skuId": "SKU-MDE", "disabledPlans": []any{endpoint}}}
		}, []found{defender}, "", "is assigned to the account already"},
		{"no usage location", func(t *tenant) { t.user("u4")["usageLocation"] = nil }, []found{defender}, "", "no usage location"},
		{"licences that were not read", func(t *tenant) { delete(t.user("u4"), "assignedLicenses") }, []found{defender}, "", "doesn't have the account's licences"},
		{"an account for emergencies", func(t *tenant) { t.collections["users"][0] = object{"id": "u-emergency"} }, []found{{"LIC1007", "assign_defender_licence", "user", "u-emergency"}}, "", "kept for emergencies"},
		{"an account that was not read", nil, []found{{"LIC1007", "assign_defender_licence", "user", "u9"}}, "", "is not in the evidence"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tenant := newTenant()
			if tt.change != nil {
				tt.change(tenant)
			}
			plan := build(t, tenant.sources(t, tt.violations...))
			var got []string
			for _, change := range plan.Changes {
				var body struct {
					Add []struct {
						ID  string   `json:"skuId"`
						Off []string `json:"disabledPlans"`
					} `json:"addLicenses"`
					Remove []string `json:"removeLicenses"`
				}
				if err := json.Unmarshal(change.Request.Body, &body); err != nil || len(body.Add) != 1 || body.Add[0].Off == nil || body.Remove == nil || len(body.Remove) != 0 {
					t.Fatalf("the body is %s (%v)", change.Request.Body, err)
				}
				got = append(got, body.Add[0].ID)
				if off := body.Add[0].Off; len(off) > 0 {
					got = append(got, "without", strings.Join(off, " "))
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("Build() assigns %q, want %q: %+v", got, tt.want, plan.Steps)
			}
			if tt.says == "" && len(plan.Steps) != 0 || tt.says != "" && (len(plan.Steps) != 1 || !strings.Contains(plan.Steps[0].Unplanned, tt.says)) {
				t.Errorf("Build() leaves %+v, want %q", plan.Steps, tt.says)
			}
		})
	}
}
