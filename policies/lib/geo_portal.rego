# METADATA
# title: The portal's tenant context as evidence of a Geo
# description: >-
#   Tells which saved copies of the Defender portal's tenant context speak of this tenant, how old
#   each may be, and whether it counts as a portal's export or as no more than a statement.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
package domicile.lib.geo_portal

import data.domicile.lib.age
import data.domicile.lib.attestations

# contexts is the set of the saved contexts that don't name another tenant.
contexts(inp) := {context |
	some context in inp.evidence.portal_tenant_context
	not _foreign(context, inp.tenant.id)
}

# fresh is true for a context that was saved no longer ago than max_evidence_age.portal
# and not in the future. Nobody can tell the age of one without a date.
default fresh(_, _) := false

fresh(inp, context) if {
	age.past(inp, context.savedAt)
	age.within(inp, "portal", attestations.time_ns(context.savedAt))
}

# named is true for a context that names this tenant, the person who saved it and the
# file's hash. One that lacks any of these is no more than an unsigned statement.
named(inp, context) if {
	of_tenant(inp, context)
	every text in [context.savedBy, context.sha256] {
		is_string(text)
		text != ""
	}
}

# of_tenant is true for a context that names this tenant.
of_tenant(inp, context) if lower(_tenant(context)) == lower(inp.tenant.id)

_foreign(context, id) if not lower(_tenant(context)) in {"", lower(id)}

_tenant(context) := context.AuthInfo.TenantId if {
	is_string(context.AuthInfo.TenantId)
} else := ""
