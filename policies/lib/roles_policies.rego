# METADATA
# title: Settings of roles
# description: |-
#   What privileged identity management asks of whoever activates a role, and whom it tells.
#   The rules of a role's policy go by the ids that Microsoft Graph documents, such as
#   Approval_EndUser_Assignment. The functions take the whole input.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/graph/identity-governance-pim-rules-overview
#   - ref: https://learn.microsoft.com/graph/api/resources/unifiedrolemanagementpolicy
package domicile.lib.roles_policies

import data.domicile.lib.roles

# settings are the rules of a role's policy by their ids; undefined where the evidence has
# none for the role.
settings(doc, role) := object.union_n(rules) if {
	rules := [{rule.id: rule} |
		some assignment in doc.evidence.role_policies
		assignment.roleDefinitionId == role
		some rule in assignment.policy.rules
		is_string(rule.id)
	]
	count(rules) > 0
}

# approval says how activation of a role is approved: on, off, nobody (it is asked for, and
# nobody able is named, so that any administrator of the role approves), unread (whether
# those named exist and are enabled could not be read) or missing (the evidence has no such
# setting of the role).
approval(doc, role) := "off" if {
	settings(doc, role).Approval_EndUser_Assignment.setting.isApprovalRequired == false
} else := _approved_by(doc, approvers(doc, role)) if {
	settings(doc, role).Approval_EndUser_Assignment.setting.isApprovalRequired == true
} else := "missing"

_approved_by(doc, named) := "on" if {
	some approver in named
	_able(doc, approver) == "yes"
} else := "unread" if {
	some approver in named
	_able(doc, approver) == "perhaps"
} else := "nobody"

# approvers are those whom a role's policy names: {type, id}, the id of a person or group.
approvers(doc, role) := {approver |
	some stage in settings(doc, role).Approval_EndUser_Assignment.setting.approvalStages
	some named in stage.primaryApprovers
	approver := {"type": _type(named), "id": _id(named)}
}

default _type(_) := ""

_type(named) := trim_prefix(named["@odata.type"], "#microsoft.graph.") if is_string(named["@odata.type"])

# Graph v1.0 has userId and groupId, beta id.
default _id(_) := ""

_id(named) := [id |
	some member in ["userId", "groupId", "id"]
	id := named[member]
	is_string(id)
][0]

# A person approves when enabled. A group or a manager counts as named: who it is isn't
# in the evidence.
_able(_, approver) := "yes" if not approver.type in {"singleUser", ""}

_able(_, approver) := "perhaps" if approver.type == ""

_able(doc, approver) := "yes" if {
	approver.type == "singleUser"
	doc.lookup.users[approver.id].accountEnabled == true
}

_able(doc, approver) := "no" if {
	approver.type == "singleUser"
	doc.lookup.users[approver.id].accountEnabled == false
}

_able(doc, approver) := "perhaps" if {
	approver.type == "singleUser"
	not _stated(doc, approver.id)
	not _gone(doc, approver.id)
}

_able(doc, approver) := "no" if {
	approver.type == "singleUser"
	_gone(doc, approver.id)
}

_stated(doc, id) if is_boolean(doc.lookup.users[id].accountEnabled)

_gone(doc, id) if {
	id != ""
	not doc.lookup.users[id]
	not doc.gaps.users
}

# approval_deny is the finding on how a role's activation is approved, in a set, which is
# empty where there is none; approval_unknown likewise the reason not to know.
approval_deny(doc, role) := {finding |
	said := {
		"off": "without approval.",
		"nobody": "with approval, but no enabled approver is named, so that any administrator of roles may approve.",
	}[approval(doc, role)]
	finding := {
		"resource": {"kind": "role", "id": role, "name": roles.role_name(role)},
		"message": sprintf("%s is activated %s", [roles.role_name(role), said]),
		"expected": "approval by at least one named, enabled approver",
		"actual": {"off": "no approval", "nobody": "no enabled approver"}[approval(doc, role)],
	}
}

