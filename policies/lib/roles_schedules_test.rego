package domicile.lib.roles_schedules_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.lib.roles_schedules as schedules

_custom := "d0000000-0000-4000-8000-000000000001"

_ga := roles.global_administrator

_sa := roles.security_administrator

_tenant(instances) := object.union(made.tenant("xdr-current", []), {"evidence": {"role_schedules": instances}, "params": {"role_exceptions": []}})

_ids(doc) := [instance.principalId | some instance in schedules.judged(doc)]

_sorting(doc) := {name: ids |
	some name, instances in schedules.sorted(doc, schedules.judged(doc))
	ids := {instance.principalId | some instance in instances}
	count(ids) > 0
}

test_people_and_groups_are_judged_and_applications_are_not if {
	_ids(_tenant([made.admin("ann"), made.row(made.group("g"), _sa), made.row(made.application("app"), _ga)])) == ["ann", "g"]
}

test_the_role_of_synchronisation_is_not_judged if _ids(_tenant([made.row(made.user("sync"), roles.directory_synchronization_accounts)])) == []

test_what_is_inherited_is_judged_with_its_group if {
	inherited := object.union(made.row(made.user("ann"), _sa), {"memberType": "Group"})
	_ids(_tenant([made.row(made.group("g"), _sa), inherited])) == ["g"]
	_ids(_tenant([inherited])) == ["ann"]
	_ids(_tenant([made.row(made.group("g"), _ga), inherited])) == ["g", "ann"]
}

test_offences_are_told_apart if {
	nameless := made.row({"id": "grp", "@odata.type": "#microsoft.graph.group"}, _sa)
	doc := _tenant([made.admin("ann"), made.row(made.user("bob"), _sa), nameless, made.bare("who"), made.row(made.user("cas"), _custom), made.row(made.user("eve"), roles.global_reader)])
	_sorting(doc) == {"unnamed": {"ann"}, "unprivileged": {"eve"}, "found": {"bob", "grp"}, "untyped": {"who"}, "custom": {"cas"}}
	named := object.union(doc, {"params": {"break_glass_accounts": ["ann"], "role_exceptions": [{"principal_id": "bob", "role": "Security Administrator", "reason": "r"}]}})
	_sorting(named) == {"exempt": {"ann", "bob"}, "unprivileged": {"eve"}, "found": {"grp"}, "untyped": {"who"}, "custom": {"cas"}}
}

test_what_follows_of_offences if {
	doc := _tenant([made.admin("ann"), made.row(made.user("bob"), _sa), made.row(made.user("bob"), roles.compliance_administrator), made.bare("who"), made.row(made.user("cas"), _custom)])
	sorting := schedules.sorted(doc, schedules.judged(doc))
	schedules.findings(sorting, "for good", "an end") == {{
		"resource": {"kind": "user", "id": "bob", "name": "bob@contoso.example"},
		"message": "'bob@contoso.example' holds 'Compliance Administrator', 'Security Administrator' for good.",
		"expected": "an end",
		"actual": "'Compliance Administrator', 'Security Administrator'",
	}}
	{[reason.reason, reason.kind] | some reason in schedules.doubts(doc, sorting)} == {["needs_configuration", ""], ["needs_configuration", "role_assignments"], ["partial", "role_schedules"]}
	schedules.exempted(sorting) == set()
}

test_a_service_provider_decides_for_how_long_its_people_hold_a_role if {
	provider := object.union(made.bare("msp"), {"principal": null})
	assignment := object.union(provider, {"principalOrganizationId": "3f0c1d7e-0000-4000-8000-000000000009"})
	doc := object.union(_tenant([provider]), {"evidence": {"role_assignments": [assignment]}})
	_sorting(doc) == {"foreign": {"msp"}}
	messages := {reason.message | some reason in schedules.doubts(doc, schedules.sorted(doc, schedules.judged(doc)))}
	messages == {"Principals of other organisations hold privileged roles, such as groups of service providers: 1. How their people come by them and for how long only those organisations know; those that are wanted can be named in role_exceptions."}
	_sorting(object.union(doc, {"params": {"role_exceptions": [{"principal_id": "msp", "role": _ga}]}})) == {"exempt": {"msp"}}
}

test_exempt_ones_are_shown if {
	doc := object.union(_tenant([made.admin("ann")]), {"params": {"break_glass_accounts": ["ann"]}})
	sorting := schedules.sorted(doc, schedules.judged(doc))
	schedules.exempted(sorting) == {"'ann@contoso.example' holds Global Administrator, set aside by the configuration"}
	schedules.doubts(doc, sorting) == set()
}
