package remediation

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// ownConsent begins the names of the policies by which users consent for themselves, as the
// authorization policy lists them. The others are about resources that users own and stay.
const ownConsent = "ManagePermissionGrantsForSelf."

// restrictUserConsent leaves users the consent that the parameter user_consent allows.
func restrictUserConsent() Action {
	const path = "policies/authorizationPolicy"
	return Action{
		ID: "restrict_user_consent", Title: "Restrict what users may consent to", Risk: Medium,
		Permission: "Policy.ReadWrite.Authorization", Reads: []string{"Policy.Read.All"},
		Writes: []Pattern{{"PATCH", path, []string{"defaultUserRolePermissions"}}},
		changes: func(p *planner, _ findings.Finding) ([]Change, error) {
			var policy struct {
				Permissions struct {
					Assigned []string `json:"permissionGrantPoliciesAssigned"`
				} `json:"defaultUserRolePermissions"`
			}
			if err := p.only("authorization_policy", &policy); err != nil {
				return nil, err
			}
			if policy.Permissions.Assigned == nil {
				return nil, &unplannedError{"the policies that users have now were not read, so that they could not be given back"}
			}
			wanted, _ := p.Result.Params["user_consent"].(string)
			allowed := map[string][]string{
				"none":              {},
				"low":               {ownConsent + "microsoft-user-default-low"},
				"microsoft_managed": {ownConsent + "microsoft-user-default-recommended"},
			}[wanted]
			if allowed == nil {
				return nil, &unplannedError{"the result doesn't say what user_consent may be"}
			}
			kept := slices.DeleteFunc(slices.Clone(policy.Permissions.Assigned), func(name string) bool {
				return len(name) >= len(ownConsent) && strings.EqualFold(name[:len(ownConsent)], ownConsent)
			})
			count, all := p.users()
			change := Change{
				Subject: tenant(p), Read: Read{Path: path},
				Why:   "Users who may consent to applications on their own hand the organisation's data to them without anybody else knowing.",
				Blast: Blast{What: all + " can consent to less from now on; what they have consented to so far stays", Count: count},
			}
			return replace(change, "PATCH", path, assigned(policy.Permissions.Assigned), assigned(append(allowed, kept...)))
		},
	}
}

// assigned is the part of the authorization policy that lists the policies assigned to users.
func assigned(policies []string) any {
	return map[string]any{"defaultUserRolePermissions": map[string]any{"permissionGrantPoliciesAssigned": policies}}
}

// workflow is the admin consent workflow, without what a service sets itself.
type workflow struct {
	IsEnabled             bool       `json:"isEnabled"`
	NotifyReviewers       bool       `json:"notifyReviewers"`
	RemindersEnabled      bool       `json:"remindersEnabled"`
	RequestDurationInDays int        `json:"requestDurationInDays"`
	Reviewers             []reviewer `json:"reviewers"`
}

// reviewer is who answers requests for consent, as Graph's accessReviewReviewerScope has it.
type reviewer struct {
	Query     string `json:"query"`
	QueryType string `json:"queryType"`
	QueryRoot any    `json:"queryRoot"`
}

// globalAdministrators are the holders of a role that may grant every permission, named as
// the Entra admin center names the holders of a role.
var globalAdministrators = reviewer{
	Query:     "/beta/roleManagement/directory/roleAssignments?$filter=roleDefinitionId eq '62e90394-69f5-4237-9190-012177145e10'",
	QueryType: "MicrosoftGraph",
}

// The time for which a request for consent stays open, where it isn't bounded already: no
// shorter than leaves a reviewer a working week.
const (
	shortestRequest = 5
	longestRequest  = 30
)

// turnOnConsentWorkflow turns the admin consent workflow on. Reviewers who are named stay;
// where there are none, the Global Administrators become reviewers.
func turnOnConsentWorkflow() Action {
	const path = "policies/adminConsentRequestPolicy"
	return Action{
		ID: "turn_on_admin_consent_workflow", Title: "Turn the admin consent workflow on", Risk: Low,
		Permission: "Policy.ReadWrite.ConsentRequest", Reads: []string{"Policy.Read.All"},
		Writes: []Pattern{{"PUT", path, []string{"isEnabled", "notifyReviewers", "remindersEnabled", "requestDurationInDays", "reviewers"}}},
		changes: func(p *planner, _ findings.Finding) ([]Change, error) {
			var before workflow
			if err := p.only("admin_consent_policy", &before); err != nil {
				return nil, err
			}
			if before.Reviewers == nil {
				before.Reviewers = []reviewer{}
			}
			after := before
			after.IsEnabled, after.NotifyReviewers, after.RemindersEnabled = true, true, true
			longest := number(p.Result.Params["consent_request_max_days"], longestRequest)
			if days := after.RequestDurationInDays; days < shortestRequest || days > longest {
				after.RequestDurationInDays = max(shortestRequest, min(longest, longestRequest))
			}
			what := "the reviewers who are named already get requests for consent from users"
			if len(after.Reviewers) == 0 {
				after.Reviewers = []reviewer{globalAdministrators}
				what = "the Global Administrators get requests for consent from users; name finer reviewers afterwards"
			}
			change := Change{
				Subject: tenant(p), Read: Read{Path: path},
				Why:   "Users who can't consent need a way to ask, or they press administrators to open consent for all.",
				Blast: Blast{What: what, Count: len(after.Reviewers)},
			}
			return replace(change, "PUT", path, before, after)
		},
	}
}

// replace completes a change that sets members of an object and sets them back to undo it.
func replace(change Change, method, path string, before, after any) ([]Change, error) {
	var err error
	if change.Before, err = encode(before); err != nil {
		return nil, err
	}
	if change.After, err = encode(after); err != nil {
		return nil, err
	}
	change.Request = Request{Method: method, Path: path, Body: change.After}
	change.Undo = &Request{Method: method, Path: path, Body: change.Before}
	return []Change{change}, nil
}

// tenant is the subject of a change that concerns nobody in particular.
func tenant(p *planner) findings.Resource {
	return findings.Resource{Kind: "tenant", ID: p.Result.Tenant.ID, Name: p.Result.Tenant.Name}
}

// number is a parameter that is a number, or what stands for it.
func number(value any, otherwise int) int {
	switch value := value.(type) {
	case json.Number:
		if n, err := value.Int64(); err == nil {
			return int(n)
		}
	case float64:
		return int(value)
	case int:
		return value
	}
	return otherwise
}
