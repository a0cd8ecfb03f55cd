# METADATA
# title: Application permissions to security data go only to approved applications
# description: >-
#   An application permission works without any user. One that reads incidents, alerts or
#   hunting data copies security data of the whole tenant to wherever the application keeps
#   it, which the service's Geo doesn't bind. The organisation should know and have approved
#   each such application, with an end. The scanner's own permissions are shown, not failed.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/api-overview
#   - ref: https://learn.microsoft.com/graph/permissions-reference
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/manage-application-permissions
# custom:
#   id: CONS1011
#   severity: high
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
#         - Ask the application's owner what it does with the data and where it keeps it; a copy outside the allowed Geos is a transfer of its own (CONS1019).
#         - If it is wanted, name it in approved_applications with app_id, permissions, reason and until.
#         - If not, in the Microsoft Entra admin center open Entra ID > Enterprise apps > the application > Permissions and revoke the permission, or delete the assignment (`Remove-MgServicePrincipalAppRoleAssignedTo`); note it first, so that it can be granted again.
#         - Prefer a permission that only reads, and one for the single table or product.
#       mtp-2020-b:
#         - If the application is wanted, name it in approved_applications with app_id, permissions, reason and until.
#         - If not, in the Azure portal open Azure Active Directory > Enterprise applications > the application > Permissions, and remove the assignment with the PowerShell shown under Review permissions; note it first.
#       mtp-2020-a:
#         - If the application is wanted, name it in approved_applications with app_id, permissions, reason and until.
#         - If not, in the Azure portal open Azure Active Directory > Enterprise applications > the application > Permissions, and remove the assignment with the PowerShell shown under Review permissions; note it first.
package domicile.consent.security_permissions_approved

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
	message := "Applications hold permissions to security data, and approved_applications isn't set; approve those that are wanted, or set an empty list."
}

unknown contains {"reason": _principals_reason, "kind": "service_principals", "message": message} if {
	some assignment in _assignments
	"unresolved" in {verdict | some verdict in assignment.judged}
	message := "Applications that hold permissions to security data are not among the service principals that were read; collect both again together."
}

unknown contains {"reason": "partial", "kind": "resource_permissions", "message": message} if {
	_some_unnamed
	message := "Some permissions held by applications are not among those that their resources list, so that it isn't known whether they reach security data; collect resource_permissions again."
}

observed contains {"fact": "approval", "service": "", "value": value, "tier": "api", "kind": "app_role_assignments"} if {
	some assignment in _assignments
	some value in holders.shown(assignment.application, assignment.judged, assignment.held)
}

_held := assignments.held(input, input.evidence.app_role_assignments, "security_data")

# The assignments to applications of a permission that reaches security data.
_assignments := [object.union(assignment, {"judged": judged}) |
	some assignment in _held
	not assignments.perhaps_approved(assignment, _approvals)
	judged := holders.judged(input, _approvals, assignment.application, {assignment.permission.value})
]

_some_unnamed if assignments.unnamed(input, input.evidence.app_role_assignments)

_some_unnamed if {
	some assignment in _held
	assignments.perhaps_approved(assignment, _approvals)
}

_approvals := permissions.approved(input.params, input.now)

default _principals_reason := "partial"

_principals_reason := input.gaps.service_principals.reason
