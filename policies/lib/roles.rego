# METADATA
# title: Roles
# description: |-
#   Who holds which directory role, read together from role assignments, their schedules
#   (PIM), eligibility, the members of role-holding groups and who is eligible for these
#   groups (PIM for Groups). Roles are told by their
#   template ids, as Microsoft's "Microsoft Entra built-in roles" gives them; for built-in
#   roles the id of the definition is the template's.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
#   - ref: https://learn.microsoft.com/graph/api/resources/unifiedroleassignment
package domicile.lib.roles

import data.domicile.lib.index
import data.domicile.lib.roles_builtin

global_administrator := "62e90394-69f5-4237-9190-012177145e10"

security_administrator := "194ae4cb-b126-40b2-bd5b-6091b380977d"

security_operator := "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f"

security_reader := "5d6b6bb7-de71-4623-b4af-96380a352509"

global_reader := "f2ef992c-3afb-46b9-b7cf-a126ee74c451"

compliance_administrator := "17315797-102d-40b4-93e0-432062caca18"

compliance_data_administrator := "e6d1a23a-da11-4be4-9570-befc86d067a7"

application_administrator := "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"

cloud_application_administrator := "158c047a-c907-4556-b7ef-446551a6b5f7"

privileged_role_administrator := "e8611ab8-c189-46e8-94e1-60213ab1f814"

directory_synchronization_accounts := "d29b2b05-8046-44ba-8758-1e26182fcf32"

# default_privileged are the roles that count as privileged unless a configuration says
# otherwise: CISA's eight, and those that lead to them or to the security settings.
default_privileged := {
	global_administrator,
	privileged_role_administrator,
	application_administrator,
	cloud_application_administrator,
	security_administrator,
	compliance_administrator,
	"fe930be7-5e62-47db-91af-98c3a49a38b1", # User Administrator
	"f28a1f50-f6e7-4571-818b-6a12f2af6b6c", # SharePoint Administrator
	"29232cdf-9323-42fd-ade2-1d097af3e4de", # Exchange Administrator
	"8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", # Hybrid Identity Administrator
	"7be44c8a-adaf-4e2a-84d6-ab2649e08a13", # Privileged Authentication Administrator
	"c4e39bd9-1100-46d3-8c65-fb160da0071f", # Authentication Administrator
	"b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", # Conditional Access Administrator
	"3a2c62db-5318-420d-8d74-23affee5d9d5", # Intune Administrator
	"892c5842-a9a6-463a-8041-72aa08ca3cf6", # Cloud App Security Administrator
	"9360feb5-f418-4baa-8175-e2a00bac4301", # Directory Writers
	"4ba39ca4-527c-499a-b93d-d9b492c50246", # Partner Tier1 Support
	"e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8", # Partner Tier2 Support
}

# privileged reads the parameter privileged_roles: template ids, among which "default"
# (or "+") stands for the default ones; the word alone does as well.
privileged(ids) := union({_meant(id) | some id in _listed(ids)})

_listed(ids) := ids if is_array(ids)

_listed(word) := [word] if is_string(word)

_meant(word) := default_privileged if word in {"default", "+"}

_meant(id) := {lower(id)} if not id in {"default", "+"}

