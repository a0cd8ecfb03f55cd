package domicile.geo.data_residency_licensed_test

import data.domicile.geo.data_residency_licensed as rule
import data.domicile.lib.geo_fixtures_test as fixtures

_id := "aaaaaaaa-0000-4000-8000-00000000000a"

_adr := {"skuId": upper(_id), "skuPartNumber": "Microsoft_365_Advanced_Data_Residency", "capabilityStatus": "Enabled", "servicePlans": []}

_status(status) := object.union(_adr, {"capabilityStatus": status})

_scan(skus) := fixtures.with_params(fixtures.with_evidence({"subscribed_skus": skus}), {"require_adr": true, "adr_skus": [_id]})

_outcomes(scan) := [denied, unknown, not_applicable] if {
	denied := {finding.message | some finding in rule.deny} with input as scan
	unknown := {entry.reason | some entry in rule.unknown} with input as scan
	not_applicable := {entry.reason | some entry in rule.not_applicable} with input as scan
}

test_passes_when_the_licence_stands if {
	_outcomes(_scan([_adr])) == [set(), set(), set()]
	_outcomes(_scan([_status("Warning"), _status("Deleted")])) == [set(), set(), set()]
}

test_fails_when_the_licence_is_missing if {
	_outcomes(_scan([])) == [{"Advanced Data Residency is required, and the tenant holds no SKU of adr_skus in good standing."}, set(), set()]
	_outcomes(_scan([object.union(_adr, {"skuId": null})]))[0] != set()
}

test_fails_when_the_licence_has_lapsed if {
	every status in ["Suspended", "LockedOut", "Deleted"] {
		_outcomes(_scan([_status(status)])) == [
			{"Advanced Data Residency is required, and the tenant holds no SKU of adr_skus in good standing; 'Microsoft_365_Advanced_Data_Residency' lapsed."},
			set(), set(),
		]
	}
}

test_unknown_when_the_status_is_not_said if {
	_outcomes(_scan([_status(null)])) == [set(), {"partial"}, set()]
}

test_unknown_when_the_sku_is_not_configured if {
	scan := fixtures.with_params(_scan([_adr]), {"adr_skus": []})
	_outcomes(scan) == [set(), {"needs_configuration"}, set()]
	found := {seen.value | some seen in rule.observed} with input as scan
	found == {sprintf("'Microsoft_365_Advanced_Data_Residency' (%s) may be Advanced Data Residency by its name", [upper(_id)])}
}

test_not_applicable_when_it_is_not_required if {
	scan := fixtures.with_params(_scan([]), {"require_adr": false})
	_outcomes(scan) == [set(), set(), {"nothing_to_judge"}]
	count(rule.observed) == 0 with input as fixtures.with_params(_scan([_adr]), {"require_adr": false})
}

test_observed_shows_the_standing if {
	{seen.value | some seen in rule.observed} == {"'Microsoft_365_Advanced_Data_Residency' is Enabled"} with input as _scan([_adr])
}
