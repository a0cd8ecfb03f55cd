# METADATA
# title: Privileged users are cloud-only accounts
# description: |-
#   An account that is synchronised from a directory of the organisation's own can be taken over
#   there: whoever resets its password on the premises holds its role in the cloud. Accounts
#   that hold or are eligible for a privileged role, directly or through a group, therefore
#   live in the cloud alone. An account that once was synchronised and no longer is counts as
#   cloud-only.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/best-practices
#   - ref: https://learn.microsoft.com/entra/architecture/protect-m365-from-on-premises-attacks
# custom:
#   id: ROLE1004
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [users]
#     any: [role_assignments, role_eligibility, role_schedules]
#     optional: [group_eligibility, role_group_members]
#   lookup: {users: id}
#   licence: []
#   params:
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise, so that ids beside it add to them; ids of custom roles may be given too.
#       default: [default]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: 1.1.1, coverage: full}]
#     scuba: [{id: MS.AAD.7.3v1, coverage: full}]
#     nist_800_53: [{id: AC-6(5), coverage: part}]
#     iso_27001: [{id: A.8.2, coverage: part}]
#     nis2: [{id: 21(2)(i), coverage: evidence}]
#   remediation:
#     summary: Move the role to an account that exists in the cloud alone.
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Users, and create an account for administration on the tenant's own onmicrosoft.com domain, without a mailbox.
#         - Register strong authentication for it and assign the role, as eligible where PIM is licensed.
#         - Remove the role, or the membership in the group that grants it, from the synchronised account once the new one works; never from the last Global Administrator.
package domicile.roles.privileged_users_cloud_only

import data.domicile.lib.roles
import data.domicile.lib.roles_privileged as privileged

_all := roles.accounts(input)

_privileged_roles := roles.privileged(input.params.privileged_roles)

_privileged := {account |
	some account in _all
	account.roleDefinitionId in _privileged_roles
}

deny contains finding if {
	some id in {account.principalId | some account in _privileged; account.synced == true}
	accounts := {account | some account in _privileged; account.principalId == id}
	some label in {account.label | some account in accounts}
	finding := {
		"resource": {"kind": "user", "id": id, "name": label},
		"message": sprintf("'%s' is synchronised from a directory on the premises and is privileged: %s.", [substring(label, 0, 120), privileged.held(accounts)]),
		"expected": "onPremisesSyncEnabled is null or false",
		"actual": "onPremisesSyncEnabled is true",
	}
}

not_applicable contains reason if {
	count(_privileged_roles) == 0
	reason := {"reason": "nothing_to_judge", "message": "The parameter privileged_roles names no role."}
}

unknown contains reason if {
	words := [substring(word, 0, 60) | some word in input.params.privileged_roles; not word in {"default", "+"}; not roles.template(word)]
	count(words) > 0
	reason := {
		"reason": "needs_configuration",
		"kind": "",
		"message": sprintf("The parameter privileged_roles names %s, which is no template id; write ids, or default for the built-in list.", [concat(", ", sort({sprintf("'%s'", [word]) | some word in words}))]),
	}
}

unknown contains reason if {
	some gap in roles.unread(input, _privileged)
	reason := {
		"reason": gap.reason,
		"kind": gap.kind,
		"message": "There may be more privileged users than those in the evidence.",
	}
}

unknown contains reason if {
	labels := {account.label |
		some account in _privileged
		account.person in {true, null}
		account.synced == null
	}
	count(labels) > 0
	reason := {
		"reason": object.get(input.gaps, ["users", "reason"], "partial"),
		"kind": "users",
		"message": sprintf("The evidence does not say of every privileged account whether it is synchronised: not said of %d.", [count(labels)]),
	}
}

# Microsoft Graph v1.0 doesn't say whether a role is privileged, so that a custom one
# matters unless the configuration lists it, and then only if a synchronised account
# holds it.
unknown contains reason if {
	some id in {account.roleDefinitionId | some account in _all; account.synced == true}
	roles.custom(id)
	not id in _privileged_roles
	reason := {
		"reason": "needs_configuration",
		"kind": "role_assignments",
		"message": sprintf("A synchronised account holds the custom role '%s'; if it is privileged, add its id to the parameter privileged_roles.", [id]),
	}
}

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "role_assignments"} if {
	people := {account.principalId | some account in _privileged; account.person == true}
	value := sprintf("privileged users: %d", [count(people)])
}
