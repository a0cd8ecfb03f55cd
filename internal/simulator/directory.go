package simulator

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// The resource applications that hold security or directory data, by application id.
const (
	graphAppID = "00000003-0000-0000-c000-000000000000"
	xdrAppID   = "8ee8fdad-f234-4243-8f3b-15c294843740"
	mdeAppID   = "fc780465-2017-40d4-a0c5-307022471b92"
)

// directory is a tenant's Graph data, ready to be served.
type directory struct {
	lists   map[string]collection
	singles map[string]object
	members map[string][]string
	owners  map[string][]string
	// grants are the application permissions, by the resource's service principal.
	grants map[string]collection
}

// directory builds the collections of the tenant. It fails on an object without an id
// and on a reference to nothing.
func (t *Tenant) directory() (*directory, error) {
	d := &directory{
		lists: map[string]collection{}, singles: map[string]object{},
		members: t.doc.Members, owners: t.doc.Owners, grants: map[string]collection{},
	}
	for path, data := range t.doc.Graph {
		if err := d.add(path, data); err != nil {
			return nil, err
		}
	}
	for path, more := range t.extra {
		if path == assignments {
			continue // below, with the others
		}
		c := d.lists[path]
		c.more = more
		d.lists[path] = c
	}
	if err := d.addPeople(t); err != nil {
		return nil, err
	}
	for _, sp := range d.lists["servicePrincipals"].fixed {
		if sp.text("appId") == "" {
			return nil, fmt.Errorf("service principal %s has no appId", sp.text("id"))
		}
	}
	if err := d.addRoles(t); err != nil {
		return nil, err
	}
	if err := d.addGrants(t); err != nil {
		return nil, err
	}
	if err := d.addRolePolicies(t); err != nil {
		return nil, err
	}
	return d, d.check()
}

// check finds members and owners who don't exist.
func (d *directory) check() error {
	for group, ids := range d.members {
		for _, id := range append([]string{group}, ids...) {
			if _, ok := d.principal(id); !ok {
				return fmt.Errorf("members of group %s: there is no %s", group, id)
			}
		}
	}
	for owned, ids := range d.owners {
		if _, application := d.lists["applications"].find(owned); !application {
			ids = append([]string{owned}, ids...)
		}
		for _, id := range ids {
			if _, ok := d.principal(id); !ok {
				return fmt.Errorf("owners of %s: there is no %s", owned, id)
			}
		}
	}
	return nil
}

func (d *directory) add(path string, data any) error {
	key := "id"
	for _, r := range resources() {
		if r.path == path && r.key != "" {
			key = r.key
		}
	}
	switch data := data.(type) {
	case []any:
		c := collection{fixed: make([]object, 0, len(data))}
		seen := map[string]bool{}
		for i, item := range data {
			fields, ok := item.(map[string]any)
			id, _ := fields[key].(string)
			if !ok || id == "" || seen[id] {
				return fmt.Errorf("graph %s, item %d: want an object with an id of its own in %s", path, i+1, key)
			}
			seen[id] = true
			if path == "servicePrincipals" {
				identify(fields)
			}
			o, err := newObject(fields)
			if err != nil {
				return fmt.Errorf("graph %s, item %d: %w", path, i+1, err)
			}
			c.fixed = append(c.fixed, o)
		}
		d.lists[path] = c
	case map[string]any:
		o, err := newObject(data)
		if err != nil {
			return fmt.Errorf("graph %s: %w", path, err)
		}
		d.singles[path] = o
	default:
		return fmt.Errorf("graph %s: want a list or an object", path)
	}
	return nil
}

// identify gives the permissions of a service principal that have no id one that
// follows from their value, so that tenants can name them by value alone.
func identify(fields map[string]any) {
	for list, kind := range map[string]string{"appRoles": "appRole", "oauth2PermissionScopes": "scope"} {
		items, _ := fields[list].([]any)
		for _, item := range items {
			permission, _ := item.(map[string]any)
			value, _ := permission["value"].(string)
			if permission == nil || value == "" {
				continue
			}
			for name, preset := range map[string]any{"id": uuidOf(kind, value), "isEnabled": true} {
				if _, found := permission[name]; !found {
					permission[name] = preset
				}
			}
			if list == "appRoles" && permission["allowedMemberTypes"] == nil {
				permission["allowedMemberTypes"] = []any{"Application"}
			}
		}
	}
}

// principal finds a user, a group or a service principal and says which in @odata.type.
func (d *directory) principal(id string) (object, bool) {
	for _, set := range []struct{ path, typ string }{
		{"users", "user"}, {"groups", "group"}, {"servicePrincipals", "servicePrincipal"},
	} {
		if o, ok := d.lists[set.path].find(id); ok {
			typed := object{{"@odata.type", quoted("#microsoft.graph." + set.typ)}}
			return append(typed, o.without("appRoles", "oauth2PermissionScopes", "delegatedPermissionClassifications", "signInActivity")...), true
		}
	}
	return nil, false
}

// application finds an application or a service principal by its application id.
func (d *directory) application(path, appID string) (object, bool) {
	for _, o := range d.lists[path].fixed {
		if strings.EqualFold(o.text("appId"), appID) {
			return o, true
		}
	}
	return nil, false
}

// uuidOf is a UUID (version 8, RFC 9562) that follows from a kind and a key.
func uuidOf(kind, key string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + key))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// offers says whether the tenant's cloud has a property or a service that the global
// cloud has (Graph's v1.0 schemas of US Government and China).
func (t *Tenant) offers(what string) bool {
	switch what {
	case "principalOrganizationId", "serviceStatus", "verifiedPublisher", "isInMultiTenantOrganization":
		return t.Cloud == "global" || t.Cloud == "gcc"
	case "security":
		return t.Cloud != "china"
	default:
		return true
	}
}
