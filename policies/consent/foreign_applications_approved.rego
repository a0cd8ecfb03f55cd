# METADATA
# title: No application of another organisation reads security data unapproved
# description: >-
#   When an application that another organisation owns reads incidents, alerts or hunting data,
#   that organisation has the data. This is a transfer to a recipient, wherever the service's own
#   Geo is, and it is the one that no contract with Microsoft covers. Microsoft's own
#   applications and managed identities aren't meant.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/serviceprincipal
#   - ref: https://learn.microsoft.com/entra/identity-platform/single-and-multi-tenant-apps
#   - ref: https://learn.microsoft.com/defender-xdr/api-overview
# custom:
#   id: CONS1012
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
#     first_party_tenants:
#       type: [string]
#       description: The tenants in which Microsoft keeps its own applications, by id.
#       default: [f8cdef31-a31e-4b4a-93e4-5f571e91255a, 72f988bf-86f1-41af-91ab-2d7cd011db47]
#     remediator_app_id:
#       type: string
#       description: The application id with which remediation is applied.
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: AC-20, coverage: part}, {id: SA-9, coverage: part}]
#     iso_27001: [{id: A.5.19, coverage: part}, {id: A.5.14, coverage: part}]
#     gdpr: [{id: "28", coverage: evidence}, {id: "44", coverage: evidence}]
#     dora: [{id: "28", coverage: evidence}]
#   remediation:
#     summary: Remove the permission, or approve the application and put its owner under contract.
#     action: remove_application_permission
#     steps:
#       xdr-current:
#         - Find the owner by the organisation's id in the finding (Entra ID > Cross-tenant access settings shows its name), and who in this organisation asked for the application.
#         - If it is wanted, have a contract on processing with the owner, know where it keeps the data (GEO1027, CONS1019), and name the application in approved_applications with app_id, permissions, reason and until.
#         - If not, in the Microsoft Entra admin center open Entra ID > Enterprise apps > the application, set "Enabled for users to sign-in" to No, then revoke its permissions and delete it.
#         - Ask the owner what it has read so far and to delete it.
#       mtp-2020-b:
#         - If the application is wanted, name it in approved_applications with app_id, permissions, reason and until, and have a contract on processing with its owner.
#         - If not, in the Azure portal open Azure Active Directory > Enterprise applications > the application, and delete it.
#       mtp-2020-a:
#         - If the application is wanted, name it in approved_applications with app_id, permissions, reason and until, and have a contract on processing with its owner.
#         - If not, in the Azure portal open Azure Active Directory > Enterprise applications > the application, and delete it.
package domicile.consent.foreign_applications_approved

import data.domicile.lib.permissions
import data.domicile.lib.permissions_assignments as assignments
import data.domicile.lib.permissions_holders as holders
import data.domicile.lib.permissions_origin as applications

deny contains {
	"resource": {"kind": "app_role_assignment", "id": assignment.id, "name": assignment.application.name},
	"message": concat(" ", [owner, holders.refusal(input, assignment.application, assignment.judged, assignment.held)]),
	"expected": "an approval of the permission in approved_applications that hasn't ended",
	"actual": holders.listed(refused),
} if {
	some assignment in _foreign
	refused := holders.with_verdict(assignment.judged, {"lapsed", "unapproved"})
	count(refused) > 0
	owner := sprintf("The organisation '%s' owns the application.", [assignment.principal.appOwnerOrganizationId])
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	some assignment in _foreign
	"unset" in {verdict | some verdict in assignment.judged}
	message := "Applications of other organisations read security data, and approved_applications isn't set; approve those that are wanted, or set an empty list."
}

unknown contains {"reason": _principals_reason, "kind": "service_principals", "message": message} if {
	some assignment in _held
	not _resolved(assignment)
	message := "Applications that read security data are not among the service principals that were read; collect both again together."
}

unknown contains {"reason": "partial", "kind": "service_principals", "message": message} if {
	names := {assignment.application.name |
		some assignment in _held
		count(assignment.principal) > 0
		applications.origin(input, assignment.principal) == "unsaid"
		not _own(assignment)
	}
	count(names) > 0
	message := sprintf("Whose these applications are, which read security data, is not in the evidence: %s.", [holders.listed(sort(names))])
}

unknown contains {"reason": "partial", "kind": "resource_permissions", "message": message} if {
	_some_unnamed
	message := "Some permissions held by applications are not among those that their resources list, so that it isn't known whether they reach security data; collect resource_permissions again."
}

observed contains {"fact": "approval", "service": "", "value": value, "tier": "api", "kind": "app_role_assignments"} if {
	some assignment in _foreign
	some value in holders.shown(assignment.application, assignment.judged, assignment.held)
}

_held := assignments.held(input, input.evidence.app_role_assignments, "security_data")

_foreign := [object.union(assignment, {"judged": judged}) |
	some assignment in _held
	applications.origin(input, assignment.principal) == "foreign"
	not assignments.perhaps_approved(assignment, _approvals)
	judged := holders.judged(input, _approvals, assignment.application, {assignment.permission.value})
]

_some_unnamed if assignments.unnamed(input, input.evidence.app_role_assignments)

_some_unnamed if {
	some assignment in _held
	applications.origin(input, assignment.principal) == "foreign"
	assignments.perhaps_approved(assignment, _approvals)
}

# Of an application of another organisation its id must be known, for approvals name it.
_resolved(assignment) if {
	count(assignment.principal) > 0
	applications.origin(input, assignment.principal) != "foreign"
}

_resolved(assignment) if assignment.application.app_id != ""

_own(assignment) if permissions.own(input.reader, input.params, assignment.application.app_id)

_approvals := permissions.approved(input.params, input.now)

default _principals_reason := "partial"

_principals_reason := input.gaps.service_principals.reason
