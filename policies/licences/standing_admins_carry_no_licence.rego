# METADATA
# title: Accounts with a standing privileged role carry no licence beyond those for administration
# description: |-
#   An account that is privileged all day should not be one that reads mail and opens files. It
#   holds no licence with applications; Entra ID P1 and P2, which guard the account itself, are
#   fine. Whoever only activates a role for a task is a daily account and isn't meant.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/microsoft-365/admin/add-users/about-admin-roles
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/best-practices
# custom:
#   id: LIC1011
#   severity: low
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [role_assignments, users]
#     optional: [role_eligibility, role_schedules, role_group_members, group_eligibility]
#   lookup: {users: id}
#   params:
#     admin_plans:
#       type: [string]
#       description: Ids of the service plans that a privileged account may hold.
#       default: [41781fb2-bc02-4b7c-bd55-b576c07bb09d, eec0eb4f-6444-4f95-aba0-50c24d67f998]
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise, so that ids beside it add to them; ids of custom roles may be given too.
#       default: [default]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: 1.1.4, coverage: full}]
#     nist_800_53: [{id: AC-6(5), coverage: part}]
#     iso_27001: [{id: A.8.2, coverage: part}]
#     nis2: [{id: 21(2)(i), coverage: evidence}]
#   remediation:
#     summary: Take the licence from the administrator's account, or the standing role from the daily one.
#     steps:
#       xdr-current:
#         - Decide whether the account is for administration alone. If it is somebody's daily account, make the role eligible (PIM), or give it to an account of its own.
#         - Otherwise open the Microsoft 365 admin center > Users > Active users > the account > Licenses and apps, and remove every licence but Entra ID P1 or P2. Keep what its mailbox or OneDrive holds first.
#         - A plan that administration needs, such as Entra ID Governance, goes into admin_plans.
package domicile.licences.standing_admins_carry_no_licence

import data.domicile.lib.licences
import data.domicile.lib.licences_coverage as coverage
import data.domicile.lib.roles

deny contains {
	"resource": {"kind": "user", "id": id, "name": account.label},
	"message": sprintf("'%s' holds a privileged role standing (%s) and a licence with %d plans beyond those for administration.", [substring(account.label, 0, 120), roles.role_name(account.role), count(more)]),
	"expected": "no plan but those of admin_plans",
	"actual": licences.quoted(more),
} if {
	count(_how_unknown) == 0
	some id, account in _accounts
	id in _surely
	more := _more(id)
	count(more) > 0
}

unknown contains gap if {
	some id, _ in _accounts
	count(_more(id)) > 0
	some gap in _how_unknown
}

unknown contains {"reason": _membership_reason, "kind": "group_eligibility", "message": message} if {
	count(_how_unknown) == 0
	ids := [id | some id, _ in _accounts; not id in _surely; count(_more(id)) > 0]
	count(ids) > 0
	message := sprintf("Licensed accounts belong to groups with a privileged role, and whether they activated the membership is not in the evidence: not said of %d.", [count(ids)])
}

unknown contains {"reason": gap.reason, "kind": gap.kind, "message": "There may be more accounts with a standing privileged role than those in the evidence."} if {
	some gap in roles.unread(input, _standing)
	not gap.kind in {"role_eligibility", "group_eligibility"}
}

unknown contains {"reason": _users_reason, "kind": "users", "message": message} if {
	unsaid := [id | some id, _ in _accounts; not coverage.plans_read(object.get(input.lookup.users, id, {}))]
	count(unsaid) > 0
	message := sprintf("The plans of %d accounts with a standing privileged role are not in the evidence.", [count(unsaid)])
}

not_applicable contains {"reason": "nothing_to_judge", "message": "The parameter privileged_roles names no role."} if {
	count(_roles) == 0
}

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "role_assignments"} if {
	value := sprintf("accounts with a standing privileged role: %d", [count(_accounts)])
}

_roles := roles.privileged(input.params.privileged_roles)

_all := roles.accounts(input)

_standing := {account |
	some account in _all
	account.how == "standing"
	account.roleDefinitionId in _roles
}

# The people, each with a name and the first of the roles.
_accounts := {id: {"label": min(labels), "role": min(held)} |
	some id in {account.principalId | some account in _standing; account.person in {true, null}}
	labels := {account.label | some account in _standing; account.principalId == id}
	held := {account.roleDefinitionId | some account in _standing; account.principalId == id}
}

# _surely are those of them who hold one by more than a membership that may be activated.
_surely := {account.principalId |
	some account in _standing
	not _perhaps_activated(account)
}

# An activated membership of a group is listed as any other, with who is eligible for it
# beside it.
_perhaps_activated(account) if {
	account.through == "member"
	[account.principalId, account.via] in _eligible_members
}

_perhaps_activated(account) if {
	account.through == "member"
	input.gaps.group_eligibility.reason != "not_licensed"
}

_eligible_members := {[account.principalId, account.via] |
	some account in _all
	account.through == "eligible_member"
}

default _membership_reason := "not_collected"

_membership_reason := input.gaps.group_eligibility.reason

# Without the schedules an activated role can't be told from a standing one; a tenant
# without a licence for PIM has no activated ones.
_how_unknown := {{"reason": gap.reason, "kind": "role_schedules", "message": message} |
	gap := input.gaps.role_schedules
	gap.reason != "not_licensed"
	message := "Licensed accounts hold a privileged role, and whether it is standing or activated could not be read; it takes RoleAssignmentSchedule.Read.Directory."
}

# The plans in force beyond those allowed, by name where the project knows it.
_more(id) := {object.get(_names, plan, plan) |
	some plan in coverage.plans_on(input.lookup.users[id])
	not plan in _allowed
}

_allowed := {lower(id) | some id in input.params.admin_plans} | _companions

# What comes with every licence of Entra ID P1 and P2 and gives no application: Exchange
# Foundation, multifactor authentication and Cloud App Discovery.
_companions := {
	"113feb6c-3fe4-4440-bddc-54d774bf0318",
	"8a256a2b-b617-496d-b51b-e76466e88db0",
	licences.plans.ADALLOM_S_DISCOVERY,
}

_names := {id: name | some name, id in licences.plans}

default _users_reason := "partial"

_users_reason := input.gaps.users.reason
