package domicile.roles.privileged_users_not_away_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.privileged_users_not_away as rule

_custom := "d0000000-0000-4000-8000-000000000001"

_sa := roles.security_administrator

_failed(doc) := ids if {
	ids := {finding.resource.id | some finding in rule.deny} with input as doc
}

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

_values(doc) := values if {
	values := {fact.value | some fact in rule.observed} with input as doc
}

_passes(doc) if {
	_failed(doc) == set()
	_reasons(doc) == set()
}

_tenant(assignments) := made.tenant("xdr-current", assignments)

_signed_in(date) := {"lastSignInDateTime": date, "lastNonInteractiveSignInDateTime": null, "lastSuccessfulSignInDateTime": null}

_old := "2025-01-01T00:00:00Z"

_recent := "2026-11-01T00:00:00Z"

# _with is the tenant with somebody's sign-in activity; every account is from 2025.
_with(doc, activity) := object.union(doc, {
	"params": {"unused_role_days": 90, "break_glass_accounts": ["bg"]},
	"lookup": {
		"sign_in_activity": {id: {"id": id, "signInActivity": value} | some id, value in activity},
		"users": {id: {"createdDateTime": _old} | some id in object.keys(doc.lookup.users)},
	},
})

_admin(activity) := _with(_tenant([made.row(made.user("ann"), _sa)]), {"ann": activity})

_unnamed(doc) := object.union(object.remove(doc, ["params"]), {"params": object.remove(doc.params, ["break_glass_accounts"])})

test_passes_when_everybody_signed_in_lately if {
	_passes(_admin(_signed_in(_recent)))
	_passes(_admin(_signed_in("2026-08-23T00:00:00Z")))
	_passes(_admin(object.union(_signed_in(_old), {"lastNonInteractiveSignInDateTime": _recent})))
}

test_fails_when_somebody_has_been_away if {
	rule.deny == {{
		"resource": {"kind": "user", "id": "ann", "name": "ann@contoso.example"},
		"message": "'ann@contoso.example' signed in last on 2025-01-01, and holds Security Administrator (standing).",
		"expected": "signed in within the last 90 days",
		"actual": "signed in last on 2025-01-01",
	}} with input as _admin(_signed_in(_old))
	_failed(_admin(_signed_in("2026-08-22T23:59:59Z"))) == {"ann"}
}

test_fails_when_the_last_success_is_old_although_attempts_are_not if {
	_failed(_admin(object.union(_signed_in(_recent), {"lastSuccessfulSignInDateTime": _old}))) == {"ann"}
}

test_fails_when_an_old_account_never_signed_in if {
	every activity in [null, _signed_in(null)] {
		{finding.actual | some finding in rule.deny} == {"has never signed in"} with input as _admin(activity)
	}
}

test_passes_when_a_young_account_never_signed_in if {
	_passes(object.union(_admin(null), {"lookup": {"users": {"ann": {"createdDateTime": _recent}}}}))
}

test_passes_when_the_account_is_kept_for_emergencies if {
	doc := _with(_tenant([made.admin("bg")]), {"bg": null})
	_passes(doc)
	_values(doc) == {"accounts kept for emergencies, which are unused by design: 1"}
}

test_passes_when_those_who_are_away_cannot_sign_in_or_are_not_privileged if {
	_passes(_with(_tenant([made.row(object.union(made.user("off"), {"accountEnabled": false}), _sa)]), {"off": null}))
	_passes(_with(_tenant([made.row(made.application("app"), _sa)]), {}))
	_passes(_with(_tenant([made.row(made.user("ann"), roles.security_reader)]), {"ann": null}))
	sync := object.union(_with(_tenant([made.row(made.user("sync"), roles.directory_synchronization_accounts)]), {"sync": null}), {"params": {"privileged_roles": [roles.directory_synchronization_accounts]}})
	_passes(sync)
}

test_unknown_when_emergency_accounts_are_not_named if {
	doc := _unnamed(_with(_tenant([made.admin("ann"), made.row(made.user("bob"), _sa)]), {"ann": null, "bob": null}))
	_failed(doc) == {"bob"}
	_reasons(doc) == {["needs_configuration", ""]}
}

test_unknown_when_activity_was_not_read if {
	doc := _with(_tenant([made.admin("ann")]), {})
	_reasons(doc) == {["partial", "sign_in_activity"]}
	_reasons(object.union(doc, made.gaps({"sign_in_activity": "timeout"}))) == {["timeout", "sign_in_activity"]}
}

test_unknown_when_the_age_of_the_account_was_not_read if {
	doc := object.union(_admin(null), {"lookup": {"users": {"ann": {"createdDateTime": null}}}})
	_failed(doc) == set()
	_reasons(doc) == {["partial", "users"]}
}

test_unknown_when_holders_may_be_hidden_and_fails_stand if {
	doc := object.union(_admin(_signed_in(_old)), made.gaps({"role_assignments": "partial"}))
	_failed(doc) == {"ann"}
	_reasons(doc) == {["partial", "role_assignments"]}
}

test_unknown_when_the_holder_of_a_custom_role_has_been_away if {
	doc := _with(_tenant([made.row(made.user("ann"), _custom)]), {"ann": null})
	_failed(doc) == set()
	_reasons(doc) == {["needs_configuration", "role_assignments"]}
}

test_not_applicable_when_no_role_is_privileged if {
	doc := object.union(_admin(null), {"params": {"privileged_roles": []}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
}
