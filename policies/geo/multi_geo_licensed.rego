# METADATA
# title: Multi-Geo plans are there where preferred data locations are set
# description: >-
#   A preferred data location does nothing without a Multi-Geo plan: the user's mailbox and
#   OneDrive stay in the tenant's default geography, and whoever set it believes otherwise. Where
#   users have one, the tenant must hold the plan. Without the plan GEO1009 and GEO1010 can't say
#   where the data is.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-multi-geo
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/plan-for-multi-geo
# custom:
#   id: GEO1013
#   severity: medium
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [subscribed_skus, users]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   remediation:
#     summary: Buy and assign Multi-Geo, or clear the preferred data locations.
#     steps:
#       xdr-current:
#         - Ask who set the preferred data locations and whether anybody relies on them.
#         - If so, buy Multi-Geo Capabilities in Microsoft 365 for these users and assign it; the data then moves, which takes days.
#         - Otherwise clear preferredDataLocation, in the directory that masters the accounts.
package domicile.geo.multi_geo_licensed

import data.domicile.lib.geo
import data.domicile.lib.geo_multi
import data.domicile.lib.geo_preferred as preferred

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": sprintf("%d users have a preferred data location (%s), and the tenant holds no Multi-Geo plan, so that it does nothing.", [count(_asking), _codes]),
	"expected": "a Multi-Geo plan",
	"actual": "none",
} if {
	count(_asking) > 0
	_multi.state == "none"
}

not_applicable contains {"reason": "nothing_to_judge", "message": "No user has a preferred data location."} if count(_asking) == 0

unknown contains {"reason": _multi.reason, "kind": "subscribed_skus", "message": _multi.message} if {
	count(_asking) > 0
	_multi.state == "unknown"
}

observed contains {"fact": "count", "service": "microsoft_365", "value": value, "tier": "api", "kind": "users"} if {
	count(_asking) > 0
	value := sprintf("%d users prefer %s", [count(_asking), _codes])
}

_multi := geo_multi.licence(input, preferred.plans)

_asking := preferred.asking(input.evidence.users)

_codes := concat(", ", array.slice(sort({geo.quoted(user.preferredDataLocation) | some user in _asking}), 0, 5))
