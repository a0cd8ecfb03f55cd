# METADATA
# title: Geos
# description: >-
#   Where the service's data rests: what each source says, how well it is proven, and whether a
#   place lies in the places that the organisation allows.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/defender-endpoint/data-storage-privacy
package domicile.lib.geo

import data.domicile.lib.geo_codes
import data.domicile.lib.geo_sources

# geo is the macro Geo (EU, UK, US, AU, CH, IN, ...) of a code of any system; undefined
# when the code isn't known.
geo(code) := geo_codes.macro(code)

# label is the macro Geo of a code, "" when the code isn't known.
label(code) := geo_codes.label(code)

# inside is true when a code's place lies in one of the allowed ones: DEU and westeurope
# in EU, but EUR not in DEU. It isn't for a code that isn't known.
inside(code, allowed) if {
	some place in allowed
	geo_codes.place(place) in geo_codes.places(code)
}

# allowed is the list of the places where a service's data may rest: its own list, or the
# general one; undefined when neither is set. A name that geo_groups defines stands for its
# members.
allowed(inp, service) := grouped(inp, places) if {
	places := inp.params.allowed_geos_by_service[service]
} else := grouped(inp, inp.params.allowed_geos)

# grouped replaces the names that geo_groups defines by their members, and sorts.
grouped(inp, places) := sort({member |
	some place in places
	some member in object.get(object.get(inp.params, "geo_groups", {}), place, [place])
})

# floor is the lowest rank at which a service's Geo counts as proven, from min_geo_tier
# and min_geo_tier_by_service; undefined for a word that is no tier.
floor(inp, service) := _floors[tier(inp, service)]

# tier is the tier that the configuration asks for.
tier(inp, service) := object.get(
	object.get(inp.params, "min_geo_tier_by_service", {}), service,
	object.get(inp.params, "min_geo_tier", "attested"),
)

_floors := {"signed": 1, "api": 2, "proxy": 4, "portal": 5, "attested": 6}

# observations is the set of what the usable sources say, as {service, what, geo, value,
# tier, kind, time, rank, note}. service is defender_for_endpoint for its onboarding
# package and xdr for the portal and statements; what is storage or telemetry; geo is ""
# for a value that isn't known; rank is 1 for the best proof: signed, api, a signed
# statement of two people, proxy, portal, any other statement.
observations(inp) := {object.remove(candidate, ["fresh"]) | some candidate in geo_sources.all(inp); candidate.fresh}

# outdated is the set of what sources say that are older than their limit of age.
outdated(inp) := {object.remove(candidate, ["fresh"]) | some candidate in geo_sources.all(inp); not candidate.fresh}

# settled is what the observations say together about storage or telemetry: see settle.
settled(inp, what) := settle(
	inp,
	{seen | some seen in observations(inp); seen.what == what},
	{seen | some seen in outdated(inp); seen.what == what},
	concat(" ", ["the service's", what]),
)

# settle judges what fresh and outdated observations say of one thing, by the strongest of
# the fresh ones. state is known, none, stale, conflict or partial; reason, kind and message
# tell why it isn't known; geo, rank and best (the strongest observations) are what is. The
# subject names the thing in messages.
settle(inp, fresh, stale, subject) := _unsettled("none", "needs_attestation", set(), message) if {
	count(fresh | stale) == 0
	message := sprintf("No usable evidence says where %s is; import the onboarding package or a portal export, or attest xdr-geo.", [subject])
} else := _unsettled("stale", "stale", stale, message) if {
	count(fresh) == 0
	message := sprintf("What says where %s is (%s) is older than its limit of age; read it again.", [subject, said(stale)])
} else := _unsettled("conflict", "conflict", _best(fresh), message) if {
	count({seen.geo | some seen in _best(fresh)} - {""}) > 1
	message := sprintf("Equally strong sources disagree on where %s is (%s); find out which of them is right.", [subject, said(_best(fresh))])
} else := _unsettled("partial", "partial", _strange(fresh), message) if {
	count(_strange(fresh)) > 0
	message := sprintf("The place where %s is (%s) isn't a known one; look it up and attest xdr-geo.", [subject, said(_strange(fresh))])
} else := _unsettled("conflict", "conflict", _best(fresh), message) if {
	startswith(inp.profile, "mtp-2020")
	count({seen.geo | some seen in _best(fresh)} - {"EU", "UK", "US"}) > 0
	message := sprintf("Under profile '%s' the service was offered in the EU, the UK and the US alone, and %s is said to be elsewhere (%s); choose the right profile or the right evidence.", [inp.profile, subject, said(_best(fresh))])
} else := {
	"state": "known", "reason": "", "kind": "", "message": "",
	"geo": max({seen.geo | some seen in _best(fresh)}), "rank": min({seen.rank | some seen in fresh}), "best": _best(fresh),
}

# shown turns observations into those of a rule's output: a geo or a telemetry_geo each.
shown(observed) := {{"fact": _facts[seen.what], "service": seen.service, "value": said({seen}), "tier": seen.tier, "kind": seen.kind} |
	some seen in observed
}

# said names the values of observations and what is known of them, at most four, for a
# message.
said(observed) := concat(", ", [text |
	some [value, note] in array.slice(sort({[seen.value, seen.note] | some seen in observed}), 0, 4)
	text := concat("", [quoted(value), note])
])

# quoted is a tenant's text in single quotes, cut to what a message can bear.
quoted(text) := concat("", ["'", substring(text, 0, 60), "'"]) if {
	is_string(text)
} else := "''"

# resource names what a finding about a service's storage or telemetry is about.
resource(service, what) := {"kind": "geo", "id": concat(":", [service, what]), "name": concat("", [_titles[service], ", ", what])}

# title is a service's name for people.
title(service) := _titles[service]

# service_named is the name that this project has for a service, from a name that people
# write; undefined for others.
service_named(text) := [name |
	is_string(text)
	some name, names in _services
	regex.replace(lower(text), `[^a-z0-9]`, "") in names
][0]

_services := {
	"xdr": {"xdr", "mtp", "defenderxdr", "microsoftdefenderxdr"},
	"defender_for_endpoint": {"defenderforendpoint", "endpoint", "mde", "mdatp"},
	"defender_for_identity": {"defenderforidentity", "identity", "mdi", "aatp", "azureatp"},
	"cloud_apps": {"cloudapps", "defenderforcloudapps", "mdca", "mcas", "cloudappsecurity"},
	"app_governance": {"appgovernance"},
	"exchange": {"exchange", "exchangeonline", "office", "defenderforoffice", "defenderforoffice365", "mdo"},
	"microsoft_365": {"microsoft365", "m365", "office365"},
}

_titles := {
	"xdr": "Microsoft Defender XDR", "defender_for_endpoint": "Defender for Endpoint",
	"defender_for_identity": "Defender for Identity", "cloud_apps": "Defender for Cloud Apps",
	"app_governance": "App governance", "exchange": "Exchange Online", "microsoft_365": "Microsoft 365",
}

_facts := {"storage": "geo", "telemetry": "telemetry_geo"}

_best(observed) := {seen | some seen in observed; seen.rank == min({other.rank | some other in observed})}

_strange(observed) := {seen | some seen in _best(observed); seen.geo == ""}

_unsettled(state, reason, about, message) := {
	"state": state, "reason": reason, "kind": concat("", array.slice(sort({seen.kind | some seen in about}), 0, 1)),
	"message": message, "geo": "", "rank": 0, "best": set(),
}
