# METADATA
# title: No privileged role is assigned for good
# description: |-
#   A role that is always active is there for whoever takes over the account, at any hour. With
#   privileged identity management people are eligible for a role and activate it for some
#   hours. Only accounts kept for emergencies hold one for good, because they must work when
#   activation doesn't. Applications can't activate roles; ROLE1026 judges theirs.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-configure
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/best-practices
#   - ref: https://learn.microsoft.com/graph/api/resources/unifiedroleassignmentscheduleinstance
# custom:
#   id: ROLE1005
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [role_schedules]
#     optional: [role_assignments]
#   licence: [AAD_PREMIUM_P2, Entra_Identity_Governance]
#   params:
#     break_glass_accounts:
#       type: [string]
#       description: Object ids of the accounts that are kept for emergencies.
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise.
#       default: [default]
#     role_exceptions:
#       type: [object]
#       description: Principals set aside for a role by the rules on how it is assigned, each with principal_id, role (template id or name), reason and until (a date).
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: "5.3.1", coverage: part}]
#     scuba: [{id: MS.AAD.7.4v1, coverage: full}]
#     nist_800_53: [{id: AC-2, coverage: part}]
#     iso_27001: [{id: A.8.2, coverage: part}, {id: A.5.18, coverage: part}]
#     dora: [{id: 9(4)(c), coverage: evidence}]
#   remediation:
#     summary: Make the holder eligible for the role instead, and remove the permanent assignment.
#     action: make_role_eligible
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Identity governance > Privileged Identity Management > Microsoft Entra roles > Assignments, as Privileged Role Administrator.
#         - Add an eligible assignment of the same role for the same principal and let its holder activate the role once.
#         - Under Active assignments remove the permanent one; never that of the last Global Administrator, nor those of the emergency accounts.
#         - For a group whose members are eligible through PIM for Groups, or where an assignment must stay, name it in role_exceptions with reason and until.
#         - Name the emergency accounts in break_glass_accounts.
package domicile.roles.no_permanent_assignment

import data.domicile.lib.roles_privileged as privileged
import data.domicile.lib.roles_schedules as schedules

_judged := schedules.judged(input)

_sorting := schedules.sorted(input, [instance |
	some instance in _judged
	instance.row.assignmentType == "Assigned"
	is_null(instance.row.endDateTime)
])

# _unsaid are the instances that don't say whether they are activations, or when they end.
_unsaid := [instance |
	some instance in _judged
	instance.roleDefinitionId in privileged.ids(input)
	not _said(instance.row)
]

_said(row) if row.assignmentType == "Activated"

_said(row) if {
	row.assignmentType == "Assigned"
	is_null(row.endDateTime)
}

_said(row) if {
	row.assignmentType == "Assigned"
	is_string(row.endDateTime)
}

deny contains finding if some finding in schedules.findings(_sorting, "for good", "eligible, or active with an end")

not_applicable contains reason if some reason in privileged.no_role(input)

unknown contains reason if some reason in schedules.doubts(input, _sorting)

unknown contains reason if {
	count(_unsaid) > 0
	reason := {
		"reason": "partial",
		"kind": "role_schedules",
		"message": sprintf("The evidence does not say of every privileged assignment whether it is permanent: not said of %d.", [count(_unsaid)]),
	}
}

observed contains {"fact": "exempt", "service": "", "value": value, "tier": "api", "kind": "role_schedules"} if {
	some value in schedules.exempted(_sorting)
}

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "role_schedules"} if {
	value := sprintf("active assignments of privileged roles to people and groups: %d", [count([instance | some instance in _judged; instance.roleDefinitionId in privileged.ids(input)])])
}
