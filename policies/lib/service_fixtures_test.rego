# METADATA
# title: Fixtures of the tests on the service, its workloads and its integrations
# description: A good tenant, and the pieces from which the tests make it worse.
# scope: package
package domicile.lib.service_fixtures_test

# The good tenant: Microsoft 365 E5, all four services deployed and feeding.
good := {
	"tenant": {"id": "3f0c1d7e-0000-4000-8000-000000000001", "name": "Contoso", "cloud": "global"},
	"now": "2026-11-21T00:00:00Z",
	"profile": "xdr-current",
	"params": {"count_weak_plans": true, "expected_state": "on", "workload_days": 7, "services_not_used": []},
	"gaps": {},
	"evidence": {
		"incidents_probe": [{
			"status": 200, "code": "", "message": "", "permitted": true,
			"seen": {"id": "2972395", "createdDateTime": "2026-11-18T09:12:00Z"},
		}],
		"hunting_probe": probes({}),
		"defender_api_probe": [{"status": 200, "code": "", "message": "", "permitted": true}],
		"portal_tenant_context": [context],
		"attestations": [],
		"subscribed_skus": [licence],
		"mdi_sensors": [sensor],
		"mdi_health": [],
	},
}

licence := {
	"id": "1", "skuId": "06ebc4ee-1bb5-47dd-8120-11324bc54e06", "skuPartNumber": "SPE_E5",
	"appliesTo": "User", "capabilityStatus": "Enabled", "consumedUnits": 25,
	"prepaidUnits": {"enabled": 30, "warning": 0, "suspended": 0, "lockedOut": 0},
	"servicePlans": [plan(id) | some id in plan_ids],
	"subscriptionIds": ["9c1d0000-0000-4000-8000-000000000001"],
}

# MTP, WINDEFATP, THREAT_INTELLIGENCE, ADALLOM_S_STANDALONE, ATA and EXCHANGE_S_ENTERPRISE.
plan_ids := [
	"bf28f719-7844-4079-9c78-c1307898e192",
	"871d91ec-ec1a-452b-a83f-bd76c7d770ef",
	"8e0c0a52-6a6c-4d40-8370-dd62790dcd70",
	"2e2ddb96-6af9-4b1d-a3f0-d6ecfd22edb2",
	"14ab5db5-e6c4-4b20-b4bc-13e36fd2227f",
	"efb87545-963c-4e0d-99df-69c6916d9eb0",
]

plan(id) := {"servicePlanId": id, "servicePlanName": "", "provisioningStatus": "Success", "appliesTo": "User"}

# A licence with these plans alone.
licence_of(ids) := object.union(licence, {"servicePlans": [plan(id) | some id in ids]})

sensor := {
	"id": "b1a7e1b0-0000-4000-8000-000000000001", "displayName": "DC01", "domainName": "contoso.com",
	"sensorType": "domainControllerIntegrated", "deploymentStatus": "upToDate", "healthStatus": "healthy",
	"openHealthIssuesCount": 0, "version": "2.254.19112.470", "createdDateTime": "2026-01-10T08:00:00Z",
}

context := {
	"AuthInfo": {"TenantId": "3F0C1D7E-0000-4000-8000-000000000001"},
	"ActiveMtpWorkloads": [1, 4, 5, 9], "IsDeleted": false, "IsOnboardingComplete": true,
	"IsMdatpActive": true, "IsSentinelActive": false, "MtpConsent": true,
	"OrgId": "0f2d0000-0000-4000-8000-000000000009", "DataCenter": "WestEurope3", "GeoRegion": "Europe3",
	"sha256": "5f3a", "savedBy": "ana@contoso.com", "savedAt": "2026-11-10T10:00:00Z",
}

# The answers of advanced hunting, one a query; changed replaces or adds queries by table.
probes(changed) := [probe | some probe in object.union(object.remove(_answers, object.keys(changed)), changed)]

_answers := {
	"print": answered("print", null),
	"DeviceInfo": answered("DeviceInfo", {"2026-11-20": {"": 40}}),
	"EmailEvents": answered("EmailEvents", {"2026-11-20": {"": 900}}),
	"IdentityLogonEvents": answered("IdentityLogonEvents", {"2026-11-20": {"Active Directory": 12, "Microsoft Teams": 40}}),
	"IdentityDirectoryEvents": answered("IdentityDirectoryEvents", {"2026-11-19": {"Active Directory": 3}}),
	"CloudAppEvents": answered("CloudAppEvents", {"2026-11-20": {"Microsoft Exchange Online": 70}}),
	"AlertInfo": answered("AlertInfo", {"2026-11-18": {"": 2}}),
}

answered(name, days) := {"table": name, "status": 200, "code": "", "message": "", "permitted": true, "days": days}

unresolved(name) := object.union(answered(name, null), {
	"status": 400, "code": "BadRequest",
	"message": sprintf("Failed to resolve table or column expression named '%s'", [name]),
})

refused(name, permitted) := object.union(answered(name, null), {"status": 403, "code": "Forbidden", "permitted": permitted})

# Every query refused.
all_refused(permitted) := [refused(name, permitted) | some name, _ in _answers]

incidents_refused(permitted) := [{"status": 403, "code": "Forbidden", "message": "", "permitted": permitted, "seen": null}]

disabled := [{"status": 403, "code": "DisabledFeature", "message": "Tenant feature isn't enabled", "permitted": true}]

# A scan with other evidence, in which a kind that is null is missing by the gap named.
scan(evidence, gaps) := object.union(good, {
	"evidence": {kind: found | some kind, objects in evidence; found := objects},
	"gaps": {kind: {"reason": reason, "status": 0, "code": ""} | some kind, reason in gaps},
})

statement(fact, observed, value) := {
	"schemaVersion": 1, "file": sprintf("%s.yaml", [fact]), "sha256": "aa", "tenantId": good.tenant.id,
	"cloud": "global", "fact": fact, "value": value, "observedAt": observed, "validUntil": "2027-10-01T00:00:00Z",
	"signed": false, "checks": [{"name": "tenant", "ok": true, "message": ""}],
}

accepted := statement("terms-accepted", "2026-10-01T00:00:00Z", {"accepted": true, "turnedOnAt": "2026-09-30T10:00:00Z"})

decided := statement("service-decision", "2026-10-01T00:00:00Z", {"accepted": true, "turnedOnAt": "2026-09-30T10:00:00Z"})

turned_off := statement("service-off", "2026-11-01T00:00:00Z", {"date": "2026-10-31"})

# Both probes refused although permitted, and nothing else.
dark := {
	"incidents_probe": incidents_refused(true), "hunting_probe": all_refused(true),
	"defender_api_probe": [], "portal_tenant_context": [],
}

# Both probes missing.
blind := {"incidents_probe": [], "hunting_probe": [], "defender_api_probe": [], "portal_tenant_context": []}
