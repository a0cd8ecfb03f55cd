# METADATA
# title: No unapproved application can grant itself or others access
# description: >-
#   A few application permissions let their holder give any application any permission, or
#   anybody any role. Whoever holds the application's credentials then passes by every rule on
#   consent. Such a permission is worth as much as Global Administrator and needs an approval
#   that ends. The scanner's and the remediator's own are shown, not failed.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/permissions-reference
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/manage-application-permissions
#   - ref: https://learn.microsoft.com/security/zero-trust/develop/overprivileged-permissions
# custom:
#   id: CONS1021
#   severity: critical
#   scope: app_role_assignments
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [app_role_assignments, service_principals, resource_permissions]
#   lookup: {service_principals: id}
#   params:
#     approved_applications:
#       type: [object]
#       description: The applications approved for permissions, each with app_id, permissions, reason and until (a date).
#     remediator_app_id:
#       type: string
#       description: The application id with which remediation is applied.
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: AC-6, coverage: part}, {id: CM-7(5), coverage: part}, {id: AC-3, coverage: part}]
#     iso_27001: [{id: A.5.15, coverage: part}, {id: A.5.23, coverage: part}, {id: A.8.12, coverage: part}]
#     gdpr: [{id: "32", coverage: evidence}]
#     dora: [{id: 9(4)(c), coverage: evidence}]
#   remediation:
#     summary: Remove the permission, or approve the application for it with a reason and an end.
#     action: remove_application_permission
#     steps:
#       xdr-current:
#         - Find out today who owns the application and who holds its credentials; look at its sign-ins under Entra ID > Enterprise apps > the application > Sign-in logs.
#         - Replace the permission by a narrower one, such as Application.ReadWrite.OwnedBy instead of Application.ReadWrite.All.
#         - If nothing narrower does, name it in approved_applications with app_id, permissions, reason and until, and guard the application like a Global Administrator.
#         - Otherwise revoke it in the Microsoft Entra admin center > Entra ID > Enterprise apps > the application > Permissions, or delete the assignment (`Remove-MgServicePrincipalAppRoleAssignedTo`); note it first, so that it can be granted again.
#       mtp-2020-b:
#         - If the application is wanted, name it in approved_applications with app_id, permissions, reason and until.
#         - If not, in the Azure portal open Azure Active Directory > Enterprise applications > the application > Permissions, and remove the assignment with the PowerShell shown under Review permissions; note it first.
#       mtp-2020-a:
#         - If the application is wanted, name it in approved_applications with app_id, permissions, reason and until.
#         - If not, in the Azure portal open Azure Active Directory > Enterprise applications > the application > Permissions, and remove the assignment with the PowerShell shown under Review permissions; note it first.
package domicile.consent.self_granting_permissions_approved

import data.domicile.lib.permissions
import data.domicile.lib.permissions_assignments as assignments
import data.domicile.lib.permissions_holders as holders

deny contains {
	"resource": {"kind": "app_role_assignment", "id": assignment.id, "name": assignment.application.name},
	"message": holders.refusal(input, assignment.application, assignment.judged, assignment.held),
	"expected": "an approval of the permission in approved_applications that hasn't ended",
	"actual": holders.listed(refused),
} if {
	some assignment in _assignments
	refused := holders.with_verdict(assignment.judged, {"lapsed", "unapproved"})
	count(refused) > 0
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	some assignment in _assignments
	"unset" in {verdict | some verdict in assignment.judged}
	message := "Applications can grant themselves access, and approved_applications isn't set; approve those that are wanted, or set an empty list."
}

unknown contains {"reason": _principals_reason, "kind": "service_principals", "message": message} if {
	some assignment in _assignments
	"unresolved" in {verdict | some verdict in assignment.judged}
	message := "Applications that can grant themselves access are not among the service principals that were read; collect both again together."
}

unknown contains {"reason": "partial", "kind": "resource_permissions", "message": message} if {
	assignments.unnamed(input, input.evidence.app_role_assignments)
	message := "Some permissions held by applications are not among those that their resources list, so that it isn't known what they allow; collect resource_permissions again."
}

observed contains {"fact": "approval", "service": "", "value": value, "tier": "api", "kind": "app_role_assignments"} if {
	some assignment in _assignments
	some value in holders.shown(assignment.application, assignment.judged, assignment.held)
}

_assignments := [object.union(assignment, {"judged": judged}) |
	some assignment in assignments.held(input, input.evidence.app_role_assignments, "self_granting")
	judged := holders.judged(input, _approvals, assignment.application, {assignment.permission.value})
]

_approvals := permissions.approved(input.params, input.now)

default _principals_reason := "partial"

_principals_reason := input.gaps.service_principals.reason
