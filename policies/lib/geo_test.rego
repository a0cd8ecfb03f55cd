package domicile.lib.geo_test

import data.domicile.lib.geo
import data.domicile.lib.geo_fixtures_test as fixtures

_seen := {
	"service": "xdr", "what": "storage", "geo": "EU", "value": "WestEurope3", "tier": "portal", "rank": 5, "note": "",
	"kind": "portal_tenant_context", "time": "",
}

_us := object.union(_seen, {"geo": "US", "value": "EastUs2"})

_strange := object.union(_seen, {"geo": "", "value": "MarsNorth"})

_attested := object.union(_seen, {"tier": "attested", "rank": 6, "kind": "attestations"})

_settle(fresh, stale) := geo.settle(fixtures.nothing, fresh, stale, "the service's storage")

test_geo_of_codes if {
	geo.geo("WestEurope3") == "EU"
	not geo.geo("MarsNorth")
	geo.label("DEU") == "EU"
	geo.label("MarsNorth") == ""
	geo.label(null) == ""
}

test_inside_goes_one_way if {
	every pair in [
		["DEU", ["EU"]], ["westeurope", ["EU"]], ["WestEurope3", ["westeurope"]], ["EUR", ["Europe"]], ["DE", ["DEU"]], ["GBR", ["UK"]],
		["NAM", ["EU", "US"]], ["germanywestcentral", ["DEU"]], ["Asia", ["APC"]], ["southeastasia", ["Asia"]], ["eastus2", ["eastus2"]],
	] {
		geo.inside(pair[0], pair[1])
	}
	every pair in [
		["EUR", ["DEU"]], ["EU", ["westeurope"]], ["UK", ["EU"]], ["GBR", ["EU"]], ["CHE", ["EU"]], ["NOR", ["EU"]], ["norwayeast", ["EU"]],
		["CAN", ["US"]], ["EU", []], ["MarsNorth", ["EU"]], ["MarsNorth", ["MarsNorth"]], ["", ["EU"]], [null, ["EU"]], ["eastus2", ["eastus"]],
		["westeurope", ["IRL"]], ["FRA", ["DEU"]],
	] {
		not geo.inside(pair[0], pair[1])
	}
}

test_allowed_is_the_services_own_list_or_the_general_one if {
	geo.allowed(fixtures.nothing, "xdr") == ["EU"]
	own := fixtures.with_params(fixtures.nothing, {"allowed_geos_by_service": {"xdr": ["UK", "EU"], "exchange": []}})
	geo.allowed(own, "xdr") == ["EU", "UK"]
	geo.allowed(own, "exchange") == []
	geo.allowed(own, "cloud_apps") == ["EU"]
	not geo.allowed(fixtures.without_params(fixtures.nothing, ["allowed_geos"]), "xdr")
}

test_geo_groups_say_what_a_name_stands_for if {
	scan := fixtures.with_params(fixtures.nothing, {"geo_groups": {"EU": ["EU", "NOR", "CHE"], "home": ["DEU"]}})
	geo.allowed(scan, "xdr") == ["CHE", "EU", "NOR"]
	geo.grouped(scan, ["home", "FRA"]) == ["DEU", "FRA"]
	geo.inside("norwayeast", geo.allowed(scan, "xdr"))
}

test_floor_is_the_services_own_tier_or_the_general_one if {
	geo.floor(fixtures.nothing, "xdr") == 6
	geo.floor(fixtures.without_params(fixtures.nothing, ["min_geo_tier"]), "xdr") == 6
	geo.floor(fixtures.with_params(fixtures.nothing, {"min_geo_tier": "portal"}), "xdr") == 5
	own := fixtures.with_params(fixtures.nothing, {"min_geo_tier_by_service": {"xdr": "signed"}})
	geo.floor(own, "xdr") == 1
	geo.floor(own, "exchange") == 6
	not geo.floor(fixtures.with_params(fixtures.nothing, {"min_geo_tier": "best"}), "xdr")
}

test_observations_are_fresh_and_outdated_ones_apart if {
	stale := object.union(fixtures.context, {"savedAt": "2026-01-01T00:00:00Z", "DataCenter": "NorthEurope"})
	scan := fixtures.with_evidence({"portal_tenant_context": [stale], "attestations": [fixtures.xdr_geo("EU")]})
	{[seen.kind, seen.value] | some seen in geo.observations(scan)} == {["attestations", "EU"]}
	{[seen.kind, seen.value] | some seen in geo.outdated(scan)} == {["portal_tenant_context", "NorthEurope"]}
	keys := {"service", "what", "geo", "value", "tier", "kind", "time", "rank", "note"}
	every seen in geo.observations(scan) | geo.outdated(scan) {
		object.keys(seen) == keys
	}
}

