# METADATA
# title: Other processors with access to Defender data are recorded with their location
# description: >-
#   Defender Experts, managed service providers and security operation centres read incidents and
#   hunting data, from wherever they are. Access from another country is a transfer, and the
#   register of processing asks for each processor. Providers with standing access show in the
#   settings for access across tenants; delegated administration and Defender Experts show in no
#   interface, so that only a record tells of them.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/external-id/cross-tenant-access-overview
#   - ref: https://learn.microsoft.com/graph/api/resources/crosstenantaccesspolicyconfigurationpartner
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
# custom:
#   id: GEO1027
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [attestations]
#     optional: [cross_tenant_access]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}]
#     iso_27001: [{id: A.5.23, coverage: part}]
#     gdpr: [{id: 28(2), coverage: evidence}, {id: "44", coverage: evidence}]
#     dora: [{id: 29(2), coverage: evidence}]
#   remediation:
#     summary: Record each processor, from where it has access, and by which contract.
#     steps:
#       xdr-current:
#         - "Ask who outside the organisation reads Defender's data: Defender Experts, service providers, a security operations centre."
#         - Write a statement with `domicile attest new processor` for each, with its name, its tenant, from where it has access and its contract, and have a second person review it.
#         - Remove the standing access of a provider that is no longer needed, at Microsoft Entra admin center > External Identities > Cross-tenant access settings, and at Microsoft 365 admin center > Settings > Partner relationships.
package domicile.geo.processors_recorded

import data.domicile.lib.attestations
import data.domicile.lib.geo

deny contains {
	"resource": {"kind": "cross_tenant_access", "id": provider.tenantId, "name": _name(provider)},
	"message": sprintf("The service provider %s has standing access to the tenant, and no valid statement records it with its location.", [geo.quoted(_name(provider))]),
	"expected": "a statement 'processor' with this tenantId and a geo",
	"actual": "not recorded",
} if {
	some provider in _providers
	not lower(provider.tenantId) in _recorded
}

not_applicable contains {"reason": "nothing_to_judge", "message": message} if {
	count(_providers) == 0
	count(_processors) == 0
	message := "No service provider has standing access and no processor is recorded; delegated administration and Defender Experts show in no interface, so record them if there are any."
}

unknown contains {"reason": gap.reason, "kind": "cross_tenant_access", "message": message} if {
	gap := input.gaps.cross_tenant_access
	message := sprintf("The settings for access across tenants could not be read in full (%s), which takes Policy.Read.All.", [gap.reason])
}

unknown contains {"reason": "partial", "kind": "cross_tenant_access", "message": "A service provider was read without its tenant's id; collect cross_tenant_access again."} if {
	some partner in input.evidence.cross_tenant_access
	partner.isServiceProvider in [true]
	object.get(partner, "tenantId", null) in ["", null]
}

unknown contains {"reason": "partial", "kind": "attestations", "message": message} if {
	some statement in _processors
	not _located(statement)
	message := sprintf("The statement '%s' doesn't say from where in a place that is known; correct it.", [attestations.file(statement)])
}

observed contains {"fact": "approval", "service": "xdr", "value": value, "tier": "attested", "kind": "attestations"} if {
	some statement in _processors
	_located(statement)
	value := sprintf("%s has access from %s", [geo.quoted(object.get(statement.value, "name", null)), geo.quoted(statement.value.geo)])
}

_providers := [partner |
	some partner in input.evidence.cross_tenant_access
	partner.isServiceProvider in [true]
	is_string(partner.tenantId)
	partner.tenantId != ""
]

_processors := {statement |
	some statement in attestations.valid(input.evidence.attestations, "processor")
	is_object(statement.value)
}

_recorded := {lower(statement.value.tenantId) |
	some statement in _processors
	_located(statement)
	is_string(statement.value.tenantId)
}

_located(statement) if geo.geo(statement.value.geo)

_name(provider) := provider.displayName if {
	is_string(provider.displayName)
	provider.displayName != ""
} else := provider.tenantId
