# METADATA
# title: No disabled or deleted principal keeps a privileged role
# description: |-
#   A disabled account that keeps its role has it again the moment somebody enables it, which a
#   helpdesk may do. An assignment of a deleted principal counts as a holder in every list and
#   comes back to life when the principal is restored within thirty days. A role ends when the
#   work does.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/best-practices
#   - ref: https://learn.microsoft.com/graph/api/resources/unifiedroleassignment
# custom:
#   id: ROLE1017
#   severity: medium
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: []
#     any: [role_assignments, role_eligibility, role_schedules]
#     optional: [group_eligibility, role_group_members, users]
#   lookup: {users: id}
#   licence: []
#   params:
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise.
#       default: [default]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: AC-2(3), coverage: full}]
#     iso_27001: [{id: A.5.18, coverage: part}]
#   remediation:
#     summary: Remove the role from principals that are disabled or deleted.
#     action: remove_role_assignment
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Roles & admins > the role > Assignments, and remove the assignment, eligible ones too; for a role through a group remove the member.
#         - An assignment of a deleted principal shows as an identity not found; remove it with Remove-MgRoleManagementDirectoryRoleAssignment.
#         - Let the process for leavers take away roles before it disables the account.
package domicile.roles.no_role_left_to_disabled_or_deleted

import data.domicile.lib.roles
import data.domicile.lib.roles_foreign as foreign
import data.domicile.lib.roles_privileged as privileged

_all := roles.accounts(input)

_privileged := privileged.holding(input, _all)

_local := foreign.local(input)

# _state says why a holder should hold no role any more.
_state(account) := "is disabled" if account.enabled == false

_state(account) := "is deleted" if {
	count(foreign.gone({account})) > 0
	account.principalId in _local
}

_left := {account |
	some account in _all
	_state(account)
}

deny contains {
	"resource": privileged.resource(accounts),
	"message": sprintf("'%s' %s and keeps %s.", [privileged.label(accounts), state, privileged.held(accounts)]),
	"expected": "no role",
	"actual": state,
} if {
	some accounts in privileged.by_principal(_left & _privileged)
	state := max({_state(account) | some account in accounts})
}

not_applicable contains reason if some reason in privileged.no_role(input)

unknown contains reason if some reason in privileged.hidden(input, _privileged)

unknown contains reason if some reason in foreign.unsaid_reason(input, _privileged)

unknown contains reason if {
	ids := {account.principalId |
		some account in _privileged
		account.type != "group"
		account.enabled == null
		count(foreign.gone({account})) == 0
	}
	count(ids) > 0
	reason := {
		"reason": object.get(input.gaps, ["users", "reason"], "partial"),
		"kind": "users",
		"message": sprintf("The evidence does not say of every holder of a privileged role whether it is enabled: not said of %d.", [count(ids)]),
	}
}

unknown contains reason if some reason in privileged.doubts(input, _left)

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "role_assignments"} if {
	value := sprintf("holders of privileged roles: %d", [count({account.principalId | some account in _privileged})])
}
