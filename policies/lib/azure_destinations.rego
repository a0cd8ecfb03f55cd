# METADATA
# title: Destinations in Azure
# description: >-
#   Judges a resource to which data is sent: where it rests, second regions and replicas included,
#   whose tenant it is in, and whether it is there at all. An id tells none of this, so that each
#   destination is resolved with Azure Resource Manager.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/monitoring-health/howto-configure-diagnostic-settings
#   - ref: https://learn.microsoft.com/defender-xdr/streaming-api
package domicile.lib.azure_destinations

import data.domicile.lib.azure
import data.domicile.lib.geo

# judge is what is known of a destination, always defined for an id: outcome is fail, unknown
# or pass; says is a sentence about it, expected and actual are for a finding, reason for an
# unknown, resolved whether Azure answered for it. The second argument is the resources by key. The first row that matches decides: a place that
# isn't allowed, another tenant, no access, gone.
judge(inp, resolved, id) := _fail(id, says, "a region in the allowed places", azure.said(outside)) if {
	outside := azure.outside(_places(resolved, id), geo.allowed(inp, "azure"))
	count(outside) > 0
	says := sprintf("rests at %s, which isn't in the places allowed for Azure (%s)", [azure.said(outside), concat(", ", geo.allowed(inp, "azure"))])
} else := _fail(id, says, "a destination in this tenant, or in an approved one", sprintf("tenant %s", [geo.quoted(_tenant(inp, resolved, id))])) if {
	azure.standing(inp, _tenant(inp, resolved, id)) == "foreign"
	says := sprintf("is in the tenant %s, which isn't an approved one", [geo.quoted(_tenant(inp, resolved, id))])
} else := _unknown(id, "needs_configuration", says) if {
	azure.standing(inp, _tenant(inp, resolved, id)) == "unset"
	says := sprintf("is in the tenant %s, and approved_tenants isn't set; approve that tenant, or set an empty list", [geo.quoted(_tenant(inp, resolved, id))])
} else := _unknown(id, "no_permission", says) if {
	_status(resolved, id) in {401, 403}
	says := "can't be read, so that nobody can tell where it is; give the reader Reader on it"
} else := _fail(id, "doesn't exist, so that the export points at nothing", "a destination that exists", "not found") if {
	_status(resolved, id) == 404
} else := object.union(_unknown(id, reason, says), {"resolved": false}) if {
	not _answered(resolved, id)
	reason := _why_not(inp, resolved, id)
	says := sprintf("was not resolved (%s), so that nobody can tell where it is; collect azure_resources again", [reason])
} else := _unknown(id, "needs_configuration", "can't be judged without a list of allowed places; set the parameter allowed_geos, or azure in allowed_geos_by_service") if {
	not geo.allowed(inp, "azure")
} else := _unknown(id, "partial", says) if {
	count(azure.strange(_places(resolved, id))) > 0
	says := sprintf("rests at a place that isn't a known one (%s); look it up", [azure.said(azure.strange(_places(resolved, id)))])
} else := {
	"outcome": "pass", "id": azure.key(id), "name": azure.name(id), "says": sprintf("rests at %s", [azure.said(_places(resolved, id))]),
	"reason": "", "expected": "", "actual": "", "resolved": true,
}

# finding is what a rule denies of a destination that failed; what names what is sent there.
finding(verdict, kind, what) := {
	"resource": {"kind": kind, "id": verdict.id, "name": verdict.name},
	"message": sprintf("The destination %s of %s %s.", [geo.quoted(verdict.name), what, verdict.says]),
	"expected": verdict.expected,
	"actual": verdict.actual,
}

# question is why a rule can't know about a destination.
question(verdict, what) := {
	"reason": verdict.reason, "kind": "azure_resources",
	"message": sprintf("The destination %s of %s %s.", [geo.quoted(verdict.name), what, verdict.says]),
}

_places(resolved, id) := azure.places(resolved[azure.key(id)]) if _status(resolved, id) == 200

_answered(resolved, id) if _status(resolved, id) == 200

_status(resolved, id) := resolved[azure.key(id)].status

# The tenant that the answer names, or else the one of the subscription; null for neither.
_tenant(inp, resolved, id) := tenant if {
	tenant := resolved[azure.key(id)].tenantId
	is_string(tenant)
} else := azure.owner(inp, id) if {
	azure.owner(inp, id)
} else := null

_why_not(inp, resolved, id) := "service_error" if {
	_status(resolved, id)
} else := inp.gaps.azure_resources.reason if {
	inp.gaps.azure_resources
} else := "not_collected"

_fail(id, says, expected, actual) := {
	"outcome": "fail", "id": azure.key(id), "name": azure.name(id), "says": says, "reason": "", "expected": expected, "actual": actual, "resolved": true,
}

_unknown(id, reason, says) := {
	"outcome": "unknown", "id": azure.key(id), "name": azure.name(id), "says": says, "reason": reason, "expected": "", "actual": "", "resolved": true,
}
