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
import data.domicile.lib.geo_services as services
import data.domicile.lib.licences

# own is the set of the places of the service's storage and telemetry, as {service, value, geo,
# tier, kind}; geo is "" for a place that isn't known. It takes the whole input.
own(inp) := {{"service": "xdr", "value": seen.value, "geo": seen.geo, "tier": seen.tier, "kind": seen.kind} |
	some what in ["storage", "telemetry"]
	some seen in geo.settled(inp, what).best
}

# others is the set of the places where the data of each other service is known to rest, by the
# strongest source of each: statements, and what a person saved of a page or a cmdlet.
others(inp) := {place | some found in _settled(inp); some place in found.best}

# unsettled is the set of the reasons why a place of those services isn't known although
# something tells of it, as {reason, kind, message}.
unsettled(inp) := {object.filter(found, ["reason", "kind", "message"]) |
	some found in _settled(inp)
	found.state in {"stale", "conflict", "partial"}
}

# silent gives the message of each service that feeds the service, by its plan's name, of whose
# place nothing tells.
silent(inp) := {plan: found[service].message |
	found := _settled(inp)
	some service, plan in _feeding
	found[service].state == "none"
}

# missing is the set of the reasons why the place of a service that is licensed, or may be, isn't
# known: nothing tells of it.
missing(inp) := {{"reason": "needs_attestation", "kind": "", "message": message} |
	some plan, message in silent(inp)
	licences.service_licensed(inp.evidence.subscribed_skus, plan)
} | {question |
	some plan, _ in silent(inp)
	not licences.service_licensed(inp.evidence.subscribed_skus, plan)
	some question in (licences.unread(inp) | licences.unclear(inp.evidence.subscribed_skus))
}

# acknowledged holds when a record of acceptance or decision names a service with a Geo in which
# the place lies.
acknowledged(record, place) if {
	some entry in record.value.acknowledged
	geo.service_named(entry.service) == place.service
	is_string(entry.geo)
	geo.inside(place.value, [entry.geo])
}

_settled(inp) := {service: services.settle(service, services.attested(inp, service) | _saved(inp, service)) |
	some service, _ in services.facts
}

_saved(inp, service) := services.cloud_apps_pages(inp) if {
	service == "cloud_apps"
} else := services.exchange_exports(inp) if {
	service == "exchange"
} else := set()

# The plans of the services that feed the service with data of their own Geo.
_feeding := {"defender_for_identity": "identity", "cloud_apps": "cloud_apps", "exchange": "office"}
