package collectors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/domicile-audit/domicile/evidence"
)

// graphApplication is Microsoft Graph's application id.
const graphApplication = "00000003-0000-0000-c000-000000000000"

// resourceApplications are the applications that hold security or directory data, by
// their application ids: Microsoft Graph, Defender for Endpoint (WindowsDefenderATP),
// Office 365 Management APIs, Microsoft Threat Protection, Cloud App Security, and
// Office 365 Exchange Online. The ids of Microsoft Threat Protection and Cloud App
// Security are known from third parties only; a tenant without one answers 404 and it
// is passed over.
func resourceApplications() []string {
	return []string{
		graphApplication,
		"fc780465-2017-40d4-a0c5-307022471b92",
		"c5393580-f805-4401-95e8-94b7a6ef2fc2",
		"8ee8fdad-f234-4243-8f3b-15c294843740",
		"05a65629-4c1b-48c1-a78b-804c4abdd4af",
		"00000002-0000-0ff1-ce00-000000000000",
	}
}

// consent lists what is read of applications, grants and the policies about them, with
// the permissions of Microsoft Graph's reference. Application.ReadWrite.OwnedBy is left
// out: it is meant for an application's own objects.
func consent() []Collector {
	readApplications := []string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	return []Collector{
		tracked(collection("service_principals", "servicePrincipals?$select={fields}&$top=999&"+counted, readApplications...)),
		tracked(collection("oauth2_permission_grants", "oauth2PermissionGrants?$top=999", "Directory.Read.All", "Directory.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All")),
		document("authorization_policy", "policies/authorizationPolicy", "Policy.Read.All", "Policy.ReadWrite.Authorization"),
		collection("permission_grant_policies", "policies/permissionGrantPolicies?$expand=includes,excludes",
			"Policy.Read.PermissionGrant", "Policy.ReadWrite.PermissionGrant", "Policy.Read.All"),
		document("admin_consent_policy", "policies/adminConsentRequestPolicy",
			"Policy.Read.All", "Policy.ReadWrite.ConsentRequest", "Directory.Read.All", "Directory.ReadWrite.All"),
		{
			Kind: "resource_permissions", API: Graph, Permissions: readApplications, Tier: evidence.API,
			Paths: []string{"servicePrincipals(appId='{appId}')?$select=id,appId,appRoles,oauth2PermissionScopes"},
			read:  readResourcePermissions,
		},
		{
			Kind: "app_role_assignments", API: Graph, Permissions: readApplications, Tier: evidence.API,
			Paths: []string{"servicePrincipals/{id}/appRoleAssignedTo?$top=999"},
			After: []string{"resource_permissions"},
			read:  readAppRoleAssignments,
		},
		{
			Kind: "permission_classifications", API: Graph, Tier: evidence.API,
			Permissions: append([]string{"Policy.Read.PermissionGrant", "Policy.ReadWrite.PermissionGrant", "Policy.Read.All"}, readApplications...),
			Paths:       []string{"servicePrincipals/{id}/delegatedPermissionClassifications"},
			After:       []string{"resource_permissions"},
			read:        readPermissionClassifications,
		},
	}
}

// permission is one line of resource_permissions.
type permission struct {
	ResourceID string `json:"resourceId"`
	AppID      string `json:"appId"`
	ID         string `json:"id"`
	Value      string `json:"value"`
	Type       string `json:"type"`
}

func readResourcePermissions(ctx context.Context, r *reading) error {
	for _, appID := range resourceApplications() {
		answer, err := r.get(ctx, r.path(0, "appId", appID))
		if notFound(err) && appID != graphApplication {
			continue
		}
		if err != nil {
			return err
		}
		var application struct {
			ID       string `json:"id"`
			AppRoles []struct {
				ID    string `json:"id"`
				Value string `json:"value"`
			} `json:"appRoles"`
			Scopes []struct {
				ID    string `json:"id"`
				Value string `json:"value"`
			} `json:"oauth2PermissionScopes"`
		}
		if err := json.Unmarshal(answer.Body, &application); err != nil || application.ID == "" {
			return misshapen(answer, "the service principal")
		}
		for _, role := range application.AppRoles {
			if err := r.marshal(permission{application.ID, appID, role.ID, role.Value, "Role"}); err != nil {
				return err
			}
		}
		for _, scope := range application.Scopes {
			if err := r.marshal(permission{application.ID, appID, scope.ID, scope.Value, "Scope"}); err != nil {
				return err
			}
		}
	}
	return nil
}

// eachResource calls take for every resource application that stands in the tenant.
func (r *reading) eachResource(take func(resourceID, appID string) error) error {
	seen := map[string]bool{}
	for _, raw := range r.earlier("resource_permissions") {
		var line permission
		if err := json.Unmarshal(raw, &line); err != nil {
			return fmt.Errorf("reading a resource permission: %w", err)
		}
		if seen[line.ResourceID] {
			continue
		}
		seen[line.ResourceID] = true
		if err := take(line.ResourceID, line.AppID); err != nil {
			return err
		}
	}
	return r.doubt("resource_permissions")
}

func readAppRoleAssignments(ctx context.Context, r *reading) error {
	return r.eachResource(func(resourceID, _ string) error {
		return r.list(ctx, r.path(0, "id", resourceID), nil)
	})
}

func readPermissionClassifications(ctx context.Context, r *reading) error {
	return r.eachResource(func(resourceID, appID string) error {
		return r.list(ctx, r.path(0, "id", resourceID), map[string]string{"resourceId": resourceID, "appId": appID})
	})
}

func notFound(err error) bool {
	var refusal *RefusalError
	return errors.As(err, &refusal) && refusal.Status == http.StatusNotFound
}
