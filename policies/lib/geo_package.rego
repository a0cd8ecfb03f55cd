# METADATA
# title: The onboarding package as evidence of a Geo
# description: >-
#   Microsoft signs what Defender for Endpoint's onboarding package says: the organisation, the
#   data centre, the Geo of its telemetry. The package names no tenant and bears no date, so that
#   its signature proves this tenant's Geo only together with a binding and a limit of age.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/rest/api/defenderforcloud/mde-onboardings
#   - ref: https://learn.microsoft.com/defender-endpoint/data-storage-privacy
package domicile.lib.geo_package

import data.domicile.lib.attestations
import data.domicile.lib.geo_portal

# current is the set of the packages that no other package names as a former organisation.
current(inp) := {package_read |
	some package_read in inp.evidence.onboarding_package
	not _superseded(inp, package_read)
}

# usable is true for a package that may serve as evidence: its signature isn't broken, and
# the best source that speaks of its tenant doesn't say that it is another's. A weaker one
# costs the package its proof, and can't take it out of the evidence.
usable(inp, package_read) if {
	package_read.signature in {"valid", "unknown_issuer"}
	not _foreign(inp, package_read)
}

_foreign(inp, package_read) if {
	said := claims(inp, package_read)
	best := [kind | some kind in _kinds; some claim in said; claim.kind == kind][0]
	every claim in {claim | some claim in said; claim.kind == best} {
		not claim.agrees
	}
}

# The kinds whose sources bind a package to a tenant, best first.
_kinds := ["onboarding_package", "portal_tenant_context", "attestations"]

# proven is true when the package's signature holds, is young enough and bound to this
# tenant. Only then does its Geo count as signed.
proven(inp, package_read) if {
	package_read.signature == "valid"
	fresh(inp, package_read)
	bound(inp, package_read)
}

# fresh is true when the certificate that signed the package was valid at some moment of
# the last package_max_age_days: the package has no date but that.
default fresh(_, _) := false

fresh(inp, package_read) if {
	now := attestations.time_ns(inp.now)
	attestations.time_ns(package_read.notBefore) <= now
	limit := object.get(inp.params, "package_max_age_days", 400)
	time.add_date(attestations.time_ns(package_read.notAfter), 0, 0, limit) >= now
}

# bound is true when a source says that the package's organisation is this tenant's and
# none says otherwise.
bound(inp, package_read) if {
	some claim in claims(inp, package_read)
	claim.agrees
	count(contradictions(inp, package_read)) == 0
}

# contradictions is the set of the claims that the package isn't this tenant's.
contradictions(inp, package_read) := {claim | some claim in claims(inp, package_read); not claim.agrees}

# claims is what each source says of the package and this tenant, as {source, kind, agrees,
# value}: the tenant of the Azure subscription that handed it out, the organisation that the
# portal shows, and the organisation on record.
claims(inp, package_read) := (_subscription(inp, package_read) | _portal(inp, package_read)) | _recorded(inp, package_read)

# organisation is the package's organisation id in lower case, "" when it names none.
organisation(package_read) := lower(package_read.orgId) if {
	is_string(package_read.orgId)
} else := ""

_subscription(inp, package_read) := {claim |
	tenant := package_read.subscriptionTenantId
	is_string(tenant)
	claim := {
		"source": "the tenant of the Azure subscription that handed it out", "kind": "onboarding_package",
		"agrees": lower(tenant) == lower(inp.tenant.id), "value": tenant,
	}
}

_portal(inp, package_read) := {_claim("the organisation that the Defender portal shows", "portal_tenant_context", context.OrgId, package_read) |
	some context in geo_portal.contexts(inp)
	geo_portal.of_tenant(inp, context)
	geo_portal.fresh(inp, context)
	_speaks_of(context.OrgId, package_read)
}

_recorded(inp, package_read) := {_claim("the organisation on record", "attestations", statement.value.orgId, package_read) |
	some fact in ["mde-org-binding", "xdr-geo"]
	some statement in attestations.valid(inp.evidence.attestations, fact)
	_speaks_of(statement.value.orgId, package_read)
}

_claim(source, kind, id, package_read) := {
	"source": source, "kind": kind, "value": id,
	"agrees": lower(id) == organisation(package_read),
}

# A source that still shows a former organisation of the package says nothing of it.
_speaks_of(id, package_read) if {
	is_string(id)
	id != ""
	not lower(id) in _former(package_read)
}

_former(package_read) := {lower(id) | some id in package_read.previousOrgIds; is_string(id)}

_superseded(inp, package_read) if {
	some other in inp.evidence.onboarding_package
	other.signature == "valid"
	organisation(package_read) in _former(other)
}
