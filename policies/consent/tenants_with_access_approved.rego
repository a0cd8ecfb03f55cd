# METADATA
# title: Tenants with standing access are approved
# description: >-
#   Other organisations can have a lasting way in: as a service provider, through trust in their
#   multifactor authentication and devices, by synchronising their users into this directory, or
#   as a member of the same multi-tenant organisation. Each should be known and wanted. A service
#   provider's delegated roles themselves are visible to the provider alone.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/external-id/cross-tenant-access-overview
#   - ref: https://learn.microsoft.com/graph/api/resources/crosstenantaccesspolicyconfigurationpartner
#   - ref: https://learn.microsoft.com/entra/identity/multi-tenant-organizations/overview
# custom:
#   id: CONS1018
#   severity: medium
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [cross_tenant_access]
#   params:
#     approved_tenants:
#       type: [object]
#       description: The other tenants that are approved, each with id, name and why, and until, where that ends.
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: AC-20, coverage: part}]
#     iso_27001: [{id: A.5.14, coverage: part}, {id: A.5.19, coverage: part}]
#     nis2: [{id: 21(2)(d), coverage: evidence}]
#   remediation:
#     summary: Approve the tenant with a reason, or end its access.
#     steps:
#       xdr-current:
#         - Find out whose tenant it is and who in the organisation needs its access; look at the contract.
#         - If it is wanted, name it in approved_tenants with id, name and why; name a processor as GEO1027 asks as well.
#         - If not, end a service provider's access in the Microsoft 365 admin center > Settings > Partner relationships.
#         - End trust and synchronisation in the Microsoft Entra admin center > Entra ID > External Identities > Cross-tenant access settings > the organisation > Inbound access.
package domicile.consent.tenants_with_access_approved

import data.domicile.lib.roles_privileged as privileged

deny contains {
	"resource": {"kind": "cross_tenant_access", "id": tenant, "name": _name(tenant)},
	"message": sprintf("The tenant '%s' has standing access unapproved: %s.", [_name(tenant), concat(", ", sort(ways))]),
	"expected": "an entry in approved_tenants that hasn't ended",
	"actual": concat(", ", sort(ways)),
} if {
	is_array(_approved)
	some tenant, ways in _access
	not tenant in _approved_ids
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	count(_access) > 0
	not _approved
	message := sprintf("%d tenants have standing access, and approved_tenants isn't set; approve those that are wanted, or set an empty list.", [count(_access)])
}

unknown contains {"reason": "partial", "kind": "cross_tenant_access", "message": "Some settings for other tenants were read without the tenant's id; collect cross_tenant_access again."} if {
	some entry in input.evidence.cross_tenant_access
	count(_ways(entry)) > 0
	not _tenant(entry)
}

observed contains {"fact": "approval", "service": "", "value": value, "tier": "api", "kind": "cross_tenant_access"} if {
	some tenant, ways in _access
	value := sprintf("'%s': %s", [_name(tenant), concat(", ", sort(ways))])
}

# What is trusted of every organisation names no tenant, so that it is shown, not judged.
observed contains {"fact": "setting", "service": "", "value": value, "tier": "api", "kind": "cross_tenant_access"} if {
	some entry in input.evidence.cross_tenant_access
	entry.entry == "default"
	_trusted(entry)
	value := "by default, the multifactor authentication or devices of every organisation are trusted"
}

_approved := input.params.approved_tenants

_approved_ids := {lower(entry.id) |
	some entry in _approved
	is_string(entry.id)
	privileged.in_force(entry, input.now)
}

# The ways in which each other tenant has access, by its id in lower case.
_access := {tenant: ways |
	some tenant in {_tenant(entry) | some entry in input.evidence.cross_tenant_access; count(_ways(entry)) > 0}
	tenant != lower(input.tenant.id)
	ways := {way |
		some entry in input.evidence.cross_tenant_access
		_tenant(entry) == tenant
		some way in _ways(entry)
	}
}

_tenant(entry) := lower(entry.tenantId) if {
	is_string(entry.tenantId)
	entry.tenantId != ""
}

_ways(entry) := {way |
	entry.entry == "partner"
	some way, holds in {
		"service provider": object.get(entry, "isServiceProvider", null) == true,
		"multi-tenant organisation": object.get(entry, "isInMultiTenantOrganization", null) == true,
		"synchronises users": object.get(entry, ["identitySynchronization", "userSyncInbound", "isSyncAllowed"], null) == true,
		"inbound trust": _trusts(entry),
	}
	holds
} | {"multi-tenant organisation" |
	entry.entry == "member"
	not object.get(entry, "state", null) in {"pending", "removed"}
}

_trusts(entry) if {
	_trusted(entry)
} else := false

_trusted(entry) if {
	some claim in ["isMfaAccepted", "isCompliantDeviceAccepted", "isHybridAzureADJoinedDeviceAccepted"]
	entry.inboundTrust[claim] == true
}

_name(tenant) := [substring(name, 0, 80) |
	some name in array.concat(
		sort({entry.displayName | some entry in input.evidence.cross_tenant_access; _tenant(entry) == tenant; is_string(entry.displayName)}),
		[tenant],
	)
	name != ""
][0]
