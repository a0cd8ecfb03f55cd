# METADATA
# title: Advanced hunting answers
# description: >-
#   Advanced hunting over all services is one of the three things that are there only when the service is on.
#   The query print needs no table and no data, so its answer shows that the engine works. A refusal in spite of
#   the permission, while Incidents answers, is a partial outage. Only Microsoft Graph is asked, as the hunting
#   API of api.security.microsoft.com is being retired.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/security-security-runhuntingquery
#   - ref: https://learn.microsoft.com/defender-xdr/advanced-hunting-overview
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
# custom:
#   id: XDR1004
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [hunting_probe, defender_api_probe, portal_tenant_context, attestations]
#     optional: [incidents_probe, subscribed_skus]
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
#     summary: Find out why Microsoft Graph refuses hunting queries while the service is on.
#     steps:
#       xdr-current:
#         - Open Hunting > Advanced hunting in the Defender portal with Security Reader or more and run the query print 1. If the page is missing, look at Settings > Microsoft Defender XDR > Account.
#         - Microsoft Entra admin center > Enterprise applications > the scanner > Permissions. ThreatHunting.Read.All must be granted as an application permission with admin consent.
#         - Microsoft Entra admin center > Sign-in logs > Service principal sign-ins. See whether Conditional Access for workload identities blocks the scanner.
#         - Microsoft 365 admin center > Health > Service health > Microsoft Defender XDR. See whether an incident is open.
#         - If none of these is the cause, open a ticket (Need help? in the Defender portal) with the request-id of the refused request.
#       mtp-2020-b:
#         - Open Advanced hunting in the Microsoft 365 security center (https://security.microsoft.com) as Global or Security Administrator and run a query.
#         - Check that the scanner's application permission has admin consent.
#         - If the page is missing, check Settings > Microsoft 365 Defender and open a ticket (Need help?).
#       mtp-2020-a:
#         - Open Hunting in the Microsoft 365 security center (https://security.microsoft.com) as Global or Security Administrator and run a query.
#         - Check that the scanner's application permission has admin consent.
#         - If the page lacks the tables, check Settings > Microsoft Threat Protection > Opt-in / Opt-out and open a ticket.
package domicile.xdr.hunting_answers

import data.domicile.lib.service
import data.domicile.lib.service_sources as sources

deny contains {
	"resource": {"kind": "service", "id": "xdr", "name": "Microsoft Defender XDR"},
	"message": message,
	"expected": "Advanced hunting answers 200",
	"actual": "403 with the permission",
} if {
	not _off
	_answer.state == "refused"
	_incidents.state == "answers"
	message := sprintf("%s Incidents answers meanwhile, so the service is out of order in part.", [_answer.message])
}

not_applicable contains _off

unknown contains object.filter(_answer, ["reason", "kind", "message"]) if {
	not _off
	not _answer.state in {"answers", "refused"}
}

unknown contains {"reason": "not_provisioned", "kind": "hunting_probe", "message": message} if {
	not _off
	_answer.state == "refused"
	not _incidents.state == "answers"
	message := sprintf("%s Incidents doesn't show that the service is on either; see XDR1001.", [_answer.message])
}

observed contains {"fact": "on", "service": "xdr", "value": _answer.message, "tier": "api", "kind": "hunting_probe"} if {
	_answer.state == "answers"
}

_answer := sources.engine(input)

_incidents := sources.incidents(input)

_off := service.switched_off(input)
