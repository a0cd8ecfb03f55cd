package domicile.consent.foreign_applications_verified_test

import data.domicile.consent.foreign_applications_verified as rule
import data.domicile.lib.permissions

_principal := {
	"id": "sp1", "appId": "app-1", "displayName": "Vendor", "servicePrincipalType": "Application", "appOwnerOrganizationId": "t2",
	"verifiedPublisher": {"displayName": null, "verifiedPublisherId": null, "addedDateTime": null},
}

_verified := {"verifiedPublisher": {"displayName": "Vendor Ltd", "verifiedPublisherId": "123", "addedDateTime": "2025-01-01T00:00:00Z"}}

_assignment := {"id": "a1", "appRoleId": "mail", "principalId": "sp1", "principalType": "ServicePrincipal", "resourceId": "graph"}

_grant := {"id": "g1", "clientId": "sp1", "consentType": "Principal", "resourceId": "graph", "scope": " openid Mail.Send"}

_role(id, value) := {"resourceId": "graph", "appId": permissions.graph, "id": id, "value": value, "type": "Role"}

_input(principals, held, granted) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "gaps": {},
	"params": {"first_party_tenants": ["ms"], "high_risk_permissions": []},
	"lookup": {"service_principals": object.union({p.id: p | some p in principals}, {"exo": {"id": "exo", "appId": permissions.exchange_online}})},
	"group": {
		"app_role_assignments": {id: own |
			some id in {a.principalId | some a in held}
			own := [a | some a in held; a.principalId == id]
		},
		"oauth2_permission_grants": {id: own |
			some id in {g.clientId | some g in granted}
			own := [g | some g in granted; g.clientId == id]
		},
	},
	"evidence": {"service_principals": principals, "resource_permissions": [_role("mail", "Mail.ReadWrite"), _role("users", "User.Read.All")]},
}

_unnamed := object.union(_assignment, {"appRoleId": "new"})

_gap(kind) := {"gaps": {kind: {"reason": "no_permission", "status": 403, "code": ""}}}

_failed(doc) := found if {
	found := {[d.resource.id, d.message] | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

_quiet(doc) if {
	_failed(doc) == set()
	_unknown(doc) == set()
}

test_passes_for_a_verified_publisher if {
	doc := _input([object.union(_principal, _verified)], [_assignment], [_grant])
	_quiet(doc)
	count(rule.not_applicable) == 0 with input as doc
}

test_passes_without_high_risk_permissions if {
	_quiet(_input([_principal], [object.union(_assignment, {"appRoleId": "users"})], [object.union(_grant, {"scope": "openid User.Read"}), object.union(_grant, {"scope": null})]))
}

test_passes_for_home_and_microsoft if {
	every change in [{"appOwnerOrganizationId": "t1"}, {"appOwnerOrganizationId": "ms"}, {"servicePrincipalType": "ManagedIdentity", "appOwnerOrganizationId": null}] {
		doc := _input([object.union(_principal, change)], [_assignment], [_grant])
		_quiet(doc)
		{n.reason | some n in rule.not_applicable} == {"nothing_to_judge"} with input as doc
	}
}

test_fails_and_names_permissions_of_both_kinds if {
	rule.deny == {{
		"resource": {"kind": "service_principal", "id": "sp1", "name": "Vendor"},
		"message": "'Vendor' (app-1) of the organisation 't2' holds 'Mail.ReadWrite', 'Mail.Send' and has no verified publisher.",
		"expected": "a verified publisher",
		"actual": "no verified publisher",
	}} with input as _input([_principal], [_assignment], [_grant])
}

test_fails_by_scopes_of_resources_known_or_not if {
	every resource in ["exo", "nobody", null] {
		count(_failed(_input([_principal], [], [object.union(_grant, {"resourceId": resource})]))) == 1
	}
}

test_fails_for_an_application_without_name_and_publisher if {
	bare := object.union(_principal, {"displayName": null, "appId": null, "verifiedPublisher": null})
	_failed(_input([bare], [], [_grant])) == {["sp1", "'sp1' (application unknown) of the organisation 't2' holds 'Mail.Send' and has no verified publisher."]}
	empty := object.union(_principal, {"verifiedPublisher": {"verifiedPublisherId": ""}})
	count(_failed(_input([empty], [], [_grant]))) == 1
}

test_unknown_when_the_owner_or_publisher_was_not_read if {
	unsaid := _input([object.union(_principal, {"appOwnerOrganizationId": null})], [_assignment], [])
	_unknown(unsaid) == {["partial", "service_principals"]}
	_failed(unsaid) == set()
	every owner in ["t2", null] {
		cut := _input([object.union(object.remove(_principal, ["verifiedPublisher"]), {"appOwnerOrganizationId": owner})], [_assignment], [])
		_unknown(cut) == {["partial", "service_principals"]}
		_failed(cut) == set()
	}
}

test_unknown_when_permissions_were_not_read if {
	every kind in ["app_role_assignments", "oauth2_permission_grants"] {
		every principal in [_principal, object.union(_principal, {"appOwnerOrganizationId": null}), object.remove(_principal, ["verifiedPublisher"])] {
			_unknown(object.union(_input([principal], [], []), _gap(kind))) == {["no_permission", kind]}
		}
		every other in [object.union(_principal, _verified), object.union(_principal, {"appOwnerOrganizationId": "t1"})] {
			_unknown(object.union(_input([other], [], []), _gap(kind))) == set()
		}
		_unknown(object.union(_input([_principal], [], [_grant]), _gap(kind))) == set()
	}
}

test_unknown_when_a_permission_is_not_listed if {
	_unknown(_input([_principal], [_unnamed], [])) == {["partial", "resource_permissions"]}
	_unknown(_input([object.union(_principal, {"appOwnerOrganizationId": null})], [_unnamed], [])) == {["partial", "resource_permissions"]}
}

test_unlisted_permissions_of_others_leave_nothing_open if {
	_quiet(_input([object.union(_principal, _verified)], [_unnamed], []))
	_quiet(_input([_principal], [object.union(_unnamed, {"principalId": "sp2"})], []))
	_unknown(_input([_principal], [_unnamed], [_grant])) == set()
}

test_each_application_is_judged_by_its_own_permissions if {
	second := object.union(_principal, {"id": "sp2", "displayName": "Other"})
	third := object.union(_principal, {"id": "sp3"})
	found := _failed(_input([_principal, second, third], [_assignment], [object.union(_grant, {"clientId": "sp2"})]))
	found == {
		["sp1", "'Vendor' (app-1) of the organisation 't2' holds 'Mail.ReadWrite' and has no verified publisher."],
		["sp2", "'Other' (app-1) of the organisation 't2' holds 'Mail.Send' and has no verified publisher."],
	}
}
