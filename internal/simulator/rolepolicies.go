package simulator

import (
	"fmt"
	"maps"
	"slices"
)

// rolePolicy says what Privileged Identity Management asks of whoever activates a role,
// and whom it tells. What isn't set is as Microsoft Entra presets it.
type rolePolicy struct {
	// Approvers are the people and groups who approve; approval is off where the key is
	// absent, and on without anybody named where the list is empty.
	Approvers *[]string `yaml:"approvers"`
	// Enabled are the rules of activation: MultiFactorAuthentication, Justification, Ticketing.
	Enabled *[]string `yaml:"enabled"`
	// Context is the authentication context that activation asks for.
	Context string `yaml:"context"`
	// Hours bound an activation; 8 when 0.
	Hours int `yaml:"hours"`
	// AssignmentAlerts and ActivationAlerts are recipients besides or, with Silent, instead
	// of the default ones.
	AssignmentAlerts []string `yaml:"assignmentAlerts"`
	ActivationAlerts []string `yaml:"activationAlerts"`
	// Silent switches the default recipients off.
	Silent *bool `yaml:"silent"`
}

// under returns the policy with what it doesn't set taken from base.
func (p rolePolicy) under(base rolePolicy) rolePolicy {
	if p.Approvers == nil {
		p.Approvers = base.Approvers
	}
	if p.Enabled == nil {
		p.Enabled = base.Enabled
	}
	if p.Context == "" {
		p.Context = base.Context
	}
	if p.Hours == 0 {
		p.Hours = base.Hours
	}
	if p.AssignmentAlerts == nil {
		p.AssignmentAlerts = base.AssignmentAlerts
	}
	if p.ActivationAlerts == nil {
		p.ActivationAlerts = base.ActivationAlerts
	}
	if p.Silent == nil {
		p.Silent = base.Silent
	}
	return p
}

// addRolePolicies makes role management policies with their rules, and their assignments, as
// Microsoft Graph lists them for directory roles
// (https://learn.microsoft.com/graph/identity-governance-pim-rules-overview).
func (d *directory) addRolePolicies(t *Tenant) error {
	var list, policies []object
	for _, role := range slices.Sorted(maps.Keys(t.doc.RolePolicies)) {
		if role == "*" {
			continue
		}
		rules, err := d.roleRules(t.doc.RolePolicies[role].under(t.doc.RolePolicies["*"]))
		if err != nil {
			return fmt.Errorf("rolePolicies: %s: %w", role, err)
		}
		id := "DirectoryRole_" + t.ID + "_" + uuidOf("rolePolicy", role)
		policy := map[string]any{
			"id": id, "displayName": "DirectoryRole", "description": "DirectoryRole",
			"isOrganizationDefault": false, "scopeId": "/", "scopeType": "DirectoryRole", "rules": rules,
		}
		o, err := newObject(map[string]any{
			"id": id + "_" + role, "policyId": id, "roleDefinitionId": role,
			"scopeId": "/", "scopeType": "DirectoryRole", "policy": policy,
		})
		if err != nil {
			return err
		}
		encoded, err := newObject(policy)
		if err != nil {
			return err
		}
		policies = append(policies, encoded)
		list = append(list, o)
	}
	d.lists[rolePolicyAssignmentsPath] = collection{fixed: list}
	d.lists[rolePoliciesPath] = collection{fixed: policies}
	return nil
}

