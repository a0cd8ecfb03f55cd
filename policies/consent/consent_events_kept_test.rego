package domicile.consent.consent_events_kept_test

import data.domicile.consent.consent_events_kept as rule
import data.domicile.lib.licences
import data.domicile.lib.permissions

_assignment(created) := {
	"id": "a1", "appRoleId": "mail", "principalId": "SP1", "principalType": "ServicePrincipal", "principalDisplayName": "SIEM",
	"resourceId": "graph", "createdDateTime": created,
}

_grant := {"id": "g1", "clientId": "sp1", "consentType": "AllPrincipals", "resourceId": "graph", "scope": " openid Mail.Send"}

_event(at) := {
	"id": "e1", "activityDateTime": at, "activityDisplayName": "Add app role assignment to service principal", "result": "success",
	"initiatedBy": {"user": {"id": "u1", "userPrincipalName": "ada@contoso.example"}},
	"targetResources": [{"id": "graph", "modifiedProperties": [{"newValue": "\"Mail.ReadWrite\""}, {"newValue": "\"sp1\""}]}],
}

_consent := object.union(_event("2026-11-10T00:00:00Z"), {"activityDisplayName": "Consent to application", "targetResources": [{"id": "sp1", "modifiedProperties": [{"newValue": "Scope: Mail.Send"}]}]})

_premium := {"capabilityStatus": "Enabled", "servicePlans": [{"servicePlanId": licences.plans.AAD_PREMIUM, "provisioningStatus": "Success"}]}

_input(evidence) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "now": "2026-11-21T00:00:00Z", "profile": "xdr-current", "gaps": {},
	"params": {"high_risk_permissions": []},
	"lookup": {"service_principals": {"sp1": {"id": "sp1", "appId": "app-1", "displayName": "SIEM"}, "SP1": {"id": "SP1", "appId": "app-1", "displayName": "SIEM"}}},
	"evidence": object.union(
		{
			"consent_events": [], "app_role_assignments": [], "oauth2_permission_grants": [], "previous_result": [], "subscribed_skus": [_premium],
			"resource_permissions": [{"resourceId": "graph", "appId": permissions.graph, "id": "mail", "value": "Mail.ReadWrite", "type": "Role"}],
		},
		evidence,
	),
}

_previous(change) := object.union({"tenantId": "T1", "chain": "intact", "finished": "2026-11-01T00:00:00Z", "rules": {"CONS1016": {"outcome": "pass", "observed": []}}}, change)

_shown(values) := _previous({"rules": {"CONS1016": {"observed": [{"fact": "consent", "value": value} | some value in values]}}})

_since(doc, day) := object.union(doc, {"params": {"consent_history_from": day}})

