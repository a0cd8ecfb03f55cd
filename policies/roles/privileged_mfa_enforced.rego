# METADATA
# title: MFA is enforced for holders of privileged roles
# description: |-
#   A password alone opens the door to whoever has it, and a code by message or telephone to
#   whoever poses as Microsoft. Policies of Conditional Access ask every holder of a privileged
#   role for multifactor authentication at every sign-in, of a kind that can't be passed on:
#   passkeys and security keys, Windows Hello for Business, certificates. A policy that only
#   reports, that leaves applications, places or clients out, or that sets holders aside doesn't
#   do it. Security defaults ask for any second factor.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-admin-phish-resistant-mfa
#   - ref: https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths
#   - ref: https://learn.microsoft.com/entra/fundamentals/security-defaults
# custom:
#   id: ROLE1022
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: []
#     any: [role_assignments, role_eligibility, role_schedules]
#     optional: [conditional_access, security_defaults, role_group_members, group_eligibility, users]
#   lookup: {users: id}
#   licence: []
#   params:
#     break_glass_accounts:
#       type: [string]
#       description: Object ids of the accounts that are kept for emergencies.
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise.
#       default: [default]
#     require_phishing_resistant:
#       type: boolean
#       description: Whether MFA must be of a kind that resists phishing.
#       default: true
#     role_exceptions:
#       type: [object]
#       description: Principals set aside for a role by the rules on how it is assigned, each with principal_id, role (template id or name), reason and until (a date).
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: "5.2.2.1", coverage: full}, {id: "5.2.2.5", coverage: part}]
#     scuba: [{id: MS.AAD.3.6v1, coverage: part}]
#     nist_800_53: [{id: IA-2(1), coverage: part}, {id: IA-2(8), coverage: part}]
#     iso_27001: [{id: A.8.5, coverage: part}]
#     nis2: [{id: 21(2)(j), coverage: evidence}]
#     dora: [{id: 9(4)(d), coverage: evidence}]
#   remediation:
#     summary: Enforce phishing-resistant MFA for every privileged role with one Conditional Access policy that leaves nothing out.
#     steps:
#       xdr-current:
#         - See to it that every holder has registered a passkey, a security key, Windows Hello for Business or a certificate (ROLE1016), and that the emergency accounts are named in break_glass_accounts.
#         - Open the Microsoft Entra admin center, Conditional Access > Policies > New policy from template > Require phishing-resistant multifactor authentication for admins.
#         - Include every privileged role under Directory roles, or all users; policies do not reach roles held for an administrative unit and custom roles by role, so include those users themselves. Exclude the emergency accounts alone.
#         - Choose All resources without exclusions, no other condition, and under Grant the authentication strength Phishing-resistant MFA.
#         - Turn it on as Report-only first, look at the sign-ins for a week, then switch it to On; turn security defaults off only then.
package domicile.roles.privileged_mfa_enforced

import data.domicile.lib.roles
import data.domicile.lib.roles_conditional_access as access
import data.domicile.lib.roles_privileged as privileged

_all := roles.accounts(input)

_privileged := privileged.holding(input, _all)

_resistant := input.params.require_phishing_resistant

_context := access.context(input, _all, {exception.principal_id |
	some exception in input.params.role_exceptions
	privileged.in_force(exception, input.now)
})

# _judged are the people who must be covered: whoever may be enabled, save those kept for
# emergencies, those set aside, and the account of directory synchronisation, whose sign-in
# no person makes.
_judged(accounts) := {account |
	some account in accounts
	account.person in {true, null}
	account.enabled in {true, null}
	account.roleDefinitionId != roles.directory_synchronization_accounts
	not privileged.emergency(input, account.principalId)
	not privileged.excepted(input, account.principalId, account.roleDefinitionId)
}

_asking := access.asking(input.evidence.conditional_access, _resistant)

_whole := [policy | some policy in _asking; count(access.holes(policy)) == 0]

_covers(account) := {access.cover(policy, account, _context) | some policy in _whole}

# _state says how MFA is enforced for an account: yes, perhaps, or no.
_state(account) := "yes" if {
	"yes" in _covers(account)
} else := "yes" if {
	_by_defaults(account)
} else := "perhaps" if {
	"perhaps" in _covers(account)
} else := "no"

_defaults_on if {
	some defaults in input.evidence.security_defaults
	defaults.isEnabled == true
}

# Security defaults let any second factor do.
_by_defaults(account) if {
	not _resistant
	_defaults_on
	account.roleDefinitionId in access.defaults_roles
}

