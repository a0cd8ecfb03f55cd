package domicile.lib.reviews_test

import data.domicile.lib.reviews
import data.domicile.lib.reviews_fixtures_test as made
import data.domicile.lib.roles

_ga := roles.global_administrator

_sa := roles.security_administrator

_now := "2026-11-21T00:00:00Z"

_both := {"active", "eligible"}

_faults(over) := reviews.faults(object.union(made.review(_ga), over), 31, _now)

_recurring(type, interval, range) := {"settings": made.recurring(type, interval, range)}

_scoped(scope) := object.union(object.remove(made.review(_ga), ["scope"]), {"scope": scope})

_principals(scopes) := object.union(made.review(_ga), {"scope": {"principalScopes": scopes}})

test_a_review_of_a_role_definition_covers_both_halves if {
	reviews.covers(made.review(_ga), _ga) == _both
	reviews.covers(made.review(_ga), _sa) == set()
	reviews.of_roles(made.review(_ga))
}

test_a_review_of_all_definitions_covers_every_role if {
	all := _scoped({"principalScopes": [made.query("/users")], "resourceScopes": [made.query("/roleManagement/directory/roleDefinitions")]})
	reviews.covers(all, _sa) == _both
}

test_a_review_of_instances_covers_one_half if {
	reviews.covers(_scoped(made.instances("Assignment", "user", _ga)), _ga) == {"active"}
	reviews.covers(_scoped(made.instances("Eligibility", "user", _ga)), _ga) == {"eligible"}
}

test_a_review_of_applications_or_guests_or_inactive_people_covers_nothing if {
	reviews.covers(_scoped(made.instances("Assignment", "servicePrincipal", _ga)), _ga) == set()
	reviews.covers(_principals([made.query("/servicePrincipals")]), _ga) == set()
	reviews.covers(_principals([made.query("/users?$filter=(userType eq 'Guest')")]), _ga) == set()
	inactive := object.union(made.query("/users"), {"@odata.type": "#microsoft.graph.accessReviewInactiveUsersQueryScope"})
	reviews.covers(_principals([inactive]), _ga) == set()
}

test_a_review_of_something_else_is_not_of_roles if {
	groups := _scoped(made.query("/groups/62e90394-69f5-4237-9190-012177145e10/transitiveMembers"))
	not reviews.of_roles(groups)
	not reviews.of_roles(_scoped({}))
	reviews.covers(groups, _ga) == set()
	reviews.covers(_scoped({"principalScopes": null, "resourceScopes": null}), _ga) == set()
}

test_a_monthly_review_has_no_fault if {
	_faults({}) == set()
	_faults(_recurring("weekly", 4, {"type": "endDate", "startDate": "2026-01-01", "endDate": "2026-11-21"})) == set()
	_faults(_recurring("relativeMonthly", 1, {"type": "numbered", "startDate": "2026-01-01", "numberOfOccurrences": 12})) == set()
}

test_a_review_that_recurs_too_rarely_or_never_has_a_fault if {
	_faults(_recurring("absoluteMonthly", 3, {"type": "noEnd"})) == {"recurs every 93 days"}
	_faults(_recurring("absoluteYearly", 1, {"type": "noEnd"})) == {"recurs every 366 days"}
	_faults({"settings": {"recurrence": null}}) == {"happens once"}
	_faults({"settings": {"recurrence": {"pattern": null, "range": null}}}) == {"happens once"}
	_faults({"status": "Completed", "settings": {"recurrence": null}}) == {"happens once", "has ended"}
}

test_a_review_that_has_ended_has_a_fault if {
	_faults(_recurring("absoluteMonthly", 1, {"type": "endDate", "startDate": "2025-01-01", "endDate": "2026-11-19"})) == {"has ended"}
	_faults(_recurring("absoluteMonthly", 1, {"type": "numbered", "startDate": "2025-01-01", "numberOfOccurrences": 3})) == {"has ended"}
}

test_a_review_of_oneself_has_a_fault if {
	_faults({"reviewers": []}) == {"is answered by those whom it is about"}
	_faults({"reviewers": [], "fallbackReviewers": null}) == {"is answered by those whom it is about"}
	_faults({"reviewers": [], "fallbackReviewers": [made.query("/users/boss")]}) == set()
}

test_a_review_that_does_not_say_is_unclear if {
	not reviews.unclear(made.review(_ga))
	reviews.unclear(object.remove(made.review(_ga), ["reviewers"]))
	reviews.unclear(object.remove(made.review(_ga), ["settings"]))
	reviews.faults(object.remove(made.review(_ga), ["settings"]), 31, _now) == set()
}
