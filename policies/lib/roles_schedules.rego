# METADATA
# title: Schedules of roles
# description: |-
#   Which instances of active role assignments the rules on privileged identity management
#   judge, and what becomes of those that offend. Applications aren't judged, because they
#   can't activate a role, and neither is the role of directory synchronisation, which is
#   permanent by design. The functions take the whole input.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/unifiedroleassignmentscheduleinstance
package domicile.lib.roles_schedules

import data.domicile.lib.index
import data.domicile.lib.roles
import data.domicile.lib.roles_foreign
import data.domicile.lib.roles_privileged as privileged

# judged are the instances to judge, as an array: {principalId, roleDefinitionId, type,
# label} and the instance itself as row. What a member inherits of a group is judged with
# the group, where the group's own instance is there.
judged(doc) := [instance |
	some row in doc.evidence.role_schedules
	instance := {
		"principalId": row.principalId,
		"roleDefinitionId": row.roleDefinitionId,
		"type": _type(row),
		"label": _label(row),
		"row": row,
	}
	row.roleDefinitionId != roles.directory_synchronization_accounts
	instance.type != "servicePrincipal"
	not _inherited(row, granted)
] if {
	granted := {_grant(row) |
		some row in doc.evidence.role_schedules
		not _through_group(row)
		not _type(row) in {"user", "servicePrincipal"}
	}
}

default _type(_) := ""

_type(row) := trim_prefix(row.principal["@odata.type"], "#microsoft.graph.") if {
	is_object(row.principal)
	is_string(row.principal["@odata.type"])
}

_label(row) := [label |
	some label in [
		object.get(row, ["principal", "userPrincipalName"], null),
		object.get(row, ["principal", "displayName"], null),
		row.principalId,
	]
	is_string(label)
][0]

_grant(row) := [row.roleDefinitionId, object.get(row, "directoryScopeId", null)]

_through_group(row) if row.memberType in {"Group", "Inherited"}

_inherited(row, granted) if {
	_through_group(row)
	_grant(row) in granted
}

# sorted tells offending instances apart: exempt ones, which the configuration sets aside;
# unprivileged ones, of roles that don't count; custom ones, of roles that may be privileged;
# foreign ones, of principals of other organisations, in whose hands it lies for how long their
# people hold them; untyped ones, of which nothing says whether a person holds them; unnamed
# ones, which may be kept for emergencies; and found ones, which are violations.
sorted(doc, instances) := object.union(
	{name: set() | some name in ["exempt", "unprivileged", "custom", "foreign", "untyped", "unnamed", "found"]},
	index.grouped([[_sort(doc, instance, elsewhere), instance] | some instance in instances]),
) if {
	elsewhere := object.keys(roles_foreign.foreign(doc))
}

_sort(doc, instance, elsewhere) := "exempt" if {
	_exempt(doc, instance)
} else := "unprivileged" if {
	not instance.roleDefinitionId in privileged.ids(doc)
	not roles.custom(instance.roleDefinitionId)
} else := "custom" if {
	not instance.roleDefinitionId in privileged.ids(doc)
} else := "foreign" if {
	instance.type == ""
	instance.principalId in elsewhere
} else := "untyped" if {
	instance.type == ""
} else := "unnamed" if {
	privileged.emergencies_unnamed(doc)
	instance.type == "user"
	instance.roleDefinitionId == roles.global_administrator
} else := "found"

_exempt(doc, instance) if privileged.emergency(doc, instance.principalId)

_exempt(doc, instance) if privileged.excepted(doc, instance.principalId, instance.roleDefinitionId)

# findings are the findings on offending instances, one a principal, with a message that
# goes on with what is wrong with them, such as "for good".
findings(sorting, offence, expected) := {finding |
	some id, held in privileged.by_principal(sorting.found)
	type := max({instance.type | some instance in held})
	label := max({instance.label | some instance in held})
	names := {roles.role_name(instance.roleDefinitionId) | some instance in held}
	finding := {
		"resource": {"kind": type, "id": id, "name": label},
		"message": sprintf("'%s' holds %s %s.", [substring(label, 0, 80), privileged.listed(names), offence]),
		"expected": expected,
		"actual": privileged.listed(names),
	}
}

# doubts are the reasons not to know that follow from offending instances that aren't
# clearly violations.
doubts(doc, sorting) := ((custom | foreign) | untyped) | unnamed if {
	custom := privileged.doubts(doc, sorting.custom)
	unnamed := privileged.name_emergencies({instance.principalId | some instance in sorting.unnamed})
	foreign := {{
		"reason": "partial",
		"kind": "role_schedules",
		"message": sprintf("Principals of other organisations hold privileged roles, such as groups of service providers: %d. How their people come by them and for how long only those organisations know; those that are wanted can be named in role_exceptions.", [count(sorting.foreign)]),
	} |
		count(sorting.foreign) > 0
	}
	untyped := {{
		"reason": "partial",
		"kind": "role_schedules",
		"message": sprintf("The evidence does not say what holds a privileged role, a person, a group or something that is gone: not said of %d.", [count(sorting.untyped)]),
	} |
		count(sorting.untyped) > 0
	}
}

# exempted are the values to show for what the configuration sets aside.
exempted(sorting) := {sprintf("'%s' holds %s, set aside by the configuration", [substring(instance.label, 0, 80), privileged.role(instance.roleDefinitionId)]) |
	some instance in sorting.exempt
}
