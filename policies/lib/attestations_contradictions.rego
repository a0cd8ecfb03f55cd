# METADATA
# title: Contradictions of attestations
# description: >-
#   What better evidence says against a valid statement. A statement never overrides it: the
#   contradiction is the statement's failure. Only the newest valid statement of a fact is
#   held against evidence, because an older one no longer claims to be true of today.
# scope: package
package domicile.lib.attestations_contradictions

import data.domicile.lib.attestations
import data.domicile.lib.geo
import data.domicile.lib.geo_package
import data.domicile.lib.geo_portal
import data.domicile.lib.service

# all is the set of the contradictions as {fact, file, says}; says is a clause without a
# full stop.
all(scan) := ((((_geo_signed(scan) | _geo_portal(scan)) | _org_signed(scan)) | _org_portal(scan)) | _off(scan)) | (_on(scan) | _consent(scan))

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

# The portal's page stands above a statement, unless two people signed the statement.
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
