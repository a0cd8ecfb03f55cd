# METADATA
# title: Azure
# description: >-
#   What the reader saw of Azure, and where a resource's data rests. An empty list from a reader
#   without access isn't "none": a rule over Azure's lists passes only with the proof that every
#   subscription was seen, by Reader at the root management group or by a list of their ids.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/azure/governance/management-groups/overview
#   - ref: https://learn.microsoft.com/azure/storage/common/storage-redundancy
#   - ref: https://learn.microsoft.com/azure/azure-monitor/logs/workspace-replication
package domicile.lib.azure

import data.domicile.lib.azure_pairs
import data.domicile.lib.geo
import data.domicile.lib.roles_privileged as privileged

# elsewhere is true for what lies in a subscription that is known to be another tenant's, as a
# service provider sees those of its customers.
elsewhere(inp, id) if {
	tenant := owner(inp, id)
	not _own(inp, tenant)
}

# key is the one way to write the id of the Azure resource that an id speaks of: in lower
# case, without what lies below the resource (an authorization rule of a namespace, a
# connector of a workspace). It is undefined for anything but a text.
key(id) := regex.find_n(`^/subscriptions/[^/]+/resourcegroups/[^/]+/providers/[^/]+/[^/]+/[^/]+`, lower(trim_space(id)), 1)[0] if {
	is_string(id)
} else := trim_suffix(lower(trim_space(id)), "/") if {
	is_string(id)
	trim_space(id) != ""
}

# name is the last part of an id, for a message; "" for anything but a text.
name(id) := segments[count(segments) - 1] if {
	is_string(id)
	segments := split(trim_suffix(trim_space(id), "/"), "/")
} else := ""

# subscription is the id of the subscription in a resource's id; undefined without one.
subscription(id) := split(key(id), "/")[2] if startswith(key(id), "/subscriptions/")

# keyed is the objects of a list by the key of their id.
keyed(items) := object.union_n([{key(item.id): item} | some item in items])

# coverage is how much of the tenant's Azure the reader saw, always defined: state is
# complete, partial or none, and for the latter two the reason and a message that says what
# would close it.
coverage(inp) := {"state": "complete", "reason": "", "message": ""} if {
	_root_seen(inp)
	not inp.gaps.azure_coverage
} else := {"state": "complete", "reason": "", "message": ""} if {
	count(_wanted(inp)) > 0
	count(_wanted(inp) - _seen(inp)) == 0
} else := {"state": "none", "reason": gap.reason, "message": message} if {
	count(inp.evidence.azure_coverage) == 0
	gap := inp.gaps.azure_coverage
	message := sprintf("Azure could not be read (%s); let the scanner sign in to Azure Resource Manager with Reader at the root management group.", [gap.reason])
} else := {"state": "none", "reason": "not_collected", "message": message} if {
	count(inp.evidence.azure_coverage) == 0
	message := "The reader sees nothing of Azure, so that nobody can tell what is there; give it Reader at the root management group."
} else := {"state": "partial", "reason": "partial", "message": message} if {
	count(_wanted(inp)) > 0
	message := sprintf("Only %d of the %d subscriptions of azure_subscriptions were seen; give the reader Reader on all, or at the root management group.", [
		count(_wanted(inp) & _seen(inp)),
		count(_wanted(inp)),
	])
} else := {"state": "partial", "reason": "partial", "message": message} if {
	message := sprintf("%d subscriptions were seen, and nothing shows that these are all; give the reader Reader at the root management group, or list every id in azure_subscriptions.", [count(_seen(inp))])
}

# uncovered is the reason not to know that is due to coverage, in a set, which is empty when
# the coverage is complete.
uncovered(inp) := {{"reason": seen.reason, "kind": "azure_coverage", "message": seen.message} |
	seen := coverage(inp)
	seen.state != "complete"
}

# unread is the message of a rule that lacks a kind of Azure's.
unread(kind, reason) := sprintf("The evidence '%s' is missing or incomplete (%s), so that there may be more than what was seen; give the reader Reader and collect it again.", [kind, reason])

# owner is the tenant of the subscription that holds a resource, as the reader sees it;
# undefined when it doesn't see the subscription or its tenant.
owner(inp, id) := [item.tenantId |
	some item in inp.evidence.azure_coverage
	item.type == "subscription"
	_last(item.id) == subscription(id)
	is_string(item.tenantId)
][0]

# standing is how a tenant stands to the one that is scanned: own, approved while that lasts,
# foreign, or unset when approved_tenants isn't set. No tenant counts as the own one.
standing(inp, tenant) := "own" if {
	_own(inp, tenant)
} else := "unset" if {
	not "approved_tenants" in object.keys(inp.params)
} else := "approved" if {
	some approved in inp.params.approved_tenants
	is_string(approved.id)
	lower(approved.id) == lower(tenant)
	privileged.in_force(approved, inp.now)
} else := "foreign"

# places is where a resource's data rests, as a set of {as, place}: its region, its second
# region, its replicas. The second region of geo-redundant storage that doesn't name it is
# the paired one; place is "" where that isn't known.
places(resource) := ({{"as": "region", "place": _text(object.get(resource, "location", null))}} | _seconds(resource)) | _replicas(resource)

# workspace_places is the same for a workspace: the region of its dedicated cluster, or else
# its own, and the region of its replica.
workspace_places(workspace) := {{"as": "region", "place": _region(workspace)}} | workspace_replicas(workspace)

# workspace_replicas is the region of a workspace's replica, where it has one.
workspace_replicas(workspace) := {{"as": "replica", "place": _text(object.get(object.get(workspace, "replication", {}), "location", null))} |
	workspace.replication.enabled in [true]
}

# outside is the set of the known places that don't lie in the allowed ones.
outside(found, allowed) := {at |
	some at in found
	geo.geo(at.place)
	not geo.inside(at.place, allowed)
}

# strange is the set of the places that aren't known.
strange(found) := {at | some at in found; not geo.geo(at.place)}

# said names places for a message.
said(found) := concat(", ", sort({sprintf("%s (%s)", [geo.quoted(at.place), at.as]) | some at in found}))

_root_seen(inp) if {
	some item in inp.evidence.azure_coverage
	item.type == "managementGroup"
	_last(item.id) == lower(inp.tenant.id)
}

_seen(inp) := {_last(item.id) | some item in inp.evidence.azure_coverage; item.type == "subscription"}

_wanted(inp) := {_last(id) | some id in inp.params.azure_subscriptions}

_last(id) := lower(name(id)) if is_string(id)

_own(_, tenant) if not is_string(tenant)

_own(inp, tenant) if lower(tenant) in {"", lower(inp.tenant.id)}

_seconds(resource) := {{"as": "second region", "place": resource.secondaryLocation}} if {
	_text(object.get(resource, "secondaryLocation", null)) != ""
} else := {{"as": "paired region", "place": azure_pairs.pair(object.get(resource, "location", null))}} if {
	regex.match(`gz?rs`, lower(_text(object.get(resource, "sku", null))))
} else := set()

_replicas(resource) := {{"as": "replica", "place": _text(place)} | some place in resource.replicas}

# The region of a cluster that could not be read is "", and as little known as its workspaces'.
_region(workspace) := workspace.clusterLocation if {
	is_string(workspace.clusterLocation)
} else := _text(object.get(workspace, "location", null))

_text(value) := value if {
	is_string(value)
} else := ""
