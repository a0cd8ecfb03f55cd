package remediation

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// requireApproval has the activation of a role approved by those whom the parameter
// activation_approvers names, or where it names nobody, by those whom the role's settings name
// already and who can. Nobody else is chosen: who approves is for the organisation to say.
func requireApproval() Action {
	const path, name = "policies/roleManagementPolicies/", "Approval_EndUser_Assignment"
	return Action{
		ID: "require_activation_approval", Title: "Ask for approval to activate the role", Risk: Medium,
		Permission: "RoleManagementPolicy.ReadWrite.Directory", Reads: []string{"RoleManagementPolicy.Read.Directory"},
		Writes: []Pattern{{"PATCH", path + "*/rules/*", []string{"@odata.type", "id", "setting", "target"}}},
		changes: func(p *planner, finding findings.Finding) ([]Change, error) {
			policy, rules, err := p.settings(finding.Resource.ID)
			if err != nil {
				return nil, err
			}
			before := rules[name]
			setting, _ := before["setting"].(map[string]any)
			stage := map[string]any{
				"approvalStageTimeOutInDays": 1, "isApproverJustificationRequired": true,
				"escalationTimeInMinutes": 0, "isEscalationEnabled": false, "escalationApprovers": []any{},
			}
			if stages, _ := setting["approvalStages"].([]any); len(stages) > 0 {
				present, _ := stages[0].(map[string]any)
				maps.Copy(stage, present)
			}
			if setting == nil {
				return nil, &unplannedError{"the evidence doesn't have the role's setting " + name}
			}
			approvers, names, err := p.approvers(stage["primaryApprovers"])
			if err != nil {
				return nil, err
			}
			stage["primaryApprovers"] = approvers
			wanted := maps.Clone(setting)
			wanted["isApprovalRequired"], wanted["approvalMode"], wanted["approvalStages"] = true, "SingleStage", []any{stage}
			after := maps.Clone(before)
			after["setting"] = wanted
			at := path + policy + "/rules/" + name
			change := Change{
				Subject: tenant(p), Read: Read{Path: at},
				Why: "A stolen account that is eligible for the role doesn't get it without a second person.",
				Blast: Blast{
					What:  fmt.Sprintf("who activates %s waits until one of %d approvers agrees", finding.Resource.Name, len(approvers)),
					Count: len(approvers), Names: names,
				},
			}
			return replace(change, "PATCH", at, before, after)
		},
	}
}

// approvers are those who are to approve, as Graph's subjectSet has them, and their names. Each is
// an enabled person who isn't kept for emergencies, a group, or the manager of who asks.
func (p *planner) approvers(present any) (approvers []any, names []string, err error) {
	named := texts(p.Result.Params["activation_approvers"])
	for _, id := range named {
		approvers = append(approvers, map[string]any{"userId": id})
	}
	if named == nil {
		approvers, _ = present.([]any)
	}
	ids := map[string]bool{}
	for _, item := range approvers {
		ids[approver(item)] = true
	}
	users, err := p.among("users", ids)
	if err != nil {
		return nil, nil, err
	}
	groups, err := p.among("groups", ids)
	if err != nil {
		return nil, nil, err
	}
	able := []any{}
	for _, item := range approvers {
		id := approver(item)
		user, person := users[id]
		group, grouped := groups[id]
		fields, _ := item.(map[string]any)
		switch {
		case fields["@odata.type"] == "#microsoft.graph.requestorManager":
			able, names = append(able, item), append(names, "the manager of who asks")
		case person && user.Enabled != nil && *user.Enabled && !containsFold(p.protected.Emergency, id):
			able, names = append(able, subjectSet(fields, "singleUser", "userId", id)), append(names, user.DisplayName)
		case grouped:
			able, names = append(able, subjectSet(fields, "groupMembers", "groupId", id)), append(names, group.DisplayName)
		case named != nil:
			return nil, nil, &unplannedError{fmt.Sprintf("activation_approvers names %q, which is neither a group nor an enabled account of a person that isn't kept for emergencies", id)}
		}
	}
	if len(able) == 0 {
		return nil, nil, &unplannedError{"nobody who can approve is named; name people or groups in activation_approvers"}
	}
	return able, names, nil
}

// approver is the id of a person or group in a subjectSet.
func approver(item any) string {
	fields, _ := item.(map[string]any)
	for _, name := range []string{"userId", "groupId"} {
		if id, ok := fields[name].(string); ok {
			return strings.ToLower(id)
		}
	}
	return ""
}

// subjectSet is an approver of a type: as the settings have it, where they do.
func subjectSet(present map[string]any, kind, member, id string) map[string]any {
	if present["@odata.type"] != nil {
		return present
	}
	return map[string]any{"@odata.type": "#microsoft.graph." + kind, member: id}
}

// named is what an approver is called, and whether it is enabled.
type named struct {
	DisplayName string `json:"displayName"`
	Enabled     *bool  `json:"accountEnabled"`
}

// among are the objects of a kind with one of some ids, which are in lower case.
func (p *planner) among(kind string, ids map[string]bool) (map[string]named, error) {
	found := map[string]named{}
	for line, err := range p.Bundle.Objects(kind) {
		if err != nil {
			return nil, err
		}
		var object struct {
			ID string `json:"id"`
			named
		}
		if err := json.Unmarshal(line, &object); err != nil {
			return nil, err
		}
		if id := strings.ToLower(object.ID); ids[id] {
			found[id] = object.named
		}
	}
	return found, nil
}
