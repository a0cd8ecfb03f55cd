package remediation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

const (
	roleSchedules       = "roleManagement/directory/roleAssignmentScheduleInstances"
	roleEligibilities   = "roleManagement/directory/roleEligibilityScheduleInstances"
	eligibilityRequests = "roleManagement/directory/roleEligibilityScheduleRequests"
)

// makeEligible makes a person eligible for each privileged role that they hold for good, and then
// takes the standing role away: two changes, of which the second is made only while the first is
// seen to be in place, and the first taken back only while the role is held without it.
func makeEligible() Action {
	return Action{
		ID: "make_role_eligible", Title: "Make its holder eligible for the role", Risk: High,
		Permission: "RoleManagement.ReadWrite.Directory",
		Reads:      []string{"RoleAssignmentSchedule.Read.Directory", "RoleEligibilitySchedule.Read.Directory"},
		Writes: []Pattern{
			{"POST", eligibilityRequests, []string{"action", "principalId", "roleDefinitionId", "directoryScopeId", "justification", "scheduleInfo"}},
			{"DELETE", roleAssignments + "/*", nil},
			{"POST", roleAssignments, []string{"principalId", "roleDefinitionId", "directoryScopeId"}},
		},
		changes: func(p *planner, finding findings.Finding) ([]Change, error) {
			if finding.Resource.Kind != "user" {
				return nil, &unplannedError{"only a person can activate a role; what a group gives its members is for a person to decide"}
			}
			if p.excepted(finding.Resource.ID) {
				return nil, &unplannedError{"role_exceptions names the account, so that a person has to choose"}
			}
			if err := p.licensedForActivation(finding.Resource.ID); err != nil {
				return nil, err
			}
			var changes []Change
			for line, err := range p.Bundle.Objects("role_schedules") {
				if err != nil {
					return nil, err
				}
				var held heldRole
				if err := json.Unmarshal(line, &held); err != nil {
					return nil, err
				}
				if held.PrincipalID != finding.Resource.ID || !held.standing() || !containsFold(privileged(p.Result.Params["privileged_roles"]), held.RoleDefinitionID) {
					continue
				}
				more, err := p.eligibleInstead(held)
				if err != nil {
					return nil, err
				}
				changes = append(changes, more...)
			}
			if len(changes) == 0 {
				return nil, &unplannedError{"it holds no privileged role for good by itself"}
			}
			return changes, nil
		},
	}
}

// synchronisation is the role of the accounts that synchronise directories, which is held for good
// by design.
const synchronisation = "d29b2b05-8046-44ba-8758-1e26182fcf32"

// standing says whether an instance is somebody's own, was not activated, and doesn't end.
func (h heldRole) standing() bool {
	return !strings.EqualFold(h.RoleDefinitionID, synchronisation) && h.AssignmentType == "Assigned" && h.End == nil && h.MemberType == "Direct" && h.DirectoryScopeID != ""
}

// excepted says whether the parameter role_exceptions sets a principal aside for any role.
func (p *planner) excepted(principal string) bool {
	exceptions, _ := p.Result.Params["role_exceptions"].([]any)
	return slices.ContainsFunc(exceptions, func(item any) bool {
		exception, _ := item.(map[string]any)
		id, _ := exception["principal_id"].(string)
		return containsFold([]string{id}, principal)
	})
}

// licensedForActivation refuses a person whose licences don't let them activate a role.
func (p *planner) licensedForActivation(id string) error {
	var person licensed
	if _, err := p.find("users", id, &person); err != nil {
		return err
	}
	if !person.has(ActivationPlans()) {
		return &unplannedError{"it has neither Entra ID P2 nor Entra ID Governance, which activating a role takes; license it first"}
	}
	return nil
}

