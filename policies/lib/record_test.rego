package domicile.lib.record_test

import data.domicile.lib.record_geos as record

_statement(fact, value) := {"fact": fact, "file": "f.yaml", "observedAt": "2026-10-01T00:00:00Z", "validUntil": "2027-06-01", "signed": true, "value": value, "checks": [{"name": "tenant", "ok": true}]}

_input(statements) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "now": "2026-11-21T00:00:00Z", "profile": "xdr-current",
	"params": {"package_max_age_days": 400, "max_evidence_age": {"portal": "90d"}}, "gaps": {},
	"evidence": {"attestations": statements, "onboarding_package": [], "portal_tenant_context": []},
}

test_own_is_where_the_service_is_seen if {
	record.own(_input([])) == set()
	{[place.service, place.geo] | some place in record.own(_input([_statement("xdr-geo", {"geo": "US"})]))} == {["xdr", "US"]}
}

test_others_are_attested if {
	found := record.others(_input([
		_statement("mdi-geo", {"geo": "Europe"}), _statement("exchange-regions", {"defaultMailboxRegion": "EUR", "allowedMailboxRegions": ["EUR", "NAM", 7]}),
		_statement("m365-data-location", {"geo": "nowhere"}),
	]))
	{[place.service, place.value, place.geo] | some place in found} == {
		["defender_for_identity", "Europe", "EU"], ["exchange", "EUR", "EU"], ["exchange", "NAM", "US"], ["microsoft_365", "nowhere", ""],
	}
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
