# METADATA
# title: Cloud Apps has been opened and its Microsoft 365 connector is on
# description: >-
#   Defender for Cloud Apps takes part only after somebody opened it once, and sees Microsoft 365 only through its
#   connector. Its events then carry the names of Microsoft's applications in the hunting table CloudAppEvents.
#   Events of other applications show that it was opened, and nothing of the connector.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-cloud-apps/protect-office-365
#   - ref: https://learn.microsoft.com/defender-xdr/advanced-hunting-cloudappevents-table
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
# custom:
#   id: INT1008
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [hunting_probe, subscribed_skus, attestations]
#     optional: [incidents_probe, defender_api_probe, portal_tenant_context]
#   licence: []
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#     expected_state:
#       type: string
#       values: ["on", "off"]
#       description: The state that the organisation decided on, on or off. With off this rule doesn't apply.
#       default: "on"
#     workload_days:
#       type: integer
#       description: Days within which a licensed service must have written a row, the present day aside.
#       default: 7
#     services_not_used:
#       type: [string]
#       description: Services (endpoint, office, cloud_apps, identity) that are licensed and not deployed on purpose.
#       default: []
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: 2.4.3, coverage: part}]
#     nist_800_53: [{id: SI-4, coverage: part}]
#     iso_27001: [{id: A.8.16, coverage: part}]
#   remediation:
#     summary: Open Cloud Apps once and connect Microsoft 365.
#     steps:
#       xdr-current:
#         - A Security Administrator opens Cloud apps in the Defender portal once.
#         - Settings > Cloud Apps > Connected apps > App connectors > Connect an app > Microsoft 365, with all activities. The status must become Connected.
#         - The unified audit log must be on (XDR1008).
#         - Run CloudAppEvents | summarize count() by Application under Hunting > Advanced hunting a day later.
#       mtp-2020-b:
#         - A Security Administrator opens https://portal.cloudappsecurity.com once.
#         - Investigate > Connected apps > Connect an app > Office 365, with all activities. The unified audit log must be on (XDR1008).
#       mtp-2020-a:
#         - A Security Administrator opens https://portal.cloudappsecurity.com once.
#         - Investigate > Connected apps > Connect an app > Office 365, with all activities. The unified audit log must be on (XDR1008).
package domicile.integration.cloud_apps_connected

import data.domicile.lib.attestations
import data.domicile.lib.hunting
import data.domicile.lib.hunting_feeds as feeds
import data.domicile.lib.licences
import data.domicile.lib.service

deny contains {
	"resource": {"kind": "service", "id": "cloud_apps", "name": "Microsoft Defender for Cloud Apps"},
	"message": _verdict.message,
	"expected": sprintf("rows of Microsoft 365 in 'CloudAppEvents' within %d days", [input.params.workload_days]),
	"actual": _verdict.actual,
} if {
	_verdict.outcome == "failed"
}

not_applicable contains object.filter(_verdict, ["reason", "message"]) if {
	_verdict.outcome == "inapplicable"
}

unknown contains object.filter(_verdict, ["reason", "kind", "message"]) if {
	_verdict.outcome == "unknown"
}

observed contains {"fact": "integration", "service": "cloud_apps", "value": _verdict.message, "tier": _verdict.tier, "kind": _verdict.kind} if {
	_verdict.outcome in {"known", "failed"}
}

_verdict := object.union(off, {"outcome": "inapplicable"}) if {
	off := service.switched_off(input)
} else := _inapplicable("nothing_to_judge", "Defender for Cloud Apps is not used on purpose (services_not_used).") if {
	"cloud_apps" in input.params.services_not_used
} else := _inapplicable("not_licensed", "The tenant holds no plan of Defender for Cloud Apps.") if {
	not _licensed
	count(_unsure) == 0
	not _rows > 0
} else := _failed("attested", "recorded as off", message) if {
	_recorded == false
	not _rows_since
	message := sprintf("The record of %s says that the Microsoft 365 connector is off, and no row of it came later.", [_recorded_day])
} else := _known("proxy", "hunting_probe", message) if {
	_rows > 0
	message := sprintf("The Microsoft 365 connector is on: %d rows of it in 'CloudAppEvents' within %d days.", [_rows, input.params.workload_days])
} else := _not_known([gap | some gap in _unsure][0]) if {
	not _licensed
} else := _failed("proxy", "the table does not resolve", "Defender for Cloud Apps is licensed, and 'CloudAppEvents' does not resolve: it was never opened.") if {
	_feed.state == "absent"
} else := _failed("proxy", "rows of other applications only", message) if {
	_feed.state == "rows"
	message := sprintf("'CloudAppEvents' has rows of other applications only within %d days, so that the Microsoft 365 connector is off.", [input.params.workload_days])
} else := _failed("proxy", "on by record only", message) if {
	_feed.state == "none"
	_recorded == true
	message := sprintf("The record of %s says that the Microsoft 365 connector is on, and no row came within %d days.", [_recorded_day, input.params.workload_days])
} else := _failed("proxy", "no row in the window", message) if {
	_feed.state == "none"
	message := sprintf("'CloudAppEvents' has no row within %d days: the Microsoft 365 connector is off, or Cloud Apps was never opened.", [input.params.workload_days])
} else := _known("attested", "attestations", message) if {
	_recorded == true
	message := sprintf("The record of %s says that the Microsoft 365 connector is on; the hunting table could not be asked.", [_recorded_day])
} else := _not_known(object.union(_feed, {"kind": "hunting_probe"}))

_feed := feeds.feed(input, "CloudAppEvents", input.params.workload_days)

_table := hunting.table(input.evidence.hunting_probe, "CloudAppEvents")

_rows := sum([hunting.rows_of(_table, application, input.now, input.params.workload_days) | some application in feeds.microsoft_365])

_rows_since if feeds.last_connector_day(input) >= _recorded_day

_record := attestations.latest(input.evidence.attestations, "mdca-connector")

default _recorded := null

_recorded := _record.value.enabled

_recorded_day := substring(_record.observedAt, 0, 10)

_licensed if licences.service_licensed(input.evidence.subscribed_skus, "cloud_apps")

_unsure := licences.unread(input) | licences.unclear(input.evidence.subscribed_skus)

_inapplicable(reason, message) := {"outcome": "inapplicable", "reason": reason, "message": message}

_known(tier, kind, message) := {"outcome": "known", "tier": tier, "kind": kind, "message": message}

_failed(tier, actual, message) := {
	"outcome": "failed", "actual": actual, "message": message, "tier": tier,
	"kind": {"attested": "attestations", "proxy": "hunting_probe"}[tier],
}

_not_known(gap) := {"outcome": "unknown", "reason": gap.reason, "kind": gap.kind, "message": gap.message}
