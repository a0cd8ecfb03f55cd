package domicile.lib.geo_package_test

import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.geo_package

_package := fixtures.package_read

_unbound := object.union(_package, {"subscriptionTenantId": null})

_other := "99999999-0000-4000-8000-00000000000f"

test_proven_by_signature_age_and_azure_subscription if {
	geo_package.proven(fixtures.nothing, _package)
	every fault in [{"signature": "invalid"}, {"signature": "unknown_issuer"}, {"signature": null}, {"subscriptionTenantId": _other}, {"notAfter": "2024-12-31T00:00:00Z"}] {
		not geo_package.proven(fixtures.nothing, object.union(_package, fault))
	}
}

test_bound_by_the_portal_alone if {
	scan := fixtures.with_evidence({"portal_tenant_context": [fixtures.context]})
	geo_package.bound(scan, _unbound)
	geo_package.bound(scan, object.union(_unbound, {"orgId": upper(fixtures.org_id)}))
	not geo_package.bound(fixtures.nothing, _unbound)
}

test_not_bound_by_a_portal_context_without_tenant_or_too_old if {
	every part in [{"AuthInfo": null}, {"savedAt": "2026-01-01T00:00:00Z"}, {"OrgId": null}, {"OrgId": ""}] {
		scan := fixtures.with_evidence({"portal_tenant_context": [object.union(fixtures.context, part)]})
		not geo_package.bound(scan, _unbound)
		geo_package.usable(scan, _unbound)
	}
}

test_bound_by_a_statement_on_record if {
	every record in [fixtures.statement("mde-org-binding", {"orgId": fixtures.org_id}), fixtures.xdr_geo("EU")] {
		geo_package.bound(fixtures.with_evidence({"attestations": [record]}), _unbound)
		not geo_package.bound(fixtures.with_evidence({"attestations": [fixtures.expired(record)]}), _unbound)
	}
}

test_the_best_source_that_says_otherwise_makes_it_unusable if {
	not geo_package.usable(fixtures.nothing, object.union(_package, {"subscriptionTenantId": _other}))
	portal := fixtures.with_evidence({"portal_tenant_context": [object.union(fixtures.context, {"OrgId": _other})]})
	record := fixtures.with_evidence({"attestations": [fixtures.statement("mde-org-binding", {"orgId": _other})]})
	every scan in [portal, record] {
		not geo_package.usable(scan, _unbound)
		not geo_package.bound(scan, _unbound)
		count(geo_package.contradictions(scan, _unbound)) == 1
	}
	agreeing := object.union(portal, {"evidence": {"attestations": [fixtures.statement("mde-org-binding", {"orgId": fixtures.org_id})]}})
	not geo_package.usable(agreeing, _unbound)
}

# Otherwise a statement that names a wrong organisation would hide what Microsoft signed.
test_a_weaker_source_that_says_otherwise_leaves_it_unproven if {
	portal := fixtures.with_evidence({"portal_tenant_context": [object.union(fixtures.context, {"OrgId": _other})]})
	record := fixtures.with_evidence({"attestations": [fixtures.statement("mde-org-binding", {"orgId": _other})]})
	every scan in [portal, record] {
		geo_package.usable(scan, _package)
		not geo_package.bound(scan, _package)
		not geo_package.proven(scan, _package)
		count(geo_package.contradictions(scan, _package)) == 1
	}
}

test_package_with_a_broken_signature_is_unusable if {
	geo_package.usable(fixtures.nothing, object.union(_package, {"signature": "unknown_issuer"}))
	every signature in ["invalid", "", null] {
		not geo_package.usable(fixtures.nothing, object.union(_package, {"signature": signature}))
	}
}

test_fresh_while_the_certificate_reaches_into_the_limit_of_age if {
	every after in ["2025-10-17T00:00:00Z", "2027-01-01T00:00:00Z"] {
		geo_package.fresh(fixtures.nothing, object.union(_package, {"notBefore": "2025-01-01T00:00:00Z", "notAfter": after}))
	}
	every dates in [
		{"notBefore": "2024-10-16T00:00:00Z", "notAfter": "2025-10-16T23:59:59Z"},
		{"notBefore": "2026-11-22T00:00:00Z", "notAfter": "2027-11-22T00:00:00Z"},
		{"notBefore": null, "notAfter": null},
	] {
		geo_package.fresh(fixtures.nothing, object.union(_package, dates)) == false
	}
}

test_limit_of_age_is_a_parameter if {
	old := object.union(_package, {"notBefore": "2025-01-01T00:00:00Z", "notAfter": "2026-01-01T00:00:00Z"})
	geo_package.fresh(fixtures.nothing, old)
	geo_package.fresh(fixtures.with_params(fixtures.nothing, {"package_max_age_days": 300}), old) == false
	geo_package.fresh(fixtures.without_params(fixtures.nothing, ["package_max_age_days"]), old)
}

test_package_of_a_former_organisation_is_not_current if {
	newer := object.union(_package, {"orgId": _other, "previousOrgIds": [null, upper(fixtures.org_id)]})
	geo_package.current(fixtures.with_evidence({"onboarding_package": [_package, newer]})) == {newer}
	forged := object.union(newer, {"signature": "invalid"})
	geo_package.current(fixtures.with_evidence({"onboarding_package": [_package, forged]})) == {_package, forged}
}

# A portal that still shows the organisation before the present one neither binds nor contradicts.
test_source_that_shows_a_former_organisation_says_nothing if {
	newer := object.union(_unbound, {"orgId": _other, "previousOrgIds": [fixtures.org_id]})
	scan := fixtures.with_evidence({"portal_tenant_context": [fixtures.context]})
	geo_package.claims(scan, newer) == set()
}

test_package_without_an_organisation_is_bound_by_azure_alone if {
	nameless := object.union(_package, {"orgId": null})
	geo_package.organisation(nameless) == ""
	geo_package.bound(fixtures.nothing, nameless)
	not geo_package.bound(fixtures.with_evidence({"portal_tenant_context": [fixtures.context]}), nameless)
}
