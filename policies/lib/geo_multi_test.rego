package domicile.lib.geo_multi_test

import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.geo_multi
import data.domicile.lib.licences

_names := ["EXCHANGEONLINE_MULTIGEO", "SHAREPOINTONLINE_MULTIGEO"]

_with(sku) := fixtures.with_evidence({"subscribed_skus": [sku]})

_multi := fixtures.sku(licences.plans.SHAREPOINTONLINE_MULTIGEO)

test_held_by_any_of_the_plans if {
	geo_multi.licence(_with(_multi), _names) == {"state": "held", "reason": "", "message": ""}
	geo_multi.licence(_with(_multi), ["EXCHANGEONLINE_MULTIGEO"]).state == "none"
}

test_held_although_the_list_was_cut_short if {
	scan := object.union(_with(_multi), {"gaps": {"subscribed_skus": {"reason": "partial"}}})
	geo_multi.licence(scan, _names).state == "held"
}

test_none_when_every_licence_was_read if {
	geo_multi.licence(_with(fixtures.sku(licences.plans.MTP)), _names) == {"state": "none", "reason": "", "message": ""}
	geo_multi.licence(fixtures.nothing, _names).state == "none"
	geo_multi.licence(_with(object.union(_multi, {"capabilityStatus": "Deleted"})), _names).state == "none"
}

test_unknown_when_the_licences_were_not_read if {
	verdict := geo_multi.licence(fixtures.gone(fixtures.nothing, "subscribed_skus", "no_permission"), _names)
	[verdict.state, verdict.reason] == ["unknown", "no_permission"]
	contains(verdict.message, "LicenseAssignment.Read.All")
}

test_unknown_when_a_licence_does_not_list_its_plans if {
	verdict := geo_multi.licence(_with(object.union(_multi, {"servicePlans": null})), _names)
	[verdict.state, verdict.reason] == ["unknown", "partial"]
}
