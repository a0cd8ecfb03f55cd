# METADATA
# title: The integration of Defender for Identity with Defender for Cloud Apps is on
# description: >-
#   Defender for Identity's (Azure ATP's) data reaches the service through its integration with Defender for Cloud
#   Apps (Cloud App Security). In 2020 a Global Administrator ticked a box; today it is automatic once Cloud Apps was
#   opened. No API states it, so its effect is looked for, rows of Active Directory in the hunting tables, before
#   any record is believed. Rows of other applications come from Cloud Apps and prove nothing here.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/defender-xdr/advanced-hunting-identitylogonevents-table
#   - ref: https://learn.microsoft.com/defender-for-identity/privacy-compliance
# custom:
#   id: INT1001
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [hunting_probe, mdi_sensors, subscribed_skus, attestations]
#     optional: [incidents_probe, defender_api_probe, portal_tenant_context]
#   licence: [ATA]
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
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#     workload_days:
#       type: integer
#       description: Days within which Defender for Identity must have written a row, the present day aside.
#       default: 7
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Let Defender for Identity's data reach the service. Today that takes one visit to Cloud Apps and a healthy sensor, in 2020 a checkbox.
#     steps:
#       xdr-current:
#         - There is no switch. A Security Administrator signs in to Cloud Apps once (Defender portal > Cloud apps).
#         - Defender portal > Settings > Identities > Sensors. At least one healthy sensor must be there.
#         - Settings > Cloud Apps > Connected apps > App connectors > Microsoft 365 = Connected, all activities.
#         - Up to 12 hours later run IdentityLogonEvents | where Application == "Active Directory" | take 1 under Hunting > Advanced hunting.
#       mtp-2020-b:
#         - There is no switch. A Security Administrator signs in to Cloud App Security once (https://portal.cloudappsecurity.com).
#         - At least one healthy Defender for Identity sensor must be there.
#         - Connect Office 365 under Investigate > Connected apps in the Cloud App Security portal, with all activities.
#         - Up to 12 hours later run IdentityLogonEvents | where Application == "Active Directory" | take 1 under Advanced hunting.
#       mtp-2020-a:
#         - As Global Administrator (Security Administrator isn't enough) open the Cloud App Security portal > settings cog > Settings > Threat Protection > Azure ATP.
#         - Select Connect Azure ATP data including alerts and activities with Cloud App Security, and save.
#         - Wait up to 12 hours. No Cloud App Security subscription is needed.
#         - Clearing the box later keeps the data that was shared already.
package domicile.integration.identity_data_shared

import data.domicile.lib.attestations
import data.domicile.lib.hunting_feeds as feeds
import data.domicile.lib.licences
import data.domicile.lib.service

deny contains {
	"resource": {"kind": "service", "id": "identity", "name": "Microsoft Defender for Identity"},
	"message": _verdict.message,
	"expected": sprintf("rows of 'Active Directory' within %v days", [input.params.workload_days]),
	"actual": _verdict.actual,
} if {
	not _off
	_verdict.outcome == "failed"
}

not_applicable contains _off

not_applicable contains object.filter(_verdict, ["reason", "message"]) if {
	not _off
	_verdict.outcome == "inapplicable"
}

unknown contains object.filter(_verdict, ["reason", "kind", "message"]) if {
	not _off
	_verdict.outcome == "unknown"
}

observed contains {
	"fact": "integration",
	"service": "identity",
	"value": sprintf("%s (decision table row %d)", [_verdict.message, _verdict.row]),
	"tier": object.get(_verdict, "tier", ""),
	"kind": object.get(_verdict, "kind", ""),
}

_off := service.switched_off(input)

