# METADATA
# title: Conditional Access for holders of roles
# description: |-
#   Which Conditional Access policies ask for multifactor authentication at every sign-in,
#   and whether they cover the holder of a role. A policy that leaves out applications,
#   places, platforms, clients or devices, or that lets another control stand in for MFA,
#   leaves a way in and doesn't count; holes says what it leaves. The functions take policies
#   as Microsoft Graph lists them.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-old-require-mfa-admin-phish-resistant
#   - ref: https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths
#   - ref: https://learn.microsoft.com/entra/fundamentals/security-defaults
package domicile.lib.roles_conditional_access

import data.domicile.lib.roles

# The built-in authentication strengths: MFA, passwordless MFA and phishing-resistant MFA.
_phishing_resistant := "00000000-0000-0000-0000-000000000004"

_built_in := {
	"00000000-0000-0000-0000-000000000002",
	"00000000-0000-0000-0000-000000000003",
	_phishing_resistant,
}

# The methods that a page posing as Microsoft's can't pass on.
_resistant_methods := {"fido2", "windowsHelloForBusiness", "x509CertificateMultiFactor"}

# defaults_roles are the roles whose holders security defaults ask for MFA at every sign-in,
# as Microsoft's page on them lists.
defaults_roles := {id |
	some id in roles.default_privileged
	roles.role_name(id) in {
		"Application Administrator",
		"Authentication Administrator",
		"Cloud Application Administrator",
		"Conditional Access Administrator",
		"Exchange Administrator",
		"Global Administrator",
		"Privileged Authentication Administrator",
		"Privileged Role Administrator",
		"Security Administrator",
		"SharePoint Administrator",
		"User Administrator",
	}
}

# asking are the policies in force that ask for MFA, of the strength wanted; with resistant
# those alone that ask for a phishing-resistant one.
asking(policies, resistant) := [policy |
	some policy in policies
	policy.state == "enabled"
	strength := _strength(policy.grantControls)
	_enough(strength, resistant)
]

_enough(_, false)

_enough("resistant", true)

# _strength is what a policy's controls ask for: resistant, or mfa; undefined for controls
# that can be met without MFA.
_strength(grant) := "resistant" if {
	_compulsory(grant)
	_resists(grant.authenticationStrength)
} else := "mfa" if {
	_compulsory(grant)
	_multifactor(grant)
}

# Every control must be met, or there is only the one.
_compulsory(grant) if grant.operator == "AND"

_compulsory(grant) if count(_controls(grant)) == 1

_controls(grant) := array.concat(_strings(grant, "builtInControls"), array.concat(
	[id | id := grant.authenticationStrength.id; is_string(id)],
	array.concat(_strings(grant, "termsOfUse"), _strings(grant, "customAuthenticationFactors")),
))

_multifactor(grant) if "mfa" in _strings(grant, "builtInControls")

_multifactor(grant) if grant.authenticationStrength.id in _built_in

_multifactor(grant) if grant.authenticationStrength.requirementsSatisfied == "mfa"

_resists(strength) if strength.id == _phishing_resistant

_resists(strength) if {
	is_array(strength.allowedCombinations)
	count(strength.allowedCombinations) > 0
	every combination in strength.allowedCombinations {
		combination in _resistant_methods
	}
}

# _strings is a list of an object, empty where there is none.
_strings(parent, name) := [text | some text in parent[name]; is_string(text)] if {
	is_object(parent)
	is_array(parent[name])
} else := []

# _filled holds for an object that says something.
_filled(value) if {
	is_object(value)
	count(value) > 0
}

# holes are the clauses that say what a policy leaves out; empty for one that asks at every
# sign-in of those whom it covers.
holes(policy) := ((_application_holes(conditions) | _client_holes(conditions)) | _place_holes(conditions)) | _risk_holes(conditions) if {
	conditions := _member(policy, "conditions")
}

# _member is an object's member that is an object, and {} where it has none.
_member(parent, name) := parent[name] if {
	is_object(parent[name])
} else := {}

_application_holes(conditions) := {"is not for all applications" | not "All" in _strings(_member(conditions, "applications"), "includeApplications")} | {"leaves applications out" | _applications_out(conditions)}

