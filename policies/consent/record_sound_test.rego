package domicile.consent.record_sound_test

import data.domicile.consent.record_sound as rule
import data.domicile.lib.service

_on := {"state": "on", "tier": "proxy", "row": 6, "reason": "", "kind": "hunting_probe", "message": "It answers."}

_off := {"state": "off", "tier": "api", "row": 4, "reason": "", "kind": "defender_api_probe", "message": "It is off."}

_ok := {"name": "tenant", "ok": true, "message": ""}

_good := {
	"fact": "xdr-geo", "file": "geo.yaml", "observedAt": "2026-10-01T00:00:00Z", "validUntil": "2027-10-01", "signed": true,
	"value": {"geo": "EU", "orgId": "org-1"}, "checks": [_ok],
}

_package := {
	"orgId": "org-1", "previousOrgIds": [], "datacenter": "WestEurope3", "vortexGeoLocation": "EU", "signature": "valid",
	"notBefore": "2026-01-01T00:00:00Z", "notAfter": "2027-01-01T00:00:00Z", "subscriptionTenantId": "t1",
}

_context := {"AuthInfo": {"TenantId": "t1"}, "OrgId": "org-1", "savedAt": "2026-11-20T00:00:00Z"}

_failing(name, message) := object.union(_good, {"checks": [_ok, {"name": name, "ok": false, "message": message}]})

_input(statements) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "now": "2026-11-21T00:00:00Z", "profile": "xdr-current",
	"params": {"attestation_days": 365, "require_signed_attestations": false, "package_max_age_days": 400, "max_evidence_age": {"portal": "90d"}},
	"evidence": {"attestations": statements, "onboarding_package": [_package], "portal_tenant_context": [_context]}, "gaps": {},
}

_messages(found) := {d.message | some d in found}

test_passes_when_every_statement_is_sound if {
	count(rule.deny) == 0 with input as _input([_good]) with service.state as _on
	count(rule.not_applicable) == 0 with input as _input([_good]) with service.state as _on
	seen := rule.observed with input as _input([_good]) with service.state as _on
	seen == {{"fact": "consent", "service": "", "value": "'xdr-geo' in 'geo.yaml', signed", "tier": "attested", "kind": "attestations"}}
}

test_passes_when_unsigned_and_says_so if {
	unsigned := object.union(_good, {"signed": false})
	count(rule.deny) == 0 with input as _input([unsigned]) with service.state as _on
	seen := rule.observed with input as _input([unsigned]) with service.state as _on
	{o.value | some o in seen} == {"'xdr-geo' in 'geo.yaml', unsigned"}
}

test_unknown_when_there_is_no_statement if {
	missing := rule.unknown with input as _input([]) with service.state as _on
	{m.reason | some m in missing} == {"needs_attestation"}
	count(rule.deny) == 0 with input as _input([]) with service.state as _on
	count(rule.not_applicable) == 0 with input as _input([]) with service.state as _on
}

test_not_applicable_when_off_without_a_statement if {
	na := rule.not_applicable with input as _input([]) with service.state as _off
	{n.reason | some n in na} == {"switched_off"}
	count(rule.unknown) == 0 with input as _input([]) with service.state as _off
}

test_fails_for_each_failed_check if {
	every name in ["tenant", "cloud", "dates", "people", "hash", "fact", "signature"] {
		found := rule.deny with input as _input([_failing(name, "it is wrong")]) with service.state as _on
		_messages(found) == {sprintf("A statement of the fact 'xdr-geo' is not sound: its check '%s' failed ('it is wrong') ('geo.yaml').", [name])}
		{d.resource | some d in found} == {{"kind": "attestation", "id": "xdr-geo", "name": "xdr-geo"}}
	}
}

test_fails_once_for_several_statements_of_a_fact_and_names_the_files if {
	other := object.union(_failing("people", "one person"), {"file": "other.yaml"})
	found := rule.deny with input as _input([_failing("dates", "expired"), other, _good]) with service.state as _on
	{d.actual | some d in found} == {"2 problems in 'geo.yaml', 'other.yaml'"}
}

