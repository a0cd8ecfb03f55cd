package domicile.lib.roles_conditional_access_test

import data.domicile.lib.roles
import data.domicile.lib.roles_conditional_access as access
import data.domicile.lib.roles_conditional_access_fixtures_test as made
import data.domicile.lib.roles_fixtures_test as fixtures

_ga := roles.global_administrator

_sa := roles.security_administrator

# _asks says what a policy asks for: resistant, mfa or nothing.
_asks(policy) := "resistant" if {
	count(access.asking([policy], true)) == 1
} else := "mfa" if {
	count(access.asking([policy], false)) == 1
} else := "nothing"

_strength(strength) := _asks(made.granting({"authenticationStrength": strength}))

test_controls_that_ask_for_mfa if {
	_asks(made.policy) == "resistant"
	_asks(made.any_mfa) == "mfa"
	_asks(made.granting({"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]})) == "mfa"
	_asks(made.granting({"operator": "AND", "builtInControls": ["compliantDevice"], "authenticationStrength": {"id": made.resistant_id}})) == "resistant"
}

test_controls_that_can_be_met_without_mfa if {
	_asks(made.granting({"builtInControls": ["mfa", "compliantDevice"]})) == "nothing"
	_asks(made.granting({"builtInControls": ["mfa"], "termsOfUse": ["t"]})) == "nothing"
	_asks(made.granting({"builtInControls": ["compliantDevice"], "authenticationStrength": {"id": made.resistant_id}})) == "nothing"
	_asks(made.granting({"builtInControls": ["block"]})) == "nothing"
	_asks(made.granting({"builtInControls": null, "authenticationStrength": null})) == "nothing"
	_asks(object.union(made.policy, {"grantControls": null})) == "nothing"
}

test_policies_that_are_not_in_force_ask_for_nothing if {
	every state in ["disabled", "enabledForReportingButNotEnforced", null] {
		_asks(object.union(made.policy, {"state": state})) == "nothing"
	}
}

test_strengths_are_told if {
	_strength({"id": "00000000-0000-0000-0000-000000000002"}) == "mfa"
	_strength({"id": "own", "requirementsSatisfied": "mfa", "allowedCombinations": ["password,sms"]}) == "mfa"
	_strength({"id": "own", "requirementsSatisfied": "mfa", "allowedCombinations": ["fido2", "windowsHelloForBusiness"]}) == "resistant"
	_strength({"id": "own", "requirementsSatisfied": "mfa", "allowedCombinations": ["fido2", "temporaryAccessPassOneTime"]}) == "mfa"
	_strength({"id": "own", "requirementsSatisfied": "none", "allowedCombinations": []}) == "nothing"
	_strength({"id": "own", "allowedCombinations": null}) == "nothing"
}

test_a_policy_for_everything_has_no_hole if {
	access.holes(made.policy) == set()
	access.holes(made.conditioned({
		"clientAppTypes": ["browser", "mobileAppsAndDesktopClients"],
		"locations": {"includeLocations": ["All"], "excludeLocations": []},
		"platforms": {"includePlatforms": ["all"], "excludePlatforms": []},
		"devices": {"deviceFilter": null},
		"authenticationFlows": {"transferMethods": "none"},
	})) == set()
}

test_holes_are_said if {
	holes := {
		"is not for all applications": [{"applications": {"includeApplications": ["MicrosoftAdminPortals"]}}, {"applications": {"includeApplications": null}}],
		"leaves applications out": [{"applications": {"excludeApplications": ["a"]}}, {"applications": {"applicationFilter": {"mode": "exclude", "rule": "r"}}}],
		"is not for all clients": [{"clientAppTypes": ["browser"]}, {"clientAppTypes": null}],
		"leaves locations out": [{"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}, {"locations": {"includeLocations": ["x"]}}],
		"leaves platforms out": [{"platforms": {"includePlatforms": ["android"]}}, {"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}}],
		"leaves devices out": [{"devices": {"deviceFilter": {"mode": "exclude", "rule": "r"}}}],
		"is for risky sign-ins alone": [{"userRiskLevels": ["high"]}, {"signInRiskLevels": ["high"]}, {"insiderRiskLevels": "elevated"}, {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}],
	}
	every hole, conditions in holes {
		every condition in conditions {
			access.holes(made.conditioned(condition)) == {hole}
		}
	}
}

# _cover is what a policy is for ann, who holds a role at a scope and is in the group g.
_cover(users, over) := access.cover(made.for_users(users), object.union(account, over), context) if {
	doc := object.union(
		fixtures.tenant("xdr-current", [fixtures.admin("ann"), fixtures.row(fixtures.group("g"), _sa), fixtures.row(fixtures.group("h"), _sa)]),
		{"evidence": {"role_group_members": [fixtures.member("g", fixtures.user("ann"))]}},
	)
	all := roles.accounts(doc)
	some account in all
	account.principalId == "ann"
	account.roleDefinitionId == _ga
	context := access.context(doc, all, {"waived"})
}

test_those_included_are_covered if {
	_cover({}, {}) == "yes"
	_cover({"includeUsers": ["ann"]}, {}) == "yes"
	_cover({"includeUsers": ["None"], "includeRoles": [_ga]}, {}) == "yes"
	_cover({"includeUsers": [], "includeGroups": ["g"]}, {}) == "yes"
}

test_those_not_included_are_not_covered if {
	_cover({"includeUsers": ["bob"], "includeRoles": [_sa], "includeGroups": ["h"]}, {}) == "no"
	_cover({"includeUsers": [], "includeRoles": [_ga]}, {"scope": "/administrativeUnits/1"}) == "no"
}

test_those_set_aside_are_excluded if {
	_cover({"excludeUsers": ["ann"]}, {}) == "excluded"
	_cover({"excludeRoles": [_sa]}, {}) == "excluded"
	_cover({"excludeGroups": ["g"]}, {}) == "excluded"
	_cover({"excludeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "b2bCollaborationGuest"}}, {"guest": true}) == "excluded"
	_cover({"excludeGuestsOrExternalUsers": null}, {"guest": true}) == "yes"
}

test_what_is_held_through_a_group_takes_belonging_to_it if {
	_cover({"includeUsers": [], "includeGroups": ["pim"]}, {"via": "pim"}) == "yes"
	_cover({"includeUsers": [], "includeGroups": ["pim"]}, {}) == "no"
	_cover({"excludeGroups": ["pim"]}, {"via": "pim"}) == "excluded"
}

test_those_who_may_be_set_aside_are_not_known if {
	_cover({"excludeGroups": ["unread"]}, {}) == "perhaps"
	_cover({"excludeGroups": ["h", "waived"]}, {}) == "yes"
	_cover({"excludeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest"}}, {"guest": null}) == "perhaps"
}

test_security_defaults_ask_eleven_of_the_privileged_roles if {
	count(access.defaults_roles) == 11
	_ga in access.defaults_roles
}

test_a_policy_that_does_not_say_whom_it_is_for_covers_nobody if {
	every conditions in [null, {}, {"users": null}] {
		policy := object.union(object.remove(made.policy, ["conditions"]), {"conditions": conditions})
		_covered(policy) == "no"
		"is not for all applications" in access.holes(policy)
	}
	_covered(object.remove(made.policy, ["conditions"])) == "no"
	_covered(made.policy) == "yes"
}

_covered(policy) := access.cover(policy, {"principalId": "ann", "roleDefinitionId": _ga, "scope": "/", "guest": false}, {"pairs": set(), "memberships": set(), "read": set(), "waived": set()})
