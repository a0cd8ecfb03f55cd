# Evidence of a tenant whose data rests in the EU, for the tests of the rules on Geos.
package domicile.lib.geo_fixtures_test

tenant_id := "3f0c1d7e-0000-4000-8000-000000000001"

org_id := "8c5e2f10-0000-4000-8000-00000000000a"

package_read := {
	"orgId": org_id, "previousOrgIds": [], "datacenter": "WestEurope3", "vortexGeoLocation": "EU", "partnerGeoLocation": "GW_EU",
	"version": "1.7", "signature": "valid", "issuer": "Microsoft Secure Server CA 2011",
	"notBefore": "2026-01-01T00:00:00Z", "notAfter": "2026-12-31T00:00:00Z", "sha256": "aa11", "subscriptionTenantId": tenant_id,
}

context := {
	"AuthInfo": {"TenantId": tenant_id}, "OrgId": org_id, "GeoRegion": "Europe3", "DataCenter": "WestEurope3",
	"savedBy": "anna@contoso.com", "savedAt": "2026-11-01T00:00:00Z", "sha256": "bb22",
}

statement(fact, value) := {
	"schemaVersion": 1, "file": concat("", [fact, ".yaml"]), "sha256": "cc33", "tenantId": tenant_id, "cloud": "global",
	"fact": fact, "value": value, "observedAt": "2026-10-01T00:00:00Z", "validUntil": "2027-10-01T00:00:00Z",
	"observedBy": {"upn": "anna@contoso.com", "objectId": "a1"}, "reviewer": {"upn": "ben@contoso.com", "objectId": "b2"},
	"signed": false, "checks": [{"name": "tenant", "ok": true, "message": ""}, {"name": "dates", "ok": true, "message": ""}],
}

xdr_geo(geo) := statement("xdr-geo", {"geo": geo, "datacenter": "", "orgId": org_id, "how": "observed"})

expired(record) := object.union(record, {
	"validUntil": "2026-11-01T00:00:00Z",
	"checks": [{"name": "tenant", "ok": true, "message": ""}, {"name": "dates", "ok": false, "message": "expired"}],
})

sku(plan) := {
	"id": "s1", "skuId": "06ebc4ee-1bb5-47dd-8120-11324bc54e06", "skuPartNumber": "SPE_E5", "capabilityStatus": "Enabled",
	"servicePlans": [{"servicePlanId": plan, "servicePlanName": "", "provisioningStatus": "Success", "appliesTo": "User"}],
}

nothing := {
	"tenant": {"id": tenant_id, "name": "contoso", "cloud": "global"},
	"now": "2026-11-21T00:00:00Z", "profile": "xdr-current",
	"params": {
		"allowed_geos": ["EU"], "min_geo_tier": "attested", "package_max_age_days": 400,
		"max_evidence_age": {"api": "24h", "portal": "90d"}, "missing_record": "unknown",
	},
	"reader": {"tid": tenant_id, "appid": "", "roles": [], "scp": []},
	"evidence": {
		"onboarding_package": [], "portal_tenant_context": [], "attestations": [], "incidents_probe": [],
		"hunting_probe": [], "defender_api_probe": [], "subscribed_skus": [], "users": [], "sites": [],
	},
	"gaps": {}, "lookup": {},
}

# with_evidence gives the scan of the tenant with these kinds, and nothing else, read.
with_evidence(kinds) := json.patch(nothing, [{"op": "add", "path": concat("/", ["", "evidence", kind]), "value": items} |
	some kind, items in kinds
])

# with_params sets parameters of a scan.
with_params(scan, params) := object.union(scan, {"params": params})

# without_params takes parameters away.
without_params(scan, names) := json.patch(scan, [{"op": "replace", "path": "/params", "value": object.remove(scan.params, names)}])

# gone replaces a kind by the reason why it is missing.
gone(scan, kind, reason) := object.union(scan, {"evidence": {kind: []}, "gaps": {kind: {"reason": reason, "status": 0, "code": ""}}})