# template holds for what is written like a role's id.
template(id) if regex.match(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`, id)

# turn_on are the roles that may turn the service on, by profile: in 2020 the two that
# Microsoft's page names, today the nine whose visit to the portal does it.
turn_on := {
	"mtp-2020-a": {global_administrator, security_administrator},
	"mtp-2020-b": {global_administrator, security_administrator},
	"xdr-current": {
		global_administrator,
		security_administrator,
		security_operator,
		global_reader,
		security_reader,
		compliance_administrator,
		compliance_data_administrator,
		application_administrator,
		cloud_application_administrator,
	},
}

# role_name is a role's name, or its id where it isn't a built-in role.
role_name(id) := object.get(roles_builtin.names, id, id)

# custom holds for a role that isn't a built-in one.
custom(id) if not roles_builtin.names[id]

# holders is the set of who holds which role: {principalId, roleDefinitionId, scope, how,
# via, through, principal, lost}. It takes the whole input. A group that holds a role is in
# it, and so is everybody who belongs to the group, with the group's id as via: its members,
# and those eligible to become member or, as whoever owns a group decides who holds its role,
# owner. through says which, member, eligible_member or eligible_owner, and is "" for who
# holds the role itself. scope is "/" for the whole tenant, how is standing, activated or
# eligible, principal all that the kinds say of the principal: {} where none expands it. lost
# is true where the service expanded it to nothing, because it is deleted or at home in
# another organisation.
#
# Without role_schedules an activated assignment can't be told from a standing one and
# is called standing, and so is a membership that was activated: a rule that asks how looks
# at the gap first, and at who is eligible for the group.
holders(doc) := {object.union(holder, {"principal": known[holder.principalId]}) | some holder in all} if {
	direct := (_active(doc) | _scheduled(doc)) | _eligible(doc)
	all := direct | _through_groups(doc, direct)
	known := object.union_n([{holder.principalId: holder.principal} | some holder in all])
}

# holds holds for who has a role, or has it by activation alone: who may become owner of a group
# that holds the role must put somebody into the group first.
holds(holder) if holder.through != "eligible_owner"

_through_groups(doc, direct) := {holder |
	some group in direct
	some belonging in of[group.principalId]
	holder := object.union(object.remove(group, ["principal"]), belonging)
} if {
	of := index.grouped(array.concat(_members(doc), _eligible_for_groups(doc)))
}

_members(doc) := [[member.groupId, belonging] |
	some member in doc.evidence.role_group_members
	belonging := {
		"principalId": member.id,
		"principal": object.remove(member, ["groupId"]),
		"via": member.groupId,
		"through": "member",
		"lost": false,
	}
]

_eligible_for_groups(doc) := [[row.groupId, belonging] |
	some row in doc.evidence.group_eligibility
	belonging := {
		"principalId": row.principalId,
		"principal": {},
		"how": "eligible",
		"via": row.groupId,
		"through": {"member": "eligible_member", "owner": "eligible_owner"}[row.accessId],
		"lost": false,
	}
]

# principals are the ids of the holders of some roles, for who needs no more of them than
# that, page by page.
principals(doc, wanted) := (direct | members) | eligible if {
	direct := {row.principalId | some row in grants(doc, wanted)}
	members := {member.id | some member in doc.evidence.role_group_members; member.groupId in direct}
	eligible := {row.principalId | some row in doc.evidence.group_eligibility; row.groupId in direct}
}

# grants are the rows that give one of some roles to a principal itself. Their principals are
# not always expanded.
grants(doc, wanted) := {row |
	some rows in [
		object.get(doc.evidence, "role_assignments", []),
		object.get(doc.evidence, "role_schedules", []),
		object.get(doc.evidence, "role_eligibility", []),
	]
	some row in rows
	row.roleDefinitionId in wanted
}

# Role assignments hold activated ones too: the schedule of an activation tells them.
_active(doc) := {_holder(row, how) |
	some row in doc.evidence.role_assignments
	how := _how(row, activated)
} if {
	activated := {_key(row) |
		some row in doc.evidence.role_schedules
		row.assignmentType == "Activated"
	} - {_key(row) |
		some row in doc.evidence.role_schedules
		row.assignmentType == "Assigned"
	}
}

_how(row, activated) := "activated" if _key(row) in activated

_how(row, activated) := "standing" if not _key(row) in activated

_key(row) := [row.principalId, row.roleDefinitionId, _scope(row)]

_scheduled(doc) := {_holder(row, how) |
	some row in doc.evidence.role_schedules
	how := {"Assigned": "standing", "Activated": "activated"}[row.assignmentType]
}

_eligible(doc) := {_holder(row, "eligible") | some row in doc.evidence.role_eligibility}

_holder(row, how) := {
	"principalId": row.principalId,
	"roleDefinitionId": row.roleDefinitionId,
	"scope": _scope(row),
	"how": how,
	"via": "",
	"through": "",
	"principal": _principal(row),
	"lost": _lost(row),
}

default _lost(_) := false

_lost(row) if is_null(row.principal)

default _principal(_) := {}

_principal(row) := row.principal if is_object(row.principal)

# A scope is a directory's object, or an application's own; one that isn't said is not
# the tenant's.
default _scope(_) := ""

_scope(row) := row.directoryScopeId if is_string(row.directoryScopeId)

_scope(row) := concat("", ["application:", row.appScopeId]) if {
	object.get(row, "directoryScopeId", null) == null
	is_string(row.appScopeId)
}

# accounts is the set of holders with what the users say of them laid over: person,
# enabled, synced and guest (true, false, or null where nothing tells, so that a rule
# compares them with the value it means), type (user, group, servicePrincipal, or "" where
# nothing tells) and label, a name for messages. It takes the whole input and joins with
# the users through the look-up by id.
accounts(doc) := {object.union(account, {"person": _person(account, unread_kinds)}) |
	found := {id: user |
		some holder in all
		id := holder.principalId
		user := doc.lookup.users[id]
	}
	some holder in all
	account := _account(holder, object.get(found, holder.principalId, {}))
} if {
	all := holders(doc)
	unread_kinds := object.keys(doc.gaps)
}

# A principal that nothing describes is no person once all users were read and it isn't
# among them, or once the assignments were read in full and expand it to nothing.
default _person(_, _) := null

_person(account, _) if account.type == "user"

_person(account, _) := false if not account.type in {"user", ""}

_person(account, unread_kinds) := false if {
	account.type == ""
	not "users" in unread_kinds
}

_person(account, unread_kinds) := false if {
	account.type == ""
	account.lost
	not "role_assignments" in unread_kinds
}

_account(holder, user) := object.union(holder, {
	"type": _type(holder.principal, user),
	"enabled": _flag(record, "accountEnabled"),
	"synced": _synced(record),
	"guest": _guest(record),
	"label": _label(holder, record),
}) if {
	record := object.union(holder.principal, user)
}

default _type(_, _) := ""

_type(_, user) := "user" if count(user) > 0

_type(principal, user) := trim_prefix(principal["@odata.type"], "#microsoft.graph.") if {
	count(user) == 0
	is_string(principal["@odata.type"])
}

default _flag(_, _) := null

_flag(record, name) := record[name] if is_boolean(record[name])

# onPremisesSyncEnabled is null for an account that was never synchronised, false for
# one that was, and absent where it wasn't asked for.
default _synced(_) := null

_synced(record) := record.onPremisesSyncEnabled if is_boolean(record.onPremisesSyncEnabled)

_synced(record) := false if is_null(record.onPremisesSyncEnabled)

default _guest(_) := null

_guest(record) := record.userType == "Guest" if is_string(record.userType)

_label(holder, record) := [label |
	some label in [
		object.get(record, "userPrincipalName", null),
		object.get(record, "displayName", null),
		holder.principalId,
	]
	is_string(label)
][0]

# unread is the set of {kind, reason} of what could not be read, so that there may be
# holders that aren't seen. A tenant without the licence for PIM has no eligibility; the
# schedules say nothing of who holds a role that the assignments don't; and who belongs to
# groups is missed only where a group, or what may be one, holds a role. It takes the
# whole input and its holders.
unread(doc, all) := {{"kind": kind, "reason": reason} |
	some kind, gap in {
		"role_assignments": object.get(doc.gaps, "role_assignments", {}),
		"role_eligibility": object.get(doc.gaps, "role_eligibility", {}),
		"role_group_members": object.get(doc.gaps, "role_group_members", {}),
		"group_eligibility": object.get(doc.gaps, "group_eligibility", {}),
	}
	reason := gap.reason
	not [kind, reason] in {["role_eligibility", "not_licensed"], ["group_eligibility", "not_licensed"]}
	_matters(kind, all)
}

_matters(kind, _) if kind in {"role_assignments", "role_eligibility"}

_matters(kind, all) if {
	kind in {"role_group_members", "group_eligibility"}
	some holder in all
	_may_be_group(holder.principal)
}

_may_be_group(principal) if principal["@odata.type"] == "#microsoft.graph.group"

_may_be_group(principal) if not _typed(principal)

_typed(principal) if is_string(principal["@odata.type"])
