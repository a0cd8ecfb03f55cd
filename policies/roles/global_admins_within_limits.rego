# METADATA
# title: There are neither too few nor too many Global Administrators
# description: |-
#   Every Global Administrator can turn the service on, change all of its settings and read all
#   of its data; each one more is one more way in. A single one can be lost, and with it the
#   tenant. People count who hold the role directly, through a group, by activation or by
#   being eligible for it; disabled accounts and applications don't. While a group of a service
#   provider holds the role, nobody here knows how many people do.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/best-practices
# custom:
#   id: ROLE1002
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
#     break_glass_accounts:
#       type: [string]
#       description: Object ids of the accounts that are kept for emergencies.
#     count_break_glass:
#       type: boolean
#       description: Whether the accounts kept for emergencies count as Global Administrators.
#       default: true
#     global_admins_max:
#       type: integer
#       description: How many people may be Global Administrators at the most (CIS says 4, CISA 8).
#       default: 4
#     global_admins_min:
#       type: integer
#       description: How many enabled people must be Global Administrators at the least.
#       default: 2
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: 1.1.3, coverage: full}]
#     scuba: [{id: MS.AAD.7.1v1, coverage: full}]
#     nist_800_53: [{id: AC-6(5), coverage: part}]
#     iso_27001: [{id: A.8.2, coverage: part}, {id: A.5.18, coverage: part}]
#     nis2: [{id: 21(2)(i), coverage: evidence}]
#     dora: [{id: 9(4)(c), coverage: evidence}]
#   remediation:
#     summary: Give people the finer role that they need in place of Global Administrator, and keep at least two.
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Roles & admins > Global Administrator, and list active and eligible assignments and the members of groups among them.
#         - For each person decide which finer role is enough (Security, Exchange, SharePoint, User or Intune Administrator, Global Reader) and assign it.
#         - Remove Global Administrator from those who no longer need it, never from the last two nor from the emergency accounts.
#         - With fewer than the minimum, assign the role to a second enabled, cloud-only account.
package domicile.roles.global_admins_within_limits

import data.domicile.lib.roles
import data.domicile.lib.roles_foreign as foreign

_all := roles.accounts(input)

_accounts := {account |
	some account in _all
	account.roleDefinitionId == roles.global_administrator
	account.scope == "/"
	not _excluded(account.principalId)
}

_excluded(id) if {
	not input.params.count_break_glass
	id in object.get(input.params, "break_glass_accounts", [])
}

# _sure are the enabled people, by id, and _perhaps whoever may be one: an account whose
# state isn't said, a principal of which nothing is known but its id.
_sure := {account.principalId |
	some account in _accounts
	account.person == true
	account.enabled == true
}

_perhaps := {account.principalId |
	some account in _accounts
	account.person in {true, null}
	account.enabled == null
}

_seen := _sure | _perhaps

# _able are those of _sure who need nobody's role but their own.
_able := {account.principalId |
	some account in _accounts
	account.principalId in _sure
	roles.holds(account)
}

_min := input.params.global_admins_min

_max := input.params.global_admins_max

# Too many stay too many, whatever else could not be read.
_too_many if {
	_configured
	count(_seen) > _max
}

# Too few takes all the evidence.
_too_few if {
	_configured
	count(_able | _perhaps) < _min
	count(_incomplete) == 0
}

default _configured := false

_configured if input.params.count_break_glass

_configured if is_array(input.params.break_glass_accounts)

# _incomplete are the kinds that are missing or cut short. Without a licence for PIM
# nothing is activated, so that nothing is missing then.
_incomplete := roles.unread(input, _all) | {{"kind": kind, "reason": gap.reason} |
	some kind, gap in input.gaps
	kind in {"role_schedules", "users"}
	not [kind, gap.reason] == ["role_schedules", "not_licensed"]
}

deny contains _finding(message, count(_seen)) if {
	_too_many
	message := concat("", [
		sprintf("Global Administrators number %d, more than %d", [count(_seen), _max]),
		_cisa,
		".",
		_doubt,
	])
}

deny contains _finding(message, count(_able)) if {
	_too_few
	message := sprintf("Enabled Global Administrators number %d, fewer than %d.", [count(_able), _min])
}

unknown contains reason if {
	not _configured
	reason := {
		"reason": "needs_configuration",
		"kind": "",
		"message": "The emergency accounts are not to count, and the parameter break_glass_accounts does not name them.",
	}
}

unknown contains reason if {
	not _too_many
	some gap in roles.unread(input, _all)
	reason := {
		"reason": gap.reason,
		"kind": gap.kind,
		"message": sprintf("There may be more Global Administrators than those in the evidence, which number %d.", [count(_seen)]),
	}
}

unknown contains reason if {
	not _too_many
	some reason in (foreign.uncounted(input, _accounts) | foreign.unsaid_reason(input, _accounts))
}

unknown contains reason if {
	count(_able) < _min
	some gap in _incomplete
	reason := {
		"reason": gap.reason,
		"kind": gap.kind,
		"message": sprintf("Whether there are at least %d enabled Global Administrators takes this evidence in full.", [_min]),
	}
}

unknown contains reason if {
	count(_able) < _min
	not _too_few
	count(_incomplete) == 0
	reason := {
		"reason": "partial",
		"kind": "users",
		"message": sprintf("The evidence does not say of every Global Administrator whether it is an enabled person: not said of %d.", [count(_perhaps)]),
	}
}

observed contains _count(sprintf("%d %s", [count(ids), how])) if {
	some how in ["standing", "activated", "eligible"]
	ids := {account.principalId |
		some account in _accounts
		account.principalId in _seen
		account.how == how
	}
	count(ids) > 0
}

observed contains _count(sprintf("%d through groups", [count(ids)])) if {
	ids := {account.principalId |
		some account in _accounts
		account.principalId in _seen
		account.via != ""
	}
	count(ids) > 0
}

observed contains _count(sprintf("applications, which do not count: %d", [count(ids)])) if {
	ids := {account.principalId |
		some account in _accounts
		account.type == "servicePrincipal"
	}
	count(ids) > 0
}

observed contains _count(sprintf("disabled accounts, which do not count: %d", [count(ids)])) if {
	ids := {account.principalId |
		some account in _accounts
		account.enabled == false
	}
	count(ids) > 0
}

_count(value) := {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "role_assignments"}

_finding(message, number) := {
	"resource": {"kind": "role", "id": roles.global_administrator, "name": "Global Administrator"},
	"message": message,
	"expected": sprintf("%d to %d", [_min, _max]),
	"actual": sprintf("%d", [number]),
}

default _cisa := ""

_cisa := ", but within CISA's limit of 8" if count(_seen) <= 8

default _doubt := ""

_doubt := sprintf(" Of %d the evidence does not say whether it is an enabled person.", [count(_perhaps)]) if {
	count(_perhaps) > 0
}
