package simulator

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// arm answers as Azure Resource Manager: subscriptions, management groups, Defender for
// Endpoint's onboarding package, Entra's diagnostic settings, and resources. What the reader may see is what the tenant's file
// lists.
func (c *call) arm() {
	cl, ok := c.reader("/arm")
	if !ok {
		c.azureError(http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed. The access token is missing or of another audience.")
		return
	}
	if c.r.Method != http.MethodGet {
		c.refuseWrite(cl, c.azureError)
		return
	}
	version := c.r.URL.Query().Get("api-version")
	if version == "" {
		c.azureError(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
		return
	}
	if c.faulted(c.azureError) {
		return
	}
	data := c.server.tenant.doc.ARM
	path := strings.TrimPrefix(c.path, "/arm")
	switch {
	case path == "/subscriptions":
		c.azureList(data.Subscriptions)
	case path == "/providers/Microsoft.Management/managementGroups":
		if len(data.ManagementGroups) == 0 {
			c.notAuthorized("Microsoft.Management/managementGroups/read", "/providers/Microsoft.Management")
			return
		}
		c.azureList(data.ManagementGroups)
	case strings.EqualFold(path, "/providers/microsoft.aadiam/diagnosticSettings"):
		c.diagnosticSettings(version)
	case strings.Contains(path, "/providers/Microsoft.Security/mdeOnboardings"):
		c.onboardings(path, version)
	default:
		c.azureResource(path, version)
	}
	c.truncate()
}

// notAuthorized answers as Azure does a reader without the role.
func (c *call) notAuthorized(action, scope string) {
	c.azureError(http.StatusForbidden, "AuthorizationFailed", fmt.Sprintf("The client '%s' does not have authorization to perform action '%s' over scope '%s'.", c.server.tenant.doc.Client.ID, action, scope))
}

// supports answers with the refusal of an API version, unless it is the one.
func (c *call) supports(version, want string) bool {
	if version == want {
		return true
	}
	c.azureError(http.StatusBadRequest, "InvalidApiVersionParameter", fmt.Sprintf("The api-version '%s' is invalid. The supported versions are '%s'.", version, want))
	return false
}

// diagnosticSettings answers with those of Microsoft Entra ID, which takes a role of the
// tenant's and none of a subscription's.
func (c *call) diagnosticSettings(version string) {
	settings := c.server.tenant.doc.ARM.DiagnosticSettings
	switch {
	case !c.supports(version, "2017-04-01-preview"):
	case settings == nil:
		c.notAuthorized("microsoft.aadiam/diagnosticSettings/read", "/providers/microsoft.aadiam")
	default:
		c.azureList(*settings)
	}
}

// visible answers with a refusal where the reader doesn't see the subscription.
func (c *call) visible(subscription, action string) bool {
	tenant := c.server.tenant
	switch {
	case tenant.holdsSubscription(subscription):
		return true
	case slices.ContainsFunc(tenant.doc.ARM.Hidden, func(id string) bool { return strings.EqualFold(id, subscription) }):
		c.notAuthorized(action, "/subscriptions/"+subscription)
	default:
		c.azureError(http.StatusNotFound, "SubscriptionNotFound", fmt.Sprintf("The subscription '%s' could not be found.", subscription))
	}
	return false
}

// onboardings answers mdeOnboardings of a subscription: the list, or one item.
func (c *call) onboardings(path, version string) {
	subscription, rest, found := strings.Cut(strings.TrimPrefix(path, "/subscriptions/"), "/providers/Microsoft.Security/mdeOnboardings")
	item := strings.TrimPrefix(rest, "/")
	if !found || (item != "" && item != "default" && item != "Windows" && item != "Linux") {
		c.azureError(http.StatusNotFound, "InvalidResourceType", fmt.Sprintf("The resource type could not be found for '%s'.", path))
		return
	}
	if !c.supports(version, "2021-10-01-preview") || !c.visible(subscription, "Microsoft.Security/mdeOnboardings/read") {
		return
	}
	o := c.server.tenant.doc.Onboarding
	if o == nil || o.Source != "arm" {
		if item == "" {
			c.azureList(nil)
			return
		}
		c.azureError(http.StatusNotFound, "ResourceNotFound", "The onboarding package was not found.")
		return
	}
	p, err := c.server.parcel()
	if err != nil {
		c.azureError(http.StatusInternalServerError, "InternalServerError", err.Error())
		return
	}
	name := first(item, "default")
	document := map[string]any{
		"id":   "/subscriptions/" + subscription + "/providers/Microsoft.Security/mdeOnboardings/" + name,
		"name": name, "type": "Microsoft.Security/mdeOnboardings",
		"properties": map[string]string{
			"onboardingPackageWindows": base64.StdEncoding.EncodeToString(p.windows()),
			"onboardingPackageLinux":   base64.StdEncoding.EncodeToString(p.linux()),
		},
	}
	if item == "" {
		c.azureList([]any{document})
		return
	}
	c.out.json(http.StatusOK, document)
}

// holdsSubscription says whether the reader sees the subscription.
func (t *Tenant) holdsSubscription(id string) bool {
	for _, item := range t.doc.ARM.Subscriptions {
		if fields, _ := item.(map[string]any); strings.EqualFold(fmt.Sprint(fields["subscriptionId"]), id) {
			return true
		}
	}
	return false
}

// azureList answers with a page of a list; the next one is at nextLink.
func (c *call) azureList(items []any) {
	values := c.r.URL.Query()
	skip := 0
	if text := values.Get("$skiptoken"); text != "" {
		at, err := strconv.Atoi(text)
		if err != nil || at < 0 || at > len(items) {
			c.azureError(http.StatusBadRequest, "InvalidSkipToken", "The skip token is invalid.")
			return
		}
		skip = at
	}
	end := len(items)
	if size := c.server.tenant.doc.ARM.PageSize; size > 0 {
		end = min(skip+size, len(items))
	}
	out := map[string]any{"value": append([]any{}, items[skip:end]...)}
	if end < len(items) {
		next := url.Values{}
		for name, value := range values {
			next[name] = value
		}
		next.Set("$skiptoken", strconv.Itoa(end))
		out["nextLink"] = c.server.url + c.r.URL.EscapedPath() + "?" + next.Encode()
	}
	c.out.json(http.StatusOK, out)
}
