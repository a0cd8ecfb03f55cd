package domicile.roles.privileged_applications_owned_by_equals_test

import data.domicile.lib.roles
import data.domicile.lib.roles_applications_fixtures_test as made
import data.domicile.lib.roles_fixtures_test as fixtures
import data.domicile.roles.privileged_applications_owned_by_equals as rule

_sa := roles.security_administrator

_owner(of, kind, person) := object.union(person, {"ownedId": of, "ownedKind": kind})

# _owned is the tenant in which app holds Security Administrator and has these owners, and
# others hold roles besides.
_owned(owners, others) := object.union(made.tenant(_sa, {}), {"evidence": {
	"role_owners": owners,
	"role_assignments": array.concat([fixtures.row(fixtures.application("app"), _sa)], others),
}})

_by(id) := [_owner("app", "servicePrincipal", fixtures.user(id))]

_failed(doc) := ids if {
	ids := {finding.resource.id | some finding in rule.deny} with input as doc
}

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

_passes(doc) if {
	_failed(doc) == set()
	_reasons(doc) == set()
}

test_passes_when_nobody_owns_the_application if {
	_passes(_owned([], []))
	{fact.value | some fact in rule.observed} == {"'app' has owners: 0"} with input as _owned([], [])
}

test_passes_when_the_owner_holds_the_role_or_more if {
	_passes(_owned(_by("ann"), [fixtures.row(fixtures.user("ann"), _sa)]))
	_passes(_owned(_by("ann"), [fixtures.admin("ann")]))
	_passes(object.union(_owned(_by("ann"), []), {"evidence": {"role_eligibility": [fixtures.row(fixtures.user("ann"), _sa)]}}))
}

test_fails_when_an_owner_of_the_service_principal_lacks_the_role if {
	rule.deny == {{
		"resource": {"kind": "service_principal", "id": "app", "name": "app"},
		"message": "'app' holds Security Administrator (standing), and owners lack it: 'ann@contoso.example'.",
		"expected": "no owner, or owners who hold the same roles",
		"actual": "owners without the roles: 1",
	}} with input as _owned(_by("ann"), [fixtures.row(fixtures.user("ann"), roles.security_reader)])
}

test_fails_when_an_owner_of_the_registration_lacks_the_role if {
	_failed(_owned([_owner("app-object", "application", fixtures.user("ann"))], [])) == {"app"}
	_failed(_owned([{"ownedId": "app-object", "ownedKind": "application", "id": "ann"}], [])) == {"app"}
}

test_passes_when_another_application_is_owned if {
	_passes(_owned([_owner("other", "servicePrincipal", fixtures.user("ann"))], []))
}

test_fails_when_an_application_of_another_organisation_is_not_approved if {
	_failed(made.unregistered(_sa, {"appOwnerOrganizationId": made.other_id})) == {"app"}
}

test_passes_when_it_is_microsoft_s if {
	doc := made.unregistered(_sa, {"appOwnerOrganizationId": made.microsoft_id})
	_passes(doc)
	{fact.fact | some fact in rule.observed} == {"exempt"} with input as doc
}

test_unknown_when_an_application_of_another_organisation_is_approved if {
	doc := made.approving(made.unregistered(_sa, {"appOwnerOrganizationId": made.other_id}), [_sa])
	_failed(doc) == set()
	_reasons(doc) == {["partial", "applications"]}
}

test_unknown_when_an_owner_may_hold_the_role_unseen if {
	doc := object.union(_owned(_by("ann"), []), fixtures.gaps({"role_eligibility": "no_permission"}))
	_failed(doc) == set()
	_reasons(doc) == {["no_permission", "role_eligibility"]}
}

test_pitfall_c_unknown_when_the_role_comes_through_a_group_alone if {
	doc := object.union(made.tenant(_sa, {}), {"evidence": {
		"role_owners": [],
		"role_assignments": [fixtures.row(fixtures.group("g"), _sa)],
		"role_group_members": [fixtures.member("g", fixtures.application("app"))],
	}})
	_failed(doc) == set()
	_reasons(doc) == {["not_collected", "role_owners"]}
}

test_not_applicable_when_no_role_is_privileged if {
	doc := object.union(_owned(_by("ann"), []), {"params": {"privileged_roles": []}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
}

test_fails_when_the_owner_holds_the_role_for_a_unit_alone if {
	unit := {"directoryScopeId": "/administrativeUnits/1"}
	_failed(_owned(_by("ann"), [object.union(fixtures.row(fixtures.user("ann"), _sa), unit)])) == {"app"}
	both := object.union(_owned(_by("ann"), []), {"evidence": {"role_assignments": [
		object.union(fixtures.row(fixtures.application("app"), _sa), unit),
		object.union(fixtures.row(fixtures.user("ann"), _sa), unit),
	]}})
	_passes(both)
}
