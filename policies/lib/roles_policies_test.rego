package domicile.lib.roles_policies_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as fixtures
import data.domicile.lib.roles_policies as policies
import data.domicile.lib.roles_policies_fixtures_test as made

_ga := roles.global_administrator

_alert := {"Notification_Admin_EndUser_Assignment"}

_approval(approvers) := policies.approval(_by(approvers), _ga)

_by(approvers) := made.over(_ga, {"Approval_EndUser_Assignment": {"setting": {"approvalStages": [{"primaryApprovers": approvers}]}}})

test_settings_are_those_of_the_role if {
	policies.settings(made.tenant([made.policy(_ga, made.good)]), _ga).Expiration_EndUser_Assignment.maximumDuration == "PT8H"
	not policies.settings(made.tenant([made.policy(_ga, made.good)]), roles.security_administrator)
	not policies.settings(made.tenant([{"roleDefinitionId": _ga, "policy": null}]), _ga)
}

test_approval_is_on_off_or_missing if {
	_approval([made.person("boss")]) == "on"
	policies.approval(made.over(_ga, {"Approval_EndUser_Assignment": {"setting": {"isApprovalRequired": false}}}), _ga) == "off"
	policies.approval(made.over(_ga, {"Approval_EndUser_Assignment": {"setting": {"isApprovalRequired": null}}}), _ga) == "missing"
	policies.approval(made.without(_ga, ["Approval_EndUser_Assignment"]), _ga) == "missing"
	policies.approval(made.tenant([]), _ga) == "missing"
}

test_approval_takes_somebody_who_is_enabled if {
	_approval([]) == "nobody"
	_approval([made.person("off")]) == "nobody"
	_approval([made.person("deleted")]) == "nobody"
	_approval([made.person("off"), made.person("boss")]) == "on"
	_approval([{"@odata.type": "#microsoft.graph.groupMembers", "groupId": "g"}]) == "on"
	_approval([{"@odata.type": "#microsoft.graph.singleUser", "id": "boss"}]) == "on"
}

test_approvers_that_could_not_be_read_are_not_known if {
	doc := object.union(_by([made.person("who")]), fixtures.gaps({"users": "no_permission"}))
	policies.approval(doc, _ga) == "unread"
	{[reason.reason, reason.kind] | some reason in policies.approval_unknown(doc, _ga)} == {["no_permission", "users"]}
	policies.approval_deny(doc, _ga) == set()
	stateless := object.union(_by([made.person("who")]), {"lookup": {"users": {"who": {"accountEnabled": null}}}})
	policies.approval(stateless, _ga) == "unread"
}

test_notifications_reach_somebody_or_nobody if {
	policies.silent(made.over(_ga, {}), {_ga}, _alert) == {}
	quiet := made.over(_ga, {"Notification_Admin_EndUser_Assignment": made.quiet})
	policies.silent(quiet, roles.default_privileged, _alert) == {_ga: _alert}
	addressed := object.union(made.quiet, {"notificationRecipients": ["soc@contoso.example"]})
	policies.silent(made.over(_ga, {"Notification_Admin_EndUser_Assignment": addressed}), {_ga}, _alert) == {}
	blank := object.union(made.quiet, {"notificationRecipients": [" ", null]})
	policies.silent(made.over(_ga, {"Notification_Admin_EndUser_Assignment": blank}), {_ga}, _alert) == {_ga: _alert}
}

test_notifications_that_are_not_said_are_not_known if {
	every doc in [
		made.without(_ga, ["Notification_Admin_EndUser_Assignment"]),
		made.over(_ga, {"Notification_Admin_EndUser_Assignment": {"isDefaultRecipientsEnabled": null}}),
		made.with_only(_ga, {}),
	] {
		policies.silent(doc, roles.default_privileged, _alert) == {}
		policies.unsaid(doc, roles.default_privileged, _alert) == {_ga}
	}
	policies.unsaid(made.over(_ga, {}), roles.default_privileged, _alert) == set()
	policies.quiet_unknown(made.over(_ga, {}), roles.default_privileged, _alert) == set()
}

test_durations_are_read if {
	policies.hours("PT8H") == 8
	policies.hours("P1D") == 24
	policies.hours("P1DT30M") == 24.5
	policies.hours("PT1H1800S") == 1.5
	every duration in ["P", "PT", "8h", "P1M", "", null] {
		not policies.hours(duration)
	}
}

test_deprecated_roles_for_partners_may_have_no_settings if {
	partner := "4ba39ca4-527c-499a-b93d-d9b492c50246"
	doc := made.with_only(partner, {})
	policies.unsaid(doc, {partner, _ga}, _alert) == set()
	policies.remarks(doc, {partner, _ga}, _alert) == {"Partner Tier1 Support: has no settings and is shown in no portal"}
	policies.unsaid(object.union(doc, fixtures.gaps({"role_policies": "partial"})), {partner, _ga}, _alert) == {partner}
	policies.unsaid(made.without(partner, ["Notification_Admin_EndUser_Assignment"]), {partner}, _alert) == {partner}
}

test_approvers_that_do_not_say_what_they_are_are_not_known if {
	every approver in [
		{"@odata.type": null, "id": "boss"},
		{"groupId": null},
		null,
		{"@odata.type": "#microsoft.graph.singleUser", "userId": null, "id": ""},
	] {
		_approval([approver]) == "unread"
		_approval([approver, made.person("boss")]) == "on"
	}
}
