package domicile.consent.risky_consent_blocked_test

import data.domicile.consent.risky_consent_blocked as rule

_setting(value) := {"id": "s1", "templateId": "DFFD5D46-495d-40a9-8e21-954ff55e198a", "values": [{"name": "EnableAdminConsentRequests", "value": "false"}, {"name": "BlockUserConsentForRiskyApps", "value": value}]}

_input(policy, settings) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "gaps": {},
	"evidence": {"authorization_policy": [policy], "directory_settings": settings},
}

_good := _input({"allowUserConsentForRiskyApps": false}, [_setting("True"), {"templateId": "other", "values": [{"name": "BlockUserConsentForRiskyApps", "value": "false"}]}])

_gap(doc, kind) := object.union(doc, {"gaps": {kind: {"reason": "no_permission", "status": 403, "code": ""}}, "evidence": {kind: []}})

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

_failed(doc) := found if {
	found := {d.actual | some d in rule.deny} with input as doc
}

_seen(doc) := found if {
	found := {o.value | some o in rule.observed} with input as doc
}

test_passes_when_both_switches_block if {
	_failed(_good) == set()
	_unknown(_good) == set()
	_seen(_good) == {"allowUserConsentForRiskyApps: false", "BlockUserConsentForRiskyApps: true"}
}

test_passes_by_default_and_says_so if {
	every settings in [[], [_setting("")], [_setting(null)], [object.union(_setting("x"), {"values": null})]] {
		doc := _input({"allowUserConsentForRiskyApps": null}, settings)
		_failed(doc) == set()
		_unknown(doc) == set()
		_seen(doc) == {"allowUserConsentForRiskyApps: not set, which blocks by default", "BlockUserConsentForRiskyApps: not set, which blocks by default"}
	}
}

test_fails_when_either_switch_allows if {
	rule.deny == {{
		"resource": {"kind": "tenant", "id": "t1", "name": "contoso"},
		"message": "The authorization policy lets users consent to risky applications. The consent settings of the directory don't block users' consent to risky applications.",
		"expected": "allowUserConsentForRiskyApps false, BlockUserConsentForRiskyApps true",
		"actual": "BlockUserConsentForRiskyApps false, allowUserConsentForRiskyApps true",
	}} with input as _input({"allowUserConsentForRiskyApps": true}, [_setting("false")])
	_failed(_input({"allowUserConsentForRiskyApps": true}, [])) == {"allowUserConsentForRiskyApps true"}
	_failed(_input({"allowUserConsentForRiskyApps": null}, [_setting("False")])) == {"BlockUserConsentForRiskyApps false"}
}

test_fails_by_one_switch_though_the_other_is_not_known if {
	doc := _gap(_input({"allowUserConsentForRiskyApps": true}, []), "directory_settings")
	_failed(doc) == {"allowUserConsentForRiskyApps true"}
	_failed(_gap(_input({}, [_setting("false")]), "authorization_policy")) == {"BlockUserConsentForRiskyApps false"}
}

test_unknown_when_a_switch_was_not_read if {
	every kind in ["authorization_policy", "directory_settings"] {
		_unknown(_gap(_good, kind)) == {["no_permission", kind]}
		count(_seen(_gap(_good, kind))) == 1
	}
	_unknown(_input({"id": "authorizationPolicy"}, [])) == {["partial", "authorization_policy"]}
	_unknown(_input({"allowUserConsentForRiskyApps": false}, [_setting("maybe")])) == {["partial", "directory_settings"]}
}