// eligibleInstead are the changes that make the holder of a standing role eligible for it, unless
// they are, and then take the standing role away.
func (p *planner) eligibleInstead(held heldRole) ([]Change, error) {
	subject := findings.Resource{Kind: "user", ID: held.PrincipalID}
	if held.Principal == nil || held.Principal.Enabled == nil || !*held.Principal.Enabled {
		return nil, &unplannedError{"the evidence doesn't say of the account that it is enabled"}
	}
	subject.Name = held.Principal.DisplayName
	if err := p.protected.account(subject); err != nil {
		return nil, err
	}
	eligible, err := encode(map[string]any{
		"principalId": held.PrincipalID, "roleDefinitionId": held.RoleDefinitionID, "directoryScopeId": held.DirectoryScopeID, "memberType": "Direct",
	})
	if err != nil {
		return nil, err
	}
	role := fmt.Sprintf("the role %s on %s", held.RoleDefinitionID, held.DirectoryScopeID)
	filter := fmt.Sprintf("?$filter=principalId eq '%s'", held.PrincipalID)
	remove := Change{
		Title: "Remove the standing role of who is eligible for it", Subject: subject,
		Read:    Read{Path: roleSchedules + filter + "&$expand=principal", ID: held.ID},
		Request: Request{Method: "DELETE", Path: roleAssignments + "/" + held.Origin},
		After:   null,
		Needs: []Condition{{
			Read: Read{Path: roleEligibilities + filter, Collection: true}, State: eligible, Else: "the account isn't eligible for the role, and would lose it",
		}},
		Why:   "A role that is always active is there for whoever takes over the account, at any hour.",
		Blast: Blast{What: "the account has " + role + " only after activating it, as the role's settings ask", Count: 1, Names: []string{subject.Name}},
	}
	remove.Before, err = encode(map[string]any{
		"principalId": held.PrincipalID, "roleDefinitionId": held.RoleDefinitionID, "directoryScopeId": held.DirectoryScopeID,
		"assignmentType": "Assigned", "endDateTime": nil, "principal": map[string]any{"accountEnabled": true},
	})
	if err != nil {
		return nil, err
	}
	again, err := encode(held.roleAssignment)
	if err != nil {
		return nil, err
	}
	remove.Undo = &Request{Method: "POST", Path: roleAssignments, Body: again}
	if err := p.lastAdministrator(remove, "role_schedules"); err != nil {
		return nil, err
	}
	offered, err := p.offered(eligible)
	if err != nil || offered {
		return []Change{remove}, err
	}
	offer := Change{
		Title: "Make the holder of a standing role eligible for it", Subject: subject,
		Read: remove.Needs[0].Read, Before: null, After: eligible,
		UndoNeeds: []Condition{{
			Read: Read{Path: remove.Read.Path, Collection: true}, State: remove.Before, Else: "the account holds the role by nothing else, and would lose it",
		}},
		Why:   "Who is eligible for a role has it when it is needed, for some hours, and with a justification.",
		Blast: Blast{What: "the account can activate " + role, Count: 1, Names: []string{subject.Name}},
	}
	if offer.Request, offer.Undo, err = p.offer(held.roleAssignment); err != nil {
		return nil, err
	}
	return []Change{offer, remove}, nil
}

// offered says whether the evidence has an eligibility.
func (p *planner) offered(eligible json.RawMessage) (bool, error) {
	for line, err := range p.Bundle.Objects("role_eligibility") {
		if err != nil {
			return false, err
		}
		if same, err := holds(line, eligible); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

// justification is what a request to Privileged Identity Management says of itself.
const justification = "domicile: eligible in place of a standing assignment"

// offer makes somebody eligible for a role for as long as the role's settings allow, from when the
// plan was made on, and takes it back.
func (p *planner) offer(held roleAssignment) (Request, *Request, error) {
	_, rules, err := p.settings(held.RoleDefinitionID)
	if err != nil {
		return Request{}, nil, err
	}
	expiration := map[string]any{"type": "noExpiration"}
	longest, _ := rules["Expiration_Admin_Eligibility"]["maximumDuration"].(string)
	switch required, said := rules["Expiration_Admin_Eligibility"]["isExpirationRequired"].(bool); {
	case !said || required && longest == "":
		return Request{}, nil, &unplannedError{"the evidence doesn't say for how long somebody may be eligible for the role"}
	case required:
		expiration = map[string]any{"type": "afterDuration", "duration": longest}
	}
	asked, _ := rules["Enablement_Admin_Eligibility"]["enabledRules"].([]any)
	if slices.Contains(asked, any("Ticketing")) {
		return Request{}, nil, &unplannedError{"the role's settings ask for a ticket to make somebody eligible"}
	}
	body := map[string]any{
		"action": "adminAssign", "justification": justification,
		"principalId": held.PrincipalID, "roleDefinitionId": held.RoleDefinitionID, "directoryScopeId": held.DirectoryScopeID,
		"scheduleInfo": map[string]any{"startDateTime": p.plan.Created.Format("2006-01-02T15:04:05Z"), "expiration": expiration},
	}
	request, undo := Request{Method: "POST", Path: eligibilityRequests}, &Request{Method: "POST", Path: eligibilityRequests}
	if request.Body, err = encode(body); err != nil {
		return request, nil, err
	}
	delete(body, "scheduleInfo")
	body["action"] = "adminRemove"
	undo.Body, err = encode(body)
	return request, undo, err
}
