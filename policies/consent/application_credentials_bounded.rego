# METADATA
# title: Applications' passwords are blocked or bounded, and their certificates are bounded
# description: >-
#   A password or certificate of an application that is good for years is found in a script or a
#   repository sooner or later, and works without any user. Microsoft Entra ID can refuse new
#   passwords and bound how long passwords and certificates hold, for all applications or, by a
#   policy of their own, for single ones. Entra compares with less than, so that 181 and 366 days
#   are the settings that mean 180 and 365. Restrictions on service principals are shown only.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/configure-app-management-policies
#   - ref: https://learn.microsoft.com/graph/api/resources/tenantappmanagementpolicy
#   - ref: https://learn.microsoft.com/graph/api/resources/passwordcredentialconfiguration
# custom:
#   id: CONS1015
#   severity: medium
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [app_management_policy]
#     optional: [organization]
#   params:
#     certificate_max_days:
#       type: integer
#       description: For how many days an application's certificate may hold.
#       default: 365
#     secret_max_days:
#       type: integer
#       description: For how many days an application's password may hold.
#       default: 180
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     cis_m365: [{id: 5.1.5.3, coverage: part}, {id: 5.1.5.4, coverage: part}, {id: 5.1.5.6, coverage: full}]
#     scuba: [{id: MS.AAD.5.5v1, coverage: part}, {id: MS.AAD.5.6v1, coverage: part}, {id: MS.AAD.5.7v1, coverage: full}]
#     nist_800_53: [{id: IA-5, coverage: part}, {id: SC-12, coverage: part}]
#     iso_27001: [{id: A.5.17, coverage: part}]
#   remediation:
#     summary: Turn the tenant's application policy on, block or bound passwords and bound certificates for all applications.
#     action: bound_application_credentials
#     steps:
#       xdr-current:
#         - List the applications whose credentials would break the bound, and plan their renewal; existing credentials stay valid until they end.
#         - In the Microsoft Entra admin center open Entra ID > Enterprise apps > Application policies; set "Block password addition" or "Restrict max password lifetime" to 181 days, and "Restrict max certificate lifetime" to 366 days.
#         - Let each apply to all applications, and not only to those created after a date.
#         - Review the applications with a policy of their own (`Get-MgPolicyAppManagementPolicy`); end each exception that nobody can explain.
package domicile.consent.application_credentials_bounded

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": sprintf("The tenant's application policy leaves %s.", [_listed(_failing(_default_kinds, true))]),
	"expected": _expected,
	"actual": _actual(_default_kinds),
} if {
	is_boolean(_default.isEnabled)
	count(_failing(_default_kinds, true)) > 0
}

deny contains {
	"resource": {"kind": "app_management_policy", "id": policy.id, "name": _name(policy)},
	"message": sprintf("The policy '%s', which applies to %d objects, leaves %s.", [_name(policy), count(policy.appliesTo), _listed(failing)]),
	"expected": _expected,
	"actual": _actual(policy.kinds),
} if {
	some policy in _custom
	is_array(policy.appliesTo)
	policy.appliesTo != []
	failing := _relaxed(policy, true)
	count(failing) > 0
}

unknown contains {"reason": "partial", "kind": "app_management_policy", "message": "The tenant's default application policy is not in the evidence; collect app_management_policy again."} if {
	not _default
}

unknown contains {"reason": "partial", "kind": "app_management_policy", "message": "The tenant's default application policy was read without isEnabled; collect app_management_policy again."} if {
	_default
	not is_boolean(object.get(_default, "isEnabled", null))
}

unknown contains doubt if {
	_default
	_unsure(_failing(_default_kinds, true), _failing(_default_kinds, false))
	some doubt in _doubts
}

unknown contains doubt if {
	some policy in _custom
	policy.appliesTo != []
	_unsure(_relaxed(policy, true), _relaxed(policy, false))
	some doubt in _doubts
}

unknown contains {"reason": "partial", "kind": "app_management_policy", "message": message} if {
	some policy in _custom
	not is_array(policy.appliesTo)
	count(_relaxed(policy, false)) > 0
	message := sprintf("The policy '%s' relaxes the tenant's, and to whom it applies is not in the evidence.", [_name(policy)])
}

observed contains {"fact": "setting", "service": "", "value": value, "tier": "api", "kind": "app_management_policy"} if {
	value := sprintf("applications: %s", [_actual(_default_kinds)])
}

observed contains {"fact": "setting", "service": "", "value": value, "tier": "api", "kind": "app_management_policy"} if {
	value := sprintf("service principals: %s", [_actual(_kinds(_default, "servicePrincipalRestrictions"))])
}

_expected := sprintf("passwords blocked or bounded to %d days, certificates bounded to %d days, for all applications", [input.params.secret_max_days, input.params.certificate_max_days])

_default := [policy | some policy in input.evidence.app_management_policy; policy.policyType == "default"][0]

_default_kinds := _kinds(_default, "applicationRestrictions")

