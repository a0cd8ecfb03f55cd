# METADATA
# title: Contradictions of attestations
# description: >-
#   What better evidence says against a valid statement. A statement never overrides it: the
#   contradiction is the statement's failure. Only the newest valid statement of a fact is
#   held against evidence, because an older one no longer claims to be true of today. Held are
#   xdr-geo and mde-org-binding against the onboarding package and the portal, terms-accepted,
#   service-decision and service-off against the service's state, mdca-geo against the about page
#   of Cloud Apps, exchange-regions and lockbox against Get-OrganizationConfig (and lockbox against
#   Secure Score), aatp-mcas-integration and mdca-connector against the rows of hunting, and
#   known-copy against Azure. Of the other facts no evidence tells.
# scope: package
package domicile.lib.attestations_contradictions

import data.domicile.lib.attestations
import data.domicile.lib.azure
import data.domicile.lib.geo
import data.domicile.lib.geo_package
import data.domicile.lib.geo_portal
import data.domicile.lib.geo_services
import data.domicile.lib.hunting_feeds as feeds
import data.domicile.lib.lockbox
import data.domicile.lib.service
import data.domicile.lib.service_exports as exports

# all is the set of the contradictions as {fact, file, says}; says is a clause without a
# full stop.
all(scan) := union({
	_geo_signed(scan), _geo_portal(scan), _org_signed(scan), _org_portal(scan), _off(scan), _on(scan), _consent(scan),
	_cloud_apps(scan), _exchange(scan), _lockbox(scan), _silent(scan), _copies(scan),
})

# The attested Geo against the onboarding package that Microsoft signed.
_geo_signed(scan) := {_against(statement, says) |
	statement := attestations.latest(scan.evidence.attestations, "xdr-geo")
	some package_read in geo_package.current(scan)
	geo_package.fresh(scan, package_read)
	_bound(scan, package_read)
	stored := _storage(package_read)
	some attested in _places(statement)
	geo.geo(attested) != geo.geo(stored)
	says := sprintf("it says '%s' and the signed onboarding package '%s'", [_short(attested), _short(stored)])
}

# The portal's page stands above a statement, unless the statement is signed.
_geo_portal(scan) := {_against(statement, says) |
	statement := attestations.latest(scan.evidence.attestations, "xdr-geo")
	not attestations.signed(statement)
	some context in _contexts(scan)
	stored := _shown(context)
	some attested in _places(statement)
	geo.geo(attested) != geo.geo(stored)
	says := sprintf("it says '%s' and the Defender portal '%s'", [_short(attested), _short(stored)])
}

# The attested organisation against the package of a subscription of this tenant.
_org_signed(scan) := {_against(statement, says) |
	some statement in _organisations(scan)
	some package_read in geo_package.current(scan)
	geo_package.fresh(scan, package_read)
	_bound_without_statements(scan, package_read)
	lower(statement.value.orgId) != geo_package.organisation(package_read)
	says := sprintf("it names the organisation '%s' and the signed onboarding package '%s'", [_short(statement.value.orgId), _short(package_read.orgId)])
}

_org_portal(scan) := {_against(statement, says) |
	some statement in _organisations(scan)
	some context in _contexts(scan)
	geo_portal.of_tenant(scan, context)
	is_string(context.OrgId)
	lower(statement.value.orgId) != lower(context.OrgId)
	says := sprintf("it names the organisation '%s' and the Defender portal '%s'", [_short(statement.value.orgId), _short(context.OrgId)])
}

# An attested end, while the service is proven on and nobody recorded a new start.
_off(scan) := {_against(statement, says) |
	statement := attestations.latest(scan.evidence.attestations, "service-off")
	not _started_again(scan, statement)
	found := service.state(scan)
	found.state == "on"
	found.tier != "attested"
	says := sprintf("it says that the service is off, and it is on (%s)", [found.tier])
}

# An attested start, while the service is proven off and nobody recorded an end.
_on(scan) := {_against(statement, says) |
	statement := attestations.latest(scan.evidence.attestations, attestations.record_fact(scan.profile))
	_claims_on(statement, scan.now)
	not _ended_since(scan, statement)
	found := service.state(scan)
	found.state == "off"
	found.tier != "attested"
	says := sprintf("it says that the service is on since '%s', and it is off (%s)", [_short(statement.value.turnedOnAt), found.tier])
}

# What MtpConsent means is known for the opt-in of 2020 alone, and opting out cleared it.
_consent(scan) := {_against(statement, says) |
	scan.profile == "mtp-2020-a"
	statement := attestations.latest(scan.evidence.attestations, "terms-accepted")
	is_boolean(statement.value.accepted)
	some context in _contexts(scan)
	is_boolean(context.MtpConsent)
	context.MtpConsent != statement.value.accepted
	not service.off(scan)
	says := sprintf("it says accepted: %v, and the Defender portal MtpConsent: %v", [statement.value.accepted, context.MtpConsent])
}

# The about page of Cloud Apps stands above a statement, unless the statement is signed.
_cloud_apps(scan) := {_against(statement, says) |
	statement := attestations.latest(scan.evidence.attestations, "mdca-geo")
	some stated in geo_services.attested(scan, "cloud_apps")
	some page in geo_services.cloud_apps_pages(scan)
	page.fresh
	page.rank < stated.rank
	geo.geo(stated.value) != geo.geo(page.value)
	says := sprintf("it says '%s' and the about page of Cloud Apps '%s'", [_short(stated.value), _short(page.value)])
}

