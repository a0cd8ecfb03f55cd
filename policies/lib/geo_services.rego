# METADATA
# title: Geos of the other services
# description: >-
#   Where the data of the services beside Defender XDR rests: Defender for Identity, Cloud Apps,
#   App governance, Exchange and Microsoft 365. No supported interface tells any of it, so that
#   it is known from pages and cmdlets that a person saved and from statements on record.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/defender-for-identity/privacy-compliance
#   - ref: https://learn.microsoft.com/defender-cloud-apps/cas-compliance-trust
#   - ref: https://learn.microsoft.com/powershell/module/exchangepowershell/get-organizationconfig
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/o365-data-locations
package domicile.lib.geo_services

import data.domicile.lib.attestations
import data.domicile.lib.geo
import data.domicile.lib.geo_codes
import data.domicile.lib.geo_portal

# facts gives the fact of an attestation that says where a service's data rests.
facts := {
	"defender_for_identity": "mdi-geo",
	"cloud_apps": "mdca-geo",
	"app_governance": "app-governance-geo",
	"exchange": "exchange-regions",
	"microsoft_365": "m365-data-location",
}

# attested is the set of what the newest valid statement says of a service, in the shape
# that domicile.lib.geo describes for observations, with fresh true or false and source, the
# thing that says it. Where no statement is valid, those that have merely expired speak.
attested(inp, service) := {seen |
	some current in _current(inp, facts[service])
	some value in _stated(service, current.statement.value)
	seen := object.union(_proof(current.statement), {
		"service": service, "what": "storage", "geo": geo_codes.label(value), "value": value, "kind": "attestations",
		"time": "", "fresh": current.fresh, "source": concat(" ", ["attestations", attestations.file(current.statement)]),
	})
}

# cloud_apps_pages is the same from saved about pages of Cloud Apps.
cloud_apps_pages(inp) := {seen |
	some i, page in inp.evidence.portal_mcas_about
	some value in _readings(object.get(page, "regionName", null), object.get(page, "dataCenterName", null))
	seen := _saved(inp, page, {"service": "cloud_apps", "value": value, "kind": "portal_mcas_about", "source": sprintf("portal_mcas_about %d", [i])})
}

# exchange_exports is the same from saved answers of Get-OrganizationConfig. Exchange writes
# an allowed region as NAM or as NAM=..., of which the first part is the region.
exchange_exports(inp) := {seen |
	some i, export in inp.evidence.exchange_organization
	some value in regions(object.get(export, "DefaultMailboxRegion", null), object.get(export, "AllowedMailboxRegions", null))
	seen := _saved(inp, export, {"service": "exchange", "value": value, "kind": "exchange_organization", "source": sprintf("exchange_organization %d", [i])})
}

# regions is the set of Exchange's default region and the allowed ones, without what Exchange
# writes behind = of each.
regions(main, others) := _texts([main]) | {trim_space(split(region, "=")[0]) | some region in _texts(_list(others))}

# settle judges what is said of one service, by the strongest of what is fresh. state is
# known, none, stale, conflict or partial; reason, kind and message tell why it isn't known;
# best is the set of the strongest observations, which is every place where the data rests.
settle(service, said) := _open("none", "needs_attestation", set(), message) if {
	count(said) == 0
	message := sprintf("No evidence says where data of %s rests; %s.", [geo.title(service), _closes[service]])
} else := _open("stale", "stale", said, message) if {
	count(_fresh(said)) == 0
	message := sprintf("What says where data of %s rests (%s) is older than its limit of age or has no date; %s.", [geo.title(service), geo.said(said), _closes[service]])
} else := _open("conflict", "conflict", _best(said), message) if {
	_disagree(service, _best(said))
	message := sprintf("Equally strong sources disagree on where data of %s rests (%s); find out which is right.", [geo.title(service), geo.said(_best(said))])
} else := {"state": "known", "reason": "", "kind": "", "message": "", "best": _best(said)} if {
	count(_strange(said)) == 0
} else := {
	"state": "partial", "reason": "partial", "kind": [seen.kind | some seen in _strange(said)][0], "best": _best(said),
	"message": sprintf("The place where data of %s rests (%s) isn't a known one; look it up and correct it.", [geo.title(service), geo.said(_strange(said))]),
}

# finding is what a rule denies of a service whose data rests outside the allowed places. It
# is undefined when there is nothing to deny. Of several places, one that isn't known doesn't
# hide one that isn't allowed.
finding(service, found, allowed) := {
	"resource": geo.resource(service, "storage"),
	"message": sprintf("Data of %s rests or may rest at %s, which isn't in the places allowed for it.", [geo.title(service), geo.said(outside)]),
	"expected": sprintf("a place in %s", [concat(", ", allowed)]),
	"actual": geo.said(outside),
} if {
	found.state in {"known", "partial"}
	outside := {seen | some seen in found.best; seen.geo != ""; not geo.inside(seen.value, allowed)}
	count(outside) > 0
}

