# METADATA
# title: No Geo has changed since the last scan
# description: >-
#   Microsoft documents that the Geo of these services can't be moved. A change therefore means
#   that the service was provisioned anew and its data lost, that the evidence is another
#   organisation's, or that something earlier was wrong; each of these has to be looked into. Only
#   what is known from a portal or better, then and now, is compared.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/defender-endpoint/data-storage-privacy
#   - ref: https://learn.microsoft.com/defender-cloud-apps/cas-compliance-trust
# custom:
#   id: GEO1018
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [previous_result]
#     optional: [onboarding_package, portal_tenant_context, portal_mcas_about, exchange_organization, attestations]
#   params:
#     package_max_age_days:
#       type: integer
#       description: Days for which the onboarding package counts after its signer's certificate ended; the package itself bears no date.
#       default: 400
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}, {id: CM-3, coverage: part}]
#     iso_27001: [{id: A.5.22, coverage: full}]
#     dora: [{id: 30(2)(b), coverage: evidence}]
#   remediation:
#     summary: "Find out what changed: the service, the evidence, or a mistake that was mended."
#     steps:
#       xdr-current:
#         - "Compare the earlier result's evidence with today's: the organisation's id, the data centre, and who saved what when."
#         - If the evidence is another organisation's, take it away and collect again.
#         - If the service was provisioned anew, find out who had it done, and look at XDR1006; what it held is gone.
#         - If the place is right and allowed, keep the new result as the earlier one of the next scan, and update the record and the register of processing.
package domicile.geo.geo_unchanged

import data.domicile.lib.geo
import data.domicile.lib.geo_services as services

deny contains {
	"resource": geo.resource(service, _whats[fact]),
	"message": sprintf("Data of %s (%s) is in %s, and the earlier result of '%s' had it in %s.", [geo.title(service), _whats[fact], _listed(now), _when, _listed(before)]),
	"expected": sprintf("%s, as before", [_listed(before)]),
	"actual": _listed(now),
} if {
	_sound
	some [fact, service], before in _before
	now := _now[[fact, service]]
	_moved(before, now)
}

not_applicable contains {"reason": "no_earlier_result", "message": "There is no earlier result to compare with."} if not _previous

not_applicable contains {"reason": "nothing_to_judge", "message": message} if {
	_sound
	count(_before) == 0
	message := "The earlier result knew no Geo at tier portal or better, so that there is nothing to compare."
}

unknown contains {"reason": "conflict", "kind": "previous_result", "message": message} if {
	some message in _faults
}

unknown contains {"reason": "partial", "kind": "", "message": message} if {
	_sound
	some [fact, service], before in _before
	now := _now[[fact, service]]
	now != before
	not _moved(before, now)
	message := sprintf("Data of %s (%s) is said to be in %s, by the earlier result in %s, and not all of these are known places; look them up.", [geo.title(service), _whats[fact], _listed(now), _listed(before)])
}

unknown contains {"reason": "not_collected", "kind": "", "message": message} if {
	_sound
	some [fact, service], before in _before
	not _now[[fact, service]]
	message := sprintf("Data of %s (%s) was in %s by the earlier result, and today no source at tier portal or better tells where it is; collect or import what told it then.", [geo.title(service), _whats[fact], _listed(before)])
}

observed contains {"fact": fact, "service": service, "value": value, "tier": "", "kind": ""} if {
	_sound
	some [fact, service], now in _now
	value := sprintf("%s, before %s", [_listed(now), _listed(object.get(_before, [[fact, service]], set()))])
}

# A place that isn't known may be the other's, so that only known ones show a change.
_moved(before, now) if {
	count(_known(now) - before) > 0
	_known(before) == before
}

_moved(before, now) if {
	count(_known(before) - now) > 0
	_known(now) == now
}

_known(places) := {place | some place in places; geo.geo(place)}

_previous := input.evidence.previous_result[0]

_sound if {
	_previous
	count(_faults) == 0
}

_faults contains message if {
	_previous
	not _of_this_tenant
	message := sprintf("The earlier result is of the tenant %s; give that of this tenant.", [geo.quoted(object.get(_previous, "tenantId", null))])
}

_faults contains "The earlier result's chain of digests is broken, so that it may have been changed; give the one that was kept." if {
	_previous.chain == "broken"
}

_of_this_tenant if {
	is_string(_previous.tenantId)
	lower(_previous.tenantId) == lower(input.tenant.id)
}

_when := substring(_previous.finished, 0, 40) if {
	is_string(_previous.finished)
} else := "an unnamed day"

_whats := {"geo": "storage", "telemetry_geo": "telemetry"}

# The tiers at which a Geo is compared, best first.
_ranks := {"signed": 1, "api": 2, "proxy": 3, "portal": 4}

# The rules whose observations say where a service's data rests, and nothing else.
_tellers := {"GEO1001", "GEO1002", "GEO1005", "GEO1006"}

# The Geos of each service by the strongest tier, then and now, by [fact, service].
_before := _strongest({seen |
	some id in _tellers
	some seen in _previous.rules[id].observed
	_whats[seen.fact]
})

_now := _strongest(geo.shown(geo.observations(input)) | services.shown({seen |
	some seen in (services.cloud_apps_pages(input) | services.exchange_exports(input))
	seen.fresh
}))

_strongest(observed) := {key: geos |
	some key in {[seen.fact, seen.service] | some seen in observed; _ranks[seen.tier]}
	best := min({_ranks[seen.tier] | some seen in observed; [seen.fact, seen.service] == key})
	geos := {place |
		some seen in observed
		[seen.fact, seen.service] == key
		_ranks[seen.tier] == best
		place := _place(seen.value)
	}
	count(geos) > 0
}

# An observation begins with the place as its source writes it, in single quotes. A place that
# isn't known is compared as it is written.
_place(value) := geo.geo(code) if {
	code := _code(value)
	geo.geo(code)
} else := _code(value)

_code(value) := regex.find_all_string_submatch_n(`^'([^']+)'`, value, 1)[0][1] if is_string(value)

_listed(geos) := concat(", ", sort(geos)) if {
	count(geos) > 0
} else := "no place that was known"
