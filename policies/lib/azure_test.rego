package domicile.lib.azure_test

import data.domicile.lib.azure
import data.domicile.lib.azure_fixtures_test as fixtures
import data.domicile.lib.azure_pairs
import data.domicile.lib.geo_fixtures_test as tenant

_covered(items, params, gaps) := azure.coverage({
	"tenant": {"id": tenant.tenant_id}, "params": object.union({"azure_subscriptions": []}, params),
	"evidence": {"azure_coverage": items}, "gaps": gaps,
})

_resource(changes) := object.union(fixtures.resource("/x", "westeurope"), changes)

_places(found) := {[at.as, at.place] | some at in found}

test_key_is_that_of_the_resource if {
	rule := concat("/", [fixtures.id("Microsoft.EventHub/namespaces", "Hub"), "authorizationrules", "RootManageSharedAccessKey"])
	azure.key(rule) == lower(fixtures.id("Microsoft.EventHub/namespaces", "hub"))
	azure.key(concat("", [" ", upper(fixtures.workspace_id("w")), "/ "])) == lower(fixtures.workspace_id("w"))
	azure.key("/providers/microsoft.aadiam/diagnosticSettings/x/") == "/providers/microsoft.aadiam/diagnosticsettings/x"
	not azure.key(null)
	not azure.key(" ")
}

test_name_and_subscription_are_parts_of_the_id if {
	azure.name(fixtures.workspace_id("SOC")) == "SOC"
	azure.name("x/") == "x"
	azure.subscription(fixtures.workspace_id("SOC")) == fixtures.subscription_id
	not azure.subscription("/providers/x")
}

test_keyed_takes_doubles if {
	one := {"id": fixtures.storage_id("a"), "status": 200}
	azure.keyed([one, object.union(one, {"id": upper(one.id)}), {"id": null}]) == {lower(one.id): {"id": upper(one.id), "status": 200}}
}

test_coverage_is_complete_by_the_root_or_by_every_named_subscription if {
	_covered([fixtures.root], {}, {}).state == "complete"
	_covered([object.union(fixtures.root, {"id": upper(tenant.tenant_id)})], {}, {}).state == "complete"
	_covered([fixtures.subscription], {"azure_subscriptions": [upper(fixtures.subscription_id)]}, {}).state == "complete"
	_covered([fixtures.subscription], {"azure_subscriptions": [fixtures.subscription_id]}, {"azure_coverage": {"reason": "partial"}}).state == "complete"
}

test_coverage_is_partial_without_proof if {
	found := _covered([fixtures.subscription], {}, {})
	[found.state, found.reason] == ["partial", "partial"]
	startswith(found.message, "1 subscriptions were seen")
	some_of := _covered([fixtures.subscription], {"azure_subscriptions": [fixtures.subscription_id, "s2"]}, {})
	startswith(some_of.message, "Only 1 of the 2 subscriptions")
	_covered([object.union(fixtures.root, {"id": "/providers/Microsoft.Management/managementGroups/landing-zones"})], {}, {}).state == "partial"
	_covered([object.union(fixtures.subscription, {"id": tenant.tenant_id})], {}, {}).state == "partial"
	_covered([fixtures.root], {}, {"azure_coverage": {"reason": "partial"}}).state == "partial"
	_covered([object.union(fixtures.root, {"id": null})], {}, {}).state == "partial"
}

test_coverage_is_none_when_nothing_was_seen if {
	_covered([], {}, {}).reason == "not_collected"
	gone := _covered([], {"azure_subscriptions": ["s1"]}, {"azure_coverage": {"reason": "no_permission"}})
	[gone.state, gone.reason] == ["none", "no_permission"]
	azure.uncovered({"tenant": {"id": "t"}, "params": {}, "evidence": {"azure_coverage": []}, "gaps": {}}) == {{
		"reason": "not_collected", "kind": "azure_coverage",
		"message": "The reader sees nothing of Azure, so that nobody can tell what is there; give it Reader at the root management group.",
	}}
	azure.uncovered(fixtures.with_evidence({})) == set()
}

test_unread_names_the_kind_and_the_reason if startswith(azure.unread("workspace_tables", "throttled"), "The evidence 'workspace_tables' is missing or incomplete (throttled)")

test_owner_is_the_tenant_of_the_subscription if {
	scan := fixtures.with_evidence({"azure_coverage": [fixtures.foreign, fixtures.subscription, object.union(fixtures.subscription, {"id": null})]})
	azure.owner(scan, fixtures.workspace_id("w")) == tenant.tenant_id
	azure.owner(scan, fixtures.foreign_id("a/b", "w")) == fixtures.other_tenant
	not azure.owner(scan, "/subscriptions/unknown/resourceGroups/g/providers/a/b/c")
}

