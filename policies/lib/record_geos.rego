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

import data.domicile.lib.attestations
import data.domicile.lib.geo

# own is the set of the places of the service's storage and telemetry, as {service, value, geo,
# tier, kind}; geo is "" for a place that isn't known. It takes the whole input.
own(inp) := {{"service": "xdr", "value": seen.value, "geo": seen.geo, "tier": seen.tier, "kind": seen.kind} |
	some what in ["storage", "telemetry"]
	some seen in geo.settled(inp, what).best
}

# others is the same for the services whose place people attest to.
others(inp) := {{"service": service, "value": value, "geo": geo.label(value), "tier": "attested", "kind": "attestations"} |
	some fact, service in _services
	statement := attestations.latest(inp.evidence.attestations, fact)
	some value in _values(statement.value)
}

_services := {
	"mdi-geo": "defender_for_identity",
	"mdca-geo": "cloud_apps",
	"app-governance-geo": "app_governance",
	"exchange-regions": "exchange",
	"m365-data-location": "microsoft_365",
}

# A statement names one place, or for Exchange the default region and the allowed ones.
_values(said) := {value |
	some values in [[place | place := said.geo], [place | place := said.defaultMailboxRegion], [place | some place in said.allowedMailboxRegions]]
	some value in values
	is_string(value)
}

# acknowledged holds when a record of acceptance or decision names a service with a Geo in which
# the place lies.
acknowledged(record, place) if {
	some entry in record.value.acknowledged
	geo.service_named(entry.service) == place.service
	is_string(entry.geo)
	geo.inside(place.value, [entry.geo])
}
