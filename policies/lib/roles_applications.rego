# METADATA
# title: Applications with roles
# description: |-
#   The applications among the holders of roles, where they are at home, and whether the
#   organisation approved them for their roles. What an application of another organisation
#   holds in secrets and owners stands in that organisation alone. The functions take the
#   whole input.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity-platform/app-objects-and-service-principals
#   - ref: https://learn.microsoft.com/graph/api/resources/serviceprincipal
package domicile.lib.roles_applications

import data.domicile.lib.permissions
import data.domicile.lib.roles
import data.domicile.lib.roles_privileged as privileged

# applications are the applications among accounts, by the id of the service principal:
# {id, app_id, name, accounts, home, principal, registration}. home is own, foreign,
# microsoft, managed (a managed identity), unclear (its owner isn't said) or unread (the
# service principal wasn't read); principal and registration are {} where they aren't there.
applications(doc, accounts) := {id: application |
	some id, held in privileged.by_principal({account | some account in accounts; _is_application(doc, account)})
	principal := object.get(doc.lookup, ["service_principals", id], {})
	app_id := _app_id(principal, held)
	registration := object.get(doc.lookup, ["applications", app_id], {})
	application := {
		"id": id,
		"app_id": app_id,
		"name": privileged.label(held),
		"accounts": held,
		"home": _home(doc, principal, registration),
		"principal": principal,
		"registration": registration,
	}
}

_is_application(_, account) if account.type == "servicePrincipal"

# An agent's identity is a service principal as well.
_is_application(doc, account) if {
	not account.type in {"servicePrincipal", "user", "group"}
	doc.lookup.service_principals[account.principalId]
}

_app_id(principal, held) := [app_id |
	some app_id in array.concat(
		[object.get(principal, "appId", null)],
		array.concat([object.get(account.principal, "appId", null) | some account in held], [""]),
	)
	is_string(app_id)
][0]

_home(doc, principal, registration) := "unread" if {
	count(principal) == 0
} else := "managed" if {
	principal.servicePrincipalType == "ManagedIdentity"
} else := "own" if {
	count(registration) > 0
} else := "own" if {
	is_string(principal.appOwnerOrganizationId)
	lower(principal.appOwnerOrganizationId) == lower(doc.tenant.id)
} else := "microsoft" if {
	permissions.first_party(doc.params, principal.appOwnerOrganizationId)
} else := "foreign" if {
	is_string(principal.appOwnerOrganizationId)
} else := "unclear"

# approval says whether the organisation approved an application for all of its roles, by
# their names or template ids among the permissions: approved, unapproved, or unset where
# it hasn't said which applications it approves.
approval(doc, application) := "unset" if {
	not permissions.configured(doc.params)
} else := "approved" if {
	approvals := permissions.approved(doc.params, doc.now)
	every account in application.accounts {
		_approved(approvals, application.app_id, account.roleDefinitionId)
	}
} else := "unapproved"

_approved(approvals, app_id, role) if permissions.approval_key(app_id, role) in approvals

_approved(approvals, app_id, role) if permissions.approval_key(app_id, roles.role_name(role)) in approvals

# resource is the resource of a finding on an application.
resource(application) := {"kind": "service_principal", "id": application.id, "name": application.name}

# foreign_deny are the findings on unapproved applications of other organisations, of which
# something, such as "secrets", can't be seen from here.
foreign_deny(doc, found, what) := {finding |
	some application in found
	application.home == "foreign"
	approval(doc, application) == "unapproved"
	finding := {
		"resource": resource(application),
		"message": sprintf("'%s' is an application of the organisation '%s', whose %s cannot be seen from here, is not approved, and holds %s.", [application.name, substring(application.principal.appOwnerOrganizationId, 0, 40), what, privileged.held(application.accounts)]),
		"expected": "no unapproved application of another organisation holds a privileged role",
		"actual": sprintf("owned by '%s'", [substring(application.principal.appOwnerOrganizationId, 0, 40)]),
	}
}

# unjudged are the reasons not to know something, such as "secrets", of applications: those
# at home elsewhere that are approved, or for which nothing is configured, and those of
# which the evidence doesn't hold enough.
unjudged(doc, found, what) := {reason |
	some application in found
	reason := _unjudged(doc, application, what)
}

_unjudged(doc, application, _) := {
	"reason": "needs_configuration",
	"kind": "",
	"message": "Applications of other organisations hold privileged roles, and approved_applications isn't set; approve those that are wanted, or set an empty list.",
} if {
	application.home == "foreign"
	approval(doc, application) == "unset"
}

_unjudged(doc, application, what) := {
	"reason": "partial",
	"kind": "applications",
	"message": sprintf("'%s' is approved and belongs to another organisation, so that its %s cannot be seen from here.", [application.name, what]),
} if {
	application.home == "foreign"
	approval(doc, application) == "approved"
}

_unjudged(doc, application, _) := {
	"reason": object.get(doc.gaps, ["service_principals", "reason"], "partial"),
	"kind": "service_principals",
	"message": "Applications that hold privileged roles are not among the service principals that were read; collect both again together.",
} if {
	application.home == "unread"
}

_unjudged(doc, application, what) := {
	"reason": object.get(doc.gaps, ["applications", "reason"], "partial"),
	"kind": "applications",
	"message": sprintf("The registration of '%s' is not in the evidence, so that its %s are not known in full.", [application.name, what]),
} if {
	application.home == "unclear"
}

_unjudged(doc, application, what) := {
	"reason": doc.gaps.applications.reason,
	"kind": "applications",
	"message": sprintf("The registration of '%s' could not be read, so that its %s are not known in full.", [application.name, what]),
} if {
	application.home == "own"
	count(application.registration) == 0
}

# set_aside are the values to show of applications that aren't judged.
set_aside(found) := {value |
	some application in found
	said := {"microsoft": "Microsoft's own", "managed": "a managed identity"}[application.home]
	value := sprintf("'%s' holds %s and is %s", [application.name, privileged.held(application.accounts), said])
}
