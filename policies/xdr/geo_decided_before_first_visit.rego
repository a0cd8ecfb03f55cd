# METADATA
# title: The Geo is decided before the service is provisioned
# description: >-
#   A visit to the Defender portal by any of nine roles provisions the service of an eligible tenant, in a Geo that
#   Microsoft chooses and that can never be changed. A tenant that is eligible and not yet provisioned is therefore
#   one click away from an unwanted location; the decision has to be on record before.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
# custom:
#   id: XDR1010
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [incidents_probe, hunting_probe, defender_api_probe, portal_tenant_context, attestations]
#     optional: [subscribed_skus, role_assignments]
#   licence: []
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#     missing_record:
#       type: string
#       values: [unknown, fail]
#       description: What a missing record is, unknown or fail.
#       default: unknown
#   profiles: [mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Decide the Geo, have Microsoft support provision the service there, and record both before anyone opens the portal.
#     steps:
#       xdr-current:
#         - Find the holders of the nine roles that provision the service by opening the portal (Global, Security, Compliance, Compliance Data, Application and Cloud Application Administrator, Security Operator, Security Reader, Global Reader) and tell them not to.
#         - Decide the Geo with the owner of the data and the data protection officer.
#         - Ask Microsoft support to provision the service there (Need help?), and keep the number of the ticket.
#         - Record ticket and decision with `domicile attest new service-decision`, with the Geo.
#         - An accidental visit provisions in the automatic Geo, for good.
#       mtp-2020-b:
#         - Find the holders of Global and Security Administrator, whose visit provisions the service, and tell them not to.
#         - Decide the Geo, ask Microsoft support to provision the service there, and keep the number of the ticket.
#         - Record ticket and decision with `domicile attest new service-decision`, with the Geo.
package domicile.xdr.geo_decided_before_first_visit

import data.domicile.lib.attestations
import data.domicile.lib.licences
import data.domicile.lib.service

deny contains {
	"resource": {"kind": "geo", "id": "xdr:storage", "name": "Microsoft Defender XDR, storage"},
	"message": message,
	"expected": "a recorded decision that names the Geo",
	"actual": "not decided on record",
} if {
	_judged == "unprovisioned"
	not _decided
	_failing
	message := sprintf("The tenant is eligible and the service not provisioned, and no valid record names the Geo. %s", [_visitors])
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_judged == "unprovisioned"
	not _decided
	not _failing
	message := sprintf("The tenant is eligible and the service not provisioned, and no record names the Geo; write one with 'domicile attest new service-decision'. %s", [_visitors])
}

unknown contains object.filter(_state, ["reason", "kind", "message"]) if {
	_judged == "unsure"
	not _decided
}

unknown contains gap if {
	_judged == "licence unsure"
	not _decided
	some gap in _unsure
}

not_applicable contains {"reason": "nothing_to_judge", "message": "The service is provisioned, so its Geo is fixed; GEO1001 and GEO1002 judge it."} if {
	_judged == "provisioned"
}

not_applicable contains {"reason": "not_licensed", "message": "The tenant is not eligible for the service (LIC1001), so that no visit provisions it."} if {
	_judged == "ineligible"
}

observed contains {"fact": "approval", "service": "xdr", "value": value, "tier": "attested", "kind": "attestations"} if {
	not _judged in {"provisioned", "ineligible"}
	value := sprintf("the record '%s' of %s names the Geo '%s'", [_decided.fact, substring(_decided.at, 0, 10), substring(_decided.geo, 0, 40)])
}

observed contains {"fact": "count", "service": "xdr", "value": _visitors, "tier": "api", "kind": "role_assignments"} if {
	_judged == "unprovisioned"
	count(input.evidence.role_assignments) > 0
}

_state := service.state(input)

_judged := "provisioned" if {
	_state.state == "on"
} else := "ineligible" if {
	not licences.eligible(input, input.evidence.subscribed_skus)
	count(_unsure) == 0
} else := "licence unsure" if {
	not licences.eligible(input, input.evidence.subscribed_skus)
} else := "unprovisioned" if {
	_state.state == "off"
} else := "unsure"

_unsure := licences.unread(input) | licences.unclear(input.evidence.subscribed_skus)

# A decision that names the Geo, or a Geo that a person chose, as {fact, at, geo}.
_decided := array.concat(
	_of("service-decision", {"", "chosen", "reviewed"}),
	_of("xdr-geo", {"chosen", "reviewed"}),
)[0]

_of(fact, ways) := [{"fact": fact, "at": sprintf("%v", [statement.observedAt]), "geo": statement.value.geo} |
	statement := attestations.latest(input.evidence.attestations, fact)
	is_string(statement.value.geo)
	object.get(statement.value, "how", "") in ways
]

# A record of the decision that leaves the Geo open is one that fails; without any record it is
# the organisation's choice what that means.
_failing if attestations.latest(input.evidence.attestations, "service-decision")

_failing if input.params.missing_record == "fail"

# People and groups with a role whose visit provisions the service; activations aside.
_holders := {assignment.principalId |
	some assignment in input.evidence.role_assignments
	is_string(assignment.principalId)
	assignment.roleDefinitionId in object.keys(attestations.deciders(input.profile))
}

_visitors := "Who could provision it by a visit to the portal could not be read in full." if {
	input.gaps.role_assignments
} else := sprintf("%d principals hold a role with which a visit to the portal provisions it, in a Geo that can't be changed.", [count(_holders)])
