package domicile.geo.customer_lockbox_on_test

import data.domicile.geo.customer_lockbox_on as rule
import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.licences

_export(on) := {"CustomerLockBoxEnabled": on, "sha256": "ee55", "savedBy": "anna@contoso.com", "savedAt": "2026-11-01T00:00:00Z"}

_score(points) := {"id": "s", "createdDateTime": "2026-11-20T00:00:00Z", "controlScores": [
	{"controlName": "AdminMFAV2", "score": 10},
	{"controlName": "CustomerLockBoxEnabled", "score": points},
]}

_stated(on) := fixtures.statement("lockbox", {"enabled": on})

_signed(on) := object.union(_stated(on), {"signed": true})

_scan(kinds) := fixtures.with_evidence(object.union({"subscribed_skus": [fixtures.sku(licences.plans.LOCKBOX_ENTERPRISE)]}, kinds))

_said(scan) := [denied, unknown, not_applicable] if {
	denied := {finding.actual | some finding in rule.deny} with input as scan
	unknown := {entry.reason | some entry in rule.unknown} with input as scan
	not_applicable := {entry.reason | some entry in rule.not_applicable} with input as scan
}

_passing := [set(), set(), set()]

_failing := [{"off"}, set(), set()]

_unlicensed := [fixtures.sku(licences.plans.MTP)]

test_passes_when_it_is_on if {
	_said(_scan({"exchange_organization": [_export(true)]})) == _passing
	_said(_scan({"secure_scores": [_score(1)]})) == _passing
	_said(_scan({"attestations": [_stated(true)]})) == _passing
	_said(_scan({"exchange_organization": [_export(true)], "subscribed_skus": _unlicensed})) == _passing
}

test_fails_when_it_is_off if {
	_said(_scan({"exchange_organization": [_export(false)]})) == _failing
	_said(_scan({"exchange_organization": [object.remove(_export(false), ["savedBy"])]})) == _failing
	_said(_scan({"secure_scores": [_score(0)]})) == _failing
	_said(_scan({"attestations": [_stated(false)]})) == _failing
}

test_fails_by_the_stronger_source if {
	_said(_scan({"exchange_organization": [_export(false)], "secure_scores": [_score(1)]})) == _failing
	_said(_scan({"exchange_organization": [_export(true)], "secure_scores": [_score(0)]})) == _failing
	_said(_scan({"exchange_organization": [_export(false)], "attestations": [_stated(true)]})) == _failing
	_said(_scan({"exchange_organization": [_export(false)], "attestations": [_signed(true)]})) == _passing
}

test_unknown_when_equals_disagree if {
	_said(_scan({"exchange_organization": [_export(true), _export(false)]})) == [set(), {"conflict"}, set()]
}

test_unknown_when_nothing_says_it if {
	_said(_scan({})) == [set(), {"needs_attestation"}, set()]
	_said(_scan({"exchange_organization": [_export(null)], "secure_scores": [_score(null)], "attestations": [_stated(null)]})) == [set(), {"needs_attestation"}, set()]
}

test_unknown_when_the_export_is_too_old if {
	_said(_scan({"exchange_organization": [object.union(_export(true), {"savedAt": "2026-01-01T00:00:00Z"})]})) == [set(), {"stale"}, set()]
}

test_unknown_when_the_score_is_too_old if {
	_said(_scan({"secure_scores": [object.union(_score(1), {"createdDateTime": "2026-11-18T00:00:00Z"})]})) == [set(), {"stale"}, set()]
}

test_unknown_when_it_is_off_and_the_licences_are_not_known if {
	_said(fixtures.gone(_scan({"exchange_organization": [_export(false)]}), "subscribed_skus", "no_permission")) == [set(), {"no_permission"}, set()]
	_said(fixtures.gone(_scan({"exchange_organization": [_export(true)]}), "subscribed_skus", "no_permission")) == _passing
}

test_not_applicable_without_a_plan if {
	_said(_scan({"subscribed_skus": _unlicensed})) == [set(), set(), {"not_licensed"}]
	_said(_scan({"subscribed_skus": _unlicensed, "exchange_organization": [_export(false)]})) == [set(), set(), {"not_licensed"}]
}

test_observed_shows_each_source if {
	found := {[seen.value, seen.tier, seen.kind] | some seen in rule.observed} with input as _scan({"exchange_organization": [_export(true)], "secure_scores": [_score(0)]})
	found == {["Customer Lockbox on", "portal", "exchange_organization"], ["Customer Lockbox off", "proxy", "secure_scores"]}
}
