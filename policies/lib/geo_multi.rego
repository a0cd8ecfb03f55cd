# METADATA
# title: Multi-Geo
# description: >-
#   Whether the tenant holds a licence by which Microsoft 365 keeps single users' or sites' data
#   elsewhere than the tenant's. Without one a preferred data location does nothing.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-multi-geo
package domicile.lib.geo_multi

import data.domicile.lib.licences

# licence is whether one of the named plans is held, always defined: state is held, none or
# unknown, and for unknown the reason and a message that says what would close it.
licence(inp, names) := {"state": "held", "reason": "", "message": ""} if {
	some name in names
	licences.plans[name] in licences.held(inp.evidence.subscribed_skus)
} else := {"state": "unknown", "reason": gap.reason, "message": message} if {
	gap := inp.gaps.subscribed_skus
	message := sprintf("The licences could not be read (%s), so whether the tenant has Multi-Geo isn't known; grant the scanner LicenseAssignment.Read.All.", [gap.reason])
} else := {"state": "unknown", "reason": "partial", "message": message} if {
	count(licences.unreadable(inp.evidence.subscribed_skus)) > 0
	message := "Some licences don't list their plans, so whether the tenant has Multi-Geo isn't known; read them from Microsoft Graph."
} else := {"state": "none", "reason": "", "message": ""}
