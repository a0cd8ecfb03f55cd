package domicile.lib.copies_test

import data.domicile.lib.azure
import data.domicile.lib.azure_fixtures_test as azured
import data.domicile.lib.copies
import data.domicile.lib.geo_fixtures_test as fixtures

_soc := lower(azured.workspace_id("soc"))

_at(place) := {{"as": "region", "place": place}}

_hows(kinds) := copies.carriers(azured.with_evidence(kinds))[_soc]

test_tables_of_hunting_are_told_by_their_name if {
	every name in ["AlertInfo", "AlertEvidence", "DeviceEvents", "EmailUrlInfo", "IdentityLogonEvents", "CloudAppEvents", "UrlClickEvents"] {
		copies.xdr_table(name)
	}
	every name in ["SigninLogs", "DeviceEvents_CL", "Device", "MyDeviceEvents", "AlertInfo2", null] {
		not copies.xdr_table(name)
	}
}

test_connectors_of_defender_carry_copies if {
	every kind in ["MicrosoftThreatProtection", "MicrosoftDefenderAdvancedThreatProtection", "AzureAdvancedThreatProtection", "MicrosoftCloudAppSecurity", "OfficeATP"] {
		_hows({"sentinel_connectors": [azured.connector("soc", kind)]}) == {sprintf("connector '%s'", [kind])}
	}
	copies.carriers(azured.with_evidence({"sentinel_connectors": [azured.connector("soc", "AzureActiveDirectory"), object.union(azured.connector("soc", "x"), {"kind": null})]})) == {}
}

test_a_connector_is_connected_unless_all_is_disabled if {
	connector := object.remove(azured.connector("soc", "OfficeATP"), ["dataTypes"])
	every types in [null, {}, {"alerts": {"state": null}}, {"alerts": {"state": "Disabled"}, "incidents": {"state": "enabled"}}] {
		count(_hows({"sentinel_connectors": [object.union(connector, {"dataTypes": types})]})) == 1
	}
	disabled := object.union(connector, {"dataTypes": {"alerts": {"state": "Disabled"}}})
	copies.carriers(azured.with_evidence({"sentinel_connectors": [disabled]})) == {}
}

test_tables_carry_copies_without_a_connector if {
	table := azured.table("soc", "DeviceEvents")
	_hows({"workspace_tables": [table]}) == {"table 'DeviceEvents'"}
	_hows({"workspace_tables": [object.union(table, {"totalRetentionInDays": 365})]}) == {"table 'DeviceEvents' kept 365 days, in the data lake or archive after 90"}
	_hows({"workspace_tables": [object.union(table, {"plan": "Auxiliary"})]}) == {"table 'DeviceEvents' in the data lake"}
	_hows({"workspace_tables": [object.union(table, {"plan": null, "totalRetentionInDays": null})]}) == {"table 'DeviceEvents'"}
	copies.carriers(azured.with_evidence({"workspace_tables": [azured.table("soc", "SigninLogs")]})) == {}
}

test_workspaces_to_which_data_is_sent if {
	setting := object.union(azured.setting("siem"), {"workspaceId": azured.workspace_id("soc")})
	export := object.union(azured.export("raw"), {"workspaceResourceId": azured.workspace_id("raw")})
	copies.exported_to(azured.with_evidence({"entra_diagnostic_settings": [setting, azured.setting("none")], "streaming_export": [export]})) == {_soc, lower(azured.workspace_id("raw"))}
	off := json.patch(setting, [{"op": "replace", "path": "/logs/0/enabled", "value": false}])
	copies.exported_to(azured.with_evidence({"entra_diagnostic_settings": [off]})) == set()
	unsaid := object.union(setting, {"logs": null})
	copies.exported_to(azured.with_evidence({"entra_diagnostic_settings": [unsaid]})) == {_soc}
	copies.with_tables(azured.with_evidence({"workspace_tables": [azured.table("soc", "AlertInfo"), azured.table("lab", "Perf")]})) == {_soc}
}

test_acknowledged_by_the_configuration_or_a_statement if {
	id := azured.workspace_id("SOC")
	scan := azured.with_evidence({})
	not copies.acknowledged(scan, id, _at("eastus"))
	copies.acknowledged(fixtures.with_params(scan, {"known_copies": [azured.connector("soc", "OfficeATP").id]}), id, _at("eastus"))
	stated := azured.with_evidence({"attestations": [fixtures.statement("known-copy", {"resourceId": _soc, "geo": "US", "reason": "SIEM"})]})
	copies.acknowledged(stated, id, _at("eastus"))
	not copies.acknowledged(stated, id, _at("eastus") | _at("uksouth"))
	not copies.acknowledged(stated, azured.workspace_id("lab"), _at("eastus"))
}

test_a_statement_that_is_not_sound_acknowledges_nothing if {
	expired := fixtures.expired(fixtures.statement("known-copy", {"resourceId": _soc, "geo": "US", "reason": "SIEM"}))
	not copies.stated(azured.with_evidence({"attestations": [expired]}), _soc, _at("eastus"))
	not copies.stated(azured.with_evidence({"attestations": [fixtures.statement("known-copy", null)]}), _soc, _at("eastus"))
}

test_shown_names_the_first_three if {
	copies.shown({"a", "b"}) == "a, b"
	copies.shown({"a", "b", "c", "d", "e"}) == "a, b, c and 2 more"
	azure.key(_soc) == _soc
}

test_tables_of_other_solutions_are_no_copies if {
	every name in ["IdentityInfo", "DeviceHeartbeat", "DeviceAppLaunch"] {
		not copies.xdr_table(name)
	}
	copies.carriers(azured.with_evidence({"workspace_tables": [azured.table("soc", "IdentityInfo")]})) == {}
}

test_a_table_without_retention_is_only_named if {
	every change in [{"retentionInDays": null}, {"totalRetentionInDays": null}] {
		table := object.union(azured.table("soc", "AlertInfo"), change)
		copies.carriers(azured.with_evidence({"workspace_tables": [table]})) == {_soc: {"table 'AlertInfo'"}}
	}
}

test_a_setting_with_a_log_that_is_none_sends_nothing if {
	not copies.sends({"logs": [null]})
}