_with_state(accounts, state) := {account |
	some account in _judged(accounts)
	_state(account) == state
}

_bare := _with_state(_privileged, "no")

# Without a licence for Conditional Access there are no policies.
_policies_read if not input.gaps.conditional_access

_policies_read if input.gaps.conditional_access.reason == "not_licensed"

_defaults_read if not input.gaps.security_defaults

_defaults_read if _resistant

_unnamed := privileged.perhaps_emergency(input, _all)

_perhaps_emergency := {account.principalId |
	some account in _bare
	account.principalId in _unnamed
	"excluded" in _covers(account)
}

deny contains {
	"resource": {"kind": "role", "id": role, "name": roles.role_name(role)},
	"message": concat(" ", array.concat(
		[sprintf("%s is not enforced for holders of %s: %s.", [_mfa, privileged.role(role), privileged.listed({account.label | some account in accounts})])],
		array.slice(_why(accounts), 0, 3),
	)),
	"expected": sprintf("%s at every sign-in of every holder", [_mfa]),
	"actual": sprintf("not enforced for %d", [count({account.principalId | some account in accounts})]),
} if {
	_policies_read
	_defaults_read
	some role in {account.roleDefinitionId | some account in _bare}
	accounts := {account |
		some account in _bare
		account.roleDefinitionId == role
		not account.principalId in _perhaps_emergency
	}
	count(accounts) > 0
}

_mfa := "Phishing-resistant MFA" if _resistant

_mfa := "MFA" if not _resistant

# _why are sentences on what comes close: policies that set the holders aside, policies
# with holes, and security defaults.
_why(accounts) := array.concat(_excluding(accounts), array.concat(_holed, _defaults))

_excluding(accounts) := sort({sprintf("The policy '%s' sets %d of them aside.", [_title(policy), count(ids)]) |
	some policy in _whole
	ids := {account.principalId |
		some account in accounts
		access.cover(policy, account, _context) == "excluded"
	}
	count(ids) > 0
})

_holed := sort({sprintf("The policy '%s' %s.", [_title(policy), concat(", ", sort(access.holes(policy)))]) |
	some policy in _asking
	count(access.holes(policy)) > 0
})

_defaults := ["Security defaults are on, which let any second factor do." | _resistant; _defaults_on]

_title(policy) := substring(policy.displayName, 0, 40) if {
	is_string(policy.displayName)
} else := "without a name"

not_applicable contains reason if some reason in privileged.no_role(input)

unknown contains reason if some reason in privileged.hidden(input, _privileged)

unknown contains reason if some reason in privileged.name_emergencies(_perhaps_emergency)

unknown contains reason if {
	not _policies_read
	count(_bare) > 0
	reason := {
		"reason": input.gaps.conditional_access.reason,
		"kind": "conditional_access",
		"message": "Conditional Access policies could not be read in full, and those that were do not cover every holder of a privileged role.",
	}
}

unknown contains reason if {
	not _defaults_read
	count(_bare) > 0
	reason := {
		"reason": input.gaps.security_defaults.reason,
		"kind": "security_defaults",
		"message": "Whether security defaults are on could not be read, and policies do not cover every holder of a privileged role.",
	}
}

unknown contains reason if {
	ids := {account.principalId | some account in _with_state(_privileged, "perhaps")}
	count(ids) > 0
	reason := {
		"reason": "partial",
		"kind": "conditional_access",
		"message": sprintf("Policies that ask for MFA set groups or guests aside, and the evidence does not say whether holders of privileged roles are among them: not said of %d. Exclude accounts one by one, or name the group in role_exceptions.", [count(ids)]),
	}
}

unknown contains reason if {
	_policies_read
	some reason in privileged.doubts(input, _with_state(_all, "no"))
}

observed contains _setting(sprintf("policies that ask for %s at every sign-in: %d", [_mfa, count(_whole)]), "conditional_access") if _policies_read

observed contains _setting("security defaults are on", "security_defaults") if _defaults_on

observed contains {"fact": "exempt", "service": "", "value": value, "tier": "api", "kind": "conditional_access"} if {
	ids := {account.principalId |
		some account in _privileged
		privileged.emergency(input, account.principalId)
	}
	count(ids) > 0
	value := sprintf("accounts kept for emergencies, which are not judged: %d", [count(ids)])
}

_setting(value, kind) := {"fact": "setting", "service": "", "value": value, "tier": "api", "kind": kind}
