# METADATA
# title: No guest and no principal of another organisation holds a privileged role unapproved
# description: |-
#   Whoever administers another organisation decides how its people sign in, and keeps them when
#   they have left. In a privileged role such a person, group or provider is a part of this
#   tenant's defence that this organisation doesn't control. Guests, invited members, and
#   principals that assignments name as another organisation's count, groups of service
#   providers among them.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/best-practices
#   - ref: https://learn.microsoft.com/graph/api/resources/unifiedroleassignment
#   - ref: https://learn.microsoft.com/entra/external-id/user-properties
# custom:
#   id: ROLE1013
#   severity: high
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
#     approved_foreign_principals:
#       type: [string]
#       description: Object ids of the guests and of the principals of other organisations that may hold privileged roles.
#     approved_tenants:
#       type: [object]
#       description: The other tenants that are approved, each with id, name and why, and until, where that ends.
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise.
#       default: [default]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: AC-6(6), coverage: part}, {id: PS-7, coverage: part}]
#     iso_27001: [{id: A.5.19, coverage: part}, {id: A.5.20, coverage: part}, {id: A.8.2, coverage: part}]
#     dora: [{id: 28(1), coverage: evidence}]
#     nis2: [{id: 21(2)(d), coverage: evidence}]
#   remediation:
#     summary: Take the role from the guest or foreign principal, or approve it by name.
#     steps:
#       xdr-current:
#         - Find out with whoever invited it what the role is for; for a service provider look into Settings > Partner relationships of the Microsoft 365 admin center too (ROLE1025).
#         - Where it is needed, name its object id in approved_foreign_principals, and make it eligible with an end instead of active.
#         - Where it is not, open the Microsoft Entra admin center, Roles & admins > the role > Assignments, and remove it.
#         - Give external administrators an account of this tenant where they work for longer.
package domicile.roles.no_unapproved_foreign_principal

import data.domicile.lib.roles
import data.domicile.lib.roles_foreign as foreign
import data.domicile.lib.roles_privileged as privileged

_all := roles.accounts(input)

_privileged := privileged.holding(input, _all)

_foreign := foreign.foreign(input)

# _why says why a holder counts as foreign: its organisation, or that it is a guest.
_why(account) := sprintf("belongs to the organisation %s", [foreign.called(organisation, foreign.names(input, organisation))]) if {
	organisation := _foreign[account.principalId]
} else := "is a guest" if {
	account.guest == true
} else := "was invited from outside" if {
	state := input.lookup.users[account.principalId].externalUserState
	is_string(state)
	state != ""
}

_outsiders := {account |
	some account in _all
	_why(account)
}

_privileged_outsiders := privileged.by_principal(_outsiders & _privileged)

_approved(id) if id in object.get(input.params, "approved_foreign_principals", [])

default _configured := false

_configured if is_array(input.params.approved_foreign_principals)

deny contains {
	"resource": privileged.resource(accounts),
	"message": sprintf("'%s' %s, is not approved, and holds %s.", [privileged.label(accounts), why, privileged.held(accounts)]),
	"expected": "no guest and no principal of another organisation that approved_foreign_principals doesn't name",
	"actual": why,
} if {
	_configured
	some id, accounts in _privileged_outsiders
	not _approved(id)
	why := max({_why(account) | some account in accounts})
}

not_applicable contains reason if some reason in privileged.no_role(input)

unknown contains reason if some reason in privileged.hidden(input, _privileged)

unknown contains reason if {
	not _configured
	count(_privileged_outsiders) > 0
	reason := {
		"reason": "needs_configuration",
		"kind": "",
		"message": sprintf("Guests or principals of other organisations hold privileged roles (%d), and approved_foreign_principals isn't set; approve those that are wanted, or set an empty list.", [count(_privileged_outsiders)]),
	}
}

unknown contains reason if some reason in foreign.unsaid_reason(input, _privileged)

unknown contains reason if {
	ids := {account.principalId |
		some account in _privileged
		account.person in {true, null}
		not _told(account)
		not account in _outsiders
		count(foreign.gone({account})) == 0
	}
	count(ids) > 0
	reason := {
		"reason": object.get(input.gaps, ["users", "reason"], "partial"),
		"kind": "users",
		"message": sprintf("The evidence does not say of every holder of a privileged role whether it is a guest: not said of %d.", [count(ids)]),
	}
}

# That somebody isn't a guest is told by the assignment; that somebody wasn't invited, by
# externalUserState of the users alone, where it is null.
_told(account) if {
	account.guest == false
	"externalUserState" in object.keys(input.lookup.users[account.principalId])
}

unknown contains reason if some reason in privileged.doubts(input, _outsiders)

observed contains {"fact": "approval", "service": "", "value": value, "tier": "api", "kind": "role_assignments"} if {
	some id, accounts in _privileged_outsiders
	value := sprintf("'%s' %s and holds %s: %s", [privileged.label(accounts), max({_why(account) | some account in accounts}), privileged.held(accounts), _standing(id)])
}

_standing(id) := "approved" if _approved(id)

_standing(id) := "not approved" if {
	_configured
	not _approved(id)
}

_standing(_) := "to be approved or removed" if not _configured
