# METADATA
# title: Sources of the service's state
# description: >-
#   Turns each source that may tell whether the service is on into one plain fact: what the
#   probes answered, whether the licences hold, and what every source claims (on or off) at
#   which tier. domicile.lib.service judges these facts by its decision table.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/api-error-codes
#   - ref: https://learn.microsoft.com/graph/api/security-list-incidents
package domicile.lib.service_sources

import data.domicile.lib.attestations
import data.domicile.lib.geo_portal
import data.domicile.lib.hunting
import data.domicile.lib.licences

# The tiers that claim a state, best first.
_tiers := ["api", "proxy", "portal", "attested"]

# What Graph answered when asked for one incident, always defined: state is answers, refused
# (403 although the token holds the permission) or unknown with its reason.
incidents(scan) := _answer(
	scan.evidence.incidents_probe,
	object.get(scan.gaps, "incidents_probe", {}),
	{"kind": "incidents_probe", "name": "Incidents", "permission": "SecurityIncident.Read.All"},
)

# The incident that the probe saw, as its id and the time of its creation; undefined when there was none.
incident(scan) := concat(" ", [text | some text in [seen.id, object.get(seen, "createdDateTime", null)]; is_string(text)]) if {
	seen := scan.evidence.incidents_probe[0].seen
	is_string(seen.id)
}

# What advanced hunting answered to the query print, in the shape of incidents.
engine(scan) := _answer(
	[probe | some probe in [hunting.table(scan.evidence.hunting_probe, "print")]],
	object.get(scan.gaps, "hunting_probe", {}),
	{"kind": "hunting_probe", "name": "Advanced hunting", "permission": "ThreatHunting.Read.All"},
)

# The same for Defender XDR's own API; state is disabled for its code DisabledFeature.
defender(scan) := {
	"state": "disabled", "reason": "", "kind": "defender_api_probe",
	"message": "Defender XDR's API answered 403 'DisabledFeature': the tenant's feature isn't enabled.",
} if {
	some probe in scan.evidence.defender_api_probe
	probe.status == 403
	probe.code == "DisabledFeature"
} else := _answer(
	scan.evidence.defender_api_probe,
	object.get(scan.gaps, "defender_api_probe", {}),
	{"kind": "defender_api_probe", "name": "Defender XDR's API", "permission": "Incident.Read.All"},
)

# The workload tables: names of those that resolve, and what is known of the others; state is
# some, none or unknown with the reason why it can't be told.
tables(scan) := {"state": "some", "resolved": resolved, "reason": "", "message": ""} if {
	resolved := {name | some name in hunting.workload_tables; hunting.answer(scan, name).state == "resolves"}
	count(resolved) > 0
} else := {"state": "unknown", "resolved": set(), "reason": first.reason, "kind": "hunting_probe", "message": first.message} if {
	first := [answer |
		some name in hunting.workload_tables
		answer := hunting.answer(scan, name)
		answer.state == "unknown"
	][0]
} else := {"state": "none", "resolved": set(), "reason": "", "message": ""}

# Whether an eligible licence is held, by LIC1001's predicate; state is held, lacking or unknown.
licence(scan) := {"state": "held", "reason": "", "message": ""} if {
	licences.eligible(scan, scan.evidence.subscribed_skus)
} else := {"state": "unknown", "reason": first.reason, "message": message} if {
	first := [gap | some gap in (licences.unread(scan) | licences.unclear(scan.evidence.subscribed_skus))][0]
	message := sprintf("%s Without them the answers can't be told from Microsoft Sentinel's.", [first.message])
} else := {"state": "lacking", "reason": "", "message": ""}

# The portal's tenant context of this tenant: {state: on|off, tier, kind, says}; undefined when
# there is none, when it is another tenant's or too old, or when it says neither. A file
# without a named person and a hash counts as an unsigned statement.
portal(scan) := {"state": state, "tier": portal_tier(context), "kind": "portal_tenant_context", "says": says} if {
	context := context_of(scan)
	[state, says] := _portal_says(context)
}

# The newest usable tenant context itself; undefined when there is none of this tenant, or none fresh.
context_of(scan) := dated[count(dated) - 1][1] if {
	dated := sort([[object.get(context, "savedAt", null), context] |
		some context in scan.evidence.portal_tenant_context
		_of_tenant(context, scan.tenant.id)
		geo_portal.fresh(scan, context)
	])
	count(dated) > 0
}

# The claims of the valid statements about the latest event, empty when there is none; two when
# statements of the same moment disagree. On is a recorded acceptance or decision with the time at
# which the service was turned on, off a record of turning it off with its date.
attested(scan) := {claim |
	statements := _statements(scan)
	some statement in statements
	statement.at == max({other.at | some other in statements})
	day := time.format([statement.at, "UTC", "2006-01-02"])
	claim := {
		"state": statement.state, "tier": "attested", "kind": "attestations", "fact": statement.fact,
		"says": sprintf("the record '%s' says that the service is %s since %s", [statement.fact, statement.state, day]),
	}
}

