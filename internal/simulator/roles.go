package simulator

import (
	"maps"
	"slices"
	"strings"
)

// addRoles makes roleAssignments and the two collections of schedule instances from
// the tenant's holdings, as Microsoft Entra derives them from one another.
func (d *directory) addRoles(t *Tenant) error {
	var assignments, schedules, eligible []object
	for _, h := range t.doc.Roles {
		assignment, instance, err := t.roleObjects(h, func(kind string) string {
			return uuidOf(kind, h.Principal+h.Role+first(h.Scope, "/"))
		})
		if err != nil {
			return err
		}
		if h.How == "eligible" {
			eligible = append(eligible, instance)
			continue
		}
		assignments, schedules = append(assignments, assignment), append(schedules, instance)
	}
	d.lists[assignmentsPath] = collection{fixed: assignments}
	d.lists[assignmentInstancesPath] = collection{fixed: schedules}
	d.lists[eligibleInstancesPath] = collection{fixed: eligible}
	return nil
}

// roleObjects are the assignment of a role, which who is only eligible doesn't have, and its
// schedule instance. id makes the id of each kind of object.
func (t *Tenant) roleObjects(h roleHolding, id func(kind string) string) (assignment, instance object, err error) {
	common := map[string]any{
		"principalId": h.Principal, "roleDefinitionId": h.Role,
		"directoryScopeId": first(h.Scope, "/"), "appScopeId": nil,
	}
	fields := maps.Clone(common)
	fields["id"], fields["startDateTime"], fields["endDateTime"], fields["memberType"] = id(h.How), nil, nil, "Direct"
	if h.Start != "" { // otherwise it was assigned outside PIM
		fields["startDateTime"] = h.Start
	}
	if h.End != "" {
		fields["endDateTime"] = h.End
	}
	if h.How == "eligible" {
		fields["roleEligibilityScheduleId"] = id("eligibilitySchedule")
		instance, err = newObject(fields)
		return nil, instance, err
	}
	common["id"] = id("roleAssignment")
	if t.offers("principalOrganizationId") {
		common["principalOrganizationId"] = first(h.Organization, t.ID)
	}
	if assignment, err = newObject(common); err != nil {
		return nil, nil, err
	}
	fields["assignmentType"] = strings.ToUpper(h.How[:1]) + h.How[1:]
	fields["roleAssignmentOriginId"] = common["id"]
	fields["roleAssignmentScheduleId"] = id("assignmentSchedule")
	instance, err = newObject(fields)
	return assignment, instance, err
}

// assign gives a principal a role, or makes it eligible for it. The id of the assignment follows from what it assigns,
// as Microsoft Entra's does.
func (e *edit) assign(t *Tenant, h roleHolding) (assignment object, err error) {
	assignment, instance, err := t.roleObjects(h, func(kind string) string {
		if kind == "roleAssignment" {
			return entraID(h.Role, h.Principal, h.Scope[strings.LastIndex(h.Scope, "/")+1:]) + "-1"
		}
		return requestID()
	})
	switch {
	case err != nil:
		return nil, err
	case h.How == "eligible":
		e.set(eligibleInstancesPath, instance.text("id"), instance)
		return nil, nil
	}
	e.set(assignmentsPath, assignment.text("id"), assignment)
	e.set(assignmentInstancesPath, instance.text("id"), instance)
	e.tellAdmin(h.Principal)
	return assignment, nil
}

// unassign takes away what stands and falls with an object that was removed: an assignment
// of a role and its schedule instance.
func (e *edit) unassign(path string, old object) {
	switch path {
	case assignmentsPath:
		for _, instance := range e.lists[assignmentInstancesPath].whole() {
			if instance.text("roleAssignmentOriginId") == old.text("id") {
				e.remove(assignmentInstancesPath, instance.text("id"))
			}
		}
	case assignmentInstancesPath:
		e.remove(assignmentsPath, old.text("roleAssignmentOriginId"))
	default:
		return
	}
	e.tellAdmin(old.text("principalId"))
}

// tellAdmin brings the report on authentication methods up to date with the roles of a user.
func (e *edit) tellAdmin(principal string) {
	if _, reported := e.lists[registrationPath].find(principal); !reported {
		return
	}
	admin := slices.ContainsFunc(e.lists[assignmentsPath].whole(), func(o object) bool { return o.text("principalId") == principal })
	e.set(registrationPath, principal, object{{"isAdmin", flag(admin)}})
}
