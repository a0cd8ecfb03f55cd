package domicile.lib.secure_score_test

import data.domicile.lib.secure_score

score(at, text) := {"createdDateTime": at, "controlScores": [
	{"controlName": "MFA", "implementationStatus": "You have 9 domain controllers, installed on 1 of them."},
	{"controlName": "AATP_Sensor", "score": 5, "implementationStatus": text},
]}

read(text) := secure_score.sensors({"implementationStatus": text})

test_control_is_the_newest_scores if {
	scan := {"evidence": {"secure_scores": [score("2026-11-20T00:00:00Z", "new"), score("2026-11-01T00:00:00Z", "old")]}}
	secure_score.control(scan, "AATP_Sensor").implementationStatus == "new"
	not secure_score.control(scan, "Other")
	not secure_score.control({"evidence": {"secure_scores": []}}, "AATP_Sensor")
	not secure_score.control({"evidence": {"secure_scores": [{"createdDateTime": null, "controlScores": null}]}}, "AATP_Sensor")
}

test_fresh_is_within_the_limit_from_the_end_of_its_day if {
	now := {"now": "2026-11-21T10:00:00Z", "params": {}}
	every at in ["2026-11-21T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-20T23:00:00Z"] {
		secure_score.fresh(now, {"createdDateTime": at})
	}
	every at in ["2026-11-19T23:59:59Z", "2026-11-22T00:00:00Z", "soon", null] {
		not secure_score.fresh(now, {"createdDateTime": at})
	}
	not secure_score.fresh(now, {})
	secure_score.fresh(object.union(now, {"params": {"max_evidence_age": {"api": "7d"}}}), {"createdDateTime": "2026-11-14T00:00:00Z"})
}

test_sensors_reads_the_numbers if {
	read("You have 3 domain controllers. The Defender for Identity sensor is installed on 2 of them.") == {"controllers": 3, "covered": 2}
	read("You have 1 domain controller, and the sensor is installed on 1 of them.") == {"controllers": 1, "covered": 1}
}

test_sensors_is_undefined_for_other_text if {
	every text in ["Resolved through third party", "", null, "installed on 2 of 3 domain controllers"] {
		not read(text)
	}
	not secure_score.sensors({})
}
