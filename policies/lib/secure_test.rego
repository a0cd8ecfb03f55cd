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
