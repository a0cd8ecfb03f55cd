# METADATA
# title: Every privileged user is capable of multifactor authentication
# description: |-
#   An account that has registered no second factor is asked to register one by whoever signs in
#   first, which may be the thief of its password. Capable means a registered method that the
#   policies allow, not a registered one alone. It says nothing about whether MFA is asked for:
#   ROLE1022 does. Accounts kept for emergencies count as well, because Microsoft asks them for
#   MFA in its portals.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/userregistrationdetails
#   - ref: https://learn.microsoft.com/entra/identity/authentication/howto-authentication-methods-activity
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/best-practices
# custom:
#   id: ROLE1016
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [mfa_registration]
#     any: [role_assignments, role_eligibility, role_schedules]
#     optional: [group_eligibility, role_group_members, users]
#   lookup: {mfa_registration: id, users: id}
#   licence: []
#   params:
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise.
#       default: [default]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: "5.2.3.4", coverage: part}]
#     scuba: [{id: MS.AAD.3.6v1, coverage: part}]
#     nist_800_53: [{id: IA-2(1), coverage: part}]
#     iso_27001: [{id: A.8.5, coverage: part}]
#     nis2: [{id: 21(2)(j), coverage: evidence}]
#     dora: [{id: 9(4)(d), coverage: evidence}]
#   remediation:
#     summary: Let the privileged user register a method of MFA, a passkey or security key best.
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Authentication methods > User registration details, and filter for administrators who are not capable of MFA.
#         - Issue a Temporary Access Pass under Users > the user > Authentication methods, and have the person register a passkey or security key at https://mysignins.microsoft.com/security-info.
#         - Give accounts kept for emergencies a security key each, kept in two places.
#         - Take the role from accounts that nobody uses.
package domicile.roles.privileged_users_mfa_capable

import data.domicile.lib.roles
import data.domicile.lib.roles_privileged as privileged

_all := roles.accounts(input)

_privileged := privileged.holding(input, _all)

# _people are the holders who may sign in: enabled people, and whoever may be one. The
# account of directory synchronisation signs in without a person.
_people(accounts) := {account |
	some account in accounts
	account.person in {true, null}
	account.enabled in {true, null}
	account.roleDefinitionId != roles.directory_synchronization_accounts
}

default _capable(_) := null

_capable(account) := capable if {
	capable := input.lookup.mfa_registration[account.principalId].isMfaCapable
	is_boolean(capable)
}

deny contains {
	"resource": privileged.resource(accounts),
	"message": sprintf("'%s' has registered no method of MFA that its policies allow, and holds %s.", [privileged.label(accounts), privileged.held(accounts)]),
	"expected": "isMfaCapable is true",
	"actual": "isMfaCapable is false",
} if {
	some accounts in privileged.by_principal({account | some account in _people(_privileged); _capable(account) == false})
}

not_applicable contains reason if some reason in privileged.no_role(input)

unknown contains reason if some reason in privileged.hidden(input, _privileged)

unknown contains reason if {
	ids := {account.principalId |
		some account in _people(_privileged)
		_capable(account) == null
	}
	count(ids) > 0
	reason := {
		"reason": object.get(input.gaps, ["mfa_registration", "reason"], "partial"),
		"kind": "mfa_registration",
		"message": sprintf("The evidence does not say of every privileged user whether it is capable of MFA: not said of %d.", [count(ids)]),
	}
}

unknown contains reason if some reason in privileged.doubts(input, {account | some account in _people(_all); _capable(account) == false})

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "mfa_registration"} if {
	ids := {account.principalId |
		some account in _people(_privileged)
		_capable(account) == true
	}
	value := sprintf("privileged users capable of MFA: %d", [count(ids)])
}
