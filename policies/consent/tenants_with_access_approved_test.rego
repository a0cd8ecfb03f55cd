package domicile.consent.tenants_with_access_approved_test

import data.domicile.consent.tenants_with_access_approved as rule

_partner := {
	"entry": "partner", "tenantId": "T2", "displayName": null, "isServiceProvider": false, "isInMultiTenantOrganization": false,
	"inboundTrust": {"isMfaAccepted": false, "isCompliantDeviceAccepted": false, "isHybridAzureADJoinedDeviceAccepted": null},
	"identitySynchronization": {"userSyncInbound": {"isSyncAllowed": false}},
}

_default := {"entry": "default", "inboundTrust": {"isMfaAccepted": true}}

_input(entries, params) := {"now": "2026-11-21T00:00:00Z", "tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "gaps": {}, "params": params, "evidence": {"cross_tenant_access": entries}}

_with(change) := [object.union(_partner, change)]

_none := {"approved_tenants": []}

_failed(doc) := found if {
	found := {[d.resource.id, d.actual] | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

test_passes_when_no_tenant_has_access if {
	every entries in [[], [_partner], _with({"inboundTrust": null, "identitySynchronization": null, "isServiceProvider": null})] {
		_failed(_input(entries, _none)) == set()
		_unknown(_input(entries, {})) == set()
	}
}

test_passes_for_an_approved_tenant_and_shows_it if {
	doc := _input(_with({"isServiceProvider": true, "displayName": "Fabrikam"}), {"approved_tenants": [{"id": "t2", "name": "Fabrikam", "why": "SOC"}, {"name": "no id"}]})
	_failed(doc) == set()
	_unknown(doc) == set()
	{o.value | some o in rule.observed} == {"'Fabrikam': service provider"} with input as doc
}

test_fails_when_the_approval_has_ended if {
	approved := {"id": "t2", "name": "Fabrikam", "why": "SOC"}
	doc := _input(_with({"isServiceProvider": true}), {"approved_tenants": [object.union(approved, {"until": "2026-11-20"})]})
	_failed(doc) == {["t2", "service provider"]}
	_failed(_input(_with({"isServiceProvider": true}), {"approved_tenants": [object.union(approved, {"until": "2026-11-21"})]})) == set()
}

test_passes_for_the_tenant_itself_and_pending_members if {
	doc := _input([{"entry": "member", "tenantId": "T1", "state": "active"}, {"entry": "member", "tenantId": "t3", "state": "pending"}], _none)
	_failed(doc) == set()
}

test_passes_by_default_trust_and_shows_it if {
	doc := _input([_default], _none)
	_failed(doc) == set()
	{o.fact | some o in rule.observed} == {"setting"} with input as doc
}

test_fails_for_each_way_in if {
	_failed(_input(_with({"isServiceProvider": true}), _none)) == {["t2", "service provider"]}
	_failed(_input(_with({"isInMultiTenantOrganization": true}), _none)) == {["t2", "multi-tenant organisation"]}
	_failed(_input(_with({"identitySynchronization": {"userSyncInbound": {"isSyncAllowed": true}}}), _none)) == {["t2", "synchronises users"]}
	_failed(_input(_with({"inboundTrust": {"isCompliantDeviceAccepted": true}}), _none)) == {["t2", "inbound trust"]}
	_failed(_input([{"entry": "member", "tenantId": "t3", "state": "active"}], _none)) == {["t3", "multi-tenant organisation"]}
}

test_fails_once_for_each_tenant if {
	entries := array.concat(_with({"isServiceProvider": true, "inboundTrust": {"isMfaAccepted": true}}), [{"entry": "member", "tenantId": "t2", "displayName": "Fabrikam", "state": "active"}])
	rule.deny == {{
		"resource": {"kind": "cross_tenant_access", "id": "t2", "name": "Fabrikam"},
		"message": "The tenant 'Fabrikam' has standing access unapproved: inbound trust, multi-tenant organisation, service provider.",
		"expected": "an entry in approved_tenants that hasn't ended",
		"actual": "inbound trust, multi-tenant organisation, service provider",
	}} with input as _input(entries, _none)
}

test_unknown_when_nothing_is_configured if {
	_unknown(_input(_with({"isServiceProvider": true}), {})) == {["needs_configuration", ""]}
	_failed(_input(_with({"isServiceProvider": true}), {})) == set()
}

test_unknown_when_a_tenant_has_no_id if {
	_unknown(_input(_with({"isServiceProvider": true, "tenantId": null}), _none)) == {["partial", "cross_tenant_access"]}
}

test_passes_for_a_member_that_was_removed if {
	_failed(_input([{"entry": "member", "tenantId": "t3", "state": "removed"}], _none)) == set()
}

test_unknown_when_a_tenant_with_access_has_an_empty_id if {
	doc := _input(_with({"isServiceProvider": true, "tenantId": ""}), _none)
	_failed(doc) == set()
	_unknown(doc) == {["partial", "cross_tenant_access"]}
}