# shown turns what is said of a service into a rule's observations.
shown(said) := {{"fact": "geo", "service": seen.service, "value": geo.said({seen}), "tier": seen.tier, "kind": seen.kind} |
	some seen in said
}

# app_governance_off is true when the newest valid statement says that App governance is off.
app_governance_off(inp) if {
	attestations.latest(inp.evidence.attestations, "app-governance-geo").value.enabled in [false]
}

# unset is the message of a rule that has no list of allowed places for a service.
unset(service) := sprintf("No list of allowed places is set; set the parameter allowed_geos, or %s in allowed_geos_by_service.", [service])

_closes := {
	"defender_for_identity": "read it at Settings > Identities > About and attest mdi-geo",
	"cloud_apps": "import the about page of Cloud Apps, or attest mdca-geo",
	"app_governance": "attest app-governance-geo, also when App governance is off",
	"exchange": "import the answer of Get-OrganizationConfig, or attest exchange-regions",
	"microsoft_365": "read the admin center's page Data location and attest m365-data-location",
}

# The services that keep their data in more than one place.
_spread := {"exchange", "microsoft_365"}

_current(inp, fact) := [{"statement": statement, "fresh": true}] if {
	statement := attestations.latest(inp.evidence.attestations, fact)
} else := [{"statement": statement, "fresh": false} |
	some statement in attestations.about(inp.evidence.attestations, fact)
	_expired(inp, statement)
]

# An expired statement is one whose only fault is its dates.
_expired(inp, statement) if {
	{check.name | some check in attestations.failed_checks(statement)} == {"dates"}
	attestations.end_ns(statement.validUntil) < attestations.time_ns(inp.now)
}

_stated("defender_for_identity", value) := _texts([value.geo])

_stated("cloud_apps", value) := _readings(object.get(value, "datacenter", null), object.get(value, "geo", null)) if is_object(value)

_stated("app_governance", value) := _texts([value.geo]) if {
	is_object(value)
	not object.get(value, "enabled", null) in [false]
}

_stated("exchange", value) := regions(object.get(value, "defaultMailboxRegion", null), object.get(value, "allowedMailboxRegions", null)) if {
	is_object(value)
}

# The card names further services; Exchange's own regions are another fact.
_stated("microsoft_365", value) := _texts([value.geo]) | _texts([entry.geo |
	some entry in value.services
	_of_microsoft_365(entry.service)
])

_of_microsoft_365(name) if not geo.service_named(name)

_of_microsoft_365(name) if geo.service_named(name) == "microsoft_365"

_list(values) := values if {
	is_array(values)
} else := []

# The exact place alone where both mean the same Geo, and both where they differ.
_readings(exact, coarse) := {exact} if {
	geo_codes.macro(exact) == geo_codes.macro(coarse)
} else := _texts([exact, coarse])

_texts(values) := {value |
	some value in values
	is_string(value)
	trim_space(value) != ""
}

# A file counts as a portal's export when somebody answers for it.
_saved(inp, file, seen) := object.union(seen, {
	"what": "storage", "geo": geo_codes.label(seen.value), "tier": tier, "rank": _ranks[tier],
	"time": "", "note": _notes[tier], "fresh": geo_portal.fresh(inp, file),
}) if {
	tier := _tier(file)
}

_tier(file) := "portal" if {
	count(_texts([file.savedBy])) == 1
	count(_texts([file.sha256])) == 1
} else := "attested"

_ranks := {"portal": 5, "attested": 6}

_notes := {"portal": "", "attested": " (file without named person or hash)"}

# A signed statement of two people counts above a portal's export.
_proof(statement) := {"tier": "attested", "rank": 3, "note": ""} if {
	attestations.signed(statement)
} else := {"tier": "attested", "rank": 6, "note": ""}

_fresh(said) := {seen | some seen in said; seen.fresh}

_best(said) := {seen |
	some seen in _fresh(said)
	seen.rank == min({other.rank | some other in _fresh(said)})
}

_strange(said) := {seen | some seen in _best(said); seen.geo == ""}

_disagree(_, best) if count({geos | some geos in _by_source(best)}) > 1

_disagree(service, best) if {
	not service in _spread
	count({seen.geo | some seen in best} - {""}) > 1
}

_by_source(best) := {source: geos |
	some source in {seen.source | some seen in best}
	geos := {seen.geo | some seen in best; seen.source == source}
}

_open(state, reason, about, message) := {
	"state": state, "reason": reason, "kind": concat("", array.slice(sort({seen.kind | some seen in about}), 0, 1)),
	"message": message, "best": set(),
}
