# METADATA
# title: Few accounts can turn the service off, export its data or have it deleted
# description: |-
#   What turning the service off deletes doesn't come back. In 2020 a Global or Security
#   Administrator could do so with a switch; today the same two roles can ask Microsoft's
#   support to deprovision it, export its data and change what it keeps. Each account that holds
#   one of them for the whole tenant is one more that can be taken over. Direct holders, members
#   of groups, activations and the eligible count, and applications do too. A group of a service
#   provider counts as one, and how many people it is stays open.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-permissions
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/best-practices
# custom:
#   id: ROLE1024
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: true
#   evidence:
#     all: []
#     any: [role_assignments, role_eligibility, role_schedules]
#     optional: [group_eligibility, role_group_members, users]
#   lookup: {users: id}
#   licence: []
#   params:
#     service_admins_max:
#       type: integer
#       description: How many accounts may hold Global or Security Administrator for the whole tenant at the most.
#       default: 10
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Take Global and Security Administrator from accounts that don't need to change the service.
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Roles & admins, and list the assignments of Global Administrator and Security Administrator, eligible ones and members of groups too.
#         - Give those who only read Security Reader or Global Reader, and those who work on incidents Security Operator or a role of Defender XDR's unified role-based access control.
#         - Remove the two roles from the others, never from the last Global Administrators nor from the emergency accounts.
#         - Where more are needed, set service_admins_max and write down why.
package domicile.roles.service_admins_within_limit

import data.domicile.lib.roles
import data.domicile.lib.roles_foreign as foreign

_all := roles.accounts(input)

_mighty := {roles.global_administrator, roles.security_administrator}

_holders := {account |
	some account in _all
	account.roleDefinitionId in _mighty
	account.scope == "/"
}

# _accounts are the people and applications that can do it; a group does it through its
# members, and what is deleted can do nothing.
_accounts := {account |
	some account in _holders
	account.type != "group"
	account.enabled in {true, null}
	not _gone(account)
}

# What nothing describes although everything was read is deleted, unless it is said to belong
# to another organisation.
_gone(account) if {
	account.type == ""
	account.person == false
	not account.principalId in _foreign
}

_foreign := object.keys(foreign.foreign(input))

_ids := {account.principalId | some account in _accounts}

_max := input.params.service_admins_max

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": sprintf("Accounts that can turn the service off, export its data or have it deleted number %d, more than %d.%s", [count(_ids), _max, _doubt]),
	"expected": sprintf("at most %d", [_max]),
	"actual": sprintf("%d", [count(_ids)]),
} if {
	count(_ids) > _max
}

default _doubt := ""

_doubt := sprintf(" Of %d the evidence does not say whether it is an enabled account.", [count(_stateless)]) if count(_stateless) > 0

_stateless := {account.principalId |
	some account in _accounts
	account.enabled == null
}

unknown contains reason if {
	count(_ids) <= _max
	some gap in roles.unread(input, _all)
	reason := {
		"reason": gap.reason,
		"kind": gap.kind,
		"message": sprintf("There may be more accounts that can turn the service off than those in the evidence, which number %d.", [count(_ids)]),
	}
}

unknown contains reason if {
	count(_ids) <= _max
	some reason in (foreign.uncounted(input, _holders) | foreign.unsaid_reason(input, _holders))
}

observed contains _count(sprintf("%s: %d", [roles.role_name(role), count(ids)])) if {
	some role in _mighty
	ids := {account.principalId | some account in _accounts; account.roleDefinitionId == role}
}

observed contains _count(sprintf("applications among them: %d", [count(ids)])) if {
	ids := {account.principalId | some account in _accounts; account.type == "servicePrincipal"}
	count(ids) > 0
}

_count(value) := {"fact": "count", "service": "xdr", "value": value, "tier": "api", "kind": "role_assignments"}