_applications_out(conditions) if count(_strings(conditions.applications, "excludeApplications")) > 0

_applications_out(conditions) if _filled(conditions.applications.applicationFilter)

_client_holes(conditions) := {"is not for all clients" | not _all_clients(conditions)}

_all_clients(conditions) if "all" in _strings(conditions, "clientAppTypes")

_all_clients(conditions) if count({"browser", "mobileAppsAndDesktopClients"} - {type | some type in _strings(conditions, "clientAppTypes")}) == 0

_place_holes(conditions) := ({"leaves locations out" | _narrowed(conditions.locations, "includeLocations", "excludeLocations")} | {"leaves platforms out" | _narrowed(conditions.platforms, "includePlatforms", "excludePlatforms")}) | {"leaves devices out" | _filled(conditions.devices.deviceFilter)}

_narrowed(condition, include, _) if {
	count(_strings(condition, include)) > 0
	count({"All", "all"} & {text | some text in _strings(condition, include)}) == 0
}

_narrowed(condition, _, exclude) if count(_strings(condition, exclude)) > 0

_risk_holes(conditions) := {"is for risky sign-ins alone" | _risky(conditions)}

_risky(conditions) if count(_strings(conditions, "userRiskLevels")) > 0

_risky(conditions) if count(_strings(conditions, "signInRiskLevels")) > 0

_risky(conditions) if {
	is_string(conditions.insiderRiskLevels)
	conditions.insiderRiskLevels != ""
}

_risky(conditions) if {
	is_string(conditions.authenticationFlows.transferMethods)
	not conditions.authenticationFlows.transferMethods in {"", "none"}
}

# cover says whether a policy covers an account: yes, no, excluded (it is covered and then
# set aside) or perhaps (it sets groups aside whose members aren't in the evidence).
cover(policy, account, context) := "no" if {
	users := _member(_member(policy, "conditions"), "users")
	not _included(users, account, context)
} else := "excluded" if {
	_excluded(policy.conditions.users, account, context)
} else := "perhaps" if {
	_perhaps_excluded(policy.conditions.users, account, context)
} else := "yes"

_included(users, _, _) if "All" in _strings(users, "includeUsers")

_included(users, account, _) if account.principalId in _strings(users, "includeUsers")

# Policies for roles reach built-in roles that are held for the whole tenant.
_included(users, account, _) if {
	account.scope == "/"
	account.roleDefinitionId in _strings(users, "includeRoles")
}

_included(users, account, context) if {
	some group in _strings(users, "includeGroups")
	[account.principalId, group] in context.memberships
}

# What is held through a group takes belonging to it, by activation or not.
_included(users, account, _) if account.via in _strings(users, "includeGroups")

_excluded(users, account, _) if account.principalId in _strings(users, "excludeUsers")

_excluded(users, account, _) if account.via in _strings(users, "excludeGroups")

_excluded(users, account, context) if {
	some role in _strings(users, "excludeRoles")
	[account.principalId, role] in context.pairs
}

_excluded(users, account, context) if {
	some group in _strings(users, "excludeGroups")
	[account.principalId, group] in context.memberships
}

_excluded(users, account, _) if {
	_filled(users.excludeGuestsOrExternalUsers)
	account.guest == true
}

_perhaps_excluded(users, _, context) if {
	some group in _strings(users, "excludeGroups")
	not group in context.read
	not group in context.waived
}

_perhaps_excluded(users, account, _) if {
	_filled(users.excludeGuestsOrExternalUsers)
	account.guest == null
}

# context is what cover needs to know of a tenant's accounts: who holds which role for the
# whole tenant, who is in which group, and which groups were read in full. waived are groups
# that the configuration lets policies set aside.
context(doc, all, waived) := {
	"pairs": {[account.principalId, account.roleDefinitionId] | some account in all; account.scope == "/"},
	"memberships": {[member.id, member.groupId] | some member in doc.evidence.role_group_members},
	"read": {account.principalId |
		not doc.gaps.role_group_members
		some account in all
		account.type == "group"
	},
	"waived": waived,
}
