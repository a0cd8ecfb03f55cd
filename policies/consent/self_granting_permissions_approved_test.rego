package domicile.consent.self_granting_permissions_approved_test

import data.domicile.consent.self_granting_permissions_approved as rule
import data.domicile.lib.permissions

_robot := "aaaaaaaa-0000-4000-8000-000000000001"

_scanner := "aaaaaaaa-0000-4000-8000-000000000009"

_assignment := {
	"id": "a1", "appRoleId": "roles", "principalId": "sp1", "principalType": "ServicePrincipal",
	"principalDisplayName": "Robot", "resourceId": "graph",
}

_role(id, value) := {"resourceId": "graph", "appId": permissions.graph, "id": id, "value": value, "type": "Role"}

_input(changes, params) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "now": "2026-11-21T00:00:00Z", "profile": "xdr-current",
	"params": params, "reader": {"tid": "t1", "appid": _scanner}, "gaps": {},
	"lookup": {"service_principals": {
		"sp1": {"id": "sp1", "appId": _robot, "displayName": "Robot"},
		"sp9": {"id": "sp9", "appId": _scanner, "displayName": "domicile"},
	}},
	"evidence": {
		"app_role_assignments": [object.union(_assignment, change) | some change in changes],
		"resource_permissions": [_role("roles", "RoleManagement.ReadWrite.Directory"), _role("mail", "Mail.ReadWrite")],
	},
}

_approved(until) := {"approved_applications": [{"app_id": _robot, "permissions": ["RoleManagement.ReadWrite.Directory"], "until": until}]}

_none := {"approved_applications": []}

_failed(doc) := found if {
	found := {[d.resource.id, d.actual] | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

test_passes_for_what_grants_nothing if {
	every changes in [[], [{"appRoleId": "mail"}], [{"principalType": "User"}]] {
		_failed(_input(changes, _none)) == set()
		_unknown(_input(changes, {})) == set()
	}
}

test_passes_for_an_approved_application_and_shows_it if {
	doc := _input([{}], _approved("2027-06-30"))
	_failed(doc) == set()
	_unknown(doc) == set()
	{o.value | some o in rule.observed} == {"'Robot' (aaaaaaaa-0000-4000-8000-000000000001) holds 'RoleManagement.ReadWrite.Directory' on 'Microsoft Graph': approved"} with input as doc
}

test_passes_for_the_products_own if {
	_failed(_input([{"principalId": "sp9"}], _none)) == set()
	_unknown(_input([{"principalId": "sp9"}], {})) == set()
}

test_fails_without_an_approval_or_after_its_end if {
	rule.deny == {{
		"resource": {"kind": "app_role_assignment", "id": "a1", "name": "Robot"},
		"message": "'Robot' (aaaaaaaa-0000-4000-8000-000000000001) holds 'RoleManagement.ReadWrite.Directory' on 'Microsoft Graph' without approval.",
		"expected": "an approval of the permission in approved_applications that hasn't ended",
		"actual": "'RoleManagement.ReadWrite.Directory'",
	}} with input as _input([{}], _none)
	_failed(_input([{}], _approved("2026-11-20"))) == {["a1", "'RoleManagement.ReadWrite.Directory'"]}
}

test_unknown_when_nothing_is_configured if {
	_unknown(_input([{}], {})) == {["needs_configuration", ""]}
	_failed(_input([{}], {})) == set()
}

test_unknown_when_the_application_was_not_read if {
	doc := _input([{"principalId": "sp7"}], _none)
	_unknown(doc) == {["partial", "service_principals"]}
	_failed(doc) == set()
	_unknown(object.union(doc, {"gaps": {"service_principals": {"reason": "throttled", "status": 429, "code": ""}}})) == {["throttled", "service_principals"]}
}

test_unknown_when_a_permission_has_no_name if {
	_unknown(_input([{"appRoleId": "new"}], _none)) == {["partial", "resource_permissions"]}
}