_failed(doc) := found if {
	found := {[d.resource.kind, d.resource.id] | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

_lines(doc) := found if {
	found := {o.value | some o in rule.observed; o.fact == "consent"} with input as doc
}

_idle(doc) if {
	count(rule.not_applicable) == 1 with input as doc
	_failed(doc) == set()
	_unknown(doc) == set()
}

test_passes_when_the_log_has_the_event_and_shows_it if {
	doc := _input({"app_role_assignments": [_assignment("2026-11-10T00:00:00Z")], "consent_events": [_event("2026-11-10T00:00:01Z")], "oauth2_permission_grants": [_grant]})
	_failed(doc) == set()
	_unknown(doc) == set()
	count(rule.not_applicable) == 0 with input as doc
	_lines(doc) == {"grant a1: event of 2026-11-10 by 'ada@contoso.example'", "grant g1: no event, to 'SIEM'"}
}

test_passes_when_the_earlier_result_has_the_event_and_carries_it_on if {
	doc := _since(_input({"app_role_assignments": [_assignment("2026-06-01T00:00:00Z")], "previous_result": [_shown(["grant a1: event of 2026-06-01 by 'ada'"])]}), "2026-05-01")
	_failed(doc) == set()
	_unknown(doc) == set()
	_lines(doc) == {"grant a1: event of 2026-06-01 by 'ada'"}
}

test_fails_for_a_young_grant_without_its_event if {
	doc := _input({"app_role_assignments": [_assignment("2026-11-10T00:00:00Z")], "consent_events": [_event("2026-11-14T00:00:00Z")]})
	rule.deny == {{
		"resource": {"kind": "app_role_assignment", "id": "a1", "name": "SIEM"},
		"message": "'SIEM' was granted 'Mail.ReadWrite' on '2026-11-10', and no consent event of it is kept.",
		"expected": "a consent event in the audit log or the earlier result",
		"actual": "none",
	}} with input as doc
}

test_fails_within_the_time_that_the_log_is_kept if {
	doc := _input({"app_role_assignments": [_assignment("2026-11-10T00:00:00Z")]})
	_failed(doc) == {["app_role_assignment", "a1"]}
	_idle(object.union(doc, {"evidence": {"subscribed_skus": []}}))
}

test_fails_when_the_earlier_result_had_no_event_either if {
	doc := _since(_input({"app_role_assignments": [_assignment("2026-06-01T00:00:00Z")], "previous_result": [_shown(["grant a1: no event, to 'x: event of 2026-06-01'"])]}), "2026-05-01")
	_failed(doc) == {["app_role_assignment", "a1"]}
}

test_fails_for_a_delegated_grant_that_is_new_since_the_earlier_result if {
	doc := _input({"oauth2_permission_grants": [_grant], "previous_result": [_previous({})]})
	_failed(doc) == {["oauth2_permission_grant", "g1"]}
	some finding in rule.deny with input as doc
	finding.message == "'SIEM' was granted 'Mail.Send' since '2026-11-01', and no consent event of it is kept."
	kept := object.union(doc, {"evidence": {"consent_events": [_consent]}})
	_failed(kept) == set()
	_lines(kept) == {"grant g1: event of 2026-11-10 by 'ada@contoso.example'"}
}

test_not_applicable_when_nothing_is_young_enough if {
	_idle(_input({}))
	_idle(_input({"app_role_assignments": [_assignment("2026-06-01T00:00:00Z"), object.union(_assignment("2026-11-20T12:00:00Z"), {"id": "a2"})]}))
	_idle(_input({"app_role_assignments": [_assignment(null)], "oauth2_permission_grants": [_grant, object.union(_grant, {"consentType": "Principal"}), object.union(_grant, {"scope": "openid"})]}))
	_idle(_input({"oauth2_permission_grants": [_grant], "previous_result": [_shown(["grant g1: no event, to 'SIEM'"])]}))
	_idle(_input({"oauth2_permission_grants": [_grant], "previous_result": [_previous({"finished": "2026-01-01T00:00:00Z"})]}))
	_idle(_since(_input({"app_role_assignments": [_assignment("2026-11-10T00:00:00Z")]}), "2026-11-15"))
	{o.value | some o in rule.observed; o.fact == "count"} == {"1 high-risk grants are older than what is judged"} with input as _input({"app_role_assignments": [_assignment("2026-06-01T00:00:00Z")]})
}

test_unknown_without_a_usable_earlier_result if {
	doc := _since(_input({"app_role_assignments": [_assignment("2026-06-01T00:00:00Z")]}), "2026-05-01")
	_unknown(doc) == {["not_collected", "previous_result"]}
	_failed(doc) == set()
	every change in [{"chain": "broken"}, {"tenantId": "t2"}, {"rules": {"CONS1016": {"observed": null}}}] {
		_unknown(object.union(doc, {"evidence": {"previous_result": [_previous(change)]}})) == {["conflict", "previous_result"]}
	}
}

test_unknown_when_grants_or_permissions_were_not_read if {
	refused := object.union(_input({}), {"gaps": {"oauth2_permission_grants": {"reason": "no_permission", "status": 403, "code": ""}}})
	_unknown(refused) == {["no_permission", "oauth2_permission_grants"]}
	count(rule.not_applicable) == 0 with input as refused
	_unknown(_input({"app_role_assignments": [object.union(_assignment("2026-11-10T00:00:00Z"), {"appRoleId": "new"})]})) == {["partial", "resource_permissions"]}
}

test_unknown_when_the_day_is_none if {
	_unknown(_since(_input({}), "soon")) == {["needs_configuration", ""]}
}

test_unknown_when_the_licences_were_not_read_and_a_grant_may_be_young_enough if {
	doc := object.union(_input({"app_role_assignments": [_assignment("2026-11-05T00:00:00Z")], "subscribed_skus": []}), {"gaps": {"subscribed_skus": {"reason": "no_permission"}}})
	_failed(doc) == set()
	_unknown(doc) == {["no_permission", "subscribed_skus"]}
	_unknown(object.union(doc, {"tenant": {"cloud": "china"}})) == {["no_permission", "subscribed_skus"]}
	_unknown(object.union(doc, {"evidence": {"app_role_assignments": [_assignment("2026-06-01T00:00:00Z")]}})) == set()
	_unknown(_since(doc, "2026-11-10")) == set()
}
