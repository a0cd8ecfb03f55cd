package domicile.consent.record_names_services_and_geos_test

import data.domicile.consent.record_names_services_and_geos as rule
import data.domicile.lib.service
import data.domicile.lib.service_fixtures_test as fixture

_off := {"state": "off", "tier": "api", "row": 4, "reason": "", "kind": "defender_api_probe", "message": "It is off."}

_statement(fact, value) := {"fact": fact, "file": concat("", [fact, ".yaml"]), "observedAt": "2026-10-01T00:00:00Z", "validUntil": "2027-06-01", "signed": true, "value": value, "checks": [{"name": "tenant", "ok": true}]}

_value := {
	"accepted": true, "edition": "2026-10", "services": ["endpoint", "Office 365 ATP", "Microsoft Cloud App Security", "Azure ATP"],
	"acknowledged": [{"service": "cloud_apps", "geo": "UK"}],
}

_places := [
	_statement("xdr-geo", {"geo": "EU"}), _statement("mdi-geo", {"geo": "Europe"}), _statement("mdca-geo", {"geo": "UK"}),
	_statement("exchange-regions", {"defaultMailboxRegion": "EUR"}),
]

_saved(content) := object.union(content, {"sha256": "dd44", "savedBy": "anna@contoso.example", "savedAt": "2026-11-01T00:00:00Z"})

_with(statements) := object.union(fixture.good, {
	"params": {"package_max_age_days": 400, "max_evidence_age": {"portal": "90d"}},
	"evidence": {"attestations": statements, "portal_tenant_context": [], "onboarding_package": []},
})

_input(change) := _with(array.concat([_statement("service-decision", object.union(_value, change))], _places))

_probed(changed) := object.union(_input({"services": []}), {"evidence": {"hunting_probe": fixture.probes(changed)}})

