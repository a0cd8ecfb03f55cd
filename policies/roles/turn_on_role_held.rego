# METADATA
# title: An enabled person holds a role that may turn the service on
# description: |-
#   Only a person with certain roles, held in Microsoft Entra ID for the whole tenant, can turn
#   the service on: Global or Security Administrator in 2020, one of nine roles today. Without
#   one nobody can turn it on, decide its settings or answer for it. A role of the same name
#   in Exchange or in Defender's own portal doesn't count, nor does one held by an application.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
# custom:
#   id: ROLE1001
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: []
#     any: [role_assignments, role_eligibility, role_schedules]
#     optional: [group_eligibility, role_group_members, users]
#   lookup: {users: id}
#   licence: []
#   params: {}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Give an enabled person Security Administrator for the whole tenant.
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Roles & admins, as Privileged Role Administrator.
#         - Choose Security Administrator and assign it to an enabled, cloud-only account for the whole directory, as eligible where PIM is licensed.
#         - Let that person sign in at https://security.microsoft.com once the Geo is decided, because a first visit provisions the service.
#       mtp-2020-b:
#         - Open the Azure portal, Azure Active Directory > Roles and administrators, as Privileged Role Administrator.
#         - Assign Security Administrator (or Global Administrator) to an enabled, cloud-only account for the whole directory.
#         - Let that person sign in at https://security.microsoft.com once the Geo is decided, because a first visit provisions the service.
#       mtp-2020-a:
#         - Open the Azure portal, Azure Active Directory > Roles and administrators, as Privileged Role Administrator.
#         - Assign Security Administrator (or Global Administrator) to an enabled, cloud-only account for the whole directory.
#         - Let that person open Settings > Microsoft Threat Protection at https://security.microsoft.com.
package domicile.roles.turn_on_role_held

import data.domicile.lib.roles

_permitted := roles.turn_on[input.profile]

_all := roles.accounts(input)

# _candidates are the holders of a permitted role for the whole tenant, people or not.
_candidates := {account |
	some account in _all
	account.roleDefinitionId in _permitted
	account.scope == "/"
	roles.holds(account)
}

_able := {account |
	some account in _candidates
	account.person == true
	account.enabled == true
}

# _perhaps are those of whom the evidence doesn't say whether they are enabled people.
_perhaps := {account |
	some account in _candidates
	account.person in {true, null}
	account.enabled == null
}

deny contains finding if {
	count(_able) == 0
	count(_unread) == 0
	count(_perhaps) == 0
	finding := {
		"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
		"message": sprintf("No enabled person holds, for the whole tenant, a role that may turn the service on; principals that hold one otherwise: %d.", [count(_holding)]),
		"expected": sprintf("an enabled person with one of: %s", [concat(", ", sort({roles.role_name(id) | some id in _permitted}))]),
		"actual": "none",
	}
}

_holding := {account.principalId |
	some account in _all
	account.roleDefinitionId in _permitted
}

_unread := roles.unread(input, _all)

unknown contains reason if {
	count(_able) == 0
	some gap in _unread
	reason := {
		"reason": gap.reason,
		"kind": gap.kind,
		"message": "Who holds a role that may turn the service on could not be read in full.",
	}
}

unknown contains reason if {
	count(_able) == 0
	count(_perhaps) > 0
	reason := {
		"reason": object.get(input.gaps, ["users", "reason"], "partial"),
		"kind": "users",
		"message": "Whether those who hold a role that may turn the service on are enabled people is not in the evidence.",
	}
}

# Two documents of today disagree: nine roles, or at least Security Administrator.
observed contains _role(sprintf("%s: %d enabled", [roles.role_name(role), count(ids)])) if {
	some role in _permitted
	ids := {account.principalId | some account in _able; account.roleDefinitionId == role}
	count(ids) > 0
}

observed contains _role("none of them is Global or Security Administrator, the roles that Microsoft's prerequisites ask for") if {
	count(_able) > 0
	strong := roles.turn_on["mtp-2020-b"]
	count({account | some account in _able; account.roleDefinitionId in strong}) == 0
}

_role(value) := {"fact": "role", "service": "xdr", "value": value, "tier": "api", "kind": "role_assignments"}
