# METADATA
# title: State of the service
# description: >-
#   Whether Microsoft Defender XDR (Microsoft Threat Protection) is on, by one decision table
#   that is gone through from the top: the first row that matches decides. No supported API
#   states the fact, so a refusal alone never proves that the service is off. Rules that call
#   state declare incidents_probe, hunting_probe, defender_api_probe, portal_tenant_context,
#   attestations and subscribed_skus.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/defender-xdr/api-error-codes
package domicile.lib.service

import data.domicile.lib.hunting
import data.domicile.lib.licences
import data.domicile.lib.service_sources as sources

# The words in which Defender's API refuses a tenant that was never activated.
_inactive := "account mode is inactive"

# The state, always defined: {state: on|off|unknown, tier, row, reason, kind, message}. Tier is
# "" and reason is set when it is unknown; row is the decision table's; the message says what
# the verdict rests on, and for unknown what would close it.
state(scan) := _decided({
	"offered": _offered(scan),
	"profile": scan.profile,
	"incidents": sources.incidents(scan),
	"hunting": sources.engine(scan),
	"defender": sources.defender(scan),
	"tables": sources.tables(scan),
	"licence": sources.licence(scan),
	"weighed": sources.weighed(scan),
	"inactive": _says_inactive(scan),
})

# True when the service is proven off.
off(scan) if state(scan).state == "off"

# True when the service is on.
on(scan) if state(scan).state == "on"

# True when the configuration says that the service is meant to be off (expected_state).
meant_off(scan) if scan.params.expected_state == "off"

# The hunting probe's object for a table; undefined when it was not asked.
table(scan, name) := hunting.table(scan.evidence.hunting_probe, name)

# The sum of a table's rows in the last days; undefined when its daily counts are not known.
rows(probe, now, days) := hunting.rows(probe, now, days)

# Why the rules on what the service does can't be judged, as {reason, message}: it is meant to
# be off, or proven off. Undefined otherwise.
switched_off(scan) := {"reason": "switched_off", "message": "The configuration says that the service is meant to be off (expected_state)."} if {
	meant_off(scan)
} else := {"reason": "switched_off", "message": message} if {
	found := state(scan)
	found.state == "off"
	message := sprintf("The service is off, which XDR1001 reports: %s", [found.message])
}

_offered(scan) if {
	licences.offered(scan.profile, scan.tenant.cloud)
} else := false

_says_inactive(scan) if {
	some probe in scan.evidence.defender_api_probe
	contains(lower(sprintf("%v %v", [object.get(probe, "code", ""), object.get(probe, "message", "")])), _inactive)
} else := false

_decided(facts) := verdict if {
	verdict := _row_1(facts)
} else := verdict if {
	verdict := _row_3(facts)
} else := verdict if {
	verdict := _row_4(facts)
} else := verdict if {
	verdict := _row_5(facts)
} else := verdict if {
	verdict := _row_6(facts)
} else := verdict if {
	verdict := _row_7(facts)
} else := verdict if {
	verdict := _row_8(facts)
} else := verdict if {
	verdict := _row_9(facts)
} else := verdict if {
	verdict := _row_10(facts)
} else := verdict if {
	verdict := _row_11(facts)
} else := verdict if {
	verdict := _row_12(facts)
}

_row_1(facts) := _unknown(1, "not_in_this_cloud", "", "The service was not offered in this cloud under this profile.") if {
	not facts.offered
}

_row_3(facts) := _unknown(3, "conflict", "", message) if {
	count(facts.weighed.conflict) > 0
	says := concat("; ", sort({claim.says | some claim in facts.weighed.conflict}))
	message := sprintf("Sources of the same standing contradict each other: %s. Correct the wrong one.", [says])
}

_row_4(facts) := _known("off", 4, "api", facts.defender, facts.defender.message, facts) if {
	facts.defender.state == "disabled"
}

_row_5(facts) := _known("off", 5, "proxy", facts.incidents, message, facts) if {
	_refused(facts)
	facts.licence.state == "held"
	seconds := _second_sources(facts)
	count(seconds) > 0
	message := sprintf("Incidents and Advanced hunting are refused although permitted and licensed, and %s.", [concat("; ", sort(seconds))])
}

