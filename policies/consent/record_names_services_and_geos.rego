# METADATA
# title: The record names every service that feeds the service, every Geo that differs, and the edition of the terms
# description: >-
#   Whoever accepts the terms, or decides to use the service, agrees that Customer Data of other
#   services moves into it and may then rest elsewhere. The record shows that this was known when
#   it names each service that really feeds it, each place that differs from the service's own,
#   and the edition of the terms. A service that isn't licensed or sends nothing need not be named.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://www.microsoft.com/licensing/terms/
# custom:
#   id: CONS1003
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [attestations]
#     optional: [subscribed_skus, hunting_probe, onboarding_package, portal_tenant_context, portal_mcas_about, exchange_organization, incidents_probe, defender_api_probe]
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#     package_max_age_days:
#       type: integer
#       description: For how many days after its signing certificate ended an onboarding package counts as evidence.
#       default: 400
#     workload_days:
#       type: integer
#       description: The window in days in which a workload that feeds the service shows rows.
#       default: 7
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}]
#     iso_27001: [{id: A.5.14, coverage: part}]
#     gdpr: [{id: 30(1)(d), coverage: evidence}, {id: 30(1)(e), coverage: evidence}]
#   remediation:
#     summary: Write a new record that names the services, the places that differ, and the edition.
#     steps:
#       xdr-current:
#         - List the services that feed the service, from XDR1005's findings and what it shows.
#         - Look up where each rests (GEO1004 to GEO1007) and let the data's owner accept each place that differs.
#         - Run `domicile attest new service-decision`; name the services under services, the places under acknowledged, and the edition of the Product Terms and the DPA; a second person reviews it.
#       mtp-2020-b:
#         - Run `domicile attest new service-decision`; name the services under services, the places that differ under acknowledged, and the edition of the terms in the contract at the time; a second person reviews it.
#       mtp-2020-a:
#         - Run `domicile attest new terms-accepted`; name the services under services, the places that differ under acknowledged, and the edition of the terms shown at Opt-in / Opt-out; a second person reviews it.
package domicile.consent.record_names_services_and_geos

import data.domicile.lib.attestations
import data.domicile.lib.geo
import data.domicile.lib.hunting_feeds as feeds
import data.domicile.lib.licences
import data.domicile.lib.record_geos
import data.domicile.lib.service

deny contains {
	"resource": {"kind": "attestation", "id": _fact, "name": attestations.file(_record)},
	"message": sprintf("The record '%s' does not name %s.", [attestations.file(_record), concat(", ", sort(_missing))]),
	"expected": "every service that feeds, every place that differs, and the edition of the terms",
	"actual": sprintf("%d not named", [count(_missing)]),
} if {
	count(_missing) > 0
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_state == "none"
	message := sprintf("No valid statement of the fact '%s' is there; CONS1001 and CONS1004 say what to do.", [_fact])
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_state == "unsaid"
	message := sprintf("The record '%s' does not say whether it was accepted.", [attestations.file(_record)])
}

unknown contains {"reason": feed.reason, "kind": feed.kind, "message": message} if {
	_state == "accepted"
	some name, feed in _feeds
	feed.state == "unknown"
	not _named(name)
	message := sprintf("The record does not name %s, and whether it feeds the service isn't known: %s", [_titles[name], feed.message])
}

unknown contains {"reason": _own.reason, "kind": _own.kind, "message": _own.message} if {
	_state == "accepted"
	_own.state != "known"
}

unknown contains question if {
	_state == "accepted"
	some question in record_geos.unsettled(input)
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_state == "accepted"
	some name, message in record_geos.silent(input)
	_feeds[name].state == "feeds"
}

not_applicable contains {"reason": "switched_off", "message": "The service is off and there is no record of a decision to use it."} if _state == "off"

not_applicable contains {"reason": "nothing_to_judge", "message": message} if {
	_state == "refused"
	message := sprintf("The record '%s' says that the service was refused.", [attestations.file(_record)])
}

observed contains {"fact": "feeds", "service": name, "value": value, "tier": "proxy", "kind": "hunting_probe"} if {
	_state == "accepted"
	some name, feed in _feeds
	feed.state == "feeds"
	value := sprintf("%s, %s in the record", [_titles[name], _word(name)])
}

_fact := attestations.record_fact(input.profile)

_record := attestations.latest(input.evidence.attestations, _fact)

_state := "accepted" if {
	_record.value.accepted in [true]
} else := "refused" if {
	_record.value.accepted in [false]
} else := "unsaid" if {
	_record
} else := "off" if {
	count(attestations.about(input.evidence.attestations, _fact)) == 0
	service.off(input)
} else := "none"

_missing contains _titles[name] if {
	_state == "accepted"
	some name, feed in _feeds
	feed.state == "feeds"
	not _named(name)
}

_missing contains sprintf("that data of %s rests in %s", [geo.title(place.service), geo.quoted(place.value)]) if {
	_state == "accepted"
	_own.state == "known"
	some place in _places
	not place.geo in {"", _own.geo}
	not record_geos.acknowledged(_record, place)
}

_missing contains "the edition of the terms" if {
	_state == "accepted"
	not _edition
}

_edition if {
	is_string(_record.value.edition)
	trim_space(_record.value.edition) != ""
}

_own := geo.settled(input, "storage")

_places := record_geos.others(input)

# Whether each service feeds the service: feeds, idle or unknown, with the reason.
_feeds := {name: _feed(name, seen) |
	some name, seen in {
		"cloud_apps": feeds.feed(input, "CloudAppEvents", input.params.workload_days),
		"endpoint": feeds.feed(input, "DeviceInfo", input.params.workload_days),
		"identity": feeds.directory(input, input.params.workload_days),
		"office": feeds.feed(input, "EmailEvents", input.params.workload_days),
	}
}

_feed(name, seen) := {"state": "idle"} if {
	not licences.service_licensed(input.evidence.subscribed_skus, name)
	count(_unsure) == 0
} else := {"state": "idle"} if {
	seen.state in {"none", "absent"}
} else := {"state": "unknown", "reason": seen.reason, "kind": "hunting_probe", "message": seen.message} if {
	seen.state == "unknown"
} else := {"state": "feeds"} if {
	licences.service_licensed(input.evidence.subscribed_skus, name)
} else := object.union({"state": "unknown"}, first) if {
	first := [gap | some gap in _unsure][0]
}

_unsure := licences.unread(input) | licences.unclear(input.evidence.subscribed_skus)

_named(name) if {
	some text in _record.value.services
	is_string(text)
	trim_prefix(regex.replace(lower(text), `[^a-z0-9]`, ""), "microsoft") in _names[name]
}

_word(name) := "named" if {
	_named(name)
} else := "not named"

_titles := {
	"cloud_apps": "Defender for Cloud Apps", "endpoint": "Defender for Endpoint",
	"identity": "Defender for Identity", "office": "Defender for Office 365",
}

# What people write for each service, today's names and those of 2020.
_names := {
	"cloud_apps": {"cloudapps", "cloudappsecurity", "defenderforcloudapps", "mcas", "mdca"},
	"endpoint": {"defenderatp", "defenderforendpoint", "endpoint", "mdatp", "mde"},
	"identity": {"aatp", "azureadvancedthreatprotection", "azureatp", "defenderforidentity", "identity", "mdi"},
	"office": {"defenderforoffice", "defenderforoffice365", "exchange", "exchangeonline", "mdo", "office", "office365", "office365atp"},
}
