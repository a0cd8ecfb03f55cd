package remediation

import (
	"encoding/json"
	"maps"

	"github.com/domicile-audit/domicile/findings"
)

// alertOnRoleAssignment has administrators told when a role is given to somebody, for good or
// to be activated.
func alertOnRoleAssignment() Action {
	return alert("alert_on_role_assignment", "Tell administrators when the role is assigned",
		"Notification_Admin_Admin_Assignment", "Notification_Admin_Admin_Eligibility")
}

// alertOnRoleActivation has administrators told when somebody activates a role.
func alertOnRoleActivation() Action {
	return alert("alert_on_role_activation", "Tell administrators when the role is activated",
		"Notification_Admin_EndUser_Assignment")
}

// alert turns the default recipients of some notifications of a role on. Each is a rule of the
// role's policy, by the ids that Microsoft Graph documents.
func alert(id, title string, notifications ...string) Action {
	const path = "policies/roleManagementPolicies/"
	return Action{
		ID: id, Title: title, Risk: Low,
		Permission: "RoleManagementPolicy.ReadWrite.Directory", Reads: []string{"RoleManagementPolicy.Read.Directory"},
		Writes: []Pattern{{"PATCH", path + "*/rules/*", []string{
			"@odata.type", "id", "isDefaultRecipientsEnabled", "notificationLevel", "notificationRecipients", "notificationType", "recipientType", "target",
		}}},
		changes: func(p *planner, finding findings.Finding) ([]Change, error) {
			policy, rules, err := p.settings(finding.Resource.ID)
			if err != nil {
				return nil, err
			}
			var changes []Change
			for _, name := range notifications {
				before := rules[name]
				if before == nil {
					return nil, &unplannedError{"the evidence doesn't have the role's setting " + name}
				}
				addresses, _ := before["notificationRecipients"].([]any)
				if before["isDefaultRecipientsEnabled"] == true || len(addresses) > 0 {
					continue
				}
				after := maps.Clone(before)
				after["isDefaultRecipientsEnabled"] = true
				at := path + policy + "/rules/" + name
				change := Change{
					Subject: tenant(p), Read: Read{Path: at},
					Why:   "A privileged role that is taken without anybody being told is found too late.",
					Blast: Blast{What: "the default recipients, who are administrators of roles, get mail of " + finding.Resource.Name, Count: 1, Names: []string{finding.Resource.Name}},
				}
				made, err := replace(change, "PATCH", at, before, after)
				if err != nil {
					return nil, err
				}
				changes = append(changes, made...)
			}
			if len(changes) == 0 {
				return nil, &unplannedError{"somebody is told already"}
			}
			return changes, nil
		},
	}
}

// settings are the id of a role's policy and its rules by their ids.
func (p *planner) settings(role string) (policy string, rules map[string]map[string]any, err error) {
	for line, err := range p.Bundle.Objects("role_policies") {
		if err != nil {
			return "", nil, err
		}
		var assigned struct {
			Role     string `json:"roleDefinitionId"`
			PolicyID string `json:"policyId"`
			Policy   struct {
				Rules []map[string]any `json:"rules"`
			} `json:"policy"`
		}
		if err := json.Unmarshal(line, &assigned); err != nil {
			return "", nil, err
		}
		if assigned.Role != role {
			continue
		}
		rules = map[string]map[string]any{}
		for _, rule := range assigned.Policy.Rules {
			if name, ok := rule["id"].(string); ok {
				rules[name] = rule
			}
		}
		return assigned.PolicyID, rules, nil
	}
	return "", nil, &unplannedError{"the evidence doesn't have the role's settings"}
}
