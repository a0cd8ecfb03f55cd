# METADATA
# title: Access reviews
# description: |-
#   Which directory roles an access review covers, and whether it recurs soon enough, still
#   runs and isn't answered by those whom it is about. The functions take definitions as
#   Microsoft Graph lists them. A review names its roles in queries: of role definitions
#   (active and eligible holders alike, all roles where none is named), or of the instances
#   of assignments (active) and of eligibility.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/graph/accessreviews-scope-concept
#   - ref: https://learn.microsoft.com/graph/api/resources/accessreviewscheduledefinition
package domicile.lib.reviews

import data.domicile.lib.attestations

# of_roles holds for a review of directory roles, whoever is reviewed.
of_roles(review) if count(_covered(review)) > 0

# covers is what a review covers of a role: a set of active and eligible; empty where it
# doesn't review people. One without a scope may be of any role, and is unclear.
covers(review, role) := {half |
	_of_people(review)
	some [id, half] in _covered(review)
	id in {role, "*"}
} if {
	_scoped(review)
} else := {"active", "eligible"}

_scoped(review) if is_object(review.scope)

# _covered are [role, half] of every query of the scope; "*" stands for every role.
_covered(review) := {[id, half] |
	some query in _queries(review)
	some mark, halves in _marks
	contains(query, mark)
	some half in halves
	some id in _ids(query)
}

_marks := {
	"rolemanagement/directory/roledefinitions": {"active", "eligible"},
	"rolemanagement/directory/roleassignments": {"active"},
	"rolemanagement/directory/roleeligibility": {"eligible"},
}

_queries(review) := {lower(query) |
	some scope in array.concat([review.scope], _list(review.scope, "resourceScopes"))
	query := scope.query
	is_string(query)
}

_list(scope, name) := scopes if {
	scopes := scope[name]
	is_array(scopes)
} else := []

_ids(query) := found if {
	found := _guids(query)
	count(found) > 0
} else := {"*"}

_guids(query) := {id | some id in regex.find_n(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, query, -1)}

# A review is of people unless its queries speak of applications alone, or of guests, of
# people who have been inactive, or of some people or the members of a group alone.
_of_people(review) if {
	some query in _people_queries(review)
	not _narrowed(query)
}

_people_queries(review) := {lower(scope.query) |
	some scope in _list(review.scope, "principalScopes")
	is_string(scope.query)
	not _of_inactive(scope)
	count(_guids(lower(scope.query))) == 0
} if {
	count(_list(review.scope, "principalScopes")) > 0
} else := {lower(query) |
	query := review.scope.query
	is_string(query)
}

_of_inactive(scope) if {
	is_string(scope["@odata.type"])
	contains(scope["@odata.type"], "InactiveUsers")
}

_narrowed(query) if contains(query, "serviceprincipal")

_narrowed(query) if contains(query, "usertype eq 'guest'")

_narrowed(query) if contains(query, "principalid eq")

# faults are what is wrong with a review: clauses for a message, empty for a good one.
faults(review, max_days, now) := (_recurrence_faults(review, max_days) | _end_faults(review, now)) | _reviewer_faults(review)

_recurrence_faults(review, _) := {"happens once"} if {
	_said(review)
	not interval_days(review)
}

_recurrence_faults(review, max_days) := {sprintf("recurs every %d days", [days]) | days > max_days} if {
	days := interval_days(review)
}

_recurrence_faults(review, _) := set() if not _said(review)

_end_faults(review, now) := {"has ended" | ended(review, now)}

_reviewer_faults(review) := {"is answered by those whom it is about" | _self(review)}

# Without reviewers everybody reviews their own access.
_self(review) if {
	is_array(review.reviewers)
	count(review.reviewers) == 0
	count([fallback | some fallback in review.fallbackReviewers]) == 0
}

# unclear holds for a review that doesn't say what it is of, who reviews or how it recurs.
unclear(review) if not is_array(object.get(review, "reviewers", null))

unclear(review) if not _said(review)

unclear(review) if not _scoped(review)

# _said holds where the settings are there, with a recurrence that can be read: without one in
# them it happens once.
_said(review) if {
	is_object(review.settings)
	not _unreadable(review.settings)
}

_unreadable(settings) if {
	pattern := settings.recurrence.pattern
	is_object(pattern)
	not _readable(pattern)
}

_readable(pattern) if {
	pattern.type in object.keys(_unit_days)
	is_number(pattern.interval)
}

# interval_days is how many days lie between two rounds at the most; undefined for a review
# that happens once.
interval_days(review) := days if {
	pattern := review.settings.recurrence.pattern
	is_number(pattern.interval)
	days := _unit_days[pattern.type] * pattern.interval
	days > 0
}

_unit_days := {
	"daily": 1,
	"weekly": 7,
	"absoluteMonthly": 31,
	"relativeMonthly": 31,
	"absoluteYearly": 366,
	"relativeYearly": 366,
}

# ended holds when the last round is over.
ended(review, now) if {
	range := review.settings.recurrence.range
	range.type == "endDate"
	attestations.end_ns(range.endDate) < attestations.time_ns(now)
}

ended(review, now) if {
	range := review.settings.recurrence.range
	range.type == "numbered"
	is_number(range.numberOfOccurrences)
	rounds := range.numberOfOccurrences * interval_days(review)
	attestations.time_ns(range.startDate) + (rounds * 86400000000000) < attestations.time_ns(now)
}

ended(review, _) if {
	review.status in {"Completed", "Applied"}
	not interval_days(review)
}
