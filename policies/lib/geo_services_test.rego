package domicile.lib.geo_services_test

import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.geo_services as services

_page := {
	"dataCenterName": "EU2", "regionName": "West Europe", "sha256": "dd44", "savedBy": "anna@contoso.com", "savedAt": "2026-11-01T00:00:00Z",
}

_export := {
	"DefaultMailboxRegion": "EUR", "AllowedMailboxRegions": ["EUR=abc", "DEU"], "sha256": "ee55", "savedBy": "anna@contoso.com", "savedAt": "2026-11-01T00:00:00Z",
}

_mdca(value) := fixtures.statement("mdca-geo", value)

_values(said) := {[seen.value, seen.geo, seen.tier, seen.rank, seen.fresh] | some seen in said}

_said(kinds) := services.attested(scan, "cloud_apps") | services.cloud_apps_pages(scan) if {
	scan := fixtures.with_evidence(kinds)
}

test_page_of_a_named_person_is_the_portals if {
	_values(services.cloud_apps_pages(fixtures.with_evidence({"portal_mcas_about": [_page]}))) == {["West Europe", "EU", "portal", 5, true]}
	differing := object.union(_page, {"regionName": "UK South"})
	_values(services.cloud_apps_pages(fixtures.with_evidence({"portal_mcas_about": [differing]}))) == {["UK South", "UK", "portal", 5, true], ["EU2", "EU", "portal", 5, true]}
	every nobodys in [object.remove(_page, ["savedBy"]), object.union(_page, {"sha256": ""}), object.union(_page, {"savedBy": null})] {
		_values(services.cloud_apps_pages(fixtures.with_evidence({"portal_mcas_about": [nobodys]}))) == {["West Europe", "EU", "attested", 6, true]}
	}
}

test_page_without_or_beyond_its_date_is_not_fresh if {
	every stale in [object.union(_page, {"savedAt": "2026-08-01T00:00:00Z"}), object.union(_page, {"savedAt": null}), object.union(_page, {"savedAt": "2027-01-01T00:00:00Z"})] {
		_values(services.cloud_apps_pages(fixtures.with_evidence({"portal_mcas_about": [stale]}))) == {["West Europe", "EU", "portal", 5, false]}
	}
}

test_exchange_has_several_regions if {
	_values(services.exchange_exports(fixtures.with_evidence({"exchange_organization": [_export]}))) == {["EUR", "EU", "portal", 5, true], ["DEU", "EU", "portal", 5, true]}
	bare := {"DefaultMailboxRegion": null, "AllowedMailboxRegions": null}
	services.exchange_exports(fixtures.with_evidence({"exchange_organization": [bare]})) == set()
	stated := fixtures.statement("exchange-regions", {"defaultMailboxRegion": "EUR", "allowedMailboxRegions": ["NAM"]})
	_values(services.attested(fixtures.with_evidence({"attestations": [stated]}), "exchange")) == {["EUR", "EU", "attested", 6, true], ["NAM", "US", "attested", 6, true]}
}

test_newest_valid_statement_speaks if {
	older := object.union(_mdca({"geo": "US"}), {"observedAt": "2026-01-01T00:00:00Z"})
	scan := fixtures.with_evidence({"attestations": [older, _mdca({"geo": "EU"})]})
	_values(services.attested(scan, "cloud_apps")) == {["EU", "EU", "attested", 6, true]}
	signed := fixtures.with_evidence({"attestations": [object.union(_mdca({"geo": "EU"}), {"signed": true})]})
	_values(services.attested(signed, "cloud_apps")) == {["EU", "EU", "attested", 3, true]}
}

test_expired_statement_is_told_from_an_unsound_one if {
	scan := fixtures.with_evidence({"attestations": [fixtures.expired(_mdca({"geo": "EU"}))]})
	_values(services.attested(scan, "cloud_apps")) == {["EU", "EU", "attested", 6, false]}
	unsound := object.union(fixtures.expired(_mdca({"geo": "EU"})), {"checks": [{"name": "people", "ok": false, "message": ""}]})
	services.attested(fixtures.with_evidence({"attestations": [unsound]}), "cloud_apps") == set()
	dated := object.union(fixtures.expired(_mdca({"geo": "EU"})), {"validUntil": "2027-11-01"})
	services.attested(fixtures.with_evidence({"attestations": [dated]}), "cloud_apps") == set()
}

