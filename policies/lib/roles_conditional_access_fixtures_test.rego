# The Conditional Access policies that tests are made of.
package domicile.lib.roles_conditional_access_fixtures_test

resistant_id := "00000000-0000-0000-0000-000000000004"

# policy asks everybody for phishing-resistant MFA everywhere.
policy := {
	"id": "p",
	"displayName": "MFA",
	"state": "enabled",
	"conditions": {
		"clientAppTypes": ["all"],
		"users": {"includeUsers": ["All"], "excludeUsers": [], "includeGroups": [], "excludeGroups": [], "includeRoles": [], "excludeRoles": []},
		"applications": {"includeApplications": ["All"], "excludeApplications": [], "includeUserActions": [], "applicationFilter": null},
		"locations": null,
		"platforms": null,
		"devices": null,
		"insiderRiskLevels": null,
		"userRiskLevels": [],
		"signInRiskLevels": [],
	},
	"grantControls": {"operator": "OR", "builtInControls": [], "termsOfUse": [], "customAuthenticationFactors": [], "authenticationStrength": {"id": resistant_id}},
}

# conditioned is the policy with conditions laid over.
conditioned(over) := object.union(policy, {"conditions": over})

# for_users is the policy with those it is for laid over.
for_users(over) := conditioned({"users": over})

# granting is the policy with other controls; none is left of its own.
granting(controls) := object.union(object.remove(policy, ["grantControls"]), {"grantControls": object.union({"operator": "OR", "builtInControls": []}, controls)})

# any_mfa is the policy that any MFA meets.
any_mfa := granting({"builtInControls": ["mfa"]})
