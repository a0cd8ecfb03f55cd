package simulator

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
)

// The writes of permissions that applications hold: delegated ones, and those of their own.
func grantWrites() []operation {
	delegated := oneOf("DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All")
	own := [][]string{{"AppRoleAssignment.ReadWrite.All"}, {"Application.Read.All", "Directory.Read.All"}}
	return []operation{
		{method: http.MethodPost, path: delegatedPath, roles: delegated, run: grantDelegated},
		{method: http.MethodDelete, path: delegatedPath + "/*", roles: delegated, run: func(w *writing) (outcome, error) {
			if !w.remove(delegatedPath, w.ids[0]) {
				return outcome{}, missing(w.ids[0])
			}
			return noContent, nil
		}},
		{method: http.MethodPost, path: "servicePrincipals/*/appRoleAssignedTo", roles: own, run: grantAppRole},
		{method: http.MethodDelete, path: "servicePrincipals/*/appRoleAssignedTo/*", roles: own, run: func(w *writing) (outcome, error) {
			if !w.remove("servicePrincipals/"+w.ids[0]+"/appRoleAssignedTo", w.ids[1]) {
				return outcome{}, missing(w.ids[1])
			}
			return noContent, nil
		}},
	}
}

const delegatedPath = "oauth2PermissionGrants"

var (
	delegatedShape = shape{
		"id": readOnly, "clientId": text, "consentType": text, "principalId": optional(text), "resourceId": text, "scope": optional(text),
	}
	appRoleShape = shape{
		"id": readOnly, "deletedDateTime": readOnly, "createdDateTime": readOnly, "principalDisplayName": readOnly, "principalType": readOnly,
		"resourceDisplayName": readOnly, "appRoleId": guid, "principalId": guid, "resourceId": guid,
	}
)

// grantDelegated grants delegated permissions. There is one grant of a client for a resource
// and a person, or for everybody.
func grantDelegated(w *writing) (outcome, error) {
	if err := delegatedShape.check(w.body); err != nil {
		return outcome{}, err
	}
	if err := need(w.body, "clientId", "consentType", "resourceId", "scope"); err != nil {
		return outcome{}, err
	}
	person := w.text("principalId")
	switch consent := w.text("consentType"); {
	case consent != "AllPrincipals" && consent != "Principal":
		return outcome{}, badRequest("Invalid value specified for property 'consentType' of resource 'OAuth2PermissionGrant'.")
	case (consent == "Principal") != (person != ""):
		return outcome{}, badRequest("Invalid value specified for property 'principalId' of resource 'OAuth2PermissionGrant'.")
	}
	for _, name := range []string{"clientId", "resourceId"} {
		if _, found := w.lists["servicePrincipals"].find(w.text(name)); !found {
			return outcome{}, badRequest("Invalid value specified for property '%s' of resource 'OAuth2PermissionGrant'.", name)
		}
	}
	if _, found := w.lists["users"].find(person); person != "" && !found {
		return outcome{}, missing(person)
	}
	list := w.lists[delegatedPath]
	for i := range list.len() {
		g := list.at(i)
		if g.text("clientId") == w.text("clientId") && g.text("resourceId") == w.text("resourceId") && g.text("principalId") == person {
			return outcome{}, &rejection{http.StatusConflict, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists."}
		}
	}
	grant, err := newObject(map[string]any{
		"id": entraID(w.text("clientId"), w.text("resourceId"), person), "clientId": w.body["clientId"], "consentType": w.body["consentType"],
		"principalId": w.body["principalId"], "resourceId": w.body["resourceId"], "scope": w.body["scope"],
	})
	if err != nil {
		return outcome{}, err
	}
	w.set(delegatedPath, grant.text("id"), grant)
	return outcome{http.StatusCreated, delegatedPath, grant}, nil
}

// grantAppRole gives a user, a group or an application a role of the resource.
func grantAppRole(w *writing) (outcome, error) {
	resource, found := w.lists["servicePrincipals"].find(w.ids[0])
	if !found {
		return outcome{}, missing(w.ids[0])
	}
	if err := appRoleShape.check(w.body); err != nil {
		return outcome{}, err
	}
	if err := need(w.body, "principalId", "resourceId", "appRoleId"); err != nil {
		return outcome{}, err
	}
	if !strings.EqualFold(w.text("resourceId"), resource.text("id")) {
		return outcome{}, badRequest("Not a valid reference update.")
	}
	holder, found := w.principal(w.text("principalId"))
	if !found {
		return outcome{}, missing(w.text("principalId"))
	}
	if !offersRole(resource, w.text("appRoleId")) {
		return outcome{}, badRequest("Permission being assigned was not found on application '%s'", resource.text("appId"))
	}
	for _, g := range w.grants[resource.text("id")].whole() {
		if g.text("principalId") == holder.text("id") && strings.EqualFold(g.text("appRoleId"), w.text("appRoleId")) {
			return outcome{}, badRequest("Permission being assigned already exists on the object")
		}
	}
	var salt [16]byte
	_, _ = rand.Read(salt[:]) // never fails (crypto/rand)
	kind := strings.TrimPrefix(holder.text("@odata.type"), "#microsoft.graph.")
	grant, err := newObject(map[string]any{
		"id": entraID(holder.text("id"), hex.EncodeToString(salt[:])), "appRoleId": w.body["appRoleId"], "createdDateTime": stamp(w.call.server.now),
		"principalDisplayName": holder.text("displayName"), "principalId": holder.text("id"), "principalType": capital(kind),
		"resourceDisplayName": resource.text("displayName"), "resourceId": resource.text("id"),
	})
	if err != nil {
		return outcome{}, err
	}
	path := "servicePrincipals/" + resource.text("id") + "/appRoleAssignedTo"
	w.set(path, grant.text("id"), grant)
	return outcome{http.StatusCreated, path, grant}, nil
}

// offersRole says whether a resource has the role. Where it has none, there is the default
// one, whose id is zero.
func offersRole(resource object, id string) bool {
	var roles []struct {
		ID string `json:"id"`
	}
	if raw := resource.raw("appRoles"); raw != nil && json.Unmarshal(raw, &roles) != nil {
		return false
	}
	for _, role := range roles {
		if strings.EqualFold(role.ID, id) {
			return true
		}
	}
	return len(roles) == 0 && strings.Trim(id, "0-") == ""
}

// entraID is an id as Microsoft Entra makes it of the ids of the objects that are related;
// what isn't one is left out.
func entraID(ids ...string) string {
	var sum []byte
	for _, id := range ids {
		b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
		if err != nil || len(b) != 16 {
			continue
		}
		// The first three groups of a GUID stand in little-endian order.
		b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7] = b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6]
		sum = append(sum, b...)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}
