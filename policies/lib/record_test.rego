package domicile.lib.record_test

import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.licences
import data.domicile.lib.record_geos as record

_statement(fact, value) := {"fact": fact, "file": "f.yaml", "observedAt": "2026-10-01T00:00:00Z", "validUntil": "2027-06-01", "signed": true, "value": value, "checks": [{"name": "tenant", "ok": true}]}

_saved := {"sha256": "dd44", "savedBy": "ada@contoso.example", "savedAt": "2026-11-01T00:00:00Z"}

_input(statements) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "now": "2026-11-21T00:00:00Z", "profile": "xdr-current",
	"params": {"package_max_age_days": 400, "max_evidence_age": {"portal": "90d"}}, "gaps": {},
	"evidence": {"attestations": statements, "onboarding_package": [], "portal_tenant_context": [], "subscribed_skus": []},
}

test_own_is_where_the_service_is_seen if {
	record.own(_input([])) == set()
	{[place.service, place.geo] | some place in record.own(_input([_statement("xdr-geo", {"geo": "US"})]))} == {["xdr", "US"]}
}

test_others_are_where_they_are_attested_or_seen if {
	found := record.others(_input([
		_statement("mdi-geo", {"geo": "Europe"}), _statement("exchange-regions", {"defaultMailboxRegion": "EUR", "allowedMailboxRegions": ["EUR", "NAM", 7]}),
		_statement("m365-data-location", {"geo": "nowhere"}),
	]))
	{[place.service, place.value, place.geo] | some place in found} == {
		["defender_for_identity", "Europe", "EU"], ["exchange", "EUR", "EU"], ["exchange", "NAM", "US"], ["microsoft_365", "nowhere", ""],
	}
	seen := object.union(_input([]), {"evidence": {
		"portal_mcas_about": [object.union(_saved, {"regionName": "UK South"})],
		"exchange_organization": [object.union(_saved, {"DefaultMailboxRegion": "NAM"})],
	}})
	{[place.service, place.value, place.tier] | some place in record.others(seen)} == {["cloud_apps", "UK South", "portal"], ["exchange", "NAM", "portal"]}
}

test_unsettled_is_what_is_told_and_not_known if {
	record.unsettled(_input([_statement("mdi-geo", {"geo": "EU"})])) == set()
	{[q.reason, q.kind] | some q in record.unsettled(_input([_statement("mdi-geo", {"geo": "nowhere"})]))} == {["partial", "attestations"]}
}

test_missing_asks_for_what_is_licensed_and_silent if {
	object.keys(record.silent(_input([_statement("mdi-geo", {"geo": "EU"})]))) == {"cloud_apps", "office"}
	record.missing(_input([])) == set()
	licensed := object.union(_input([]), {"evidence": {"subscribed_skus": [fixtures.sku(licences.plans.ADALLOM_S_STANDALONE)]}})
	{q.reason | some q in record.missing(licensed)} == {"needs_attestation"}
	unread := object.union(_input([]), {"gaps": {"subscribed_skus": {"reason": "no_permission"}}})
	{q.reason | some q in record.missing(unread)} == {"no_permission"}
}

test_others_are_where_their_data_rests if {
	found := record.others(_input([
		_statement("mdca-geo", {"geo": "Europe", "datacenter": "West Europe"}),
		_statement("app-governance-geo", {"enabled": false, "geo": "US"}),
		_statement("m365-data-location", {"geo": "EU", "services": [{"service": "Exchange Online", "geo": "US"}, {"service": "Teams", "geo": "UK"}]}),
	]))
	{[place.service, place.value, place.geo] | some place in found} == {["cloud_apps", "West Europe", "EU"], ["microsoft_365", "EU", "EU"], ["microsoft_365", "UK", "UK"]}
}

test_acknowledged_by_service_and_place if {
	record_read := {"value": {"acknowledged": [{"service": "Cloud Apps", "geo": "UK"}, {"service": "exchange", "geo": "EU"}]}}
	record.acknowledged(record_read, {"service": "cloud_apps", "value": "UK"})
	record.acknowledged(record_read, {"service": "exchange", "value": "DEU"})
	not record.acknowledged(record_read, {"service": "cloud_apps", "value": "US"})
	not record.acknowledged({"value": {"acknowledged": null}}, {"service": "cloud_apps", "value": "UK"})
}