test_standing_of_a_tenant if {
	unset := fixtures.with_evidence({})
	azure.standing(unset, upper(tenant.tenant_id)) == "own"
	azure.standing(unset, null) == "own"
	azure.standing(unset, "") == "own"
	azure.standing(unset, fixtures.other_tenant) == "unset"
	azure.standing(tenant.with_params(unset, {"approved_tenants": []}), fixtures.other_tenant) == "foreign"
	approved := tenant.with_params(unset, {"approved_tenants": [{"id": upper(fixtures.other_tenant), "name": "group", "why": "SOC"}]})
	azure.standing(approved, fixtures.other_tenant) == "approved"
	lapsed := tenant.with_params(unset, {"approved_tenants": [{"id": fixtures.other_tenant, "until": "2026-11-20"}]})
	azure.standing(lapsed, fixtures.other_tenant) == "foreign"
}

test_places_of_a_resource if {
	_places(azure.places(_resource({}))) == {["region", "westeurope"]}
	_places(azure.places(_resource({"replicas": ["eastus", null]}))) == {["region", "westeurope"], ["replica", "eastus"], ["replica", ""]}
	_places(azure.places(_resource({"sku": "Standard_GRS", "secondaryLocation": "northeurope"}))) == {["region", "westeurope"], ["second region", "northeurope"]}
	_places(azure.places({"location": null})) == {["region", ""]}
}

test_places_of_geo_redundant_storage_that_does_not_name_its_second_region if {
	every sku in ["Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS"] {
		_places(azure.places(_resource({"sku": sku, "location": "Brazil South"}))) == {["region", "Brazil South"], ["paired region", "southcentralus"]}
	}
	_places(azure.places(_resource({"sku": "Standard_GRS", "location": "polandcentral"}))) == {["region", "polandcentral"], ["paired region", ""]}
	_places(azure.places(_resource({"sku": "Standard_ZRS", "location": "Brazil South"}))) == {["region", "Brazil South"]}
}

test_places_of_a_workspace if {
	workspace := fixtures.workspace("w", "westeurope")
	_places(azure.workspace_places(workspace)) == {["region", "westeurope"]}
	_places(azure.workspace_places(object.union(workspace, {"clusterLocation": "eastus"}))) == {["region", "eastus"]}
	replicated := object.union(workspace, {"replication": {"enabled": true, "location": "northeurope"}})
	_places(azure.workspace_places(replicated)) == {["region", "westeurope"], ["replica", "northeurope"]}
	_places(azure.workspace_replicas(object.union(workspace, {"replication": {"enabled": true}}))) == {["replica", ""]}
	azure.workspace_replicas(object.union(workspace, {"replication": {"enabled": false, "location": "eastus"}})) == set()
}

test_outside_and_strange if {
	found := {{"as": "region", "place": "West Europe"}, {"as": "replica", "place": "eastus"}, {"as": "paired region", "place": ""}}
	_places(azure.outside(found, ["EU"])) == {["replica", "eastus"]}
	_places(azure.strange(found)) == {["paired region", ""]}
	azure.said(found) == "'' (paired region), 'West Europe' (region), 'eastus' (replica)"
}

test_pairs_that_leave_the_geo if {
	azure_pairs.pair("Brazil South") == "southcentralus"
	azure_pairs.pair("southeastasia") == "eastasia"
	azure_pairs.pair("eastasia") == "southeastasia"
	azure_pairs.pair("North Europe") == "westeurope"
	azure_pairs.pair("West Europe") == "northeurope"
	azure_pairs.pair("qatarcentral") == ""
	azure_pairs.pair(null) == ""
}

test_a_cluster_that_could_not_be_read_is_at_no_known_place if {
	clustered := object.union(fixtures.workspace("w", "westeurope"), {"clusterLocation": ""})
	_places(azure.workspace_places(clustered)) == {["region", ""]}
}

test_name_of_what_is_no_text if {
	azure.name(null) == ""
}

test_elsewhere_is_what_another_tenant_owns if {
	scan := fixtures.with_evidence({"azure_coverage": [fixtures.root, fixtures.subscription, fixtures.foreign]})
	azure.elsewhere(scan, fixtures.foreign_id("Microsoft.Storage/storageAccounts", "s"))
	not azure.elsewhere(scan, fixtures.storage_id("s"))
	not azure.elsewhere(scan, "/subscriptions/not-seen/resourceGroups/r/providers/a/b/c")
}

test_an_approval_that_is_no_text_approves_nobody if {
	scan := tenant.with_params(fixtures.with_evidence({}), {"approved_tenants": [{"id": 7}]})
	azure.standing(scan, fixtures.other_tenant) == "foreign"
}
