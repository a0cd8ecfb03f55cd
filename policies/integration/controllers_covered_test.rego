package domicile.integration.controllers_covered_test

import data.domicile.integration.controllers_covered as rule
import data.domicile.lib.service_fixtures_test as fixture

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

inapplicable(reason) := object.union(pass, {"not_applicable": {reason}})

scored(text) := fixture.scan(
	{"secure_scores": [{
		"createdDateTime": "2026-11-20T00:00:00Z",
		"controlScores": [{"controlName": "AATP_Sensor", "score": 5, "scoreInPercentage": 100, "implementationStatus": text}],
	}]},
	{},
)

covered(n, m) := scored(sprintf("You have %d domain controllers. The sensor is installed on %d of them.", [m, n]))

values(inp) := {[o.value, o.kind] | some o in rule.observed with input as inp}

test_passes_when_every_controller_has_one if {
	inp := covered(3, 3)
	outcome(inp) == pass
	values(inp) == {
		["3 of 3 domain controllers have a sensor, by the Secure Score of 2026-11-20", "secure_scores"],
		["1 sensors on domain controllers are listed", "mdi_sensors"],
	}
}

test_fails_when_one_has_none if {
	inp := covered(2, 3)
	outcome(inp) == object.union(pass, {"deny": {["identity", "2"]}})
	some finding in rule.deny with input as inp
	finding.message == "2 of 3 domain controllers have a sensor, by the Secure Score of 2026-11-20."
	unread := object.union(inp, {"evidence": {"mdi_sensors": []}, "gaps": {"mdi_sensors": {"reason": "throttled", "status": 429, "code": ""}}})
	outcome(unread).deny == {["identity", "2"]}
}

test_unknown_when_the_text_does_not_count if {
	inp := scored("Resolved through third party")
	outcome(inp) == not_known("partial", "secure_scores")
	some found in rule.unknown with input as inp
	contains(found.message, "marked as resolved elsewhere")
	outcome(covered(0, 0)) == not_known("partial", "secure_scores")
	bare := fixture.scan({"secure_scores": [{"createdDateTime": null, "controlScores": []}]}, {})
	outcome(bare) == not_known("partial", "secure_scores")
}

test_unknown_when_the_score_is_outdated_or_undated if {
	score := covered(2, 3).evidence.secure_scores[0]
	old := fixture.scan({"secure_scores": [object.union(score, {"createdDateTime": "2026-11-18T00:00:00Z"})]}, {})
	outcome(old) == not_known("stale", "secure_scores")
	some found in rule.unknown with input as old
	startswith(found.message, "The newest Secure Score is of 2026-11-18, which is no date or too long ago")
	outcome(object.union(old, {"params": {"max_evidence_age": {"api": "3d"}}})).deny == {["identity", "2"]}
	outcome(fixture.scan({"secure_scores": [object.remove(score, ["createdDateTime"])]}, {})) == not_known("stale", "secure_scores")
}

test_unknown_when_the_score_could_not_be_read if {
	outcome(fixture.scan({"secure_scores": []}, {"secure_scores": "no_permission"})) == not_known("no_permission", "secure_scores")
}

test_not_applicable_without_sensors if {
	outcome(object.union(covered(0, 3), {"evidence": {"mdi_sensors": []}})) == inapplicable("nothing_to_judge")
	unlicensed := {"evidence": {"mdi_sensors": []}, "gaps": {"mdi_sensors": {"reason": "not_licensed", "status": 403, "code": ""}}}
	outcome(object.union(covered(0, 3), unlicensed)) == inapplicable("nothing_to_judge")
}
