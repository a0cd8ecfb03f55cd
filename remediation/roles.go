package remediation

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// globalAdministrator is the role without which nobody can mend anything any more.
const globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"

const roleAssignments = "roleManagement/directory/roleAssignments"

// administrators is where the target tells who the Global Administrators are, so that it can be
// told who is besides the one who loses the role by a change: of a change that is read in the
// schedules, which tell who only activated it, there.
func administrators(change Change) string {
	path := roleAssignments
	if strings.HasPrefix(change.Read.Path, roleSchedules) {
		path = roleSchedules
	}
	return path + "?$filter=roleDefinitionId eq '" + globalAdministrator + "'&$expand=principal"
}

// roleAssignment is a role that a principal holds, as it is given.
type roleAssignment struct {
	PrincipalID      string `json:"principalId"`
	RoleDefinitionID string `json:"roleDefinitionId"`
	DirectoryScopeID string `json:"directoryScopeId"`
}

// heldRole is a role assignment as it is read, or the instance of its schedule, which says how
// it came about and when it ends, with whom it is of; nobody where that is deleted.
type heldRole struct {
	ID string `json:"id"`
	roleAssignment
	AssignmentType string  `json:"assignmentType"`
	MemberType     string  `json:"memberType"`
	End            *string `json:"endDateTime"`
	// Origin is the id of the assignment of an instance.
	Origin    string `json:"roleAssignmentOriginId"`
	Principal *struct {
		Type        string `json:"@odata.type"`
		DisplayName string `json:"displayName"`
		Enabled     *bool  `json:"accountEnabled"`
	} `json:"principal"`
}

// removeRoleAssignment takes the roles away that a disabled or deleted account was left with.
func removeRoleAssignment() Action {
	return Action{
		ID: "remove_role_assignment", Title: "Remove a role from an account that is disabled or deleted", Risk: Medium,
		Permission: "RoleManagement.ReadWrite.Directory", Reads: []string{"RoleManagement.Read.Directory", "Application.Read.All"},
		Writes: []Pattern{
			{"DELETE", roleAssignments + "/*", nil},
			{"POST", roleAssignments, []string{"principalId", "roleDefinitionId", "directoryScopeId"}},
		},
		changes: func(p *planner, finding findings.Finding) ([]Change, error) {
			var changes []Change
			for line, err := range p.Bundle.Objects("role_assignments") {
				if err != nil {
					return nil, err
				}
				var held heldRole
				if err := json.Unmarshal(line, &held); err != nil {
					return nil, err
				}
				if held.PrincipalID != finding.Resource.ID {
					continue
				}
				change, err := p.takeRole(held)
				if err != nil {
					return nil, err
				}
				changes = append(changes, change)
			}
			if len(changes) == 0 {
				return nil, &unplannedError{"it holds no role directly; take it out of the group, or out of what it is eligible for"}
			}
			return changes, nil
		},
	}
}

// takeRole is the change that takes a role away. That its holder is disabled or deleted is part
// of the state before: where it is no longer, nothing is taken.
func (p *planner) takeRole(held heldRole) (Change, error) {
	subject := findings.Resource{Kind: "principal", ID: held.PrincipalID}
	state := map[string]any{
		"principalId": held.PrincipalID, "roleDefinitionId": held.RoleDefinitionID, "directoryScopeId": held.DirectoryScopeID, "principal": nil,
	}
	if held.Principal != nil {
		if held.Principal.Enabled == nil || *held.Principal.Enabled {
			return Change{}, &unplannedError{"the evidence doesn't say of the account itself that it is disabled"}
		}
		state["principal"] = map[string]any{"accountEnabled": false}
		subject.Name = held.Principal.DisplayName
		subject.Kind = map[string]string{"#microsoft.graph.user": "user", "#microsoft.graph.servicePrincipal": "service_principal"}[held.Principal.Type]
	}
	change := Change{
		Subject: subject,
		Read:    Read{Path: fmt.Sprintf("%s?$filter=principalId eq '%s'&$expand=principal", roleAssignments, held.PrincipalID), ID: held.ID},
		Request: Request{Method: "DELETE", Path: roleAssignments + "/" + held.ID},
		After:   null,
		Why:     "Who enables or restores the account, or takes it over, has its roles at once.",
		Blast: Blast{
			What:  fmt.Sprintf("the account loses the role %s on %s, which it can't use now", held.RoleDefinitionID, held.DirectoryScopeID),
			Count: 1, Names: []string{subject.Name},
		},
	}
	var err error
	if change.Before, err = encode(state); err != nil {
		return change, err
	}
	if held.Principal != nil { // nothing can be given to what is deleted
		body, err := encode(held.roleAssignment)
		if err != nil {
			return change, err
		}
		change.Undo = &Request{Method: "POST", Path: roleAssignments, Body: body}
	} else {
		change.Blast.Names = []string{held.PrincipalID}
	}
	if subject.Kind == "service_principal" {
		if _, _, err := p.application(subject.ID); err != nil {
			return change, err
		}
	}
	if err := p.protected.account(subject); err != nil {
		return change, err
	}
	return change, p.lastAdministrator(change, "role_assignments")
}

// lastAdministrator guards the last Global Administrator by the evidence of a kind, and counts on
// nobody from whom the plan takes the role.
func (p *planner) lastAdministrator(change Change, kind string) error {
	var leaving []string
	for _, other := range p.plan.Changes {
		if takesAdministrator(other) {
			leaving = append(leaving, other.Subject.ID)
		}
	}
	return lastAdministrator(change, p.Bundle.Objects(kind), leaving...)
}

// account guards the accounts that are kept for emergencies. Where nobody has said which these
// are, it guards them all.
func (p protected) account(subject findings.Resource) error {
	switch {
	case subject.Kind == "service_principal" || subject.Kind == "group":
		return nil
	case p.Emergency == nil:
		return &guardError{"it isn't known which accounts are kept for emergencies; name them in break_glass_accounts"}
	case containsFold(p.Emergency, subject.ID):
		return &guardError{"the account is kept for emergencies (break_glass_accounts)"}
	}
	return nil
}

// takesAdministrator says whether a change takes Global Administrator from somebody.
func takesAdministrator(change Change) bool {
	var before roleAssignment
	return string(change.After) == string(null) &&
		json.Unmarshal(change.Before, &before) == nil && strings.EqualFold(before.RoleDefinitionID, globalAdministrator)
}

// lastAdministrator guards the last Global Administrator: one may only lose the role where an
// enabled person who isn't leaving it too holds it, directly and everywhere, and by what tells it
// for good, besides. assignments are those of all roles, or of that one.
func lastAdministrator(change Change, assignments iter.Seq2[json.RawMessage, error], leaving ...string) error {
	if !takesAdministrator(change) {
		return nil
	}
	for line, err := range assignments {
		if err != nil {
			return err
		}
		var held heldRole
		if err := json.Unmarshal(line, &held); err != nil {
			return err
		}
		other := held.RoleDefinitionID == globalAdministrator && held.DirectoryScopeID == "/" && held.AssignmentType != "Activated" && held.End == nil &&
			!containsFold(append(leaving, change.Subject.ID), held.PrincipalID)
		if other && held.Principal != nil && held.Principal.Type == "#microsoft.graph.user" && held.Principal.Enabled != nil && *held.Principal.Enabled {
			return nil
		}
	}
	return &guardError{"no other enabled person is known to hold Global Administrator"}
}
