package domicile.geo.geo_chosen_or_reviewed_test

import data.domicile.geo.geo_chosen_or_reviewed as rule
import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.licences

_absent := {"table": "DeviceInfo", "status": 400, "code": "BadRequest", "message": "Failed to resolve table 'DeviceInfo'.", "permitted": true, "days": null}

_geo(how) := fixtures.statement("xdr-geo", {"geo": "EU", "how": how})

_licensed(plan, statements) := fixtures.with_evidence({"subscribed_skus": [fixtures.sku(plan)], "hunting_probe": [_absent], "attestations": statements})

_scan(statements) := _licensed(licences.plans.ATA, statements)

_then(scan) := object.union(scan, {"profile": "mtp-2020-a"})

_said(scan) := [denied, unknown, not_applicable] if {
	denied := {finding.resource.id | some finding in rule.deny} with input as scan
	unknown := {entry.reason | some entry in rule.unknown} with input as scan
	not_applicable := {entry.reason | some entry in rule.not_applicable} with input as scan
}

test_passes_when_a_person_chose_or_reviewed_it if {
	_said(_scan([_geo("chosen")])) == [set(), set(), set()]
	_said(_scan([_geo("reviewed"), _geo("observed")])) == [set(), set(), set()]
	_said(_then(_scan([_geo("chosen")]))) == [set(), set(), set()]
	{seen.value | some seen in rule.observed} == {"'EU', reviewed by 'anna@contoso.com'"} with input as _scan([_geo("reviewed")])
}

test_unknown_without_a_record_of_it if {
	_said(_scan([])) == [set(), {"needs_attestation"}, set()]
	_said(_scan([_geo("observed")])) == [set(), {"needs_attestation"}, set()]
	_said(_then(_scan([_geo("reviewed")]))) == [set(), {"needs_attestation"}, set()]
	_said(_scan([fixtures.expired(_geo("chosen"))])) == [set(), {"needs_attestation"}, set()]
	_said(_scan([object.union(_geo("chosen"), {"observedBy": {"upn": "", "objectId": null}})])) == [set(), {"needs_attestation"}, set()]
}

test_fails_without_a_record_when_that_is_a_failure if {
	_said(fixtures.with_params(_scan([]), {"missing_record": "fail"})) == [{"xdr:storage"}, set(), set()]
	{finding.actual | some finding in rule.deny} == {"only observed by somebody"} with input as fixtures.with_params(_scan([_geo("observed")]), {"missing_record": "fail"})
}

test_unknown_when_it_can_not_be_told_whether_endpoint_is_provisioned if {
	_said(fixtures.gone(_scan([]), "subscribed_skus", "no_permission")) == [set(), {"no_permission"}, set()]
	_said(fixtures.gone(_scan([_geo("chosen")]), "hunting_probe", "throttled")) == [set(), {"throttled"}, set()]
}

test_not_applicable_when_endpoint_is_provisioned if {
	_said(_licensed(licences.plans.WINDEFATP, [])) == [set(), set(), {"nothing_to_judge"}]
}
