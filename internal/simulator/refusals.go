package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// mayRead answers 403 unless the token carries one of the permissions.
func (c *call) mayRead(cl claims, r resource) bool {
	for _, role := range r.roles {
		if slices.Contains(cl.Roles, role) {
			return true
		}
	}
	switch {
	case r.security:
		c.graphError(http.StatusForbidden, "UnknownError", missingRoles(r.roles, cl.Roles))
	case r.reporting:
		c.graphError(http.StatusForbidden, "Authentication_MSGraphPermissionMissing", "Calling principal does not have required MSGraph permissions "+strings.Join(r.roles, ","))
	case r.delegated:
		c.graphError(http.StatusForbidden, "AccessDenied", "Application-only access is not supported for this resource.")
	default:
		c.graphError(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	}
	return false
}

// missingRoles is the message of a security endpoint, which nests an error in its own.
func missingRoles(required, carried []string) string {
	nested, err := json.Marshal(map[string]string{
		"Message": fmt.Sprintf("Missing application roles. API required roles: %s, application roles: %s.", strings.Join(required, ","), strings.Join(carried, ",")),
		"Target":  "", "Code": "Forbidden",
	})
	if err != nil {
		panic(err) // strings always encode
	}
	return string(nested)
}

// licensed answers with the refusal of a tenant without the licence, if it lacks it. The
// codes are those of Microsoft Graph's reporting error codes for P1, and the one that
// the endpoints of Privileged Identity Management are known to send for P2.
func (c *call) licensed(l licence) bool {
	switch {
	case c.server.tenant.holds(l):
		return true
	case l == premium1:
		c.graphError(http.StatusForbidden, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is B2C or tenant doesn't have premium license")
	default:
		c.graphError(http.StatusBadRequest, "AadPremiumLicenseRequired", "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.")
	}
	return false
}

// guarding is the resource whose permissions the selected members take; it is the target
// itself where no member takes more.
func guarding(t target, q query) resource {
	for _, name := range q.selected {
		if g, found := t.guarded[name]; found {
			return resource{roles: []string{g.role}, reporting: true}
		}
	}
	return t.resource
}

// guardLicence is the licence that the selected members take, or the target's.
func guardLicence(t target, q query) licence {
	for _, name := range q.selected {
		if g, found := t.guarded[name]; found {
			return g.licence
		}
	}
	return t.licence
}

// entraPlans are the service plans that carry each licence of Microsoft Entra: P1, P2 and
// ID Governance (Microsoft Entra, "Product names and service plan identifiers for
// licensing").
var entraPlans = map[licence][]string{
	premium1: {"41781fb2-bc02-4b7c-bd55-b576c07bb09d", "eec0eb4f-6444-4f95-aba0-50c24d67f998", "e866a266-3cff-43a3-acca-0c90a7e00c8b"},
	premium2: {"eec0eb4f-6444-4f95-aba0-50c24d67f998", "e866a266-3cff-43a3-acca-0c90a7e00c8b"},
}

// holds says whether a SKU in force carries the licence.
func (t *Tenant) holds(l licence) bool {
	if l == "" {
		return true
	}
	skus, _ := t.doc.Graph["subscribedSkus"].([]any)
	for _, item := range skus {
		sku, _ := item.(map[string]any)
		if status := sku["capabilityStatus"]; status != "Enabled" && status != "Warning" {
			continue
		}
		plans, _ := sku["servicePlans"].([]any)
		for _, item := range plans {
			plan, _ := item.(map[string]any)
			if id, _ := plan["servicePlanId"].(string); slices.Contains(entraPlans[l], id) {
				return true
			}
		}
	}
	return false
}
