# METADATA
# title: The earlier result
# description: >-
#   What an earlier scan of the tenant said. Only a result of the same tenant whose chain is not
#   broken is compared with; a chain that nobody could check is said, and is no contradiction.
# scope: package
package domicile.lib.previous

import data.domicile.lib.attestations
import data.domicile.lib.geo_codes

# Tiers at which a place counts for a comparison, by rank: a statement that changed is a correction.
_ranks := {"signed": 1, "api": 2, "proxy": 3, "portal": 4}

# The earlier result; undefined when there is none.
result(scan) := scan.evidence.previous_result[0]

# Why the earlier result can't be compared with, as {reason, message}; undefined when it can.
unusable(scan) := {"reason": "no_earlier_result", "message": "There is no earlier result to compare with."} if {
	not _there(scan)
} else := {"reason": "conflict", "message": message} if {
	not _same_tenant(scan)
	message := "The earlier result is of another tenant; give the result of this one."
} else := {"reason": "conflict", "message": message} if {
	not _unbroken(scan)
	message := "The chain of earlier results is broken, so that the earlier result may have been changed; give one that is intact."
} else := {"reason": "conflict", "message": message} if {
	not _earlier(scan)
	message := "The earlier result bears no time, or one after this scan; give the result of an earlier scan."
}

# True when the service was known to be on: XDR1001 observed it, or passed without saying how.
was_on(earlier) if {
	some seen in _states(earlier)
	startswith(seen, "on")
}

was_on(earlier) if {
	count(_states(earlier)) == 0
	earlier.rules.XDR1001.outcome == "pass"
}

# Where the service's data rested, as Geo, by the best tier that GEO1001 then had; undefined when
# nothing better than a statement was known, when sources disagreed, or when the place has no name.
geo(earlier) := [place | some place in places][0] if {
	known := {[_ranks[seen.tier], geo_codes.label(quoted[1])] |
		some seen in earlier.rules.GEO1001.observed
		seen.fact == "geo"
		is_string(seen.value)
		quoted := regex.find_all_string_submatch_n(`^'([^']*)'`, seen.value, 1)[0]
	}
	best := min({rank | some [rank, _] in known})
	places := {place | some [rank, place] in known; rank == best}
	count(places) == 1
	not "" in places
}

# The day of the earlier scan, for messages.
day(earlier) := substring(earlier.finished, 0, 10)

# What XDR1001 observed begins with on, off or unknown.
_states(earlier) := {seen.value |
	some seen in earlier.rules.XDR1001.observed
	seen.fact == "on"
	seen.service == "xdr"
	is_string(seen.value)
}

_there(scan) if result(scan)

_unbroken(scan) if result(scan).chain in {"intact", "unknown"}

_same_tenant(scan) if {
	is_string(result(scan).tenantId)
	lower(result(scan).tenantId) == lower(scan.tenant.id)
}

_earlier(scan) if attestations.time_ns(result(scan).finished) <= attestations.time_ns(scan.now)