test_a_statement_without_a_value_says_nothing if {
	every service, fact in services.facts {
		services.attested(fixtures.with_evidence({"attestations": [fixtures.statement(fact, null)]}), service) == set()
	}
}

test_card_of_microsoft_365_leaves_exchange_to_its_own_fact if {
	card := fixtures.statement("m365-data-location", {"geo": "EUR", "services": [
		{"service": "Exchange Online", "geo": "NAM"},
		{"service": "Microsoft 365", "geo": "DEU"},
		{"service": "SharePoint", "geo": "FRA"},
	]})
	{value | some [value, _, _, _, _] in _values(services.attested(fixtures.with_evidence({"attestations": [card]}), "microsoft_365"))} == {"EUR", "DEU", "FRA"}
}

test_app_governance_off_has_no_place if {
	off := fixtures.with_evidence({"attestations": [fixtures.statement("app-governance-geo", {"enabled": false, "geo": "US"})]})
	services.app_governance_off(off)
	services.attested(off, "app_governance") == set()
	on := fixtures.with_evidence({"attestations": [fixtures.statement("app-governance-geo", {"enabled": true, "geo": "FR"})]})
	not services.app_governance_off(on)
	{seen.geo | some seen in services.attested(on, "app_governance")} == {"EU"}
}

test_settled_by_the_strongest if {
	found := services.settle("cloud_apps", _said({"portal_mcas_about": [_page], "attestations": [_mdca({"geo": "US"})]}))
	found.state == "known"
	{seen.geo | some seen in found.best} == {"EU"}
	signed := services.settle("cloud_apps", _said({"portal_mcas_about": [_page], "attestations": [object.union(_mdca({"geo": "US"}), {"signed": true})]}))
	{seen.geo | some seen in signed.best} == {"US"}
}

test_settled_says_why_it_is_not_known if {
	none := services.settle("cloud_apps", set())
	[none.state, none.reason, none.kind] == ["none", "needs_attestation", ""]
	stale := services.settle("cloud_apps", _said({"attestations": [fixtures.expired(_mdca({"geo": "EU"}))]}))
	[stale.state, stale.reason, stale.kind] == ["stale", "stale", "attestations"]
	contains(stale.message, "Defender for Cloud Apps rests ('EU')")
	strange := services.settle("cloud_apps", _said({"attestations": [_mdca({"geo": "MarsNorth"})]}))
	[strange.state, strange.reason, strange.kind] == ["partial", "partial", "attestations"]
}

test_settled_as_conflict_when_equals_disagree if {
	two := _said({"portal_mcas_about": [_page, object.union(_page, {"regionName": "East US 2", "dataCenterName": "US2"})]})
	services.settle("cloud_apps", two).state == "conflict"
	one := _said({"portal_mcas_about": [object.union(_page, {"regionName": "UK South"})]})
	services.settle("cloud_apps", one).reason == "conflict"
	same := _said({"portal_mcas_about": [_page, object.union(_page, {"regionName": "North Europe"})]})
	services.settle("cloud_apps", same).state == "known"
}

test_finding_names_what_is_outside if {
	found := services.settle("cloud_apps", _said({"portal_mcas_about": [_page]}))
	services.finding("cloud_apps", found, ["US"]) == {
		"resource": {"kind": "geo", "id": "cloud_apps:storage", "name": "Defender for Cloud Apps, storage"},
		"message": "Data of Defender for Cloud Apps rests or may rest at 'West Europe', which isn't in the places allowed for it.",
		"expected": "a place in US", "actual": "'West Europe'",
	}
	not services.finding("cloud_apps", found, ["EU"])
	not services.finding("cloud_apps", services.settle("cloud_apps", set()), ["EU"])
}

test_shown_and_unset if {
	services.shown(_said({"portal_mcas_about": [object.union(_page, {"savedBy": null})]})) == {{
		"fact": "geo", "service": "cloud_apps", "value": "'West Europe' (file without named person or hash)", "tier": "attested", "kind": "portal_mcas_about",
	}}
	contains(services.unset("cloud_apps"), "or cloud_apps in allowed_geos_by_service")
}
