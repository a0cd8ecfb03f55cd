package remediation_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestApprovers asks those to approve whom the parameter or the settings name, and nobody else.
func TestApprovers(t *testing.T) {
	single := func(id string) object { return object{"@odata.type": "#microsoft.graph.singleUser", "userId": id} }
	group := func(id string) object { return object{"@odata.type": "#microsoft.graph.groupMembers", "groupId": id} }
	manager := object{"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1.0}
	tests := []struct {
		name    string
		param   any
		present []any
		want    []any
		says    string
	}{
		{"a person and a group", []any{"U3", "g1"}, nil, []any{single("u3"), group("g1")}, ""},
		{"the parameter goes over the settings", []any{"u3"}, []any{group("g1")}, []any{single("u3")}, ""},
		{"those of the settings who can", nil, []any{single("u3"), single("u-off"), single("u-gone"), group("g1"), manager}, []any{single("u3"), group("g1"), manager}, ""},
		{"nobody", nil, []any{}, nil, "name people or groups in activation_approvers"},
		{"nobody who can", nil, []any{single("u-off"), object{"userId": 7}, "u3"}, nil, "name people or groups in activation_approvers"},
		{"an empty parameter", []any{}, []any{single("u3")}, nil, "name people or groups in activation_approvers"},
		{"a disabled account", []any{"u3", "u-off"}, nil, nil, `names "u-off"`},
		{"an account for emergencies", []any{"u-emergency"}, nil, nil, `names "u-emergency"`},
		{"an account of which it isn't said", []any{"u2"}, nil, nil, `names "u2"`},
		{"nothing in the tenant", []any{"u-gone"}, nil, nil, `names "u-gone"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tenant := newTenant()
			tenant.collections["users"] = append(tenant.collections["users"],
				object{"id": "u-off", "accountEnabled": false}, object{"id": "u-emergency", "accountEnabled": true})
			setting := tenant.single[roleRules+"Approval_EndUser_Assignment"]["setting"].(object)
			if tt.present != nil {
				setting["approvalStages"] = []any{object{"approvalStageTimeOutInDays": 3, "primaryApprovers": tt.present}}
			}
			sources := tenant.sources(t, found{"ROLE1007", "require_activation_approval", "role", globalAdmin})
			sources.Result.Params["activation_approvers"] = tt.param
			plan := build(t, sources)
			if tt.want == nil {
				if len(plan.Changes) != 0 || !strings.Contains(plan.Steps[0].Unplanned, tt.says) {
					t.Errorf("Build() = %+v, want a step that says %q", plan, tt.says)
				}
				return
			}
			if len(plan.Changes) != 1 {
				t.Fatalf("Build() = %+v", plan.Steps)
			}
			var body struct {
				Setting struct {
					Required bool `json:"isApprovalRequired"`
					Stages   []struct {
						Days      int   `json:"approvalStageTimeOutInDays"`
						Approvers []any `json:"primaryApprovers"`
					} `json:"approvalStages"`
				} `json:"setting"`
			}
			if err := json.Unmarshal(plan.Changes[0].Request.Body, &body); err != nil {
				t.Fatal(err)
			}
			if len(body.Setting.Stages) != 1 || !body.Setting.Required {
				t.Fatalf("the body is %s", plan.Changes[0].Request.Body)
			}
			if diff := cmp.Diff(tt.want, body.Setting.Stages[0].Approvers); diff != "" {
				t.Errorf("the approvers differ (-want +got):\n%s", diff)
			}
			if days := body.Setting.Stages[0].Days; (tt.present == nil) != (days == 1) {
				t.Errorf("the stage lasts %d days", days)
			}
		})
	}
	t.Run("no such setting", func(t *testing.T) {
		tenant := newTenant()
		delete(tenant.single, roleRules+"Approval_EndUser_Assignment")
		plan := build(t, tenant.sources(t, found{"ROLE1007", "require_activation_approval", "role", globalAdmin}))
		if len(plan.Changes) != 0 || !strings.Contains(plan.Steps[0].Unplanned, "doesn't have the role's setting") {
			t.Errorf("Build() = %+v", plan)
		}
	})
}
