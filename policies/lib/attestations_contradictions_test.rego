package domicile.lib.attestations_contradictions_test

import data.domicile.lib.attestations_contradictions as contradictions
import data.domicile.lib.service

_on := {"state": "on", "tier": "proxy", "row": 6, "reason": "", "kind": "hunting_probe", "message": "It answers."}

_off := {"state": "off", "tier": "api", "row": 4, "reason": "", "kind": "defender_api_probe", "message": "It is off."}

_attested_on := object.union(_on, {"tier": "attested", "row": 8})

_statement(fact, value) := {
	"fact": fact, "file": sprintf("%s.yaml", [fact]), "observedAt": "2026-10-01T00:00:00Z", "signed": false, "value": value,
	"checks": [{"name": "tenant", "ok": true, "message": ""}],
}

_package := {
	"orgId": "org-1", "previousOrgIds": [], "datacenter": "WestEurope3", "vortexGeoLocation": "EU", "signature": "valid",
	"notBefore": "2026-01-01T00:00:00Z", "notAfter": "2027-01-01T00:00:00Z", "subscriptionTenantId": "T1",
}

_context := {
	"AuthInfo": {"TenantId": "t1"}, "OrgId": "org-1", "GeoRegion": "Europe3", "DataCenter": "WestEurope3", "MtpConsent": true,
	"savedAt": "2026-11-20T00:00:00Z", "savedBy": "ada@contoso.example", "sha256": "00",
}

_scan(statements, packages, contexts) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"},
	"now": "2026-11-21T00:00:00Z", "profile": "xdr-current", "params": {}, "gaps": {},
	"evidence": {"attestations": statements, "onboarding_package": packages, "portal_tenant_context": contexts},
}

_says(scan) := {[c.fact, c.says] | some c in contradictions.all(scan)}

_geo(value) := _statement("xdr-geo", value)

test_nothing_contradicts_agreeing_sources if {
	scan := _scan([_geo({"geo": "EU", "datacenter": "NorthEurope", "orgId": "ORG-1"}), _statement("mde-org-binding", {"orgId": "org-1"})], [_package], [_context])
	contradictions.all(scan) == set() with service.state as _on
	contradictions.all(_scan([], [_package], [_context])) == set() with service.state as _on
}

test_signed_package_contradicts_an_attested_geo if {
	expected := {["xdr-geo", "it says 'US' and the signed onboarding package 'WestEurope3'"]}
	_says(_scan([_geo({"geo": "US"})], [_package], [])) == expected with service.state as _on

	# A signed statement gives way as well.
	signed := object.union(_geo({"geo": "US"}), {"signed": true})
	_says(_scan([signed], [_package], [])) == expected with service.state as _on

	# The statement's data centre is held to it like its Geo.
	_says(_scan([_geo({"geo": "EU", "datacenter": "EastUs2"})], [_package], [])) == {["xdr-geo", "it says 'EastUs2' and the signed onboarding package 'WestEurope3'"]} with service.state as _on
}

test_package_is_bound_by_a_statement_of_the_organisation if {
	loose := object.union(_package, {"subscriptionTenantId": null})
	contradictions.all(_scan([_geo({"geo": "US"})], [loose], [])) == set() with service.state as _on
	binding := _statement("mde-org-binding", {"orgId": "org-1"})
	count(contradictions.all(_scan([_geo({"geo": "US"}), binding], [loose], []))) == 1 with service.state as _on
}

test_package_that_proves_nothing_contradicts_nothing if {
	every change in [{"signature": "invalid"}, {"signature": "unknown_issuer"}, {"subscriptionTenantId": "t2"}, {"notAfter": "2020-01-01T00:00:00Z"}, {"datacenter": "Atlantis", "vortexGeoLocation": null}] {
		scan := _scan([_geo({"geo": "US"})], [object.union(_package, change)], [])
		contradictions.all(scan) == set() with service.state as _on
	}
}

test_telemetry_geo_stands_in_for_an_unknown_data_centre if {
	scan := _scan([_geo({"geo": "US"})], [object.union(_package, {"datacenter": "Atlantis"})], [])
	_says(scan) == {["xdr-geo", "it says 'US' and the signed onboarding package 'EU'"]} with service.state as _on
}

test_unknown_attested_geo_is_no_contradiction if {
	contradictions.all(_scan([_geo({"geo": "Atlantis"})], [_package], [_context])) == set() with service.state as _on
}

