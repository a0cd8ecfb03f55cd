package domicile.lib.lockbox_test

import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.lockbox

_export := {"CustomerLockBoxEnabled": true, "sha256": "ee55", "savedBy": "anna@contoso.com", "savedAt": "2026-11-01T00:00:00Z"}

_score(points) := {"createdDateTime": "2026-11-20T00:00:00Z", "controlScores": [{"controlName": "CustomerLockBoxEnabled", "score": points}]}

_read(kinds) := {[seen.on, seen.tier, seen.rank, seen.kind] | some seen in lockbox.readings(fixtures.with_evidence(kinds))}

test_an_export_counts_as_somebody_answers_for_it if {
	_read({"exchange_organization": [_export]}) == {[true, "portal", 5, "exchange_organization"]}
	_read({"exchange_organization": [object.union(_export, {"savedBy": null})]}) == {[true, "attested", 7, "exchange_organization"]}
	_read({"exchange_organization": [object.union(_export, {"savedAt": null}), object.union(_export, {"CustomerLockBoxEnabled": null})]}) == set()
}

test_a_score_counts_more_for_what_is_off if {
	_read({"secure_scores": [_score(0)]}) == {[false, "proxy", 4, "secure_scores"]}
	_read({"secure_scores": [_score(1)]}) == {[true, "proxy", 6, "secure_scores"]}
	_read({"secure_scores": [_score(null), object.union(_score(0), {"createdDateTime": "2026-11-01T00:00:00Z"})]}) == set()
}

test_a_statement_counts_by_its_signatures if {
	stated := fixtures.statement("lockbox", {"enabled": true})
	_read({"attestations": [stated]}) == {[true, "attested", 7, "attestations"]}
	_read({"attestations": [object.union(stated, {"signed": true})]}) == {[true, "attested", 3, "attestations"]}
	_read({"attestations": [fixtures.statement("lockbox", {"enabled": null})]}) == set()
}
