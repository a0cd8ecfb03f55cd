# METADATA
# title: Geos in the record
# description: >-
#   Where the data of the service, and of the services that feed it, is known to rest, for rules
#   that ask whether a record names the place: the observations of the service's own Geo, and
#   the statements of people about the others.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
package domicile.lib.record_geos

import data.domicile.lib.geo
import data.domicile.lib.geo_services

# own is the set of the places of the service's storage and telemetry, as {service, value, geo,
# tier, kind}; geo is "" for a place that isn't known. It takes the whole input.
own(inp) := {{"service": "xdr", "value": seen.value, "geo": seen.geo, "tier": seen.tier, "kind": seen.kind} |
	some what in ["storage", "telemetry"]
	some seen in geo.settled(inp, what).best
}

# others is the same for the services whose place people attest to, as geo_services reads their
# statements.
others(inp) := {{"service": service, "value": seen.value, "geo": seen.geo, "tier": seen.tier, "kind": seen.kind} |
	some service, _ in geo_services.facts
	some seen in geo_services.attested(inp, service)
	seen.fresh
}

# acknowledged holds when a record of acceptance or decision names a service with a Geo in which
# the place lies.
acknowledged(record, place) if {
	some entry in record.value.acknowledged
	geo.service_named(entry.service) == place.service
	is_string(entry.geo)
	geo.inside(place.value, [entry.geo])
}
