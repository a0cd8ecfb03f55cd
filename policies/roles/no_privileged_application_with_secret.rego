# METADATA
# title: No application with a privileged role signs in with a password
# description: |-
#   A password of an application lies in files, pipelines and tickets, works from everywhere and
#   asks for no second factor. With a privileged role it is the whole tenant for whoever finds
#   it. It may stand on the application's registration or on its service principal; both are
#   looked at. Passwords that ended don't count.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/security-planning
#   - ref: https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration
#   - ref: https://learn.microsoft.com/graph/api/resources/passwordcredential
# custom:
#   id: ROLE1014
#   severity: critical
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: true
#   evidence:
#     all: [service_principals]
#     any: [role_assignments, role_eligibility, role_schedules]
#     optional: [applications, group_eligibility, role_group_members, users]
#   lookup: {service_principals: id, applications: appId, users: id}
#   licence: []
#   params:
#     approved_applications:
#       type: [object]
#       description: The applications approved for permissions, each with app_id, permissions (names of permissions, and names or template ids of directory roles), reason and until (a date).
#     first_party_tenants:
#       type: [string]
#       description: Tenant ids in which Microsoft keeps its own applications.
#       default: [f8cdef31-a31e-4b4a-93e4-5f571e91255a, 72f988bf-86f1-41af-91ab-2d7cd011db47]
#     privileged_roles:
#       type: [string]
#       description: Template ids of the roles that count as privileged. The word default stands for the roles that count unless said otherwise.
#       default: [default]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: IA-5, coverage: part}]
#     iso_27001: [{id: A.5.17, coverage: part}, {id: A.8.2, coverage: part}]
#   remediation:
#     summary: Let the application sign in with a managed identity, a federated credential or a certificate, and delete its passwords.
#     steps:
#       xdr-current:
#         - Find out with the application's owner whether it needs the role at all; a permission of Microsoft Graph that covers less is better than a directory role.
#         - Where it runs in Azure, give it a managed identity; elsewhere a federated credential or a certificate whose key cannot be exported.
#         - Once that works, open the Microsoft Entra admin center, App registrations > the application > Certificates & secrets, and delete every client secret.
#         - Passwords on the service principal itself show only in Microsoft Graph; remove them with Remove-MgServicePrincipalPassword.
#         - An application of another organisation is approved in approved_applications, with the role among its permissions, or loses the role.
package domicile.roles.no_privileged_application_with_secret

import data.domicile.lib.attestations
import data.domicile.lib.roles
import data.domicile.lib.roles_applications as applications
import data.domicile.lib.roles_privileged as privileged

_all := roles.accounts(input)

_privileged := privileged.holding(input, _all)

_applications := applications.applications(input, _privileged)

# _secrets are the names of the passwords of an application that have not ended, on its
# service principal and on its registration.
_secrets(application) := {_secret_name(password) |
	some holder in [application.principal, application.registration]
	some password in holder.passwordCredentials
	is_object(password)
	not _ended(password)
}

_ended(password) if attestations.time_ns(password.endDateTime) < attestations.time_ns(input.now)

_secret_name(password) := [name |
	some name in [object.get(password, "displayName", null), object.get(password, "keyId", null), "a password without a name"]
	is_string(name)
][0]

# _judged are the applications whose passwords can be seen from here, or some of them.
_judged(found) := {id: application |
	some id, application in found
	application.home in {"own", "unclear"}
}

deny contains {
	"resource": applications.resource(application),
	"message": sprintf("'%s' can sign in with a password (%s) and holds %s.", [application.name, privileged.listed(secrets), privileged.held(application.accounts)]),
	"expected": "a certificate, a federated credential or a managed identity, and no password",
	"actual": sprintf("passwords: %d", [count(secrets)]),
} if {
	some application in _judged(_applications)
	secrets := _secrets(application)
	count(secrets) > 0
}

deny contains finding if some finding in applications.foreign_deny(input, _applications, "secrets")

not_applicable contains reason if some reason in privileged.no_role(input)

unknown contains reason if some reason in privileged.hidden(input, _privileged)

unknown contains reason if some reason in applications.unjudged(input, _applications, "secrets")

unknown contains reason if {
	some application in _judged(_applications)
	some holder in [application.principal, application.registration]
	count(holder) > 0
	not "passwordCredentials" in object.keys(holder)
	reason := {
		"reason": "partial",
		"kind": "service_principals",
		"message": sprintf("The evidence does not say whether '%s', which holds a privileged role, has a password.", [application.name]),
	}
}

unknown contains reason if {
	offending := {account |
		some application in _judged(applications.applications(input, _all))
		count(_secrets(application)) > 0
		some account in application.accounts
	}
	some reason in privileged.doubts(input, offending)
}

observed contains {"fact": "exempt", "service": "", "value": value, "tier": "api", "kind": "service_principals"} if {
	some value in applications.set_aside(_applications)
}
