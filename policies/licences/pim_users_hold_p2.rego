# METADATA
# title: Privileged users hold Entra ID P2 where PIM is relied on
# description: |-
#   Privileged Identity Management is licensed by user. An eligible role that nobody may activate
#   any more when the licence check bites is a lock-out, and one that is used unlicensed is a
#   breach of the terms. Judged are the people who are eligible for a privileged role or have
#   activated one; with pim set to required, every privileged person but break-glass accounts.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/id-governance/licensing-fundamentals
#   - ref: https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-configure
# custom:
#   id: LIC1012
#   severity: medium
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [users]
#     optional: [role_assignments, role_eligibility, role_schedules, role_group_members, group_eligibility]
#   lookup: {users: id}
#   params:
#     break_glass_accounts:
#       type: [string]
#       description: Object ids of the accounts kept for emergencies.
#     pim:
#       type: string
#       values: [auto, required]
#       description: Whether privileged roles are to be used through PIM, auto (where somebody is eligible or has activated a role) or required.
#       default: auto
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise, so that ids beside it add to them; ids of custom roles may be given too.
#       default: [default]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Assign Entra ID P2 or Entra ID Governance to the user, or end the eligibility.
#     action: assign_activation_licence
#     steps:
#       xdr-current:
#         - Open the Microsoft 365 admin center > Billing > Licenses, and assign Entra ID P2, Entra ID Governance, or a suite that holds one of them, to the account.
#         - If nobody needs the role any more, open the Microsoft Entra admin center > ID Governance > Privileged Identity Management > Microsoft Entra roles > Assignments, and remove the eligibility.
package domicile.licences.pim_users_hold_p2

import data.domicile.lib.licences
import data.domicile.lib.licences_coverage as coverage
import data.domicile.lib.roles

deny contains {
	"resource": {"kind": "user", "id": id, "name": label},
	"message": sprintf("'%s' %s and holds neither Entra ID P2 nor Entra ID Governance.", [substring(label, 0, 120), _says]),
	"expected": "AAD_PREMIUM_P2 or Entra_Identity_Governance in force",
	"actual": "neither",
} if {
	some id, label in _people
	user := input.lookup.users[id]
	coverage.plans_read(user)
	count(coverage.plans_on(user) & _licensing) == 0
}

not_applicable contains {"reason": "nothing_to_judge", "message": "Nobody is eligible for a privileged role or has activated one, so that PIM isn't relied on."} if {
	not _required
	count(_people) == 0
	count(_unread) == 0
}

not_applicable contains {"reason": "nothing_to_judge", "message": "No person holds a privileged role."} if {
	_required
	count(_people) == 0
	count(_unread) == 0
}

unknown contains {"reason": gap.reason, "kind": gap.kind, "message": "There may be more privileged users than those in the evidence."} if {
	some gap in _unread
}

unknown contains {"reason": _users_reason, "kind": "users", "message": message} if {
	unsaid := [id | some id, _ in _people; not coverage.plans_read(object.get(input.lookup.users, id, {}))]
	count(unsaid) > 0
	message := sprintf("The plans of %d privileged users are not in the evidence.", [count(unsaid)])
}

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "role_eligibility"} if {
	value := sprintf("privileged users who need the licence: %d", [count(_people)])
}

_licensing := {licences.plans.AAD_PREMIUM_P2, licences.plans.Entra_Identity_Governance}

_required if input.params.pim == "required"

_says := "is privileged" if {
	_required
} else := "is eligible for a privileged role or has activated one"

_roles := roles.privileged(input.params.privileged_roles)

_privileged := {account |
	some account in roles.accounts(input)
	account.roleDefinitionId in _roles
}

# The enabled people who need the licence, by id, with a name.
_people := {id: min(labels) |
	some id in {account.principalId | some account in _privileged; _needs(account)}
	labels := {account.label | some account in _privileged; account.principalId == id}
}

_needs(account) if {
	account.person in {true, null}
	account.enabled in {true, null}
	_through_pim(account)
}

_through_pim(account) if account.how in {"eligible", "activated"}

_through_pim(account) if {
	_required
	not account.principalId in _break_glass
}

_break_glass := {id | some id in object.get(input.params, "break_glass_accounts", [])}

# Who holds a role standing matters only where PIM is required. Without a licence for PIM
# nobody is eligible and nothing is activated.
_unread := {{"kind": gap.kind, "reason": gap.reason} |
	some gap in (roles.unread(input, _privileged) | _schedules)
	_matters(gap.kind)
}

_schedules := {{"kind": "role_schedules", "reason": gap.reason} |
	gap := input.gaps.role_schedules
	gap.reason != "not_licensed"
}

_matters(kind) if kind != "role_assignments"

_matters("role_assignments") if _required

default _users_reason := "partial"

_users_reason := input.gaps.users.reason
