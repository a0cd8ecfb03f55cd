package simulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// addGrants makes the application permissions: those of the tenant's file, and those
// of the reader itself, which are the roles that its tokens carry.
func (d *directory) addGrants(t *Tenant) error {
	grants := slices.Clone(t.doc.AppRoles)
	granted := stamp(midnight(t.now).AddDate(0, 0, -60))
	if reader, ok := d.application("servicePrincipals", t.doc.Client.ID); ok {
		for appID, roles := range map[string][]string{
			graphAppID: t.doc.Permissions.Graph, xdrAppID: t.doc.Permissions.XDR, mdeAppID: t.doc.Permissions.MDE,
		} {
			resource, ok := d.application("servicePrincipals", appID)
			if !ok {
				continue
			}
			for _, role := range roles {
				grants = append(grants, appRoleGrant{
					Principal: reader.text("id"), Resource: resource.text("id"), Value: role,
					Created: granted,
				})
			}
		}
	}
	slices.SortStableFunc(grants, func(a, b appRoleGrant) int { return strings.Compare(a.Resource, b.Resource) })
	for _, g := range grants {
		resource, ok := d.lists["servicePrincipals"].find(g.Resource)
		if !ok {
			return fmt.Errorf("appRoles: there is no service principal %s", g.Resource)
		}
		holder, ok := d.lists["servicePrincipals"].find(g.Principal)
		if !ok {
			return fmt.Errorf("appRoles: there is no service principal %s", g.Principal)
		}
		roleID, ok := appRoleID(resource, g.Value)
		if !ok {
			return fmt.Errorf("appRoles: %s offers no role %s", resource.text("displayName"), g.Value)
		}
		o, err := newObject(map[string]any{
			"id": uuidOf("grant", g.Principal+g.Resource+g.Value), "appRoleId": roleID,
			"createdDateTime":      g.Created,
			"principalDisplayName": holder.text("displayName"), "principalId": g.Principal,
			"principalType":       "ServicePrincipal",
			"resourceDisplayName": resource.text("displayName"), "resourceId": g.Resource,
		})
		if err != nil {
			return err
		}
		c := d.grants[g.Resource]
		c.fixed = append(c.fixed, o)
		d.grants[g.Resource] = c
	}
	if more, found := t.extra[assignments]; found {
		c := d.grants[t.graphPrincipal()]
		c.more = more
		d.grants[t.graphPrincipal()] = c
	}
	return nil
}

func appRoleID(resource object, value string) (string, bool) {
	var roles []struct {
		ID    string `json:"id"`
		Value string `json:"value"`
	}
	if raw := resource.raw("appRoles"); raw == nil || json.Unmarshal(raw, &roles) != nil {
		return "", false
	}
	for _, role := range roles {
		if role.Value == value {
			return role.ID, true
		}
	}
	return "", false
}
