# METADATA
# title: Microsoft Defender XDR (Microsoft Threat Protection) is on
# description: >-
#   Incidents, Action center and advanced hunting over all services exist only while the service is on,
#   and its data is deleted when it is turned off. No supported API states it, so the verdict rests on what
#   the supported APIs answer, on the portal's export and on records, by a table in which a refusal alone
#   never proves that the service is off and Microsoft Sentinel's answers never that it is on.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/defender-xdr/api-error-codes
#   - ref: https://learn.microsoft.com/graph/api/security-list-incidents
# custom:
#   id: XDR1001
#   severity: critical
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [incidents_probe, hunting_probe, defender_api_probe, portal_tenant_context, attestations]
#     optional: [subscribed_skus]
#   licence: []
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#     expected_state:
#       type: string
#       values: ["on", "off"]
#       description: The state that the organisation decided on, on or off. With off the verdict is turned round.
#       default: "on"
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SI-4, coverage: part}, {id: IR-4(1), coverage: part}]
#     iso_27001: [{id: A.8.16, coverage: part}, {id: A.5.26, coverage: part}]
#     nis2: [{id: 21(2)(b), coverage: evidence}]
#     dora: [{id: "10", coverage: evidence}, {id: "17", coverage: evidence}]
#   remediation:
#     summary: Decide the Geo, then turn the service on with a permitted role; it can't be moved afterwards.
#     steps:
#       xdr-current:
#         - Decide the Geo and record the decision first (XDR1010). It can't be moved later.
#         - Sign in at https://security.microsoft.com (GCC the same; GCC High https://security.microsoft.us; DoD https://security.apps.mil) with an enabled account of the tenant that holds Security Administrator and an eligible licence.
#         - Open Incidents & alerts, Hunting, Action center or Threat analytics. Onboarding starts by itself. Read the data centre location shown on the screen before going on; if it is not the decided one, stop and select Need help?.
#         - Check Settings > Microsoft Defender XDR > Account.
#         - Run the scan again after an hour.
#       mtp-2020-b:
#         - Decide the Geo and record the decision first (XDR1010). It can't be moved later.
#         - Sign in at https://security.microsoft.com as Global or Security Administrator and select an item under Endpoints (Incidents, Hunting, Action center, Threat analytics).
#         - Read the location shown on the screen and under Settings > Microsoft 365 Defender; if it is not the decided one, stop and select Need help?.
#         - Run the scan again after an hour.
#       mtp-2020-a:
#         - As Global or Security Administrator open https://security.microsoft.com > Settings > Microsoft Threat Protection > Opt-in / Opt-out. If that is missing from the menu, the role or the licence is.
#         - Read the terms and keep their text and a screenshot.
#         - Choose the data center location if Microsoft Defender ATP isn't provisioned. It can't be changed later.
#         - Select Turn on Microsoft Threat Protection and save.
#         - Record it with `domicile attest new terms-accepted`, and run the scan again after an hour.
package domicile.xdr.service_on

import data.domicile.lib.service
import data.domicile.lib.service_sources as sources

deny contains _finding(message, "on", "off") if {
	not _meant_off
	_state.state == "off"
	message := sprintf("The service is off: %s", [_state.message])
}

# With expected_state off the table is mirrored: only row 6 proves that it is on all the same.
deny contains _finding(message, "off", "on") if {
	_meant_off
	_state.row == 6
	message := sprintf("The service is on although it is meant to be off: %s", [_state.message])
}

not_applicable contains {"reason": "not_offered", "message": _state.message} if {
	_state.row == 1
}

unknown contains object.filter(_state, ["reason", "kind", "message"]) if {
	_state.state == "unknown"
	_state.row > 1
}

unknown contains {"reason": reason, "kind": kind, "message": message} if {
	_meant_off
	[reason, kind, advice] := _unproven[_state.row]
	message := sprintf("%s %s", [_state.message, advice])
}

observed contains {"fact": "on", "service": "xdr", "value": value, "tier": _state.tier, "kind": _state.kind} if {
	value := sprintf("%s (decision table row %d): %s", [_state.state, _state.row, _state.message])
}

observed contains {"fact": "incident", "service": "xdr", "value": value, "tier": "api", "kind": "incidents_probe"} if {
	value := sources.incident(input)
}

observed contains {"fact": "org", "service": "xdr", "value": context.OrgId, "tier": tier, "kind": "portal_tenant_context"} if {
	context := sources.context_of(input)
	is_string(context.OrgId)
	tier := sources.portal_tier(context)
}

_state := service.state(input)

default _meant_off := false

_meant_off if service.meant_off(input)

# What is no proof that a service that is meant to be off is on.
_unproven := {
	7: ["no_permission", "hunting_probe", "It is meant to be off; grant ThreatHunting.Read.All to prove which is right."],
	8: ["conflict", "attestations", "It is meant to be off; correct the record or the parameter expected_state."],
}

_finding(message, expected, actual) := {
	"resource": {"kind": "service", "id": "xdr", "name": "Microsoft Defender XDR"},
	"message": message,
	"expected": expected,
	"actual": actual,
}