test_settled_takes_storage_and_telemetry_apart if {
	scan := fixtures.with_evidence({"onboarding_package": [object.union(fixtures.package_read, {"vortexGeoLocation": "US"})]})
	geo.settled(scan, "storage").geo == "EU"
	geo.settled(scan, "telemetry").geo == "US"
	geo.settled(scan, "telemetry").rank == 1
}

test_settle_without_observations if {
	verdict := _settle(set(), set())
	[verdict.state, verdict.reason, verdict.kind] == ["none", "needs_attestation", ""]
	contains(verdict.message, "says where the service's storage is")
}

test_settle_with_outdated_ones_alone if {
	verdict := _settle(set(), {_seen})
	[verdict.state, verdict.reason, verdict.kind] == ["stale", "stale", "portal_tenant_context"]
	contains(verdict.message, "'WestEurope3'")
}

test_settle_by_the_strongest if {
	verdict := _settle({_seen, object.union(_us, {"tier": "attested", "rank": 6})}, {_us})
	verdict == {"state": "known", "reason": "", "kind": "", "message": "", "geo": "EU", "rank": 5, "best": {_seen}}
}

test_settle_agrees_on_data_centres_of_one_geo if {
	north := object.union(_seen, {"value": "NorthEurope"})
	verdict := _settle({_seen, north}, set())
	[verdict.state, verdict.geo, verdict.best] == ["known", "EU", {_seen, north}]
}

test_settle_says_a_conflict_of_equals if {
	verdict := _settle({_seen, _us, _strange, _attested}, set())
	[verdict.state, verdict.reason, verdict.geo] == ["conflict", "conflict", ""]
	contains(verdict.message, "'EastUs2', 'MarsNorth', 'WestEurope3'")
}

test_settle_says_a_place_that_nobody_knows if {
	verdict := _settle({_seen, _strange}, set())
	[verdict.state, verdict.reason, verdict.kind] == ["partial", "partial", "portal_tenant_context"]
	contains(verdict.message, "'MarsNorth'")
	not contains(verdict.message, "WestEurope3")
}

test_settle_says_what_a_profile_of_2020_never_offered if {
	india := object.union(_seen, {"geo": "IN", "value": "CentralIndia"})
	every profile in ["mtp-2020-a", "mtp-2020-b"] {
		then := object.union(fixtures.nothing, {"profile": profile})
		verdict := geo.settle(then, {india}, set(), "the service's storage")
		[verdict.state, verdict.reason] == ["conflict", "conflict"]
		contains(verdict.message, sprintf("'%s'", [profile]))
		geo.settle(then, {_us}, set(), "it").state == "known"
	}
	_settle({india}, set()).state == "known"
}

test_shown_as_a_rules_output if {
	telemetry := object.union(_us, {"what": "telemetry", "note": " (unsure)"})
	geo.shown({_seen, telemetry}) == {
		{"fact": "geo", "service": "xdr", "value": "'WestEurope3'", "tier": "portal", "kind": "portal_tenant_context"},
		{"fact": "telemetry_geo", "service": "xdr", "value": "'EastUs2' (unsure)", "tier": "portal", "kind": "portal_tenant_context"},
	}
}

test_quoted_cuts_long_text if {
	geo.quoted("EU") == "'EU'"
	geo.quoted(null) == "''"
	count(geo.quoted(concat("x", [text | some number in numbers.range(1, 500); text := sprintf("%d", [number])]))) == 62
}

test_resource_names_service_and_thing if {
	geo.resource("xdr", "telemetry") == {"kind": "geo", "id": "xdr:telemetry", "name": "Microsoft Defender XDR, telemetry"}
	geo.resource("cloud_apps", "storage").id == "cloud_apps:storage"
}

test_services_go_by_many_names if {
	every name, service in {
		"defender_for_identity": "defender_for_identity", "Identity": "defender_for_identity", "Azure ATP": "defender_for_identity",
		"MCAS": "cloud_apps", "cloud_apps": "cloud_apps", "exchange": "exchange", "Defender for Office 365": "exchange",
		"Microsoft 365": "microsoft_365", "app_governance": "app_governance", "xdr": "xdr", "endpoint": "defender_for_endpoint",
	} {
		geo.service_named(name) == service
	}
	not geo.service_named("sharepoint")
	not geo.service_named(null)
}

test_title_is_for_people if {
	geo.title("cloud_apps") == "Defender for Cloud Apps"
}

test_said_names_four_at_most if {
	many := {object.union(_seen, {"value": value}) | some value in ["A", "B", "C", "D", "E"]}
	geo.said(many) == "'A', 'B', 'C', 'D'"
}