# The policies of single applications, each with what then holds for them: its own
# restrictions over the tenant's.
_custom := [object.union(policy, {"own": object.keys(own), "kinds": kinds, "appliesTo": object.get(policy, "appliesTo", null)}) |
	_default
	some policy in input.evidence.app_management_policy
	policy.policyType == "custom"
	policy.isEnabled in [true]
	own := _kinds(policy, "restrictions")
	kinds := object.union(object.remove(_default_kinds, object.keys(own)), own)
]

# The restrictions of a policy by their type; none while it is switched off.
_kinds(policy, member) := object.union_n([{entry.restrictionType: entry} |
	policy.isEnabled in [true]
	some list in ["passwordCredentials", "keyCredentials"]
	some entry in policy[member][list]
	is_string(entry.restrictionType)
])

# The matters that a set of restrictions leaves open, with or without the benefit of doubt.
_failing(kinds, doubt) := {matter |
	some matter in ["certificates", "passwords"]
	not _bounded(matter, kinds, doubt)
}

# A policy answers for the matters on which it has restrictions of its own.
_relaxed(policy, doubt) := {matter |
	some matter in _failing(policy.kinds, doubt)
	count(policy.own & _types[matter]) > 0
}

_types := {"certificates": {"asymmetricKeyLifetime"}, "passwords": {"passwordAddition", "passwordLifetime"}}

_bounded("passwords", kinds, doubt) if _in_force(kinds.passwordAddition, doubt)

_bounded("passwords", kinds, doubt) if {
	_in_force(kinds.passwordLifetime, doubt)
	_within(kinds.passwordLifetime, input.params.secret_max_days, doubt)
}

_bounded("certificates", kinds, doubt) if {
	_in_force(kinds.asymmetricKeyLifetime, doubt)
	_within(kinds.asymmetricKeyLifetime, input.params.certificate_max_days, doubt)
}

_in_force(entry, doubt) if {
	entry.state == "enabled"
	_reaches_all(entry, doubt)
}

# A restriction from a day on reaches all applications where the tenant isn't older.
_reaches_all(entry, _) if not _from(entry)

_reaches_all(entry, _) if _from(entry) <= _created

_reaches_all(entry, doubt) if {
	doubt
	_from(entry)
	not _created
}

# The day, where it is a real one: the year 1 stands for none.
_from(entry) := day if {
	is_string(entry.restrictForAppsCreatedAfterDateTime)
	day := substring(entry.restrictForAppsCreatedAfterDateTime, 0, 10)
	day > "1900-01-01"
}

_created := substring(input.evidence.organization[0].createdDateTime, 0, 10) if is_string(input.evidence.organization[0].createdDateTime)

_within(entry, most, _) if _days(entry.maxLifetime) <= most + 1

_within(entry, _, doubt) if {
	doubt
	not _readable(entry)
}

_readable(entry) if _days(entry.maxLifetime)

# The days of a duration (P180D, P4DT3H30M5S); Graph's durations have no months.
_days(text) := (((parts[0] * 86400) + (parts[1] * 3600)) + ((parts[2] * 60) + parts[3])) / 86400 if {
	is_string(text)
	found := regex.find_all_string_submatch_n(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?$`, text, 1)[0]
	count(text) > 2
	parts := [_number(part) | some part in array.slice(found, 1, 5)]
}

_number(text) := to_number(text) if {
	text != ""
} else := 0

# What is open only for doubt.
_unsure(open, doubtful) if count(doubtful - open) > 0

_doubts contains {"reason": reason, "kind": "organization", "message": "A restriction holds for applications created after a day, and when the tenant was created is not in the evidence; collect organization again."} if {
	not _created
	reason := object.get(object.get(input.gaps, "organization", {}), "reason", "partial")
}

_doubts contains {"reason": "partial", "kind": "app_management_policy", "message": message} if {
	some policy in input.evidence.app_management_policy
	some member in ["applicationRestrictions", "restrictions"]
	some type, entry in _kinds(policy, member)
	type in {"asymmetricKeyLifetime", "passwordLifetime"}
	not _readable(entry)
	message := sprintf("The longest life of a %s restriction can't be read.", [type])
}

_listed(matters) := concat(" and ", sort({_says[matter] | some matter in matters}))

_says := {
	"certificates": sprintf("certificates not bounded to %d days", [input.params.certificate_max_days]),
	"passwords": sprintf("passwords neither blocked nor bounded to %d days", [input.params.secret_max_days]),
}

_actual(kinds) := concat(", ", said) if {
	said := sort({_shown(type, entry) | some type, entry in kinds; type in (_types.passwords | _types.certificates)})
	count(said) > 0
} else := "no restriction"

_shown(type, entry) := concat("", [type, " ", sprintf("%v", [object.get(entry, "state", "unsaid")]), _life(entry), _since(entry)])

_life(entry) := sprintf(" '%s'", [substring(entry.maxLifetime, 0, 20)]) if {
	is_string(entry.maxLifetime)
} else := ""

_since(entry) := sprintf(" for applications created after '%s'", [_from(entry)]) if {
	_from(entry)
} else := ""

_name(policy) := substring(policy.displayName, 0, 80) if {
	is_string(policy.displayName)
} else := policy.id
