# METADATA
# title: Owners of groups that grant a privileged role hold it themselves, or there are none
# description: |-
#   An owner of a group adds members to it. Where the group grants a privileged role, its owner
#   decides who holds the role, themselves included, whatever role the owner has. Those who may
#   become owner through PIM for Groups count as owners, and those who may become member as
#   holders. A Global Administrator lacks no role.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/groups-concept
#   - ref: https://learn.microsoft.com/entra/id-governance/privileged-identity-management/concept-pim-for-groups
# custom:
#   id: ROLE1020
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [role_owners]
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
#     nist_800_53: [{id: AC-6, coverage: part}]
#     iso_27001: [{id: A.8.2, coverage: part}, {id: A.5.18, coverage: part}]
#   remediation:
#     summary: Remove owners who lack the role from the group, or leave the group without owners.
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Groups > the group > Owners, and remove those who lack the role; without an owner, Privileged Role Administrators manage the group.
#         - Under Identity governance > Privileged Identity Management > Groups > the group > Assignments remove eligible owners who lack it too.
#         - Look in the audit log whether owners have added members who should not be there.
package domicile.roles.role_groups_owned_by_equals

import data.domicile.lib.roles
import data.domicile.lib.roles_privileged as privileged

_all := roles.accounts(input)

_privileged := privileged.holding(input, _all)

_pairs := privileged.pairs(_all)

_groups := privileged.by_principal({account | some account in _privileged; account.type == "group"})

# _owners are who owns a group, or may through PIM for Groups, as [id, name].
_owners(group) := {[owner.id, _owner_name(owner)] |
	some owner in input.evidence.role_owners
	owner.ownedId == group
	is_string(owner.id)
} | {[row.principalId, _user_name(row.principalId)] |
	some row in input.evidence.group_eligibility
	row.groupId == group
	row.accessId == "owner"
}

_owner_name(owner) := [name |
	some name in [object.get(owner, "userPrincipalName", null), object.get(owner, "displayName", null), owner.id]
	is_string(name)
][0]

_user_name(id) := name if {
	name := input.lookup.users[id].userPrincipalName
	is_string(name)
} else := id

_weak(group) := {owner |
	some owner in _owners(group)
	count(privileged.lacking(_pairs, owner[0], privileged.grants(_groups[group]))) > 0
}

# _hidden are the reasons for which an owner may hold a role unseen.
_hidden := privileged.hidden(input, _privileged) | _undescribed

# What an assignment doesn't describe, and no user is, may be a group.
_undescribed := {{
	"reason": "partial",
	"kind": "role_assignments",
	"message": sprintf("The evidence does not describe some holders of privileged roles, which may be groups: %d.", [count(ids)]),
} |
	ids := {account.principalId |
		some account in _privileged
		account.type == ""
		account.via == ""
		not account.lost
	}
	count(ids) > 0
}

deny contains {
	"resource": privileged.resource(_groups[group]),
	"message": sprintf("The group '%s' grants %s, and owners lack it: %s.", [privileged.label(_groups[group]), privileged.held(_groups[group]), privileged.listed({owner[1] | some owner in weak})]),
	"expected": "no owner, or owners who hold what the group grants",
	"actual": sprintf("owners without the roles: %d", [count(weak)]),
} if {
	some group in object.keys(_groups)
	count(_hidden) == 0
	weak := _weak(group)
	count(weak) > 0
}

not_applicable contains reason if some reason in privileged.no_role(input)

not_applicable contains {"reason": "nothing_to_judge", "message": "No group grants a privileged role."} if {
	count(privileged.ids(input)) > 0
	count(_groups) == 0
	count(_hidden) == 0
}

unknown contains reason if some reason in _hidden

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "role_owners"} if {
	some group in object.keys(_groups)
	value := sprintf("'%s' has owners: %d", [privileged.label(_groups[group]), count(_owners(group))])
}
