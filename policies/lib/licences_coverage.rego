# METADATA
# title: Coverage by licences
# description: |-
#   Which plans a user's assigned licences give, and which users should be covered by a
#   Defender plan at all. A plan counts while its status is Enabled or Warning (grace), as
#   Microsoft Graph's assignedPlan has it.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/assignedplan
#   - ref: https://learn.microsoft.com/graph/api/resources/licenseassignmentstate
package domicile.lib.licences_coverage

import data.domicile.lib.licences
import data.domicile.lib.roles

# defender_plans are the ids of the plans that give a user a Defender service.
defender_plans := union({ids | some ids in licences.service_plans}) | {licences.plans.MTP}

# plans_on is the set of the ids of the plans that a user has in force; undefined when the
# user's plans weren't read.
plans_on(user) := {plan.servicePlanId |
	some plan in user.assignedPlans
	plan.capabilityStatus in {"Enabled", "Warning"}
} if {
	is_array(user.assignedPlans)
}

# covers holds for a Defender plan in force.
covers(plan) if {
	plan.servicePlanId in defender_plans
	plan.capabilityStatus in {"Enabled", "Warning"}
}

# covered holds for a user with such a plan.
covered(user) if {
	some plan in user.assignedPlans
	covers(plan)
}

# plans_read holds for a user whose plans are in the evidence.
plans_read(user) if is_array(user.assignedPlans)

# told holds for a user of whom the evidence says whether a plan covers it, or should: a user
# without any licence is in scope only where exemptions say so.
told(user, exempt) if {
	plans_read(user)
	_licences_told(user, exempt)
}

_licences_told(user, _) if is_array(user.assignedLicenses)

_licences_told(_, exempt) if exempt.unlicensed

_licences_told(user, _) if covered(user)

# exemptions is who need not be covered, made once of the whole input: the ids of the
# privileged and the break-glass accounts, patterns of user principal names in lower case,
# groups that assign licences, and whether users without any licence count.
exemptions(inp) := {
	"ids": (privileged(inp) | {id | some id in object.get(inp.params, "break_glass_accounts", [])}),
	"patterns": {lower(pattern) | some pattern in object.get(inp.params.coverage_exempt, "upn", []); is_string(pattern)},
	"groups": {group | some group in object.get(inp.params.coverage_exempt, "groups", [])},
	"unlicensed": inp.params.coverage_unlicensed,
}

# privileged is the set of the ids of who holds, or may activate, a privileged role. It takes
# the whole input.
privileged(inp) := roles.principals(inp, roles.privileged(inp.params.privileged_roles))

# unread is the set of {reason, kind, message} of why it isn't known who is privileged.
unread(inp) := {{"reason": gap.reason, "kind": gap.kind, "message": message} |
	granted := roles.grants(inp, roles.privileged(inp.params.privileged_roles))
	some gap in roles.unread(inp, granted)
	message := "Who is privileged, and so need not be covered, is not known in full."
}

# unlicensed holds when the tenant's licences were read and give no Defender plan, so that
# nobody can be covered, which LIC1001 reports. It takes the whole input.
unlicensed(inp) if {
	not inp.gaps.subscribed_skus
	count(licences.unreadable(inp.evidence.subscribed_skus)) == 0
	count(licences.held(inp.evidence.subscribed_skus) & defender_plans) == 0
}

# in_scope holds for a user who should be covered: an enabled member whom nothing exempts.
in_scope(user, exempt) if {
	_counts(user, exempt)
	not object.get(user, "accountEnabled", null) in [false]
	object.get(user, "userType", null) != "Guest"
	not object.get(user, "id", "") in exempt.ids
	not _exempt_by_name(user, exempt)
	not _exempt_by_group(user, exempt)
}

# label is how messages call a user: the user principal name, or else the id.
label(user) := substring(user.userPrincipalName, 0, 120) if {
	is_string(user.userPrincipalName)
} else := user.id

# A user whose licences weren't read is not known to have none.
_counts(_, exempt) if exempt.unlicensed

_counts(user, exempt) if {
	not exempt.unlicensed
	object.get(user, "assignedLicenses", null) != []
}

_exempt_by_name(user, exempt) if {
	is_string(user.userPrincipalName)
	some pattern in exempt.patterns
	glob.match(pattern, null, lower(user.userPrincipalName))
}

_exempt_by_group(user, exempt) if {
	count(exempt.groups) > 0
	some state in user.licenseAssignmentStates
	state.assignedByGroup in exempt.groups
}
