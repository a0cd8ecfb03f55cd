# METADATA
# title: The portal's exported settings agree with what is observed
# description: >-
#   What a person saved of the portal and what the supported interfaces answer should tell the same story. Where
#   they differ, one of them is old, of another tenant or misread, and rules that rest on it are wrong. Like is
#   compared with like only. The flags of Defender for Endpoint's own integrations say nothing of the integration
#   that INT1001 judges.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-endpoint/advanced-features
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
# custom:
#   id: INT1007
#   severity: low
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [portal_defender_settings, portal_mcas_about, portal_tenant_context]
#     optional: [hunting_probe, mdi_sensors]
#   licence: []
#   params:
#     workload_days:
#       type: integer
#       description: Days within which a licensed service must have written a row, the present day aside.
#       default: 7
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Find out which of the two is right, save the portal's pages again, and import them.
#     steps:
#       xdr-current:
#         - Save the answers of TenantContext, GetAdvancedFeaturesSetting and the about page of Cloud Apps again from the Defender portal, with your name and the time, and import them.
#         - If they still differ, look in the portal whether the service is in use (Settings > Endpoints, Settings > Identities, Settings > Cloud Apps).
#         - See that all files are of this tenant.
#       mtp-2020-b:
#         - Save the pages again from the Microsoft 365 security center, with your name and the time, and import them.
#       mtp-2020-a:
#         - Save the pages again from the Microsoft 365 security center, with your name and the time, and import them.
package domicile.integration.portal_settings_agree

import data.domicile.lib.geo_portal
import data.domicile.lib.hunting_feeds as feeds
import data.domicile.lib.service_exports as exports

deny contains {
	"resource": {"kind": "service", "id": service_id, "name": _services[service_id]},
	"message": concat(" ", [comparison.message | some comparison in differing]),
	"expected": concat(", ", [comparison.portal | some comparison in differing]),
	"actual": concat(", ", [comparison.seen | some comparison in differing]),
} if {
	some service_id, comparisons in _compared
	differing := [comparison | some comparison in comparisons; not comparison.agrees]
	count(differing) > 0
}

unknown contains {"reason": "stale", "kind": kind, "message": message} if {
	some kind, found in _exports
	count(found.all) > count(found.fresh)
	message := sprintf("An export of %s bears no date or was saved too long ago (max_evidence_age); save and import it again.", [found.name])
}

unknown contains {"reason": "not_collected", "kind": "hunting_probe", "message": message} if {
	count(_compared) == 0
	count([found | some found in _exports; count(found.fresh) > 0]) > 0
	message := "Nothing that was observed can be compared with the portal's exports; grant the scanner ThreatHunting.Read.All and SecurityIdentitiesSensors.Read.All, or import the portal's tenant context."
}

# What the tenant context says of a service stands beside what its table shows; a table that
# couldn't be asked may contradict it.
unknown contains {"reason": input.gaps.hunting_probe.reason, "kind": "hunting_probe", "message": message} if {
	input.gaps.hunting_probe
	some flags in _active
	count(flags) > 0
	message := "What the tenant context says of the services can't be held against their tables; grant the scanner ThreatHunting.Read.All."
}

unknown contains {"reason": "conflict", "kind": "portal_tenant_context", "message": message} if {
	_empty
	count(input.evidence.portal_tenant_context) > 0
	message := "The saved tenant context is of another tenant; save and import that of this one."
}

unknown contains {"reason": "not_collected", "kind": "portal_tenant_context", "message": message} if {
	_empty
	count(input.evidence.portal_tenant_context) == 0
	message := "The portal's exports hold nothing; save and import them again."
}

# A service of which the portal speaks, and whose table could not be asked.
unknown contains {"reason": feed.reason, "kind": "hunting_probe", "message": feed.message} if {
	count(_compared) > 0
	some service_id, flags in _active
	count(flags) > 0
	feed := _observed[service_id]
	feed.state == "unknown"
}

observed contains {"fact": "setting", "service": service_id, "value": comparison.message, "tier": "portal", "kind": comparison.kind} if {
	some service_id, comparisons in _compared
	some comparison in comparisons
	comparison.agrees
}

# Shown, and never judged: these are Defender for Endpoint's integrations.
observed contains {"fact": "setting", "service": "endpoint", "value": value, "tier": exports.tier(settings), "kind": "portal_defender_settings"} if {
	some settings in _exports.portal_defender_settings.fresh
	some name, flag in {
		"AatpIntegrationEnabled": object.get(settings, "AatpIntegrationEnabled", null),
		"EnableMcasIntegration": object.get(settings, "EnableMcasIntegration", null),
		"OfficeIntegration": object.get(settings, "OfficeIntegration", null),
	}
	is_boolean(flag)
	value := sprintf("%s %v", [name, flag])
}

_services := {
	"cloud_apps": "Microsoft Defender for Cloud Apps", "endpoint": "Microsoft Defender for Endpoint",
	"identity": "Microsoft Defender for Identity", "office": "Microsoft Defender for Office 365",
}

