package domicile.consent.security_permissions_approved_test

import data.domicile.consent.security_permissions_approved as rule
import data.domicile.lib.permissions

_siem := "aaaaaaaa-0000-4000-8000-000000000001"

_scanner := "aaaaaaaa-0000-4000-8000-000000000009"

_remediator := "aaaaaaaa-0000-4000-8000-000000000008"

_assignment := {
	"id": "a1", "appRoleId": "incidents", "principalId": "sp1", "principalType": "ServicePrincipal",
	"principalDisplayName": "SIEM", "resourceId": "graph", "resourceDisplayName": "Microsoft Graph",
}

_lookup := {
	"sp1": {"id": "sp1", "appId": _siem, "displayName": "SIEM"},
	"sp8": {"id": "sp8", "appId": _remediator, "displayName": "domicile remediator"},
	"sp9": {"id": "sp9", "appId": _scanner, "displayName": "domicile"},
	"graph2": {"id": "graph2", "appId": permissions.graph},
	"endpoint2": {"id": "endpoint2", "appId": permissions.defender_for_endpoint},
	"exchange2": {"id": "exchange2", "appId": permissions.exchange_online},
	"legacy": {"id": "legacy", "appId": null},
}

_role(resource, app_id, id, value) := {"resourceId": resource, "appId": app_id, "id": id, "value": value, "type": "Role"}

_roles := [
	_role("graph", permissions.graph, "incidents", "SecurityIncident.Read.All"),
	_role("graph", permissions.graph, "users", "User.Read.All"),
	_role("endpoint", permissions.defender_for_endpoint, "machines", "Machine.Read.All"),
	object.union(_role("graph", permissions.graph, "scope", "SecurityIncident.Read.All"), {"type": "Scope"}),
]

_approval(until) := {"app_id": _siem, "permissions": ["SecurityIncident.Read.All"], "reason": "SIEM", "until": until}

_input(assignments, approvals) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "now": "2026-11-21T00:00:00Z", "profile": "xdr-current",
	"params": {"approved_applications": approvals, "remediator_app_id": _remediator}, "reader": {"tid": "t1", "appid": _scanner},
	"gaps": {}, "lookup": {"service_principals": _lookup},
	"evidence": {"app_role_assignments": assignments, "resource_permissions": _roles},
}

_unset(assignments) := object.union(object.remove(_input(assignments, []), ["params"]), {"params": {}})

_with(change) := [object.union(_assignment, change)]

_quiet if {
	count(rule.deny) == 0
	count(rule.unknown) == 0
}

_values(found) := {o.value | some o in found}

_actual(found) := {d.actual | some d in found}

test_passes_when_nothing_is_assigned if {
	_quiet with input as _input([], [])
	_quiet with input as _unset([])
}

test_passes_for_an_approved_application_and_shows_it if {
	tenant := _input([_assignment], [_approval("2027-06-30")])
	_quiet with input as tenant
	seen := rule.observed with input as tenant
	seen == {{
		"fact": "approval", "service": "", "tier": "api", "kind": "app_role_assignments",
		"value": "'SIEM' (aaaaaaaa-0000-4000-8000-000000000001) holds 'SecurityIncident.Read.All' on 'Microsoft Graph': approved",
	}}
}

test_passes_for_what_is_no_security_data if {
	_quiet with input as _input(_with({"appRoleId": "users"}), [])
	_quiet with input as _unset(_with({"appRoleId": "users"}))
	_quiet with input as _input(_with({"resourceId": "exchange2", "appRoleId": "anything"}), [])
	_quiet with input as _input(_with({"resourceId": "endpoint", "appRoleId": "00000000-0000-0000-0000-000000000000"}), [])
	_quiet with input as _input(_with({"appRoleId": "00000000-0000-0000-0000-000000000000"}), [])
}

test_passes_for_users_and_groups if {
	every type in ["User", "Group"] {
		_quiet with input as _input(_with({"principalType": type}), [])
		_quiet with input as _input(_with({"principalType": type, "appRoleId": "new"}), [])
	}
}

test_passes_for_the_products_own_applications_and_shows_them if {
	every id in ["sp8", "sp9"] {
		_quiet with input as _input(_with({"principalId": id}), [])
		seen := rule.observed with input as _input(_with({"principalId": id}), [])
		{endswith(value, ": this product's own") | some value in _values(seen)} == {true}
	}
	_quiet with input as _unset(_with({"principalId": "sp9"}))
}

