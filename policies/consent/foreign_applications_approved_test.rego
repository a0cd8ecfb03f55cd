package domicile.consent.foreign_applications_approved_test

import data.domicile.consent.foreign_applications_approved as rule
import data.domicile.lib.permissions

_vendor := "aaaaaaaa-0000-4000-8000-000000000001"

_scanner := "aaaaaaaa-0000-4000-8000-000000000009"

_assignment := {
	"id": "a1", "appRoleId": "incidents", "principalId": "sp1", "principalType": "ServicePrincipal",
	"principalDisplayName": "Vendor", "resourceId": "graph",
}

_role(id, value) := {"resourceId": "graph", "appId": permissions.graph, "id": id, "value": value, "type": "Role"}

# The tenant with the one assignment, changed, and the vendor's service principal, changed.
_input(change, principal, params) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "now": "2026-11-21T00:00:00Z", "profile": "xdr-current",
	"params": object.union({"first_party_tenants": ["ms"]}, params), "reader": {"tid": "t1", "appid": _scanner}, "gaps": {},
	"lookup": {"service_principals": {
		"sp1": object.union({"id": "sp1", "appId": _vendor, "displayName": "Vendor", "servicePrincipalType": "Application", "appOwnerOrganizationId": "t2"}, principal),
		"sp9": {"id": "sp9", "appId": _scanner, "displayName": "domicile", "appOwnerOrganizationId": null},
	}},
	"evidence": {
		"app_role_assignments": [object.union(_assignment, change)],
		"resource_permissions": [_role("incidents", "SecurityIncident.Read.All"), _role("users", "User.Read.All")],
	},
}

_approved(until) := {"approved_applications": [{"app_id": _vendor, "permissions": ["SecurityIncident.Read.All"], "until": until}]}

_none := {"approved_applications": []}

_failed(doc) := found if {
	found := {[d.resource.id, d.actual] | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

_quiet(doc) if {
	_failed(doc) == set()
	_unknown(doc) == set()
}

test_passes_for_applications_at_home_and_microsofts if {
	every principal in [{"appOwnerOrganizationId": "T1"}, {"appOwnerOrganizationId": "MS"}, {"appOwnerOrganizationId": null, "servicePrincipalType": "ManagedIdentity"}] {
		_quiet(_input({}, principal, _none))
		_quiet(_input({}, principal, {}))
	}
}

test_passes_for_other_permissions_and_people if {
	_quiet(_input({"appRoleId": "users"}, {}, _none))
	_quiet(_input({"principalType": "Group"}, {}, _none))
}

test_passes_for_an_approved_application_and_shows_it if {
	doc := _input({}, {}, _approved("2027-06-30"))
	_quiet(doc)
	{o.value | some o in rule.observed} == {"'Vendor' (aaaaaaaa-0000-4000-8000-000000000001) holds 'SecurityIncident.Read.All' on 'Microsoft Graph': approved"} with input as doc
}

test_passes_for_a_foreign_scanner_and_shows_it if {
	doc := object.union(_input({"principalId": "sp9"}, {}, {}), {"lookup": {"service_principals": {"sp9": {"appOwnerOrganizationId": "t2"}}}})
	_quiet(doc)
	{endswith(o.value, "this product's own") | some o in rule.observed} == {true} with input as doc
	_quiet(_input({"principalId": "sp9"}, {}, {}))
}

test_fails_for_a_foreign_application if {
	rule.deny == {{
		"resource": {"kind": "app_role_assignment", "id": "a1", "name": "Vendor"},
		"message": "The organisation 't2' owns the application. 'Vendor' (aaaaaaaa-0000-4000-8000-000000000001) holds 'SecurityIncident.Read.All' on 'Microsoft Graph' without approval.",
		"expected": "an approval of the permission in approved_applications that hasn't ended",
		"actual": "'SecurityIncident.Read.All'",
	}} with input as _input({}, {}, _none)
	_failed(_input({}, {}, _approved("2026-11-20"))) == {["a1", "'SecurityIncident.Read.All'"]}
}

test_unknown_when_nothing_is_configured if {
	_unknown(_input({}, {}, {})) == {["needs_configuration", ""]}
	_failed(_input({}, {}, {})) == set()
}

test_unknown_when_the_owner_is_not_known if {
	_unknown(_input({}, {"appOwnerOrganizationId": null}, _none)) == {["partial", "service_principals"]}
	unread := _input({"principalId": "sp7"}, {}, _none)
	_unknown(unread) == {["partial", "service_principals"]}
	_failed(unread) == set()
	_unknown(object.union(unread, {"gaps": {"service_principals": {"reason": "throttled", "status": 429, "code": ""}}})) == {["throttled", "service_principals"]}
}

test_unknown_when_a_permission_has_no_name if {
	_unknown(_input({"appRoleId": "new"}, {}, _none)) == {["partial", "resource_permissions"]}
}

test_unknown_when_an_approved_application_holds_a_role_without_a_name if {
	endpoint := {"resourceId": "mde", "appId": permissions.defender_for_endpoint, "id": "machines", "value": "Machine.Read.All", "type": "Role"}
	doc := object.union(_input({"resourceId": "mde", "appRoleId": "new"}, {}, _approved("2027-06-30")), {"evidence": {"resource_permissions": [endpoint]}})
	_unknown(doc) == {["partial", "resource_permissions"]}
	_failed(doc) == set()
	unapproved := object.union(_input({"resourceId": "mde", "appRoleId": "new"}, {}, _none), {"evidence": {"resource_permissions": [endpoint]}})
	_failed(unapproved) == {["a1", "'new'"]}
}

test_unknown_when_a_foreign_application_has_no_id if {
	doc := _input({}, {"appId": null}, _none)
	_failed(doc) == set()
	_unknown(doc) == {["partial", "service_principals"]}
}
