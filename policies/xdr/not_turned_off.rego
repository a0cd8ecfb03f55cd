# METADATA
# title: The service has not been turned off, or off and on again, since the last scan
# description: >-
#   Turning the service off deletes its data for good, in 2020 at once by a checkbox, today through Microsoft
#   support or some time after the licence ends. A service that is on again starts empty and looks like one that
#   never stopped. Only the comparison with an earlier result shows it, by the incident seen then, the organisation
#   id and the Geo.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/graph/api/security-incident-get
# custom:
#   id: XDR1006
#   severity: critical
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [previous_result]
#     optional: [incidents_probe, hunting_probe, defender_api_probe, portal_tenant_context, attestations, subscribed_skus, onboarding_package]
#   licence: []
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#     package_max_age_days:
#       type: integer
#       description: Days for which the onboarding package counts after its signer's certificate ended; the package itself bears no date.
#       default: 400
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: CM-3, coverage: part}, {id: SI-12, coverage: part}]
#     iso_27001: [{id: A.8.10, coverage: part}, {id: A.8.32, coverage: part}]
#     gdpr: [{id: 28(3)(g), coverage: evidence}]
#     dora: [{id: 30(2)(d), coverage: evidence}]
#   remediation:
#     summary: Do not turn the service on again before deciding. Find out who turned it off, and secure the copies outside.
#     steps:
#       xdr-current:
#         - Do not turn it on again before deciding. It starts empty, and in an automatically chosen Geo.
#         - Find out who and when, from the audit log and the ticket of Microsoft support. There is no switch; only support deprovisions (Need help? in the Defender portal).
#         - Secure the copies outside (Microsoft Sentinel, Event Hubs, storage). They are the only data left.
#         - A licence that ended. Renew it now; the data is kept in grace and suspension and deleted within 180 days of the end of the contract.
#         - Turn it on as XDR1001 says, or record that it is off on purpose with `domicile attest new service-off`.
#       mtp-2020-b:
#         - Do not turn it on again before deciding. It starts empty, in an automatically chosen Geo.
#         - Find out who and when, from the audit log and the ticket of Microsoft support.
#         - Secure the copies outside (Azure Sentinel, Event Hubs, storage). They are the only data left.
#         - Turn it on as XDR1001 says, or record that it is off on purpose with `domicile attest new service-off`.
#       mtp-2020-a:
#         - Do not turn it on again before deciding. Clearing the checkbox deleted its data for good; turning it on starts empty.
#         - Find out who changed Settings > Microsoft Threat Protection > Opt-in / Opt-out and when, from the audit log.
#         - Secure the copies outside (Azure Sentinel, Event Hubs, storage). They are the only data left.
#         - Turn it on as XDR1001 says, or record that it is off on purpose with `domicile attest new service-off`.
package domicile.xdr.not_turned_off

import data.domicile.lib.attestations
import data.domicile.lib.geo
import data.domicile.lib.geo_package
import data.domicile.lib.licences
import data.domicile.lib.previous
import data.domicile.lib.service
import data.domicile.lib.service_exports as exports
import data.domicile.lib.service_off
import data.domicile.lib.service_sources as sources

deny contains {
	"resource": {"kind": "service", "id": "xdr", "name": "Microsoft Defender XDR"},
	"message": _verdict.message,
	"expected": "on without a break",
	"actual": _verdict.actual,
} if {
	_verdict.outcome == "failed"
}

not_applicable contains object.filter(_verdict, ["reason", "message"]) if {
	_verdict.outcome == "inapplicable"
}

unknown contains object.filter(_verdict, ["reason", "kind", "message"]) if {
	_verdict.outcome == "unknown"
}

observed contains {"fact": "on", "service": "xdr", "value": value, "tier": _verdict.tier, "kind": _verdict.kind} if {
	_verdict.outcome in {"known", "failed"}
	value := sprintf("%s (decision table row %d)%s", [_verdict.message, _verdict.row, _unchained])
}

# Microsoft keeps incidents for this long; an older one may be gone for its age.
_incident_days := 180

# The rows of the decision table, the first that matches. Row 9, a recorded end, goes before rows
# 6 and 7, to which it is the exception.
_verdict := _inapplicable(1, "no_earlier_result", why.message) if {
	why := previous.unusable(input)
	why.reason == "no_earlier_result"
} else := _not_known(2, why.reason, "previous_result", why.message) if {
	why := previous.unusable(input)
} else := _inapplicable(3, "nothing_to_judge", message) if {
	not previous.was_on(_earlier)
	message := sprintf("The service was not known to be on at the scan of %s.", [previous.day(_earlier)])
} else := _failed(5, "proxy", "incidents_probe", "off and on again", message) if {
	_state.state == "on"
	count(_changes) > 0
	message := sprintf("The service is on, but was turned off and on again since the scan of %s, and the data in between is gone: %s.", [previous.day(_earlier), concat("; ", sort(_changes))])
} else := _judged_on if {
	_state.state == "on"
} else := _known(9, "attested", "attestations", message) if {
	_state.state == "off"
	record := _ended_since
	message := sprintf("It was turned off on purpose, by the record '%s'.", [attestations.file(record)])
} else := _failed(7, _state.tier, _state.kind, "off, and no licence in good standing", message) if {
	_state.state == "off"
	_licence_ended
	message := sprintf("The service was on at the scan of %s and is off, and no eligible licence is in good standing: Microsoft deletes the data no later than 180 days after the contract's end, so renew now to keep it.", [previous.day(_earlier)])
} else := _failed(6, _state.tier, _state.kind, "off", message) if {
	_state.state == "off"
	message := sprintf("The service was on at the scan of %s and is off; %s. %s", [previous.day(_earlier), _loss, _state.message])
} else := _not_known(8, _state.reason, _state.kind, _state.message)

