package collectors

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/domicile-audit/domicile/evidence"
)

// applications lists what is read of applications, of requests and events of consent, and
// of tenants with standing access.
func applications() []Collector {
	readPolicies := []string{"Policy.Read.All"}
	return []Collector{
		tracked(collection("applications", "applications?$select={fields}&$top=999&"+counted, "Application.Read.All", "Directory.Read.All")),
		collection("consent_requests", "identityGovernance/appConsent/appConsentRequests?$expand=userConsentRequests", "ConsentRequest.Read.All"),
		collection("consent_events", "auditLogs/directoryAudits?$filter=activityDisplayName%20eq%20'Consent%20to%20application'"+
			"%20or%20activityDisplayName%20eq%20'Add%20delegated%20permission%20grant'"+
			"%20or%20activityDisplayName%20eq%20'Add%20app%20role%20assignment%20to%20service%20principal'&$top=999", "AuditLog.Read.All"),
		collection("directory_settings", "groupSettings", "Directory.Read.All"),
		{
			Kind: "app_management_policy", API: Graph, Permissions: readPolicies, Tier: evidence.API, read: readAppManagementPolicies,
			Paths: []string{"policies/defaultAppManagementPolicy", "policies/appManagementPolicies", "policies/appManagementPolicies/{id}/appliesTo"},
		},
		{
			Kind: "cross_tenant_access", API: Graph, Permissions: readPolicies, Tier: evidence.API, read: readCrossTenantAccess,
			Paths: []string{
				"policies/crossTenantAccessPolicy/default",
				"policies/crossTenantAccessPolicy/partners?$expand=identitySynchronization",
				multiTenantPath,
			},
			Only: map[string][]string{multiTenantPath: {"global", "gcc"}},
			Adds: []string{"MultiTenantOrganization.Read.All"},
		},
		{
			Kind: "terms_of_use", API: Graph, Tier: evidence.API, read: readTermsOfUse,
			Paths:       []string{"identityGovernance/termsOfUse/agreements", "identityGovernance/termsOfUse/agreements/{id}/acceptances"},
			Permissions: []string{"Agreement.Read.All", "Agreement.ReadWrite.All"},
			Adds:        []string{"AgreementAcceptance.Read.All"},
			Personal:    true,
		},
	}
}

// multiTenantPath lists the tenants of the multi-tenant organisation.
const multiTenantPath = "tenantRelationships/multiTenantOrganization/tenants"

func readAppManagementPolicies(ctx context.Context, r *reading) error {
	answer, err := r.get(ctx, r.path(0))
	if err != nil {
		return err
	}
	if err := r.writeWith(answer.Body, map[string]string{"policyType": "default"}); err != nil {
		return err
	}
	return r.eachObject(ctx, r.path(1), func(policy json.RawMessage, id string) error {
		return r.writeJoined(ctx, policy, map[string]string{"policyType": "custom"}, "appliesTo", r.path(2, "id", id))
	})
}

func readTermsOfUse(ctx context.Context, r *reading) error {
	return r.eachObject(ctx, r.path(0), func(agreement json.RawMessage, id string) error {
		return r.writeJoined(ctx, agreement, nil, "acceptances", r.path(1, "id", id))
	})
}

// eachObject lists a collection and calls take with each object and its id.
func (r *reading) eachObject(ctx context.Context, path string, take func(object json.RawMessage, id string) error) error {
	for object, err := range r.each(ctx, path) {
		if err != nil {
			return err
		}
		var identified struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(object, &identified); err != nil {
			return &RefusalError{Reason: evidence.Invalid, Message: "the service sent an object that is not of the documented shape"}
		}
		if err := take(object, identified.ID); err != nil {
			return err
		}
	}
	return nil
}

// writeJoined writes an object together with a collection that hangs on it, as a member.
func (r *reading) writeJoined(ctx context.Context, object json.RawMessage, add map[string]string, member, path string) error {
	members := []json.RawMessage{}
	err := r.eachObject(ctx, path, func(object json.RawMessage, _ string) error {
		members = append(members, bytes.Clone(object))
		return nil
	})
	if err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return &RefusalError{Reason: evidence.Invalid, Message: "the service sent something else than an object"}
	}
	joined, err := json.Marshal(members)
	if err != nil {
		return &fatal{err}
	}
	fields[member] = joined
	whole, err := json.Marshal(fields)
	if err != nil {
		return &fatal{err}
	}
	return r.writeWith(whole, add)
}

// readCrossTenantAccess reads the default settings, each partner's, and the tenants of
// the multi-tenant organisation, which a tenant may not be in (404) and which not every
// cloud has.
func readCrossTenantAccess(ctx context.Context, r *reading) error {
	answer, err := r.get(ctx, r.path(0))
	if err != nil {
		return err
	}
	if err := r.writeWith(answer.Body, map[string]string{"entry": "default"}); err != nil {
		return err
	}
	if err := r.list(ctx, r.path(1), map[string]string{"entry": "partner"}); err != nil {
		return err
	}
	if !slices.Contains(r.collector.Only[multiTenantPath], r.run.options.Tenant.Cloud) {
		return nil
	}
	err = r.list(ctx, r.path(2), map[string]string{"entry": "member"})
	var refusal *RefusalError
	if errors.As(err, &refusal) && refusal.Status == http.StatusForbidden {
		return &RefusalError{
			Status: refusal.Status, Code: refusal.Code, RequestID: refusal.RequestID, Reason: evidence.Partial,
			Message: "the tenants of the multi-tenant organisation could not be read; grant " + r.collector.Adds[0],
		}
	}
	if notFound(err) {
		return nil
	}
	return err
}
