package domicile.lib.service_exports_test

import data.domicile.lib.service_exports as exports
import data.domicile.lib.service_fixtures_test as fixture

saved(at) := {"savedBy": "ana@contoso.com", "savedAt": at, "sha256": "5f3a"}

test_fresh_leaves_out_what_is_old_undated_or_of_the_future if {
	young := saved("2026-11-10T10:00:00Z")
	others := [saved("2026-08-01T00:00:00Z"), saved("2026-12-01T00:00:00Z"), {"savedBy": "ana@contoso.com"}, saved(null)]
	exports.fresh(fixture.good, array.concat([young], others)) == [young]
	short := object.union(fixture.good, {"params": {"max_evidence_age": {"portal": "5d"}}})
	exports.fresh(short, [young]) == []
}

test_tier_needs_a_person_a_date_and_a_hash if {
	exports.tier(saved("2026-11-10T10:00:00Z")) == "portal"
	every absent in ["savedBy", "savedAt", "sha256"] {
		exports.tier(object.remove(saved("2026-11-10T10:00:00Z"), [absent])) == "attested"
	}
	exports.tier(object.union(saved("2026-11-10T10:00:00Z"), {"savedBy": ""})) == "attested"
}

test_day if {
	exports.day(saved("2026-11-10T10:00:00Z")) == "2026-11-10"
	exports.day({"savedAt": null}) == "an unnamed day"
}
