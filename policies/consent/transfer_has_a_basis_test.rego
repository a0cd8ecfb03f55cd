package domicile.consent.transfer_has_a_basis_test

import data.domicile.consent.transfer_has_a_basis as rule
import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.licences
import data.domicile.lib.service

_on := {"state": "on", "tier": "proxy", "row": 6, "reason": "", "kind": "hunting_probe", "message": "It answers."}

_off := {"state": "off", "tier": "api", "row": 4, "reason": "", "kind": "defender_api_probe", "message": "It is off."}

_statement(fact, value) := {"fact": fact, "file": concat("", [fact, ".yaml"]), "observedAt": "2026-10-01T00:00:00Z", "validUntil": "2027-06-01", "signed": true, "value": value, "checks": [{"name": "tenant", "ok": true}]}

_basis := _statement("transfer-basis", {"ropaRef": "ROPA-117", "dpiaRef": "DPIA-3", "transfers": [{"geo": "UK", "basis": "adequacy decision"}, {"geo": "US", "basis": " "}]})

_eu := _statement("xdr-geo", {"geo": "EU"})

_input(statements, params) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "now": "2026-11-21T00:00:00Z", "profile": "xdr-current",
	"params": object.union({"regimes": ["gdpr"], "missing_record": "unknown", "package_max_age_days": 400, "max_evidence_age": {"portal": "90d"}}, params),
	"gaps": {}, "evidence": {"attestations": statements, "onboarding_package": [], "portal_tenant_context": [], "subscribed_skus": []},
}

_home := {"home_regions": ["EU"]}

_failed(doc, state) := found if {
	found := {d.message | some d in rule.deny} with input as doc with service.state as state
}

_unknown(doc, state) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc with service.state as state
}

_reasons(doc, state) := found if {
	found := {n.reason | some n in rule.not_applicable} with input as doc with service.state as state
}

test_passes_when_every_place_is_home_or_has_a_basis if {
	doc := _input([_basis, _eu, _statement("mdca-geo", {"geo": "UK"})], _home)
	_failed(doc, _on) == set()
	_unknown(doc, _on) == set()
	_reasons(doc, _on) == set()
	{o.value | some o in rule.observed} == {"record of processing 'ROPA-117', impact assessment 'DPIA-3'", "'EU' (a home region)", "'UK' (basis 'adequacy decision')"} with input as doc with service.state as _on
}

test_fails_for_a_place_without_a_basis if {
	every place in ["US", "CH"] {
		doc := _input([_basis, _statement("xdr-geo", {"geo": place})], _home)
		_failed(doc, _on) == {sprintf("Data of Microsoft Defender XDR rests in '%s', outside the home regions, and the record 'transfer-basis.yaml' gives no basis for it.", [place])}
	}
	{[d.resource.id, d.actual] | some d in rule.deny} == {["transfer-basis", "1 problems"]} with input as _input([_basis, _eu, _statement("mdi-geo", {"geo": "US"})], _home) with service.state as _on
}

test_fails_without_an_entry_in_the_record_of_processing if {
	every value in [{"transfers": []}, {"ropaRef": " ", "transfers": null}] {
		_failed(_input([_statement("transfer-basis", value), _eu], _home), _on) == {"The record 'transfer-basis.yaml' names no entry in the record of processing."}
	}
}

test_fails_or_unknown_when_no_record_is_there if {
	_failed(_input([_eu], object.union(_home, {"missing_record": "fail"})), _on) == {"No valid statement of the fact 'transfer-basis' is on record."}
	_unknown(_input([_eu], object.union(_home, {"missing_record": "fail"})), _on) == set()
	_unknown(_input([_eu], _home), _on) == {["needs_attestation", "attestations"]}
	invalid := object.union(_basis, {"checks": [{"name": "dates", "ok": false}]})
	_unknown(_input([invalid, _eu], _home), _on) == {["needs_attestation", "attestations"]}
}

test_unknown_when_home_is_not_configured if {
	doc := _input([_basis, _statement("xdr-geo", {"geo": "US"})], {})
	_unknown(doc, _on) == {["needs_configuration", ""]}
	_failed(doc, _on) == set()
}

test_unknown_when_the_place_is_not_known if {
	_unknown(_input([_basis], _home), _on) == {["needs_attestation", ""]}
	_unknown(_input([_basis, _eu, _statement("mdi-geo", {"geo": "nowhere"})], _home), _on) == {["partial", "attestations"]}
	{o.value | some o in rule.observed; o.service == "defender_for_identity"} == {"'nowhere'"} with input as _input([_basis, _eu, _statement("mdi-geo", {"geo": "nowhere"})], _home) with service.state as _on
}

test_fails_for_a_place_that_only_a_saved_page_or_export_tells if {
	by := {"sha256": "dd44", "savedBy": "anna@contoso.example", "savedAt": "2026-11-01T00:00:00Z"}
	saved := {
		"portal_mcas_about": [object.union(by, {"regionName": "UK South"})],
		"exchange_organization": [object.union(by, {"DefaultMailboxRegion": "EUR", "AllowedMailboxRegions": ["EUR", "NAM"]})],
	}
	doc := object.union(_input([_basis, _eu], _home), {"evidence": saved})
	_failed(doc, _on) == {"Data of Exchange Online rests in 'NAM', outside the home regions, and the record 'transfer-basis.yaml' gives no basis for it."}
	_unknown(doc, _on) == set()
	stale := object.union(_input([_basis, _eu], _home), {"evidence": {"portal_mcas_about": [object.union(saved.portal_mcas_about[0], {"savedAt": "2026-01-01T00:00:00Z"})]}})
	_unknown(stale, _on) == {["stale", "portal_mcas_about"]}
}

test_unknown_when_nothing_tells_of_a_licensed_service if {
	skus := {"subscribed_skus": [fixtures.sku(licences.plans.ADALLOM_S_STANDALONE)]}
	doc := object.union(_input([_basis, _eu], _home), {"evidence": skus})
	_unknown(doc, _on) == {["needs_attestation", ""]}
	_unknown(object.union(_input([_basis, _eu], _home), {"gaps": {"subscribed_skus": {"reason": "throttled"}}}), _on) == {["throttled", "subscribed_skus"]}
}

test_not_applicable_where_the_regime_is_not_named if {
	doc := _input([], {"regimes": ["dora"]})
	_reasons(doc, _on) == {"switched_off"}
	_unknown(doc, _on) == set()
	_failed(object.union(doc, {"params": {"missing_record": "fail"}}), _on) == set()
}

test_not_applicable_when_off_without_a_record if {
	_reasons(_input([_eu], _home), _off) == {"switched_off"}
	_unknown(_input([_eu], _home), _off) == set()
	_reasons(_input([_basis, _eu], _home), _off) == set()
}
