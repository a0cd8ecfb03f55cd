package domicile.roles.privileged_applications_approved_test

import data.domicile.lib.roles
import data.domicile.lib.roles_applications_fixtures_test as made
import data.domicile.lib.roles_fixtures_test as fixtures
import data.domicile.roles.privileged_applications_approved as rule

_ga := roles.global_administrator

_schedule(end) := object.union(fixtures.row(fixtures.application("app"), _ga), {"assignmentType": "Assigned", "endDateTime": end})

_ending := "2027-01-01T00:00:00Z"

_scheduled(doc, end) := object.union(doc, {"evidence": {"role_schedules": [_schedule(end)]}})

# _good is the tenant with an approved application whose assignment ends.
_good := made.approving(_scheduled(made.tenant(_ga, {}), _ending), ["Global Administrator"])

_actual(doc) := actual if {
	actual := {finding.actual | some finding in rule.deny} with input as doc
}

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

_values(doc) := values if {
	values := {fact.value | some fact in rule.observed} with input as doc
}

_passes(doc) if {
	_actual(doc) == set()
	_reasons(doc) == set()
}

test_passes_when_it_is_approved_and_ends if {
	_passes(_good)
	_values(_good) == {"'app' (app-id) holds Global Administrator (standing): approved"}
	_passes(fixtures.tenant("xdr-current", [fixtures.admin("ann")]))
}

test_fails_when_it_is_not_approved_and_never_ends if {
	rule.deny == {{
		"resource": {"kind": "service_principal", "id": "app", "name": "app"},
		"message": "'app' (app-id) holds Global Administrator (standing), and holds it without an end and is not approved for it.",
		"expected": "an approval in approved_applications that names the role, and an assignment with an end",
		"actual": "holds it without an end, is not approved for it",
	}} with input as _scheduled(made.tenant(_ga, {}), null)
}

test_fails_when_one_of_them_is_missing if {
	_actual(_scheduled(made.tenant(_ga, {}), _ending)) == {"is not approved for it"}
	_actual(_scheduled(_good, null)) == {"holds it without an end"}
	permission_only := made.approving(_good, ["SecurityIncident.Read.All"])
	_actual(permission_only) == {"is not approved for it"}
	ended := object.union(_good, {"params": {"approved_applications": [{"app_id": "app-id", "permissions": [_ga], "until": "2026-11-20"}]}})
	_actual(ended) == {"is not approved for it"}
}

test_pitfall_c_fails_when_it_holds_the_role_through_a_group_for_good if {
	grant := fixtures.row(fixtures.group("g"), _ga)
	doc := object.union(_good, {"evidence": {
		"role_assignments": [grant],
		"role_schedules": [object.union(grant, {"assignmentType": "Assigned", "endDateTime": null})],
		"role_group_members": [fixtures.member("g", fixtures.application("app"))],
	}})
	_actual(doc) == {"holds it without an end"}
}

test_passes_when_it_is_microsoft_s if {
	doc := made.unregistered(_ga, {"appOwnerOrganizationId": made.microsoft_id})
	_passes(doc)
	_values(doc) == {"'app' holds Global Administrator (standing) and is Microsoft's own"}
}

test_approval_alone_is_judged_when_pim_is_not_licensed if {
	gaps := fixtures.gaps({"role_schedules": "not_licensed", "role_eligibility": "not_licensed"})
	unlicensed := made.approving(object.union(made.tenant(_ga, {}), gaps), [_ga])
	_passes(unlicensed)
	"PIM is not licensed, so that assignments of applications cannot have an end" in _values(unlicensed)
	_actual(object.union(made.tenant(_ga, {}), gaps)) == {"is not approved for it"}
}

test_unknown_when_nothing_is_configured if {
	doc := made.unset(_good, "approved_applications")
	_actual(doc) == set()
	_reasons(doc) == {["needs_configuration", ""]}
	_values(doc) == {"'app' (app-id) holds Global Administrator (standing): to be approved or removed"}
}

test_unknown_when_the_end_is_not_in_the_evidence if {
	doc := made.approving(made.tenant(_ga, {}), [_ga])
	_reasons(doc) == {["partial", "role_schedules"]}
	_reasons(object.union(doc, fixtures.gaps({"role_schedules": "throttled"}))) == {["throttled", "role_schedules"]}
	endless := object.union(doc, {"evidence": {"role_schedules": [object.remove(_schedule(null), ["endDateTime"])]}})
	_reasons(endless) == {["partial", "role_schedules"]}
	activated := object.union(doc, {"evidence": {"role_schedules": [object.union(object.remove(_schedule(null), ["endDateTime"]), {"assignmentType": "Activated"})]}})
	_reasons(activated) == set()
}

test_fails_when_the_application_id_is_not_known if {
	doc := object.union(_scheduled(made.unread(_ga), _ending), {"evidence": {"role_assignments": [fixtures.row(object.remove(fixtures.application("app"), ["appId"]), _ga)]}})
	bare := object.union(doc, {"evidence": {"role_schedules": [object.remove(_schedule(_ending), ["principal"])]}})
	some finding in rule.deny with input as bare
	contains(finding.message, "'app' (application unknown) holds")
}

test_unknown_when_holders_may_be_hidden if {
	_reasons(object.union(_good, fixtures.gaps({"role_assignments": "partial"}))) == {["partial", "role_assignments"]}
}

test_not_applicable_when_no_role_is_privileged if {
	doc := object.union(_good, {"params": {"privileged_roles": []}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
}
