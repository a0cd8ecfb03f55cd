package domicile.lib.permissions_assignments_test

import data.domicile.lib.permissions
import data.domicile.lib.permissions_assignments as assignments

_siem := "aaaaaaaa-0000-4000-8000-000000000001"

_assignment := {
	"id": "a1", "appRoleId": "incidents", "principalId": "sp1", "principalType": "ServicePrincipal",
	"principalDisplayName": "SIEM", "resourceId": "graph", "createdDateTime": "2026-11-01T00:00:00Z",
}

_role(resource, app_id, id, value) := {"resourceId": resource, "appId": app_id, "id": id, "value": value, "type": "Role"}

_input := {
	"params": {"high_risk_permissions": ["User.Read.All"]},
	"lookup": {"service_principals": {
		"sp1": {"id": "sp1", "appId": _siem, "displayName": "SIEM", "servicePrincipalType": "Application"},
		"graph2": {"id": "graph2", "appId": permissions.graph},
		"endpoint2": {"id": "endpoint2", "appId": permissions.defender_for_endpoint},
		"legacy": {"id": "legacy", "appId": null},
	}},
	"evidence": {"resource_permissions": [
		_role("graph", permissions.graph, "incidents", "SecurityIncident.Read.All"),
		_role("graph", permissions.graph, "users", "User.Read.All"),
		_role("graph", permissions.graph, "apps", "Application.ReadWrite.All"),
		_role("endpoint", permissions.defender_for_endpoint, "machines", "Machine.Read.All"),
	]},
}

_held(what, changes) := assignments.held(_input, _assignments(changes), what)

_ids(what, changes) := {held.id | some held in _held(what, changes)}

_assignments(changes) := [object.union(_assignment, change) | some change in changes]

test_held_joins_permission_and_application if {
	_held("security_data", [{}]) == [{
		"id": "a1", "created": "2026-11-01T00:00:00Z", "principal_id": "sp1",
		"principal": {"id": "sp1", "appId": _siem, "displayName": "SIEM", "servicePrincipalType": "Application"},
		"application": {"app_id": _siem, "name": "SIEM"},
		"permission": _role("graph", permissions.graph, "incidents", "SecurityIncident.Read.All"),
		"named": true, "held": "on 'Microsoft Graph'",
	}]
}

test_held_is_by_kind if {
	changes := [{}, {"id": "a2", "appRoleId": "users"}, {"id": "a3", "appRoleId": "apps"}, {"id": "a4", "resourceId": "endpoint", "appRoleId": "machines"}]
	_ids("security_data", changes) == {"a1", "a4"}
	_ids("self_granting", changes) == {"a3"}
	_ids("high_risk", changes) == {"a1", "a2", "a3", "a4"}
}

test_held_takes_unlisted_roles_of_security_resources if {
	every resource in ["endpoint", "endpoint2"] {
		{held.permission.value | some held in _held("security_data", [{"resourceId": resource, "appRoleId": "new"}])} == {"new"}
	}
	{held.permission.value | some held in _held("high_risk", [{"resourceId": "endpoint", "appRoleId": null}])} == {"unnamed permission"}
	_ids("security_data", [{"resourceId": "endpoint", "appRoleId": "00000000-0000-0000-0000-000000000000"}]) == set()
}

test_held_is_of_applications_alone if {
	_ids("security_data", [{"principalType": "User"}, {"principalType": "Group"}]) == set()
	_ids("security_data", [{"principalType": null}]) == {"a1"}
}

test_held_by_who_was_not_read if {
	{held.principal | some held in _held("security_data", [{"principalId": "sp9"}])} == {{}}
	{held.application | some held in _held("security_data", [{"principalId": null, "principalDisplayName": null}])} == {{"app_id": "", "name": "unnamed"}}
}

test_unnamed_tells_what_may_be_of_the_kind if {
	every change in [{"appRoleId": "new"}, {"resourceId": "graph2", "appRoleId": "new"}, {"resourceId": "legacy"}, {"resourceId": "nobody"}, {"resourceId": null}, {"appRoleId": null}] {
		assignments.unnamed(_input, _assignments([change]))
	}
	every change in [{}, {"resourceId": "endpoint2", "appRoleId": "new"}, {"principalType": "User", "appRoleId": "new"}, {"appRoleId": "00000000-0000-0000-0000-000000000000"}] {
		not assignments.unnamed(_input, _assignments([change]))
	}
}

test_perhaps_approved_is_an_unnamed_permission_of_an_approved_application if {
	some unlisted in _held("security_data", [{"id": null, "resourceId": "endpoint", "appRoleId": "new"}])
	unlisted.id == "unnamed"
	assignments.perhaps_approved(unlisted, {permissions.approval_key(_siem, "Machine.Read.All")})
	not assignments.perhaps_approved(unlisted, {permissions.approval_key(_siem, "new")})
	not assignments.perhaps_approved(unlisted, {permissions.approval_key("other", "Machine.Read.All")})
	some named in _held("security_data", [{}])
	not assignments.perhaps_approved(named, {permissions.approval_key(_siem, "Machine.Read.All")})
}
