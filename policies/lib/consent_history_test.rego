package domicile.lib.consent_history_test

import data.domicile.lib.consent_history as history

_assigned := {
	"id": "e1", "activityDateTime": "2026-11-01T10:00:00.1234567Z", "activityDisplayName": "Add app role assignment to service principal", "result": "success",
	"initiatedBy": {"user": {"id": "u1", "userPrincipalName": "ada@contoso.example"}, "app": null},
	"targetResources": [{"id": "graph", "modifiedProperties": [
		{"displayName": "AppRole.Value", "newValue": "\"Mail.ReadWrite\""},
		{"displayName": "ServicePrincipal.ObjectID", "newValue": "\"SP1\""},
		{"displayName": "Odd", "newValue": null},
	]}],
}

_consent := {
	"id": "e2", "activityDateTime": "2026-11-02T10:00:00Z", "activityDisplayName": "Consent to application", "result": "success",
	"initiatedBy": {"user": null, "app": {"displayName": "Robot"}},
	"targetResources": [{"id": "sp1", "modifiedProperties": [{"displayName": "ConsentAction.Permissions", "newValue": "\"[] => [[ClientId: sp1, Scope: openid Mail.Send]]; \""}]}],
}

_noon := time.parse_rfc3339_ns("2026-11-01T12:00:00Z")

test_relevant_are_the_grants_to_the_principals if {
	found := history.relevant([_assigned, _consent], {"sp1"})
	[[e.id, e.day, e.activity, e.who, e.principals] | some e in found] == [
		["e1", "2026-11-01", "add app role assignment to service principal", "ada@contoso.example", {"sp1"}],
		["e2", "2026-11-02", "consent to application", "Robot", {"sp1"}],
	]
	history.relevant([_assigned, _consent], {"sp2"}) == []
}

test_relevant_leaves_out_failures_and_other_activities if {
	every change in [{"result": "failure"}, {"activityDisplayName": "Update application"}, {"activityDisplayName": null}, {"activityDateTime": null}, {"targetResources": null}] {
		history.relevant([object.union(_assigned, change)], {"sp1"}) == []
	}
	unnamed := object.union(_assigned, {"initiatedBy": {"user": {"id": "u1", "userPrincipalName": null}}})
	{e.who | some e in history.relevant([unnamed, object.union(_assigned, {"initiatedBy": null})], {"sp1"})} == {"u1", "somebody unnamed"}
}

test_assigned_is_near_in_time_and_names_the_permission if {
	events := history.relevant([_assigned], {"sp1"})
	history.assigned(events, "sp1", "mail.readwrite", _noon).id == "e1"
	not history.assigned(events, "sp1", "Mail.Send", _noon)
	not history.assigned(events, "sp2", "Mail.ReadWrite", _noon)
	not history.assigned(events, "sp1", "Mail.ReadWrite", _noon + (3 * 86400000000000))
	consented := history.relevant([_consent], {"sp1"})
	history.assigned(consented, "sp1", "Files.ReadWrite.All", _noon).id == "e2"
}

test_granted_names_a_scope if {
	events := history.relevant([_assigned, _consent], {"sp1"})
	history.granted(events, "sp1", {"Mail.Send", "Files.ReadWrite.All"}).id == "e2"
	not history.granted(events, "sp1", {"Mail.ReadWrite"})
	not history.granted(events, "sp2", {"Mail.Send"})
}

test_kept_days_depend_on_the_licence if {
	history.kept_days(true) == 30
	history.kept_days(false) == 7
}
