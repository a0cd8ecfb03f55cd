# METADATA
# title: Holders of privileged roles are reviewed
# description: |-
#   People change their work and keep their roles, because nobody takes away what doesn't
#   disturb. A recurring review in which somebody else confirms each active and eligible holder
#   is what ends that. A review of one's own access, one that happens once, or one that has
#   ended confirms nothing.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-create-roles-and-resource-roles-review
#   - ref: https://learn.microsoft.com/graph/accessreviews-scope-concept
# custom:
#   id: ROLE1012
#   severity: medium
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [access_reviews]
#     optional: [group_eligibility, role_assignments, role_eligibility, role_group_members]
#   licence: [AAD_PREMIUM_P2, Entra_Identity_Governance]
#   params:
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise.
#       default: [default]
#     review_max_days:
#       type: integer
#       description: How many days may lie between two reviews of a role at the most.
#       default: 31
#     review_roles:
#       type: [string]
#       description: Template ids of the roles that must be under review; those of privileged_roles where it isn't set.
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: "5.3.3", coverage: part}]
#     nist_800_53: [{id: AC-6(7), coverage: part}, {id: AC-2, coverage: part}]
#     iso_27001: [{id: A.5.18, coverage: part}]
#     nis2: [{id: 21(2)(i), coverage: evidence}]
#   remediation:
#     summary: Set up a recurring review of all active and eligible holders of the role, by somebody else.
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Identity governance > Privileged Identity Management > Microsoft Entra roles > Access reviews > New, as Privileged Role Administrator.
#         - Choose the role, users and groups, and all active and eligible assignments.
#         - Let it recur monthly without an end, with a duration of at most 14 days.
#         - Name reviewers other than the members themselves, at least two, and let the decisions be applied.
#         - Where a role needn't be reviewed so often, set review_max_days or review_roles.
package domicile.roles.privileged_roles_reviewed

import data.domicile.lib.reviews
import data.domicile.lib.roles

_wanted := roles.privileged(object.get(input.params, "review_roles", input.params.privileged_roles))

# _held are the roles that somebody holds or is eligible for, as far as could be read.
_held := {row.roleDefinitionId | some row in input.evidence.role_assignments} | {row.roleDefinitionId | some row in input.evidence.role_eligibility}

_to_review := _wanted & _held

# _perhaps_held are the others, which somebody may hold where not all holders were read.
_perhaps_held := _wanted - _held if count(_holders_unread) > 0

default _perhaps_held := set()

_holders_unread := {reason.kind |
	some reason in roles.unread(input, set())
}

# What covers a role: the halves of it that sound reviews cover, and those that reviews
# cover which don't say enough.
_sound[role] := {half |
	some review in input.evidence.access_reviews
	not reviews.unclear(review)
	count(_faults(review)) == 0
	some half in reviews.covers(review, role)
} if {
	some role in _wanted
}

_unclear[role] := {half |
	some review in input.evidence.access_reviews
	reviews.unclear(review)
	count(_faults(review)) == 0
	some half in reviews.covers(review, role)
} if {
	some role in _wanted
}

_halves := {"active", "eligible"}

_faults(review) := reviews.faults(review, input.params.review_max_days, input.now)

deny contains {
	"resource": {"kind": "role", "id": role, "name": roles.role_name(role)},
	"message": sprintf("Holders of %s are not under review: %s", [roles.role_name(role), _why(role)]),
	"expected": sprintf("a review of active and eligible holders at least every %d days, by somebody else", [input.params.review_max_days]),
	"actual": _actual(role),
} if {
	some role in _to_review
	count((_halves - _sound[role]) - _unclear[role]) > 0
}

_actual(role) := "no sound review" if count(_sound[role]) == 0

_actual(role) := sprintf("only %s holders are reviewed", [concat(" and ", _sound[role])]) if count(_sound[role]) > 0

_why(role) := "no access review covers them." if count(_reviews(role)) == 0

_why(role) := concat(" ", array.slice(sentences, 0, 3)) if {
	count(_reviews(role)) > 0
	sentences := sort({_sentence(review, role) | some review in _reviews(role)})
}

_reviews(role) := {review |
	some review in input.evidence.access_reviews
	count(reviews.covers(review, role)) > 0
}

_sentence(review, role) := sprintf("the review '%s' covers %s holders and %s.", [_name(review), concat(" and ", reviews.covers(review, role)), _state(review)])

_state(review) := concat(", ", sort(_faults(review))) if count(_faults(review)) > 0

_state(review) := "is sound" if count(_faults(review)) == 0

_name(review) := substring(review.displayName, 0, 60) if is_string(review.displayName)

_name(review) := "without a name" if not _named(review)

_named(review) if is_string(review.displayName)

not_applicable contains {"reason": "nothing_to_judge", "message": "No role is to be reviewed: review_roles and privileged_roles name none."} if {
	count(_wanted) == 0
}

not_applicable contains {"reason": "nothing_to_judge", "message": "Nobody holds or is eligible for a role that is to be reviewed."} if {
	count(_wanted) > 0
	count(_to_review) == 0
	count(_holders_unread) == 0
}

unknown contains reason if {
	roles_unclear := {role |
		some role in _to_review
		count(_halves - _sound[role]) > 0
		count((_halves - _sound[role]) - _unclear[role]) == 0
	}
	count(roles_unclear) > 0
	reason := {
		"reason": "partial",
		"kind": "access_reviews",
		"message": "Reviews of privileged roles do not say in the evidence who reviews or how often.",
	}
}

unknown contains reason if {
	unreviewed := {role | some role in _perhaps_held; count(_halves - _sound[role]) > 0}
	count(unreviewed) > 0
	some gap in roles.unread(input, set())
	reason := {
		"reason": gap.reason,
		"kind": gap.kind,
		"message": "Roles without a review may have holders that are not in the evidence.",
	}
}

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "access_reviews"} if {
	value := sprintf("access reviews of directory roles: %d", [count([review | some review in input.evidence.access_reviews; reviews.of_roles(review)])])
}
