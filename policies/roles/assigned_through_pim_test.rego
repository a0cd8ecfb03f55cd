package domicile.roles.assigned_through_pim_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.assigned_through_pim as rule

_sa := roles.security_administrator

_started(row) := object.union(row, {"assignmentType": "Assigned", "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": null})

_outside(row) := object.union(_started(row), {"startDateTime": null})

_tenant(instances) := object.union(made.tenant("xdr-current", []), {
	"evidence": {"role_schedules": instances},
	"params": {"break_glass_accounts": ["bg"], "role_exceptions": []},
})

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

test_passes_when_every_assignment_has_a_start if {
	_passes(_tenant([_started(made.admin("ann")), _started(made.row(made.group("g"), _sa))]))
	_passes(_tenant([]))
}

test_fails_when_an_assignment_has_no_start if {
	doc := _tenant([_outside(made.row(made.user("ann"), _sa)), _started(made.row(made.user("ann"), roles.compliance_administrator))])
	rule.deny == {{
		"resource": {"kind": "user", "id": "ann", "name": "ann@contoso.example"},
		"message": "'ann@contoso.example' holds 'Security Administrator' by an assignment made outside Privileged Identity Management.",
		"expected": "an assignment with a start, made through PIM",
		"actual": "'Security Administrator'",
	}} with input as doc
}

test_passes_when_the_account_is_kept_for_emergencies_or_excepted if {
	_passes(_tenant([_outside(made.admin("bg"))]))
	exception := {"principal_id": "ann", "role": _sa, "reason": "the tenant's first", "until": "2027-01-01"}
	doc := object.union(_tenant([_outside(made.row(made.user("ann"), _sa))]), {"params": {"role_exceptions": [exception]}})
	_passes(doc)
	{fact.value | some fact in rule.observed} == {"'ann@contoso.example' holds Security Administrator, set aside by the configuration"} with input as doc
}

test_passes_when_an_application_or_synchronisation_has_no_start if {
	_passes(_tenant([_outside(made.row(made.application("app"), _sa)), _outside(made.row(made.user("sync"), roles.directory_synchronization_accounts))]))
}

test_unknown_when_emergency_accounts_are_not_named if {
	doc := _tenant([_outside(made.admin("ann")), _outside(made.row(made.user("bob"), _sa))])
	unnamed := object.union(object.remove(doc, ["params"]), {"params": object.remove(doc.params, ["break_glass_accounts"])})
	_failed(unnamed) == {"bob"}
	_reasons(unnamed) == {["needs_configuration", ""]}
}

test_unknown_when_the_start_was_not_read if {
	doc := _tenant([object.remove(_started(made.admin("ann")), ["startDateTime"])])
	_failed(doc) == set()
	_reasons(doc) == {["partial", "role_schedules"]}
}

test_not_applicable_when_no_role_is_privileged if {
	doc := object.union(_tenant([_outside(made.admin("ann"))]), {"params": {"privileged_roles": []}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
}
