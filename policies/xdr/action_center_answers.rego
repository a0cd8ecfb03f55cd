# METADATA
# title: Action center is there
# description: >-
#   Action center gathers the responses of the services in one place and is there only while the service is on. No
#   supported API shows it. Its best proxies are the hunting table of disruptions and responses and the machine
#   actions of Defender for Endpoint; either of them answering is enough, and a refusal alone is not a proof of the
#   contrary.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-action-center
#   - ref: https://learn.microsoft.com/defender-endpoint/api/get-machineactions-collection
#   - ref: https://learn.microsoft.com/defender-xdr/advanced-hunting-disruptionandresponseevents-table
# custom:
#   id: XDR1003
#   severity: low
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [hunting_probe, machine_actions_probe, subscribed_skus, attestations]
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
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#     services_not_used:
#       type: [string]
#       description: Services (endpoint, office, cloud_apps, identity) that are licensed and not deployed on purpose.
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SI-4, coverage: part}, {id: IR-4(1), coverage: part}]
#     iso_27001: [{id: A.8.16, coverage: part}, {id: A.5.26, coverage: part}]
#     nis2: [{id: 21(2)(b), coverage: evidence}]
#     dora: [{id: "10", coverage: evidence}, {id: "17", coverage: evidence}]
#   remediation:
#     summary: Open Action center and activate Defender for Endpoint where it was never opened.
#     steps:
#       xdr-current:
#         - Defender portal > Actions & submissions > Action center, with Security Administrator in Microsoft Entra ID; a role of the same name in Email & collaboration is not enough.
#         - If it is missing, open Assets > Devices once, which activates Defender for Endpoint, and onboard a device.
#         - Run the scan again after an hour.
#         - If Defender for Endpoint is not used on purpose, add endpoint to services_not_used.
#       mtp-2020-b:
#         - Open Action center in the Microsoft 365 security center (https://security.microsoft.com) as Global or Security Administrator.
#         - If it is missing, open Microsoft Defender Security Center once, which activates Defender for Endpoint, and run the scan again.
#       mtp-2020-a:
#         - Open Action center in the Microsoft 365 security center (https://security.microsoft.com) as Global or Security Administrator.
#         - If it is missing, see whether Microsoft Threat Protection is on (XDR1001) and open Microsoft Defender Security Center once.
package domicile.xdr.action_center_answers

import data.domicile.lib.hunting
import data.domicile.lib.licences
import data.domicile.lib.service

deny contains {
	"resource": {"kind": "service", "id": "xdr", "name": "Microsoft Defender XDR"},
	"message": _verdict.message,
	"expected": sprintf("'%s' resolves, or machine actions answer", [_responses]),
	"actual": "neither",
} if {
	_verdict.outcome == "failed"
}

not_applicable contains object.filter(_verdict, ["reason", "message"]) if {
	_verdict.outcome == "inapplicable"
}

unknown contains object.filter(_verdict, ["reason", "kind", "message"]) if {
	_verdict.outcome == "unknown"
}

observed contains {"fact": "on", "service": "xdr", "value": _verdict.message, "tier": "proxy", "kind": _verdict.kind} if {
	_verdict.outcome == "known"
}

# The table that holds what the Action center shows.
_responses := "DisruptionAndResponseEvents"

# The words in which Defender for Endpoint refuses a tenant that was never activated.
_never_activated := "account mode is inactive"

_verdict := _inapplicable(off.reason, off.message) if {
	off := service.switched_off(input)
} else := _known("hunting_probe", sprintf("Advanced hunting answers for '%s'.", [_responses])) if {
	_table.state == "resolves"
} else := _known("machine_actions_probe", "Defender for Endpoint answers for its machine actions.") if {
	_actions.state == "answers"
} else := _not_known([gap | some gap in _unsure][0]) if {
	count(_used) == 0
	count(_unsure) > 0
} else := _inapplicable("not_licensed", "Action center needs Defender for Endpoint or Defender for Office 365, and the tenant holds neither.") if {
	count(_licensed) == 0
} else := _inapplicable("nothing_to_judge", "Neither Defender for Endpoint nor Defender for Office 365 is used (services_not_used).") if {
	count(_used) == 0
} else := _not_known({"reason": "not_provisioned", "kind": "machine_actions_probe", "message": message}) if {
	not "endpoint" in _used
	message := "What could show the Action center comes from Defender for Endpoint, which is not licensed or not used; open Action center in the Defender portal to see it."
} else := _not_known(_state) if {
	_state.state == "unknown"
} else := _failed(message) if {
	_table.state == "absent"
	_actions.state == "inactive"
	message := sprintf("The service is on and Defender for Endpoint licensed, but '%s' does not resolve and the machine actions answer that the account mode is inactive.", [_responses])
} else := _not_known(_table) if {
	_table.state == "unknown"
} else := _not_known(_actions)

_state := service.state(input)

_table := hunting.answer(input, _responses)

_licensed := {name | some name in ["endpoint", "office"]; licences.service_licensed(input.evidence.subscribed_skus, name)}

_used := {name | some name in _licensed; not name in input.params.services_not_used}

_unsure := licences.unread(input) | licences.unclear(input.evidence.subscribed_skus)

_actions := _answered(input.evidence.machine_actions_probe[0]) if {
	count(input.evidence.machine_actions_probe) > 0
} else := {"state": "unknown", "reason": reason, "kind": "machine_actions_probe", "message": message} if {
	reason := object.get(object.get(input.gaps, "machine_actions_probe", {}), "reason", "not_collected")
	message := sprintf("Defender for Endpoint could not be asked for its machine actions (%s); close that gap and run the scan again.", [reason])
}

_answered(probe) := {"state": "answers"} if {
	probe.status == 200
} else := {
	"state": "inactive", "reason": "not_provisioned", "kind": "machine_actions_probe",
	"message": "Defender for Endpoint answers that its account mode is inactive; open Assets > Devices in the Defender portal once.",
} if {
	said := lower(sprintf("%v %v", [object.get(probe, "code", ""), object.get(probe, "message", "")]))
	contains(said, _never_activated)
} else := {"state": "unknown", "reason": reason, "kind": "machine_actions_probe", "message": message} if {
	[reason, advice] := _reading(probe)
	message := sprintf("Defender for Endpoint answered %v for its machine actions; %s.", [probe.status, advice])
}

_reading(probe) := ["not_provisioned", "the token holds Machine.Read.All, so look whether Defender for Endpoint is provisioned"] if {
	probe.status == 403
	probe.permitted == true
} else := ["no_permission", "grant the scanner Machine.Read.All of WindowsDefenderATP and consent to it"] if {
	probe.status in {401, 403}
} else := ["throttled", "run the scan again when its limit is free"] if {
	probe.status == 429
} else := ["service_error", "run the scan again, and ask Microsoft support if the error stays"]

_known(kind, message) := {"outcome": "known", "kind": kind, "message": message}

_failed(message) := {"outcome": "failed", "message": message}

_inapplicable(reason, message) := {"outcome": "inapplicable", "reason": reason, "message": message}

_not_known(gap) := {"outcome": "unknown", "reason": gap.reason, "kind": gap.kind, "message": gap.message}
