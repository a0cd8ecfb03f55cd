# METADATA
# title: Most of the users in scope are covered by a Defender plan
# description: |-
#   Where many users have no Defender plan, the service sees only part of the organisation, and
#   what rests on its coverage is worth less. A few uncovered users are no violation of their
#   own; LIC1007 lists them. In scope are enabled members with a licence who are neither
#   privileged nor exempt.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/prerequisites
#   - ref: https://learn.microsoft.com/graph/api/resources/assignedplan
# custom:
#   id: LIC1013
#   severity: medium
#   scope: tenant
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
#     coverage_min_percent:
#       type: integer
#       description: The least share of the users in scope that a Defender plan must cover, in percent.
#       default: 95
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: License the users that LIC1007 lists, or exempt those whom no Defender plan need cover.
#     steps:
#       xdr-current:
#         - Take the list from the findings of LIC1007 and sort it by department or licence.
#         - Assign a licence with a Defender plan to the groups they belong to, in the Microsoft 365 admin center > Billing > Licenses; buy units where LIC1005 says that they run out.
#         - Add shared mailboxes, rooms and services' accounts to coverage_exempt.
package domicile.licences.users_covered_in_share

import data.domicile.lib.licences_coverage as coverage

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": sprintf("A Defender plan covers %d of the %d users in scope, less than %d percent.", [_covered, count(_scope), input.params.coverage_min_percent]),
	"expected": sprintf("%d percent at least", [input.params.coverage_min_percent]),
	"actual": sprintf("%d percent", [floor((_covered * 100) / count(_scope))]),
} if {
	count(_unread) == 0
	not _enough(_covered + _unsaid)
}

not_applicable contains {"reason": "nothing_to_judge", "message": "The tenant's licences hold no Defender plan, which LIC1001 reports."} if {
	coverage.unlicensed(input)
}

not_applicable contains {"reason": "nothing_to_judge", "message": "No user is in scope."} if count(_scope) == 0

unknown contains gap if {
	count(_scope) > 0
	some gap in _unread
}

unknown contains {"reason": "partial", "kind": "users", "message": message} if {
	_enough(_covered + _unsaid)
	not _enough(_covered)
	message := sprintf("The plans or licences of %d users are not in the evidence, and whether enough are covered hangs on them; collect users again.", [_unsaid])
}

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "users"} if {
	count(_scope) > 0
	value := sprintf("%d of %d users in scope are covered", [_covered, count(_scope)])
}

_exempt := coverage.exemptions(input)

_unread := coverage.unread(input)

_scope := [user |
	not coverage.unlicensed(input)
	some user in input.evidence.users
	coverage.in_scope(user, _exempt)
]

_covered := count([1 | some user in _scope; coverage.covered(user)])

_unsaid := count([1 | some user in _scope; not coverage.told(user, _exempt)])

_enough(n) if n * 100 >= count(_scope) * input.params.coverage_min_percent
