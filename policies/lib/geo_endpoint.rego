# METADATA
# title: Whether Defender for Endpoint is provisioned
# description: >-
#   Where Defender for Endpoint is provisioned, its Geo is the service's; without it the Geo was
#   chosen, in 2020 by a person and since then automatically. A plan or the table DeviceInfo shows
#   that it is.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
package domicile.lib.geo_endpoint

import data.domicile.lib.hunting
import data.domicile.lib.licences

# provisioned is whether Defender for Endpoint is, always defined: state is yes, no or unknown,
# and for unknown the reason, the kind and a message that says what would close it.
provisioned(inp) := {"state": "yes"} if {
	licences.service_licensed(inp.evidence.subscribed_skus, "endpoint")
} else := {"state": "yes"} if {
	hunting.answer(inp, "DeviceInfo").state == "resolves"
} else := {"state": "unknown", "reason": gap.reason, "kind": "subscribed_skus", "message": message} if {
	gap := inp.gaps.subscribed_skus
	message := sprintf("The licences could not be read (%s); grant the scanner LicenseAssignment.Read.All.", [gap.reason])
} else := {"state": "unknown", "reason": "partial", "kind": "subscribed_skus", "message": "Some licences don't list their plans; read them from Microsoft Graph."} if {
	count(licences.unreadable(inp.evidence.subscribed_skus)) > 0
} else := {"state": "unknown", "reason": devices.reason, "kind": devices.kind, "message": devices.message} if {
	devices := hunting.answer(inp, "DeviceInfo")
	devices.state == "unknown"
} else := {"state": "no"}
