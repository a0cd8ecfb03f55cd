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
	if bare, ok := strings.CutSuffix(path, "/delta"); ok && slices.Contains(deltas, bare) {
		c.changes(cl, bare)
		return
	}
	if c.r.Method != http.MethodGet {
		c.write(cl, path)
		return
	}
	t, ok := c.dir.find(path)
	if !ok || !c.served(t.resource) {
		c.noSegment(path)
		return
	}
	if !c.mayRead(cl, t.resource) {
		return
	}
	if !c.licensed(t.licence) {
		return
	}
	q, err := parseQuery(c.r.URL.Query(), t, c.server.tenant)
	if err != nil {
		c.graphError(http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	if !c.mayRead(cl, guarding(t, q)) || !c.licensed(guardLicence(t, q)) {
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

// served says whether the tenant's cloud and the version that was asked have the path.
func (c *call) served(r resource) bool {
	if r.beta && !strings.HasPrefix(c.path, "/beta/") {
		return false
	}
	return r.clouds == nil || slices.Contains(r.clouds, c.server.tenant.Cloud)
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
			one, _ := d.application(r.path, key)
			return d.below(r, one, strings.TrimPrefix(sub, "/"))
		}
	}
	return target{}, false
}

// below leads from an object to one of its collections, to an object of that, or to the
// object itself.
func (d *directory) below(r resource, one object, sub string) (target, bool) {
	if sub == "" {
		return target{resource: r, one: one, single: true}, true
	}
	name, id, item := strings.Cut(sub, "/")
	hung, ok := below()[r.path+"/"+name]
	if !ok || (item && !hung.items) {
		return target{}, false
	}
	t := target{resource: hung, single: one == nil || item}
	switch {
	case one == nil:
	case item:
		t.one, _ = d.hanging(one, name).find(id)
	default:
		t.list = d.hanging(one, name)
	}
	return t, true
}

// hanging is the collection of an object that the name sub leads to.
func (d *directory) hanging(one object, sub string) collection {
	id := one.text("id")
	switch sub {
	case "transitiveMembers":
		return d.transitive(id)
	case "owners":
		return d.owned(id)
	case "appRoleAssignedTo":
		return d.grants[id]
	case "appRoleAssignments":
		return d.held(id)
	default:
		return members(one, sub)
	}
}

// owned lists the owners of an application, a service principal or a group.
func (d *directory) owned(id string) collection {
	var c collection
	for _, owner := range d.owners[id] {
		if o, ok := d.principal(owner); ok {
			c.fixed = append(c.fixed, o)
		}
	}
	return c
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
		for i := range grants.len() {
			grant := grants.at(i)
			if grant.text("principalId") == principal {
				c.fixed = append(c.fixed, grant)
			}
		}
	}
	slices.SortFunc(c.fixed, func(a, b object) int { return strings.Compare(a.text("id"), b.text("id")) })
	return c
}

// members lists the objects that a member of an object holds.
func members(of object, name string) collection {
	var items []map[string]any
	if raw := of.raw(name); raw == nil || json.Unmarshal(raw, &items) != nil {
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