// roleRules are the rules of a policy, by the ids that Microsoft documents.
func (d *directory) roleRules(p rolePolicy) ([]any, error) {
	approval, err := d.approval(p.Approvers)
	if err != nil {
		return nil, err
	}
	enabled := []string{"MultiFactorAuthentication", "Justification"}
	if p.Enabled != nil {
		enabled = *p.Enabled
	}
	hours := p.Hours
	if hours == 0 {
		hours = 8
	}
	silent := p.Silent != nil && *p.Silent
	rules := []any{
		expiration("Expiration_Admin_Eligibility", "Admin", "Eligibility", "P365D"),
		expiration("Expiration_Admin_Assignment", "Admin", "Assignment", "P180D"),
		expiration("Expiration_EndUser_Assignment", "EndUser", "Assignment", fmt.Sprintf("PT%dH", hours)),
		roleRule("Enablement", "Enablement_Admin_Eligibility", "Admin", "Eligibility", map[string]any{"enabledRules": []string{}}),
		roleRule("Enablement", "Enablement_Admin_Assignment", "Admin", "Assignment", map[string]any{"enabledRules": []string{"MultiFactorAuthentication", "Justification"}}),
		roleRule("Enablement", "Enablement_EndUser_Assignment", "EndUser", "Assignment", map[string]any{"enabledRules": enabled}),
		roleRule("Approval", "Approval_EndUser_Assignment", "EndUser", "Assignment", map[string]any{"setting": approval}),
		roleRule("AuthenticationContext", "AuthenticationContext_EndUser_Assignment", "EndUser", "Assignment",
			map[string]any{"isEnabled": p.Context != "", "claimValue": p.Context}),
	}
	for _, recipient := range []string{"Admin", "Requestor", "Approver"} {
		for _, event := range []struct {
			caller, level string
			more          []string
		}{
			{"Admin", "Eligibility", p.AssignmentAlerts},
			{"Admin", "Assignment", p.AssignmentAlerts},
			{"EndUser", "Assignment", p.ActivationAlerts},
		} {
			more := event.more
			if recipient != "Admin" || more == nil {
				more = []string{}
			}
			rules = append(rules, roleRule("Notification", "Notification_"+recipient+"_"+event.caller+"_"+event.level, event.caller, event.level, map[string]any{
				"notificationType": "Email", "recipientType": recipient, "notificationLevel": "All",
				"isDefaultRecipientsEnabled": recipient != "Admin" || !silent, "notificationRecipients": more,
			}))
		}
	}
	return rules, nil
}

func expiration(id, caller, level, most string) any {
	return roleRule("Expiration", id, caller, level, map[string]any{"isExpirationRequired": true, "maximumDuration": most})
}

// roleRule is one rule of a policy.
func roleRule(kind, id, caller, level string, fields map[string]any) any {
	rule := map[string]any{
		"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicy" + kind + "Rule", "id": id,
		"target": map[string]any{"caller": caller, "operations": []string{"All"}, "level": level, "inheritableSettings": []string{}, "enforcedSettings": []string{}},
	}
	maps.Copy(rule, fields)
	return rule
}

// approval is the setting of an approval rule; approvers must be people or groups of the
// tenant.
func (d *directory) approval(approvers *[]string) (any, error) {
	setting := map[string]any{
		"isApprovalRequired": approvers != nil, "isApprovalRequiredForExtension": false,
		"isRequestorJustificationRequired": true, "approvalMode": "SingleStage",
	}
	primary := []any{}
	if approvers != nil {
		for _, id := range *approvers {
			principal, ok := d.principal(id)
			if !ok {
				return nil, fmt.Errorf("there is no approver %s", id)
			}
			approver := map[string]any{"@odata.type": "#microsoft.graph.singleUser", "userId": id, "description": principal.text("displayName")}
			if principal.text("@odata.type") == "#microsoft.graph.group" {
				approver = map[string]any{"@odata.type": "#microsoft.graph.groupMembers", "groupId": id, "description": principal.text("displayName")}
			}
			primary = append(primary, approver)
		}
	}
	setting["approvalStages"] = []any{map[string]any{
		"approvalStageTimeOutInDays": 1, "escalationTimeInMinutes": 0, "isApproverJustificationRequired": true,
		"isEscalationEnabled": false, "primaryApprovers": primary, "escalationApprovers": []any{},
	}}
	return setting, nil
}