test_portal_contradicts_an_unsigned_geo_alone if {
	_says(_scan([_geo({"geo": "US"})], [], [_context])) == {["xdr-geo", "it says 'US' and the Defender portal 'WestEurope3'"]} with service.state as _on
	signed := object.union(_geo({"geo": "US"}), {"signed": true})
	contradictions.all(_scan([signed], [], [_context])) == set() with service.state as _on
	old := object.union(_context, {"savedAt": "2026-01-01T00:00:00Z"})
	contradictions.all(_scan([_geo({"geo": "US"})], [], [old])) == set() with service.state as _on
}

test_organisation_is_held_to_package_and_portal if {
	binding := _statement("mde-org-binding", {"orgId": "org-2"})
	_says(_scan([binding], [_package], [_context])) == {
		["mde-org-binding", "it names the organisation 'org-2' and the signed onboarding package 'org-1'"],
		["mde-org-binding", "it names the organisation 'org-2' and the Defender portal 'org-1'"],
	} with service.state as _on
	_says(_scan([_geo({"geo": "EU", "orgId": "org-2"})], [], [_context])) == {["xdr-geo", "it names the organisation 'org-2' and the Defender portal 'org-1'"]} with service.state as _on
}

test_organisation_is_not_held_to_what_names_no_tenant if {
	binding := _statement("mde-org-binding", {"orgId": "org-2"})
	loose := object.union(_package, {"subscriptionTenantId": null})
	unnamed := object.remove(_context, ["AuthInfo"])
	contradictions.all(_scan([binding], [loose], [unnamed])) == set() with service.state as _on
	contradictions.all(_scan([_statement("mde-org-binding", {"orgId": null})], [_package], [_context])) == set() with service.state as _on
}

test_attested_end_is_contradicted_by_a_proven_service if {
	off := _statement("service-off", {"date": "2026-09-30"})
	_says(_scan([off], [], [])) == {["service-off", "it says that the service is off, and it is on (proxy)"]} with service.state as _on
	contradictions.all(_scan([off], [], [])) == set() with service.state as _off
	contradictions.all(_scan([off], [], [])) == set() with service.state as _attested_on
}

test_attested_end_is_history_once_a_new_start_is_on_record if {
	off := _statement("service-off", {"date": "2026-09-30"})
	undated := _statement("service-off", {})
	again := _statement("service-decision", {"accepted": true, "turnedOnAt": "2026-10-02"})
	contradictions.all(_scan([off, again], [], [])) == set() with service.state as _on
	contradictions.all(_scan([undated, again], [], [])) == set() with service.state as _on
	before := _statement("service-decision", {"accepted": true, "turnedOnAt": "2026-09-01"})
	count(contradictions.all(_scan([off, before], [], []))) == 1 with service.state as _on
	refused := _statement("service-decision", {"accepted": false, "turnedOnAt": "2026-10-02"})
	count(contradictions.all(_scan([off, refused], [], []))) == 1 with service.state as _on
}

test_attested_start_is_contradicted_by_a_service_proven_off if {
	on := _statement("service-decision", {"accepted": true, "turnedOnAt": "2026-09-01"})
	_says(_scan([on], [], [])) == {["service-decision", "it says that the service is on since '2026-09-01', and it is off (api)"]} with service.state as _off
	contradictions.all(_scan([on], [], [])) == set() with service.state as object.union(_off, {"tier": "attested"})
	planned := _statement("service-decision", {"accepted": true, "turnedOnAt": "2026-12-24"})
	contradictions.all(_scan([planned], [], [])) == set() with service.state as _off
	ended := _statement("service-off", {"date": "2026-09-30"})
	contradictions.all(_scan([on, ended], [], [])) == set() with service.state as _off
}

test_portal_consent_is_held_to_the_record_of_2020 if {
	accepted := _statement("terms-accepted", {"accepted": true})
	withdrawn := object.union(_context, {"MtpConsent": false})
	scan := object.union(_scan([accepted], [], [withdrawn]), {"profile": "mtp-2020-a"})
	_says(scan) == {["terms-accepted", "it says accepted: true, and the Defender portal MtpConsent: false"]} with service.state as _on
	contradictions.all(scan) == set() with service.state as _off
	agreeing := object.union(_scan([accepted], [], [_context]), {"profile": "mtp-2020-a"})
	contradictions.all(agreeing) == set() with service.state as _on
	later := _scan([_statement("service-decision", {"accepted": true})], [], [withdrawn])
	contradictions.all(later) == set() with service.state as _on
}

