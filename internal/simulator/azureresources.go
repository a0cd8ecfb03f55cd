package simulator

import (
	"fmt"
	"net/http"
	"strings"
)

// armType is a type of Azure resource that is served, with its API version, which is that
// of Microsoft's REST reference.
type armType struct {
	version string
	// lists says that a subscription lists its resources of the type.
	lists bool
}

// armTypes are the types by name in lower case, the provider's and its parents' included.
var armTypes = map[string]armType{
	"microsoft.operationalinsights/workspaces":             {version: "2025-02-01", lists: true},
	"microsoft.operationalinsights/workspaces/tables":      {version: "2023-09-01"},
	"microsoft.operationalinsights/workspaces/dataexports": {version: "2020-08-01"},
	"microsoft.operationalinsights/clusters":               {version: "2021-06-01", lists: true},
	"microsoft.securityinsights/onboardingstates":          {version: "2024-03-01"},
	"microsoft.securityinsights/dataconnectors":            {version: "2024-03-01"},
	"microsoft.authorization/roleassignments":              {version: "2022-04-01"},
	"microsoft.storage/storageaccounts":                    {version: "2023-05-01", lists: true},
	"microsoft.eventhub/namespaces":                        {version: "2024-05-01-preview", lists: true},
	"microsoft.securitycopilot/capacities":                 {version: "2023-12-01-preview", lists: true},
}

const roleAssignmentsType = "microsoft.authorization/roleassignments"

// azureResource answers a path below a subscription: one resource, or the list of a type
// in the subscription or below a resource.
func (c *call) azureResource(path, version string) {
	kind, named := resourceType(path)
	served, known := armTypes[kind]
	subscription, _, _ := strings.Cut(strings.TrimPrefix(path, "/subscriptions/"), "/")
	switch {
	case !known || !strings.HasPrefix(path, "/subscriptions/"):
		c.azureError(http.StatusNotFound, "InvalidResourceType", fmt.Sprintf("The resource type could not be found for '%s'.", path))
	case !c.supports(version, served.version), !c.visible(subscription, kind+"/read"):
	case named:
		c.azureOne(path)
	case kind == roleAssignmentsType:
		c.azureList(c.assignments(path))
	case strings.Contains(strings.ToLower(path), "/resourcegroups/"):
		c.azureChildren(path)
	case served.lists:
		c.azureList(c.resourcesOf(subscription, kind))
	default:
		c.azureError(http.StatusNotFound, "InvalidResourceType", fmt.Sprintf("The resource type could not be found for '%s'.", path))
	}
}

// resourceType is the type at the end of a path, in lower case, and whether the path ends
// in a name rather than in the type.
func resourceType(path string) (kind string, named bool) {
	lower := strings.ToLower(path)
	at := strings.LastIndex(lower, "/providers/")
	if at < 0 {
		return "", false
	}
	parts := strings.Split(lower[at+len("/providers/"):], "/")
	kind = parts[0]
	for i := 1; i < len(parts); i += 2 {
		kind += "/" + parts[i]
	}
	return kind, len(parts)%2 == 1
}

// azureOne answers with the resource that has the id.
func (c *call) azureOne(id string) {
	if found := c.server.tenant.azureResource(id); found != nil {
		c.out.json(http.StatusOK, found)
		return
	}
	c.azureError(http.StatusNotFound, "ResourceNotFound", fmt.Sprintf("The Resource '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", id))
}

// azureChildren answers with the resources of a type below a resource, which must exist.
func (c *call) azureChildren(path string) {
	parent := path[:strings.LastIndex(path, "/")]
	if at := strings.LastIndex(path, "/providers/"); at > strings.Index(path, "/providers/") {
		parent = path[:at]
	}
	if c.server.tenant.azureResource(parent) == nil {
		c.azureOne(parent)
		return
	}
	c.azureList(c.server.tenant.azureResources(func(id string) bool {
		name, below := strings.CutPrefix(id, strings.ToLower(path)+"/")
		return below && !strings.Contains(name, "/")
	}))
}

// resourcesOf are the resources of a type in a subscription, whatever their group.
func (c *call) resourcesOf(subscription, kind string) []any {
	return c.server.tenant.azureResources(func(id string) bool {
		typ, named := resourceType(id)
		return named && typ == kind && strings.HasPrefix(id, "/subscriptions/"+strings.ToLower(subscription)+"/")
	})
}

// assignments are the role assignments at a scope and, as Azure lists them too, those that
// the scope inherits.
func (c *call) assignments(path string) []any {
	scope := strings.ToLower(path[:strings.LastIndex(path, "/providers/")])
	return c.server.tenant.azureResources(func(id string) bool {
		typ, _ := resourceType(id)
		at := strings.LastIndex(id, "/providers/")
		return typ == roleAssignmentsType && (scope == id[:at] || strings.HasPrefix(scope, id[:at]+"/"))
	})
}

// azureResources are the resources whose id, in lower case, is wanted.
func (t *Tenant) azureResources(wanted func(id string) bool) []any {
	out := []any{}
	for _, item := range t.doc.ARM.Resources {
		fields, _ := item.(map[string]any)
		if id, _ := fields["id"].(string); wanted(strings.ToLower(id)) {
			out = append(out, item)
		}
	}
	return out
}

// azureResource is the resource with the id, nil where there is none.
func (t *Tenant) azureResource(id string) any {
	found := t.azureResources(func(other string) bool { return strings.EqualFold(other, id) })
	if len(found) == 0 {
		return nil
	}
	return found[0]
}
