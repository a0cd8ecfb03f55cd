# METADATA
# title: Limits of age
# description: >-
#   How old evidence may be before it says nothing of today, by the way it was got: api for what
#   an API answers, portal for what a person saved. The parameter max_evidence_age sets both, in
#   hours (24h) or days (90d).
# scope: package
package domicile.lib.age

import data.domicile.lib.attestations

# within is true for a time, in nanoseconds, that lies no longer ago than the limit of its way.
within(inp, way, at) if attestations.time_ns(inp.now) - at <= _limit(inp, way)

# past is true for the text of a time that isn't in the future; nobody can tell it of anything
# else.
past(inp, text) if attestations.time_ns(text) <= attestations.time_ns(inp.now)

_defaults := {"api": "24h", "portal": "90d"}

# Anything but hours or days is undefined, so that nothing counts as fresh.
_limit(inp, way) := to_number(parts[1]) * {"h": 3600000000000, "d": 86400000000000}[parts[2]] if {
	limit := object.get(object.get(inp.params, "max_evidence_age", {}), way, _defaults[way])
	is_string(limit)
	parts := regex.find_all_string_submatch_n(`^([0-9]{1,5})([hd])$`, limit, 1)[0]
}