test_invalid_and_superseded_statements_are_not_held_to_evidence if {
	invalid := object.union(_geo({"geo": "US"}), {"checks": [{"name": "dates", "ok": false, "message": "expired"}]})
	contradictions.all(_scan([invalid], [_package], [])) == set() with service.state as _on
	newer := object.union(_geo({"geo": "EU"}), {"observedAt": "2026-11-01T00:00:00Z"})
	contradictions.all(_scan([_geo({"geo": "US"}), newer], [_package], [])) == set() with service.state as _on
}

test_what_a_source_leaves_out_hides_no_contradiction if {
	every member in ["GeoRegion", "DataCenter"] {
		count(contradictions.all(_scan([_geo({"geo": "US"})], [], [object.remove(_context, [member])]))) == 1 with service.state as _on
	}
	every member in ["datacenter", "vortexGeoLocation"] {
		count(contradictions.all(_scan([_geo({"geo": "US"})], [object.remove(_package, [member])], []))) == 1 with service.state as _on
	}
}

_with(statement, kinds) := object.union(_scan([statement], [], []), {"evidence": kinds})

_saved(content) := object.union({"savedAt": "2026-11-20T00:00:00Z", "savedBy": "ada@contoso.example", "sha256": "00"}, content)

_signed(statement) := object.union(statement, {"signed": true})

_none(scan) if {
	contradictions.all(scan) == set() with service.state as _on
}

test_page_of_cloud_apps_contradicts_an_unsigned_geo if {
	page := _saved({"regionName": "UK South", "dataCenterName": null})
	stated := _statement("mdca-geo", {"geo": "EU", "datacenter": "eu2"})
	_says(_with(stated, {"portal_mcas_about": [page]})) == {["mdca-geo", "it says 'eu2' and the about page of Cloud Apps 'UK South'"]} with service.state as _on
	_none(_with(stated, {"portal_mcas_about": [_saved({"regionName": "West Europe"})]}))
	_none(_with(_signed(stated), {"portal_mcas_about": [page]}))
	every change in [{"savedBy": null}, {"sha256": ""}, {"savedAt": "2026-01-01T00:00:00Z"}, {"regionName": "Atlantis"}] {
		_none(_with(stated, {"portal_mcas_about": [object.union(page, change)]}))
	}
	_none(_with(_statement("mdca-geo", {"geo": "Atlantis"}), {"portal_mcas_about": [page]}))
}

test_export_of_exchange_contradicts_unsigned_regions if {
	export := _saved({"DefaultMailboxRegion": "EUR", "AllowedMailboxRegions": ["EUR=abc", "NAM"]})
	says := _says(_with(_statement("exchange-regions", {"defaultMailboxRegion": "EUR", "allowedMailboxRegions": ["EUR", "DEU"]}), {"exchange_organization": [export]})) with service.state as _on
	says == {["exchange-regions", "it says 'DEU, EUR' and Get-OrganizationConfig 'EUR, NAM'"]}
	_none(_with(_statement("exchange-regions", {"defaultMailboxRegion": "EUR", "allowedMailboxRegions": ["NAM"]}), {"exchange_organization": [export]}))
}

test_default_region_alone_is_compared_where_either_lists_no_others if {
	export := _saved({"DefaultMailboxRegion": "NAM", "AllowedMailboxRegions": ["NAM", "GBR"]})
	stated := _statement("exchange-regions", {"defaultMailboxRegion": "EUR"})
	expected := {["exchange-regions", "it says 'EUR' and Get-OrganizationConfig 'NAM'"]}
	_says(_with(stated, {"exchange_organization": [export]})) == expected with service.state as _on
	listed := _statement("exchange-regions", {"defaultMailboxRegion": "EUR", "allowedMailboxRegions": ["EUR"]})
	_says(_with(listed, {"exchange_organization": [object.union(export, {"AllowedMailboxRegions": null})]})) == expected with service.state as _on
	_none(_with(_statement("exchange-regions", {"defaultMailboxRegion": "NAM"}), {"exchange_organization": [export]}))
}

