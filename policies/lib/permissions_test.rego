package domicile.lib.permissions_test

import data.domicile.lib.permissions

_now := "2026-11-21T12:00:00Z"

_siem := "aaaaaaaa-0000-4000-8000-000000000001"

_params := {"approved_applications": [
	{"app_id": "AAAAAAAA-0000-4000-8000-000000000001", "permissions": ["SecurityIncident.Read.All", 7], "reason": "SIEM", "until": "2027-06-30"},
	{"app_id": "aaaaaaaa-0000-4000-8000-000000000002", "permissions": ["Mail.Send"], "until": "2026-11-21"},
	{"app_id": "aaaaaaaa-0000-4000-8000-000000000003", "permissions": ["Mail.Send"], "until": "2026-11-20"},
	{"app_id": "aaaaaaaa-0000-4000-8000-000000000004", "permissions": ["Mail.Send"], "until": "2026-11-21T11:00:00Z"},
	{"app_id": "aaaaaaaa-0000-4000-8000-000000000005", "permissions": ["Mail.Send"], "until": null},
	{"app_id": "aaaaaaaa-0000-4000-8000-000000000006", "permissions": ["Mail.Send"], "until": "soon"},
	{"app_id": "aaaaaaaa-0000-4000-8000-000000000007"},
	{"app_id": "aaaaaaaa-0000-4000-8000-000000000008", "permissions": ["Mail.Send"], "until": 20270630},
	{"app_id": null, "permissions": ["Mail.Send"]},
]}

test_security_data_is_every_permission_of_the_security_resources if {
	every app_id in permissions.security_resources {
		permissions.security_data(app_id, "Anything.At.All")
	}
	count(permissions.security_resources) == 4
}

test_security_data_on_graph_is_by_name if {
	names := ["SecurityIncident.Read.All", "SecurityAlert.ReadWrite.All", "SecurityEvents.Read.All", "ThreatHunting.Read.All", "SecurityIdentitiesHealth.Read.All", "AuditLogsQuery-Entra.Read.All", "auditlogsquery.read.all"]
	every name in names {
		permissions.security_data(permissions.graph, name)
	}
	not permissions.security_data(permissions.graph, "User.Read.All")
	not permissions.security_data(permissions.sharepoint_online, "SecurityIncident.Read.All")
}

test_self_granting_is_by_name_on_general_resources if {
	names := ["AppRoleAssignment.ReadWrite.All", "RoleManagement.ReadWrite.Directory", "Application.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All", "Policy.ReadWrite.PermissionGrant"]
	every name in names {
		permissions.self_granting(permissions.graph, name)
	}
	permissions.self_granting(permissions.azure_ad_graph, "Application.ReadWrite.All")
	not permissions.self_granting(permissions.graph, "Mail.Send")
	not permissions.self_granting(_siem, "Application.ReadWrite.All")
}

test_high_risk_is_both_and_the_far_reaching if {
	names := ["SecurityIncident.Read.All", "Application.ReadWrite.All", "Directory.ReadWrite.All", "Mail.ReadWrite", "Mail.Send", "Files.ReadWrite.All", "Sites.FullControl.All", "User.ReadWrite.All", "Group.ReadWrite.All"]
	every name in names {
		permissions.high_risk(permissions.graph, name, {})
	}
	permissions.high_risk(permissions.exchange_online, "Mail.ReadWrite", {})
	permissions.high_risk(permissions.cloud_apps, "investigation.read", {})
	not permissions.high_risk(permissions.graph, "User.Read", {})
}

test_high_risk_on_an_unknown_resource_is_by_name if {
	permissions.high_risk("", "Mail.ReadWrite", {})
	permissions.high_risk("", "SecurityIncident.Read.All", {})
	permissions.high_risk("", "Application.ReadWrite.All", {})
	not permissions.high_risk("", "openid", {})
	not permissions.high_risk(_siem, "Mail.ReadWrite", {})
}

