package domicile.lib.geo_sources_test

import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.geo_sources

_all(kinds) := geo_sources.all(fixtures.with_evidence(kinds))

_packages(change) := _all({"onboarding_package": [object.union(fixtures.package_read, change)]})

_contexts(change) := _all({"portal_tenant_context": [object.union(fixtures.context, change)]})

_records(record) := _all({"attestations": [record]})

_telemetry := {
	"service": "defender_for_endpoint", "what": "telemetry", "geo": "EU", "value": "EU", "tier": "signed", "rank": 1,
	"note": "", "kind": "onboarding_package", "time": "", "fresh": true,
}

_storage := object.union(_telemetry, {"what": "storage", "value": "WestEurope3"})

_portal := {
	"service": "xdr", "what": "storage", "geo": "EU", "value": "WestEurope3", "tier": "portal", "rank": 5, "note": "",
	"kind": "portal_tenant_context", "time": "2026-11-01T00:00:00Z", "fresh": true,
}

_attested := {
	"service": "xdr", "what": "storage", "geo": "EU", "value": "EU", "tier": "attested", "rank": 6, "note": "",
	"kind": "attestations", "time": "2026-10-01T00:00:00Z", "fresh": true,
}

test_nothing_says_nothing if {
	geo_sources.all(fixtures.nothing) == set()
}

test_package_says_storage_and_telemetry if {
	_packages({}) == {_storage, _telemetry}
	_packages({"vortexGeoLocation": "US"}) == {_storage, object.union(_telemetry, {"geo": "US", "value": "US"})}
	_packages({"vortexGeoLocation": null}) == {_storage}
	_packages({"datacenter": " ", "vortexGeoLocation": "EU"}) == {_telemetry}
}

test_package_counts_as_portal_unless_signed_and_bound if {
	unknown := {object.union(seen, {"tier": "portal", "rank": 5, "note": " (signed by an issuer that isn't known)"}) | some seen in {_storage, _telemetry}}
	_packages({"signature": "unknown_issuer"}) == unknown
	unbound := {object.union(seen, {"tier": "portal", "rank": 5, "note": " (package not bound to this tenant)"}) | some seen in {_storage, _telemetry}}
	_packages({"subscriptionTenantId": null}) == unbound
}

# The statement costs the package its proof, and what it says is still held against the others.
test_package_that_a_statement_disowns_counts_as_portal if {
	scan := fixtures.with_evidence({
		"onboarding_package": [fixtures.package_read],
		"attestations": [fixtures.statement("mde-org-binding", {"orgId": "99999999-0000-4000-8000-00000000000f"})],
	})
	geo_sources.all(scan) == {object.union(seen, {"tier": "portal", "rank": 5, "note": " (another source names another organisation)"}) |
		some seen in {_storage, _telemetry}
	}
}

test_package_with_an_old_certificate_is_not_fresh if {
	old := _packages({"notBefore": "2024-01-01T00:00:00Z", "notAfter": "2024-12-31T00:00:00Z"})
	{seen.fresh | some seen in old} == {false}
	{seen.tier | some seen in old} == {"portal"}
}

test_broken_or_foreign_package_says_nothing if {
	_packages({"signature": "invalid"}) == set()
	_packages({"subscriptionTenantId": "99999999-0000-4000-8000-00000000000f"}) == set()
}

test_portal_says_the_data_centre if {
	_contexts({}) == {_portal}
	_contexts({"DataCenter": null}) == {object.union(_portal, {"value": "Europe3"})}
	_contexts({"DataCenter": null, "GeoRegion": null}) == set()
}

test_portal_that_contradicts_itself_says_both if {
	_contexts({"GeoRegion": "UnitedStates2"}) == {_portal, object.union(_portal, {"value": "UnitedStates2", "geo": "US"})}
	_contexts({"DataCenter": "MarsNorth"}) == {object.union(_portal, {"value": "Europe3"}), object.union(_portal, {"value": "MarsNorth", "geo": ""})}
}

test_portal_without_a_named_person_is_an_unsigned_statement if {
	lesser := object.union(_portal, {"tier": "attested", "rank": 6, "note": " (file without tenant, named person or hash)"})
	_contexts({"savedBy": null}) == {lesser}
	_contexts({"sha256": ""}) == {lesser}
	_contexts({"AuthInfo": {"TenantId": null}}) == {lesser}
}

test_portal_of_another_tenant_says_nothing_and_an_old_one_is_not_fresh if {
	_contexts({"AuthInfo": {"TenantId": "99999999-0000-4000-8000-00000000000f"}}) == set()
	_contexts({"savedAt": "2026-01-01T00:00:00Z"}) == {object.union(_portal, {"time": "2026-01-01T00:00:00Z", "fresh": false})}
	_contexts({"savedAt": null}) == {object.union(_portal, {"time": "", "fresh": false})}
}

test_statement_says_its_data_centre_or_geo if {
	_records(fixtures.xdr_geo("EU")) == {_attested}
	_records(fixtures.statement("xdr-geo", {"geo": "EU", "datacenter": "NorthEurope"})) == {object.union(_attested, {"value": "NorthEurope"})}
	_records(fixtures.statement("xdr-geo", {"geo": "EU", "datacenter": "EastUs"})) == {_attested, object.union(_attested, {"value": "EastUs", "geo": "US"})}
	_records(fixtures.statement("xdr-geo", {})) == set()
	_records(fixtures.statement("xdr-geo", null)) == set()
	_records(fixtures.statement("mdi-geo", {"geo": "EU"})) == set()
}

test_statement_that_two_people_signed_ranks_above_the_portal if {
	signed := object.union(fixtures.xdr_geo("EU"), {"signed": true})
	_records(signed) == {object.union(_attested, {"rank": 3})}
	every reviewer in [null, {"objectId": "A1"}, {"objectId": ""}] {
		_records(object.union(signed, {"reviewer": reviewer})) == {_attested}
	}
	_records(object.union(signed, {"signed": null})) == {_attested}
}

test_expired_statement_is_kept_apart if {
	_records(fixtures.expired(fixtures.xdr_geo("EU"))) == {object.union(_attested, {"fresh": false})}
	_records(object.union(fixtures.xdr_geo("EU"), {"validUntil": "2026-11-20T00:00:00Z"})) == {object.union(_attested, {"fresh": false})}
	_records(object.union(fixtures.xdr_geo("EU"), {"validUntil": null})) == {object.union(_attested, {"fresh": false})}
}

test_statement_that_failed_another_check_says_nothing if {
	tenant := {"name": "tenant", "ok": false, "message": "another tenant"}
	_records(object.union(fixtures.xdr_geo("EU"), {"checks": [tenant]})) == set()
	both := object.union(fixtures.expired(fixtures.xdr_geo("EU")), {"checks": [tenant, {"name": "dates", "ok": false, "message": "expired"}]})
	_records(both) == set()
}

test_statement_with_an_empty_check_says_nothing if {
	_records(object.union(fixtures.expired(fixtures.xdr_geo("EU")), {"checks": [null]})) == set()
	_records(object.union(fixtures.expired(fixtures.xdr_geo("EU")), {"checks": null})) == set()
}

test_statement_from_the_future_says_nothing if {
	record := object.union(fixtures.expired(fixtures.xdr_geo("EU")), {"validUntil": "2028-01-01T00:00:00Z", "observedAt": "2027-01-01T00:00:00Z"})
	_records(record) == set()
}

test_statement_without_a_readable_time_has_none if {
	_records(object.union(fixtures.xdr_geo("EU"), {"observedAt": null})) == {object.union(_attested, {"time": ""})}
}
