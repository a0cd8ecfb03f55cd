# METADATA
# title: Every licensed workload feeds the service
# description: >-
#   The service aggregates what Defender for Endpoint, Defender for Office 365, Defender for Cloud Apps and Defender
#   for Identity see, and correlates nothing that doesn't reach it. Each service fills a hunting table of its own.
#   A table that doesn't resolve, or has no row within workload_days, shows a service that is paid for and feeds
#   nothing; which services feed is also what the transfer of Customer Data consists of.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/defender-xdr/advanced-hunting-schema-tables
#   - ref: https://learn.microsoft.com/defender-xdr/prerequisites
# custom:
#   id: XDR1005
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [hunting_probe, subscribed_skus, defender_api_probe, portal_tenant_context, attestations]
#     optional: [mdi_sensors, incidents_probe]
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
#     nist_800_53: [{id: SI-4(16), coverage: part}, {id: IR-4(4), coverage: part}]
#     iso_27001: [{id: A.8.16, coverage: part}]
#     nis2: [{id: 21(2)(b), coverage: evidence}]
#     dora: [{id: "10", coverage: evidence}]
#   remediation:
#     summary: Deploy or connect each service that is licensed, or say in services_not_used that it isn't used on purpose.
#     steps:
#       xdr-current:
#         - Endpoint. Defender portal > Settings > Endpoints > Device management > Onboarding. Onboard devices and check Assets > Devices.
#         - Office. Check that Defender for Office 365 Plan 2 is assigned and that mail flows through Exchange Online. Defender portal > Email & collaboration > Explorer shows the same mail.
#         - Cloud Apps. A Security Administrator opens Cloud apps in the Defender portal once, then Settings > Cloud Apps > Connected apps > App connectors > Microsoft 365 = Connected, with all activities.
#         - Identity. Defender portal > Settings > Identities > Sensors. At least one healthy sensor on a domain controller; see INT1001 to INT1003.
#         - Run the scan again a day later. A service that is left out on purpose goes into services_not_used.
#       mtp-2020-b:
#         - Endpoint. https://securitycenter.windows.com > Settings > Onboarding. Onboard devices.
#         - Office. Check that Defender for Office 365 Plan 2 is assigned and that mail flows through Exchange Online.
#         - Cloud Apps. Open https://portal.cloudappsecurity.com once, then connect Office 365 under Investigate > Connected apps.
#         - Identity. Install sensors in the Defender for Identity portal; see INT1001.
#       mtp-2020-a:
#         - Endpoint. https://securitycenter.windows.com > Settings > Onboarding. Onboard devices.
#         - Office. Check that Office 365 ATP Plan 2 is assigned and that mail flows through Exchange Online.
#         - Cloud Apps. https://portal.cloudappsecurity.com > Investigate > Connected apps. Connect Office 365.
#         - Identity. Install Azure ATP sensors and select the checkbox of INT1001.
package domicile.xdr.workloads_feed

import data.domicile.lib.attestations
import data.domicile.lib.hunting_feeds as feeds
import data.domicile.lib.licences
import data.domicile.lib.service

