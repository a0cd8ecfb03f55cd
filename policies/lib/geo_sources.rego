# METADATA
# title: Sources of the service's Geo
# description: >-
#   Turns each source that may tell where the service's data rests into plain observations: the
#   onboarding package of Defender for Endpoint, the portal's tenant context, and statements on
#   record. domicile.lib.geo judges what they say together.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/defender-endpoint/data-storage-privacy
package domicile.lib.geo_sources

import data.domicile.lib.attestations
import data.domicile.lib.geo_codes
import data.domicile.lib.geo_package
import data.domicile.lib.geo_portal

# all is the set of what every source of this tenant says, with fresh true or false, in
# the shape that domicile.lib.geo describes.
all(inp) := (_packages(inp) | _portal(inp)) | _statements(inp)

_packages(inp) := {seen |
	some package_read in geo_package.current(inp)
	geo_package.usable(inp, package_read)
	some what, value in {
		"storage": object.get(package_read, "datacenter", null),
		"telemetry": object.get(package_read, "vortexGeoLocation", null),
	}
	_is_text(value)
	seen := object.union(_package_proof(inp, package_read), {
		"service": "defender_for_endpoint", "what": what, "geo": geo_codes.label(value), "value": value,
		"kind": "onboarding_package", "time": "", "fresh": geo_package.fresh(inp, package_read),
	})
}

_package_proof(inp, package_read) := {"tier": "signed", "rank": 1, "note": ""} if {
	geo_package.proven(inp, package_read)
} else := {"tier": "portal", "rank": 5, "note": " (signed by an issuer that isn't known)"} if {
	package_read.signature == "unknown_issuer"
} else := {"tier": "portal", "rank": 5, "note": " (another source names another organisation)"} if {
	count(geo_package.contradictions(inp, package_read)) > 0
} else := {"tier": "portal", "rank": 5, "note": " (package not bound to this tenant)"} if {
	not geo_package.bound(inp, package_read)
} else := {"tier": "portal", "rank": 5, "note": ""}

_portal(inp) := {seen |
	some context in geo_portal.contexts(inp)
	some value in _readings(object.get(context, "DataCenter", null), object.get(context, "GeoRegion", null))
	seen := object.union(_portal_proof(inp, context), {
		"service": "xdr", "what": "storage", "geo": geo_codes.label(value), "value": value, "kind": "portal_tenant_context",
		"time": _text(object.get(context, "savedAt", null)), "fresh": geo_portal.fresh(inp, context),
	})
}

_portal_proof(inp, context) := {"tier": "portal", "rank": 5, "note": ""} if {
	geo_portal.named(inp, context)
} else := {"tier": "attested", "rank": 6, "note": " (file without tenant, named person or hash)"}

_statements(inp) := {seen |
	some statement in attestations.about(inp.evidence.attestations, "xdr-geo")
	is_object(statement.value)
	_counts(inp, statement)
	some value in _readings(object.get(statement.value, "datacenter", null), object.get(statement.value, "geo", null))
	seen := object.union(_statement_proof(statement), {
		"service": "xdr", "what": "storage", "geo": geo_codes.label(value), "value": value, "kind": "attestations",
		"time": _text(object.get(statement, "observedAt", null)), "fresh": _valid_still(inp, statement),
	})
}

# A signed statement of two people counts above proxy and portal.
_statement_proof(statement) := {"tier": "attested", "rank": 3, "note": ""} if {
	statement.signed in [true]
	people := {lower(id) | some id in [statement.observedBy.objectId, statement.reviewer.objectId]; _is_text(id)}
	count(people) == 2
} else := {"tier": "attested", "rank": 6, "note": ""}

# A statement counts when it is sound. One whose only fault is that it has expired is
# kept apart, as outdated.
_counts(_, statement) if attestations.sound(statement)

_counts(inp, statement) if {
	is_array(statement.checks)
	every check in statement.checks {
		_passed_but_for_dates(check)
	}
	attestations.time_ns(statement.validUntil) < attestations.time_ns(inp.now)
}

_passed_but_for_dates(check) if check.ok in [true]

_passed_but_for_dates(check) if check.name == "dates"

default _valid_still(_, _) := false

_valid_still(inp, statement) if {
	attestations.sound(statement)
	attestations.time_ns(statement.validUntil) >= attestations.time_ns(inp.now)
}

# _readings takes the data centre and the Geo that one source gives: the data centre
# alone where both mean the same Geo, and both where they differ or one isn't known.
_readings(exact, coarse) := {exact} if {
	geo_codes.macro(exact) == geo_codes.macro(coarse)
} else := {value | some value in [exact, coarse]; _is_text(value)}

_is_text(value) if {
	is_string(value)
	trim_space(value) != ""
}

_text(value) := value if {
	is_string(value)
} else := ""