approval_unknown(doc, role) := {reason |
	reason := {
		"missing": {
			"reason": object.get(doc.gaps, ["role_policies", "reason"], "partial"),
			"kind": "role_policies",
			"message": sprintf("The evidence does not say whether activation of %s is approved.", [roles.role_name(role)]),
		},
		"unread": {
			"reason": object.get(doc.gaps, ["users", "reason"], "partial"),
			"kind": "users",
			"message": sprintf("Whether one of the named approvers of %s is an enabled account is not in the evidence.", [roles.role_name(role)]),
		},
	}[approval(doc, role)]
}

# approval_observed are the values to show of how a role's activation is approved.
approval_observed(doc, role) := {sprintf("%s: approvers named: %d", [roles.role_name(role), count(approvers(doc, role))]) |
	approval(doc, role) == "on"
}

# silent gives the roles of which some notifications reach nobody, with these
# notifications' ids; unsaid are the roles that the evidence doesn't have all of them of.
silent(doc, role_ids, rule_ids) := {role: quiet |
	some role in role_ids
	found := settings(doc, role)
	quiet := {id | some id in rule_ids; _told(found, id) == "nobody"}
	count(quiet) > 0
}

unsaid(doc, role_ids, rule_ids) := _incomplete(doc, role_ids, rule_ids) - _unshown(doc, role_ids)

_incomplete(doc, role_ids, rule_ids) := {role |
	some role in role_ids
	known := {id | some id in rule_ids; _told(settings(doc, role), id)}
	count(known) < count(rule_ids)
}

# _unshown are the deprecated roles for partners of which Microsoft's portals show nothing,
# where the settings were read in full and have none of them either.
_unshown(doc, role_ids) := {role |
	not doc.gaps.role_policies
	some role in role_ids
	roles.role_name(role) in {"Partner Tier1 Support", "Partner Tier2 Support"}
	not settings(doc, role)
}

# _told says whether a notification has recipients: the administrators, by default, or
# addresses of its own.
_told(found, id) := "somebody" if {
	found[id].isDefaultRecipientsEnabled == true
} else := "somebody" if {
	some address in found[id].notificationRecipients
	is_string(address)
	trim_space(address) != ""
} else := "nobody" if found[id].isDefaultRecipientsEnabled == false

# quiet_deny are the findings on roles of which nobody is told something, such as "is
# assigned"; quiet_unknown the reason not to know, in a set.
quiet_deny(doc, role_ids, rule_ids, what) := {finding |
	some role, ids in silent(doc, role_ids, rule_ids)
	finding := {
		"resource": {"kind": "role", "id": role, "name": roles.role_name(role)},
		"message": sprintf("Nobody is told when %s %s: no recipient in %s.", [roles.role_name(role), what, concat(", ", sort(ids))]),
		"expected": "the default recipients, or an address",
		"actual": sprintf("no recipient in %s", [concat(", ", sort(ids))]),
	}
}

quiet_unknown(doc, role_ids, rule_ids) := {reason |
	roles_unsaid := unsaid(doc, role_ids, rule_ids)
	count(roles_unsaid) > 0
	names := sort({roles.role_name(role) | some role in roles_unsaid})
	reason := {
		"reason": object.get(doc.gaps, ["role_policies", "reason"], "partial"),
		"kind": "role_policies",
		"message": sprintf("The evidence does not have the notifications of %d of the privileged roles, %s first.", [count(names), names[0]]),
	}
}

# hours is how many hours a duration of ISO 8601 lasts (days, hours, minutes, seconds);
# undefined for anything else.
hours(duration) := (((_number(parts[1]) * 24) + _number(parts[2])) + (_number(parts[3]) / 60)) + (_number(parts[4]) / 3600) if {
	is_string(duration)
	parts := regex.find_all_string_submatch_n(`^P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?$`, duration, 1)[0]
	count(concat("", array.slice(parts, 1, 5))) > 0
}

_number("") := 0

_number(text) := to_number(text) if text != ""

# remarks are the values to show of notifications that go out only where somebody must
# act, which an assignment or an activation isn't, and of roles without settings.
remarks(doc, role_ids, rule_ids) := {value |
	some role in role_ids
	some id in rule_ids
	settings(doc, role)[id].notificationLevel == "Critical"
	value := sprintf("%s: only critical mails go out by %s", [roles.role_name(role), id])
} | {sprintf("%s: has no settings and is shown in no portal", [roles.role_name(role)]) |
	some role in _unshown(doc, role_ids)
}
