package domicile.lib.attestations_test

import data.domicile.lib.attestations

_ok := {"name": "tenant", "ok": true, "message": ""}

_good := {"fact": "xdr-geo", "file": "geo.yaml", "observedAt": "2026-10-01T00:00:00Z", "value": {"geo": "EU"}, "checks": [_ok]}

_failed := object.union(_good, {"file": "bad.yaml", "checks": [_ok, {"name": "dates", "ok": false, "message": "expired"}]})

test_record_fact_follows_the_profile if {
	attestations.record_fact("mtp-2020-a") == "terms-accepted"
	attestations.record_fact("mtp-2020-b") == "service-decision"
	attestations.record_fact("xdr-current") == "service-decision"
}

test_about_takes_sound_and_unsound_statements_of_the_fact if {
	other := object.union(_good, {"fact": "mdi-geo"})
	attestations.about([_good, _failed, other], "xdr-geo") == {_good, _failed}
}

test_valid_needs_every_check if {
	attestations.valid([_good, _failed], "xdr-geo") == {_good}
	attestations.valid([_good], "mdi-geo") == set()
	attestations.valid([], "xdr-geo") == set()
}

test_statement_without_a_checked_outcome_is_invalid if {
	unchecked := object.union(_good, {"checks": []})
	null_checks := object.union(_good, {"checks": null})
	null_outcome := object.union(_good, {"checks": [{"name": "tenant", "ok": null, "message": ""}]})
	no_checks := object.remove(_good, ["checks"])
	all := [_good, unchecked, null_checks, null_outcome, no_checks]
	attestations.valid(all, "xdr-geo") == {_good}
	attestations.invalid(all) == {unchecked, null_checks, null_outcome, no_checks}
}

test_signed_is_what_was_verified if {
	attestations.signed({"signed": true})
	every statement in [{"signed": false}, {"signed": null}, {}] {
		not attestations.signed(statement)
	}
}

test_invalid_names_the_failed_checks if {
	attestations.invalid([_good, _failed]) == {_failed}
	attestations.failed_checks(_failed) == {{"name": "dates", "message": "expired"}}
	attestations.failed_checks(_good) == set()
}

test_latest_is_by_time_not_by_text if {
	# 01:00 at +02:00 is 23:00 UTC of the day before.
	earlier := object.union(_good, {"file": "z.yaml", "observedAt": "2026-10-02T01:00:00+02:00"})
	later := object.union(_good, {"file": "a.yaml", "observedAt": "2026-10-01T23:30:00Z"})
	attestations.latest([earlier, later, _good], "xdr-geo") == later
	attestations.latest([later, earlier, _good], "xdr-geo") == later
}

test_latest_ignores_invalid_ones_and_is_undefined_when_there_is_none if {
	newer := object.union(_failed, {"observedAt": "2027-01-01T00:00:00Z"})
	attestations.latest([_good, newer], "xdr-geo") == _good
	not attestations.latest([newer], "xdr-geo")
	not attestations.latest([], "xdr-geo")
}

test_latest_puts_a_statement_without_a_readable_time_last if {
	undated := object.union(_good, {"file": "z.yaml", "observedAt": "yesterday"})
	attestations.latest([undated, _good], "xdr-geo") == _good
	attestations.latest([undated], "xdr-geo") == undated
}

test_time_ns_reads_times_and_dates if {
	attestations.time_ns("1970-01-02T00:00:00Z") == 86400000000000
	attestations.time_ns("1970-01-02") == 86400000000000
	attestations.time_ns("1970-01-02T01:00:00.5+01:00") == 86400500000000
	attestations.time_ns("2024-02-29") == time.parse_rfc3339_ns("2024-02-29T00:00:00Z")
}

test_time_ns_is_undefined_for_what_is_no_time if {
	every text in ["", "yesterday", "2026-02-30", "2023-02-29", "2026-13-01", "2026-04-31T00:00:00Z", "2026-04-30T24:00:00Z", "2026-04-30T00:00:00", null, 7] {
		not attestations.time_ns(text)
	}
}

test_end_ns_is_the_end_of_a_day if {
	attestations.end_ns("1970-01-01") == 86399999999999
	attestations.end_ns("1970-01-01T12:00:00Z") == 43200000000000
	not attestations.end_ns("soon")
	not attestations.end_ns(null)
	not attestations.end_ns("1970-13-01")
}

test_term_days_counts_whole_days if {
	attestations.term_days({"observedAt": "2026-10-01T12:00:00Z", "validUntil": "2027-10-02"}) == 365
	not attestations.term_days({"observedAt": "2026-10-01", "validUntil": null})
	not attestations.term_days({"observedAt": "2026-10-01"})
}

test_decider_is_the_person_of_the_record if {
	person := {"upn": "ada@contoso.example", "objectId": "o1"}
	attestations.decider({"acceptedBy": person}) == person
	attestations.decider({"decidedBy": person, "acceptedBy": {"upn": "else"}}) == person
	attestations.decider({"decidedBy": null, "acceptedBy": person}) == person
	attestations.name(person) == "ada@contoso.example"
	attestations.name({"upn": null, "objectId": "o1"}) == "o1"
	not attestations.decider({"acceptedBy": {"upn": "", "objectId": 7}})
	not attestations.decider({})
	not attestations.decider(null)
}

test_decided_at_is_the_time_of_the_record if {
	attestations.decided_at({"acceptedAt": "2020-06-15"}) == "2020-06-15"
	attestations.decided_at({"decidedAt": "2026-01-01", "acceptedAt": "2020-06-15"}) == "2026-01-01"
	not attestations.decided_at({"decidedAt": null})
}

test_deciders_are_two_in_2020_and_nine_today if {
	count(attestations.deciders("mtp-2020-a")) == 2
	count(attestations.deciders("mtp-2020-b")) == 2
	count(attestations.deciders("xdr-current")) == 9
	attestations.deciders("xdr-current")["194ae4cb-b126-40b2-bd5b-6091b380977d"] == "Security Administrator"
}

test_file_is_always_defined if {
	attestations.file(_good) == "geo.yaml"
	attestations.file({"file": null}) == "unnamed file"
	attestations.file({}) == "unnamed file"
}
