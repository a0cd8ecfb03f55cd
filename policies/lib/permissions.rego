# METADATA
# title: Permissions
# description: >-
#   Which permissions of which resource applications reach security data, let an
#   application grant access by itself, or carry a high risk otherwise; and which
#   applications the organisation has approved for them.
# scope: package
package domicile.lib.permissions

import data.domicile.lib.attestations

# Application ids of the resource applications, equal in every cloud.
graph := "00000003-0000-0000-c000-000000000000"

azure_ad_graph := "00000002-0000-0000-c000-000000000000"

exchange_online := "00000002-0000-0ff1-ce00-000000000000"

sharepoint_online := "00000003-0000-0ff1-ce00-000000000000"

defender_for_endpoint := "fc780465-2017-40d4-a0c5-307022471b92"

threat_protection := "8ee8fdad-f234-4243-8f3b-15c294843740"

cloud_apps := "05a65629-4c1b-48c1-a78b-804c4abdd4af"

office_management := "c5393580-f805-4401-95e8-94b7a6ef2fc2"

# security_resources are those of which every permission reaches security data.
security_resources := {defender_for_endpoint, threat_protection, cloud_apps, office_management}

# resource_name is how messages call a resource application, by its application id.
resource_name(app_id) := _resource_names[lower(app_id)] if {
	lower(app_id) in object.keys(_resource_names)
} else := app_id

# security_data is true for a permission that reads or writes security data.
security_data(app_id, _) if lower(app_id) in security_resources

security_data(app_id, permission) if {
	lower(app_id) in {graph, ""}
	some prefix in _security_prefixes
	startswith(lower(permission), prefix)
}

# self_granting is true for a permission with which an application can give itself or
# others any access.
self_granting(app_id, permission) if {
	_general(app_id)
	lower(permission) in _self_granting
}

# high_risk is true for both, for the permissions that change directory, mail and files
# of the whole tenant, and for what the parameter high_risk_permissions adds. An empty
# app_id stands for a resource that isn't known: the permission's name decides.
high_risk(app_id, permission, _) if security_data(app_id, permission)

high_risk(app_id, permission, _) if self_granting(app_id, permission)

high_risk(app_id, permission, _) if {
	_general(app_id)
	lower(permission) in _far_reaching
}

high_risk(_, permission, params) if {
	some added in object.get(params, "high_risk_permissions", [])
	lower(permission) == lower(added)
}

# by_id keys the permissions of a type (Role or Scope) by "<resourceId>/<id>", so that a
# join with the assignments of a large tenant is one lookup each.
by_id(resource_permissions, type) := {key(permission.resourceId, permission.id): permission |
	some permission in resource_permissions
	permission.type == type
	is_string(permission.resourceId)
	is_string(permission.id)
	is_string(permission.appId)
	is_string(permission.value)
}

# key is the key of a permission in by_id.
key(resource_id, permission_id) := concat("/", [resource_id, permission_id])

# resources is the application id by the id of the resource's service principal.
resources(resource_permissions) := {permission.resourceId: permission.appId |
	some permission in resource_permissions
	is_string(permission.appId)
}

# approved is the set of the approvals in force, as approval_key makes them.
approved(params, now) := {approval_key(entry.app_id, permission) |
	some entry in _entries(params)
	_in_force(entry, now)
	some permission in object.get(entry, "permissions", [])
	is_string(permission)
}

# approval_key joins an application's id and a permission's name, whatever their case.
approval_key(app_id, permission) := concat(" ", [lower(app_id), lower(permission)])

# lapsed is the set of the dates at which approvals of a permission for an application
# ended.
lapsed(params, app_id, permission, now) := {sprintf("%v", [entry.until]) |
	some entry in _entries(params)
	some name in object.get(entry, "permissions", [])
	is_string(name)
	approval_key(entry.app_id, name) == approval_key(app_id, permission)
	not _in_force(entry, now)
}

# configured is true when the organisation has said which applications it approves; an
# empty list says none.
configured(params) if is_array(object.get(params, "approved_applications", null))

# own says which application of this product's own an application id is: the one that
# reads, or the one that remediates. It is undefined for every other.
own(reader, _, app_id) := "scanner" if {
	app_id != ""
	lower(app_id) == lower(reader.appid)
}

own(reader, params, app_id) := "remediator" if {
	remediator := object.get(params, "remediator_app_id", null)
	is_string(remediator)
	app_id != ""
	lower(app_id) == lower(remediator)
	lower(app_id) != lower(object.get(reader, "appid", ""))
}

# first_party is true for a tenant in which Microsoft keeps its own applications.
first_party(params, tenant_id) if {
	is_string(tenant_id)
	some id in object.get(params, "first_party_tenants", [])
	lower(id) == lower(tenant_id)
}

_resource_names := {
	graph: "Microsoft Graph",
	azure_ad_graph: "Azure AD Graph",
	exchange_online: "Office 365 Exchange Online",
	sharepoint_online: "Office 365 SharePoint Online",
	defender_for_endpoint: "WindowsDefenderATP",
	threat_protection: "Microsoft Threat Protection",
	cloud_apps: "Microsoft Cloud App Security",
	office_management: "Office 365 Management APIs",
}

_security_prefixes := {
	"auditlogsquery",
	"securityalert.",
	"securityevents.",
	"securityidentities",
	"securityincident.",
	"threathunting.read.all",
}

_self_granting := {
	"application.readwrite.all",
	"approleassignment.readwrite.all",
	"delegatedpermissiongrant.readwrite.all",
	"policy.readwrite.permissiongrant",
	"rolemanagement.readwrite.directory",
}

_far_reaching := {
	"directory.readwrite.all",
	"files.readwrite.all",
	"group.readwrite.all",
	"mail.readwrite",
	"mail.send",
	"sites.fullcontrol.all",
	"user.readwrite.all",
}

# The names above mean what they say on Microsoft's general resources only; an
# organisation's own interface may call a harmless permission the same.
_general(app_id) if lower(app_id) in {"", azure_ad_graph, exchange_online, graph, sharepoint_online}

# The approvals that name an application; the others approve nothing.
_entries(params) := [entry |
	some entry in object.get(params, "approved_applications", [])
	is_string(entry.app_id)
]

# An approval without an end is in force; one that ends on a day is in force through
# that day, and one whose end can't be read is not.
_in_force(entry, _) if object.get(entry, "until", null) == null

_in_force(entry, now) if attestations.time_ns(now) <= attestations.end_ns(entry.until)
