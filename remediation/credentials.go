package remediation

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/domicile-audit/domicile/findings"
)

// The longest lives of credentials in days, where the rule's parameters aren't in the result.
const (
	longestSecret      = 180
	longestCertificate = 365
)

// boundCredentials turns the tenant's application policy on and bounds how long new passwords and
// certificates of all applications may hold. Existing ones stay valid until they end. What the
// policy already blocks or bounds more narrowly stays.
func boundCredentials() Action {
	const path = "policies/defaultAppManagementPolicy"
	return Action{
		ID: "bound_application_credentials", Title: "Bound applications' new passwords and certificates", Risk: Medium,
		Permission: "Policy.ReadWrite.ApplicationConfiguration", Reads: []string{"Policy.Read.All"},
		Writes: []Pattern{{"PATCH", path, []string{"isEnabled", "applicationRestrictions"}}},
		changes: func(p *planner, finding findings.Finding) ([]Change, error) {
			if finding.Resource.Kind != "tenant" {
				return nil, &unplannedError{"a policy of single applications relaxes the tenant's, which a person has to decide"}
			}
			var policy struct {
				Type         string         `json:"policyType"`
				Enabled      *bool          `json:"isEnabled"`
				Restrictions map[string]any `json:"applicationRestrictions"`
			}
			if err := p.only("app_management_policy", &policy); err != nil {
				return nil, err
			}
			if policy.Type != "default" || policy.Enabled == nil {
				return nil, &unplannedError{"the evidence doesn't have the tenant's application policy"}
			}
			after := maps.Clone(policy.Restrictions)
			if after == nil {
				after = map[string]any{}
			}
			secret := number(p.Result.Params["secret_max_days"], longestSecret)
			certificate := number(p.Result.Params["certificate_max_days"], longestCertificate)
			passwords := restrictions(after["passwordCredentials"])
			if !inForce(passwords, "passwordAddition") {
				passwords = bounded(passwords, "passwordLifetime", secret)
			}
			after["passwordCredentials"] = passwords
			after["keyCredentials"] = bounded(restrictions(after["keyCredentials"]), "asymmetricKeyLifetime", certificate)
			what := fmt.Sprintf("owners of applications can add no password that holds for more than %d days, and no certificate for more than %d; existing ones stay valid", secret, certificate)
			if !*policy.Enabled {
				what += "; what else the policy restricts, also of service principals, comes into force with it"
			}
			change := Change{
				Subject: tenant(p), Read: Read{Path: path},
				Why:   "A credential that holds for years is found sooner or later, and works without any user.",
				Blast: Blast{What: what, Count: 1},
			}
			return replace(change, "PATCH", path,
				map[string]any{"isEnabled": *policy.Enabled, "applicationRestrictions": policy.Restrictions},
				map[string]any{"isEnabled": true, "applicationRestrictions": after})
		},
	}
}

// restrictions are those of a list, each as a map of its own.
func restrictions(list any) []any {
	items, _ := list.([]any)
	out := []any{}
	for _, item := range items {
		fields, _ := item.(map[string]any)
		out = append(out, maps.Clone(fields))
	}
	return out
}

// restriction is where the restriction of a type is in a list, or -1.
func restriction(list []any, kind string) int {
	return slices.IndexFunc(list, func(item any) bool {
		fields, _ := item.(map[string]any)
		return fields["restrictionType"] == kind
	})
}

// inForce says whether a restriction is on for all applications.
func inForce(list []any, kind string) bool {
	at := restriction(list, kind)
	if at < 0 {
		return false
	}
	fields, _ := list[at].(map[string]any)
	from, _ := fields["restrictForAppsCreatedAfterDateTime"].(string)
	return fields["state"] == "enabled" && from < "1900"
}

// days is a duration of whole days, as ISO 8601 writes it.
var days = regexp.MustCompile(`^P([0-9]{1,5})D$`)

// bounded is a list in which the restriction of a type bounds a life to some days for all
// applications, unless it does so already. Entra compares with less than.
func bounded(list []any, kind string, most int) []any {
	at := restriction(list, kind)
	if at < 0 {
		list = append(list, map[string]any{"restrictionType": kind})
		at = len(list) - 1
	}
	fields, _ := list[at].(map[string]any)
	longest, _ := fields["maxLifetime"].(string)
	if found := days.FindStringSubmatch(longest); found == nil || atLeast(found[1], most+2) {
		fields["maxLifetime"] = fmt.Sprintf("P%dD", most+1)
	}
	if !inForce(list, kind) {
		fields["restrictForAppsCreatedAfterDateTime"] = nil
	}
	fields["state"] = "enabled"
	return list
}

func atLeast(digits string, least int) bool {
	n, err := strconv.Atoi(digits)
	return err != nil || n >= least
}
