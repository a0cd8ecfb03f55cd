package domicile.lib.geo_portal_test

import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.geo_portal

_context := fixtures.context

test_contexts_leave_out_another_tenants if {
	nameless := object.union(_context, {"AuthInfo": null})
	other := object.union(_context, {"AuthInfo": {"TenantId": "11111111-0000-4000-8000-000000000009"}})
	scan := fixtures.with_evidence({"portal_tenant_context": [_context, nameless, other]})
	geo_portal.contexts(scan) == {_context, nameless}
}

test_tenant_is_compared_without_case if {
	loud := object.union(_context, {"AuthInfo": {"TenantId": upper(fixtures.tenant_id)}})
	geo_portal.contexts(fixtures.with_evidence({"portal_tenant_context": [loud]})) == {loud}
	geo_portal.of_tenant(fixtures.nothing, loud)
}

test_named_needs_tenant_person_and_hash if {
	geo_portal.named(fixtures.nothing, _context)
	every part in [{"AuthInfo": null}, {"savedBy": null}, {"savedBy": ""}, {"sha256": null}] {
		not geo_portal.named(fixtures.nothing, object.union(_context, part))
	}
	not geo_portal.named(fixtures.nothing, object.remove(_context, ["savedBy"]))
}

test_fresh_is_within_the_limit_of_age if {
	geo_portal.fresh(fixtures.nothing, _context)
	every saved in ["2026-08-23T00:00:00Z", "2026-11-21", "2026-11-21T00:00:00Z"] {
		geo_portal.fresh(fixtures.nothing, object.union(_context, {"savedAt": saved}))
	}
	every saved in ["2026-08-22T23:59:59Z", "2026-11-21T00:00:01Z", "last week", null] {
		geo_portal.fresh(fixtures.nothing, object.union(_context, {"savedAt": saved})) == false
	}
}

test_limit_of_age_is_set_in_days_or_hours if {
	saved := object.union(_context, {"savedAt": "2026-11-19T00:00:00Z"})
	every age in ["2d", "48h"] {
		geo_portal.fresh(_aged(age), saved)
	}
	every age in ["1d", "47h", "forever", 90, ""] {
		geo_portal.fresh(_aged(age), saved) == false
	}
}

test_limit_of_age_is_90_days_when_unset if {
	scan := fixtures.without_params(fixtures.nothing, ["max_evidence_age"])
	geo_portal.fresh(scan, _context)
	geo_portal.fresh(scan, object.union(_context, {"savedAt": "2026-08-01T00:00:00Z"})) == false
}

_aged(age) := fixtures.with_params(fixtures.nothing, {"max_evidence_age": {"portal": age}})
