# METADATA
# title: Privileged roles
# description: |-
#   What the rules on privileged roles share: which accounts hold one, what may be missing
#   of them, which are set aside by the configuration, and how messages name them. The
#   functions take the whole input and the accounts of data.domicile.lib.roles.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions
package domicile.lib.roles_privileged

import data.domicile.lib.attestations
import data.domicile.lib.index
import data.domicile.lib.roles

# ids are the template ids of the roles that count as privileged.
ids(doc) := roles.privileged(doc.params.privileged_roles)

# holding are the accounts that hold one of them, whatever the scope and however.
holding(doc, all) := {account |
	some account in all
	account.roleDefinitionId in wanted
} if {
	wanted := ids(doc)
}

# by_principal gathers accounts under the id of the principal.
by_principal(accounts) := index.grouped({[account.principalId, account] | some account in accounts})

# resource is the resource of a finding on a principal, from all that it holds.
resource(accounts) := {"kind": object.get(_kinds, account.type, "principal"), "id": account.principalId, "name": account.label} if {
	account := max(accounts)
}

_kinds := {
	"user": "user",
	"group": "group",
	"servicePrincipal": "service_principal",
}

# label is a principal's name, cut to what a message can bear.
label(accounts) := substring(max({account.label | some account in accounts}), 0, 80)

# listed quotes the first five names of a set, each cut to 50 characters, and says how
# many more there are.
listed(names) := concat("", [concat(", ", first), _rest(count(names) - 5)]) if {
	first := [sprintf("'%s'", [substring(name, 0, 50)]) |
		some i, name in sort(names)
		i < 5
	]
}

default _rest(_) := ""

_rest(more) := sprintf(" and %d more", [more]) if more > 0

# held says which roles accounts hold and how, the first four of them.
held(accounts) := concat("", [concat(", ", array.slice(texts, 0, 4)), _rest(count(texts) - 4)]) if {
	texts := sort({text |
		some account in accounts
		text := sprintf("%s (%s)", [role(account.roleDefinitionId), _how(account)])
	})
}

_how(account) := account.how if account.through == ""

_how(account) := concat(" ", [account.how, _through[account.through]])

_through := {
	"member": "through a group",
	"eligible_member": "through a group",
	"eligible_owner": "as owner of a group",
}

# role is a role's name for a message: that of a custom role is its id, in quotes.
role(id) := roles.role_name(id) if not roles.custom(id)

role(id) := sprintf("'%s'", [substring(id, 0, 40)]) if roles.custom(id)

# no_role is the reason not to judge anything when no role counts as privileged, in a set,
# which is empty otherwise.
no_role(doc) := {reason |
	count(ids(doc)) == 0
	reason := {"reason": "nothing_to_judge", "message": "The parameter privileged_roles names no role."}
}

# hidden are the reasons for which there may be holders of privileged roles that the
# evidence doesn't show.
hidden(doc, privileged) := {reason |
	some gap in roles.unread(doc, privileged)
	reason := {
		"reason": gap.reason,
		"kind": gap.kind,
		"message": "There may be more holders of privileged roles than those in the evidence.",
	}
}

# doubts are the custom roles that offending accounts hold and that the configuration
# doesn't list: Microsoft Graph v1.0 doesn't say whether a role is privileged.
doubts(doc, offending) := {reason |
	wanted := ids(doc)
	some id in {account.roleDefinitionId | some account in offending}
	roles.custom(id)
	not id in wanted
	reason := {
		"reason": "needs_configuration",
		"kind": "role_assignments",
		"message": sprintf("This would be a violation if the custom role '%s' is privileged; if it is, add its id to the parameter privileged_roles.", [substring(id, 0, 40)]),
	}
}

# emergency holds for an account that the configuration names as kept for emergencies.
emergency(doc, id) if id in object.get(doc.params, "break_glass_accounts", [])

# emergencies_unnamed holds while the configuration doesn't say which accounts are kept
# for emergencies; an empty list says that none is.
emergencies_unnamed(doc) if object.get(doc.params, "break_glass_accounts", null) == null

# perhaps_emergency are the principals that may be kept for emergencies while the
# configuration doesn't say: only what holds Global Administrator for good can be.
perhaps_emergency(doc, all) := {account.principalId |
	emergencies_unnamed(doc)
	some account in all
	account.roleDefinitionId == roles.global_administrator
	account.how == "standing"
	account.via == ""
	account.type in {"user", ""}
}

# name_emergencies is the reason not to know about principals that may be kept for
# emergencies, in a set, which is empty when there are none.
name_emergencies(principals) := {reason |
	count(principals) > 0
	reason := {
		"reason": "needs_configuration",
		"kind": "",
		"message": sprintf("The parameter break_glass_accounts does not name the accounts that are kept for emergencies; holders of Global Administrator that would be violations otherwise: %d.", [count(principals)]),
	}
}

# excepted holds when the parameter role_exceptions sets a principal aside for a role, by
# the role's template id or name, and the exception hasn't ended.
excepted(doc, id, role_id) if {
	some exception in doc.params.role_exceptions
	exception.principal_id == id
	exception.role in {role_id, roles.role_name(role_id)}
	in_force(exception, doc.now)
}

# in_force holds for an entry of the configuration without an end, or whose end (until, a
# date or a time) has not passed. One whose end can't be read is not in force.
in_force(entry, _) if object.get(entry, "until", null) == null

in_force(entry, now) if attestations.time_ns(now) <= attestations.end_ns(entry.until)

# pairs are who holds what, as [principal, role, scope], to look up whether somebody does. Who
# may become owner of a group doesn't hold what it grants, but may take it.
pairs(all) := {[account.principalId, account.roleDefinitionId, account.scope] |
	some account in all
	roles.holds(account)
}

# grants are what accounts hold, as [role, scope].
grants(accounts) := {[account.roleDefinitionId, account.scope] | some account in accounts}

# lacking are the grants that a principal doesn't hold, of some: a role that is held for the
# whole tenant is held for every scope, and a Global Administrator lacks none.
lacking(held_pairs, id, wanted) := {grant |
	not [id, roles.global_administrator, "/"] in held_pairs
	some grant in wanted
	not [id, grant[0], "/"] in held_pairs
	not [id, grant[0], grant[1]] in held_pairs
}
