package domicile.consent.tenant_wide_grants_approved_test

import data.domicile.consent.tenant_wide_grants_approved as rule
import data.domicile.lib.permissions

_siem := "aaaaaaaa-0000-4000-8000-000000000001"

_scanner := "aaaaaaaa-0000-4000-8000-000000000009"

_remediator := "aaaaaaaa-0000-4000-8000-000000000008"

_grant := {"id": "g1", "clientId": "sp1", "consentType": "AllPrincipals", "principalId": null, "resourceId": "graph", "scope": " User.Read Mail.ReadWrite"}

_lookup := {
	"sp1": {"id": "sp1", "appId": _siem, "displayName": "SIEM"},
	"sp8": {"id": "sp8", "appId": _remediator, "displayName": "domicile remediator"},
	"sp9": {"id": "sp9", "appId": _scanner, "displayName": "domicile"},
	"own": {"id": "own", "appId": "bbbbbbbb-0000-4000-8000-000000000001", "displayName": "Own interface"},
	"exchange": {"id": "exchange", "appId": permissions.exchange_online, "displayName": "Office 365 Exchange Online"},
	"legacy": {"id": "legacy", "appId": null},
}

_approval(scopes, until) := {"app_id": _siem, "permissions": scopes, "reason": "SIEM", "until": until}

_input(grants, approvals) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "now": "2026-11-21T00:00:00Z", "profile": "xdr-current",
	"params": {"approved_applications": approvals, "high_risk_permissions": [], "remediator_app_id": _remediator},
	"reader": {"tid": "t1", "appid": _scanner}, "gaps": {}, "lookup": {"service_principals": _lookup},
	"evidence": {
		"oauth2_permission_grants": grants,
		"resource_permissions": [{"resourceId": "graph", "appId": permissions.graph, "id": "p1", "value": "Mail.ReadWrite", "type": "Scope"}],
	},
}

_unset(grants) := object.union(object.remove(_input(grants, []), ["params"]), {"params": {"high_risk_permissions": []}})

_with(change) := [object.union(_grant, change)]

_quiet if {
	count(rule.deny) == 0
	count(rule.unknown) == 0
}

_values(found) := {o.value | some o in found}

test_passes_when_there_are_no_grants if {
	_quiet with input as _input([], [])
	_quiet with input as _unset([])
}

test_passes_for_an_approved_application_and_shows_it if {
	tenant := _input([_grant], [_approval(["mail.readwrite"], "2027-06-30")])
	_quiet with input as tenant
	seen := rule.observed with input as tenant
	seen == {{
		"fact": "approval", "service": "", "tier": "api", "kind": "oauth2_permission_grants",
		"value": "'SIEM' (aaaaaaaa-0000-4000-8000-000000000001) holds 'Mail.ReadWrite' on 'Microsoft Graph' for all users: approved",
	}}
}

test_passes_for_grants_of_one_user_and_harmless_scopes if {
	_quiet with input as _input(_with({"consentType": "Principal", "principalId": "u1"}), [])
	every scope in ["User.Read openid profile", "", null] {
		_quiet with input as _input(_with({"scope": scope}), [])
		_quiet with input as _unset(_with({"scope": scope}))
	}
	_quiet with input as _input(_with({"resourceId": "own"}), [])
}

test_passes_for_the_products_own_applications_and_shows_them if {
	every id in ["sp8", "sp9"] {
		_quiet with input as _input(_with({"clientId": id}), [])
		seen := rule.observed with input as _input(_with({"clientId": id}), [])
		{endswith(value, ": this product's own") | some value in _values(seen)} == {true}
	}
	_quiet with input as _unset(_with({"clientId": "sp9"}))
}

test_fails_for_an_application_that_is_not_approved if {
	found := rule.deny with input as _input([_grant], [])
	found == {{
		"resource": {"kind": "oauth2_permission_grant", "id": "g1", "name": "SIEM"},
		"message": "'SIEM' (aaaaaaaa-0000-4000-8000-000000000001) holds 'Mail.ReadWrite' on 'Microsoft Graph' for all users without approval.",
		"expected": "an approval of each scope in approved_applications that hasn't ended",
		"actual": "'Mail.ReadWrite'",
	}}
	count(rule.unknown) == 0 with input as _input([_grant], [])
}

test_fails_for_the_scopes_that_are_not_approved_alone if {
	both := _input(_with({"scope": "Mail.Send Mail.ReadWrite"}), [_approval(["Mail.Send"], "2027-06-30")])
	found := rule.deny with input as both
	{d.actual | some d in found} == {"'Mail.ReadWrite'"}
}

test_fails_when_the_approval_has_ended if {
	found := rule.deny with input as _input([_grant], [_approval(["Mail.ReadWrite"], "2026-11-20")])
	{endswith(d.message, "The approval of 'Mail.ReadWrite' ended on '2026-11-20'.") | some d in found} == {true}
	_quiet with input as _input([_grant], [_approval(["Mail.ReadWrite"], "2026-11-21")])
}

test_fails_once_for_each_grant if {
	found := rule.deny with input as _input([_grant, object.union(_grant, {"id": "g2", "scope": "Mail.Send"})], [])
	{d.resource.id | some d in found} == {"g1", "g2"}
}

test_fails_on_other_resources_and_on_unknown_ones if {
	every resource in ["exchange", "legacy", "nobody"] {
		count(rule.deny) == 1 with input as _input(_with({"resourceId": resource}), [])
	}
}

test_fails_for_scopes_that_the_configuration_adds if {
	tenant := object.union(_input(_with({"scope": "Calendars.Read"}), []), {"params": {"high_risk_permissions": ["Calendars.Read"]}})
	count(rule.deny) == 1 with input as tenant
}

test_unknown_when_nothing_is_configured_and_shows_the_list if {
	found := rule.unknown with input as _unset([_grant])
	{[u.reason, u.kind] | some u in found} == {["needs_configuration", ""]}
	count(rule.deny) == 0 with input as _unset([_grant])
	seen := rule.observed with input as _unset([_grant])
	_values(seen) == {"'SIEM' (aaaaaaaa-0000-4000-8000-000000000001) holds 'Mail.ReadWrite' on 'Microsoft Graph' for all users: to be approved or removed"}
}

test_unknown_when_the_client_was_not_read if {
	every id in ["sp7", null] {
		found := rule.unknown with input as _input(_with({"clientId": id}), [])
		{[u.reason, u.kind] | some u in found} == {["partial", "service_principals"]}
		count(rule.deny) == 0 with input as _input(_with({"clientId": id}), [])
	}
	throttled := object.union(_input(_with({"clientId": "sp7"}), []), {"gaps": {"service_principals": {"reason": "throttled", "status": 429, "code": ""}}})
	found := rule.unknown with input as throttled
	{u.reason | some u in found} == {"throttled"}
}
