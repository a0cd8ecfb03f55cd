package domicile.roles.no_unapproved_foreign_principal_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.no_unapproved_foreign_principal as rule

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

_other := "3f0c1d7e-0000-4000-8000-000000000002"

_guest(id) := object.union(made.user(id), {"userType": "Guest"})

_provider := object.union(object.union(made.row(made.group("msp"), _sa), {"principal": null}), {"principalOrganizationId": _other})

_configured(doc) := object.union(doc, {"params": {"approved_foreign_principals": ["friend"]}})

test_passes_when_nobody_is_from_outside if _passes(_configured(_tenant([made.admin("ann"), made.row(made.application("app"), _sa)])))

test_pitfall_e_fails_when_a_guest_holds_a_role if {
	doc := _configured(_tenant([made.row(_guest("ann"), _sa)]))
	rule.deny == {{
		"resource": {"kind": "user", "id": "ann", "name": "ann@contoso.example"},
		"message": "'ann@contoso.example' is a guest, is not approved, and holds Security Administrator (standing).",
		"expected": "no guest and no principal of another organisation that approved_foreign_principals doesn't name",
		"actual": "is a guest",
	}} with input as doc
	_values(doc) == {"'ann@contoso.example' is a guest and holds Security Administrator (standing): not approved"}
}

test_fails_when_an_invited_member_holds_a_role if {
	doc := object.union(_configured(_tenant([made.admin("ann")])), {"lookup": {"users": {"ann": {"externalUserState": "Accepted"}}}})
	{finding.actual | some finding in rule.deny} == {"was invited from outside"} with input as doc
	_passes(object.union(doc, {"lookup": {"users": {"ann": {"externalUserState": null}}}}))
}

test_pitfall_g_fails_when_a_principal_of_another_organisation_holds_a_role if {
	doc := _configured(_tenant([_provider]))
	_failed(doc) == {"msp"}
	_reasons(doc) == set()
	{finding.actual | some finding in rule.deny} == {"belongs to the organisation '3f0c1d7e-0000-4000-8000-000000000002'"} with input as doc
	named := object.union(doc, {"params": object.union(doc.params, {"approved_tenants": [{"id": _other, "name": "Fabrikam"}]})})
	{finding.message | some finding in rule.deny} == {"'msp' belongs to the organisation 'Fabrikam' (3f0c1d7e-0000-4000-8000-000000000002), is not approved, and holds Security Administrator (standing)."} with input as named
}

test_pitfall_a_fails_when_a_guest_is_eligible_or_in_a_group if {
	_failed(object.union(_configured(_tenant([])), {"evidence": {"role_eligibility": [made.row(_guest("ann"), _sa)]}})) == {"ann"}
	grouped := object.union(_configured(_tenant([made.row(made.group("g"), _sa)])), {"evidence": {"role_group_members": [made.member("g", _guest("ann"))]}})
	_failed(grouped) == {"ann"}
}

test_passes_when_the_guest_is_approved if {
	doc := _configured(_tenant([made.row(_guest("friend"), _sa)]))
	_passes(doc)
	_values(doc) == {"'friend@contoso.example' is a guest and holds Security Administrator (standing): approved"}
}

test_passes_when_the_role_is_not_privileged if _passes(_configured(_tenant([made.row(_guest("ann"), roles.security_reader)])))

test_unknown_when_nothing_is_configured_and_somebody_is_from_outside if {
	doc := _tenant([made.row(_guest("ann"), _sa)])
	_failed(doc) == set()
	_reasons(doc) == {["needs_configuration", ""]}
	_values(doc) == {"'ann@contoso.example' is a guest and holds Security Administrator (standing): to be approved or removed"}
	_passes(_tenant([made.admin("ann")]))
}

test_unknown_when_a_principal_is_gone_and_nothing_says_where if {
	gone := object.union(made.admin("ann"), {"principal": null})
	doc := _configured(_tenant([gone]))
	_failed(doc) == set()
	_reasons(doc) == {["partial", "role_assignments"]}
	_passes(_configured(_tenant([object.union(gone, {"principalOrganizationId": null})])))
}

test_unknown_when_it_is_not_said_who_is_a_guest if {
	doc := _configured(_tenant([made.row(object.remove(made.user("ann"), ["userType"]), _sa)]))
	_reasons(doc) == {["partial", "users"]}
	_reasons(object.union(doc, made.gaps({"users": "timeout"}))) == {["timeout", "users"]}
}

test_unknown_when_it_is_not_said_who_was_invited_and_fails_stand if {
	doc := _configured(_tenant([made.admin("ann"), made.row(_guest("bob"), _sa)]))
	unread := object.union(object.union(object.remove(doc, ["lookup"]), {"lookup": {}}), made.gaps({"users": "no_permission"}))
	_failed(unread) == {"bob"}
	_reasons(unread) == {["no_permission", "users"]}
	_failed(object.union(doc, made.gaps({"users": "partial"}))) == {"bob"}
	_reasons(object.union(doc, made.gaps({"users": "partial"}))) == set()
}

test_unknown_when_external_user_state_was_not_read if {
	doc := _configured(_tenant([made.admin("ann")]))
	silent := object.remove(made.listed([made.user("ann")]).ann, ["externalUserState"])
	unsaid := object.union(object.remove(doc, ["lookup"]), {"lookup": {"users": {"ann": silent}}})
	_failed(unsaid) == set()
	_reasons(unsaid) == {["partial", "users"]}
	unlisted := object.union(object.remove(doc, ["lookup"]), {"lookup": {"users": {}}})
	_reasons(unlisted) == {["partial", "users"]}
}

test_pitfall_c_fails_when_a_guest_may_join_a_group_that_holds_the_role if {
	doc := object.union(_configured(_tenant([made.row(made.group("g"), _sa)])), {
		"evidence": {"group_eligibility": [made.eligible("g", "ann", "member")]},
		"lookup": {"users": made.listed([_guest("ann")])},
	})
	_failed(doc) == {"ann"}
	_reasons(doc) == set()
}

test_unknown_when_holders_may_be_hidden_and_fails_stand if {
	doc := object.union(_configured(_tenant([made.row(_guest("ann"), _sa)])), made.gaps({"role_eligibility": "no_permission"}))
	_failed(doc) == {"ann"}
	_reasons(doc) == {["no_permission", "role_eligibility"]}
}

test_unknown_when_a_guest_holds_a_custom_role if {
	doc := _configured(_tenant([made.row(_guest("ann"), _custom)]))
	_failed(doc) == set()
	_reasons(doc) == {["needs_configuration", "role_assignments"]}
}

test_not_applicable_when_no_role_is_privileged if {
	doc := object.union(_configured(_tenant([made.row(_guest("ann"), _sa)])), {"params": {"privileged_roles": []}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
}