_failed(doc) := found if {
	found := {d.message | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

_reasons(doc) := found if {
	found := {n.reason | some n in rule.not_applicable} with input as doc
}

test_passes_when_everything_is_named if {
	doc := _input({})
	_failed(doc) == set()
	_unknown(doc) == set()
	_reasons(doc) == set()
	{o.service | some o in rule.observed; endswith(o.value, ", named in the record")} == {"cloud_apps", "endpoint", "identity", "office"} with input as doc
}

test_passes_for_the_record_of_2020 if {
	doc := object.union(_with(array.concat([_statement("terms-accepted", _value)], _places)), {"profile": "mtp-2020-a"})
	_failed(doc) == set()
	_unknown(doc) == set()
}

test_passes_over_services_that_send_nothing_or_are_not_licensed if {
	named := _input({"services": ["endpoint"]})
	unlicensed := object.union(named, {"evidence": {"subscribed_skus": [fixture.licence_of(["871d91ec-ec1a-452b-a83f-bd76c7d770ef"])]}})
	_failed(unlicensed) == set()
	silent := {name: fixture.answered(name, {}) | some name in ["EmailEvents", "CloudAppEvents", "IdentityLogonEvents", "IdentityDirectoryEvents"]}
	_failed(object.union(named, {"evidence": {"hunting_probe": fixture.probes(silent)}})) == set()
}

test_fails_for_each_service_that_is_not_named if {
	_failed(_input({"services": ["endpoint", "identity", 7]})) == {"The record 'service-decision.yaml' does not name Defender for Cloud Apps, Defender for Office 365."}
	{[d.resource.id, d.actual] | some d in rule.deny} == {["service-decision", "4 not named"]} with input as _input({"services": null})
	{o.service | some o in rule.observed; endswith(o.value, "not named in the record")} == {"cloud_apps", "endpoint", "identity", "office"} with input as _input({"services": null})
}

test_fails_for_a_place_that_is_not_acknowledged if {
	_failed(_input({"acknowledged": []})) == {"The record 'service-decision.yaml' does not name that data of Defender for Cloud Apps rests in 'UK'."}
}

test_fails_without_an_edition if {
	every edition in [" ", null] {
		_failed(_input({"edition": edition})) == {"The record 'service-decision.yaml' does not name the edition of the terms."}
	}
}

test_unknown_without_a_valid_record if {
	_unknown(_with(_places)) == {["needs_attestation", "attestations"]}
	_unknown(_input({"accepted": null})) == {["needs_attestation", "attestations"]}
	_failed(_input({"accepted": null, "services": []})) == set()
}

test_unknown_when_what_feeds_is_not_known if {
	refused := {name: object.union(fixture.answered(name, null), {"status": 403, "permitted": false}) | some name in ["DeviceInfo"]}
	_unknown(_probed(refused)) == {["no_permission", "hunting_probe"]}
	named := object.union(_input({}), {"evidence": {"hunting_probe": fixture.probes(refused)}})
	_unknown(named) == set()
	unread := object.union(_input({"services": []}), {"evidence": {"subscribed_skus": []}, "gaps": {"subscribed_skus": {"reason": "no_permission", "status": 403, "code": ""}}})
	_unknown(unread) == {["no_permission", "subscribed_skus"]}
	_failed(unread) == set()
}

test_unknown_when_places_are_not_known if {
	_unknown(_with(array.concat([_statement("service-decision", _value)], array.slice(_places, 1, 4)))) == {["needs_attestation", ""]}
	every i in [1, 2, 3] {
		others := array.concat(array.slice(_places, 0, i), array.slice(_places, i + 1, 4))
		_unknown(_with(array.concat([_statement("service-decision", _value)], others))) == {["needs_attestation", "attestations"]}
	}
}

test_unknown_when_what_tells_a_place_is_outdated_or_disagrees if {
	old := object.union(_saved({"regionName": "West Europe"}), {"savedAt": "2026-01-01T00:00:00Z"})
	decision := _statement("service-decision", object.union(_value, {"acknowledged": []}))
	stale := object.union(_with([decision, _places[0], _places[1], _places[3]]), {"evidence": {"portal_mcas_about": [old]}})
	_unknown(stale) == {["stale", "portal_mcas_about"]}
	pages := {"portal_mcas_about": [_saved({"regionName": "UK South"}), _saved({"regionName": "West Europe"})]}
	torn := object.union(_with([decision, _places[0], _places[1], _places[3]]), {"evidence": pages})
	_unknown(torn) == {["conflict", "portal_mcas_about"]}
	_failed(torn) == set()
}

test_fails_for_a_place_that_only_a_saved_page_or_export_tells if {
	saved := {
		"portal_mcas_about": [_saved({"regionName": "UK South"})],
		"exchange_organization": [_saved({"DefaultMailboxRegion": "EUR", "AllowedMailboxRegions": ["EUR", "NAM"]})],
	}
	doc := object.union(_with([_statement("service-decision", object.union(_value, {"acknowledged": []})), _places[0], _places[1]]), {"evidence": saved})
	_failed(doc) == {"The record 'service-decision.yaml' does not name that data of Defender for Cloud Apps rests in 'UK South', that data of Exchange Online rests in 'NAM'."}
	_unknown(doc) == set()
}

test_judged_by_the_page_and_not_by_a_weaker_statement if {
	stated := object.union(_places[2], {"signed": false, "value": {"geo": "US"}})
	page := {"portal_mcas_about": [_saved({"regionName": "UK South"})]}
	doc := object.union(_with([_statement("service-decision", _value), _places[0], _places[1], stated, _places[3]]), {"evidence": page})
	_failed(doc) == set()
	_unknown(doc) == set()
}

test_not_applicable_when_off_or_refused if {
	_reasons(_input({"accepted": false})) == {"nothing_to_judge"}
	{n.reason | some n in rule.not_applicable} == {"switched_off"} with input as _with([]) with service.state as _off
	count(rule.unknown) == 0 with input as _with([]) with service.state as _off
}