# Row 4: what was seen then is there still. Without a thing to compare nothing shows that there was
# no break.
_judged_on := _known(4, "proxy", "incidents_probe", message) if {
	_incident == "there"
	message := sprintf("The incident seen at the scan of %s is still there.", [previous.day(_earlier)])
} else := _not_known(4, _unread.reason, "incidents_probe", _unread.message) if {
	_incident == "unread"
} else := _known(4, "portal", "portal_tenant_context", message) if {
	_org == _former_org
	message := sprintf("The organisation is the one of the scan of %s, and no incident was there to be seen again.", [previous.day(_earlier)])
} else := _not_known(4, "partial", "portal_tenant_context", "The service is on as before, but neither an incident nor an organisation id of the earlier scan can be compared; import the portal's tenant context at each scan.")

_earlier := previous.result(input)

_state := service.state(input)

# What shows that there was a break.
_changes contains sprintf("the organisation id was '%s' and is '%s'", [substring(_earlier.orgId, 0, 40), substring(_org, 0, 40)]) if {
	_former_org != _org
}

_changes contains sprintf("the data rested in %s and rests in %s", [before, now]) if {
	before := previous.geo(_earlier)
	now := _geo
	before != now
}

_changes contains sprintf("the incident '%s' of %s is gone", [substring(_earlier.seen.id, 0, 40), substring(_earlier.seen.createdDateTime, 0, 10)]) if {
	_incident == "gone"
}

_former_org := lower(_earlier.orgId) if _named(_earlier.orgId)

# The one organisation that the portal and the signed package name; undefined when none or two do.
_org := [id | some id in _orgs][0] if {
	count(_orgs) == 1
}

_orgs := {lower(context.OrgId) |
	context := sources.context_of(input)
	_named(context.OrgId)
	exports.tier(context) == "portal"
} | {geo_package.organisation(package_read) |
	some package_read in geo_package.current(input)
	geo_package.proven(input, package_read)
}

_named(id) if {
	is_string(id)
	id != ""
}

# Today's Geo, where something better than a statement says it.
_geo := settled.geo if {
	settled := geo.settled(input, "storage")
	settled.state == "known"
	some seen in settled.best
	seen.tier != "attested"
}

# What became of the incident that was seen then: none, there, gone, aged (gone, but old enough for
# that) or unread.
_incident := "none" if {
	not _seen
} else := "unread" if {
	not _asked
} else := "there" if {
	_asked.status == 200
} else := "unread" if {
	_asked.status != 404
} else := "gone" if {
	age := attestations.time_ns(input.now) - attestations.time_ns(_earlier.seen.createdDateTime)
	age < ((_incident_days * 24) * 3600) * 1000000000
} else := "aged"

_seen if is_string(_earlier.seen.id)

_asked := asked if {
	asked := input.evidence.incidents_probe[0].earlier
	asked.id == _earlier.seen.id
	is_number(asked.status)
} else := {"status": 200} if {
	input.evidence.incidents_probe[0].seen.id == _earlier.seen.id
}

_unread := {"reason": reason, "message": message} if {
	reason := {401: "no_permission", 403: "no_permission", 429: "throttled"}[_asked.status]
	message := sprintf("The incident seen at the earlier scan could not be read again (%d); grant the scanner SecurityIncident.Read.All and run the scan again.", [_asked.status])
} else := {"reason": "service_error", "message": message} if {
	message := sprintf("The incident seen at the earlier scan could not be read again (%d); run the scan again.", [_asked.status])
} else := {"reason": "not_collected", "message": "The incident seen at the earlier scan was not asked for; collect again with --previous."}

# A recorded end that came after the earlier scan, whatever the hour of that day.
_ended_since := record if {
	record := service_off.record(input)
	count(service_off.lacks(input, record)) == 0
	attestations.end_ns(service_off.ended_at(record)) >= attestations.time_ns(_earlier.finished)
}

_licence_ended if {
	licences.judgeable(input)
	count(licences.unclear(input.evidence.subscribed_skus)) == 0
	not licences.in_good_standing(input)
}

_loss := "turning it off permanently deletes its data at once" if {
	input.profile == "mtp-2020-a"
} else := "only Microsoft support deprovisions it, and its data is deleted with it"

default _unchained := ""

_unchained := "; that the earlier result is unchanged was not checked" if _earlier.chain == "unknown"

_inapplicable(row, reason, message) := {"outcome": "inapplicable", "row": row, "reason": reason, "message": message}

_known(row, tier, kind, message) := {"outcome": "known", "row": row, "tier": tier, "kind": kind, "message": message}

_failed(row, tier, kind, actual, message) := {
	"outcome": "failed", "row": row, "tier": tier, "kind": kind,
	"actual": actual, "message": message,
}

_not_known(row, reason, kind, message) := {"outcome": "unknown", "row": row, "reason": reason, "kind": kind, "message": message}
