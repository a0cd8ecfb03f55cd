# METADATA
# title: Principals of other organisations
# description: |-
#   Whether a principal that holds a role belongs to this tenant. Role assignments say so in
#   principalOrganizationId, which Microsoft Graph has in the Global cloud alone: elsewhere a
#   principal that expands to nothing may be deleted or foreign. The functions take the whole
#   input.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/unifiedroleassignment
package domicile.lib.roles_foreign

# foreign is the organisation of each principal that belongs to another one, by id.
foreign(doc) := object.union_n([{row.principalId: row.principalOrganizationId} |
	some row in doc.evidence.role_assignments
	_elsewhere(doc, row.principalOrganizationId)
])

_elsewhere(doc, organisation) if {
	is_string(organisation)
	organisation != ""
	lower(organisation) != lower(doc.tenant.id)
}

# local are the ids of the principals that are said not to belong to another organisation.
local(doc) := {row.principalId |
	some row in doc.evidence.role_assignments
	"principalOrganizationId" in object.keys(row)
} - object.keys(foreign(doc))

# gone are the accounts that the service expands to nothing, because they are deleted or
# belong to another organisation.
gone(accounts) := {account |
	some account in accounts
	account.lost
	account.principal == {}
}

# unsaid are those of which the evidence doesn't tell which of the two it is, and
# unsaid_reason the reason not to know about them, in a set.
unsaid(doc, accounts) := {account |
	elsewhere := foreign(doc)
	here := local(doc)
	some account in gone(accounts)
	not account.principalId in object.keys(elsewhere)
	not account.principalId in here
}

unsaid_reason(doc, accounts) := {reason |
	ids := {account.principalId | some account in unsaid(doc, accounts)}
	count(ids) > 0
	reason := {
		"reason": "partial",
		"kind": "role_assignments",
		"message": sprintf("The evidence does not describe some holders of privileged roles, which may be deleted or belong to another organisation: %d.", [count(ids)]),
	}
}

# uncounted is the reason not to know how many people hold what some accounts hold, in a set:
# those that belong to another organisation, mostly groups of a service provider, have members
# whom only that organisation knows.
uncounted(doc, accounts) := {reason |
	elsewhere := object.keys(foreign(doc))
	ids := {account.principalId |
		some account in accounts
		account.type in {"", "group"}
		account.principalId in elsewhere
	}
	count(ids) > 0
	reason := {
		"reason": "partial",
		"kind": "role_assignments",
		"message": sprintf("Principals of other organisations hold the role, such as groups of service providers: %d. How many people these are only those organisations know.", [count(ids)]),
	}
}

# names are what the parameter approved_tenants calls an organisation, as Microsoft Graph names
# none; also where its approval has ended.
names(doc, id) := [substring(tenant.name, 0, 60) |
	some tenant in object.get(doc.params, "approved_tenants", [])
	is_string(tenant.id)
	lower(tenant.id) == lower(id)
	is_string(tenant.name)
	tenant.name != ""
]

# called is how messages call an organisation: by the first of its names, and its id.
called(id, known) := sprintf("'%s' (%s)", [known[0], substring(id, 0, 40)]) if count(known) > 0

called(id, []) := sprintf("'%s'", [substring(id, 0, 40)])
