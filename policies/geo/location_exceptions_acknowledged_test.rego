package domicile.geo.location_exceptions_acknowledged_test

import data.domicile.geo.location_exceptions_acknowledged as rule
import data.domicile.lib.geo_fixtures_test as fixtures

_all := ["Pseudonymised data in central systems", "remote access by staff", "Threat Intelligence", "support cases", "data stays in the original location of integrated services"]

_accepted(names) := fixtures.statement("location-exceptions", {"edition": "https://learn.microsoft.com/x, 2026-10-12", "textSha256": "aa", "acknowledged": names})

_scan(statements) := fixtures.with_evidence({"attestations": statements})

_said(scan) := [denied, unknown] if {
	denied := {finding.resource.id | some finding in rule.deny} with input as scan
	unknown := {entry.reason | some entry in rule.unknown} with input as scan
}

test_passes_when_every_exception_is_named if _said(_scan([_accepted(_all)])) == [set(), set()]

test_passes_with_the_one_of_2020_in_its_profiles if {
	every profile in ["mtp-2020-a", "mtp-2020-b"] {
		_said(object.union(_scan([_accepted(["pseudonymized data in the US"])]), {"profile": profile})) == [set(), set()]
		_said(object.union(_scan([_accepted(["support"])]), {"profile": profile})) == [set(), {"needs_attestation"}]
	}
}

test_unknown_when_some_exceptions_are_not_named if {
	scan := _scan([_accepted(["pseudonymised data", "threat intelligence", "", null])])
	_said(scan) == [set(), {"needs_attestation"}]
	{entry.message | some entry in rule.unknown} == {"The statement 'location-exceptions.yaml' doesn't name, in words that are known here, remote access, support, the original location of integrated services; write a new one that does."} with input as scan
}

test_unknown_when_the_edition_is_not_named if {
	every edition in [null, " "] {
		record := fixtures.statement("location-exceptions", {"edition": edition, "acknowledged": _all})
		_said(_scan([record])) == [set(), {"needs_attestation"}]
		some seen in rule.observed with input as _scan([record])
		endswith(seen.value, "by 'an unnamed edition'")
	}
}

test_unknown_without_a_record if {
	_said(_scan([])) == [set(), {"needs_attestation"}]
	_said(_scan([fixtures.expired(_accepted(_all))])) == [set(), {"needs_attestation"}]
}

test_fails_without_a_record_when_that_is_a_failure if {
	_said(fixtures.with_params(_scan([]), {"missing_record": "fail"})) == [{"location-exceptions"}, set()]
}

test_observed_lists_the_exceptions_with_the_edition if {
	found := {seen.value | some seen in rule.observed} with input as _scan([_accepted(["support"])])
	found == {"'support', by 'https://learn.microsoft.com/x, 2026-10-12'"}
}