# The rows of the decision table, the first that matches.
_verdict := _inapplicable(1, "not_licensed", "Defender for Identity is neither licensed nor deployed.") if {
	not _licensed
	count(_unsure) == 0
	_undeployed
} else := _inapplicable(2, "not_offered", "The service was not offered in this cloud.") if {
	not licences.offered(input.profile, input.tenant.cloud)
} else := _inapplicable(3, "nothing_to_judge", "Defender for Identity has no sensor, which INT1002 reports.") if {
	_sensors == "none"
} else := _failed(4, "attestations", "recorded as off", message) if {
	_recorded == "off"
	not _rows_since
	message := sprintf("The record of %s says that the integration is off, and no row of 'Active Directory' came later.", [_recorded_day])
} else := _known(5, "proxy", "hunting_probe", message) if {
	_feed.state == "rows"
	message := sprintf("Defender for Identity's data is in the store: %d rows of 'Active Directory' within %v days.", [_feed.rows, input.params.workload_days])
} else := _not_known(6, "partial", "attestations", "It was recorded as turned on within the last 12 hours, which is how long it may take; scan again later.") if {
	input.profile == "mtp-2020-a"
	_recorded == "on"
	_age_hours <= 12
	_silent
} else := _failed(7, "hunting_probe", "on by record only", message) if {
	_recorded == "on"
	_feed.state == "none"
	_sensors == "healthy"
	message := sprintf("The record of %s says that the integration is on, the sensors are healthy, and no row of 'Active Directory' came within %v days: it is on by record only.", [_recorded_day, input.params.workload_days])
} else := _failed(8, "hunting_probe", "no row of Active Directory", message) if {
	_feed.state == "none"
	_sensors == "healthy"
	message := sprintf("The sensors are healthy, and no row of 'Active Directory' came within %v days.", [input.params.workload_days])
} else := _failed(9, "hunting_probe", "the table does not resolve", "Sensors are deployed, and the identity tables don't resolve.") if {
	_feed.state == "absent"
	_sensors in {"healthy", "unhealthy"}
} else := _known(10, "attested", "attestations", message) if {
	_feed.state == "unknown"
	_recorded == "on"
	message := sprintf("The record of %s says that the integration is on; the hunting tables could not be asked.", [_recorded_day])
} else := _not_known(11, _feed.reason, "hunting_probe", _feed.message) if {
	_feed.state == "unknown"
} else := _not_known(11, "partial", "mdi_sensors", "No sensor is healthy, so that the missing rows prove nothing; repair the sensors first (INT1003).") if {
	_sensors == "unhealthy"
} else := _not_known(11, input.gaps.mdi_sensors.reason, "mdi_sensors", "No row of 'Active Directory' came, and whether there are sensors could not be read; grant SecurityIdentitiesSensors.Read.All.")

_feed := feeds.directory(input, input.params.workload_days)

_silent if _feed.state in {"none", "absent"}

# What is known of the sensors: healthy, unhealthy (all of them), none, or unread.
_sensors := "healthy" if {
	some sensor in input.evidence.mdi_sensors
	sensor.healthStatus == "healthy"
} else := "unhealthy" if {
	count(input.evidence.mdi_sensors) > 0
} else := "unread" if {
	input.gaps.mdi_sensors
} else := "none"

# Without a workspace there are no sensors to be read either.
_undeployed if _sensors == "none"

_undeployed if {
	_sensors == "unread"
	input.gaps.mdi_sensors.reason in {"not_licensed", "not_provisioned"}
}

_licensed if licences.service_licensed(input.evidence.subscribed_skus, "identity")

_unsure := licences.unread(input) | licences.unclear(input.evidence.subscribed_skus)

_record := attestations.latest(input.evidence.attestations, "aatp-mcas-integration")

_recorded := {true: "on", false: "off"}[_record.value.enabled]

_recorded_day := substring(_record.observedAt, 0, 10)

_rows_since if feeds.last_directory_day(input) >= _recorded_day

_age_hours := (time.parse_rfc3339_ns(input.now) - _recorded_at) / 3600000000000

# When it was turned on, or else when that was seen.
_recorded_at := attestations.time_ns(_record.value.since) if {
	attestations.time_ns(_record.value.since)
} else := attestations.time_ns(_record.observedAt)

_inapplicable(row, reason, message) := {"outcome": "inapplicable", "row": row, "reason": reason, "message": message}

_known(row, tier, kind, message) := {"outcome": "known", "row": row, "tier": tier, "kind": kind, "message": message}

_failed(row, kind, actual, message) := {
	"outcome": "failed", "row": row, "actual": actual, "message": message, "kind": kind,
	"tier": {"attestations": "attested", "hunting_probe": "proxy"}[kind],
}

_not_known(row, reason, kind, message) := {"outcome": "unknown", "row": row, "reason": reason, "kind": kind, "message": message}
