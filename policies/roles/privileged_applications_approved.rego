# METADATA
# title: Applications with a privileged role are approved, and their assignment ends
# description: |-
#   An application can't activate a role, so that what it holds it holds at every hour. The
#   organisation should know each such application and why it needs the role, and have the
#   assignment end, so that somebody decides again. Approvals of permissions alone don't cover a
#   role; an approval names the role.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/security-planning
#   - ref: https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration
#   - ref: https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-how-to-add-role-to-user
# custom:
#   id: ROLE1026
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [service_principals]
#     any: [role_assignments, role_eligibility, role_schedules]
#     optional: [applications, group_eligibility, role_group_members, users]
#   lookup: {service_principals: id, applications: appId, users: id}
#   licence: []
#   params:
#     approved_applications:
#       type: [object]
#       description: The applications approved for permissions, each with app_id, permissions (names of permissions, and names or template ids of directory roles), reason and until (a date).
#     first_party_tenants:
#       type: [string]
#       description: Tenant ids in which Microsoft keeps its own applications.
#       default: [f8cdef31-a31e-4b4a-93e4-5f571e91255a, 72f988bf-86f1-41af-91ab-2d7cd011db47]
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise.
#       default: [default]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: "5.3.1", coverage: part}]
#     nist_800_53: [{id: AC-2, coverage: part}]
#     iso_27001: [{id: A.8.2, coverage: part}]
#   remediation:
#     summary: Approve the application for the role with an end, and let the assignment end too, or remove the role.
#     steps:
#       xdr-current:
#         - Find out with the application's owner whether it needs the role; a permission of Microsoft Graph that covers less is better.
#         - If it does, name it in approved_applications with app_id, the role's name among permissions, reason and until.
#         - Open the Microsoft Entra admin center, Identity governance > Privileged Identity Management > Microsoft Entra roles > Assignments > Active assignments, and update the application's assignment with an end of at most a year.
#         - If it does not, remove the assignment there; note it first, so that it can be made again.
package domicile.roles.privileged_applications_approved

import data.domicile.lib.roles
import data.domicile.lib.roles_applications as applications
import data.domicile.lib.roles_privileged as privileged

_all := roles.accounts(input)

_privileged := privileged.holding(input, _all)

_applications := applications.applications(input, _privileged)

_judged := {id: application |
	some id, application in _applications
	application.home != "microsoft"
}

# _wrong is what is wrong with an application in a privileged role, in clauses.
_wrong(application) := _unapproved(application) | _endless(application)

_unapproved(application) := {"is not approved for it" | applications.approval(input, application) == "unapproved"}

_endless(application) := {"holds it without an end" |
	some account in application.accounts
	some row in _schedules(account)
	row.assignmentType == "Assigned"
	is_null(row.endDateTime)
}

# _schedules are the instances of an active assignment, the group's where it comes through
# one.
_schedules(account) := [row |
	account.how != "eligible"
	some row in input.evidence.role_schedules
	row.roleDefinitionId == account.roleDefinitionId
	row.principalId == _grantee(account)
]

_grantee(account) := account.principalId if account.via == ""

_grantee(account) := account.via if account.via != ""

deny contains {
	"resource": applications.resource(application),
	"message": sprintf("'%s' (%s) holds %s, and %s.", [application.name, _app_id(application), privileged.held(application.accounts), concat(" and ", sort(wrong))]),
	"expected": "an approval in approved_applications that names the role, and an assignment with an end",
	"actual": concat(", ", sort(wrong)),
} if {
	some application in _judged
	wrong := _wrong(application)
	count(wrong) > 0
}

_app_id(application) := application.app_id if application.app_id != ""

_app_id(application) := "application unknown" if application.app_id == ""

not_applicable contains reason if some reason in privileged.no_role(input)

unknown contains reason if some reason in privileged.hidden(input, _privileged)

unknown contains reason if {
	some application in _judged
	applications.approval(input, application) == "unset"
	reason := {
		"reason": "needs_configuration",
		"kind": "",
		"message": "Applications hold privileged roles, and approved_applications isn't set; approve those that are wanted, with the role among their permissions, or set an empty list.",
	}
}

unknown contains reason if {
	count(_unread_ends) > 0
	reason := {
		"reason": object.get(input.gaps, ["role_schedules", "reason"], "partial"),
		"kind": "role_schedules",
		"message": sprintf("Whether the assignments of privileged roles to applications end is not in the evidence: not said of %d.", [count(_unread_ends)]),
	}
}

# Without a licence for PIM an assignment can't have an end.
_unread_ends := {account |
	object.get(input.gaps, ["role_schedules", "reason"], "") != "not_licensed"
	some application in _judged
	some account in application.accounts
	account.how != "eligible"
	count([row | some row in _schedules(account); _says_end(row)]) == 0
}

_says_end(row) if row.assignmentType == "Activated"

_says_end(row) if "endDateTime" in object.keys(row)

observed contains {"fact": "approval", "service": "", "value": value, "tier": "api", "kind": "service_principals"} if {
	some application in _judged
	value := sprintf("'%s' (%s) holds %s: %s", [application.name, _app_id(application), privileged.held(application.accounts), _approvals[applications.approval(input, application)]])
}

_approvals := {"approved": "approved", "unapproved": "not approved", "unset": "to be approved or removed"}

observed contains {"fact": "exempt", "service": "", "value": value, "tier": "api", "kind": "service_principals"} if {
	some application in _applications
	application.home == "microsoft"
	some value in applications.set_aside([application])
}

observed contains {"fact": "exempt", "service": "", "value": value, "tier": "api", "kind": "role_schedules"} if {
	input.gaps.role_schedules.reason == "not_licensed"
	count(_judged) > 0
	value := "PIM is not licensed, so that assignments of applications cannot have an end"
}