test_fails_once_for_each_fact if {
	other := object.union(_failing("people", "one person"), {"fact": "retention"})
	found := rule.deny with input as _input([_failing("dates", "expired"), other]) with service.state as _on
	{d.resource.id | some d in found} == {"retention", "xdr-geo"}
}

test_fails_when_it_was_not_checked_or_names_no_fact if {
	every nameless in [object.remove(_good, ["fact"]), object.union(_good, {"fact": ""})] {
		found := rule.deny with input as _input([object.union(nameless, {"checks": []})]) with service.state as _on
		_messages(found) == {"A statement of the fact 'unnamed' is not sound: it was not checked ('geo.yaml')."}
		{d.resource.id | some d in found} == {"unnamed"}
	}
}

test_fails_when_it_holds_too_long if {
	long := object.union(_good, {"validUntil": "2027-10-02"})
	found := rule.deny with input as _input([long]) with service.state as _on
	_messages(found) == {"A statement of the fact 'xdr-geo' is not sound: it holds for 366 days, longer than 365 ('geo.yaml')."}
}

test_fails_when_it_has_no_end if {
	every endless in [object.union(_good, {"validUntil": null}), object.remove(_good, ["validUntil"])] {
		found := rule.deny with input as _input([endless]) with service.state as _on
		_messages(found) == {"A statement of the fact 'xdr-geo' is not sound: it does not say from when until when it holds ('geo.yaml')."}
	}
}

test_fails_when_unsigned_and_a_signature_is_required if {
	strict := object.union(_input([object.union(_good, {"signed": false}), object.union(_good, {"file": "b.yaml"})]), {"params": {"require_signed_attestations": true}})
	found := rule.deny with input as strict with service.state as _on
	_messages(found) == {"A statement of the fact 'xdr-geo' is not sound: it is unsigned ('geo.yaml')."}
}

test_fails_when_the_signed_package_contradicts if {
	american := object.union(_good, {"value": {"geo": "US"}})
	found := rule.deny with input as _input([american]) with service.state as _on
	_messages(found) == {"A statement of the fact 'xdr-geo' is not sound: it says 'US' and the signed onboarding package 'WestEurope3' ('geo.yaml')."}
}

test_fails_when_the_portal_shows_another_organisation if {
	binding := object.union(_good, {"fact": "mde-org-binding", "value": {"orgId": "org-2"}})
	tenant := object.union(_input([binding]), {"evidence": {"onboarding_package": []}})
	found := rule.deny with input as tenant with service.state as _on
	_messages(found) == {"A statement of the fact 'mde-org-binding' is not sound: it names the organisation 'org-2' and the Defender portal 'org-1' ('geo.yaml')."}
}

test_fails_when_off_is_attested_and_the_service_is_on if {
	off := object.union(_good, {"fact": "service-off", "value": {"date": "2026-09-30"}})
	found := rule.deny with input as _input([off]) with service.state as _on
	_messages(found) == {"A statement of the fact 'service-off' is not sound: it says that the service is off, and it is on (proxy) ('geo.yaml')."}
}

test_message_lists_three_problems_and_counts_the_rest if {
	checks := [{"name": name, "ok": false, "message": "x"} | some name in ["cloud", "dates", "hash", "people", "tenant"]]
	found := rule.deny with input as _input([object.union(_good, {"checks": checks})]) with service.state as _on
	count(found) == 1
	every message in _messages(found) {
		contains(message, "'hash'")
		not contains(message, "'people'")
		endswith(message, "; and 2 more.")
	}
}

test_fails_when_an_export_contradicts_a_statement if {
	stated := object.union(object.remove(_good, ["value"]), {"fact": "exchange-regions", "file": "exchange.yaml", "signed": false, "value": {"defaultMailboxRegion": "EUR"}})
	export := {"DefaultMailboxRegion": "NAM", "savedAt": "2026-11-20T00:00:00Z", "savedBy": "ada@contoso.example", "sha256": "00"}
	contradicted := object.union(_input([stated]), {"evidence": {"exchange_organization": [export]}})
	_messages(rule.deny) == {"A statement of the fact 'exchange-regions' is not sound: it says 'EUR' and Get-OrganizationConfig 'NAM' ('exchange.yaml')."} with input as contradicted with service.state as _on
}
