# METADATA
# title: Customer Lockbox
# description: >-
#   What each source says of Customer Lockbox: the answer of Get-OrganizationConfig that a person
#   saved, Secure Score, and a statement on record.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/purview/customer-lockbox-requests
package domicile.lib.lockbox

import data.domicile.lib.attestations
import data.domicile.lib.geo_portal
import data.domicile.lib.secure_score

# readings is the set of what the fresh sources say, as {on, tier, rank, kind}; rank is least for
# the best proof.
readings(inp) := (_exported(inp) | _scored(inp)) | _stated(inp)

_exported(inp) := {object.union(proof, {"on": on, "kind": "exchange_organization"}) |
	some export in inp.evidence.exchange_organization
	geo_portal.fresh(inp, export)
	on := export.CustomerLockBoxEnabled
	is_boolean(on)
	proof := _proof(export)
}

# Nobody answers for a file without a person and a hash.
_proof(export) := {"tier": "portal", "rank": 5} if {
	every text in [export.savedBy, export.sha256] {
		is_string(text)
		text != ""
	}
} else := {"tier": "attested", "rank": 7}

# Secure Score gives no points for what is off. It gives them as well for what somebody marked
# as reviewed or solved elsewhere, so that points count less than an export.
_scored(inp) := {{"on": on, "tier": "proxy", "rank": {false: 4, true: 6}[on], "kind": "secure_scores"} |
	secure_score.fresh(inp, secure_score.latest(inp))
	control := secure_score.control(inp, "CustomerLockBoxEnabled")
	is_number(control.score)
	on := control.score > 0
}

# A signed statement of two people counts above proxy and portal.
_stated(inp) := {{"on": on, "tier": "attested", "rank": rank, "kind": "attestations"} |
	statement := attestations.latest(inp.evidence.attestations, "lockbox")
	on := statement.value.enabled
	is_boolean(on)
	rank := _stated_rank(statement)
}

_stated_rank(statement) := 3 if {
	attestations.signed(statement)
} else := 7
