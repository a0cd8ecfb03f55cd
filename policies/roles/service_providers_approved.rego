# METADATA
# title: Service providers with delegated administration are approved
# description: |-
#   A reseller or managed service provider with delegated administration acts in the tenant with
#   its own people, whom this organisation neither hires nor lists. Such providers show as
#   service providers in the cross-tenant access settings, as holders of roles who belong to
#   another organisation, and as those who made a subscription. The relationships themselves are
#   visible to the provider alone, so that each must be approved by name.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/partner-center/customers/gdap-introduction
#   - ref: https://learn.microsoft.com/graph/api/resources/crosstenantaccesspolicyconfigurationpartner
#   - ref: https://learn.microsoft.com/graph/api/resources/companysubscription
# custom:
#   id: ROLE1025
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: []
#     any: [cross_tenant_access, role_assignments, subscriptions]
#   licence: []
#   params:
#     approved_tenants:
#       type: [object]
#       description: The other tenants that are approved, each with id, name and why, and until, where that ends.
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: AC-6(6), coverage: part}, {id: PS-7, coverage: part}]
#     iso_27001: [{id: A.5.19, coverage: part}, {id: A.5.20, coverage: part}, {id: A.8.2, coverage: part}]
#     dora: [{id: 28(1), coverage: evidence}]
#     nis2: [{id: 21(2)(d), coverage: evidence}]
#   remediation:
#     summary: Approve the service provider by its tenant id, or end its delegated administration.
#     steps:
#       xdr-current:
#         - Open the Microsoft 365 admin center, Settings > Partner relationships, and see which partner has which roles until when.
#         - Where the provider is wanted, have its contract name the access, let it hold few roles with an end, and name its tenant in approved_tenants with id, name and why.
#         - Where it is not, choose the partner there and remove its roles; a reseller may stay one without any.
#         - Look in the sign-in log for sign-ins by service providers (cross-tenant access type).
package domicile.roles.service_providers_approved

import data.domicile.lib.roles_foreign as foreign
import data.domicile.lib.roles_privileged as privileged

# _signs are how other organisations show as providers: [tenant id, how, kind].
_signs contains [lower(partner.tenantId), "is a service provider in the cross-tenant access settings", "cross_tenant_access"] if {
	some partner in input.evidence.cross_tenant_access
	partner.isServiceProvider == true
	is_string(partner.tenantId)
}

_signs contains [lower(organisation), "holds directory roles here", "role_assignments"] if {
	some organisation in foreign.foreign(input)
}

_signs contains [lower(subscription.ownerTenantId), "made a subscription of this tenant", "subscriptions"] if {
	some subscription in input.evidence.subscriptions
	is_string(subscription.ownerTenantId)
	lower(subscription.ownerTenantId) != lower(input.tenant.id)
	not subscription.status in {"Deleted", "LockedOut"}
}

_providers := {id: how |
	some id in {sign[0] | some sign in _signs}
	id != ""
	how := concat(", ", sort({sign[1] | some sign in _signs; sign[0] == id}))
}

_approvals := {lower(tenant.id) |
	some tenant in object.get(input.params, "approved_tenants", [])
	is_string(tenant.id)
	privileged.in_force(tenant, input.now)
}

default _configured := false

_configured if is_array(input.params.approved_tenants)

deny contains {
	"resource": {"kind": "cross_tenant_access", "id": id, "name": _name(id)},
	"message": sprintf("The organisation %s %s and is not approved.", [foreign.called(id, _names(id)), how]),
	"expected": "an entry in approved_tenants that hasn't ended",
	"actual": how,
} if {
	_configured
	some id, how in _providers
	not id in _approvals
}

# _name is what the settings or, as those seldom name a partner, the approvals call an
# organisation; also one whose approval has ended.
_name(id) := array.concat(_names(id), [substring(id, 0, 40)])[0]

_names(id) := array.concat(
	[substring(partner.displayName, 0, 60) |
		some partner in input.evidence.cross_tenant_access
		is_string(partner.tenantId)
		lower(partner.tenantId) == id
		is_string(partner.displayName)
		partner.displayName != ""
	],
	foreign.names(input, id),
)

unknown contains reason if {
	not _configured
	count(_providers) > 0
	reason := {
		"reason": "needs_configuration",
		"kind": "",
		"message": sprintf("Other organisations show as service providers (%d), and approved_tenants isn't set; approve those that are wanted, or set an empty list.", [count(_providers)]),
	}
}

unknown contains reason if {
	some kind in ["cross_tenant_access", "role_assignments", "subscriptions"]
	gap := input.gaps[kind]
	reason := {
		"reason": gap.reason,
		"kind": kind,
		"message": "There may be more service providers than those in the evidence.",
	}
}

# Outside the Global cloud assignments don't say which organisation a principal is of.
unknown contains reason if {
	ids := {row.principalId |
		some row in input.evidence.role_assignments
		is_null(row.principal)
	} - (foreign.local(input) | object.keys(foreign.foreign(input)))
	count(ids) > 0
	reason := {
		"reason": "partial",
		"kind": "role_assignments",
		"message": sprintf("The evidence does not describe some holders of roles, which may be deleted or belong to another organisation: %d.", [count(ids)]),
	}
}

observed contains {"fact": "approval", "service": "", "value": value, "tier": "api", "kind": kind} if {
	some id, how in _providers
	kind := min({sign[2] | some sign in _signs; sign[0] == id})
	value := sprintf("%s %s: %s", [foreign.called(id, _names(id)), how, _standing(id)])
}

_standing(id) := "approved" if id in _approvals

_standing(id) := "not approved" if {
	_configured
	not id in _approvals
}

_standing(_) := "to be approved or ended" if not _configured