test_high_risk_permissions_adds if {
	params := {"high_risk_permissions": ["Calendars.ReadWrite"]}
	permissions.high_risk(permissions.graph, "calendars.readwrite", params)
	permissions.high_risk(permissions.graph, "Mail.Send", params)
	not permissions.high_risk(permissions.graph, "Calendars.Read", params)
}

test_by_id_keys_the_permissions_of_one_type if {
	role := {"resourceId": "r1", "appId": permissions.graph, "id": "p1", "value": "Mail.Send", "type": "Role"}
	scope := {"resourceId": "r1", "appId": permissions.graph, "id": "p1", "value": "Mail.Send", "type": "Scope"}
	unnamed := {"resourceId": "r1", "appId": permissions.graph, "id": "p2", "value": null, "type": "Role"}
	foreign := {"resourceId": "r2", "appId": null, "id": "p1", "value": "X", "type": "Role"}
	nowhere := {"resourceId": null, "appId": permissions.graph, "id": "p3", "value": "X", "type": "Role"}
	permissions.by_id([role, scope, unnamed, foreign, nowhere], "Role") == {"r1/p1": role}
	permissions.by_id([role, scope, unnamed, foreign], "Scope") == {"r1/p1": scope}
	permissions.resources([role, scope, unnamed, foreign]) == {"r1": permissions.graph}
}

test_approved_holds_the_approvals_in_force if {
	permissions.approved(_params, _now) == {
		permissions.approval_key(_siem, "securityincident.read.all"),
		"aaaaaaaa-0000-4000-8000-000000000002 mail.send",
		"aaaaaaaa-0000-4000-8000-000000000005 mail.send",
	}
	permissions.approved({}, _now) == set()
}

test_lapsed_gives_the_end_of_an_approval if {
	permissions.lapsed(_params, "AAAAAAAA-0000-4000-8000-000000000003", "mail.send", _now) == {"2026-11-20"}
	permissions.lapsed(_params, "aaaaaaaa-0000-4000-8000-000000000004", "Mail.Send", _now) == {"2026-11-21T11:00:00Z"}
	permissions.lapsed(_params, "aaaaaaaa-0000-4000-8000-000000000006", "Mail.Send", _now) == {"soon"}
	permissions.lapsed(_params, "aaaaaaaa-0000-4000-8000-000000000008", "Mail.Send", _now) == {"20270630"}
	permissions.lapsed(_params, _siem, "SecurityIncident.Read.All", _now) == set()
	permissions.lapsed({}, _siem, "SecurityIncident.Read.All", _now) == set()
}

test_configured_tells_an_empty_list_from_none if {
	permissions.configured({"approved_applications": []})
	not permissions.configured({})
	not permissions.configured({"approved_applications": null})
}

test_own_is_the_reader_and_the_remediator if {
	reader := {"appid": _siem}
	remediator := "aaaaaaaa-0000-4000-8000-000000000009"
	permissions.own(reader, {}, "AAAAAAAA-0000-4000-8000-000000000001") == "scanner"
	permissions.own(reader, {"remediator_app_id": remediator}, remediator) == "remediator"
	permissions.own(reader, {"remediator_app_id": _siem}, _siem) == "scanner"
	not permissions.own(reader, {"remediator_app_id": null}, remediator)
	not permissions.own({}, {"remediator_app_id": ""}, "")
	not permissions.own({"appid": ""}, {}, "")
}

test_first_party_tenants_are_a_parameter if {
	params := {"first_party_tenants": ["F8CDEF31-a31e-4b4a-93e4-5f571e91255a"]}
	permissions.first_party(params, "f8cdef31-a31e-4b4a-93e4-5f571e91255a")
	not permissions.first_party(params, _siem)
	not permissions.first_party(params, null)
	not permissions.first_party({}, "f8cdef31-a31e-4b4a-93e4-5f571e91255a")
}

test_resource_name_falls_back_to_the_id if {
	permissions.resource_name("00000002-0000-0FF1-CE00-000000000000") == "Office 365 Exchange Online"
	permissions.resource_name(_siem) == _siem
}
