# METADATA
# title: Tenant-wide grants of high-risk scopes go only to approved applications
# description: >-
#   A delegated permission that was granted for all users lets an application act as each of
#   them wherever that user may go, without asking anybody. For scopes that read security
#   data, grant access or change the directory, mail or files, the organisation should know
#   and have approved each application, with an end.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/manage-application-permissions
#   - ref: https://learn.microsoft.com/graph/api/resources/oauth2permissiongrant
# custom:
#   id: CONS1010
#   severity: high
#   scope: oauth2_permission_grants
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [oauth2_permission_grants, service_principals, resource_permissions]
#   lookup: {service_principals: id}
#   params:
#     approved_applications:
#       type: [object]
#       description: The applications approved for permissions, each with app_id, permissions, reason and until (a date).
#     remediator_app_id:
#       type: string
#       description: The application id with which remediation is applied.
#     high_risk_permissions:
#       type: [string]
#       description: Names of permissions that count as high-risk besides the built-in list.
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: AC-6, coverage: part}, {id: CM-7(5), coverage: part}, {id: AC-3, coverage: part}]
#     iso_27001: [{id: A.5.15, coverage: part}, {id: A.5.23, coverage: part}, {id: A.8.12, coverage: part}]
#     gdpr: [{id: "32", coverage: evidence}]
#     dora: [{id: 9(4)(c), coverage: evidence}]
#   remediation:
#     summary: Remove the grant, or approve the application for these scopes with a reason and an end.
#     action: remove_tenant_wide_grant
#     steps:
#       xdr-current:
#         - Ask the application's owner what the scope is for; sign-ins under Enterprise apps > the application > Sign-in logs show whether it is used.
#         - If it is wanted, name it in approved_applications with app_id, permissions, reason and until.
#         - If not, in the Microsoft Entra admin center open Entra ID > Enterprise apps > the application > Permissions > Admin consent and revoke the permission; note its scopes first, so that it can be granted again.
#         - Prefer a scope that reads less, or consent for single users or groups.
#       mtp-2020-b:
#         - If the application is wanted, name it in approved_applications with app_id, permissions, reason and until.
#         - If not, in the Azure portal open Azure Active Directory > Enterprise applications > the application > Permissions > Review permissions and remove the grant with the PowerShell shown there; note its scopes first.
#       mtp-2020-a:
#         - If the application is wanted, name it in approved_applications with app_id, permissions, reason and until.
#         - If not, in the Azure portal open Azure Active Directory > Enterprise applications > the application > Permissions > Review permissions and remove the grant with the PowerShell shown there; note its scopes first.
package domicile.consent.tenant_wide_grants_approved

import data.domicile.lib.permissions
import data.domicile.lib.permissions_holders as holders

deny contains {
	"resource": {"kind": "oauth2_permission_grant", "id": grant.id, "name": grant.holder.name},
	"message": holders.refusal(input, grant.holder, grant.judged, grant.held),
	"expected": "an approval of each scope in approved_applications that hasn't ended",
	"actual": holders.listed(refused),
} if {
	some grant in _grants
	refused := holders.with_verdict(grant.judged, {"lapsed", "unapproved"})
	count(refused) > 0
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	some grant in _grants
	"unset" in {verdict | some verdict in grant.judged}
	message := "Applications hold high-risk scopes for the whole tenant, and approved_applications isn't set; approve those that are wanted, or set an empty list."
}

unknown contains {"reason": _principals_reason, "kind": "service_principals", "message": message} if {
	some grant in _grants
	"unresolved" in {verdict | some verdict in grant.judged}
	message := "Applications that hold high-risk scopes for the whole tenant are not among the service principals that were read; collect both again together."
}

observed contains {"fact": "approval", "service": "", "value": value, "tier": "api", "kind": "oauth2_permission_grants"} if {
	some grant in _grants
	some value in holders.shown(grant.holder, grant.judged, grant.held)
}

# The tenant-wide grants with a high-risk scope.
_grants := [{"id": holders.grant_id(grant), "holder": holder, "judged": judged, "held": held} |
	some grant in input.evidence.oauth2_permission_grants
	grant.consentType == "AllPrincipals"
	resource := _resource(grant)
	scopes := _high_risk(resource, grant.scope)
	count(scopes) > 0
	holder := holders.holder(input.lookup.service_principals, object.get(grant, "clientId", null), null)
	judged := holders.judged(input, _approvals, holder, scopes)
	held := sprintf("on '%s' for all users", [permissions.resource_name(resource)])
]

_high_risk(resource, scope) := {name |
	is_string(scope)
	some name in split(scope, " ")
	permissions.high_risk(resource, name, input.params)
}

# A resource that nobody knows is judged by the names of its scopes alone.
_resource(grant) := _resources[grant.resourceId] if {
	_resources[grant.resourceId]
} else := input.lookup.service_principals[grant.resourceId].appId if {
	is_string(input.lookup.service_principals[grant.resourceId].appId)
} else := ""

_resources := permissions.resources(input.evidence.resource_permissions)

_approvals := permissions.approved(input.params, input.now)

default _principals_reason := "partial"

_principals_reason := input.gaps.service_principals.reason
