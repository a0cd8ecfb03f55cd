# METADATA
# title: Identity events of both services reach the hunting tables
# description: >-
#   The identity tables hold logons of Active Directory that Defender for Identity saw beside those of cloud
#   applications that Defender for Cloud Apps saw. An attack that goes from one to the other is correlated only
#   while both arrive. Each licensed service must have written within workload_days; INT1001 judges the integration
#   itself.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/advanced-hunting-identitylogonevents-table
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
# custom:
#   id: INT1006
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [hunting_probe, subscribed_skus, attestations]
#     optional: [mdi_sensors, incidents_probe, defender_api_probe, portal_tenant_context]
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
#   frameworks: {}
#   remediation:
#     summary: Let the service that is silent write its events, or say in services_not_used that it isn't used on purpose.
#     steps:
#       xdr-current:
#         - Identity. Defender portal > Settings > Identities > Sensors. At least one healthy sensor; see INT1001 to INT1003.
#         - Cloud Apps. Settings > Cloud Apps > Connected apps > App connectors > Microsoft 365 = Connected, all activities; see INT1008.
#         - Run IdentityLogonEvents | summarize count() by Application under Hunting > Advanced hunting a day later.
#       mtp-2020-b:
#         - Identity. Install sensors in the Defender for Identity portal; see INT1001.
#         - Cloud Apps. Connect Office 365 under Investigate > Connected apps at https://portal.cloudappsecurity.com; see INT1008.
#       mtp-2020-a:
#         - Identity. Install Azure ATP sensors and select the checkbox of INT1001.
#         - Cloud Apps. Connect Office 365 under Investigate > Connected apps at https://portal.cloudappsecurity.com; see INT1008.
package domicile.integration.identity_events_arrive

import data.domicile.lib.hunting
import data.domicile.lib.hunting_feeds as feeds
import data.domicile.lib.licences
import data.domicile.lib.service

deny contains {
	"resource": {"kind": "service", "id": service_id, "name": _names[service_id]},
	"message": verdict.message,
	"expected": sprintf("rows of %s within %d days", [_rows_of[service_id], input.params.workload_days]),
	"actual": verdict.actual,
} if {
	not _off
	some service_id, verdict in _verdicts
	verdict.outcome == "failed"
}

not_applicable contains _off

not_applicable contains {"reason": "nothing_to_judge", "message": message} if {
	not _off
	every verdict in _verdicts {
		verdict.outcome == "skipped"
	}
	message := concat(" ", [verdict.message | some verdict in _verdicts])
}

unknown contains object.filter(verdict, ["reason", "kind", "message"]) if {
	not _off
	some verdict in _verdicts
	verdict.outcome == "unknown"
}

observed contains {"fact": "feeds", "service": service_id, "value": verdict.message, "tier": "proxy", "kind": "hunting_probe"} if {
	some service_id, verdict in _verdicts
	verdict.outcome in {"fed", "failed"}
}

_off := service.switched_off(input)

_names := {"cloud_apps": "Microsoft Defender for Cloud Apps", "identity": "Microsoft Defender for Identity"}

_rows_of := {"cloud_apps": "cloud applications", "identity": "'Active Directory'"}

_feeds := {"cloud_apps": _cloud, "identity": feeds.directory(input, input.params.workload_days)}

_verdicts := {service_id: _verdict(service_id, feed) | some service_id, feed in _feeds}

_verdict(service_id, feed) := _skipped(sprintf("%s is not used on purpose (services_not_used).", [_names[service_id]])) if {
	service_id in input.params.services_not_used
} else := {"outcome": "fed", "message": message} if {
	feed.state == "rows"
	message := sprintf("%s: %d rows of %s within %d days.", [_names[service_id], feed.rows, _rows_of[service_id], input.params.workload_days])
} else := _skipped(sprintf("%s is not licensed.", [_names[service_id]])) if {
	not _licensed(service_id)
	count(_unsure) == 0
} else := _not_known([gap | some gap in _unsure][0]) if {
	not _licensed(service_id)
} else := _skipped("Microsoft Defender for Identity has no sensor, which INT1002 reports.") if {
	service_id == "identity"
	count(input.evidence.mdi_sensors) == 0
	not input.gaps.mdi_sensors
} else := _silent(service_id, feed)

_silent(service_id, feed) := _not_known(object.union(feed, {"kind": "hunting_probe"})) if {
	feed.state == "unknown"
} else := _failed("the table does not resolve", message) if {
	feed.state == "absent"
	message := sprintf("The table '%s' does not resolve.", [feed.table])
} else := _not_known({"reason": gap.reason, "kind": "mdi_sensors", "message": message}) if {
	service_id == "identity"
	gap := input.gaps.mdi_sensors
	message := "No row of 'Active Directory' came, and whether there are sensors could not be read; grant SecurityIdentitiesSensors.Read.All."
} else := _failed("no row in the window", message) if {
	message := sprintf("%s is licensed, and no row of %s came within %d days.", [_names[service_id], _rows_of[service_id], input.params.workload_days])
}

# Rows of the cloud applications in the two identity tables; the state is the logon table's.
_cloud := {"state": "rows", "rows": _cloud_rows} if {
	_cloud_rows > 0
} else := object.union(feed, {"state": "none"}) if {
	feed := feeds.feed(input, "IdentityLogonEvents", input.params.workload_days)
	feed.state == "rows"
} else := feeds.feed(input, "IdentityLogonEvents", input.params.workload_days)

_cloud_rows := sum([n |
	some name in feeds.identity_tables
	probe := hunting.table(input.evidence.hunting_probe, name)
	some application, n in hunting.by_application(probe, input.now, input.params.workload_days)
	not application in {"", hunting.directory}
])

_licensed(service_id) if licences.service_licensed(input.evidence.subscribed_skus, service_id)

_unsure := licences.unread(input) | licences.unclear(input.evidence.subscribed_skus)

_skipped(message) := {"outcome": "skipped", "message": message}

_failed(actual, message) := {"outcome": "failed", "actual": actual, "message": message}

_not_known(gap) := {"outcome": "unknown", "reason": gap.reason, "kind": gap.kind, "message": gap.message}
