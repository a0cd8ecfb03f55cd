package domicile.consent.application_credentials_bounded_test

import data.domicile.consent.application_credentials_bounded as rule

_entry(type, life) := {"restrictionType": type, "state": "enabled", "maxLifetime": life, "restrictForAppsCreatedAfterDateTime": "0001-01-01T00:00:00Z"}

_blocked := _entry("passwordAddition", null)

_short := _entry("passwordLifetime", "P181D")

_certificate := _entry("asymmetricKeyLifetime", "P366D")

_restrictions(passwords, keys) := {"passwordCredentials": passwords, "keyCredentials": keys}

_default(passwords, keys) := {"policyType": "default", "id": "default", "isEnabled": true, "applicationRestrictions": _restrictions(passwords, keys), "servicePrincipalRestrictions": null}

_own(passwords, keys) := {
	"policyType": "custom", "id": "p1", "displayName": "Legacy", "isEnabled": true, "restrictions": _restrictions(passwords, keys),
	"appliesTo": [{"@odata.type": "#microsoft.graph.application", "id": "o1"}],
}

_good := _default([_blocked, _short], [_certificate])

_input(policies) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "gaps": {},
	"params": {"secret_max_days": 180, "certificate_max_days": 365},
	"evidence": {"app_management_policy": policies, "organization": [{"createdDateTime": "2019-05-06T07:08:09Z"}]},
}

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

_passwords_open := "The tenant's application policy leaves passwords neither blocked nor bounded to 180 days."

test_passes_when_blocked_or_bounded if {
	_quiet(_input([_good]))
	_quiet(_input([_default([_blocked], [_certificate])]))
	_quiet(_input([_default([_short], [_certificate])]))
	_quiet(_input([_default([_entry("passwordLifetime", "P180DT23H59M59.5S")], [_entry("asymmetricKeyLifetime", "P90D")])]))
	{o.value | some o in rule.observed} == {
		"applications: asymmetricKeyLifetime enabled 'P366D', passwordAddition enabled, passwordLifetime enabled 'P181D'",
		"service principals: no restriction",
	} with input as _input([_good])
}

test_passes_when_it_holds_since_before_the_tenant if {
	early := object.union(_blocked, {"restrictForAppsCreatedAfterDateTime": "2019-05-06T00:00:00Z"})
	_quiet(_input([_default([early], [_certificate])]))
}

test_fails_when_the_policy_is_off_or_empty if {
	every policy in [object.union(_good, {"isEnabled": false}), object.union(_default([], []), {"applicationRestrictions": null}), _default(null, null)] {
		_failed(_input([policy])) == {["t1", "The tenant's application policy leaves certificates not bounded to 365 days and passwords neither blocked nor bounded to 180 days."]}
	}
	{[d.expected, d.actual] | some d in rule.deny} == {["passwords blocked or bounded to 180 days, certificates bounded to 365 days, for all applications", "no restriction"]} with input as _input([_default([], [])])
}

test_fails_one_day_beyond_the_bound if {
	_failed(_input([_default([_entry("passwordLifetime", "P182D")], [_certificate])])) == {["t1", _passwords_open]}
	_failed(_input([_default([_short], [_entry("asymmetricKeyLifetime", "P366DT1S")])])) == {["t1", "The tenant's application policy leaves certificates not bounded to 365 days."]}
	disabled := object.union(_short, {"state": "disabled"})
	_failed(_input([_default([disabled], [_certificate])])) == {["t1", _passwords_open]}
}

test_fails_when_older_applications_are_left_out if {
	late := object.union(_blocked, {"restrictForAppsCreatedAfterDateTime": "2026-01-01T00:00:00Z"})
	_failed(_input([_default([late], [_certificate])])) == {["t1", _passwords_open]}
	some finding in rule.deny with input as _input([_default([late], [_certificate])])
	contains(finding.actual, "passwordAddition enabled for applications created after '2026-01-01'")
}

test_fails_for_a_policy_of_single_applications_that_relaxes if {
	off := [object.union(_blocked, {"state": "disabled"}), _entry("passwordLifetime", "P730D")]
	_failed(_input([_good, _own(off, [])])) == {["p1", "The policy 'Legacy', which applies to 1 objects, leaves passwords neither blocked nor bounded to 180 days."]}
	unnamed := object.union(_own([], [_entry("asymmetricKeyLifetime", "P900D")]), {"displayName": null})
	_failed(_input([_good, unnamed])) == {["p1", "The policy 'p1', which applies to 1 objects, leaves certificates not bounded to 365 days."]}
}

test_passes_for_policies_that_do_not_relax_or_apply if {
	relaxed := _own([object.union(_blocked, {"state": "disabled"}), _entry("passwordLifetime", "P730D")], [])
	every policy in [_own([object.union(_blocked, {"state": "disabled"})], []), _own([], []), object.union(relaxed, {"isEnabled": false}), object.union(relaxed, {"appliesTo": []})] {
		_quiet(_input([_good, policy]))
	}
}

test_unknown_without_the_default_policy if {
	every policies in [[], [_own([], [_entry("asymmetricKeyLifetime", "P900D")])]] {
		_unknown(_input(policies)) == {["partial", "app_management_policy"]}
		_failed(_input(policies)) == set()
	}
}

test_unknown_when_the_tenants_age_is_not_known if {
	late := object.union(_blocked, {"restrictForAppsCreatedAfterDateTime": "2026-01-01T00:00:00Z"})
	doc := object.union(_input([_default([late], [_certificate])]), {"evidence": {"organization": []}})
	_unknown(doc) == {["partial", "organization"]}
	_failed(doc) == set()
	refused := object.union(doc, {"gaps": {"organization": {"reason": "no_permission", "status": 403, "code": ""}}})
	_unknown(refused) == {["no_permission", "organization"]}
}

test_unknown_when_a_life_cannot_be_read if {
	every life in ["P1Y", "P", "PT", null] {
		doc := _input([_default([_entry("passwordLifetime", life)], [_certificate])])
		_unknown(doc) == {["partial", "app_management_policy"]}
		_failed(doc) == set()
	}
	own := _input([_good, _own([], [_entry("asymmetricKeyLifetime", "P1Y")])])
	_unknown(own) == {["partial", "app_management_policy"]}
}

test_unknown_to_whom_a_relaxing_policy_applies if {
	policy := object.union(_own([], [_entry("asymmetricKeyLifetime", "P900D")]), {"appliesTo": null})
	_unknown(_input([_good, policy])) == {["partial", "app_management_policy"]}
	_failed(_input([_good, policy])) == set()
}

test_unknown_when_the_default_does_not_say_whether_it_is_on if {
	every policy in [object.remove(_good, ["isEnabled"]), object.union(_good, {"isEnabled": null})] {
		_failed(_input([policy])) == set()
		_unknown(_input([policy])) == {["partial", "app_management_policy"]}
	}
}