_row_6(facts) := _known("on", 6, "proxy", facts.incidents, message, facts) if {
	_answering(facts)
	facts.tables.state == "some"
	facts.licence.state == "held"
	tables := concat(", ", sort(facts.tables.resolved))
	message := sprintf("Incidents and Advanced hunting answer, an eligible licence is held, and these tables resolve: %s.", [tables])
}

_row_7(facts) := _known("on", 7, "proxy", facts.incidents, message, facts) if {
	facts.incidents.state == "answers"
	facts.hunting.state == "unknown"
	facts.hunting.reason == "no_permission"
	some claim in facts.weighed.kept
	claim.kind == "portal_tenant_context"
	claim.state == "on"
	message := sprintf("Incidents answers and %s; Advanced hunting could not be asked without its permission.", [claim.says])
}

_row_8(facts) := _known("on", 8, "attested", {"kind": "attestations"}, message, facts) if {
	facts.profile == "mtp-2020-a"
	not _refused(facts)
	says := {claim.says | some claim in facts.weighed.kept; claim.fact == "terms-accepted"; claim.state == "on"}
	count(says) > 0
	message := sprintf("Nothing contradicts what is recorded: %s.", [concat("; ", sort(says))])
}

_row_9(facts) := _unknown(9, "not_provisioned", "hunting_probe", message) if {
	_answering(facts)
	facts.tables.state == "none"
	message := concat(" ", [
		"Incidents and Advanced hunting answer, but no table of a Defender workload resolves;",
		"Microsoft Sentinel alone answers like that.",
		"Look at Settings > Microsoft Defender XDR in the Defender portal.",
	])
} else := _unknown(9, "not_provisioned", "subscribed_skus", message) if {
	_answering(facts)
	facts.licence.state == "lacking"
	message := concat(" ", [
		"Incidents and Advanced hunting answer, but no eligible licence is held (LIC1001);",
		"Microsoft Sentinel alone answers like that.",
		"Find out which licence carries the service.",
	])
} else := _unknown(9, facts.licence.reason, "subscribed_skus", facts.licence.message) if {
	_answering(facts)
	facts.tables.state == "some"
}

_row_10(facts) := _unknown(10, "not_provisioned", "incidents_probe", message) if {
	_refused(facts)
	message := concat(" ", [
		"Incidents and Advanced hunting are refused although the token holds both permissions,",
		"and no second source says that a licensed service is off.",
		"Grant Incident.Read.All of Defender XDR's API, or import the portal's tenant context.",
	])
} else := _unknown(10, "not_provisioned", refused.kind, message) if {
	{"answers", "refused"} == {facts.incidents.state, facts.hunting.state}
	some refused in [facts.incidents, facts.hunting]
	refused.state == "refused"
	message := sprintf("%s The other one answers, so the service may be on in part; see XDR1002 and XDR1004.", [refused.message])
}

_row_11(facts) := _unknown(11, "no_permission", first.kind, first.message) if {
	first := [answer | some answer in [facts.incidents, facts.hunting]; answer.reason == "no_permission"][0]
}

_row_12(facts) := _unknown(12, first.reason, first.kind, first.message) if {
	first := [answer | some answer in [facts.incidents, facts.hunting, facts.tables]; answer.state == "unknown"][0]
}

_answering(facts) if {
	facts.incidents.state == "answers"
	facts.hunting.state == "answers"
}

_refused(facts) if {
	facts.incidents.state == "refused"
	facts.hunting.state == "refused"
}

_second_sources(facts) := {claim.says | some claim in facts.weighed.kept; claim.state == "off"} | {"Defender's API says that the account mode is inactive" | facts.inactive}

_known(state, row, tier, source, message, facts) := {
	"state": state, "tier": tier, "row": row, "reason": "", "kind": source.kind,
	"message": concat(" ", array.concat([message], _overruled(facts))),
}

_unknown(row, reason, kind, message) := {
	"state": "unknown", "tier": "", "row": row, "reason": reason, "kind": kind, "message": message,
}

_overruled(facts) := [sprintf("A weaker source says otherwise: %s.", [claim.says]) | some claim in facts.weighed.overruled]
