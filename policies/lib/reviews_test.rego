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

test_a_review_of_some_people_covers_nothing if {
	some_people := made.query("/v1.0/groups/c0000000-0000-4000-8000-000000000001/transitiveMembers/microsoft.graph.user")
	reviews.covers(_principals_of_role([some_people]), _ga) == set()
	one := concat(" and ", [made.instances("Assignment", "user", _ga).query, "principalId eq 'c0000000-0000-4000-8000-000000000002'"])
	reviews.covers(_scoped(made.query(one)), _ga) == set()
	reviews.covers(_principals_of_role([some_people, made.query("/users")]), _ga) == _both
}

test_a_review_whose_scope_or_recurrence_is_not_said_is_unclear if {
	unscoped := _scoped(null)
	reviews.unclear(unscoped)
	not reviews.of_roles(unscoped)
	reviews.covers(unscoped, _ga) == _both
	every settings in [made.recurring("fortnightly", 1, null), made.recurring("weekly", null, null), made.recurring(null, 1, null)] {
		review := object.union(made.review(_ga), {"settings": settings})
		reviews.unclear(review)
		reviews.faults(review, 31, _now) == set()
	}
}

test_nulls_in_a_review_break_nothing if {
	reviews.covers(_scoped({"query": null, "principalScopes": null, "resourceScopes": [null, made.query("/roleManagement/directory/roleDefinitions")]}), _ga) == set()
	reviews.covers(_principals_of_role([null, object.union(made.query("/users"), {"@odata.type": null})]), _ga) == _both
	_faults(_recurring("absoluteMonthly", 1, {"type": "numbered", "startDate": null, "numberOfOccurrences": null})) == set()
	_faults(_recurring("absoluteMonthly", 1, {"type": "endDate", "startDate": null, "endDate": null})) == set()
}

_principals_of_role(scopes) := object.union(made.review(_ga), {"scope": {"principalScopes": scopes}})