test_fails_for_an_application_that_is_not_approved if {
	found := rule.deny with input as _input([_assignment], [])
	found == {{
		"resource": {"kind": "app_role_assignment", "id": "a1", "name": "SIEM"},
		"message": "'SIEM' (aaaaaaaa-0000-4000-8000-000000000001) holds 'SecurityIncident.Read.All' on 'Microsoft Graph' without approval.",
		"expected": "an approval of the permission in approved_applications that hasn't ended",
		"actual": "'SecurityIncident.Read.All'",
	}}
	count(rule.deny) == 1 with input as _input(_with({"principalType": null}), [])
	count(rule.deny) == 1 with input as _input([object.remove(_assignment, ["principalType"])], [])
}

test_fails_for_another_permission_than_the_approved_one if {
	found := rule.deny with input as _input(_with({"resourceId": "endpoint", "appRoleId": "machines"}), [_approval("2027-06-30")])
	_actual(found) == {"'Machine.Read.All'"}
}

test_fails_when_the_approval_has_ended if {
	found := rule.deny with input as _input([_assignment], [_approval("2026-11-20")])
	{endswith(d.message, "The approval of 'SecurityIncident.Read.All' ended on '2026-11-20'.") | some d in found} == {true}
}

test_fails_for_a_role_that_a_security_resource_does_not_list if {
	every resource in ["endpoint", "endpoint2"] {
		found := rule.deny with input as _input(_with({"resourceId": resource, "appRoleId": "new-role"}), [])
		_actual(found) == {"'new-role'"}
		count(rule.unknown) == 0 with input as _input(_with({"resourceId": resource, "appRoleId": "new-role"}), [])
	}
}

test_fails_for_a_security_resource_without_a_role_id if {
	found := rule.deny with input as _input(_with({"resourceId": "endpoint", "appRoleId": null}), [])
	_actual(found) == {"'unnamed permission'"}
}

# An approval may be of that very permission, whose name wasn't read.
test_unknown_when_an_approved_application_holds_a_role_without_a_name if {
	tenant := _input(_with({"resourceId": "endpoint", "appRoleId": "new-role"}), [_approval("2027-06-30")])
	found := rule.unknown with input as tenant
	{[u.reason, u.kind] | some u in found} == {["partial", "resource_permissions"]}
	count(rule.deny) == 0 with input as tenant
	by_id := object.union(_approval("2027-06-30"), {"permissions": ["new-role"]})
	_quiet with input as _input(_with({"resourceId": "endpoint", "appRoleId": "new-role"}), [by_id])
	lapsed := rule.deny with input as _input(_with({"resourceId": "endpoint", "appRoleId": "new-role"}), [_approval("2026-06-30")])
	_actual(lapsed) == {"'new-role'"}
}

test_fails_once_for_each_assignment if {
	found := rule.deny with input as _input([_assignment, object.union(_assignment, {"id": "a2", "resourceId": "endpoint", "appRoleId": "machines"})], [])
	{d.resource.id | some d in found} == {"a1", "a2"}
}

test_unknown_when_nothing_is_configured_and_shows_the_list if {
	found := rule.unknown with input as _unset([_assignment])
	{[u.reason, u.kind] | some u in found} == {["needs_configuration", ""]}
	count(rule.deny) == 0 with input as _unset([_assignment])
	seen := rule.observed with input as _unset([_assignment])
	_values(seen) == {"'SIEM' (aaaaaaaa-0000-4000-8000-000000000001) holds 'SecurityIncident.Read.All' on 'Microsoft Graph': to be approved or removed"}
}

test_unknown_when_the_application_was_not_read if {
	found := rule.unknown with input as _input(_with({"principalId": "sp7"}), [])
	{[u.reason, u.kind] | some u in found} == {["partial", "service_principals"]}
	count(rule.deny) == 0 with input as _input(_with({"principalId": "sp7"}), [])
	throttled := object.union(_input(_with({"principalId": "sp7"}), []), {"gaps": {"service_principals": {"reason": "throttled", "status": 429, "code": ""}}})
	again := rule.unknown with input as throttled
	{u.reason | some u in again} == {"throttled"}
}

test_unknown_when_the_permission_has_no_name if {
	every change in [{"appRoleId": "new"}, {"resourceId": "graph2", "appRoleId": "new"}, {"resourceId": "legacy"}, {"resourceId": "nobody"}, {"resourceId": null}, {"appRoleId": null}] {
		found := rule.unknown with input as _input(_with(change), [])
		{[u.reason, u.kind] | some u in found} == {["partial", "resource_permissions"]}
		count(rule.deny) == 0 with input as _input(_with(change), [])
	}
}
