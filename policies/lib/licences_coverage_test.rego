package domicile.lib.licences_coverage_test

import data.domicile.lib.licences
import data.domicile.lib.licences_coverage as coverage
import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made

_user := {
	"id": "u1", "userPrincipalName": "Ann@contoso.example", "accountEnabled": true, "userType": "Member",
	"assignedLicenses": [{"skuId": "s1", "disabledPlans": []}],
	"assignedPlans": [{"servicePlanId": licences.plans.WINDEFATP, "capabilityStatus": "Enabled"}],
	"licenseAssignmentStates": [{"skuId": "s1", "state": "Active", "assignedByGroup": "g1"}],
}

_nobody := {"ids": set(), "patterns": set(), "groups": set(), "unlicensed": false}

_input := object.union(made.tenant("xdr-current", [made.admin("ann"), made.row(made.user("bob"), roles.security_reader)]), {"params": {
	"coverage_exempt": {"upn": ["SVC-*", 7], "groups": ["g9"]}, "coverage_unlicensed": false, "break_glass_accounts": ["bg1"],
}})

test_those_eligible_for_a_privileged_group_are_exempt if {
	doc := object.union(_input, {"evidence": {"role_assignments": [made.row(made.group("g"), roles.security_administrator)], "group_eligibility": [made.eligible("g", "eve", "member")]}})
	coverage.privileged(doc) == {"g", "eve"}
	{gap.kind | some gap in coverage.unread(object.union(doc, made.gaps({"group_eligibility": "throttled"})))} == {"group_eligibility"}
	coverage.unread(object.union(_input, made.gaps({"group_eligibility": "throttled"}))) == set()
}

test_plans_count_while_enabled_or_in_grace if {
	plans := [{"servicePlanId": "p1", "capabilityStatus": "Enabled"}, {"servicePlanId": "p2", "capabilityStatus": "Warning"}, {"servicePlanId": "p3", "capabilityStatus": "Deleted"}, {"servicePlanId": "p4"}]
	coverage.plans_on({"assignedPlans": plans}) == {"p1", "p2"}
	coverage.plans_read({"assignedPlans": []})
	not coverage.plans_on({"assignedPlans": null})
	not coverage.plans_read({})
}

test_covered_by_any_defender_plan if {
	coverage.covered(_user)
	every name in ["MTP", "ATA", "MDE_LITE", "THREAT_INTELLIGENCE_GOV", "ADALLOM_S_STANDALONE"] {
		coverage.covered({"assignedPlans": [{"servicePlanId": licences.plans[name], "capabilityStatus": "Warning"}]})
	}
	every name in ["AAD_PREMIUM", "ADALLOM_S_DISCOVERY"] {
		not coverage.covered({"assignedPlans": [{"servicePlanId": licences.plans[name], "capabilityStatus": "Enabled"}]})
	}
}

test_exemptions_are_the_privileged_and_the_named if {
	coverage.exemptions(_input) == {"ids": {"ann", "bg1"}, "patterns": {"svc-*"}, "groups": {"g9"}, "unlicensed": false}
	coverage.exemptions(object.union(object.remove(_input, ["params"]), {"params": {"coverage_exempt": {}, "coverage_unlicensed": true, "privileged_roles": []}})) == object.union(_nobody, {"unlicensed": true})
}

test_unread_says_which_roles_are_not_known if {
	coverage.unread(_input) == set()
	{[gap.kind, gap.reason] | some gap in coverage.unread(object.union(_input, made.gaps({"role_assignments": "no_permission"})))} == {["role_assignments", "no_permission"]}
}

test_unlicensed_takes_complete_evidence if {
	none := {"gaps": {}, "evidence": {"subscribed_skus": []}}
	coverage.unlicensed(none)
	not coverage.unlicensed(object.union(none, made.gaps({"subscribed_skus": "no_permission"})))
	not coverage.unlicensed({"gaps": {}, "evidence": {"subscribed_skus": [{"capabilityStatus": null}]}})
	held := {"capabilityStatus": "Enabled", "servicePlans": [{"servicePlanId": licences.plans.ATA, "provisioningStatus": "Success"}]}
	not coverage.unlicensed({"gaps": {}, "evidence": {"subscribed_skus": [held]}})
}

test_in_scope_are_enabled_licensed_members if {
	coverage.in_scope(_user, _nobody)
	coverage.in_scope(object.remove(_user, ["accountEnabled", "userType", "assignedLicenses", "userPrincipalName"]), _nobody)
	not coverage.in_scope(object.union(_user, {"accountEnabled": false}), _nobody)
	not coverage.in_scope(object.union(_user, {"userType": "Guest"}), _nobody)
	not coverage.in_scope(object.union(_user, {"assignedLicenses": []}), _nobody)
	coverage.in_scope(object.union(_user, {"assignedLicenses": []}), object.union(_nobody, {"unlicensed": true}))
}

test_exempt_by_id_name_or_group if {
	not coverage.in_scope(_user, object.union(_nobody, {"ids": {"u1"}}))
	not coverage.in_scope(_user, object.union(_nobody, {"patterns": {"ann@*"}}))
	not coverage.in_scope(_user, object.union(_nobody, {"groups": {"g1"}}))
	coverage.in_scope(_user, object.union(_nobody, {"patterns": {"svc-*"}, "groups": {"g2"}}))
}

test_label_is_the_name_or_the_id if {
	coverage.label(_user) == "Ann@contoso.example"
	coverage.label({"id": "u1", "userPrincipalName": null}) == "u1"
}
