package domicile.lib.age_test

import data.domicile.lib.age
import data.domicile.lib.attestations

_at(text) := attestations.time_ns(text)

_scan(params) := {"now": "2026-11-21T00:00:00Z", "params": params}

_limited(limit) := _scan({"max_evidence_age": {"api": limit}})

test_within_the_limit_of_the_way if {
	age.within(_scan({}), "api", _at("2026-11-20T00:00:00Z"))
	not age.within(_scan({}), "api", _at("2026-11-19T23:59:59Z"))
	age.within(_scan({}), "portal", _at("2026-08-23T00:00:00Z"))
	not age.within(_scan({}), "portal", _at("2026-08-22T23:59:59Z"))
}

test_the_limit_is_hours_or_days if {
	every limit in ["2d", "48h"] {
		age.within(_limited(limit), "api", _at("2026-11-19T00:00:00Z"))
	}
	every limit in ["1d", "47h", "forever", "", 90, null] {
		not age.within(_limited(limit), "api", _at("2026-11-19T00:00:00Z"))
	}
}

test_past_is_not_in_the_future if {
	every text in ["2026-11-20", "2026-11-21T00:00:00Z"] {
		age.past(_scan({}), text)
	}
	every text in ["2026-11-21T00:00:01Z", "last week", null] {
		not age.past(_scan({}), text)
	}
}