# Every source's claim of the decision table's row 3, as {state, tier, kind, says}.
claims(scan) := ((attested(scan) | {claim | claim := _defender_claim(scan)}) | {claim | claim := _proxy_claim(scan)}) | {claim | claim := portal(scan)}

# Row 3 applied: {kept, overruled, conflict}, three sets of claims. Claims that contradict the
# strongest tier's are overruled; conflict holds the strongest tier's when they disagree.
weighed(scan) := {"kept": kept, "overruled": all_claims - kept, "conflict": conflict} if {
	all_claims := claims(scan)
	strongest := {claim | some claim in all_claims; claim.tier == _strongest(all_claims)}
	states := {claim.state | some claim in strongest}
	kept := {claim | some claim in all_claims; claim.state in states}
	conflict := {claim | some claim in strongest; count(states) > 1}
}

_strongest(all_claims) := [tier | some tier in _tiers; some claim in all_claims; claim.tier == tier][0]

_defender_claim(scan) := {
	"state": "off", "tier": "api", "kind": "defender_api_probe",
	"says": "Defender XDR's API answers 'DisabledFeature'",
} if {
	defender(scan).state == "disabled"
}

_proxy_claim(scan) := {
	"state": "on", "tier": "proxy", "kind": "hunting_probe",
	"says": sprintf("Incidents answers and %s resolves", [_names(found.resolved)]),
} if {
	incidents(scan).state == "answers"
	found := tables(scan)
	found.state == "some"
}

_names(names) := concat(", ", [sprintf("'%s'", [name]) | some name in sort(names)])

_portal_says(context) := ["off", "the portal says that the organisation is deleted"] if {
	context.IsDeleted == true
} else := ["on", sprintf("the portal lists %d active workloads", [_workloads(context)])] if {
	_workloads(context) > 0
	not _sentinel_alone(context)
} else := ["off", "the portal says that onboarding is not complete"] if {
	context.IsOnboardingComplete == false
} else := ["off", "the portal lists no active workload and says that consent is not given"] if {
	_workloads(context) == 0
	context.MtpConsent == false
}

_workloads(context) := count(context.ActiveMtpWorkloads) if is_array(context.ActiveMtpWorkloads)

# Microsoft Sentinel runs in the portal without Defender XDR and is a workload there.
_sentinel_alone(context) if {
	context.IsSentinelActive == true
	not context.IsMdatpActive == true
	not context.IsMdiActive == true
	not context.IsItpActive == true
	not context.IsOatpActive == true
	not context.IsMapgActive == true
}

# How well a tenant context is known: portal when it names its tenant, its date, the person who saved it
# and the hash of the file, attested otherwise.
portal_tier(context) := "portal" if {
	every text in [context.AuthInfo.TenantId, context.savedAt, context.savedBy, context.sha256] {
		is_string(text)
		text != ""
	}
} else := "attested"

_of_tenant(context, id) if _tenant(context) in {"", lower(id)}

_tenant(context) := lower(context.AuthInfo.TenantId) if {
	is_string(context.AuthInfo.TenantId)
} else := ""

_statements(scan) := {statement |
	some fact in ["terms-accepted", "service-decision"]
	some record in attestations.valid(scan.evidence.attestations, fact)
	record.value.accepted == true
	at := attestations.time_ns(record.value.turnedOnAt)
	at <= attestations.time_ns(scan.now)
	statement := {"fact": fact, "state": "on", "at": at}
} | {statement |
	some record in attestations.valid(scan.evidence.attestations, "service-off")
	at := attestations.time_ns(_ended(record))
	at <= attestations.time_ns(scan.now)
	statement := {"fact": "service-off", "state": "off", "at": at}
}

# The day on which a record says that the service was turned off, or else the day it was made.
_ended(record) := record.value.date if {
	attestations.time_ns(record.value.date)
} else := record.observedAt

_answer(probes, gap, about) := _judged(probes[0], about) if {
	count(probes) > 0
} else := {"state": "unknown", "reason": reason, "kind": about.kind, "message": message} if {
	reason := object.get(gap, "reason", "not_collected")
	message := sprintf("%s could not be asked (%s); close that gap and run the scan again.", [about.name, reason])
}

_judged(probe, about) := {
	"state": "answers", "reason": "", "kind": about.kind,
	"message": sprintf("%s answers.", [about.name]),
} if {
	probe.status == 200
} else := {
	"state": "refused", "reason": "not_provisioned", "kind": about.kind,
	"message": sprintf("%s answered 403 although the token holds %s.", [about.name, about.permission]),
} if {
	probe.status == 403
	probe.permitted == true
} else := {"state": "unknown", "reason": reason, "kind": about.kind, "message": message} if {
	reason := _reason(probe.status)
	message := sprintf("%s answered %v; %s.", [about.name, probe.status, sprintf(_closes[reason], [about.permission])])
}

_reason(status) := "no_permission" if {
	status in {401, 403}
} else := "throttled" if {
	status == 429
} else := "service_error"

_closes := {
	"no_permission": "the token does not show %s: grant it to the scanner and consent to it",
	"throttled": "run the scan again when its limit is free; %s is not the cause",
	"service_error": "run the scan again, and ask Microsoft support if the error stays; %s is not the cause",
}
