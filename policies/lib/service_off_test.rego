package domicile.lib.service_off_test

import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.lib.service_off

value := {"decidedBy": "Adele Vance", "role": "CISO", "date": "2026-10-31", "dataLossAcknowledged": true}

off := fixture.statement("service-off", "2026-11-01T00:00:00Z", value)

with_records(statements) := fixture.scan({"attestations": statements}, {})

started(at) := fixture.statement("service-decision", "2026-11-10T00:00:00Z", {"accepted": true, "turnedOnAt": at})

test_record_is_the_newest_valid_one if {
	older := object.union(off, {"observedAt": "2020-01-01T00:00:00Z"})
	service_off.record(with_records([older, off])) == off
	not service_off.record(with_records([]))
	broken := object.union(off, {"checks": [{"name": "dates", "ok": false, "message": ""}]})
	not service_off.record(with_records([broken]))
	service_off.records(with_records([broken, older])) == {broken, older}
}

test_record_is_history_after_a_new_start if {
	not service_off.record(with_records([off, started("2026-11-05T00:00:00Z")]))
	service_off.record(with_records([off, started("2026-10-31T10:00:00Z")])) == off
	service_off.record(with_records([off, started("2027-01-01T00:00:00Z")])) == off
	refused := object.union(started("2026-11-05T00:00:00Z"), {"value": {"accepted": false}})
	service_off.record(with_records([off, refused])) == off
}

test_ended_at_falls_back_to_the_statements_day if {
	service_off.ended_at(off) == "2026-10-31"
	service_off.ended_at(object.union(off, {"value": {"date": "in October"}})) == "2026-11-01T00:00:00Z"
}

test_lacks_names_what_is_missing if {
	service_off.lacks(fixture.good, off) == []
	person := {"upn": "adele@contoso.com", "objectId": "8a1f0c52-0000-4000-8000-000000000011"}
	service_off.lacks(fixture.good, object.union(off, {"value": {"decidedBy": person}})) == []
	service_off.lacks(fixture.good, fixture.statement("service-off", "2026-11-01T00:00:00Z", {})) == [
		"a day that has come", "that the loss of the data is known", "the person's role", "who decided it",
	]
	hollow := {"decidedBy": " ", "role": "", "date": "2026-12-31", "dataLossAcknowledged": null}
	count(service_off.lacks(fixture.good, object.union(off, {"value": hollow}))) == 4
}
