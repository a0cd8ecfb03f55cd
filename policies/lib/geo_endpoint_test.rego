package domicile.lib.geo_endpoint_test

import data.domicile.lib.geo_endpoint as endpoint
import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.licences

_absent := {"table": "DeviceInfo", "status": 400, "code": "BadRequest", "message": "Failed to resolve table 'DeviceInfo'.", "permitted": true, "days": null}

_resolving := object.union(_absent, {"status": 200, "code": "", "message": ""})

_scan(plan, probes) := fixtures.with_evidence({"subscribed_skus": [fixtures.sku(plan)], "hunting_probe": probes})

test_provisioned_by_a_plan_or_a_table if {
	endpoint.provisioned(_scan(licences.plans.MDE_SMB, [_absent])).state == "yes"
	endpoint.provisioned(_scan(licences.plans.ATA, [_resolving])).state == "yes"
	endpoint.provisioned(_scan(licences.plans.ATA, [_absent])).state == "no"
}

test_unknown_when_either_could_not_be_read if {
	endpoint.provisioned(fixtures.gone(_scan(licences.plans.ATA, [_absent]), "subscribed_skus", "no_permission")).reason == "no_permission"
	endpoint.provisioned(fixtures.gone(_scan(licences.plans.ATA, []), "hunting_probe", "throttled")).reason == "throttled"
	unlisted := fixtures.with_evidence({"subscribed_skus": [{"skuId": "s", "capabilityStatus": "Enabled", "servicePlans": null}], "hunting_probe": [_absent]})
	endpoint.provisioned(unlisted).reason == "partial"
}
