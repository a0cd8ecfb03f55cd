package domicile.roles.service_providers_approved_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.service_providers_approved as rule

_custom := "d0000000-0000-4000-8000-000000000001"

_sa := roles.security_administrator

_failed(doc) := ids if {
	ids := {finding.resource.id | some finding in rule.deny} with input as doc
}

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

_values(doc) := values if {
	values := {fact.value | some fact in rule.observed} with input as doc
}

_passes(doc) if {
	_failed(doc) == set()
	_reasons(doc) == set()
}

_tenant(assignments) := made.tenant("xdr-current", assignments)

_id := "3f0c1d7e-0000-4000-8000-000000000009"

_partner := {"entry": "partner", "tenantId": _id, "displayName": "Fabrikam", "isServiceProvider": true}

_with(evidence) := object.union(_tenant([]), {"evidence": object.union({"cross_tenant_access": [], "subscriptions": []}, evidence)})

_approving(doc, entries) := object.union(doc, {"params": {"approved_tenants": entries}})

_foreign := object.union(made.row(made.group("msp"), _sa), {"principal": null, "principalOrganizationId": _id})

_subscription := {"id": "s", "ownerTenantId": upper(_id), "status": "Enabled"}

test_passes_when_there_is_no_provider if {
	_passes(_approving(_with({}), []))
	_passes(_with({}))
	friend := object.union(_partner, {"isServiceProvider": false})
	own := {"id": "s", "ownerTenantId": "3f0c1d7e-0000-4000-8000-000000000001", "status": "Enabled"}
	old := object.union(_subscription, {"status": "Deleted"})
	_passes(_approving(_with({"cross_tenant_access": [friend, {"entry": "default", "tenantId": null, "isServiceProvider": null}], "subscriptions": [own, old, {"ownerTenantId": null}]}), []))
}

test_passes_when_the_provider_is_approved if {
	doc := _approving(_with({"cross_tenant_access": [_partner]}), [{"id": upper(_id), "name": "Fabrikam", "why": "SOC"}])
	_passes(doc)
	_values(doc) == {"'Fabrikam' (3f0c1d7e-0000-4000-8000-000000000009) is a service provider in the cross-tenant access settings: approved"}
}

test_fails_when_a_provider_is_not_approved if {
	doc := _approving(_with({"cross_tenant_access": [_partner]}), [])
	rule.deny == {{
		"resource": {"kind": "cross_tenant_access", "id": _id, "name": "Fabrikam"},
		"message": "The organisation 'Fabrikam' (3f0c1d7e-0000-4000-8000-000000000009) is a service provider in the cross-tenant access settings and is not approved.",
		"expected": "an entry in approved_tenants that hasn't ended",
		"actual": "is a service provider in the cross-tenant access settings",
	}} with input as doc
	_values(doc) == {"'Fabrikam' (3f0c1d7e-0000-4000-8000-000000000009) is a service provider in the cross-tenant access settings: not approved"}
	_failed(_approving(doc, [{"id": _id, "until": "2026-11-20"}])) == {_id}
}

test_pitfall_g_fails_when_a_principal_of_another_organisation_holds_a_role if {
	doc := _approving(_with({"role_assignments": [_foreign]}), [])
	_failed(doc) == {_id}
	_reasons(doc) == set()
	{finding.actual | some finding in rule.deny} == {"holds directory roles here"} with input as doc
}

test_fails_when_another_organisation_made_a_subscription if {
	doc := _approving(_with({"subscriptions": [_subscription], "role_assignments": [_foreign]}), [])
	_failed(doc) == {_id}
	{finding.actual | some finding in rule.deny} == {"holds directory roles here, made a subscription of this tenant"} with input as doc
}

test_unknown_when_nothing_is_configured if {
	doc := _with({"cross_tenant_access": [_partner]})
	_failed(doc) == set()
	_reasons(doc) == {["needs_configuration", ""]}
	_values(doc) == {"'Fabrikam' (3f0c1d7e-0000-4000-8000-000000000009) is a service provider in the cross-tenant access settings: to be approved or ended"}
}

test_unknown_when_a_source_could_not_be_read_and_fails_stand if {
	every kind in ["cross_tenant_access", "role_assignments", "subscriptions"] {
		_reasons(object.union(_approving(_with({}), []), made.gaps({kind: "no_permission"}))) == {["no_permission", kind]}
	}
	_failed(object.union(_approving(_with({"cross_tenant_access": [_partner]}), []), made.gaps({"subscriptions": "timeout"}))) == {_id}
}

test_unknown_when_a_holder_is_gone_and_nothing_says_where if {
	gone := object.remove(_foreign, ["principalOrganizationId"])
	_reasons(_approving(_with({"role_assignments": [gone]}), [])) == {["partial", "role_assignments"]}
	_passes(_approving(_with({"role_assignments": [object.union(gone, {"principalOrganizationId": null})]}), []))
}

test_fails_beside_the_default_entry if {
	default_entry := {"entry": "default", "tenantId": null, "displayName": null, "isServiceProvider": null}
	_failed(_approving(_with({"cross_tenant_access": [default_entry, _partner]}), [])) == {_id}
}

# Microsoft Graph names no partner; whoever approved it did, also where that has ended.
test_fails_when_an_approval_has_ended_and_names_the_provider if {
	partner := object.union(_partner, {"displayName": null})
	doc := _approving(_with({"cross_tenant_access": [partner], "role_assignments": [_foreign]}), [{"id": upper(_id), "name": "Fabrikam", "until": "2026-11-20"}])
	{finding.resource.name | some finding in rule.deny} == {"Fabrikam"} with input as doc
	_values(_approving(doc, [])) == {sprintf("'%s' holds directory roles here, is a service provider in the cross-tenant access settings: not approved", [_id])}
}