# So does a saved answer of Get-OrganizationConfig that somebody answers for.
_exchange(scan) := {_against(statement, says) |
	statement := attestations.latest(scan.evidence.attestations, "exchange-regions")
	not attestations.signed(statement)
	some export in exports.fresh(scan, scan.evidence.exchange_organization)
	exports.tier(export) == "portal"
	[stated, seen] := _regions(statement.value, export)
	_geos(stated) != _geos(seen)
	says := sprintf("it says '%s' and Get-OrganizationConfig '%s'", [_short(concat(", ", sort(stated))), _short(concat(", ", sort(seen)))])
}

# The strongest of the sources of Customer Lockbox speaks, as in GEO1023.
_lockbox(scan) := {_against(statement, says) |
	statement := attestations.latest(scan.evidence.attestations, "lockbox")
	some stated in lockbox.readings(scan)
	stated.kind == "attestations"
	some seen in lockbox.readings(scan)
	seen.rank < stated.rank
	seen.rank == min({other.rank | some other in lockbox.readings(scan)})
	seen.on != stated.on
	says := sprintf("it says that Customer Lockbox is %s, and '%s' that it is %s", [_switch[stated.on], seen.kind, _switch[seen.on]])
}

# Rows of a later day show that what was off then is on. That rows are missing shows less, and is
# INT1001's and INT1008's to judge.
_silent(scan) := {_against(statement, says) |
	some fact, days in {
		"aatp-mcas-integration": {day | day := feeds.last_directory_day(scan)},
		"mdca-connector": {day | day := feeds.last_connector_day(scan)},
	}
	statement := attestations.latest(scan.evidence.attestations, fact)
	statement.value.enabled in [false]
	some last in days
	last > substring(statement.observedAt, 0, 10)
	says := sprintf("it says off, and rows came on %s", [last])
}

# Azure tells where a copy rests that a statement names.
_copies(scan) := {_against(statement, says) |
	some statement in attestations.valid(scan.evidence.attestations, "known-copy")
	not _superseded(scan, statement)
	geo.geo(statement.value.geo)
	outside := azure.outside(_rests(scan, azure.key(statement.value.resourceId)), [statement.value.geo])
	count(outside) > 0
	says := sprintf("it says '%s', and by Azure the copy rests at %s", [_short(statement.value.geo), azure.said(outside)])
}

_superseded(scan, statement) if {
	some other in attestations.valid(scan.evidence.attestations, "known-copy")
	azure.key(other.value.resourceId) == azure.key(statement.value.resourceId)
	attestations.time_ns(other.observedAt) > attestations.time_ns(statement.observedAt)
}

_rests(scan, key) := {at |
	some workspace in scan.evidence.log_workspaces
	azure.key(workspace.id) == key
	some at in azure.workspace_places(workspace)
} | {at |
	some resource in scan.evidence.azure_resources
	azure.key(resource.id) == key
	some at in azure.places(resource)
}

# What a statement and an export say of the same: all regions where both list the allowed ones,
# the default one otherwise. A region that isn't known can't be compared.
_regions(value, export) := [stated, seen] if {
	is_array(value.allowedMailboxRegions)
	is_array(export.AllowedMailboxRegions)
	stated := geo_services.regions(value.defaultMailboxRegion, value.allowedMailboxRegions)
	seen := geo_services.regions(object.get(export, "DefaultMailboxRegion", null), export.AllowedMailboxRegions)
} else := [geo_services.regions(value.defaultMailboxRegion, null), geo_services.regions(export.DefaultMailboxRegion, null)]

_geos(regions) := geos if {
	geos := {geo.geo(region) | some region in regions}
	every region in regions {
		geo.geo(region)
	}
	count(geos) > 0
}

_switch := {true: "on", false: "off"}

_against(statement, says) := {"fact": statement.fact, "file": attestations.file(statement), "says": says}

_bound(scan, package_read) if _bound_without_statements(scan, package_read)

_bound(scan, package_read) if {
	package_read.signature == "valid"
	geo_package.bound(scan, package_read)
}

_bound_without_statements(scan, package_read) if {
	package_read.signature == "valid"
	agreed := {claim.agrees | some claim in geo_package.claims(scan, package_read); claim.kind != "attestations"}
	agreed == {true}
}

_contexts(scan) := {context | some context in geo_portal.contexts(scan); geo_portal.fresh(scan, context)}

_organisations(scan) := {statement |
	some fact in ["mde-org-binding", "xdr-geo"]
	statement := attestations.latest(scan.evidence.attestations, fact)
	is_string(statement.value.orgId)
}

_places(statement) := {place |
	some member in ["geo", "datacenter"]
	place := statement.value[member]
	is_string(place)
}

# A data centre says more than the Geo of telemetry, or of the page's heading.
_storage(package_read) := _first_place(package_read, ["datacenter", "vortexGeoLocation"])

_shown(context) := _first_place(context, ["DataCenter", "GeoRegion"])

# Either of them may be absent.
_first_place(source, members) := [place |
	some member in members
	place := source[member]
	geo.geo(place)
][0]

_started_again(scan, off) if {
	record := attestations.latest(scan.evidence.attestations, attestations.record_fact(scan.profile))
	_claims_on(record, scan.now)
	attestations.end_ns(record.value.turnedOnAt) >= attestations.time_ns(_ended_at(off))
}

_ended_since(scan, record) if {
	off := attestations.latest(scan.evidence.attestations, "service-off")
	attestations.end_ns(_ended_at(off)) >= attestations.time_ns(record.value.turnedOnAt)
}

# The day that a statement gives for the end, or else the day it was made.
_ended_at(off) := off.value.date if {
	attestations.time_ns(off.value.date)
} else := off.observedAt

_claims_on(statement, now) if {
	statement.value.accepted in [true]
	attestations.time_ns(statement.value.turnedOnAt) <= attestations.time_ns(now)
}

_short(text) := substring(text, 0, 60)
