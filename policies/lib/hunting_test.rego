package domicile.lib.hunting_test

import data.domicile.lib.hunting
import data.domicile.lib.service_fixtures_test as fixture

now := "2026-11-21T09:30:00Z"

logons := fixture.answered("IdentityLogonEvents", {
	"2026-11-21": {"Active Directory": 1},
	"2026-11-20": {"Active Directory": 2, "Microsoft Teams": 40},
	"2026-11-14": {"Active Directory": 4, "Microsoft Teams": null},
	"2026-11-13": {"Active Directory": 8, "Salesforce": 5},
	"2026-11-22": {"Active Directory": 100},
	"2026-11-19": null,
})

answer(probes, gaps, name) := hunting.answer({"evidence": {"hunting_probe": probes}, "gaps": gaps}, name)

test_table_finds_the_query_of_a_table if {
	hunting.table([fixture.answered("print", null), logons], "IdentityLogonEvents") == logons
	not hunting.table([logons], "DeviceInfo")
}

test_rows_count_whole_days_of_the_window if {
	hunting.by_application(logons, now, 7) == {"Active Directory": 7, "Microsoft Teams": 40}
	hunting.rows(logons, now, 7) == 47
	hunting.rows(logons, now, 8) == 60
	hunting.rows_of(logons, "Active Directory", now, 1) == 3
	hunting.rows_of(logons, "Salesforce", now, 7) == 0
}

test_rows_are_unknown_without_daily_counts if {
	not hunting.rows(fixture.answered("print", null), now, 7)
	not hunting.rows_of(object.remove(logons, ["days"]), "Active Directory", now, 7)
	hunting.rows(fixture.answered("DeviceInfo", {}), now, 7) == 0
}

test_last_day_is_the_newest_with_rows if {
	hunting.last_day(logons, "Microsoft Teams") == "2026-11-20"
	hunting.last_day(logons, "Salesforce") == "2026-11-13"
	not hunting.last_day(logons, "Box")
}

test_answer_resolves_or_is_absent if {
	answer([logons], {}, "IdentityLogonEvents").state == "resolves"
	answer([fixture.unresolved("DeviceInfo")], {}, "DeviceInfo").state == "absent"
	other := object.union(fixture.unresolved("DeviceInfo"), {"code": "Could not find table", "message": null})
	answer([other], {}, "DeviceInfo").state == "absent"
}

test_answer_is_unknown_with_its_reason if {
	every status, reason in {400: "service_error", 401: "no_permission", 429: "throttled", 500: "service_error"} {
		failed := object.union(logons, {"status": status})
		found := answer([failed], {}, "IdentityLogonEvents")
		[found.state, found.reason, found.kind] == ["unknown", reason, "hunting_probe"]
	}
	answer([fixture.refused("DeviceInfo", true)], {}, "DeviceInfo").reason == "not_provisioned"
	found := answer([fixture.refused("DeviceInfo", false)], {}, "DeviceInfo")
	found.reason == "no_permission"
	contains(found.message, "ThreatHunting.Read.All")
}

test_answer_of_a_table_that_was_not_asked if {
	answer([fixture.refused("print", false)], {}, "DeviceInfo").reason == "no_permission"
	answer([], {"hunting_probe": {"reason": "unreachable"}}, "DeviceInfo").reason == "unreachable"
	answer([fixture.answered("print", null)], {}, "DeviceInfo").reason == "not_collected"
}
