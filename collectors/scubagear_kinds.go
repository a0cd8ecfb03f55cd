package collectors

import (
	"errors"
	"strings"
)

// errNoAssignments says that the exported roles come without assignments.
var errNoAssignments = errors.New("the exported roles have no assignments")

// organizationOf is the organisation inside a tenant's details: Graph's own object,
// which the export may write as a list of one.
func organizationOf(detail map[string]any) map[string]any {
	for _, item := range asList(detail["aADAdditionalData"]) {
		if organization, ok := item.(map[string]any); ok {
			return organization
		}
	}
	return map[string]any{}
}

func scubaOrganization(e scubaExport) ([]map[string]any, error) {
	details, err := e.values("tenant_details")
	if err != nil {
		return nil, err
	}
	var organizations []map[string]any
	for _, detail := range details {
		organization := organizationOf(detail)
		organization["id"] = e.tenant.ID
		if organization["displayName"] == nil {
			organization["displayName"] = detail["displayName"]
		}
		// The plans are a string of JSON inside, whose names are still PowerShell's.
		organization["assignedPlans"] = graphNames(asList(organization["assignedPlans"]))
		organizations = append(organizations, organization)
	}
	return organizations, nil
}

// scubaAuthorizationPolicy moves the policies that users are granted by to where v1.0 has
// them (https://learn.microsoft.com/graph/api/resources/authorizationpolicy).
func scubaAuthorizationPolicy(e scubaExport) ([]map[string]any, error) {
	policies, err := e.values("authorization_policies")
	if err != nil {
		return nil, err
	}
	for _, policy := range policies {
		assigned, there := policy["permissionGrantPolicyIdsAssignedToDefaultUserRole"]
		if !there {
			continue
		}
		permissions, ok := policy["defaultUserRolePermissions"].(map[string]any)
		if !ok {
			permissions = map[string]any{}
		}
		permissions["permissionGrantPoliciesAssigned"] = nonNilList(assigned)
		policy["defaultUserRolePermissions"] = permissions
	}
	return policies, nil
}

func nonNilList(value any) []any {
	if items := asList(value); items != nil {
		return items
	}
	return []any{}
}

// scubaRoleSchedules gives the exported instances of active role assignments.
func scubaRoleSchedules(e scubaExport) ([]map[string]any, error) {
	roles, err := e.values("privileged_roles")
	if err != nil {
		return nil, err
	}
	principals, err := e.principals()
	if err != nil {
		return nil, err
	}
	known := len(roles) == 0
	var schedules []map[string]any
	for _, role := range roles {
		assignments, there := role["assignments"]
		known = known || there
		for _, item := range asList(assignments) {
			schedule, ok := item.(map[string]any)
			if !ok {
				continue
			}
			if schedule["roleDefinitionId"] == nil {
				schedule["roleDefinitionId"] = role["roleTemplateId"]
			}
			id, _ := schedule["principalId"].(string)
			schedule["principal"] = nil
			if principal, ok := principals[strings.ToLower(id)]; ok {
				schedule["principal"] = principal
			}
			schedules = append(schedules, schedule)
		}
	}
	if !known {
		return nil, errNoAssignments
	}
	return schedules, nil
}

// scubaRoleAssignments gives the assignments behind the instances. An instance that a
// member of a group inherits is no assignment of its own: the group's is.
func scubaRoleAssignments(e scubaExport) ([]map[string]any, error) {
	schedules, err := scubaRoleSchedules(e)
	if err != nil {
		return nil, err
	}
	var assignments []map[string]any
	for _, schedule := range schedules {
		member, _ := schedule["memberType"].(string)
		if member != "" && !strings.EqualFold(member, "Direct") {
			continue
		}
		if origin, ok := schedule["roleAssignmentOriginId"].(string); ok && origin != "" {
			schedule["id"] = origin
		}
		assignments = append(assignments, schedule)
	}
	return assignments, nil
}

// principals are the users and service principals that the export knows, by id in lower
// case. The export doesn't say whether an account is enabled.
func (e scubaExport) principals() (map[string]map[string]any, error) {
	principals := map[string]map[string]any{}
	types := []struct{ member, odata string }{
		{"privileged_users", "#microsoft.graph.user"},
		{"privileged_service_principals", "#microsoft.graph.servicePrincipal"},
	}
	for _, t := range types {
		byID, _ := jsonObject(e.members[t.member])
		for id, raw := range byID {
			value, err := jsonValue(raw)
			if err != nil {
				return nil, err
			}
			known, _ := graphNames(value).(map[string]any)
			principal := map[string]any{"@odata.type": t.odata, "id": id}
			for _, name := range []string{"displayName", "appId"} {
				if text, ok := known[name].(string); ok {
					principal[name] = text
				}
			}
			principals[strings.ToLower(id)] = principal
		}
	}
	return principals, nil
}

// scubaClassifications gives one object a permission. What ScubaGear exports here is
// classified low: that is the class that lets users consent by themselves.
func scubaClassifications(e scubaExport) ([]map[string]any, error) {
	resources, err := e.values("risky_delegated_permission_classifications")
	if err != nil {
		return nil, err
	}
	var classifications []map[string]any
	for _, resource := range resources {
		for _, name := range asList(resource["riskyPermClassifications"]) {
			classifications = append(classifications, map[string]any{
				"resourceId": resource["objectId"], "appId": resource["appId"],
				"classification": "low", "permissionName": name,
			})
		}
	}
	return classifications, nil
}

func scubaSkus(e scubaExport) ([]map[string]any, error) {
	return e.values("license_information")
}
