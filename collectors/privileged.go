package collectors

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/domicile-audit/domicile/evidence"
)

// privileged lists what is read of how privileged roles are guarded. Paths and
// permissions are those of Microsoft Graph's reference, v1.0 unless the path says beta.
func privileged() []Collector {
	readPolicies := []string{"Policy.Read.All"}
	ownersOf := []string{
		"applications(appId='{appId}')?$select=id&$expand=owners",
		"servicePrincipals/{id}/owners",
		"groups/{id}/owners",
	}
	defender := collection("defender_roles", "beta/roleManagement/defender/roleAssignments", "RoleManagement.Read.Defender", "RoleManagement.Read.All")
	defender.Clouds = []string{"global"}
	signIns := collection("sign_in_activity", "users?$select={fields}&$top=500", "AuditLog.Read.All")
	signIns.Also = []string{"User.Read.All"}
	return []Collector{
		signIns,
		{
			Kind: "role_owners", API: Graph, Paths: ownersOf, Tier: evidence.API, read: readRoleOwners,
			Permissions: []string{"Application.Read.All", "Directory.Read.All"},
			After:       []string{"role_assignments", "role_eligibility"},
		},
		{
			Kind: "group_eligibility", API: Graph, Tier: evidence.API, read: readGroupEligibility,
			Paths:       []string{"identityGovernance/privilegedAccess/group/eligibilityScheduleInstances?$filter=groupId%20eq%20'{id}'"},
			Permissions: []string{"PrivilegedEligibilitySchedule.Read.AzureADGroup"},
			After:       []string{"role_assignments", "role_eligibility"},
		},
		collection("role_policies", "policies/roleManagementPolicyAssignments?$filter=scopeId%20eq%20'/'%20and%20scopeType%20eq%20'DirectoryRole'&$expand=policy($expand=rules)",
			"RoleManagementPolicy.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All"),
		collection("access_reviews", "identityGovernance/accessReviews/definitions?$top=100", "AccessReview.Read.All"),
		collection("mfa_registration", "reports/authenticationMethods/userRegistrationDetails", "AuditLog.Read.All"),
		collection("conditional_access", "identity/conditionalAccess/policies", readPolicies...),
		document("security_defaults", "policies/identitySecurityDefaultsEnforcementPolicy", readPolicies...),
		defender,
	}
}

// expandedOwners is how many owners $expand returns at most (Microsoft Graph, "Use query
// parameters", limits of $expand on directory objects).
const expandedOwners = 20

// readRoleOwners reads who owns the applications, service principals and groups that hold
// a directory role or are eligible for one: whoever owns them can act as they do.
func readRoleOwners(ctx context.Context, r *reading) error {
	holders, err := roleHolders(r.earlier("role_assignments"), r.earlier("role_eligibility"))
	if err != nil {
		return err
	}
	var cut error
	for _, holder := range holders {
		switch holder.Principal.Type {
		case groupType:
			err = r.list(ctx, r.path(2, "id", holder.PrincipalID), map[string]string{"ownedId": holder.PrincipalID, "ownedKind": "group"})
		case servicePrincipalType:
			err = r.list(ctx, r.path(1, "id", holder.PrincipalID), map[string]string{"ownedId": holder.PrincipalID, "ownedKind": "servicePrincipal"})
			if err == nil && holder.Principal.AppID != "" {
				var full bool
				if full, err = r.applicationOwners(ctx, holder.Principal.AppID); full {
					cut = &RefusalError{Reason: evidence.Partial, Message: "an application has more owners than one answer holds"}
				}
			}
		}
		if err != nil {
			return err
		}
	}
	if cut != nil {
		return cut
	}
	return r.doubt("role_assignments", "role_eligibility")
}

// applicationOwners reads the owners of an application that stands in this tenant; full
// says that there may be more.
func (r *reading) applicationOwners(ctx context.Context, appID string) (full bool, err error) {
	answer, err := r.get(ctx, r.path(0, "appId", appID))
	if notFound(err) {
		return false, nil // the application's home is another tenant
	}
	if err != nil {
		return false, err
	}
	var application struct {
		ID     string            `json:"id"`
		Owners []json.RawMessage `json:"owners"`
	}
	if err := json.Unmarshal(answer.Body, &application); err != nil {
		return false, &RefusalError{Status: answer.Status, Reason: evidence.Invalid, Message: "the application is not of the documented shape", RequestID: answer.RequestID}
	}
	for _, owner := range application.Owners {
		if err := r.writeWith(owner, map[string]string{"ownedId": application.ID, "ownedKind": "application"}); err != nil {
			return false, err
		}
	}
	return len(application.Owners) >= expandedOwners, nil
}

// readGroupEligibility reads who is eligible for membership of the groups that hold
// directory roles: one request a group.
func readGroupEligibility(ctx context.Context, r *reading) error {
	groups, err := roleGroups(r.earlier("role_assignments"), r.earlier("role_eligibility"))
	if err != nil {
		return err
	}
	for _, group := range groups {
		if err := r.list(ctx, r.path(0, "id", group), nil); err != nil {
			return err
		}
	}
	return r.doubt("role_assignments", "role_eligibility")
}

// The types of principals, as Graph names them.
const (
	groupType            = "#microsoft.graph.group"
	servicePrincipalType = "#microsoft.graph.servicePrincipal"
)

// roleHolder is the part of a role assignment that says who holds it.
type roleHolder struct {
	PrincipalID string `json:"principalId"`
	Principal   struct {
		Type  string `json:"@odata.type"`
		AppID string `json:"appId"`
	} `json:"principal"`
}

// roleHolders returns each principal of the lists once, sorted by id.
func roleHolders(lists ...[]json.RawMessage) ([]roleHolder, error) {
	byID := map[string]roleHolder{}
	for _, raw := range slices.Concat(lists...) {
		var holder roleHolder
		if err := json.Unmarshal(raw, &holder); err != nil {
			return nil, fmt.Errorf("reading a role assignment: %w", err)
		}
		byID[holder.PrincipalID] = holder
	}
	holders := make([]roleHolder, 0, len(byID))
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		holders = append(holders, byID[id])
	}
	return holders, nil
}