test_export_that_proves_nothing_contradicts_no_regions if {
	export := _saved({"DefaultMailboxRegion": "NAM", "AllowedMailboxRegions": []})
	stated := _statement("exchange-regions", {"defaultMailboxRegion": "EUR", "allowedMailboxRegions": []})
	_none(_with(_signed(stated), {"exchange_organization": [export]}))
	every change in [{"savedBy": null}, {"sha256": ""}, {"savedAt": "2026-01-01T00:00:00Z"}, {"DefaultMailboxRegion": "Atlantis"}, {"DefaultMailboxRegion": null}] {
		_none(_with(stated, {"exchange_organization": [object.union(export, change)]}))
	}
	_none(_with(_statement("exchange-regions", null), {"exchange_organization": [export]}))
}

test_better_evidence_contradicts_a_statement_of_customer_lockbox if {
	stated := _statement("lockbox", {"enabled": true})
	export := _saved({"CustomerLockBoxEnabled": false})
	_says(_with(stated, {"exchange_organization": [export]})) == {["lockbox", "it says that Customer Lockbox is on, and 'exchange_organization' that it is off"]} with service.state as _on
	score := {"createdDateTime": "2026-11-20T00:00:00Z", "controlScores": [{"controlName": "CustomerLockBoxEnabled", "score": 0}]}
	_says(_with(stated, {"secure_scores": [score]})) == {["lockbox", "it says that Customer Lockbox is on, and 'secure_scores' that it is off"]} with service.state as _on
	_none(_with(_signed(stated), {"exchange_organization": [export], "secure_scores": [score]}))

	# Points can be had without a fact, so that a stronger source silences them.
	points := json.patch(score, [{"op": "replace", "path": "/controlScores/0/score", "value": 1}])
	_none(_with(_statement("lockbox", {"enabled": false}), {"exchange_organization": [export], "secure_scores": [points]}))
	_none(_with(stated, {"exchange_organization": [_saved({"CustomerLockBoxEnabled": true})]}))
	every change in [{"savedBy": null}, {"savedAt": "2026-01-01T00:00:00Z"}, {"CustomerLockBoxEnabled": null}] {
		_none(_with(stated, {"exchange_organization": [object.union(export, change)]}))
	}
	_none(_with(stated, {"secure_scores": [object.union(score, {"createdDateTime": "2026-10-01T00:00:00Z"})]}))
}

_rows(name, application, day) := {"hunting_probe": [{"table": name, "status": 200, "code": "", "message": "", "permitted": true, "days": {day: {application: 3}}}]}

test_later_rows_contradict_what_was_off if {
	every fact, rows in {
		"aatp-mcas-integration": ["IdentityLogonEvents", "Active Directory"],
		"mdca-connector": ["CloudAppEvents", "Microsoft Teams"],
	} {
		off := _statement(fact, {"enabled": false})
		_says(_with(off, _rows(rows[0], rows[1], "2026-10-02"))) == {[fact, "it says off, and rows came on 2026-10-02"]} with service.state as _on
		_none(_with(off, _rows(rows[0], rows[1], "2026-10-01")))
		_none(_with(off, _rows(rows[0], "Dropbox", "2026-10-02")))
		_none(_with(_statement(fact, {"enabled": true}), _rows(rows[0], rows[1], "2026-10-02")))
	}
}

test_azure_contradicts_where_a_copy_is_said_to_rest if {
	id := "/subscriptions/s1/resourceGroups/sec/providers/Microsoft.OperationalInsights/workspaces/soc"
	copy := _statement("known-copy", {"resourceId": id, "geo": "EU", "reason": "SIEM"})
	workspace := {"id": lower(id), "location": "eastus"}
	says := {["known-copy", "it says 'EU', and by Azure the copy rests at 'eastus' (region)"]}
	_says(_with(copy, {"log_workspaces": [workspace]})) == says with service.state as _on
	_says(_with(copy, {"azure_resources": [object.union(workspace, {"status": 200})]})) == says with service.state as _on
	_none(_with(copy, {"log_workspaces": [object.union(workspace, {"location": "westeurope"})]}))
	_none(_with(copy, {"log_workspaces": [object.union(workspace, {"location": "marsnorth"})]}))
	_none(_with(copy, {"log_workspaces": [object.union(workspace, {"id": concat("", [id, "2"])})]}))
	_none(_with(object.union(copy, {"value": {"geo": "Atlantis"}}), {"log_workspaces": [workspace]}))

	# A newer statement of the same copy takes the older one's place.
	newer := object.union(copy, {"observedAt": "2026-10-02T00:00:00Z", "value": {"geo": "US"}})
	_none(object.union(_with(copy, {"log_workspaces": [workspace]}), {"evidence": {"attestations": [copy, newer]}}))
}