_exports := {
	"portal_defender_settings": {
		"name": "the advanced features",
		"all": input.evidence.portal_defender_settings,
		"fresh": exports.fresh(input, input.evidence.portal_defender_settings),
	},
	"portal_mcas_about": {
		"name": "Cloud Apps' about page",
		"all": input.evidence.portal_mcas_about,
		"fresh": exports.fresh(input, input.evidence.portal_mcas_about),
	},
	"portal_tenant_context": {
		"name": "the tenant context",
		"all": geo_portal.contexts(input),
		"fresh": exports.fresh(input, geo_portal.contexts(input)),
	},
}

_empty if {
	every found in _exports {
		count(found.all) == 0
	}
}

# Whether each service is active by the tenant context.
_active := {
	"cloud_apps": {flag | some context in _exports.portal_tenant_context.fresh; flag := context.IsMapgActive; is_boolean(flag)},
	"endpoint": {flag | some context in _exports.portal_tenant_context.fresh; flag := context.IsMdatpActive; is_boolean(flag)},
	"identity": {flag |
		some context in _exports.portal_tenant_context.fresh
		some flag in [object.get(context, "IsMdiActive", null), object.get(context, "IsItpActive", null)]
		is_boolean(flag)
	},
	"office": {flag | some context in _exports.portal_tenant_context.fresh; flag := context.IsOatpActive; is_boolean(flag)},
}

# What the service's own table shows: rows prove that it is active, a table that doesn't resolve
# that it is not. An empty table says neither.
_observed := {
	"cloud_apps": feeds.feed(input, "CloudAppEvents", input.params.workload_days),
	"endpoint": feeds.feed(input, "DeviceInfo", input.params.workload_days),
	"identity": feeds.directory(input, input.params.workload_days),
	"office": feeds.feed(input, "EmailEvents", input.params.workload_days),
}

_compared[service_id] contains comparison if {
	some service_id, flags in _active
	feed := _observed[service_id]
	seen := {"absent": false, "rows": true}[feed.state]
	active := _either(flags)
	comparison := {
		"agrees": active == seen, "kind": "portal_tenant_context",
		"portal": _word(active), "seen": _word(seen),
		"message": sprintf("The portal says that %s is %s, and its table '%s' %s.", [_services[service_id], _word(active), feed.table, {true: "has rows", false: "does not resolve"}[seen]]),
	}
}

# Cloud Apps has a data centre only once it was opened.
_compared.cloud_apps contains comparison if {
	some about in _exports.portal_mcas_about.fresh
	is_string(about.dataCenterName)
	active := _either(_active.cloud_apps)
	comparison := {
		"agrees": active, "kind": "portal_mcas_about", "portal": "active", "seen": _word(active),
		"message": sprintf("Cloud Apps' about page names the data centre '%s', and the tenant context says that Cloud Apps is %s.", [substring(about.dataCenterName, 0, 40), _word(active)]),
	}
}

# Sensors are in a workspace, so that there is one.
_compared.identity contains comparison if {
	some kind in ["portal_defender_settings", "portal_tenant_context"]
	some export in _exports[kind].fresh
	is_boolean(export.AatpWorkspaceExists)
	count(input.evidence.mdi_sensors) > 0
	comparison := {
		"agrees": export.AatpWorkspaceExists, "kind": kind,
		"portal": sprintf("AatpWorkspaceExists %v", [export.AatpWorkspaceExists]), "seen": sprintf("%d sensors", [count(input.evidence.mdi_sensors)]),
		"message": sprintf("The portal says AatpWorkspaceExists %v, and there are %d sensors.", [export.AatpWorkspaceExists, count(input.evidence.mdi_sensors)]),
	}
}

# Both exports show the same switch; without a workspace it means nothing.
_compared.endpoint contains comparison if {
	some settings in _exports.portal_defender_settings.fresh
	some context in _exports.portal_tenant_context.fresh
	settings.AatpWorkspaceExists == true
	is_boolean(settings.AatpIntegrationEnabled)
	is_boolean(context.AatpIntegrationEnabled)
	comparison := {
		"agrees": settings.AatpIntegrationEnabled == context.AatpIntegrationEnabled, "kind": "portal_defender_settings",
		"portal": sprintf("AatpIntegrationEnabled %v", [settings.AatpIntegrationEnabled]),
		"seen": sprintf("AatpIntegrationEnabled %v", [context.AatpIntegrationEnabled]),
		"message": sprintf("The advanced features say AatpIntegrationEnabled %v, and the tenant context %v.", [settings.AatpIntegrationEnabled, context.AatpIntegrationEnabled]),
	}
}

# Of several flags or exports any that says active counts; undefined when none says anything.
_either(flags) if true in flags

_either(flags) := false if flags == {false}

_word(active) := {true: "active", false: "not active"}[active]
