package domicile.geo.onboarding_package_bound_test

import data.domicile.geo.onboarding_package_bound as rule
import data.domicile.lib.geo_fixtures_test as fixtures

_other := "99999999-0000-4000-8000-00000000000f"

_with(change) := fixtures.with_evidence({"onboarding_package": [object.union(fixtures.package_read, change)]})

_beside(scan, kind, item) := json.patch(scan, [{"op": "add", "path": sprintf("/evidence/%s", [kind]), "value": [item]}])

_unbound := _with({"subscriptionTenantId": null})

_denied := {finding.resource.id | some finding in rule.deny}

_reasons := {entry.reason | some entry in rule.unknown}

_passes(scan) if {
	count(rule.deny) == 0 with input as scan
	count(rule.unknown) == 0 with input as scan
	count(rule.not_applicable) == 0 with input as scan
}

test_passes_when_signed_and_bound_by_any_source if {
	_passes(_with({}))
	_passes(_beside(_unbound, "portal_tenant_context", fixtures.context))
	_passes(_beside(_unbound, "attestations", fixtures.statement("mde-org-binding", {"orgId": fixtures.org_id})))
}

test_fails_when_the_signature_does_not_hold if {
	found := rule.deny with input as _with({"signature": "invalid"})
	found == {{
		"resource": {"kind": "onboarding_package", "id": fixtures.org_id, "name": sprintf("onboarding package of %s", [fixtures.org_id])},
		"message": sprintf("The onboarding package of organisation '%s' isn't good evidence: its signature doesn't hold.", [fixtures.org_id]),
		"expected": "a valid signature and this tenant's organisation", "actual": "its signature doesn't hold",
	}}
	count(rule.unknown) == 0 with input as _with({"signature": "invalid"})
}

test_fails_when_a_source_names_another_tenant_or_organisation if {
	azure := _with({"subscriptionTenantId": _other})
	portal := _beside(_with({}), "portal_tenant_context", object.union(fixtures.context, {"OrgId": _other}))
	record := _beside(_with({}), "attestations", fixtures.statement("mde-org-binding", {"orgId": _other}))
	every scan in [azure, portal, record] {
		_denied == {fixtures.org_id} with input as scan
		count(rule.unknown) == 0 with input as scan
	}
	some finding in rule.deny with input as azure
	contains(finding.actual, sprintf("the tenant of the Azure subscription that handed it out is '%s'", [_other]))
}

test_fails_once_with_every_fault if {
	scan := _with({"signature": "invalid", "subscriptionTenantId": _other})
	count(rule.deny) == 1 with input as scan
	some finding in rule.deny with input as scan
	contains(finding.actual, "its signature doesn't hold; the tenant of")
}

test_unknown_when_nothing_binds_it if {
	_reasons == {"needs_attestation"} with input as _unbound
	count(rule.deny) == 0 with input as _unbound
	elsewhere := _beside(_unbound, "portal_tenant_context", object.union(fixtures.context, {"AuthInfo": {"TenantId": _other}}))
	_reasons == {"needs_attestation"} with input as elsewhere
}

test_unknown_when_the_issuer_is_not_known if {
	every change in [{"signature": "unknown_issuer", "issuer": "Microsoft TLS G9"}, {"signature": "unknown_issuer", "issuer": null}] {
		_reasons == {"partial"} with input as _with(change)
		count(rule.deny) == 0 with input as _with(change)
	}
}

test_unknown_when_the_certificate_ended_too_long_ago if {
	scan := _with({"notBefore": "2024-01-01T00:00:00Z", "notAfter": "2024-12-31T00:00:00Z"})
	_reasons == {"stale"} with input as scan
	count(rule.deny) == 0 with input as scan
}

test_unknown_names_everything_that_lacks if {
	scan := _with({"signature": "unknown_issuer", "subscriptionTenantId": null, "notAfter": null})
	_reasons == {"partial", "stale", "needs_attestation"} with input as scan
}

test_not_applicable_without_a_package if {
	{entry.reason | some entry in rule.not_applicable} == {"nothing_to_judge"} with input as fixtures.nothing
	count(rule.deny | rule.unknown) == 0 with input as fixtures.nothing
}

test_package_of_a_former_organisation_is_left_aside if {
	former := object.union(fixtures.package_read, {"orgId": _other, "signature": "invalid"})
	present := object.union(fixtures.package_read, {"previousOrgIds": [_other]})
	_passes(fixtures.with_evidence({"onboarding_package": [former, present]}))
	_denied == {_other} with input as fixtures.with_evidence({"onboarding_package": [former, fixtures.package_read]})
}

test_package_without_an_organisation_goes_by_its_hash if {
	_denied == {"aa11"} with input as _with({"orgId": null, "signature": "invalid"})
}

test_observed_says_how_it_is_bound if {
	found := rule.observed with input as _with({})
	found == {{
		"fact": "org", "service": "defender_for_endpoint", "tier": "signed", "kind": "onboarding_package",
		"value": sprintf("'%s', signature valid, bound by: the tenant of the Azure subscription that handed it out", [fixtures.org_id]),
	}}
	unbound := rule.observed with input as _unbound
	{[seen.tier, seen.value] | some seen in unbound} == {["portal", sprintf("'%s', signature valid, bound by: nothing", [fixtures.org_id])]}
}
