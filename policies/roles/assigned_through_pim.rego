# METADATA
# title: Privileged roles are assigned through Privileged Identity Management alone
# description: |-
#   An assignment made beside privileged identity management has neither approval nor
#   justification nor end, and nobody is told of it. Such an assignment shows by having no start.
#   The first Global Administrator of a tenant and accounts kept for emergencies are always
#   made so; the configuration names them.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-how-to-configure-security-alerts
#   - ref: https://learn.microsoft.com/graph/api/resources/unifiedroleassignmentscheduleinstance
# custom:
#   id: ROLE1006
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
#     scuba: [{id: MS.AAD.7.5v1, coverage: full}]
#     nist_800_53: [{id: AC-2, coverage: part}]
#     iso_27001: [{id: A.8.2, coverage: part}, {id: A.5.18, coverage: part}]
#   remediation:
#     summary: Assign the role again through Privileged Identity Management and remove the assignment made beside it.
#     action: make_role_eligible
#     steps:
#       xdr-current:
#         - Find out in the audit log (Add member to role outside of PIM) who made the assignment and why; treat one that nobody knows of as an incident.
#         - Open the Microsoft Entra admin center, Identity governance > Privileged Identity Management > Microsoft Entra roles > Assignments, and add an eligible assignment for the same principal.
#         - Remove the assignment made beside it once the new one works; never that of the last Global Administrator, nor those of the emergency accounts.
#         - Name the emergency accounts in break_glass_accounts, and others that must stay in role_exceptions with reason and until.
package domicile.roles.assigned_through_pim

import data.domicile.lib.roles_privileged as privileged
import data.domicile.lib.roles_schedules as schedules

_judged := schedules.judged(input)

_sorting := schedules.sorted(input, [instance |
	some instance in _judged
	is_null(instance.row.startDateTime)
])

# _unsaid are the instances whose start wasn't read, which is not the same as having none.
_unsaid := [instance |
	some instance in _judged
	instance.roleDefinitionId in privileged.ids(input)
	not "startDateTime" in object.keys(instance.row)
]

deny contains finding if {
	some finding in schedules.findings(_sorting, "by an assignment made outside Privileged Identity Management", "an assignment with a start, made through PIM")
}

not_applicable contains reason if some reason in privileged.no_role(input)

unknown contains reason if some reason in schedules.doubts(input, _sorting)

unknown contains reason if {
	count(_unsaid) > 0
	reason := {
		"reason": "partial",
		"kind": "role_schedules",
		"message": sprintf("The evidence does not say of every privileged assignment when it starts: not said of %d.", [count(_unsaid)]),
	}
}

observed contains {"fact": "exempt", "service": "", "value": value, "tier": "api", "kind": "role_schedules"} if {
	some value in schedules.exempted(_sorting)
}
