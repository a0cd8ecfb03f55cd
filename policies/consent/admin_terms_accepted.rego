# METADATA
# title: Terms of use set for administrators are accepted by them
# description: >-
#   Where an organisation puts terms before its administrators, through Conditional Access, an
#   acceptance of each of them is the proof that they knew the rules. Microsoft lets only a
#   person's token read the acceptances, so that without one, or an import, this isn't known.
#   Judged are people with a standing or activated privileged role whom such a policy covers.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/terms-of-use
#   - ref: https://learn.microsoft.com/graph/api/resources/agreementacceptance
# custom:
#   id: CONS1017
#   severity: low
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [terms_of_use]
#     optional: [conditional_access, role_assignments, role_eligibility, role_schedules, role_group_members, group_eligibility, users]
#   lookup: {users: id}
#   params:
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise, so that ids beside it add to them; ids of custom roles may be given too.
#       default: [default]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Have the administrator sign in and accept, and see why the policy let the account pass so far.
#     steps:
#       xdr-current:
#         - Ask the person to sign in to https://myaccount.microsoft.com and accept the terms under Settings & Privacy > Organization's notice, or at the next sign-in.
#         - If a sign-in didn't ask for it, look at the policy's exclusions in the Microsoft Entra admin center > Entra ID > Conditional Access.
#         - Save the list of acceptances (Terms of use > the terms > View > Download) as evidence.
package domicile.consent.admin_terms_accepted

import data.domicile.lib.attestations
import data.domicile.lib.roles

deny contains {
	"resource": {"kind": "user", "id": id, "name": missing.label},
	"message": sprintf("'%s' holds a privileged role and has not accepted %s.", [substring(missing.label, 0, 120), concat(", ", sort(missing.terms))]),
	"expected": "accepted and not expired",
	"actual": "not accepted",
} if {
	some id, missing in _missing("certain")
}

not_applicable contains {"reason": "nothing_to_judge", "message": "The tenant has no terms of use."} if {
	count(input.evidence.terms_of_use) == 0
}

not_applicable contains {"reason": "nothing_to_judge", "message": "No enabled policy of Conditional Access asks administrators for terms of use."} if {
	count(input.evidence.terms_of_use) > 0
	not input.gaps.conditional_access
	count(_unread) == 0
	count(_asked) == 0
}

unknown contains {"reason": gap.reason, "kind": "conditional_access", "message": "For whom the terms of use are set could not be read; grant Policy.Read.All and collect conditional_access again."} if {
	count(input.evidence.terms_of_use) > 0
	gap := input.gaps.conditional_access
}

unknown contains {"reason": gap.reason, "kind": gap.kind, "message": "There may be more people with a privileged role than those in the evidence."} if {
	count(_policies) > 0
	some gap in _unread
}

unknown contains {"reason": "partial", "kind": "conditional_access", "message": message} if {
	people := _missing("perhaps")
	count(people) > 0
	message := sprintf("%d privileged people have not accepted terms of a policy that includes or excludes groups, and whether they belong to those is not known.", [count(people)])
}

unknown contains {"reason": "partial", "kind": "terms_of_use", "message": "The acceptances of some terms are not in the evidence; collect or import terms_of_use again."} if {
	some agreement in input.evidence.terms_of_use
	not is_array(object.get(agreement, "acceptances", null))
}

observed contains {"fact": "consent", "service": "", "value": value, "tier": "api", "kind": "terms_of_use"} if {
	some agreement in input.evidence.terms_of_use
	value := sprintf("'%s': %d accepted", [_title(agreement), count(_accepted[agreement.id])])
}

# The enabled policies that ask for terms of use, each with the terms that were read.
_policies := [{"users": policy.conditions.users, "terms": terms} |
	some policy in input.evidence.conditional_access
	policy.state == "enabled"
	terms := {id | some id in policy.grantControls.termsOfUse} & object.keys(_accepted)
	count(terms) > 0
]

# Who accepted each of the terms, by its id, where the acceptances were read.
_accepted := {agreement.id: people |
	some agreement in input.evidence.terms_of_use
	is_array(agreement.acceptances)
	people := {acceptance.userId |
		some acceptance in agreement.acceptances
		acceptance.state == "accepted"
		_in_force(acceptance)
	}
}

_in_force(acceptance) if object.get(acceptance, "expirationDateTime", null) == null

_in_force(acceptance) if attestations.time_ns(acceptance.expirationDateTime) >= attestations.time_ns(input.now)

_all := roles.accounts(input)

_privileged := {account |
	ids := roles.privileged(input.params.privileged_roles)
	some account in _all
	account.roleDefinitionId in ids
	account.how in {"standing", "activated"}
	account.person in {true, null}
	account.enabled in {true, null}
}

_unread := {gap |
	some gap in roles.unread(input, _all)
	not gap.kind in {"role_eligibility", "group_eligibility"}
}

# Whom a policy covers, as {id, label, terms, how}: perhaps where it includes or excludes groups
# whose members aren't known.
_asked := {{"id": account.principalId, "label": account.label, "terms": policy.terms, "how": how} |
	some policy in _policies
	some account in _privileged
	how := _reach(policy.users, account)
	not _excluded(policy.users, account)
}

# Of a group only those are known who hold a role by it.
_reach(users, account) := _how(users) if {
	_included(users, account)
} else := "perhaps" if {
	is_array(users.includeGroups)
	users.includeGroups != []
}

_included(users, _) if "All" in users.includeUsers

_included(users, account) if account.principalId in users.includeUsers

_included(users, account) if account.roleDefinitionId in users.includeRoles

_included(users, account) if account.via in users.includeGroups

_excluded(users, account) if account.principalId in users.excludeUsers

_excluded(users, account) if {
	some other in _all
	other.principalId == account.principalId
	other.roleDefinitionId in users.excludeRoles
}

_excluded(users, account) if {
	some other in _all
	other.principalId == account.principalId
	other.through == "member"
	other.via in users.excludeGroups
}

_how(users) := "perhaps" if {
	is_array(users.excludeGroups)
	users.excludeGroups != []
} else := "certain"

# Who has not accepted what, by id.
_missing(how) := {id: {"label": min(labels), "terms": terms} |
	some id in {asked.id | some asked in _asked}
	labels := {asked.label | some asked in _asked; asked.id == id}
	terms := {sprintf("'%s'", [_titles[term]]) |
		some asked in _asked
		asked.id == id
		asked.how == how
		some term in asked.terms
		not id in _accepted[term]
	}
	count(terms) > 0
}

_titles := {agreement.id: _title(agreement) | some agreement in input.evidence.terms_of_use}

_title(agreement) := substring(agreement.displayName, 0, 60) if {
	is_string(agreement.displayName)
} else := agreement.id
