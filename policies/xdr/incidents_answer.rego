# METADATA
# title: Incidents answers
# description: >-
#   Incidents is one of the three things that are there only when the service is on. While the service is on,
#   Microsoft Graph answers a request for one incident, with an empty list when there is none. A refusal in spite
#   of the permission, while advanced hunting works on the tenant's Defender tables, is a partial outage.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/security-list-incidents
#   - ref: https://learn.microsoft.com/defender-xdr/incidents-overview
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
# custom:
#   id: XDR1002
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [incidents_probe, defender_api_probe, portal_tenant_context, attestations]
#     optional: [hunting_probe, subscribed_skus]
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
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SI-4, coverage: part}, {id: IR-4(1), coverage: part}]
#     iso_27001: [{id: A.8.16, coverage: part}, {id: A.5.26, coverage: part}]
#     nis2: [{id: 21(2)(b), coverage: evidence}]
#     dora: [{id: "10", coverage: evidence}, {id: "17", coverage: evidence}]
#   remediation:
#     summary: Find out why Microsoft Graph refuses incidents while the service is on.
#     steps:
#       xdr-current:
#         - Open Incidents & alerts > Incidents in the Defender portal with Security Reader or more. If it is missing there too, look at Settings > Microsoft Defender XDR > Account.
#         - Microsoft Entra admin center > Enterprise applications > the scanner > Permissions. SecurityIncident.Read.All must be granted as an application permission with admin consent.
#         - Microsoft Entra admin center > Sign-in logs > Service principal sign-ins. See whether Conditional Access for workload identities blocks the scanner.
#         - Microsoft 365 admin center > Health > Service health > Microsoft Defender XDR. See whether an incident is open.
#         - If none of these is the cause, open a ticket (Need help? in the Defender portal) with the request-id of the refused request.
#       mtp-2020-b:
#         - Open Incidents in the Microsoft 365 security center (https://security.microsoft.com) as Global or Security Administrator.
#         - Check that the scanner's application permission has admin consent.
#         - If Incidents is missing in the portal too, check Settings > Microsoft 365 Defender and open a ticket (Need help?).
#       mtp-2020-a:
#         - Open Incidents in the Microsoft 365 security center (https://security.microsoft.com) as Global or Security Administrator.
#         - Check that the scanner's application permission has admin consent.
#         - If Incidents is missing in the portal too, check Settings > Microsoft Threat Protection > Opt-in / Opt-out and open a ticket.
package domicile.xdr.incidents_answer

import data.domicile.lib.service
import data.domicile.lib.service_sources as sources

deny contains {
	"resource": {"kind": "service", "id": "xdr", "name": "Microsoft Defender XDR"},
	"message": message,
	"expected": "Incidents answers 200",
	"actual": "403 with the permission",
} if {
	_answer.state == "refused"
	_elsewhere
	message := sprintf("%s Advanced hunting works meanwhile, so the service is out of order in part.", [_answer.message])
}

not_applicable contains _off

unknown contains object.filter(_answer, ["reason", "kind", "message"]) if {
	not _off
	not _answer.state in {"answers", "refused"}
}

unknown contains {"reason": "not_provisioned", "kind": "incidents_probe", "message": message} if {
	not _off
	_answer.state == "refused"
	not _elsewhere
	message := sprintf("%s Advanced hunting doesn't show that the service is on either; see XDR1001.", [_answer.message])
}

observed contains {"fact": "on", "service": "xdr", "value": value, "tier": "api", "kind": "incidents_probe"} if {
	_answer.state == "answers"
	value := sprintf("%s %s", [_answer.message, _seen])
}

observed contains {"fact": "incident", "service": "xdr", "value": _incident, "tier": "api", "kind": "incidents_probe"}

_answer := sources.incidents(input)

_off := service.switched_off(input)

# Advanced hunting works, on the tenant's own Defender tables.
_elsewhere if {
	not _off
	sources.engine(input).state == "answers"
	sources.tables(input).state == "some"
}

_incident := sources.incident(input)

default _seen := "No incident was there to be seen, which is as good."

_seen := sprintf("One of them is %s.", [_incident])
