# METADATA
# title: What people export of the service
# description: >-
#   How well a file that a person saved of a portal or of Exchange PowerShell is known, and whether
#   it is young enough to speak of today.
# scope: package
package domicile.lib.service_exports

import data.domicile.lib.geo_portal

# The exports that are young enough, by the parameter max_evidence_age. One without a date is not.
fresh(scan, exports) := [export | some export in exports; geo_portal.fresh(scan, export)]

# portal for a file that names who saved it, when, and its hash; attested otherwise.
tier(export) := "portal" if {
	every text in [export.savedBy, export.savedAt, export.sha256] {
		is_string(text)
		text != ""
	}
} else := "attested"

# The day on which an export was saved, for messages.
day(export) := substring(export.savedAt, 0, 10) if {
	is_string(export.savedAt)
} else := "an unnamed day"
