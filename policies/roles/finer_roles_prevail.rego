# METADATA
# title: There are no more Global Administrators than people with finer privileged roles
# description: |-
#   Global Administrator is what people get when nobody asks which role they need. Where finer
#   roles are in use their holders outnumber the Global Administrators. Enabled people count,
#   direct, through groups, by activation or by being eligible; a Global Administrator who holds
#   finer roles besides counts as Global Administrator. Without anybody in a finer role the
#   state doesn't hold.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/best-practices
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/delegate-by-task
# custom:
#   id: ROLE1003
#   severity: medium
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
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
#     scuba: [{id: MS.AAD.7.2v1, coverage: full}]
#     nist_800_53: [{id: AC-5, coverage: part}]
#     iso_27001: [{id: A.8.2, coverage: part}, {id: A.5.3, coverage: part}]
#     nis2: [{id: 21(2)(i), coverage: evidence}]
#   remediation:
#     summary: Give Global Administrators the finer roles that their work takes, in place of that one.
#     steps:
#       xdr-current:
#         - Write down for each Global Administrator which tasks they do; Microsoft's page on least privileged roles by task names the role for each.
#         - Open the Microsoft Entra admin center, Roles & admins, and make them eligible for those roles.
#         - Remove Global Administrator from those who no longer need it, never from the last two nor from the emergency accounts.
package domicile.roles.finer_roles_prevail

import data.domicile.lib.roles
import data.domicile.lib.roles_privileged as privileged

_all := roles.accounts(input)

_privileged := privileged.holding(input, _all)

# _people of accounts: those who surely are enabled people, and those who may be.
_people(accounts) := {account.principalId |
	some account in accounts
	account.person == true
	account.enabled == true
}

_perhaps(accounts) := {account.principalId |
	some account in accounts
	account.person in {true, null}
	account.enabled in {true, null}
}

_global := {account |
	some account in _all
	account.roleDefinitionId == roles.global_administrator
	account.scope == "/"
}

_finer := {account |
	some account in _privileged
	account.roleDefinitionId != roles.global_administrator
}

# Custom roles that the configuration doesn't list may be finer privileged ones.
_custom := {account |
	some account in _all
	roles.custom(account.roleDefinitionId)
}

# Whoever is a Global Administrator counts as one, whatever else is held.
_others := _people(_finer) - _perhaps(_global)

_others_perhaps := _perhaps(_finer | _custom) - _people(_global)

_hidden := privileged.hidden(input, _global | _privileged)

_sufficient if {
	count(_others) > 0
	count(_perhaps(_global)) <= count(_others)
}

_possible if {
	count(_others_perhaps) > 0
	count(_people(_global)) <= count(_others_perhaps)
}

deny contains {
	"resource": {"kind": "role", "id": roles.global_administrator, "name": "Global Administrator"},
	"message": sprintf("Enabled Global Administrators number %d, and people with finer privileged roles %d.", [count(_people(_global)), count(_others)]),
	"expected": "at least one person with a finer role, and no more Global Administrators than those",
	"actual": sprintf("%d to %d", [count(_people(_global)), count(_others)]),
} if {
	count(_finer_ids) > 0
	count(_hidden) == 0
	not _possible
}

_finer_ids := privileged.ids(input) - {roles.global_administrator}

not_applicable contains {"reason": "nothing_to_judge", "message": "The parameter privileged_roles names no role but Global Administrator."} if {
	count(_finer_ids) == 0
}

unknown contains reason if {
	count(_finer_ids) > 0
	some reason in _hidden
}

unknown contains reason if {
	count(_finer_ids) > 0
	count(_hidden) == 0
	_possible
	not _sufficient
	reason := _doubt
}

_doubt := {
	"reason": "needs_configuration",
	"kind": "role_assignments",
	"message": "Whether people with finer privileged roles outnumber Global Administrators depends on custom roles; list in privileged_roles those that are privileged.",
} if {
	count(_perhaps(_global)) == count(_people(_global))
	count(_perhaps(_finer)) == count(_people(_finer))
}

_doubt := {
	"reason": object.get(input.gaps, ["users", "reason"], "partial"),
	"kind": "users",
	"message": "Whether people with finer privileged roles outnumber Global Administrators is not known, because the evidence does not say of all whether they are enabled people.",
} if {
	count(_perhaps(_global | _finer)) != count(_people(_global | _finer))
}

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "role_assignments"} if {
	value := sprintf("Global Administrators %d, people with finer privileged roles %d", [count(_people(_global)), count(_others)])
}