deny contains {
	"resource": {"kind": "service", "id": service_id, "name": _names[service_id]},
	"message": verdict.message,
	"expected": sprintf("rows within %v days", [input.params.workload_days]),
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

observed contains {"fact": "feeds", "service": service_id, "value": value, "tier": tier, "kind": kind} if {
	some service_id, verdict in _verdicts
	value := sprintf("%s (decision table row %d)", [verdict.message, verdict.row])
	[tier, kind] := object.get(_seen, verdict.outcome, ["", ""])
}

# What fed and what failed was seen in the tables; the rest wasn't seen at all.
_seen := {"failed": ["proxy", "hunting_probe"], "fed": ["proxy", "hunting_probe"]}

_off := service.switched_off(input)

_names := {
	"cloud_apps": "Microsoft Defender for Cloud Apps",
	"endpoint": "Microsoft Defender for Endpoint",
	"identity": "Microsoft Defender for Identity",
	"office": "Microsoft Defender for Office 365",
}

_feeds := {
	"cloud_apps": feeds.feed(input, "CloudAppEvents", input.params.workload_days),
	"endpoint": feeds.feed(input, "DeviceInfo", input.params.workload_days),
	"identity": feeds.directory(input, input.params.workload_days),
	"office": feeds.feed(input, "EmailEvents", input.params.workload_days),
}

_verdicts := {service_id: verdict |
	some service_id, feed in _feeds
	verdict := _verdict(service_id, feed)
}

# Rows 1 to 5 hold for every service, what no row means differs.
_verdict(service_id, feed) := _skipped(1, sprintf("%s is not used on purpose (services_not_used).", [_names[service_id]])) if {
	service_id in input.params.services_not_used
} else := _skipped(1, sprintf("%s is not licensed.", [_names[service_id]])) if {
	not _licensed(service_id)
	count(_unsure) == 0
} else := _skipped(2, message) if {
	service_id == "office"
	location := _not_integrated
	message := sprintf("%s is not integrated where the tenant's data rests ('%s', attested).", [_names[service_id], location])
} else := _fed(service_id, feed) if {
	feed.state == "rows"
} else := _not_known(1, [gap | some gap in _unsure][0]) if {
	not _licensed(service_id)
} else := _not_known(3, object.union(feed, {"kind": "hunting_probe"})) if {
	feed.state == "unknown"
} else := _failed(4, "the table does not resolve", message) if {
	feed.state == "absent"
	message := sprintf("%s is licensed, and its table '%s' does not resolve.", [_names[service_id], feed.table])
} else := _silent(service_id)

_silent("endpoint") := _failed(6, "no device in 30 days", message) if {
	feeds.feed(input, "DeviceInfo", 30).state == "none"
	message := "Microsoft Defender for Endpoint is licensed, and 'DeviceInfo' has no device within 30 days: none is onboarded."
} else := _failed(6, "no row in the window", message) if {
	message := sprintf("Microsoft Defender for Endpoint had devices within 30 days, and 'DeviceInfo' has no row within %v days.", [input.params.workload_days])
}

_silent("identity") := _skipped(7, "Microsoft Defender for Identity has no sensor, which INT1002 reports.") if {
	count(input.evidence.mdi_sensors) == 0
	not input.gaps.mdi_sensors
} else := _not_known(7, {"reason": gap.reason, "kind": "mdi_sensors", "message": message}) if {
	count(input.evidence.mdi_sensors) == 0
	gap := input.gaps.mdi_sensors
	message := "The identity tables have no row of Active Directory, and whether there are sensors could not be read; grant SecurityIdentitiesSensors.Read.All."
} else := _failed(7, "no row of Active Directory", message) if {
	message := sprintf("Microsoft Defender for Identity has sensors, and no row of 'Active Directory' within %v days.", [input.params.workload_days])
}

_silent("cloud_apps") := _failed(8, "no row in the window", message) if {
	message := sprintf("Microsoft Defender for Cloud Apps is licensed, and 'CloudAppEvents' has no row within %v days: its Microsoft 365 connector is off, or it was never opened (INT1008).", [input.params.workload_days])
}

_silent("office") := _failed(9, "no row in the window", message) if {
	_mailboxes
	message := sprintf("Microsoft Defender for Office 365 is licensed, mailboxes are too, and 'EmailEvents' has no row within %v days.", [input.params.workload_days])
} else := _not_known(9, [gap | some gap in _unsure][0]) if {
	count(_unsure) > 0
} else := _skipped(9, "No mailbox is licensed, so Microsoft Defender for Office 365 has nothing to report.")

_licensed(service_id) if licences.service_licensed(input.evidence.subscribed_skus, service_id)

_unsure := licences.unread(input) | licences.unclear(input.evidence.subscribed_skus)

# Licences that give a mailbox and are assigned to somebody.
_mailboxes if {
	some sku in input.evidence.subscribed_skus
	sku.consumedUnits > 0
	count(licences.held([sku]) & _mailbox_plans) > 0
}

# Exchange Online's plans with a mailbox: STANDARD, ENTERPRISE, DESKLESS, ESSENTIALS, and STANDARD
# and ENTERPRISE for the US Government. Source: Microsoft's licensing service plan reference.
_mailbox_plans := {
	"9aaf7827-d63c-4b61-89c3-182f06f82e5c",
	"efb87545-963c-4e0d-99df-69c6916d9eb0",
	"4a82b400-a79f-41a4-b4e2-e94f5787b113",
	"1126bef5-da20-4f07-b45e-ad25d2581aa8",
	"e9b4930a-925f-45e2-ac2a-3f7788ca6fdd",
	"8c3069c0-ccdb-44be-ab77-986203a67df2",
}

# Where Exchange's data rests, or else the tenant's, when Defender for Office 365 isn't integrated
# there: Norway, South Africa, the United Arab Emirates, Sweden and Singapore.
# Source: learn.microsoft.com/defender-xdr/prerequisites.
_not_integrated := location if {
	record := attestations.latest(input.evidence.attestations, "m365-data-location")
	location := object.get({place.service: place.geo | some place in record.value.services}, "exchange", record.value.geo)
	is_string(location)
	upper(location) in _apart
}

_apart := {
	"NOR", "NORWAY", "ZAF", "SOUTH AFRICA", "ARE", "UNITED ARAB EMIRATES",
	"SWE", "SWEDEN", "SGP", "SINGAPORE",
}

_fed(service_id, feed) := {"outcome": "fed", "row": 5, "message": message} if {
	message := sprintf("%s feeds the service: %d rows within %v days.", [_names[service_id], feed.rows, input.params.workload_days])
}

_skipped(row, message) := {"outcome": "skipped", "row": row, "message": message}

_failed(row, actual, message) := {"outcome": "failed", "row": row, "actual": actual, "message": message}

_not_known(row, gap) := {"outcome": "unknown", "row": row, "reason": gap.reason, "kind": gap.kind, "message": gap.message}
