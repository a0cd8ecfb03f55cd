package domicile.lib.previous_test

import data.domicile.lib.previous

earlier := {
	"tenantId": "3F0C1D7E-0000-4000-8000-000000000001", "profile": "xdr-current", "finished": "2026-11-14T00:05:00Z",
	"orgId": "0f2d0000-0000-4000-8000-000000000009", "chain": "unknown", "seen": null,
	"rules": {
		"XDR1001": {"outcome": "pass", "observed": [on("on (decision table row 6): Incidents answers.")]},
		"GEO1001": {"outcome": "pass", "observed": [place("'WestEurope3'", "signed"), place("'EU'", "attested")]},
	},
}

on(value) := {"fact": "on", "service": "xdr", "value": value, "tier": "proxy", "kind": "incidents_probe"}

place(value, tier) := {"fact": "geo", "service": "defender_for_endpoint", "value": value, "tier": tier, "kind": "onboarding_package"}

scan(changes) := {
	"tenant": {"id": "3f0c1d7e-0000-4000-8000-000000000001"}, "now": "2026-11-21T00:00:00Z",
	"evidence": {"previous_result": [object.union(earlier, changes)]},
}

why(changes) := previous.unusable(scan(changes)).reason

geos(observed) := previous.geo({"rules": {"GEO1001": {"observed": observed}}})

test_usable if {
	not previous.unusable(scan({}))
	not previous.unusable(scan({"chain": "intact"}))
	previous.result(scan({})) == earlier
	previous.day(earlier) == "2026-11-14"
}

test_unusable if {
	previous.unusable({"evidence": {"previous_result": []}}).reason == "no_earlier_result"
	why({"tenantId": "5b2d7c1e-0000-4000-8000-000000000002"}) == "conflict"
	why({"tenantId": null}) == "conflict"
	why({"chain": "broken"}) == "conflict"
	why({"chain": null}) == "conflict"
	why({"finished": "2026-11-22T00:00:00Z"}) == "conflict"
	why({"finished": null}) == "conflict"
}

said(outcome, observed) := {"rules": {"XDR1001": {"outcome": outcome, "observed": observed}}}

test_was_on if {
	previous.was_on(earlier)
	previous.was_on(said("pass", []))
	previous.was_on(said("pass", null))
	previous.was_on(said("fail", [on("on (decision table row 6): meant to be off")]))
	not previous.was_on(said("pass", [on("off (decision table row 4): meant to be off")]))
	not previous.was_on(said("unknown", [on("unknown (decision table row 11): no permission")]))
	not previous.was_on(said("unknown", []))
	not previous.was_on({"rules": {}})
	not previous.was_on({"rules": null})
}

test_geo_is_the_best_tiers if {
	previous.geo(earlier) == "EU"
	geos([place("'NorthEurope' (package not bound to this tenant)", "portal"), place("'US'", "attested")]) == "EU"
	not geos([place("'EU'", "attested")])
	not geos([place("'EU'", "portal"), place("'US'", "portal")])
	not geos([place("'Atlantis'", "signed")])
	not geos([place(null, "signed"), object.union(place("'EU'", "signed"), {"fact": "telemetry_geo"})])
	not previous.geo({"rules": {}})
}
