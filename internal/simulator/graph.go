package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// target is what a Graph path leads to: a collection, or one object.
type target struct {
	resource
	list collection
	one  object
	// single says that one is meant; it is nil when there is no such object.
	single bool
}

// graph answers as Microsoft Graph.
func (c *call) graph() {
	cl, ok := c.reader("")
	if !ok {
		c.graphError(http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty, malformed or of another audience.")
		return
	}
	c.graphAs(cl)
}

// graphAs answers a reader whose token was checked.
func (c *call) graphAs(cl claims) {
	_, path, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
	if path == "$batch" {
		c.batch(cl)
		return
	}
	if path == "security/microsoft.graph.security.runHuntingQuery" {
		path = huntingResource.path
		c.path = "/v1.0/" + path
	}
	security := strings.HasPrefix(path, "security/")
	if security && !c.server.tenant.offers("security") {
		c.noSegment(path)
		return
	}
	if path == huntingResource.path {
		c.hunt(cl)
		return
	}
	t, ok := c.server.dir.find(path)
	if !ok {
		c.noSegment(path)
		return
	}
	if c.r.Method != http.MethodGet {
		c.graphError(http.StatusMethodNotAllowed, "Request_BadRequest", "The simulated tenant is only read: "+c.r.Method+" isn't supported.")
		return
	}
	if !c.mayRead(cl, t.resource) {
		return
	}
	if t.premium && !c.server.tenant.holdsPremium() {
		c.graphError(http.StatusBadRequest, "AadPremiumLicenseRequired", "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.")
		return
	}
	q, err := parseQuery(c.r.URL.Query(), t, c.server.tenant)
	if err != nil {
		c.graphError(http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	c.page = q.page
	if c.faulted(c.graphError) {
		return
	}
	if t.single {
		c.one(t, q)
	} else {
		c.list(t, q)
	}
	c.truncate()
}

// mayRead answers 403 unless the token carries one of the permissions.
func (c *call) mayRead(cl claims, r resource) bool {
	for _, role := range r.roles {
		if slices.Contains(cl.Roles, role) {
			return true
		}
	}
	if !r.security {
		c.graphError(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
		return false
	}
	nested, err := json.Marshal(map[string]string{
		"Message": fmt.Sprintf("Missing application roles. API required roles: %s, application roles: %s.", strings.Join(r.roles, ","), strings.Join(cl.Roles, ",")),
		"Target":  "", "Code": "Forbidden",
	})
	if err != nil {
		panic(err) // strings always encode
	}
	c.graphError(http.StatusForbidden, "UnknownError", string(nested))
	return false
}

func (c *call) noSegment(path string) {
	segments := strings.Split(path, "/")
	c.graphError(http.StatusBadRequest, "BadRequest", fmt.Sprintf("Resource not found for the segment '%s'.", segments[len(segments)-1]))
}

// find leads a path, relative to the version, to its collection or object.
func (d *directory) find(path string) (target, bool) {
	if path == "sites/getAllSites()" || path == "sites/getAllSites" {
		path = "sites"
	}
	for _, r := range resources() {
		if r.path == path {
			if one, ok := d.singles[path]; ok {
				return target{resource: r, one: one, single: true}, true
			}
			return target{resource: r, list: d.lists[path]}, true
		}
		rest, below := strings.CutPrefix(path, r.path)
		if !below || d.singles[r.path] != nil {
			continue
		}
		switch {
		case strings.HasPrefix(rest, "/"):
			id, sub, _ := strings.Cut(rest[1:], "/")
			if strings.ContainsAny(id, "()$.") && r.path != "sites" {
				continue
			}
			one, _ := d.lists[r.path].find(id)
			if t, ok := d.below(r, one, sub); ok {
				return t, true
			}
		case strings.HasPrefix(rest, "(appId='"):
			key, sub, _ := strings.Cut(rest[len("(appId='"):], "')")
			one, _ := d.application(key)
			return d.below(r, one, strings.TrimPrefix(sub, "/"))
		}
	}
	return target{}, false
}

// below leads from an object to one of its collections, or to the object itself.
func (d *directory) below(r resource, one object, sub string) (target, bool) {
	id := one.text("id")
	t := target{single: one == nil}
	switch r.path + "/" + sub {
	case "groups/transitiveMembers":
		t.resource, t.list = membersResource, d.transitive(id)
	case "servicePrincipals/appRoleAssignedTo":
		t.resource, t.list = grantedResource, d.grants[id]
	case "servicePrincipals/appRoleAssignments":
		t.resource, t.list = grantedResource, d.held(id)
	case "servicePrincipals/delegatedPermissionClassifications":
		t.resource, t.list = classificationsResource, classifications(one)
	case r.path + "/":
		t.resource, t.one, t.single = r, one, true
	default:
		return target{}, false
	}
	return t, true
}

// transitive lists the members of a group and of the groups in it, each once.
func (d *directory) transitive(group string) collection {
	var c collection
	seen := map[string]bool{group: true}
	queue := slices.Clone(d.members[group])
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		if o, ok := d.principal(id); ok {
			c.fixed = append(c.fixed, o)
		}
		queue = append(queue, d.members[id]...)
	}
	return c
}

// held lists the application permissions that a service principal holds.
func (d *directory) held(principal string) collection {
	var c collection
	for _, grants := range d.grants {
		for _, grant := range grants.fixed {
			if grant.text("principalId") == principal {
				c.fixed = append(c.fixed, grant)
			}
		}
	}
	slices.SortFunc(c.fixed, func(a, b object) int { return strings.Compare(a.text("id"), b.text("id")) })
	return c
}

func classifications(sp object) collection {
	var items []map[string]any
	if raw := sp.raw("delegatedPermissionClassifications"); raw == nil || json.Unmarshal(raw, &items) != nil {
		return collection{}
	}
	var c collection
	for _, item := range items {
		if o, err := newObject(item); err == nil {
			c.fixed = append(c.fixed, o)
		}
	}
	return c
}

// holdsPremium says whether a SKU in force carries Entra ID P2 or ID Governance.
func (t *Tenant) holdsPremium() bool {
	skus, _ := t.doc.Graph["subscribedSkus"].([]any)
	for _, item := range skus {
		sku, _ := item.(map[string]any)
		if status := sku["capabilityStatus"]; status != "Enabled" && status != "Warning" {
			continue
		}
		plans, _ := sku["servicePlans"].([]any)
		for _, item := range plans {
			plan, _ := item.(map[string]any)
			switch plan["servicePlanId"] {
			case "eec0eb4f-6444-4f95-aba0-50c24d67f998", "e866a266-3cff-43a3-acca-0c90a7e00c8b":
				return true
			}
		}
	}
	return false
}
