# METADATA
# title: Secure score
# description: >-
#   Reads single controls of Microsoft Secure Score. The points of a control prove nothing: an
#   administrator may mark it as resolved by another product, ignored or reviewed and gets them
#   without a fact. Only the text that says how a control is implemented rests on an observation.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/securescore
package domicile.lib.secure_score

import data.domicile.lib.age
import data.domicile.lib.attestations

# The newest score; undefined when there is none.
latest(scan) := dated[count(dated) - 1][1] if {
	dated := sort([[object.get(score, "createdDateTime", null), score] | some score in scan.evidence.secure_scores])
	count(dated) > 0
}

# fresh is true for a score that is young enough by max_evidence_age.api, which runs from the
# end of the score's day: Microsoft calculates one a day. One without a date is not.
fresh(scan, score) if {
	age.past(scan, score.createdDateTime)
	age.within(scan, "api", attestations.end_ns(substring(score.createdDateTime, 0, 10)))
}

# A control of the newest score by its name; undefined when the score doesn't have it.
control(scan, name) := [found | some found in latest(scan).controlScores; found.controlName == name][0]

# What the control AATP_Sensor says of domain controllers, as {controllers, covered}; undefined
# where its text names no numbers, as that of an asserted state doesn't.
sensors(found) := {"controllers": to_number(numbers[1]), "covered": to_number(numbers[2])} if {
	is_string(found.implementationStatus)
	numbers := regex.find_all_string_submatch_n(_coverage, lower(found.implementationStatus), 1)[0]
}

# "You have 3 domain controllers ... sensor is installed on 2 of them."
_coverage := `\b([0-9]{1,6}) domain controllers?\b.*\binstalled on ([0-9]{1,6}) of\b`
