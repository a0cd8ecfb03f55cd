# METADATA
# title: Every user in scope is covered by a Defender plan
# description: |-
#   A user without a Defender plan is a gap in what the service sees, and may be using it
#   without the right to. In scope are enabled members with a licence. Administrators' own
#   accounts are not, since they should carry no licence (LIC1011), nor are break-glass and
#   exempt accounts. LIC1013 judges the share, and this rule is the list behind it.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/prerequisites
#   - ref: https://learn.microsoft.com/graph/api/resources/assignedplan
# custom:
#   id: LIC1007
#   severity: low
#   scope: users
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [users, subscribed_skus]
#     optional: [role_assignments, role_eligibility, role_schedules, role_group_members, group_eligibility]
#   params:
#     break_glass_accounts:
#       type: [string]
#       description: Object ids of the accounts kept for emergencies.
#     coverage_exempt:
#       type: object
#       description: Whom no Defender plan need cover, as patterns of user principal names (upn, with * for any text) and ids of groups that assign licences (groups).
#       default: {upn: ["svc-*", "room-*"], groups: []}
#     coverage_unlicensed:
#       type: boolean
#       description: Whether users without any licence should be covered too.
#       default: false
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise, so that ids beside it add to them; ids of custom roles may be given too.
#       default: [default]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Assign a licence with a Defender plan to the user, or exempt the account.
#     action: assign_defender_licence
#     steps:
#       xdr-current:
#         - Assign a licence with a Defender plan to the user, best through a group, in the Microsoft 365 admin center > Billing > Licenses; see that its plans are switched on (LIC1008) and that no assignment is in error (LIC1009).
#         - A shared mailbox, a room or a service's account needs none; add its name's pattern, or the group that licenses it, to coverage_exempt.
#         - Disable accounts that nobody uses.
package domicile.licences.users_covered

import data.domicile.lib.licences_coverage as coverage

deny contains {
	"resource": {"kind": "user", "id": user.id, "name": coverage.label(user)},
	"message": sprintf("'%s' is licensed or should be, and no Defender plan is in force for the account.", [coverage.label(user)]),
	"expected": "a Defender plan that is enabled or in grace",
	"actual": "none",
} if {
	count(_unread) == 0
	some user in _uncovered
}

not_applicable contains {"reason": "nothing_to_judge", "message": "The tenant's licences hold no Defender plan, which LIC1001 reports."} if {
	coverage.unlicensed(input)
}

not_applicable contains {"reason": "nothing_to_judge", "message": "No user is in scope."} if not _some_in_scope

# Who is privileged matters only where somebody isn't covered.
unknown contains gap if {
	count(_uncovered) > 0
	some gap in _unread
}

unknown contains {"reason": "partial", "kind": "users", "message": "The plans or licences of some users are not in the evidence; collect users again."} if {
	some user in _open
	not coverage.told(user, _exempt)
}

_exempt := coverage.exemptions(input)

_unread := coverage.unread(input)

_some_in_scope if {
	not coverage.unlicensed(input)
	some user in input.evidence.users
	coverage.in_scope(user, _exempt)
}

# Most users are covered, which costs less to see than that they are in scope.
_covered := {user.id |
	some user in input.evidence.users
	some plan in user.assignedPlans
	plan.servicePlanId in coverage.defender_plans
	plan.capabilityStatus in {"Enabled", "Warning"}
}

# The users in scope whom no plan covers, as far as the evidence tells.
_open := [user |
	not coverage.unlicensed(input)
	some user in input.evidence.users
	not user.id in _covered
	coverage.in_scope(user, _exempt)
]

_uncovered := [user |
	some user in _open
	coverage.told(user, _exempt)
]
