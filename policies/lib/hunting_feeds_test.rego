package domicile.lib.hunting_feeds_test

import data.domicile.lib.hunting_feeds as feeds
import data.domicile.lib.service_fixtures_test as fixture

with_probes(probes) := fixture.scan({"hunting_probe": probes}, {})

state(found) := [found.state, found.rows, found.reason]

test_feed_has_rows_or_none if {
	state(feeds.feed(fixture.good, "DeviceInfo", 7)) == ["rows", 40, ""]
	empty := fixture.probes({"DeviceInfo": fixture.answered("DeviceInfo", {"2026-11-01": {"": 9}})})
	state(feeds.feed(with_probes(empty), "DeviceInfo", 7)) == ["none", 0, ""]
	state(feeds.feed(with_probes(empty), "DeviceInfo", 30)) == ["rows", 9, ""]
}

test_feed_is_absent_or_unknown if {
	absent := fixture.probes({"DeviceInfo": fixture.unresolved("DeviceInfo")})
	state(feeds.feed(with_probes(absent), "DeviceInfo", 7)) == ["absent", 0, ""]
	state(feeds.feed(with_probes(fixture.all_refused(false)), "DeviceInfo", 7)) == ["unknown", 0, "no_permission"]
	uncounted := fixture.probes({"DeviceInfo": object.remove(fixture.answered("DeviceInfo", null), ["days"])})
	state(feeds.feed(with_probes(uncounted), "DeviceInfo", 7)) == ["unknown", 0, "partial"]
}

test_directory_adds_both_tables_without_the_cloud_rows if {
	state(feeds.directory(fixture.good, 7)) == ["rows", 15, ""]
	cloud := fixture.probes({
		"IdentityLogonEvents": fixture.answered("IdentityLogonEvents", {"2026-11-20": {"Microsoft Teams": 40}}),
		"IdentityDirectoryEvents": fixture.answered("IdentityDirectoryEvents", {}),
	})
	state(feeds.directory(with_probes(cloud), 7)) == ["none", 0, ""]
}

test_directory_of_one_table if {
	one := fixture.probes({
		"IdentityLogonEvents": fixture.unresolved("IdentityLogonEvents"),
		"IdentityDirectoryEvents": fixture.answered("IdentityDirectoryEvents", {"2026-11-20": {"Active Directory": 2}}),
	})
	state(feeds.directory(with_probes(one), 7)) == ["rows", 2, ""]
	alone := [fixture.answered("IdentityLogonEvents", {})]
	state(feeds.directory(with_probes(alone), 7)) == ["none", 0, ""]
	state(feeds.directory(fixture.scan({"hunting_probe": alone}, {"hunting_probe": "partial"}), 7)) == ["unknown", 0, "partial"]
	state(feeds.directory(with_probes([]), 7)) == ["unknown", 0, "not_collected"]
}

test_directory_absent_when_neither_resolves if {
	neither := [fixture.unresolved(name) | some name in feeds.identity_tables]
	state(feeds.directory(with_probes(neither), 7)) == ["absent", 0, ""]
}

test_last_directory_day if {
	feeds.last_directory_day(fixture.good) == "2026-11-20"
	not feeds.last_directory_day(with_probes([]))
}
