# METADATA
# title: Preferred data locations
# description: >-
#   Judges the data locations that users or groups prefer. Each code is looked up once for a
#   page, however many ask for it.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-multi-geo
package domicile.lib.geo_preferred

import data.domicile.lib.geo

# plans are the names of the plans of which any one makes a preferred location count.
plans := ["EXCHANGEONLINE_MULTIGEO", "SHAREPOINTONLINE_MULTIGEO", "TEAMSMULTIGEO"]

# allowed is the list of the locations that may be preferred; undefined when neither
# preferred_data_locations nor allowed_geos is set.
allowed(inp) := geo.grouped(inp, places) if {
	places := inp.params.preferred_data_locations
} else := geo.grouped(inp, inp.params.allowed_geos)

# asking is the list of the objects that prefer a location.
asking(items) := [item |
	some item in items
	is_string(item.preferredDataLocation)
	item.preferredDataLocation != ""
]

# codes is the set of the locations that are judged: none where no plan is held.
codes(items, licence) := {item.preferredDataLocation | some item in items; licence.state != "none"}

# outside is the set of the codes of known places that aren't allowed.
outside(inp, judged) := {code |
	places := allowed(inp)
	some code in judged
	geo.geo(code)
	not geo.inside(code, places)
}

# unlicensed is why a page isn't judged: no plan is held, or nothing is preferred.
unlicensed(items, licence, who) := {"reason": "not_licensed", "message": message} if {
	licence.state == "none"
	message := "The tenant holds no Multi-Geo plan, so that a preferred data location does nothing (GEO1013)."
} else := {"reason": "nothing_to_judge", "message": message} if {
	count(items) == 0
	message := sprintf("No %s has a preferred data location.", [who])
}

# questions is the set of the reasons not to know.
questions(inp, judged, licence, kind) := (_unset(inp, judged) | _strange(judged, kind)) | _unsure(inp, judged, licence)

_unset(inp, judged) := {{"reason": "needs_configuration", "kind": "", "message": message} |
	count(judged) > 0
	not allowed(inp)
	message := "No list of allowed places is set; set the parameter preferred_data_locations or allowed_geos."
}

_strange(judged, kind) := {{"reason": "partial", "kind": kind, "message": message} |
	some code in judged
	not geo.geo(code)
	message := sprintf("The preferred data location %s isn't a known place; look it up and correct it.", [geo.quoted(code)])
}

_unsure(inp, judged, licence) := {{"reason": licence.reason, "kind": "subscribed_skus", "message": licence.message} |
	licence.state == "unknown"
	count(outside(inp, judged)) > 0
}
