package policies

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var ruleName = regexp.MustCompile(`^[a-z][a-z0-9_]{2,60}$`)

// Scaffold writes a new rule and its tests, both of which pass as they are: a rule over
// the tenant's users that says where to write the real one. topic is one of Topics.
func Scaffold(topic, name, id string) (Tree, error) {
	switch {
	case !slices.Contains(Topics(), topic):
		return nil, fmt.Errorf("topic %q is unknown; known are %s", topic, strings.Join(Topics(), ", "))
	case !ruleName.MatchString(name):
		return nil, fmt.Errorf("rule name %q is not small letters, digits and underscores; name the good state, such as guests_reviewed", name)
	case !ruleID.MatchString(id):
		return nil, fmt.Errorf("rule id %q is not capital letters and four digits, such as OWN1001", id)
	}
	fill := strings.NewReplacer("{topic}", topic, "{name}", name, "{id}", id, "{title}", strings.ReplaceAll(strings.ToUpper(name[:1])+name[1:], "_", " "))
	return Tree{
		topic + "/" + name + ".rego":      fill.Replace(scaffoldRule),
		topic + "/" + name + "_test.rego": fill.Replace(scaffoldTest),
	}, nil
}

const scaffoldRule = `# METADATA
# title: {title}
# description: >-
#   Say here why the state matters, for somebody who has to decide about it. As it stands,
#   the rule wants every guest account to be disabled.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/user
# custom:
#   id: {id}
#   severity: medium
#   scope: users
#   clouds: [global, gcc, gcchigh, dod, china]
#   evidence: {all: [users]}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   remediation:
#     summary: Disable the guest accounts that nobody needs.
#     steps:
#       xdr-current:
#         - Open the Microsoft Entra admin center, Users, and filter by the user type Guest.
#         - Disable each account that nobody needs, and run the scan again.
package domicile.{topic}.{name}

deny contains finding if {
	some user in input.evidence.users
	user.userType == "Guest"
	not _disabled(user)
	finding := {
		"resource": {"kind": "user", "id": user.id, "name": object.get(user, "userPrincipalName", "")},
		"message": sprintf("The guest account '%s' is enabled.", [object.get(user, "userPrincipalName", user.id)]),
		"expected": "a disabled guest account",
		"actual": "enabled",
	}
}

# An account whose state wasn't read is neither: the good state is stated, and its absence
# denied, so that nothing passes without evidence.
_disabled(user) if user.accountEnabled == false

unknown contains {"reason": "partial", "kind": "users", "message": "A user without a type was read; ask for userType."} if {
	some user in input.evidence.users
	not is_string(object.get(user, "userType", null))
}
`

const scaffoldTest = `package domicile.{topic}.{name}_test

import data.domicile.{topic}.{name} as rule

_input(users) := {"evidence": {"users": users}}

_guest := {"id": "1", "userPrincipalName": "guest@example.com", "userType": "Guest", "accountEnabled": false}

test_passes_when_guests_are_disabled if {
	count(rule.deny) == 0 with input as _input([_guest, {"id": "2", "userType": "Member", "accountEnabled": true}])
	count(rule.unknown) == 0 with input as _input([_guest])
}

test_fails_when_a_guest_is_enabled if {
	found := rule.deny with input as _input([object.union(_guest, {"accountEnabled": true})])
	{d.resource.id | some d in found} == {"1"}
	{d.message | some d in found} == {"The guest account 'guest@example.com' is enabled."}
}

test_fails_when_the_state_was_not_read if {
	count(rule.deny) == 1 with input as _input([object.remove(_guest, ["accountEnabled"])])
}

test_unknown_when_the_type_was_not_read if {
	reasons := {u.reason | some u in rule.unknown} with input as _input([{"id": "3"}])
	reasons == {"partial"}
}
`
